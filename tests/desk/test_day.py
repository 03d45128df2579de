"""A day at a desk: three agents and their customers in seven languages, by mail alone. The script is monday.txt."""

from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.ticket.leak import Internal, leaks, shows_token
from tests.conftest import settings_in
from tests.desk.day import MONDAY, Day, played, text_of
from tests.desk.people import AGENTS, PEOPLE

SCRIPT = Path(__file__).parent / "monday.txt"
OF_NOTICES = ("Why you:", "#mine", "[#", "support+n", "support+c.", "support+h")


async def test_a_day_at_a_desk(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    clock, update = FakeClock(MONDAY), bool(pytestconfig.getoption("--update-golden"))
    day = await played(settings_in(tmp_path), SCRIPT, clock, lambda gateway: Day(gateway, clock), update=update)
    _nothing_internal_reaches_a_customer(day)
    _each_ticket_is_one_thread_of_an_agent(day)


def _nothing_internal_reaches_a_customer(day: Day) -> None:
    internal = Internal(day.notes, addresses=[PEOPLE[name].address for name in AGENTS])
    for name in PEOPLE.keys() - AGENTS:
        for _, mail in day.mailboxes[name]:
            text = text_of(mail)
            asked = name == "expert"  # he is asked in a thread of his own, by a note of the ticket
            assert asked or leaks(text, internal) == (), text
            assert not shows_token(mail.as_bytes())
            assert not [words for words in OF_NOTICES if words in text]


def _each_ticket_is_one_thread_of_an_agent(day: Day) -> None:
    for name in AGENTS:
        roots: dict[str, set[str]] = {}
        for _, mail in day.mailboxes[name]:
            number = str(mail["X-Mailwicket-Ticket"] or "")
            if number:
                roots.setdefault(number, set()).add(str(mail["References"]).split()[0])
        assert len(roots) > 10
        assert {len(found) for found in roots.values()} == {1}
