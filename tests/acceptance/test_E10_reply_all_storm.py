"""E-10: two hundred people answer all at once: nobody gets more than a few mails, and no one sees another's address."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from gateway.ticket.types import AddPeople, Participant
from tests.outgoing.letters import read, text_of
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p1
TELLING = RULES + (
    "rules:\n  - {id: tell, on: [new, reply], do: [{notify: {to: team, template: agent_notice}}]}\n"
    "  - {id: chat, on: [new, reply], do: [{reply: nudge}]}\n"
)


def storm(desk: Desk, people: int) -> list[tuple[str, bytes]]:
    """(to, octets) of everything that leaves when so many take part and each answers all within a minute."""
    everybody = [f"p{n}@person{n}.test" for n in range(people)]
    desk.take(mail(everybody[0]))
    desk.change(1, AddPeople(tuple(Participant(a, a.partition("@")[0], "cc") for a in everybody[1:]), people, "test"))
    start = desk.now
    for n, who in enumerate(everybody):
        cc = ", ".join(a for a in everybody if a != who)
        raw = mail(who, "Re: [#1] Zwrot", f"Please take me off this list, says {n}.", Cc=cc)
        at = start + timedelta(seconds=60 * (n + 1) / (people + 1))
        assert desk.take(raw, to=desk.reply_address(who, 1), at=at).disposition == "entry"
    return [(item.forward_path, item.raw) for item in desk.mails()]


def judge(sent: list[tuple[str, bytes]], people: int) -> None:
    readers = {to for to, _ in sent}
    assert max(sum(to == reader for to, _ in sent) for reader in readers) <= 5
    for to, raw in sent:
        header = read(raw)
        assert [a.addr_spec for a in header["To"].addresses] == [to]
        assert "Cc" not in header
        if not to.endswith("@agents.test"):
            others = {f"p{n}@person{n}.test" for n in range(people)} - {to}
            assert not [other for other in others if other.encode() in raw or other in text_of(raw)]


def test_E10_twenty_answer_all(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, TELLING + "limits: {auto_per_ticket: 1000 per 10m}\n")
    sent = storm(desk, 20)
    judge(sent, 20)
    to_ann = [item for item in desk.outbox() if item.forward_path == "ann@agents.test"]
    assert [item.state for item in to_ann if item.state != "suppressed"] == ["queued", "queued"]
    last = next(item for item in reversed(to_ann) if item.state == "queued")
    assert last.next_attempt_at == to_ann[0].queued_at + timedelta(seconds=60)
    said = text_of(last.raw)
    assert "+14 …" in said  # five are shown, and the newest; the first mail was told at once
    assert "p18@person18.test: Please take me off this list, says 18." in said


@pytest.mark.push
def test_E10_two_hundred_answer_all(store: Store, settings: Settings) -> None:
    judge(storm(Desk(store, settings, TELLING), 200), 200)
