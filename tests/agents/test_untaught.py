"""What somebody writes who got one notification, and no documentation; the words are a stranger's who was shown one."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, link, newest, reply_address
from tests.processing import Desk, mail, verdict


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("where", "body", "status", "owner", "customer", "note"),
    [
        # the button or the reply, what he typed -> what the ticket became, what its customer reads, the note
        ("reply", "Hello Jan,\r\n\r\nA new one leaves today.\r\n\r\nAnn", "pending", None, "A new one leaves", ""),
        ("n1-1", "This is the third broken cup from that packer.", "open", None, "", "the third broken cup"),
        ("n1-1", "#assign bob\r\n\r\nBob, could you please take this one over?", "open", "bob", "", "Bob, could you"),
        ("reply", "#assign bob", "open", "bob", "", ""),
        ("reply", "#solved\r\n\r\nHello Jan,\r\n\r\na new cup has been sent.", "solved", None, "a new cup", ""),
        ("solved", "#solved", "solved", None, "as solved", ""),
        ("n1-1", "#help", "new", None, "", ""),
        ("help", "#help", "new", None, "", ""),
    ],
)  # fmt: skip
def test_who_was_never_taught(
    store: Store, settings: Settings, where: str, body: str, status: str, owner: str | None, customer: str, note: str
) -> None:
    desk = Desk(store, settings, RULES)
    desk.take(verdict("pass", mail("Jan Novak <jan@bigbank.test>", "Broken cup", "Can I have another one?")))
    notice, seen = newest(desk, ANN, "agent_notice"), len(desk.mails())
    replies = where == "reply"
    address = reply_address(notice) if replies else link(notice, where)
    his = mail(ANN, "Re: [#1] Broken cup" if replies else "", body, To=address)
    desk.take(verdict("pass", his), to=address, at=desk.now + timedelta(hours=2))
    assert (desk.ticket(1).status, desk.ticket(1).assignee) == (status, owner)
    sent = [m.raw.decode() for m in desk.mails()[seen:] if m.forward_path == JAN]
    assert len(sent) == bool(customer)
    assert customer in "".join(sent)
    notes = [each.text for each in desk.entries(1) if each.kind == "note"]
    assert len(notes) == bool(note)
    assert note in "".join(notes)
    assert ("#help" in body) == any(m.template == "command_result" for m in desk.mails()[seen:])
