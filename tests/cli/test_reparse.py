"""`mail reparse`: what the parser of today reads in another way, shown and, on request, stored; nothing else."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.message.types import PARSER
from gateway.operations.mails import Readings
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Done, Duty
from gateway.store.audit import find_rows
from gateway.store.opening import open_store
from gateway.store.readings import Reading, keep_reading, stored_reading
from gateway.store.schema import outbox
from tests.cli.desk import NOW, Desk, mailwicket_beside

_OLD = "Dear support, everything in one lump"


async def older_reading(desk: Desk) -> Reading:
    """The mail of follow_up.eml, stored as a parser might have read it that knew less; what was read of it today."""
    await desk.take("refund.eml")
    outcome = await desk.take("follow_up.eml")
    assert outcome is not None
    today = await desk.store.write(lambda c: stored_reading(c, outcome.key))
    assert today is not None
    older = replace(today, text=_OLD, subject="=?utf-8?q?Re=3A_zwrot?=", defects=("charset",), parser=PARSER - 1)
    await desk.store.write(lambda c: keep_reading(c, older))
    return today


async def test_shows_what_differs_and_changes_nothing(
    desk: Desk, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = await older_reading(desk)
    assert await mailwicket_beside(config, "mail", "reparse", "--since", "1d") == 0
    out, err = capsys.readouterr()
    assert out.startswith("m-2  subject “=?utf-8?q?Re=3A_zwrot?=” → “")
    assert f"text {len(_OLD)} → {len(today.text or '')} characters, defects 7 → 0 characters" in out
    assert "1 of 2 mails read in another way" in err
    assert await mailwicket_beside(config, "mail", "reparse", "m-2", "--diff") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "m-2"
    assert f"    -{_OLD}" in lines
    assert f"    +{(today.text or '').splitlines()[0]}" in lines
    assert await mailwicket_beside(config, "mail", "reparse", "m-1", "m-2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "mailwicket.mail-reparse/1"
    assert [(m["id"], [d["field"] for d in m["differences"]]) for m in told["mails"]] == [
        ("m-2", ["subject", "text", "defects"])
    ]
    kept = await desk.store.write(lambda c: stored_reading(c, today.key))
    assert kept is not None
    assert kept.text == _OLD


async def test_stores_the_new_reading_without_rules_and_without_mails(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(settings)
    today = await older_reading(Desk(store, settings, config.parent / "rules.yaml"))
    await asyncio.to_thread(store.close)  # without a daemon, the command does it itself
    assert await mailwicket_beside(config, "mail", "reparse", "m-2", "--diff", "--apply") == 0
    name, *lines, done = capsys.readouterr().out.splitlines()
    assert (name, done) == ("m-2", "✓ m-2  is stored as it is read today: subject, text, defects")
    assert f"    -{_OLD}" in lines
    assert await mailwicket_beside(config, "mail", "reparse", "m-2", "--diff", "--apply") == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == ("", "  0 of 1 mail read in another way\n")
    assert await mailwicket_beside(config, "why", "m-2", "--json") == 0
    assert f'"parser": {PARSER}' in capsys.readouterr().out
    assert await mailwicket_beside(config, "ticket", "show", "1", "--thread") == 0
    assert (today.text or "").splitlines()[0] in capsys.readouterr().out


def _unasked() -> Deps:
    raise AssertionError("reading a mail again asks no rules")


_DUTY = Duty(NOW, _unasked)


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        # what the asker read, what comes of it, in words
        ({}, "done", "is stored as it is read today: subject, text, defects"),
        ({"text": None}, "conflict", "somebody else changed it just now"),
        ({"key": "f" * 32}, "not-found", "names no mail, or more than one"),
    ],
)
async def test_the_operation(desk: Desk, change: dict[str, str | None], outcome: str, said: str) -> None:
    today = replace(await older_reading(desk), **change)  # type: ignore[arg-type]
    count = select(func.count()).select_from(outbox)
    mails = await desk.store.write(lambda c: c.execute(count).scalar_one())
    (done,) = await desk.store.write(
        lambda c: OPERATIONS["mail.reread"].perform(c, Readings((today,)), _DUTY), durable=True
    )
    assert (done.outcome, done.said) == (outcome, said)
    assert await desk.store.write(lambda c: c.execute(count).scalar_one()) == mails
    audited = await desk.store.write(lambda c: [row.action for row in find_rows(c, ticket=1)])
    assert audited.count("mail.reread") == (outcome == "done")
    if outcome == "done":
        (again,) = await desk.store.write(lambda c: OPERATIONS["mail.reread"].perform(c, Readings((today,)), _DUTY))
        assert again == Done("m-2", "done", "is stored as it is read")


async def test_which_mails_must_be_said(config: Path, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await mailwicket_beside(config, "mail", "reparse") == 2
    assert await mailwicket_beside(config, "mail", "reparse", "m-1", "--since", "1d") == 2
    assert "which mails?" in capsys.readouterr().err
