"""E-09: a machine that does not say so falls silent after five mails, or three times the same words."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store import alarms
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0
JAN = "jan@bigbank.test"
CHATTY = RULES.replace("members: [ann, bob]}", "members: [ann, bob], lead: ann}") + (
    "limits: {auto_per_thread: 99 per 1h, auto_per_recipient: 99 per 24h}\n"
    "rules:\n  - {id: chat, on: [new, reply], do: [{reply: nudge}]}\n"
)


def raised(desk: Desk) -> list[tuple[str, int]]:
    return desk.write(lambda c: [(a.about, a.count) for a in alarms.since(c, desk.now - timedelta(days=2))])


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        # what the machine writes; mails of ours to it before the breaker
        ("counts up: {}", 4),
        ("always the same", 2),
    ],
)
def test_E09_an_echo_without_fields_falls_silent(store: Store, settings: Settings, words, answers) -> None:
    desk = Desk(store, settings, CHATTY)
    desk.take(mail(JAN, body=words.format(0)))
    for n in range(1, 12):
        outcome = desk.take(mail(JAN, f"Re: {n}", words.format(n)), to=desk.reply_address(JAN, 1))
        assert (outcome.disposition, outcome.ticket) == ("entry", 1)  # all of it is kept
        desk.now -= timedelta(seconds=50)  # ten seconds between them
    to_him = [m for m in desk.mails() if m.forward_path == JAN]
    assert len(to_him) == answers
    refused = {m.reason for m in desk.outbox() if m.state == "suppressed" and m.forward_path == JAN}
    assert refused == {"breaker-open"}
    told = [m for m in desk.mails() if m.template == "alarm"]
    assert [m.forward_path for m in told] == ["ann@agents.test"]
    assert raised(desk) == [("breaker", 12 - answers)]
    desk.now += timedelta(hours=25)
    desk.take(mail(JAN, "Re: later", "A person again"), to=desk.reply_address(JAN, 1))
    assert len([m for m in desk.mails() if m.forward_path == JAN]) == answers + 1


def test_E09_many_machines_are_one_mail_an_hour(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, CHATTY)
    for n in range(1, 4):
        who = f"machine{n}@x.test"
        desk.take(mail(who, body=f"Machine {n}"), at=desk.now)
        for again in range(2):
            answer = mail(who, f"Re: {again}", f"Machine {n}")
            desk.take(answer, to=desk.reply_address(who, n), at=desk.now + timedelta(seconds=10))
    assert [m.forward_path for m in desk.mails() if m.template == "alarm"] == ["ann@agents.test"]
    assert raised(desk) == [("breaker", 1)] * 3  # each is kept
