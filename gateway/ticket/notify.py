"""Whom to tell of what happened in a ticket, and in which language.

Sources  RFC 3834 §4 (to whom an automatic answer goes), mails-out rules of the site.
Not here  mails to agents (notices.py), whether a mail may go (guard.py), what it says (outgoing/render.py,
         compose.py), when it leaves (outgoing/outbox.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from html import escape
from itertools import accumulate
from typing import assert_never

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.rules.canned import CANNED
from gateway.rules.types import Decision, Escalate, Hold, Notify, Redirect, Reply
from gateway.ticket.canned import Suggestion, suggested, told_of
from gateway.ticket.guard import (
    ACK,
    FLOOD,
    FORWARD,
    MUTED,
    Arrived,
    Cause,
    Happened,
    NotifyPolicy,
    Sent,
    is_authenticated,
    is_known,
    judged,
)
from gateway.ticket.notices import agents_facts, to_agents
from gateway.ticket.types import AGENT_NOTICE, FROM_FORWARD, REDIRECT, Notification, Saved, Ticket

_REFERENCES = 10  # the first and the last nine
_ROOM = 1450  # octets of HTML for articles; the other words of an acknowledgement leave as many below 4 KB
_AROUND, _A_BREAK = 350, 10  # of them for the title and the button of one, for the end of a line or paragraph


def notify(
    saved: Saved, cause: Cause, decision: Decision, policy: NotifyPolicy, sent: Sent, now: datetime
) -> Iterator[Notification]:
    """The mails that follow from what was saved, each judged by the send guard when it is asked for."""
    ticket = saved.ticket
    if isinstance(cause, Arrived) and isinstance(decision.disposition, Redirect) and saved.disposition == "record":
        yield _passed_on(decision.disposition, cause, policy)
    if ticket is None or (saved.entry is None and isinstance(cause, Arrived)):
        return
    held = next((action.reason for action in decision.actions if isinstance(action, Hold)), None)
    continues = cause.continues if isinstance(cause, Arrived) else None
    for reply in _replies(saved, decision, policy, now, continues):
        notice = replace(_reply(reply, ticket, cause, policy, now), held=held)
        if MUTED in ticket.flags:
            notice = replace(notice, suppressed=MUTED)
        elif _is_hearsay(ticket, cause) and not policy.rules.defaults.forward_ack:
            notice = replace(notice, suppressed=FORWARD)
        yield judged(notice, cause, policy, sent, now)
    for notice in _notices(ticket, cause, decision, policy, now, opened=saved.opened):
        yield judged(replace(notice, held=held), cause, policy, sent, now)


def _is_hearsay(ticket: Ticket, cause: Cause) -> bool:
    """Whether only a forward says whose ticket it is: neither he nor a person of ours has written in it since."""
    return isinstance(cause, Happened) and FROM_FORWARD in ticket.flags and ticket.messages <= 1


def _passed_on(action: Redirect, cause: Arrived, policy: NotifyPolicy) -> Notification:
    """The mail itself, for somebody elsewhere. It answers nobody, so that the guard of answers is not asked."""
    team = next(filter(None, map(policy.rules.team_of, cause.inbound.envelope.forward_paths)), None)
    return Notification(
        recipient=Mailbox("", action.address),
        template=REDIRECT,
        variant=None,
        language=cause.language,
        ticket=None,
        team=team.id if team is not None else policy.rules.defaults.team,
        subject=cause.message.subject,
        in_reply_to=None,
        references=(),
        auto_submitted="no",  # as for budgets; in its header it says what it is
        dedupe_key=f"{REDIRECT}:{cause.key}",
        cause=action.rule,
        values={},
    )


def _replies(
    saved: Saved, decision: Decision, policy: NotifyPolicy, now: datetime, continues: int | None
) -> Iterator[Reply]:
    """What the rules ask for; the team's own acknowledgement only where no rule of the run replied.

    A variant for the time outside the hours of a calendar is that of now. Whoever answered in a ticket that was over
    hears which number continues it, in the place of the plain acknowledgement.
    """
    replies = [action for action in decision.actions if isinstance(action, Reply)]
    team = policy.rules.teams.get(saved.ticket.team) if saved.ticket else None
    if not replies and saved.opened and team is not None and team.auto_ack:
        replies = [Reply("team.auto_ack", ACK)]
    inside = (r.outside is not None and policy.promises.is_open(r.outside, now) for r in replies)
    chosen = [replace(r, variant=None) if usual else r for r, usual in zip(replies, inside, strict=True)]
    if continues is not None:
        told = (("happened", "continued"), ("other", str(continues)))
        chosen = [Reply(r.rule, "status_notice", values=told) if _is_plain_ack(r) else r for r in chosen]
    yield from {(r.template, r.variant): r for r in chosen}.values()


def _is_plain_ack(reply: Reply) -> bool:
    return (reply.template, reply.variant) == (ACK, None)


def _reply(reply: Reply, ticket: Ticket, cause: Cause, policy: NotifyPolicy, now: datetime) -> Notification:
    """To whoever wrote the mail; to the requester where none was written."""
    match cause:
        case Arrived(message=message):
            recipient = message.author or Mailbox("", cause.inbound.envelope.reverse_path or "")
            thread = tuple(dict.fromkeys((*message.references, *message.in_reply_to)))
            if message.message_id is not None:
                thread = (*(i for i in thread if i != message.message_id), message.message_id)
            parent, known = message.message_id, is_authenticated(cause) or is_known(cause)
            language = cause.language
        case Happened(thread=thread):
            recipient = ticket.requester or Mailbox("", "")
            parent, known = thread[-1] if thread else None, is_known(cause)
            language = policy.rules.defaults.language
        case _:
            assert_never(cause)
    language = reply.language or ticket.language or language
    offered = _offered(reply, cause, policy.offers.get(language, ()))
    zone = cause.customer.zone if cause.customer is not None else None
    outlook = next(iter(cause.message.values("thread-index")), "") if isinstance(cause, Arrived) else None
    return Notification(
        recipient=Mailbox("", recipient.address),
        template=reply.template,
        variant=reply.variant,
        language=language,
        ticket=ticket.number,
        team=policy.rules.team(ticket.team).id,
        subject=ticket.told_subject if known else None,
        in_reply_to=parent,
        references=(*thread[:1], *thread[1:][-_REFERENCES + 1 :]),
        auto_submitted="auto-replied" if isinstance(cause, Arrived) else "auto-generated",
        dedupe_key=f"{reply.template}/{reply.variant or ''}:{cause.key}",
        cause=reply.rule,
        values={
            **_promised(ticket, policy, now),
            **dict(reply.values),
            "articles": tuple(map(_told, offered)),
            "ticket": {"number": ticket.number},
        },
        zone=zone,
        thread_index=outlook,
        articles=tuple(each.article for each in offered if each.article is not None),
        canned={**told_of(ticket, None), **dict(reply.values)} if reply.template == CANNED else None,
    )


def _offered(reply: Reply, cause: Cause, offers: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    """The articles that an acknowledgement offers, as many as it has room for: the mail only says which, their words
    are ours.
    """
    if reply.template != ACK or not isinstance(cause, Arrived):
        return ()
    best = suggested(f"{cause.message.subject}\n{cause.message.text}", offers)
    ends = accumulate(map(_octets, best))
    return tuple(each for each, end in zip(best, ends, strict=True) if end <= _ROOM)


def _octets(article: Suggestion) -> int:
    """How many an article takes in the HTML of a mail."""
    return _AROUND + len(escape(article.text + article.says).encode()) + _A_BREAK * article.says.count("\n")


def _told(article: Suggestion) -> dict[str, object]:
    paragraphs = tuple(tuple(paragraph.splitlines()) for paragraph in article.says.split("\n\n"))
    return {"title": article.text, "paragraphs": paragraphs, "command": article.command}


def _promised(ticket: Ticket, policy: NotifyPolicy, now: datetime) -> dict[str, object]:
    """Until when the customer is promised an answer, and when we are there; what is over is promised to nobody."""
    due, hours = ticket.answer_due, policy.promises.hours_of(ticket)
    week = hours.calendar.hours if hours is not None and any(hours.calendar.hours) else None
    return {
        "due": due.isoformat() if due is not None and due > now else None,
        "calendar": tuple(tuple(map(_clock_times, day)) for day in week) if week is not None else None,
    }


def _clock_times(minutes: tuple[int, int]) -> tuple[str, ...]:
    return tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes)


def _notices(
    ticket: Ticket, cause: Cause, decision: Decision, policy: NotifyPolicy, now: datetime, *, opened: bool
) -> Iterator[Notification]:
    """Mails to agents: what rules ask for, the lead of a ticket that was raised, and of one that is flooded."""
    for action in decision.actions:
        match action:
            case Notify(rule, to, template):
                happened = _happened(cause, opened=opened)
                told = agents_facts(ticket, cause, happened, policy)
                since = now if isinstance(cause, Happened) and cause.may_wait else None
                yield from to_agents(to, template, rule, told, ticket, cause.key, policy, since)
            case Escalate(rule):
                told = {**agents_facts(ticket, cause, "escalated", policy), "because": "lead"}
                yield from to_agents(("team.lead",), AGENT_NOTICE, rule, told, ticket, cause.key, policy)
            case _:
                pass
    if isinstance(cause, Arrived) and cause.flood and cause.message.author is not None:
        hour = f"{normal(cause.message.author.address)}:{now:%Y-%m-%dT%H}"
        told = {**agents_facts(ticket, cause, FLOOD, policy), "because": "lead", "words": ()}
        yield from to_agents(("team.lead",), AGENT_NOTICE, FLOOD, told, ticket, hour, policy)


def _happened(cause: Cause, *, opened: bool) -> str:
    """In a word: why agents hear of the ticket at all."""
    if isinstance(cause, Arrived):
        return "new" if opened else "reopened" if cause.reopened else "reply"
    return "advice"
