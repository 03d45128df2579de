"""E-03: a report goes to the very mail and recipient; the agent hears of it once; never a ticket, never an answer."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.operations.answers import OPERATIONS, Answer
from gateway.operations.mails import Addresses
from gateway.operations.registry import OPERATIONS as REGISTERED
from gateway.operations.types import Duty
from gateway.store.restraint import dead, marks
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail, report

pytestmark = pytest.mark.p0
JAN, ANN = "jan@bigbank.test", "ann@agents.test"
LED = RULES.replace("members: [ann, bob]}", "members: [ann, bob], lead: ann}")


@pytest.fixture
def answered(store: Store, settings: Settings) -> Desk:
    """Jan wrote, and Ann answered: the last mail is her answer."""
    desk = Desk(store, settings, LED)
    desk.take(mail(JAN))
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, Answer(1, "It is on its way.", by="ann"), duty(desk)))
    return desk


def duty(desk: Desk) -> Duty:
    return Duty(desk.now, lambda: desk.deps)


@pytest.mark.parametrize(
    ("status", "action", "told", "acknowledged_again"),
    [
        # what the report says; whether Ann hears of it; whether Jan's address gets automatic mail afterwards
        ("5.1.1", "failed", True, False),
        ("5.1.10", "failed", True, False),
        ("5.2.2", "failed", True, True),  # full: another mail may arrive
        ("4.4.1", "delayed", False, True),
        ("2.0.0", "delivered", False, True),
    ],
)
def test_E03_a_report_comes_home(answered, status, action, told, acknowledged_again) -> None:
    desk, answer = answered, answered.mails()[-1]
    before = len(desk.mails())
    outcome = desk.take(report(answer.reverse_path, JAN, status, action), to=answer.reverse_path, sender=None)
    assert (outcome.disposition, outcome.ticket) == ("report", 1)
    again = desk.take(report(answer.reverse_path, JAN, status, action) + b"\r\n", to=answer.reverse_path, sender=None)
    assert again.disposition == "report"
    notices = desk.mails()[before:]
    assert [(m.template, m.forward_path) for m in notices] == [("delivery_failed", "ann@agents.test")] * told
    marks = desk.write(lambda c: marks_of(c, desk))
    assert ("dead-address" not in marks) is acknowledged_again


def test_E03_who_writes_again_is_reached_again(answered) -> None:
    desk, answer = answered, answered.mails()[-1]
    desk.take(report(answer.reverse_path, JAN), to=answer.reverse_path, sender=None)
    assert desk.write(lambda c: marks_of(c, desk)) == {"dead-address"}
    desk.take(mail(JAN, "I am still here"))
    assert desk.write(lambda c: marks_of(c, desk)) == set()


def test_E03_an_agent_who_writes_again_is_reached_again(store: Store, settings: Settings) -> None:
    rule = "{id: tell, on: [new, reply], do: [{notify: {to: [ann], template: agent_notice}}]}"
    desk = Desk(store, settings, f"{LED}rules:\n  - {rule}\n")
    desk.take(mail(JAN))
    for n in range(3):  # agents-by-mail.md §9: one report may be a mistake, and he works by these mails
        notice = [m for m in desk.outbox() if m.forward_path == ANN][-1]
        assert notice.state == "queued"
        desk.take(report(notice.reverse_path, ANN), to=notice.reverse_path, sender=None)
        desk.take(mail(JAN, "Re: Zwrot", f"Hello? {n}"), to=desk.reply_address(JAN, 1))
    assert desk.outbox()[-1].reason == "dead-address"
    desk.take(mail(ANN, "I am still here"), to=desk.reply_address(ANN, 1))
    assert desk.write(lambda c: marks(c, ANN, desk.now)) == set()


def test_E03_it_is_dead_for_sixty_days(answered) -> None:
    desk, answer = answered, answered.mails()[-1]
    desk.take(report(answer.reverse_path, JAN), to=answer.reverse_path, sender=None)
    desk.now += timedelta(days=59)
    assert desk.write(lambda c: marks_of(c, desk)) == {"dead-address"}
    desk.now += timedelta(days=2)
    assert desk.write(lambda c: marks_of(c, desk)) == set()


def test_E03_a_person_says_that_it_lives(answered) -> None:
    desk, answer = answered, answered.mails()[-1]
    desk.take(report(answer.reverse_path, JAN), to=answer.reverse_path, sender=None)
    with desk.reading() as c:
        assert [(address, "5.1.1" in said) for address, _, said in dead(c, desk.now, 10)] == [(JAN, True)]
    wanted = Addresses((JAN.upper(), "eva@x.test"))
    done = desk.write(lambda c: REGISTERED["outbound.revive"].perform(c, wanted, duty(desk)))
    assert [each.outcome for each in done] == ["done", "not-found"]
    with desk.reading() as c:
        assert dead(c, desk.now, 10) == []


def test_E03_strangers_do_not_decide_how_many_mails_an_agent_gets(store: Store, settings: Settings) -> None:
    """Each writes from an address that does not exist, and is acknowledged: the acknowledgement comes back."""
    desk = Desk(store, settings, LED)
    for n in range(22):
        desk.take(mail(f"nobody{n}@x{n}.test", f"Hello {n}"), at=desk.now + timedelta(seconds=1))
        ack = next(m for m in desk.mails() if m.forward_path == f"nobody{n}@x{n}.test")
        desk.take(report(ack.reverse_path, JAN), to=ack.reverse_path, sender=None, at=desk.now)
    notices = [m for m in desk.outbox() if m.template == "delivery_failed"]
    assert [m.state for m in notices] == ["queued"] * 20 + ["suppressed"] * 2
    assert {(m.ticket, m.reason) for m in notices[20:]} == {(21, "recipient-limit"), (22, "recipient-limit")}


def test_E03_a_forged_token_is_backscatter(answered) -> None:
    desk, answer = answered, answered.mails()[-1]
    before = len(desk.mails())
    forged = answer.reverse_path.replace(".a", ".b", 1)
    outcome = desk.take(report(forged, JAN), to=forged, sender=None)
    assert (outcome.disposition, outcome.ticket) == ("record", None)
    assert outcome.reason.startswith("backscatter")
    assert len(desk.mails()) == before


def test_E03_rules_hear_of_it(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, LED + "rules:\n  - {id: back, on: bounced, do: [{tag: [bounced]}]}\n")
    desk.take(mail(JAN))
    (ack,) = desk.mails()
    desk.take(report(ack.reverse_path, JAN), to=ack.reverse_path, sender=None)
    assert desk.ticket(1).tags == ("bounced",)


def marks_of(c, desk: Desk) -> set[str]:
    return set(marks(c, JAN, desk.now))
