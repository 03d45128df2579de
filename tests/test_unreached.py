"""An agent whom mail does not reach: others hear of it, and after three failures he counts as away."""

from datetime import timedelta

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.operations.agents import Away, Back
from gateway.operations.mails import Letters
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.absences import absent
from gateway.store.outbox import lease, settle
from gateway.store.restraint import marks
from gateway.store.store import Store
from tests.agents.mails import ANN, BOB, JAN, newest, reply, text_of
from tests.processing import Desk, mail, report

EVA = "eva@agents.test"
RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, also: [ann@home.test]}
  bob: {name: Bob, email: bob@agents.test}
  eva: {name: Eva Boss, email: eva@agents.test, role: lead}
teams:
  support: {address: support@gw.test, members: [ann, bob], lead: eva, assign: round_robin, auto_ack: false}
"""
REFUSED = "550 5.1.1 <ann@agents.test>: no such user"


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Jan wrote, and Ann has his ticket."""
    made = Desk(store, settings, RULES)
    made.take(mail(JAN))
    assert made.ticket(1).assignee == "ann"
    return made


def fails(desk: Desk, *, how: str, times: int = 1) -> None:
    """Her newest mail does, and those about further words of Jan.

    how  the status of a report, or a reply of the relay
    """
    for n in range(times):
        if n:
            asks(desk, f"And now? {n}")
        notice = newest(desk, ANN)
        if " " not in how:
            desk.take(report(notice.reverse_path, ANN, how), to=notice.reverse_path, sender=None)
            continue
        for item in desk.write(lambda c: lease(c, now=desk.now, token="t", lease_s=60, limit=99)):
            state, reply = ("failed", how) if item.id == notice.id else ("sent", "250 ok")
            end = {"now": desk.now, "next_attempt_at": None, "reply": reply, "reason": ""}
            assert desk.write(lambda c, i=item, s=state, e=end: settle(c, i, s, **e))


def asks(desk: Desk, words: str) -> None:
    desk.take(mail(JAN, "Re: Zwrot", words), to=desk.reply_address(JAN, 1), at=desk.now + timedelta(minutes=20))


async def look(desk: Desk) -> None:
    desk.now += timedelta(minutes=5)
    await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).tell_undelivered()


def said_of(desk: Desk) -> str | None:
    with desk.reading() as c:
        away = absent(c, desk.now).get("ann")
    return str(away) if away is not None else None


def alarms(desk: Desk) -> list[str]:
    return [item.forward_path for item in desk.mails() if item.template == "alarm"]


@pytest.mark.parametrize(("how", "times", "said"), [
    # the status of a report or the relay's reply, how many mails, what is said of her
    ("5.1.1",                       1, None),
    ("5.1.1",                       2, None),
    ("5.1.1",                       3, "away? (mail does not arrive)"),
    ("5.2.2",                       3, "away? (mail does not arrive)"),  # full
    ("4.2.2",                       3, "away? (mail does not arrive)"),  # given up
    (REFUSED,                       2, None),
    (REFUSED,                       3, "away? (mail does not arrive)"),
    ("554 5.7.1 we take no mail of yours", 3, None),  # the relay's quarrel with us, whoever it is for
])  # fmt: skip
async def test_after_three_mails_that_failed_for_good_an_agent_counts_as_away(
    desk: Desk, how: str, times: int, said: str | None
) -> None:
    fails(desk, how=how, times=times)
    await look(desk)
    assert said_of(desk) == said


@pytest.mark.parametrize("how", ["5.1.1", REFUSED])
async def test_those_who_look_after_the_desk_hear_of_each_that_failed_once(desk: Desk, how: str) -> None:
    fails(desk, how=how)
    for _ in range(3):
        await look(desk)
    assert alarms(desk) == [EVA]
    assert "ann, ann@agents.test: " in text_of(newest(desk, EVA))
    assert "no such user" in " ".join(text_of(newest(desk, EVA)).split())
    desk.now += timedelta(hours=1)
    asks(desk, "Hello?")
    fails(desk, how=how)
    await look(desk)
    assert alarms(desk) == [EVA, EVA]


async def test_she_gets_no_new_tickets_and_her_lead_hears_of_those_that_she_has(desk: Desk) -> None:
    fails(desk, how="5.1.1", times=3)
    await look(desk)
    before = len(desk.mails())
    for n in range(2):
        desk.take(mail(f"eva{n}@x.test", f"New {n}", f"Words {n}"))
    assert [ticket.assignee for ticket in desk.tickets()] == ["ann", "bob", "bob"]
    asks(desk, "Hello?")
    assert {item.forward_path for item in desk.mails()[before:]} == {BOB, EVA}
    assert "you look after it while its owner is away" in text_of(newest(desk, EVA))


async def test_whoever_covers_hears_of_replies_in_open_tickets_until_the_owner_is_back(desk: Desk) -> None:
    perform(desk, "agent.away", Away("ann", cover="bob"))
    asks(desk, "Hello?")
    assert {item.forward_path for item in desk.mails()[1:]} == {ANN, BOB}
    perform(desk, "agent.back", Back("ann"))
    before = len(desk.mails())
    asks(desk, "And?")
    assert {item.forward_path for item in desk.mails()[before:]} == {ANN}


def writes(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#note\r\n\r\nI am here.")


def her_program_answers(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "I am away until Monday.", Auto_Submitted="auto-replied")


def is_said_to_be_back(desk: Desk) -> None:
    perform(desk, "agent.back", Back("ann", "eva"))


def a_week_goes_by(desk: Desk) -> None:
    desk.now += timedelta(days=61)


ENDS = {writes: None, her_program_answers: "away? until", is_said_to_be_back: None, a_week_goes_by: None}


@pytest.mark.parametrize("what", ENDS, ids=lambda what: what.__name__)
async def test_whatever_shows_that_mail_reaches_her_ends_it(desk: Desk, what) -> None:  # type: ignore[no-untyped-def]
    fails(desk, how="5.1.1", times=3)
    await look(desk)
    what(desk)
    await look(desk)
    found, expected = said_of(desk), ENDS[what]
    assert found is None if expected is None else (found or "").startswith(expected)
    assert desk.write(lambda c: marks(c, ANN, desk.now)) == set()


async def test_another_address_in_the_rules_ends_it(desk: Desk, settings: Settings) -> None:
    fails(desk, how="5.1.1", times=3)
    await look(desk)
    later = Desk(desk.store, settings, RULES.replace("email: ann@agents.test", "email: ann@new.test"), first_id=99)
    later.now = desk.now
    await look(later)
    assert said_of(later) is None


async def test_what_she_said_herself_holds(desk: Desk) -> None:
    perform(desk, "agent.away", Away("ann", desk.now + timedelta(days=9)))
    fails(desk, how="5.1.1", times=3)
    await look(desk)
    assert (said_of(desk) or "").startswith("away until")


async def test_a_mail_that_went_out_after_all_counts_no_more(desk: Desk) -> None:
    fails(desk, how=REFUSED)
    notice = newest(desk, ANN)
    perform(desk, "outbox.retry", Letters((notice.id,)))
    (again,) = desk.write(lambda c: lease(c, now=desk.now, token="again", lease_s=60, limit=99))
    desk.write(lambda c: settle(c, again, "sent", now=desk.now, next_attempt_at=None, reply="250 ok", reason=""))
    assert desk.write(lambda c: marks(c, ANN, desk.now)) == set()


def perform(desk: Desk, name: str, wanted: object) -> None:
    done = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert {each.outcome for each in done} == {"done"}, done
