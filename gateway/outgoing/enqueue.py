"""A notification in the outbox: its row, and the octets that every attempt will send.

Transaction  that of the change which caused it.
Not here     what the mail says (compose.py), when it leaves (outbox.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.errors import PoisonError
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.compose import Desk, Letter, compose
from gateway.outgoing.kinds import kind_of
from gateway.outgoing.probe import PROBE, probe
from gateway.store import agent_keys, outbox, tickets
from gateway.store.internal import internal_of
from gateway.store.notices import join, said_since, told_since
from gateway.store.outbox import Written
from gateway.store.outlook import thread_index
from gateway.ticket.goes_to import recipients
from gateway.ticket.leak import leaks
from gateway.ticket.notices import name_of, shown_words
from gateway.ticket.types import AGENT_NOTICE, GoesTo, Notification, Participant

_TOGETHER = timedelta(seconds=60)  # what happens to a ticket within it is one mail more for each reader
_SHOWN, _LINE = 5, 100  # of the mails before: how many, and how many characters
Queued = tuple[int, str]  # the id of a mail, and its Message-ID, fixed before any attempt
Reader = tuple[int, str]  # of a ticket's mails: its number, and an address in normal form
log = structlog.get_logger("outbox")


def enqueue(notice: Notification, desk: Desk, c: Connection, now: datetime) -> Queued | None:
    """Queue a mail, rendered once; None when none will go out."""
    (queued,) = enqueue_all((notice,), desk, c, now)
    return queued


def enqueue_all(notices: Sequence[Notification], desk: Desk, c: Connection, now: datetime) -> list[Queued | None]:
    """Queue mails, each rendered once; None in the place of those that will not go out."""
    ids = outbox.enqueue(c, notices, now)
    leaving = [notice for id, notice in zip(ids, notices, strict=True) if id is not None and notice.suppressed is None]
    newest = outbox.newest_to(c, {_reader(notice) for notice in leaving if _in_thread_of_agent(notice)})
    withdrawn = agent_keys.generations(c) if any(notice.audience == "agent" for notice in leaving) else {}
    reached = tickets.people_of(c, {notice.ticket for notice in leaving if _promises(notice) and notice.ticket})
    queued, written = list[Queued | None](), list[Written]()
    for id, notice in zip(ids, notices, strict=True):
        queued.append(None)
        if id is None or notice.suppressed is not None:
            continue
        if notice.template == AGENT_NOTICE:  # it may take up one of those before it
            outbox.attach(c, written)
            written.clear()
        notice, due = _after_others(notice, id, desk, c, now)
        said = _in_thread(notice, newest, c)
        if notice.audience == "agent":
            goes_to = _goes_to(notice, desk, reached.get(notice.ticket or 0, ()))
            said = replace(said, generation=withdrawn.get(_reader(notice)[1], 0), goes_to=goes_to)
        if (letter := _written(said, id, desk, c, now)) is None:
            continue
        leaves = max(due, notice.not_before or due) if notice.held is None else None
        written.append(Written(id, letter.message_id, letter.reverse_path, letter.raw, leaves))
        newest[_reader(notice)] = letter.message_id
        queued[-1] = id, letter.message_id
    outbox.attach(c, written)
    return queued


def _written(notice: Notification, id: int, desk: Desk, c: Connection, now: datetime) -> Letter | None:
    """The mail; None when it cannot be written, or must not be sent: its row says why.

    What goes to ourselves would come back as somebody's words, whoever asked for it; a probe mail alone is meant to.
    """
    if notice.template != PROBE and notice.recipient.address in desk.own_addresses:
        outbox.refuse(c, id, f"own-address: {notice.recipient.address} is an address of ours", now)
        said = f"{notice.recipient.address}: q-{id}" + (f", #{notice.ticket}" if notice.ticket is not None else "")
        raise_alarm(c, "own_address", normal(notice.recipient.address), said, desk, now, enqueue)
        return None
    try:
        letter = probe(notice, id, desk) if notice.template == PROBE else compose(notice, id, desk)
    except PoisonError as e:
        outbox.refuse(c, id, e.text, now)
        log.error("outbox.not_composed", id=id, ticket=notice.ticket, reason=e.text)
        return None
    if notice.audience == "customer" and _leaks(letter, notice, desk, c):
        outbox.refuse(c, id, "leak: it holds something that is for our own people only", now)
        log.error("outbox.leak", id=id, ticket=notice.ticket, template=notice.template)
        return None
    if letter.trouble:
        log.error("template.failed", id=id, ticket=notice.ticket, template=notice.template, trouble=letter.trouble[0])
        raise_alarm(c, "template", notice.template, letter.trouble[0], desk, now, enqueue)
    return letter


def _leaks(letter: Letter, notice: Notification, desk: Desk, c: Connection) -> bool:
    """The second wall: whatever was asked for, no words of ours go to a customer (the first: only answers can).

    Articles are looked for in what a person wrote: one may well quote a mail that goes out by itself.
    """
    if notice.ticket is None:
        return False
    articles = desk.templates.articles.runs
    if kind_of(notice.template).automatic:
        articles = replace(articles, internal=frozenset())
    return bool(leaks(letter.text, internal_of(c, notice.ticket, desk.agents, articles)))


def _after_others(
    notice: Notification, id: int, desk: Desk, c: Connection, now: datetime
) -> tuple[Notification, datetime]:
    """The notice and when it is due: an agent gets the first of several at once, and one for all others of a minute.

    What the guard put off because there were too many goes with the next that may leave.
    """
    if notice.template != AGENT_NOTICE or notice.ticket is None or notice.held is not None:
        return notice, now
    told = told_since(c, notice.ticket, normal(notice.recipient.address), AGENT_NOTICE, now - _TOGETHER, now)
    if told is None:
        return notice, now
    due = max(now, told.first_at + _TOGETHER)
    if told.waiting is None or told.due is None or not join(c, told.waiting, id, now):
        return notice, due
    due = min(told.due, max(due, notice.not_before or due))
    at = notice.values.get("said_at")
    shown = datetime.fromisoformat(at) if isinstance(at, str) else None
    count, before = said_since(c, notice.ticket, told.last_at, shown, _SHOWN)
    zone = ZoneInfo(notice.zone or desk.zones.get(notice.team, "UTC"))
    begun = [(at, who, shown_words(text, by_machine=machine)) for at, who, text, machine in before]
    called = name_of if notice.purpose == "n" else str  # who only takes notes has no use for addresses
    lines = [f"{at.astimezone(zone):%H:%M} {called(who)}: {_begin(said.words)}" for at, who, said in begun]
    more = [f"+{count - _SHOWN} …"] if count > _SHOWN else []
    hidden = any(said.hidden for _, _, said in begun) or notice.values.get("hidden", False)
    values = {**notice.values, "earlier": (*more, *lines), "hidden": hidden}
    return replace(notice, values=values, not_before=None), due


def _begin(lines: Sequence[str]) -> str:
    words = " ".join(" ".join(lines).split())
    return words if len(words) <= _LINE else f"{words[:_LINE]}…"


def _in_thread(notice: Notification, newest: Mapping[Reader, str], c: Connection) -> Notification:
    """An agent's mails about a ticket follow each other; those to customers know what they answer, but for Outlook."""
    if _in_thread_of_agent(notice):
        before = newest.get(_reader(notice))
        return notice if before is None else replace(notice, in_reply_to=before)
    if notice.ticket is None or notice.subject is None or notice.thread_index is not None:
        return notice
    return replace(notice, thread_index=thread_index(c, notice.ticket))


def _promises(notice: Notification) -> bool:
    """Whether it says whom an answer to it reaches."""
    return notice.goes_to is not None and notice.ticket is not None and notice.revision is not None


def _goes_to(notice: Notification, desk: Desk, people: Iterable[Participant]) -> GoesTo | None:
    """What the mail promises of its answers, with all who take part in the ticket now."""
    if notice.goes_to is None or not _promises(notice):
        return notice.goes_to
    requester = next(iter(notice.goes_to.people), None)
    others = (Mailbox(p.name, p.address) for p in people if normal(p.address) not in desk.agents)
    return replace(notice.goes_to, people=tuple(recipients(requester, others, desk.own_addresses)))


def _in_thread_of_agent(notice: Notification) -> bool:
    return notice.ticket is not None and kind_of(notice.template).reader == "agent"


def _reader(notice: Notification) -> Reader:
    return notice.ticket or 0, normal(notice.recipient.address)
