"""Whom to tell, in which language, and whether we may: the one send guard of automatic mail.

Sources  RFC 3834 §2, §4 (to whom an automatic answer goes), mails-out rules of the site, acceptance L11.
         A refusal is a value: a notification with the guard's word, stored and visible, never silence.
Not here  what the mail says (outgoing/render.py, compose.py), when it leaves (outgoing/outbox.py).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, assert_never

from gateway.message.address import domain_of, normal
from gateway.message.types import Accepted, Auth, Classification, Mailbox, Message
from gateway.rules.canned import CANNED
from gateway.rules.desk import Rate
from gateway.rules.types import Agent, Decision, Escalate, Hold, Notify, Redirect, Reply, RuleSet
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.canned import suggested, told_of
from gateway.ticket.sla import Promises
from gateway.ticket.types import REDIRECT, Customer, Notification, Saved, Ticket
from gateway.ticket.visibility import answers, sees

AGENT_NOTICE, ACK, CSAT = "agent_notice", "auto_ack", "csat"
_ONCE, _ASKED = Rate(1, timedelta(days=3650)), Rate(1, timedelta(days=30))
MUTED = "muted"  # a ticket whose customer wants no automatic mail about it; and the guard's word for that
NOT_VISIBLE = "not-visible"  # the guard's word for an agent who may not see the ticket
FORWARD = "forward"  # the guard's word for somebody who did not write to us himself
FLOOD = "flood"  # the guard's word for a sender of too much, and the cause of what the lead is told about him
_REFERENCES = 10  # the first and the last nine
_WORDS_CHARACTERS, _WORDS_LINES, _FILES = 2000, 40, 20  # of a mail, in a notice to agents


@dataclass(frozen=True, slots=True)
class SendBudget:
    """So much automatic mail in so much time within a scope: recipient, domain, ticket, template; empty is all.

    `only_to` and `but_to` are recipients in normal form; None does not ask for them.
    """

    code: str  # the guard's word when it is used up
    rate: Rate
    scope: Mapping[str, object]
    only_to: Collection[str] | None = None
    but_to: Collection[str] | None = None


class Sent(Protocol):
    """How much automatic mail there was."""

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """The mails of each budget in its time, counted up to its limit."""
        ...

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """What stands against automatic mail to an address: outbound-held, dead-address, breaker-open, acks-rest."""
        ...


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """What the site says about automatic mail."""

    rules: RuleSet
    own_addresses: frozenset[str]  # normal form
    unauthenticated: Literal["auto", "never", "known", "all"]
    verdicts_exist: bool  # whether any host is trusted to authenticate mail
    promises: Promises  # of the rules, with their calendars
    agents: frozenset[str] = frozenset()  # their addresses, normal form
    suggestions: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (command, words of a mail that suggest it)


@dataclass(frozen=True, slots=True)
class Arrived:
    """The mail that caused the notifications, as the guard looks at it."""

    inbound: Accepted
    message: Message
    verdict: Classification
    auth: Auth
    customer: Customer | None
    language: str
    flood: bool = False  # whether its author sent more than one person does
    forwarded: bool = False  # whether an agent passed it on, who says who its author is

    @property
    def key(self) -> str:
        """What the mails that it causes are known by: processed again, it causes no others."""
        return self.inbound.key


@dataclass(frozen=True, slots=True)
class Happened:
    """Something in a ticket that no mail brought: time went by, or a person of ours changed it."""

    key: str
    customer: Customer | None  # whose ticket it is
    thread: tuple[str, ...] = ()  # Message-IDs that the customer has seen in it, oldest first
    told: Mapping[str, object] = field(default_factory=dict)  # what mails to agents say of it beside the ticket
    may_wait: bool = False  # whether they have time until their readers are there: those with a calendar of their own


Cause = Arrived | Happened


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
    for reply in _replies(saved, decision, policy, now):
        notice = replace(_reply(reply, ticket, cause, policy, now), held=held)
        if MUTED in ticket.flags:
            notice = replace(notice, suppressed=MUTED)
        yield judged(notice, cause, policy, sent, now)
    for notice in _notices(ticket, cause, decision, policy, now, opened=saved.opened):
        yield judged(replace(notice, held=held), cause, policy, sent, now)


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


def _replies(saved: Saved, decision: Decision, policy: NotifyPolicy, now: datetime) -> Iterator[Reply]:
    """What the rules ask for; the team's own acknowledgement only where no rule of the run replied.

    A variant for the time outside the hours of a calendar is that of now.
    """
    replies = [action for action in decision.actions if isinstance(action, Reply)]
    team = policy.rules.teams.get(saved.ticket.team) if saved.ticket else None
    if not replies and saved.opened and team is not None and team.auto_ack:
        yield Reply("team.auto_ack", "auto_ack")
    inside = (r.outside is not None and policy.promises.is_open(r.outside, now) for r in replies)
    chosen = [replace(r, variant=None) if usual else r for r, usual in zip(replies, inside, strict=True)]
    yield from {(r.template, r.variant): r for r in chosen}.values()


def _reply(reply: Reply, ticket: Ticket, cause: Cause, policy: NotifyPolicy, now: datetime) -> Notification:
    """To whoever wrote the mail; to the requester where none was written."""
    match cause:
        case Arrived(message=message):
            recipient = message.author or Mailbox("", cause.inbound.envelope.reverse_path or "")
            thread = tuple(dict.fromkeys((*message.references, *message.in_reply_to)))
            if message.message_id is not None:
                thread = (*(i for i in thread if i != message.message_id), message.message_id)
            parent, known = message.message_id, _authenticated(cause) or _known(cause)
            language = cause.language
        case Happened(thread=thread):
            recipient = ticket.requester or Mailbox("", "")
            parent, known = thread[-1] if thread else None, _known(cause)
            language = policy.rules.defaults.language
        case _:
            assert_never(cause)
    zone = cause.customer.zone if cause.customer is not None else None
    outlook = next(iter(cause.message.values("thread-index")), "") if isinstance(cause, Arrived) else None
    return Notification(
        recipient=Mailbox("", recipient.address),
        template=reply.template,
        variant=reply.variant,
        language=reply.language or ticket.language or language,
        ticket=ticket.number,
        team=policy.rules.team(ticket.team).id,
        subject=ticket.subject if known else None,
        in_reply_to=parent,
        references=(*thread[:1], *thread[1:][-_REFERENCES + 1 :]),
        auto_submitted="auto-replied" if isinstance(cause, Arrived) else "auto-generated",
        dedupe_key=f"{reply.template}/{reply.variant or ''}:{cause.key}",
        cause=reply.rule,
        values={**_promised(ticket, policy, now), **dict(reply.values), "ticket": {"number": ticket.number}},
        zone=zone,
        thread_index=outlook,
        canned={**told_of(ticket, None), **dict(reply.values)} if reply.template == CANNED else None,
    )


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
                told = agents_facts(ticket, cause, "escalated", policy)
                yield from to_agents(("team.lead",), AGENT_NOTICE, rule, told, ticket, cause.key, policy)
            case _:
                pass
    if isinstance(cause, Arrived) and cause.flood and cause.message.author is not None:
        hour = f"{normal(cause.message.author.address)}:{now:%Y-%m-%dT%H}"
        told = {**agents_facts(ticket, cause, FLOOD, policy), "words": ()}
        yield from to_agents(("team.lead",), AGENT_NOTICE, FLOOD, told, ticket, hour, policy)


def _happened(cause: Cause, *, opened: bool) -> str:
    """In a word: why agents hear of the ticket at all."""
    if isinstance(cause, Arrived):
        return "new" if opened else "reply"
    return "advice"


def to_agents(
    to: Sequence[str],
    template: str,
    rule: str,
    told: Mapping[str, object],
    ticket: Ticket,
    key: str,
    policy: NotifyPolicy,
    since: datetime | None = None,
) -> Iterator[Notification]:
    """A mail to each of them; one to nobody, for the guard to refuse, where there is none of them.

    since  now, where it may wait until its reader is there
    """
    rules = policy.rules
    agents = [rules.agents[id] for id in agents_of(to, ticket, rules) if id in rules.agents]
    for agent in agents or [Agent("", "", "")]:
        key_of_agent = f"{template}:{rule}:{agent.id}:{key}"
        said = {"why": rule, **_told_to(agent, told)}
        said |= goes_to(agent, ticket, rules) if template == AGENT_NOTICE else {}
        notice = to_agent(agent, template, said, rules, key=key_of_agent, cause=rule, about=ticket)
        hidden = bool(agent.id) and not sees(agent, ticket, rules)
        yield replace(
            notice,
            speaker=_name(ticket.requester),
            revision=ticket.revision,
            suppressed=NOT_VISIBLE if hidden else None,
            purpose=None if answers(agent) else "n",
            not_before=_there(agent, since, policy.promises) if since is not None else None,
        )


def _told_to(agent: Agent, told: Mapping[str, object]) -> dict[str, object]:
    """People with their addresses; who only takes notes has no use for them."""
    facts = told.get("ticket")
    said = {**told, "ticket": _told_to(agent, facts)} if isinstance(facts, Mapping) else told
    who = str if answers(agent) else _name
    return {name: who(value) if isinstance(value, Mailbox) else value for name, value in said.items()}


def goes_to(agent: Agent, ticket: Ticket, rules: RuleSet) -> dict[str, object]:
    """What an agent's mail promises in its first line: whom his text goes to; and what it offers him."""
    who = ticket.requester
    if not answers(agent):
        return {"may_change": False}
    if who is None:
        return {}
    language = ticket.language or rules.defaults.language
    return {"goes_to": {"name": _name(who), "address": who.address, "language": language}}


