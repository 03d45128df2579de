"""Which ticket a mail belongs to, by which evidence, and what that evidence is worth.

Sources  RFC 5322 §3.6.4 (In-Reply-To, References). Order of evidence: reply token, our Message-ID or one that
         this author sent or was sent, body token, subject tag of a participant. The first that holds decides;
         the others are recorded as refused, with the reason. A number in a subject is a hint, never a key.
Not here  how tokens are made and verified (token.py), what the match changes (apply.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.message.address import normal, sub_address
from gateway.message.types import Auth, Envelope, Message
from gateway.ticket.token import (
    MessageToken,
    ReplyToken,
    TokenRing,
    find_body_tokens,
    find_subject_numbers,
    read_message_id,
    read_reply,
)
from gateway.ticket.types import Refused, ThreadMatch, Ticket, Trust

_MAX_IDS = 20  # the newest References; more are a flood
_MAX_NUMBERS = 5


class ThreadIndex(Protocol):
    """The look-ups of threading; each is a query by index."""

    def ticket(self, number: int) -> Ticket | None:
        """The ticket; None when there is none of this number."""
        ...

    def participants(self, number: int) -> Sequence[str]:
        """Addresses, in normal form, of those who take part in the ticket."""
        ...

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Message-ID -> (ticket, address) of each who sent it or was sent it."""
        ...


@dataclass(frozen=True, slots=True)
class ThreadPolicy:
    """What the site and the rules say about threading."""

    ring: TokenRing
    delimiter: str
    subject_prefix: str
    reopen_window: timedelta


@dataclass(frozen=True, slots=True)
class _Found:
    """One piece of evidence: it holds with a trust, or it is refused because."""

    by: str
    ticket: int
    trust: Trust | None  # None is refused
    words: str  # what matched, or why it does not hold


def thread(
    message: Message, envelope: Envelope, auth: Auth, index: ThreadIndex, policy: ThreadPolicy, now: datetime
) -> ThreadMatch:
    """The ticket of a mail, or that it opens a new one, with every piece of evidence that was found.

    A ticket that was finished longer than the reopen window ago is not continued but mentioned.
    """
    refused: list[Refused] = []
    mentions: dict[int, None] = {}
    for found in _evidence(message, envelope, auth, index, policy):
        ticket = index.ticket(found.ticket)
        if ticket is None:
            refused.append(Refused(found.by, found.ticket, "there is no such ticket"))
        elif found.trust is None:
            refused.append(Refused(found.by, found.ticket, found.words))
            mentions[found.ticket] = None
        elif ticket.status_type in ("solved", "closed") and now - ticket.status_at > policy.reopen_window:
            days = (now - ticket.status_at).days
            refused.append(Refused(found.by, found.ticket, f"it was {ticket.status} {days} days ago"))
            mentions[found.ticket] = None
        else:
            return ThreadMatch(ticket.number, found.by, found.trust, found.words, (), tuple(refused))  # type: ignore[arg-type]
    return ThreadMatch(None, "none", "stranger", "no evidence holds", tuple(mentions)[:_MAX_NUMBERS], tuple(refused))


def _evidence(
    message: Message, envelope: Envelope, auth: Auth, index: ThreadIndex, policy: ThreadPolicy
) -> Iterator[_Found]:
    author = normal(message.author.address) if message.author and auth.dmarc != "fail" else None
    yield from _reply_tokens(envelope, author, index, policy)
    yield from _references(message, author, index, policy)
    yield from _body_tokens(message, author, index, policy)
    for number in find_subject_numbers(message.subject, policy.subject_prefix)[:_MAX_NUMBERS]:
        if author is not None and author in index.participants(number):
            yield _Found("subject-tag", number, "participant", f"#{number} in the subject, from a participant")
        else:
            yield _Found("subject-tag", number, None, "the author takes no part in it")


def _reply_tokens(envelope: Envelope, author: str | None, index: ThreadIndex, policy: ThreadPolicy) -> Iterator[_Found]:
    for path in envelope.forward_paths:
        _, detail = sub_address(path, policy.delimiter)
        token = read_reply(detail) if detail else None
        if token is not None and token.ticket is not None:
            yield _held("token", token, token.ticket, author, index, policy)


def _references(message: Message, author: str | None, index: ThreadIndex, policy: ThreadPolicy) -> Iterator[_Found]:
    """In-Reply-To first, then References from the newest back (RFC 5322 §3.6.4)."""
    ids = tuple(dict.fromkeys((*message.in_reply_to, *reversed(message.references))))[:_MAX_IDS]
    if not ids:
        return
    stored = index.holders(ids)
    for id in ids:
        token = read_message_id(id)
        if token is not None and not token.root:
            yield _held("references", token, token.ticket, author, index, policy)
        for ticket, address in stored.get(id, ()):
            if address == author:
                yield _Found("references", ticket, "participant", f"{id}, which this author sent or was sent")
                break
        else:
            yield from (
                _Found("references", ticket, None, "this author neither sent nor was sent the mail it answers")
                for ticket in dict.fromkeys(t for t, _ in stored.get(id, ()))
            )


def _body_tokens(message: Message, author: str | None, index: ThreadIndex, policy: ThreadPolicy) -> Iterator[_Found]:
    """They find the thread where a client lost everything else; they never give authority."""
    for token in find_body_tokens(f"{message.text}\n{message.quoted}"):
        people = index.participants(token.ticket)
        if policy.ring.holder(token, people) is None:
            yield _Found("body-token", token.ticket, None, "the token was not made for a participant")
        elif author is not None and author in people:
            yield _Found("body-token", token.ticket, "participant", "a token in the text, from a participant")
        else:
            yield _Found("body-token", token.ticket, None, "the author takes no part in it")


def _held(
    by: str, token: ReplyToken | MessageToken, number: int, author: str | None, index: ThreadIndex, policy: ThreadPolicy
) -> _Found:
    holder = policy.ring.holder(token, index.participants(number))
    if holder is None:
        return _Found(by, number, None, "the token does not verify")
    if holder == author:
        return _Found(by, number, "proven", f"a token made for {holder}")
    return _Found(by, number, "third-party", f"a token made for {holder}, used by somebody else")
