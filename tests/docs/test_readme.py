"""The README keeps its word: every command in it runs, its files are right, its output is what comes out."""

import contextlib
import io
import itertools
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.cli.main import run
from gateway.demo.cast import SCENES

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
# a mark, and the block below it; what has no mark is only shown
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
BLOCKS = [(found["mark"] or "", found["language"], found["text"]) for found in BLOCK.finditer(README)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a reader would be who follows the README: the demo has run, the files are written."""
    here, before = tmp_path_factory.mktemp("reader"), Path.cwd()
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "120"  # as wide as the README
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    os.chdir(here)
    for mark, _, text in BLOCKS:
        if mark.startswith("file: "):
            # the port may be taken while other tests run
            (here / mark.removeprefix("file: ")).write_text(text.replace("127.0.0.1:2424", "127.0.0.1:0"), "utf-8")
    assert called("mailwicket demo --once")[0] == 0
    for mark, _, text in BLOCKS:
        if mark.startswith("edit: "):
            name, _, copy = mark.removeprefix("edit: ").partition(" as ")
            (here / copy).write_text(edited((here / name).read_text("utf-8"), text), "utf-8")
    yield here
    os.chdir(before)
    os.environ.pop("COLUMNS")
    if columns is not None:
        os.environ["COLUMNS"] = columns
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def edited(text: str, changes: str) -> str:
    """The text with what stands behind - replaced by what stands behind +; a line may be only begun."""
    for change in changes.split("@@\n"):
        before, after = (
            "\n".join(line[1:] for line in change.splitlines() if line[0] in signs) for signs in (" -", " +")
        )
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


def called(command: str) -> tuple[int, str]:
    """Exit code and output of one command line."""
    program, *arguments = shlex.split(command)
    if program == "make":
        done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout
    assert program == "mailwicket"
    if arguments[-1] == "serve":
        return served(arguments)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(arguments)
    return code, out.getvalue()


def served(arguments: list[str]) -> tuple[int, str]:
    """A daemon that is stopped as soon as it is ready."""
    code = "import sys; from gateway.cli.main import run; sys.exit(run())"
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        ready = next((line for line in daemon.stderr if "daemon.ready" in line), "")
        daemon.send_signal(signal.SIGTERM)
        daemon.stderr.read()
    return daemon.returncode, ready


def test_every_command_runs(folder: Path) -> None:
    commands = [line for mark, language, text in BLOCKS if language == "sh" for line in text.splitlines()]
    assert len(commands) > 10
    wrong = [(command, code, said) for command in commands for code, said in [called(command)] if code or not said]
    assert not wrong


def test_the_five_commands_route_a_new_word_prove_it_and_take_it_back(folder: Path) -> None:
    block = next(text for _, language, text in BLOCKS if language == "sh" and "backtest" in text)
    tested, asked, applied, history, back = ((command, *called(command)) for command in block.splitlines())
    assert ("PASS  A parcel" in tested[2], "0 failed" in tested[2]) == (True, True)
    assert re.search(r"team +support → billing +\d+ .*new: refunds-to-billing \(word “parcel”\)", asked[2])
    assert "  ~ list     refund_words: + parcel" in applied[2].splitlines()
    assert "parcels go to billing" in history[2]
    assert "  ~ list     refund_words: - parcel" in back[2].splitlines()
    assert "parcel" not in (folder / "var/demo/rules.yaml").read_text("utf-8")


def test_the_shown_output_is_what_comes_out(folder: Path) -> None:
    shown = [
        (earlier[2].splitlines()[-1], text)
        for earlier, (mark, _, text) in itertools.pairwise(BLOCKS)
        if mark == "output"
    ]
    assert shown
    for command, text in shown:
        assert text in called(command)[1]


def test_every_shell_block_is_marked() -> None:
    assert not [text for mark, language, text in BLOCKS if language == "sh" and mark != "tested"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert target.startswith("https://") or (ROOT / target).exists()


def test_it_fits() -> None:
    assert len(README.splitlines()) <= 180


def test_the_demo_has_as_many_mails_as_it_says() -> None:
    for text in (README, (ROOT / "Makefile").read_text("utf-8")):
        assert ("eighteen mails" in text) == (len(SCENES) == 18)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_the_pages_name_files_that_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [t for t in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / t).exists()]
    assert not links
    files = re.findall(r"`((?:gateway|tests|tools|systemd|docs)/[\w./-]+\.\w+)`", text)
    assert not [name for name in files if not (ROOT / name).exists()]


def test_the_flow_names_modules_that_exist_and_every_folder() -> None:
    flow = (ROOT / "docs" / "flow.md").read_text("utf-8")
    assert len(flow.splitlines()) <= 90
    named = set(re.findall(r"\b((?:[a-z]+/)?[a-z_]+\.py)\b", flow))
    modules = {p.relative_to(ROOT / "gateway").as_posix() for p in (ROOT / "gateway").rglob("*.py")}
    names = {Path(module).name for module in modules}
    assert not [n for n in named if n not in modules and n not in names and not (ROOT / n).exists()]
    parts = ("intake", "outgoing", "ticket", "parsing")
    on_the_way = {m for m in modules if m.split("/")[0] in parts and not m.endswith("__init__.py")}
    unnamed = {m for m in on_the_way if Path(m).name not in flow}
    assert unnamed <= {
        "ticket/types.py",
        "parsing/frames.py",
        "ticket/token.py",
        "outgoing/sandbox.py",
        "outgoing/markdown.py",
    }