def _there(agent: Agent, since: datetime, promises: Promises) -> datetime | None:
    """When an agent with a calendar of his own is there next; None without one, and where it never opens."""
    return promises.calendars[agent.calendar].opens(since) if agent.calendar is not None else None


def agents_of(to: Sequence[str], ticket: Ticket, rules: RuleSet) -> Iterable[str]:
    """The ids of agents that recipients stand for, each once."""
    team = rules.teams.get(ticket.team)
    found: dict[str, None] = {}
    ids: Sequence[str | None]
    for name in to:
        match name:
            case "assignee" | "responsible":
                ids = (getattr(ticket, name),)
            case "team":
                ids = team.members if team is not None else ()
            case "team.lead":
                ids = (team.lead,) if team is not None else ()
            case _:
                ids = (name,)
        found |= dict.fromkeys(id for id in ids if id is not None)
    return found


def agents_facts(ticket: Ticket, cause: Cause, happened: str, policy: NotifyPolicy) -> dict[str, object]:
    """What an agent should know of a ticket, and of the mail, before opening it."""
    told: dict[str, object] = {
        "happened": happened,
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "team": ticket.team,
            "status": ticket.status,
            "priority": ticket.priority,
            "assignee": ticket.assignee or "—",
            "customer": ticket.requester or "—",
            "tags": ", ".join(ticket.tags) or "—",
        },
        "due": ticket.next_due.isoformat() if ticket.next_due else None,
        "facts": tuple({"name": _called(name, policy.rules), "value": value} for name, value in ticket.fields),
    }
    if isinstance(cause, Arrived):
        files = cause.message.attachments[:_FILES]
        told |= {
            "words": lines_of_words(cause.message.text),
            "writer": cause.message.author or "—",
            "said_at": cause.inbound.envelope.received_at.isoformat(),
            "attachments": tuple({"name": file.name, "size": _size(file.size)} for file in files),
            "suggested": tuple(
                {"text": command.partition(" ")[2], "command": command}
                for command in suggested(f"{ticket.subject}\n{cause.message.text}", policy.suggestions)
            ),
        }
        return told
    return {**told, **cause.told}


