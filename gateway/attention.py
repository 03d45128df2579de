"""What those who lead should look at, in one mail: mail that nobody read, words that wait, alarms, what was not sent.

Sources      mails-out.md §4 (attention): daily, and at once where a mail could not be processed. Nothing to say, none.
Transaction  the caller's: the mail is queued in it.
Not here     when it is sent (due.py, work.py), alarms (outgoing/alarming.py), the words (templates/attention).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.digests import zone_of
from gateway.message.address import normal
from gateway.message.codes import masked
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Agent
from gateway.store import alarms, attention, held_mail, inbound, tickets
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.types import Notification
from gateway.ticket.visibility import sees


class _Kind(msgspec.Struct):
    """Of all the stored reasons of a mail: what kind of mail it is."""

    kind: str


_kind = msgspec.json.Decoder(_Kind)
ATTENTION = "attention"
_DAILY, _AT_ONCE = "agent.attention", "poison"  # what causes it
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)  # looked back at, the first time and at most
_LATE = timedelta(hours=1)  # a mail that waits longer for us is worth a line
_MOST = 15  # of each kind: many of one hide no other, and no program cuts the mail off
_LOOKED_AT = 200  # of a kind of which not everybody sees all
_CHARACTERS = 160  # of what a line says


def send_attention(c: Connection, agent: Agent, d: Deps, now: datetime, *, key: str) -> bool:
    """Queue what there is since the last time; False when that is nothing, or it was sent under this key before."""
    last = attention.last_told(c, normal(agent.email), _DAILY)
    since = max(last or now - _DAY, now - _WEEK)
    language = d.rules.language_of(agent)
    kinds = [list(islice(found, _MOST + 1)) for found in _items(c, agent, language, d, since)]
    refused = attention.suppressed(c, since)
    oldest = inbound.backlog(c)[1]
    told = {
        "items": tuple(item for found in kinds for item in found[:_MOST]),
        "more": any(len(found) > _MOST for found in kinds),
        "suppressed": tuple({"code": code, "count": count} for code, count in refused.most_common()),
        "undelivered": attention.lost(c, since),
        "pending_since": oldest.isoformat() if oldest is not None and now - oldest > _LATE else None,
        "older": attention.older(c, since),
    }
    if not any(told[name] for name in ("items", "suppressed", "undelivered", "pending_since")):
        return False
    return enqueue(_notice(agent, told, _DAILY, key, d, now), d.desk, c, now) is not None


def tell_unread(c: Connection, key: str, d: Deps, now: datetime) -> None:
    """At once: a mail was given up. The first one of an hour alone: strangers decide how many there are."""
    found = inbound.find(c, key)
    if found is None:
        return
    for agent in leaders(d):
        told = {"items": (_of_mail(found, c),)}
        enqueue(_notice(agent, told, _AT_ONCE, f"{now:%Y-%m-%dT%H}", d, now), d.desk, c, now)


def leaders(d: Deps) -> Iterator[Agent]:
    """Who looks after the desk: those who hear its alarms."""
    addresses = {watcher.mailbox.address for watcher in d.desk.watchers}
    return (agent for agent in d.rules.agents.values() if agent.email in addresses)


def _items(
    c: Connection, agent: Agent, language: str, d: Deps, since: datetime
) -> tuple[Iterable[dict[str, Any]], ...]:
    """Of each kind."""
    words = d.desk.templates.words(language)
    return (
        _of_strangers(c, attention.strangers(c, since, _LOOKED_AT), agent, d),
        (_of_mail(mail, c) for mail in inbound.needing_attention(c, since=since, limit=_MOST + 1)),
        (_of_held(held, words.get(f"held_{held.code.replace('-', '_')}", held.code)) for held in _held(c, agent, d)),
        (_of_alarm(each, words.get(f"alarm_{each.about}", each.about)) for each in alarms.since(c, since)),
    )


def _of_mail(mail: inbound.MailRow, c: Connection) -> dict[str, Any]:
    told = masked(mail.subject) if mail.subject and not _by_person(c, mail.key) else mail.subject
    subject = f"“{told}”" if told else ""
    what = " ".join(filter(None, (mail.author or mail.reverse_path or "<>", subject, mail.reason or "")))
    look = f"mailwicket why m-{mail.id}"
    return _item(f"m-{mail.id}", mail.disposition or "pending", what, mail.received_at, look)


def _by_person(c: Connection, key: str) -> bool:
    reasons = inbound.explanation(c, key)
    return reasons is not None and _kind.decode(reasons).kind == "person"


def _of_strangers(
    c: Connection, found: Iterable[attention.Stranger], agent: Agent, d: Deps
) -> Iterator[dict[str, Any]]:
    """Of the tickets that he may see."""
    for each in found:
        ticket = tickets.find_ticket(c, each.ticket)
        if ticket is not None and sees(agent, ticket, d.rules):
            what = f"{each.author}: {ticket.told_subject}"
            yield _item(f"#{ticket.number}", "third-party", what, each.at, f"#show {ticket.number}")


def _held(c: Connection, agent: Agent, d: Deps) -> Iterator[held_mail.HeldMail]:
    for held in held_mail.waiting(c, _LOOKED_AT):
        ticket = tickets.find_ticket(c, held.ticket) if held.ticket is not None else None
        if ticket is None or sees(agent, ticket, d.rules):
            yield held


def _of_held(held: held_mail.HeldMail, why: str) -> dict[str, Any]:
    about = f"{held.agent}, #{held.ticket}" if held.ticket is not None else held.agent
    return _item(f"h-{held.id}", "held", f"{about}: {why}", held.at, "mailwicket agent held")


def _of_alarm(found: alarms.Alarm, words: str) -> dict[str, Any]:
    times = f"{found.count} × " if found.count > 1 else ""
    return _item("!", found.about, f"{times}{words}: {found.said}", found.last_at, "mailwicket outbound status")


def _item(id: str, lane: str, what: str, at: datetime, look: str) -> dict[str, Any]:
    short = what if len(what) <= _CHARACTERS else f"{what[:_CHARACTERS]}…"
    return {"id": id, "lane": lane, "what": short, "at": at.isoformat(), "look": look}


def _notice(agent: Agent, told: dict[str, Any], cause: str, key: str, d: Deps, now: datetime) -> Notification:
    values, name = {"day": now.isoformat(), **told}, f"{ATTENTION}:{agent.id}:{cause}:{key}"
    return replace(
        to_agent(agent, ATTENTION, values, d.rules, key=name, cause=cause), zone=str(zone_of(agent, d.rules))
    )
