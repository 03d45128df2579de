"""A month at a desk sends exactly the mails that a table names, which people wrote (expected.txt)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.store.store import Store
from tests.month.play import Month, Sent
from tests.month.table import ZONES, Kind, kinds
from tests.outgoing.peers import peer
from tests.processing import Desk

BEGINS, ENDS = datetime(2026, 10, 18, 22, tzinfo=UTC), datetime(2026, 11, 18, 23, tzinfo=UTC)
_TICKETS, _OPENS = 2000, ("arrives", "second")
_SHOWN = 40


def named(table: Iterable[Kind]) -> Counter[Sent]:
    """Every mail that the table names."""
    return Counter(
        Sent(step.when.of(place, kind.every), template, reader, kind.name, place)
        for kind in table
        for place in range(kind.count)
        for step in kind.steps
        for template, reader in step.mails
    )


def told(mails: Counter[Sent]) -> list[str]:
    """As in the table."""
    return [
        f"{each.at.astimezone(ZONES['']):%a %d %b %H:%M}  {each.template} {each.reader}  ({each.kind}, {each.place})"
        for each in sorted(mails.elements())
    ][:_SHOWN]


def different(sent: Counter[Sent], expected: Counter[Sent]) -> None:
    """Fail, and say of each mail too many and too few what it is."""
    too_many, too_few = told(sent - expected), told(expected - sent)
    if too_many or too_few:
        pytest.fail(
            "\n".join(("left, and is not named:", *too_many, "is named, and did not leave:", *too_few)), pytrace=False
        )


async def played(store: Store, settings: Settings, table: Sequence[Kind]) -> Counter[Sent]:
    desk = Desk(store, settings, (Path(__file__).parent / "desk.yaml").read_text("utf-8"))
    async with peer() as relay:
        month = Month(desk, FakeClock(BEGINS), relay)
        await month.play(table, ENDS)
    return Counter(month.sent)


async def test_one_ticket_of_each_kind_sends_what_is_written(store: Store, settings: Settings) -> None:
    table = [replace(kind, count=min(kind.count, 1)) if kind.every else kind for kind in kinds()]
    different(await played(store, settings, table), named(table))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
async def test_two_thousand_tickets_send_what_is_written(store: Store, settings: Settings) -> None:
    table = kinds()
    assert (
        sum(kind.count * sum(step.act.partition(" ")[0] in _OPENS for step in kind.steps) for kind in table) == _TICKETS
    )
    different(await played(store, settings, table), named(table))
