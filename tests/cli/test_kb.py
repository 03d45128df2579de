"""`mailwicket kb`: what it prints, how it ends."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.config import packaged
from gateway.store.articles import note_articles
from gateway.store.store import Store
from tests.cli.desk import NOW, mailwicket


def called(folder: Path, kb: Path | None, command: str) -> int:
    """How a command ends on a site with these articles."""
    line = f'kb = "{kb}"\n' if kb is not None else ""
    (folder / "gw.toml").write_text(f'[paths]\nstate = "{folder}"\n{line}[site]\nlanguages = ["en", "pl"]\n', "utf-8")
    return run(["kb", *command.split()], Invocation(config=folder / "gw.toml", width=120))


@pytest.mark.parametrize(("command", "code", "says"), [
    # what is asked, the exit code, what stands in the answer
    ("list", 0, "KB-2  Photos of damage           public    de en pl   2026-11-01"),
    ("list", 0, "KB-3  A mail that may be forged  internal  en "),
    ("search PHOTOS carrier", 0, "KB-2  Photos of damage"),
    ("show kb-2", 0, "KB-2 Photos of damage · public · en · reviewed 2026-11-01 by Acme Support\n\nTo settle"),
    ("show KB-2 --lang pl", 0, "KB-2 Zdjęcia uszkodzenia · public · pl"),
    ("show KB-2 --lang ru", 4, "it is in de, en, pl"),
    ("show KB-22", 4, "there is no article “KB-22”; perhaps: KB-2 Photos of damage"),
    ("check", 0, "✓ 3 articles: nothing is wrong"),
])  # fmt: skip
def test_what_it_says(tmp_path: Path, command: str, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, packaged("kb"), command) == code
    out, err = capsys.readouterr()
    assert says in out + err


def test_what_is_wrong_is_named_by_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kb/KB-1").mkdir(parents=True)
    (tmp_path / "kb/KB-1/en.md").write_text("---\ntitle: X\nvisibility: secret\n---\nx\n")
    (tmp_path / "kb/KB-1/pl.md").write_text("---\ntitle: X\nvisibility: public\n---\n[here](https://acme.test/)\n")
    assert called(tmp_path, tmp_path / "kb", "check") == 1
    out = capsys.readouterr().out
    assert "kb/KB-1/en.md:3: error C010: visibility: one of public, internal" in out
    assert "✗ kb/KB-1/pl.md: the link “here” does not say where it leads" in out
    assert called(tmp_path, tmp_path / "kb", "check --json") == 1
    assert [found["line"] for found in json.loads(capsys.readouterr().out)["findings"]] == [3, None]
    assert called(tmp_path, tmp_path / "kb", "show KB-1") == 0  # it is internal for as long as nobody knows better
    assert "KB-1 X · for our own people · pl" in capsys.readouterr().out


def test_stale_ones_are_those_that_nobody_reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, line in ((1, "reviewed: 2020-01-31"), (2, "reviewed: 2999-01-31"), (3, "keywords: [x]")):
        (tmp_path / f"kb/KB-{number}").mkdir(parents=True)
        (tmp_path / f"kb/KB-{number}/en.md").write_text(f"---\ntitle: X\nvisibility: public\n{line}\n---\nx\n")
    assert called(tmp_path, tmp_path / "kb", "list --stale") == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["KB-1", "KB-3"]
    assert (rows[0].rstrip().endswith("2020-01-31 (stale)"), rows[1].rstrip().endswith("never (stale)")) == (True, True)


@pytest.mark.sqlite
def test_the_report_says_what_they_are_for(store: Store, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace("[paths]\n", f'[paths]\nkb = "{packaged("kb")}"\n'), "utf-8")

    def happen(c: Connection) -> None:
        note_articles(c, "offered", ("KB-1", "KB-2"), NOW)
        note_articles(c, "inserted", ("KB-2",), NOW)
        note_articles(c, "solved", ("KB-3",), NOW - timedelta(days=366))

    asyncio.run(store.write(happen))
    assert mailwicket(config, "kb", "report") == 0
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()[1:]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["KB-1", "How your request works", "1", "0", "0", "0", "never"],
        ["KB-2", "Photos of damage", "1", "0", "1", "0", "2026-11-21"],
        ["KB-3", "A mail that may be forged", "0", "0", "0", "1", "2025-11-20 (stale)"],
    ]
    assert mailwicket(config, "kb", "report", "--json") == 0
    assert json.loads(capsys.readouterr().out)["articles"][1]["last"] == "2026-11-21"


def test_a_site_without_articles_is_told_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, None, "list") == 4
    assert "paths.kb in mailwicket.toml" in capsys.readouterr().err
