"""Outlook goes on in its own conversation, whoever of ours writes and whatever brought it about."""

from base64 import b64decode
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import RULES, Desk, mail

FIRST = "Ac3bGmBHe8mEjnlXQzS7+9Dd7XmO1w=="  # 22 octets
SECOND = "Ac3bGmBHe8mEjnlXQzS7+9Dd7XmO1wAAAyqA"  # an answer to it


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = settings_in(tmp_path)
    store = open_store(settings)
    silent = RULES.replace("members:", "auto_ack: false, members:")
    yield Desk(store, settings, f"{silent}rules:\n  - {{id: n, on: agent-reply, do: [{{reply: status_notice}}]}}\n")
    store.close()


def answered(desk: Desk) -> list[EmailMessage]:
    """What Jan gets when Ann answers: her words, and a mail that a rule sends."""
    before = len(desk.mails())
    said = Answer(1, "On its way.", by="ann")
    (done,) = desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, said, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done", done.said
    return [message_from_bytes(item.raw, policy=default) for item in desk.mails()[before:]]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("indexes", "begins"),
    [
        # the Thread-Index of each mail of Jan's, and how those of ours begin; empty is none
        ((FIRST,), FIRST),
        ((FIRST, SECOND), SECOND),
        ((FIRST, ""), ""),  # he writes from another program now
        (("",), ""),
        (("no base64!",), ""),
    ],
)
def test_mails_of_ours_go_on_where_his_newest_one_stands(desk: Desk, indexes: tuple[str, ...], begins: str) -> None:
    for number, index in enumerate(indexes):
        fields = {"Thread_Index": index, "Thread_Topic": "Zwrot"} if index else {}
        subject = "Re: [#1] Zwrot" if number else "Zwrot"
        desk.take(mail(subject=subject, body=f"Words {number}", **fields))
    made = answered(desk)
    assert [item["X-Mailwicket-Mail"] for item in made] == ["answer", "status_notice"]
    for item in made:
        index = b64decode(item["Thread-Index"] or "")
        assert index[:-5] == b64decode(begins)
        assert item["Thread-Topic"] == ("Zwrot" if begins else None)
