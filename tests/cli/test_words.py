"""Words and files as people hand them over: in an editor, from the disk; and what tables say of a customer."""

from pathlib import Path

import pytest

from gateway.config import load_settings
from gateway.operations.answers import MOST_FILE_OCTETS
from gateway.store import tickets
from gateway.store.opening import open_store
from gateway.ticket.types import Entry
from tests.cli.desk import mailwicket, write_config
from tests.conftest import settings_in

JAN = "jan@bigbank.test"
LOOKUPS = """lookups:
  firms: {file: firms.csv, key: domain, give: {contract: no}}
  crm: {sql: crm, give: {floor: floor}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A desk with Jan's ticket 1, and no daemon."""
    made = write_config(tmp_path, settings_in(tmp_path, f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}"))
    assert (
        mailwicket(made, "ticket", "new", "--from", JAN, "--name", "Jan", "--subject", "Zwrot", "Proszę o zwrot.") == 0
    )
    return made


def entries(config: Path) -> list[Entry]:
    store = open_store(load_settings(config))
    try:
        return store.read_now(lambda c: tickets.entries(c, 1))
    finally:
        store.close()


def editor(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let $EDITOR be a shell script; `$1` is the file."""
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(program))


def test_an_answer_is_written_above_the_words_that_it_answers(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, f'cp "$1" {tmp_path}/seen; sed -i "1i Zrobione." "$1"', monkeypatch)
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    assert mailwicket(config, "ticket", "reply", "1", "--edit", "--attach", str(tmp_path / "a.pdf")) == 0
    assert "# Proszę o zwrot." in (tmp_path / "seen").read_text("utf-8").splitlines()
    answer = entries(config)[-1]
    assert (answer.kind, answer.text) == ("answer", "Zrobione.")
    assert [(file.name, file.media_type) for file in answer.attachments] == [("a.pdf", "application/pdf")]


def test_files_of_a_note_are_kept_and_come_back(
    config: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    octets = bytes(range(256)) * 40
    (tmp_path / "a.pdf").write_bytes(octets)
    (tmp_path / "b.txt").write_bytes(b"words")
    both = ("--attach", str(tmp_path / "a.pdf"), "--attach", str(tmp_path / "b.txt"))
    assert mailwicket(config, "ticket", "note", "1", "See the letter.", *both) == 0
    note = entries(config)[-1]
    assert (note.kind, note.public, [file.name for file in note.attachments]) == ("note", False, ["a.pdf", "b.txt"])
    asked = [("a.pdf",), ("2",), (), ("c",)]
    told = []
    for name in asked:
        capfdbinary.readouterr()
        code = mailwicket(config, "ticket", "file", f"e-{note.id}", *name)
        out, err = capfdbinary.readouterr()
        told.append((code, out, b"a.pdf, b.txt" in err))
    assert told == [(0, octets, False), (0, b"words", False), (4, b"", True), (4, b"", True)]
    assert mailwicket(config, "ticket", "file", "e-1") == 4  # of a mail


@pytest.mark.parametrize(("script", "arguments", "code", "said"), [
    # what the editor does, what is asked for, the exit code, what is said
    ("true", "1 --edit", 2, "nothing was written"),
    ("exit 1", "1 --edit", 2, "no editor can be started"),
    ('sed -i 1d "$1"', "1 --edit", 2, "there are no words"),
    ("true", "9 --edit", 4, "there is no ticket 9"),
    ("true", "1 words --attach nowhere.pdf", 4, "nowhere.pdf cannot be read"),
    ("true", "1 words --attach large.bin", 2, "these files are more than 10 MiB"),
    ("true", "1 words --note --status open", 2, "a note takes no canned reply"),
    ("true", "1 words --note --attach large.bin", 2, "these files are more than 10 MiB"),
])  # fmt: skip
def test_what_cannot_be_sent_is_told_and_nothing_is(
    script: str, arguments: str, code: int, said: str, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    editor(tmp_path, script, monkeypatch)
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(MOST_FILE_OCTETS + 1)
    assert mailwicket(config, "ticket", "reply", *arguments.split()) == code
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert [entry.kind for entry in entries(config)] == ["mail"]


def test_a_customer_is_shown_with_what_tables_say_of_him(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(rules.read_text("utf-8") + LOOKUPS, "utf-8")
    (tmp_path / "firms.csv").write_text("domain,no\nbigbank.test,C-7\n", "utf-8")
    with config.open("a") as file:
        file.write(f'[[lookup]]\nname = "crm"\nurl = "sqlite:///{tmp_path}/none.db"\nquery = "SELECT 1"\n')
    assert mailwicket(config, "customer", "show", JAN) == 0
    told = capsys.readouterr()
    assert "Look-ups   contract=C-7" in told.out
    assert "lookup.crm: query “crm”: unable to open database file" in told.err
