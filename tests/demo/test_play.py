"""The demo: what it promises to show is what it shows, nothing leaves, and it never runs beside a real gateway."""

import asyncio
import email
import email.policy
import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from gateway.cli.main import run
from gateway.config import load_settings, packaged
from gateway.demo import cast
from gateway.demo.catcher import Caught
from gateway.demo.play import Play, Played
from gateway.demo.stage import Stage, clear, forbid
from gateway.errors import ConfigError
from gateway.store import inbound

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Performance:
    """What was shown, what was caught, and the account at the end."""

    shown: tuple[Played, ...]
    caught: tuple[Caught, ...]
    account: dict[str, int]


async def performed_in(folder: Path) -> Performance:
    async with Stage(folder, 60, 0) as stage:
        play = Play(stage)
        shown = [played async for played in play.scenes()]
        return Performance(tuple(shown), tuple(stage.catcher.mails), await play.account())


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Performance, Performance]:
    """Two performances in one folder."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return asyncio.run(performed_in(folder)), asyncio.run(performed_in(folder))


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, and the logs of the test run back afterwards."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def write_rules(folder: Path, text: str) -> None:
    (folder / "var" / "demo").mkdir(parents=True)
    (folder / "var" / "demo" / "rules.yaml").write_text(text, "utf-8")


def test_every_mail_becomes_what_the_cast_says(twice: tuple[Performance, Performance]) -> None:
    first, _ = twice
    assert [(played.about, played.wrong) for played in first.shown if played.wrong] == []
    assert [played.about for played in first.shown] == [scene.about for scene in cast.SCENES]


def test_the_account_balances(twice: tuple[Performance, Performance]) -> None:
    account = twice[0].account
    assert account["pending"] == 0
    assert account["received"] == sum(number for name, number in account.items() if name != "received")
    assert account["received"] == len(cast.SCENES) - 1  # the typo was refused at the door


def test_nothing_that_the_forger_wrote_goes_out(twice: tuple[Performance, Performance]) -> None:
    out = [email.message_from_bytes(caught.raw, policy=email.policy.default) for caught in twice[0].caught]
    to_customers = [m for m in out if not str(m["To"]).endswith("@acme.test>")]  # an agent hears of what came back
    assert len(to_customers) == sum(scene.expected.out.startswith("sent") for scene in cast.SCENES)
    assert not [m for m in out if "victims.test" in m.as_string() or m["Bcc"] or "49" in str(m["Subject"])]


def test_a_second_run_goes_on_where_the_first_ended(twice: tuple[Performance, Performance]) -> None:
    _, second = twice
    assert [(played.about, played.wrong) for played in second.shown if played.wrong] == []
    assert second.account["received"] == 2 * (len(cast.SCENES) - 1)


async def test_later_mail_is_shown_as_it_ends(tmp_path: Path) -> None:
    async with Stage(tmp_path / "demo", 60, 0) as stage:
        others = Play(stage).others(0.05)
        shown = [await anext(others) for _ in range(3)]
        await others.aclose()
        assert [played.became for played in shown] == ["ticket"] * 3
        assert len({played.mail for played in shown}) == 3
        assert (await stage.store.read(inbound.account))["received"] >= 3


def test_it_prints_a_table_and_commands_that_work(in_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--once"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.split("Try next")[0].splitlines())) <= 100
    assert "\x1b" not in said
    assert not [scene.about for scene in cast.SCENES if scene.about not in said]
    told = re.search(
        r"Agents    (.+)\n    └ #4 is solved, its customer got 2 answers and none of the note's words\n", said
    )
    assert told is not None
    assert told[1] in (ROOT / "README.md").read_text("utf-8")
    tries = re.findall(r"^  \S+ (-c var/demo/mailwicket\.toml .*)$", said.split("Try next")[1], re.MULTILINE)
    assert len(tries) >= 4
    for line in tries:
        assert run(line.partition("#")[0].split()) == 0, line
        assert capsys.readouterr().out


def test_a_changed_rule_changes_the_play_and_is_said(in_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = packaged("rules.yaml").read_text("utf-8")
    write_rules(in_folder, text.replace("set: {priority: high}", "set: {priority: urgent}"))
    assert run(["demo", "--once"]) == 0
    said = capsys.readouterr().out
    assert "priority: urgent, expected high" in said
    assert "with yours" in said


def test_a_broken_rule_file_stops_it_before_anything_listens(
    in_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rules(in_folder, "version: 1\nrules: [{id: x, wehn: {}}]\n")
    assert run(["demo", "--once"]) == 78
    told = capsys.readouterr().err
    assert "rules.yaml:2" in told
    assert "when" in told


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAILWICKET_OUTBOUND__RELAY", "mail.acme.test:587"),
        ("MAILWICKET_PATHS__STATE", "/srv/mailwicket"),
        ("MAILWICKET_DATABASE__URL", "postgresql://db.acme.test/mailwicket"),
    ],
)
def test_it_refuses_to_run_beside_a_real_gateway(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match="the demo has its own"):
        forbid(load_settings(None), None)


def test_it_refuses_a_configuration(tmp_path: Path) -> None:
    config = tmp_path / "mailwicket.toml"
    config.write_text("", "utf-8")
    with pytest.raises(ConfigError, match="a gateway is configured here"):
        forbid(load_settings(config), config)


def test_a_port_in_use_is_told_with_the_way_out(in_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert run(["demo", "--once", "--smtp-port", str(port)]) == 75
    told = capsys.readouterr().err
    assert f"port {port} is used by another program" in told
    assert f"make demo SMTP_PORT={port + 1}" in told
    assert not (in_folder / "var").exists()


def test_reset_removes_a_demo_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert clear(folder)
    folder.mkdir()
    (folder / "mailwicket.toml").write_text("[site]\n", "utf-8")
    assert not clear(folder)
    assert folder.exists()


def test_every_mail_has_its_scene_and_the_reverse() -> None:
    assert {path.stem for path in cast.MAILS.glob("*.eml")} == {scene.file for scene in cast.SCENES}
    assert set(cast.EVERYDAY) <= {scene.file for scene in cast.SCENES}


@pytest.mark.parametrize("path", sorted(cast.MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_nobody_real_is_named(path: Path) -> None:
    """Addresses and links of the demo are all under .test."""
    domains = re.findall(rb"[\w.+-]@([\w.-]+\.[a-z]+)", path.read_bytes()) + re.findall(
        rb"https?://([\w.-]+)", path.read_bytes()
    )
    assert not [domain for domain in domains if not domain.endswith(b".test")]
