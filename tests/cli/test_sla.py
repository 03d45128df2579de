"""What is promised, as people ask for it: lists, the sum behind a due time, another policy tried."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store.opening import open_store
from tests.cli.desk import RULES, Desk, mailwicket_beside, printed, write_config
from tests.conftest import settings_in

PROMISES = """
calendars:
  office: {timezone: Europe/Zagreb, hours: {mon-fri: "08:00-17:00"}}
  always: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}
sla:
  standard: {calendar: office, first_response: 8h, next_response: 4h, resolution: 5d, warn_at: 75%}
  gold: {calendar: always, first_response: 30m}
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Jan's ticket 1 of two mails, answered on Monday, and Eva's ticket 2; it is Saturday night when they come."""
    settings = settings_in(tmp_path, f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}")
    write_config(tmp_path, settings)
    rules = RULES.replace("{team: support}", "{team: support, calendar: office, sla: standard}") + PROMISES
    (tmp_path / "rules.yaml").write_text(rules, "utf-8")
    store = open_store(settings)
    made = Desk(store, settings, tmp_path / "rules.yaml")
    await made.take("refund.eml")
    await made.take("stranger.eml", sender="eva@x.test")
    await made.clock.advance(38 * 3600)  # Monday, in the office
    await do(made, "ticket.answer", Answer(1, "Looking at it.", by="ana"))
    await made.clock.advance(3600)
    await made.take("follow_up.eml")
    await do(made, "ticket.change", Change((2,), fields=(("sla", "gold"),), by="ana"))
    yield made
    store.close()


async def do(desk: Desk, name: str, arguments: object) -> None:
    duty = Duty(desk.clock.now(), lambda: desk.deps)
    (done,) = await desk.store.write(lambda c: OPERATIONS[name].perform(c, arguments, duty), durable=True)
    assert done.outcome == "done"


COMMANDS = (
    "sla list",
    "sla list --overdue --team support",
    "sla board",
    "sla explain 1",
    "sla explain #2",
    "sla simulate --policy standard --at 2026-12-24T16:00+01:00",
    "sla simulate --since 2026-11-01",
    "sla simulate --since 2026-11-01 --policy gold --calendar office",
    "ticket show 1",
    "ticket list --sort due",
)


async def test_printed(
    desk: Desk, tmp_path: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    golden("sla.txt", await printed(COMMANDS, desk, tmp_path / "mailwicket.toml", capsys))


async def test_json(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, keys in (
        # command, keys beside the schema
        ("sla list", "promises"),
        ("sla board", "at rows"),
        ("sla explain 1", "ticket policy because impossible promises"),
        ("sla simulate --policy gold --at 2026-12-24", "at promises"),
        ("sla simulate --since 2026-11-01", "since promises"),
    ):
        code = await mailwicket_beside(tmp_path / "mailwicket.toml", *command.split(), "--json", clock=desk.clock)
        assert (code, list(json.loads(capsys.readouterr().out))) == (0, ["schema", *keys.split()]), command


@pytest.mark.parametrize(("command", "code", "said"), [
    # what was typed, exit code, what is said
    ("sla explain 99", 4, "there is no ticket 99"),
    ("sla simulate --at 2026-12-24", 2, "under which policy?"),
    ("sla simulate --policy gold", 2, "at which time?"),
    ("sla simulate --policy gold --at 9999-12-31", 2, "within a hundred years"),
    ("sla simulate --policy silver --at 2026-12-24", 4, "there is no SLA policy “silver”"),
    ("sla simulate --calendar office --since 1d", 2, "a calendar for which policy?"),
])  # fmt: skip
async def test_what_cannot_be_answered_is_said(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, code: int, said: str
) -> None:
    assert await mailwicket_beside(tmp_path / "mailwicket.toml", *command.split(), clock=desk.clock) == code
    assert said in capsys.readouterr().err
