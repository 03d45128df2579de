"""Who gets a ticket that nobody owns, and the reason that is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.rules.load import load_rules
from gateway.ticket.assign import Absence, AtDesk, choice, frees, unlocks_at, waits
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.change import opened
from gateway.ticket.sla import Promises
from gateway.ticket.types import OpenTicket, Ticket

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = load_rules("""version: 1
defaults: {team: turns}
calendars:
  early: {timezone: UTC, hours: {mon-fri: "05:00-09:00"}}
  office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}
agents:
  ana: {name: Ana, email: ana@agents.test, role: lead, languages: [hr, en, de], max_open: 3}
  piotr: {name: Piotr, email: piotr@agents.test, languages: [pl, en], skills: [refunds]}
  eva: {name: Eva, email: eva@agents.test}
  nick: {name: Nick, email: nick@agents.test, languages: [en], calendar: early}
  jana: {name: Jana, email: jana@agents.test, role: light, languages: [cs, en]}
teams:
  turns:
    {address: turns@gw.test, members: [ana, piotr, eva, nick, jana], assign: round_robin, unlock_after: 4h,
     calendar: office}
  loads: {address: loads@gw.test, members: [ana, piotr, eva, nick, jana], assign: least_busy}
  skilled: {address: skilled@gw.test, members: [ana, piotr, eva], assign: skills, language_match: require}
  hands: {address: hands@gw.test, members: [ana, piotr]}
""", "rules.yaml", 1)  # fmt: skip
TICKET = opened(OpenTicket("x", "turns", None, "en", "mail", NOW))
DESK = AtDesk(NOW, {}, {}, {}, lambda calendar, at: at.hour < 9)
AWAY = {"eva": Absence("eva", NOW, NOW + timedelta(days=2))}


def desk(**more: object) -> AtDesk:
    return replace(DESK, **more)  # type: ignore[arg-type]


NICK = "skipped nick: outside of early"


@pytest.mark.parametrize(("team", "ticket", "at", "last", "agent", "why"), [
    # team, ticket, how things stand, who was last, who gets it, why
    ("turns", {}, {}, None, "ana", f"round_robin; speaks en; 0 of 3 open; {NICK}"),
    ("turns", {}, {}, "ana", "piotr", f"round_robin; speaks en; 0 open; {NICK}"),
    ("turns", {}, {}, "eva", "ana", f"round_robin; speaks en; 0 of 3 open; {NICK}"),        # nick is not there
    ("turns", {}, {}, "who left", "ana", f"round_robin; speaks en; 0 of 3 open; {NICK}"),
    ("turns", {}, {"counted": {"ana": 3}}, "eva", "piotr",
     f"round_robin; speaks en; 0 open; skipped ana: 3 of 3 open; {NICK}"),
    ("turns", {}, {"absent": AWAY}, "piotr", "ana",
     f"round_robin; speaks en; 0 of 3 open; skipped eva: away until Wed 2026-11-25 09:00 UTC; {NICK}"),
    ("turns", {"language": "pl"}, {}, None, "piotr", f"round_robin; speaks pl; 0 open; {NICK}"),
    ("turns", {"language": "ru"}, {}, None, "ana", f"round_robin; nobody speaks ru; 0 of 3 open; {NICK}"),
    ("turns", {"language": None}, {}, "ana", "piotr", f"round_robin; 0 open; {NICK}"),
    ("turns", {"needs": ("refunds",)}, {}, "piotr", "piotr",
     f"round_robin; can refunds; speaks en; 0 open; skipped ana: lacks refunds; skipped eva: lacks refunds; {NICK}"),
    ("turns", {"needs": ("law",)}, {}, None, None,
     f"nobody is free; skipped ana: lacks law; skipped piotr: lacks law; skipped eva: lacks law; {NICK}"),
    ("loads", {}, {"counted": {"ana": 2, "piotr": 1, "eva": 1}, "given_at": {"piotr": NOW}}, None, "eva",
     f"least_busy; speaks en; 1 open; {NICK}"),
    ("loads", {}, {"given_at": {"ana": NOW, "piotr": NOW - timedelta(hours=1), "eva": NOW}}, None, "piotr",
     f"least_busy; speaks en; 0 open; {NICK}"),
    ("loads", {}, {}, "ana", "ana", f"least_busy; speaks en; 0 of 3 open; {NICK}"),
    ("skilled", {"language": "de"}, {"counted": {"ana": 2}}, None, "ana",
     "skills; speaks de; 2 of 3 open; skipped piotr: does not speak de; skipped eva: does not speak de"),
    ("skilled", {"language": "de"}, {"counted": {"ana": 3}}, None, None,
     "nobody is free; skipped ana: 3 of 3 open; skipped piotr: does not speak de; skipped eva: does not speak de"),
])  # fmt: skip
def test_a_ticket_goes_to_whoever_can_take_it(
    team: str, ticket: dict[str, object], at: dict[str, object], last: str | None, agent: str | None, why: str
) -> None:
    found = choice(replace(TICKET, **ticket), RULES.teams[team], RULES, desk(**at), last)  # type: ignore[arg-type]
    assert (found.agent, found.why) == (agent, why)


@pytest.mark.parametrize(("ticket", "is_waiting"), [
    # a ticket, whether the gateway has to find an owner for it
    ({}, True),
    ({"status_type": "open"}, True),
    ({"assignee": "who left"}, True),
    ({"assignee": "ana"}, False),
    ({"status_type": "waiting_customer"}, False),
    ({"status_type": "solved"}, False),
    ({"team": "hands"}, False),
    ({"team": "of another revision"}, False),
    ({"merged_into": 7}, False),
])  # fmt: skip
def test_a_ticket_waits_while_it_has_no_owner(ticket: dict[str, object], is_waiting: bool) -> None:
    assert waits(replace(TICKET, **ticket), RULES) is is_waiting  # type: ignore[arg-type]


ANAS = replace(TICKET, assignee="ana", status_type="open")


@pytest.mark.parametrize(("before", "after", "agent"), [
    # the ticket before and after a change, who has less to do
    (ANAS, replace(ANAS, status_type="solved"), "ana"),
    (ANAS, replace(ANAS, status_type="waiting_customer"), "ana"),
    (ANAS, replace(ANAS, assignee="piotr"), "ana"),
    (ANAS, replace(ANAS, assignee=None), "ana"),
    (ANAS, replace(ANAS, priority="high"), None),
    (replace(ANAS, status_type="solved"), ANAS, None),
    (TICKET, ANAS, None),
    (None, ANAS, None),
])  # fmt: skip
def test_what_ends_or_goes_to_another_gives_its_owner_time(
    before: Ticket | None, after: Ticket, agent: str | None
) -> None:
    assert frees(before, after) == agent


@pytest.mark.parametrize(("ticket", "hours"), [
    # a ticket, the hours after Monday 09:00 until its silent owner loses it
    (ANAS, 4),
    (replace(ANAS, status_type="waiting_customer"), None),
    (replace(ANAS, assignee=None), None),
    (replace(ANAS, team="loads"), None),
])  # fmt: skip
def test_a_silent_owner_loses_what_somebody_waits_for(ticket: Ticket, hours: int | None) -> None:
    promises = Promises(RULES, {id: WorkingTime(each) for id, each in RULES.calendars.items()})
    assert unlocks_at(ticket, promises, NOW) == (None if hours is None else NOW + timedelta(hours=hours))
    friday = NOW - timedelta(days=3) + timedelta(hours=4)
    assert unlocks_at(ticket, promises, friday) == (None if hours is None else friday + timedelta(days=2, hours=20))
