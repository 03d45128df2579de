"""E-07: mail of a list becomes a ticket, and neither the list nor its machine hears of us."""

import socket

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
LISTS = (
    # the fields of a post, and how it ends
    ({"List_Id": "<users.lists.test>", "List_Post": "<mailto:users@lists.test>", "Precedence": "list"}, "ticket"),
    (
        {"List_Id": "<users.sympa.test>", "List_Unsubscribe": "<mailto:sympa@s.test>", "X_Loop": "u@s.test"},
        "ticket",
    ),
    ({"List_Id": "<g.googlegroups.test>", "Mailing_list": "list g@g.test", "Precedence": "list"}, "ticket"),
    ({"List_Unsubscribe": "<https://news.test/u?1>", "List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}, "ticket"),
)
CONFIRM = """We have received a request to subscribe support@gw.test to the list users@lists.test.
To confirm, follow https://lists.test/confirm/users/3f9a or reply to this message."""


@pytest.mark.parametrize(("fields", "disposition"), LISTS)
def test_E07_a_post_is_a_ticket_and_is_not_answered(store: Store, settings: Settings, fields, disposition) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(mail("Ann <ann@person.test>", "[users] Question", **fields), sender="users-bounces@lists.test")
    assert (outcome.disposition, len(desk.tickets())) == (disposition, 1)
    assert desk.mails() == []
    assert {item.reason for item in desk.outbox()} == {"machine-sender"}  # it is told why


def test_E07_a_confirmation_is_never_given(store: Store, settings: Settings, monkeypatch) -> None:
    desk, asked = Desk(store, settings), []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    fields = {"Precedence": "bulk", "Auto_Submitted": "auto-generated", "List_Id": "<users.lists.test>"}
    raw = mail("users-confirm+3f9a@lists.test", "confirm 3f9a8b", CONFIRM, **fields)
    desk.take(raw, sender="users-bounces@lists.test")
    assert (len(desk.tickets()), desk.mails(), asked) == (1, [], [])
