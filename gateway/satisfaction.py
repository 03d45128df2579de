"""A customer's answer to the question how we did: kept with the ticket, and no reason to open it again.

Sources      mails-out.md §2 (the token of the answer, 28 days), §4 (csat); tickets-and-sla.md §4. What holds no
             verdict, came too late, or calls it bad in words or files of its own is a reply like any other.
Transaction  that of the mail.
Not here     when somebody is asked (ticket/ladder.py), what a verdict looks like (ticket/rating.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.deciding.decide import authenticated
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.classify import classify
from gateway.message.types import Accepted, Message
from gateway.pipeline import ended, same_as_before
from gateway.store import satisfaction, tickets
from gateway.store.changes import add_event, save
from gateway.ticket.answered import reply_tokens
from gateway.ticket.rating import RATINGS, rating
from gateway.ticket.types import AddEntry, Outcome, ThreadMatch, Ticket

_COUNTS_FOR = timedelta(days=28)
_SAID = "Satisfaction: "


def rated(inbound: Accepted, message: Message, d: Deps, c: Connection) -> Outcome | None:
    """What became of a mail that says how we did; None when it goes the way of every reply."""
    found = _asked(inbound, message, d, c)
    known = {each: [d.desk.templates.words(tag)[f"rating_{each}"] for tag in d.languages] for each in RATINGS}
    said = rating(message.text, known) if found is not None else None
    if found is None or said is None:
        return None
    (ticket, match), (verdict, words), now = found, said, d.now()
    if (duplicate := same_as_before(inbound, message, d, c, now)) is not None:
        return duplicate
    satisfaction.note(c, ticket, verdict, now)
    if verdict == "bad" and (words or message.attachments):
        add_event(c, ticket.number, f"{_SAID}{verdict}", now)
        return None
    entry = AddEntry(
        kind="event",
        author=message.author,
        at=inbound.envelope.received_at,
        text=f"{_SAID}{verdict}\n{words}".strip(),
        quoted=message.quoted,
        signature=message.signature,
        html=None,
        message_id=message.message_id,
        public=False,
        trust="proven",
        attachments=message.attachments,
        evidence=match.by,
    )
    saved = save(c, (entry,), ticket_before=ticket, source=inbound.key, actor="customer", now=now, promises=d.promises)
    outcome = Outcome(inbound.key, "entry", f"said how we did: {verdict}", ticket.number, saved.entry)
    return ended(outcome, inbound, message, d, c, now, auth=authenticated(inbound, message, d), match=match)


def _asked(inbound: Accepted, message: Message, d: Deps, c: Connection) -> tuple[Ticket, ThreadMatch] | None:
    """The ticket about which this very person was asked, not long ago; None where there is none."""
    verdict, auth = classify(message, inbound.envelope, d.own), authenticated(inbound, message, d)
    if message.author is None or verdict.kind != "person" or auth.dmarc == "fail":
        return None
    address = normal(message.author.address)
    asked = _by_token(inbound, message, address, d, c)
    ticket = tickets.goes_on_in(c, asked[0]) if asked is not None else None
    if asked is None or ticket is None or d.now() - asked[1] > _COUNTS_FOR:
        return None
    return ticket, ThreadMatch(ticket.number, "token", "proven", f"asked how we did, {address} answers")


def _by_token(inbound: Accepted, message: Message, address: str, d: Deps, c: Connection) -> tuple[int, datetime] | None:
    """(ticket, when he was asked) by the token that was made for his answer; None without one."""
    for token in reply_tokens(message, inbound.envelope, d.threading.delimiter):
        if token.purpose != "k" or token.ticket is None or d.threading.ring.holder(token, [address]) is None:
            continue
        if (at := satisfaction.asked_at(c, token.ticket, address)) is not None:
            return token.ticket, at
    return None
