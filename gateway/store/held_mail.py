"""Mails of agents that wait for their word: kept, seen, sent to nobody.

Transaction  the caller's: that of the mail which is held, or which decides.
Not here     why a mail is held and what a word does with it (agents/), entries of third parties (held.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from gateway.message.types import Attachment, Mailbox
from gateway.store import outbox
from gateway.store.schema import held_mail

State = Literal["waiting", "sent", "noted", "discarded", "opened", "done", "expired"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the mail would have done."""

    text: str  # the words as they would go out
    longer: str | None = None  # where it is unsure where they end; None: it is not
    words: str | None = None  # with the lines of its commands, as plain words; None: there are none
    orders: str | None = None  # the new words to be read again, as they were perhaps meant; None: nobody can know
    alone: str | None = None  # its commands, where it is unclear whom the text below them is for
    as_note: bool = False
    said: str = ""  # the line that it is about, or what was found
    attachments: tuple[Attachment, ...] = ()
    beside: tuple[Mailbox, ...] = ()  # whom the agent wrote to directly
    seen: int = 0  # the revision of the ticket that its writer saw
    waiting: tuple[int, ...] = ()  # mails that were written already, and were to leave later
    all_words: str = ""  # of its writer, where some of them must not go out
    html: str | None = None  # of the mail, sanitised, in which its words may be set; None: there is none

    @property
    def everything(self) -> str:
        """All that its writer may have said."""
        return self.longer or self.all_words or self.text

    @property
    def has_words(self) -> bool:
        """Whether there is something to keep, be it files alone."""
        return bool(self.everything.strip() or self.attachments)


@dataclass(frozen=True, slots=True)
class HeldMail:
    """One of them."""

    id: int  # what people say: h-77
    at: datetime
    expires_at: datetime
    mail: str  # key of the accepted mail
    ticket: int | None
    agent: str  # id
    code: str
    proposal: Proposal
    state: State
    decided_at: datetime | None
    decided_by: str


def hold(
    c: Connection, *, mail: str, ticket: int | None, agent: str, code: str, proposal: Proposal, at: datetime,
    expires_at: datetime,
) -> int:  # fmt: skip
    """Keep the mail; the number it is decided by."""
    values = {
        "at": at,
        "expires_at": expires_at,
        "mail": mail,
        "ticket": ticket,
        "agent": agent,
        "code": code,
        "proposal": msgspec.json.encode(proposal).decode(),
        "state": "waiting",
        "decided_by": "",
    }
    return int(c.execute(insert(held_mail).returning(held_mail.c.id), values).scalar_one())


def find(c: Connection, id: int, *, lock: bool = False) -> HeldMail | None:
    """The one of this number; None when there is none."""
    query = select(held_mail).where(held_mail.c.id == id)
    row = c.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _read(row)


def settle(c: Connection, held: HeldMail, state: State, by: str, now: datetime) -> bool:
    """What became of it; False when somebody decided before. Mails of it that are not sent never leave."""
    waits = held_mail.c.id == held.id, held_mail.c.state == "waiting"
    done = c.execute(update(held_mail).where(*waits).values(state=state, decided_at=now, decided_by=by))
    if done.rowcount != 1:
        return False
    for id in held.proposal.waiting if state != "sent" else ():
        if (item := outbox.find(c, id)) is not None and outbox.drop(c, id, now):
            outbox.tell(c, item, "mail.dropped", "was taken back before it left", now)
    return True


def waiting(c: Connection, limit: int, ticket: int | None = None) -> list[HeldMail]:
    """Those that wait for a word, in a ticket or anywhere, oldest first."""
    query = select(held_mail).where(held_mail.c.state == "waiting")
    if ticket is not None:
        query = query.where(held_mail.c.ticket == ticket)
    return [_read(row) for row in c.execute(query.order_by(held_mail.c.id).limit(limit))]


def expired(c: Connection, now: datetime, limit: int) -> list[HeldMail]:
    """Those whose time is over, the longest first."""
    over = held_mail.c.state == "waiting", held_mail.c.expires_at <= now
    return [
        _read(row) for row in c.execute(select(held_mail).where(*over).order_by(held_mail.c.expires_at).limit(limit))
    ]


def ended_by_itself(c: Connection, agent: str, since: datetime) -> Sequence[HeldMail]:
    """Mails of an agent that nobody decided about in time, since then."""
    query = select(held_mail).where(
        held_mail.c.agent == agent,
        held_mail.c.decided_at > since,
        held_mail.c.decided_by == "timer",
        held_mail.c.code != "forward",  # that went through: only its way back is over
    )
    return [_read(row) for row in c.execute(query.order_by(held_mail.c.id))]


def _read(row: Row[Any]) -> HeldMail:
    proposal = msgspec.json.decode(row.proposal, type=Proposal)
    return HeldMail(
        row.id, row.at, row.expires_at, row.mail, row.ticket, row.agent, row.code, proposal, row.state,
        row.decided_at, row.decided_by,
    )  # fmt: skip
