"""Messages and tickets as tables of threading and of the guard want them: only what matters is named."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.message.types import Accepted, Envelope, Mailbox, Message
from gateway.ticket.types import Ticket

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
_MESSAGE = Message(
    fields=(),
    message_id="<CAJ1@bigbank.test>",
    in_reply_to=(),
    references=(),
    date=None,
    author=Mailbox("Jan", "jan@bigbank.test"),
    ambiguous_author=False,
    sender=None,
    reply_to=(),
    to=(),
    cc=(),
    subject="Zwrot",
    text="Proszę o zwrot.",
    quoted="",
    signature="",
    html=None,
    attachments=(),
    language="pl",
    language_source="detected",
    language_confidence=0.9,
    loop_mark=None,
    body_sha256="b" * 64,
    defects=(),
)
_TICKET = Ticket(
    number=5,
    subject="Zwrot",
    team="support",
    assignee=None,
    priority="normal",
    status="open",
    tags=(),
    fields=(),
    language="pl",
    channel="mail",
    requester=Mailbox("Jan", "jan@bigbank.test"),
    created_at=NOW,
    updated_at=NOW,
    status_at=NOW,
    messages=1,
    version=1,
)


def message(author: str | None = "jan@bigbank.test", **different: Any) -> Message:
    """A mail from Jan, different in what is named; `author` None is a mail without a usable author."""
    return replace(_MESSAGE, author=Mailbox("", author) if author else None, **different)


def ticket(**different: Any) -> Ticket:
    """Ticket 5 of Jan."""
    return replace(_TICKET, **different)


def accepted(to: str = "support@acme.test", sender: str | None = "jan@bigbank.test", **different: Any) -> Accepted:
    """The accepted mail around the message."""
    envelope = Envelope(sender, (to,), "client.test", "127.0.0.1", "smtp", NOW)
    return replace(Accepted(1, "0" * 32, envelope, 6000, "a" * 64, 1), **different)
