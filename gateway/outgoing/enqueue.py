"""A notification in the outbox: its row, and the octets that every attempt will send.

Transaction  that of the change which caused it.
Not here     what the mail says (compose.py), when it leaves (outbox.py).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.errors import PoisonError
from gateway.message.address import normal
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.compose import Desk, Letter, compose
from gateway.outgoing.kinds import kind_of
from gateway.outgoing.probe import PROBE, probe
from gateway.store import agent_keys, outbox
from gateway.store.internal import internal_of
from gateway.store.notices import join, said_since, told_since
from gateway.store.outlook import thread_index
from gateway.ticket.leak import leaks
from gateway.ticket.notices import AGENT_NOTICE
from gateway.ticket.types import Notification

_TOGETHER = timedelta(seconds=60)  # what happens to a ticket within it is one mail more for each reader
_SHOWN, _LINE = 5, 100  # of the mails before: how many, and how many characters
log = structlog.get_logger("outbox")


def enqueue(notice: Notification, desk: Desk, c: Connection, now: datetime) -> tuple[int, str] | None:
    """Queue a mail, rendered once: its id, and its Message-ID, fixed before any attempt; None when none will go out."""
    id = outbox.enqueue(c, notice, now)
    if id is None or notice.suppressed is not None:
        return None
    notice, due = _after_others(notice, id, desk, c, now)
    try:
        letter = (
            probe(notice, id, desk)
            if notice.template == PROBE
            else compose(_of_agent(_in_thread(notice, c), c), id, desk)
        )
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
    outbox.attach(
        c,
        id,
        message_id=letter.message_id,
        reverse_path=letter.reverse_path,
        raw=letter.raw,
        due=max(due, notice.not_before or due),
        held=notice.held is not None,
    )
    return id, letter.message_id


def _leaks(letter: Letter, notice: Notification, desk: Desk, c: Connection) -> bool:
    """The second wall: whatever was asked for, no words of ours go to a customer (the first: only answers can)."""
    return notice.ticket is not None and bool(leaks(letter.text, internal_of(c, notice.ticket, desk.agents)))


def _after_others(
    notice: Notification, id: int, desk: Desk, c: Connection, now: datetime
) -> tuple[Notification, datetime]:
    """The notice and when it is due: an agent gets the first of several at once, and one for all others of a minute."""
    if notice.template != AGENT_NOTICE or notice.ticket is None:
        return notice, now
    told = told_since(c, notice.ticket, normal(notice.recipient.address), AGENT_NOTICE, now - _TOGETHER, now)
    if told is None:
        return notice, now
    if told.waiting is None or told.due is None or not join(c, told.waiting, id, now):
        return notice, told.first_at + _TOGETHER
    count, before = said_since(c, notice.ticket, told.first_at, _SHOWN)
    zone = ZoneInfo(notice.zone or desk.zones.get(notice.team, "UTC"))
    lines = [f"{at.astimezone(zone):%H:%M} {who}: {_begin(text)}" for at, who, text in before]
    more = [f"+{count - _SHOWN} …"] if count > _SHOWN else []
    return replace(notice, values={**notice.values, "earlier": (*more, *lines)}), told.due


def _begin(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LINE else f"{words[:_LINE]}…"


def _in_thread(notice: Notification, c: Connection) -> Notification:
    """An agent's mails about a ticket follow each other; those to customers know what they answer, but for Outlook."""
    if notice.ticket is None:
        return notice
    if kind_of(notice.template).reader != "agent":
        asked = notice.subject is not None and notice.thread_index is None
        return replace(notice, thread_index=thread_index(c, notice.ticket)) if asked else notice
    before = outbox.messages_to(c, notice.ticket, normal(notice.recipient.address))
    return replace(notice, in_reply_to=max(before)[1]) if before else notice


def _of_agent(notice: Notification, c: Connection) -> Notification:
    """With the tokens that count now."""
    if notice.audience != "agent":
        return notice
    return replace(notice, generation=agent_keys.generation(c, normal(notice.recipient.address)))