def _called(name: str, rules: RuleSet) -> str:
    """What a custom field is called; one that an earlier revision knew keeps its name."""
    field = rules.fields.get(name)
    return field.called(rules.defaults.language, "en") if field is not None else name


def _name(who: Mailbox | None) -> str | None:
    """How somebody is called in From; an address there would look like a forgery."""
    if who is None:
        return None
    return who.name or who.address.partition("@")[0]


def _size(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB" if octets >= 100_000 else f"{max(1, round(octets / 1000))} kB"


def lines_of_words(words: str) -> tuple[str, ...]:
    """The lines of a message that a mail to an agent shows of it."""
    return tuple(line.strip() for line in words[:_WORDS_CHARACTERS].splitlines()[:_WORDS_LINES] if line.strip())


def judged(notice: Notification, cause: Cause, policy: NotifyPolicy, sent: Sent, now: datetime) -> Notification:
    """The mail with the guard's first word against it; as it is where the guard has none."""
    code = notice.suppressed or next(filter(None, _words_against(notice, cause, policy, sent, now)), None)
    return notice if code is None else replace(notice, suppressed=code)


def _words_against(
    notice: Notification, cause: Cause, policy: NotifyPolicy, sent: Sent, now: datetime
) -> Iterator[str | None]:
    """Each judgement of the guard, in order; none where it has nothing against the mail."""
    marks, agent = sent.marks(normal(notice.recipient.address), now), notice.audience == "agent"
    if not agent:  # one to an agent waits and is sent later: the word would lose it for good
        yield "outbound-held" if "outbound-held" in marks else None
    yield _by_address(notice, policy) if agent else _by_mail(notice, cause, policy)
    yield "dead-address" if "dead-address" in marks else None
    if not agent:
        yield "muted" if cause.customer is not None and cause.customer.muted else None
        yield _by_authentication(notice, cause, policy)
    yield _by_budget(notice, policy, sent, now)
    if not agent:
        resting = notice.template == ACK and "acks-rest" in marks
        yield "breaker-open" if resting or "breaker-open" in marks else None


def _by_address(notice: Notification, policy: NotifyPolicy) -> str | None:
    """Whether it goes to somebody, and not to ourselves."""
    address = normal(notice.recipient.address)
    if "@" not in address:
        return "no-recipient"
    return "own-address" if address in policy.own_addresses else None


def _by_mail(notice: Notification, cause: Cause, policy: NotifyPolicy) -> str | None:
    """What the mail itself says about answers (RFC 3834 §2)."""
    wrong = _by_address(notice, policy)
    if isinstance(cause, Arrived):
        if wrong == "own-address":
            return wrong
        if cause.forwarded:
            return wrong or (None if policy.rules.defaults.forward_ack else FORWARD)
        if wrong is None and not cause.verdict.may_respond:
            return cause.verdict.no_response_code or "machine-sender"
        if cause.message.author is None:
            return "ambiguous-from" if cause.message.ambiguous_author else "no-recipient"
        if cause.flood:
            return FLOOD
    return wrong


def _by_authentication(notice: Notification, cause: Cause, policy: NotifyPolicy) -> str | None:
    """Whether the author is who he says; without verdicts at all everybody gets one within the budgets.

    What no mail caused has no author to doubt: it goes to whom a person of ours answered, whatever the setting.
    A canned reply repeats what the customer wrote, and brings files: no setting lets a stranger have that sent.
    For the author of a forwarded mail stands the agent who passed it on.
    """
    if isinstance(cause, Arrived) and cause.forwarded:
        return None
    if isinstance(cause, Arrived) and cause.auth.dmarc == "fail":
        return "unauthenticated"
    if _authenticated(cause) or (_known(cause) and (isinstance(cause, Happened) or notice.canned is not None)):
        return None
    if notice.canned is not None:
        return "unauthenticated"
    allowed = {
        "all": True,
        "never": False,
        "known": _known(cause),
        "auto": not policy.verdicts_exist,
    }
    return None if allowed[policy.unauthenticated] else "unauthenticated"


def _by_budget(notice: Notification, policy: NotifyPolicy, sent: Sent, now: datetime) -> str | None:
    """The first budget that is used up (acceptance L11)."""
    budgets = tuple(_budgets(policy, notice, normal(notice.recipient.address)))
    used = zip(budgets, sent.used(budgets, now), strict=True)
    return next((budget.code for budget, count in used if count >= budget.rate.count), None)


def _budgets(policy: NotifyPolicy, notice: Notification, address: str) -> Iterator[SendBudget]:
    """Those of the recipient protect people who never asked for mail of ours; agents work with it.

    The total of agents and that of all others are counted apart: neither silences the other.
    """
    limits = policy.rules.limits
    if notice.audience == "agent":
        yield SendBudget("ticket-limit", limits.auto_per_ticket, {"ticket": notice.ticket})
        yield SendBudget("total-limit", limits.auto_total, {}, only_to=policy.agents)
        return
    if notice.template == ACK:
        yield SendBudget("ack-limit", limits.ack, {"recipient": address, "template": ACK})
        yield SendBudget("ack-limit", _ONCE, {"ticket": notice.ticket, "template": ACK})
    if notice.template == CSAT:
        yield SendBudget("csat-limit", _ASKED, {"recipient": address, "template": CSAT})
        yield SendBudget("csat-limit", _ONCE, {"ticket": notice.ticket, "template": CSAT})
    yield SendBudget("thread-limit", limits.auto_per_thread, {"recipient": address, "ticket": notice.ticket})
    yield SendBudget("recipient-limit", limits.auto_per_recipient, {"recipient": address})
    yield SendBudget("domain-limit", limits.auto_per_domain, {"domain": domain_of(address)})
    yield SendBudget("ticket-limit", limits.auto_per_ticket, {"ticket": notice.ticket})
    yield SendBudget("total-limit", limits.auto_total, {}, but_to=policy.agents)


def _authenticated(cause: Cause) -> bool:
    """Only DMARC says that the From is genuine; a bare SPF or DKIM pass may be somebody else's domain."""
    return isinstance(cause, Arrived) and cause.auth.dmarc == "pass"


def _known(cause: Cause) -> bool:
    return cause.customer is not None and cause.customer.answered
