"""E-05: forged authors get a few acknowledgements at most, none with a word of the forger's."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0
CHATTY = RULES.replace("members: [ann, bob]}", "members: [ann, bob], lead: ann}") + (
    "limits: {auto_per_thread: 99 per 1h, auto_per_recipient: 99 per 24h}\n"
    "rules:\n  - {id: chat, on: [new, reply], do: [{reply: nudge}]}\n"
)


def test_E05_our_acknowledgement_is_no_weapon(store: Store, settings: Settings) -> None:
    rules = CHATTY.partition("limits:")[0] + "limits: {auto_total: 8 per 1h}\n"
    desk = Desk(store, settings, rules)
    for n in range(60):
        outcome = desk.take(mail(f"victim{n % 12}@x{n % 4}.test", f"FREE NITRO {n}", f"Claim {n}: https://evil.test"))
        assert outcome.disposition == "ticket"
        desk.now -= timedelta(seconds=55)
    acks = [m for m in desk.mails() if m.template == "auto_ack"]
    assert len(acks) == 8
    assert len({m.forward_path for m in acks}) == 8
    assert not any(word in m.raw.lower() for m in acks for word in (b"nitro", b"evil", b"claim"))
    assert all(len(m.raw) <= 8192 for m in acks)
    codes = [m.reason for m in desk.outbox() if m.state == "suppressed"]
    assert set(codes) == {"total-limit", "ack-limit"}
    assert [m.forward_path for m in desk.mails() if m.template == "alarm"] == ["ann@agents.test"]
    desk.now += timedelta(minutes=58)  # the budget is free again, but the hour was not quiet
    desk.take(mail("early@else.test", "Hello", "A question"))
    assert desk.outbox()[-1].reason == "breaker-open"
    desk.now += timedelta(minutes=61)
    desk.take(mail("late@else.test", "Hello", "A question"))
    assert desk.mails()[-1].forward_path == "late@else.test"


def test_E05_mails_to_agents_and_to_others_do_not_silence_each_other(store: Store, settings: Settings) -> None:
    rule = "{id: tell, on: new, do: [{notify: {to: [ann], template: agent_notice}}]}"
    desk = Desk(store, settings, f"{CHATTY.partition('limits:')[0]}limits: {{auto_total: 3 per 1h}}\nrules: [{rule}]\n")
    for n in range(6):
        desk.take(mail(f"tells{n}@x.test", f"tell {n}"), at=desk.now + timedelta(seconds=1))
    by = {who: [m.state for m in desk.outbox() if m.template == who] for who in ("agent_notice", "auto_ack")}
    assert by == dict.fromkeys(by, ["queued"] * 3 + ["suppressed"] * 3)


def test_E05_only_what_others_got_makes_acknowledgements_rest(store: Store, settings: Settings) -> None:
    rule = "{id: tell, on: new, do: [{notify: {to: [ann, bob], template: agent_notice}}]}"
    desk = Desk(store, settings, f"{CHATTY.partition('limits:')[0]}limits: {{auto_total: 5 per 1h}}\nrules: [{rule}]\n")
    for n in range(4):
        desk.take(mail(f"tells{n}@x.test", f"tell {n}"), at=desk.now + timedelta(seconds=1))
    assert [m.state for m in desk.outbox() if m.template == "auto_ack"] == ["queued"] * 4
    assert [m.reason for m in desk.outbox() if m.state == "suppressed"] == ["total-limit"] * 3
