"""A desk, notifications and a strict reader of finished mails, for the tests of this folder."""

import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from gateway.config import packaged
from gateway.message.types import Mailbox
from gateway.outgoing.compose import Desk, Letter, compose
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.phrases import clock_values
from gateway.outgoing.render import Templates, load_templates
from gateway.outgoing.sandbox import Budget
from gateway.outgoing.templates import read_templates
from gateway.ticket.token import TokenRing
from gateway.ticket.types import Notification

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
RING = TokenRing.of(b"k" * 32)
JAN = "jan@bigbank.test"
VALUES = {
    "ticket": {"number": 4812},
    "site": {"name": "Acme", "footer": ("Acme Sp. z o.o.", "support@acme.test")},
    "mail": {"reply_to": "support+t4812.x@acme.test", "body_token": "[mw:4812-k7q2m6dw3xh5ta4v]"},
    "clock": clock_values(NOW, "Europe/Warsaw", "UTC"),
    **KINDS["auto_ack"].defaults,
}


def budget() -> Budget:
    return Budget(time.monotonic, 5.0, 256 * 1024)


PACKAGED = load_templates(None, "en", budget)


def templates(override: dict[str, str], default_language: str = "en") -> Templates:
    """The packaged ones behind these files."""
    return Templates(read_templates(packaged("templates")), override, default_language, budget)


def mail_of(body: str, subject: str = "S", preheader: str = "P") -> str:
    """The file of a template."""
    return f'---\nsubject: "{subject}"\npreheader: "{preheader}"\n---\n{body}\n'


def desk(**changed: object) -> Desk:
    values = {
        "site_name": "Acme",
        "domain": "acme.test",
        "bounce_base": "bounce@acme.test",
        "delimiter": "+",
        "plus_addressing": True,
        "teams": {"support": Mailbox("Acme Support", "support@acme.test")},
        "ring": RING,
        "templates": PACKAGED,
        "nonce": lambda: "x3k7p2qa",
        "now": lambda: NOW,
        "footer": ("Acme Sp. z o.o. · support@acme.test · +48 22 000 00 00",),
    }
    return Desk(**(values | changed))


def notice(**changed: object) -> Notification:
    values = {
        "recipient": Mailbox("Jan Wiśniewski", JAN),
        "template": "auto_ack",
        "variant": None,
        "language": "pl",
        "ticket": 4812,
        "team": "support",
        "subject": None,
        "in_reply_to": "<CAJ1@bigbank.test>",
        "references": (),
        "auto_submitted": "auto-replied",
        "dedupe_key": "k",
        "cause": "team.auto_ack",
        "values": {},
    }
    return Notification(**(values | changed))


ANSWER = {"answer": {"paragraphs": ["Zwróciliśmy pieniądze."], "signature": []}}  # what a person says


def letter(desk_: Desk | None = None, **changed: object) -> Letter:
    return compose(notice(**changed), 912, desk_ or desk())


def read(raw: bytes) -> EmailMessage:
    """The mail as another program reads it."""
    return message_from_bytes(raw, policy=SMTP)  # type: ignore[return-value]


def text_of(raw: bytes, kind: str = "plain") -> str:
    return read(raw).get_body((kind,)).get_content().replace("\r\n", "\n")
