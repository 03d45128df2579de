"""What would become of one mail, and why: decided as live, ready to be shown.

Not here the stored reasons of mail that was processed (reasons.py), reading the mail (mail_file.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway import policy
from gateway.cli.context import no_database
from gateway.cli.declare import Invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.late import late
from gateway.cli.output import printable
from gateway.cli.sla_words import promise
from gateway.clock import Clock
from gateway.config import Settings
from gateway.deciding.empty import EmptyView
from gateway.deciding.types import View
from gateway.errors import ConfigError, TransientError
from gateway.message.types import Message
from gateway.outgoing.render import Templates
from gateway.rehearsal import Rehearsal, rehearse
from gateway.rules.desk import Table
from gateway.rules.explain import trace_lines
from gateway.rules.findings import nearest
from gateway.rules.told import outlined
from gateway.rules.types import Event, RuleSet
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.token import TokenRing
from gateway.ticket.types import Notification, Record, ThreadMatch

_LINE_CHARACTERS = 2000
_NO_KEY = bytes(32)  # proves nothing: no token of ours was made with it


@dataclass(frozen=True, slots=True)
class Asked:
    """The mail, and what is to be supposed of it."""

    raw: bytes
    now: datetime
    event: Event | None = None  # None: what the mail raises
    ticket: int | None = None  # None: the one that it belongs to


@dataclass(frozen=True, slots=True)
class Explained:
    """A rehearsal, ready to be shown. Every line is escaped."""

    found: Rehearsal
    rules: RuleSet
    name: str  # of the rule file
    now: datetime
    calendars: Mapping[str, WorkingTime]
    revision: int | None = None  # under which the rules are in force; None: they are not

    def values(self) -> dict[str, Any]:
        """For JSON."""
        seen = self.found.observed
        return {
            "message_id": self.found.message.message_id,
            "subject": self.found.message.subject,
            "at": self.now,
            "explanation": self.found.explanation,
            "result": {
                "ticket": seen.ticket,
                "team": seen.team,
                "assignee": seen.assignee,
                "status": seen.status,
                "priority": seen.priority,
                "tags": seen.tags,
                "fields": seen.fields,
                "rules": seen.rules,
                "sent": seen.sent,
                "quarantine": seen.quarantine,
                "drop": seen.drop,
                "sla": seen.sla,
                "due": seen.due,
            },
            "mails": [
                {
                    "template": n.template,
                    "variant": n.variant,
                    "language": n.language,
                    "to": n.recipient.address,
                    "cause": n.cause,
                    "suppressed": n.suppressed,
                }
                for n in self.found.notices
            ],
        }

    def lines(self, width: int, *, stages: bool = False) -> Iterator[str]:
        """For people."""
        if stages:
            yield from (printable(line, _LINE_CHARACTERS) for line in self._stages())
        yield from (printable(line, _LINE_CHARACTERS) for line in self._lines(width))

    def _stages(self) -> Iterator[str]:
        """What happened in which order; what was settled early has no later stages."""
        known, plan = self.found.explanation, self.found.plan
        yield f"00 size            {len(self.found.message.text)} characters of text, {known.attachments} attachments"
        yield f"10 parse           {', '.join(known.defects) or 'no defects'}"
        yield f"20 auth            {known.auth}"
        yield f"30 machine mail    {plan.verdict.kind}: {plan.verdict.reason}"
        yield "40 duplicate       not looked at: nothing is stored"
        if plan.match is None:
            return
        yield f"50 threading       {plan.match.by}: {plan.match.evidence}"
        yield f"60 sender          {'known' if plan.customer else 'first contact'}, {plan.match.trust}"
        yield f"70 quote split     new text {known.new_text} characters, quoted {known.quoted}"
        yield f"80 language        {known.language}"
        for event in plan.events:
            hits = [h for h in known.rules.hits if h.event == event] if known.rules is not None else []
            name = f"{event} rules"
            yield f"   {name:<16}{sum(h.outcome == 'applied' for h in hits)} of {len(hits)} applied"
        guard = [n.suppressed or "pass" for n in self.found.notices]
        yield f"99 send guard      {', '.join(guard) or 'no mail'}"

    def _lines(self, width: int) -> Iterator[str]:
        message, known = self.found.message, self.found.explanation
        yield f"Message   {message.message_id or 'without Message-ID'}  “{message.subject}”"
        ambiguous = "  AMBIGUOUS: more than one reading" if known.ambiguous_author else ""
        yield f"From      {known.author or '(no usable author)'}   auth: {known.auth}{ambiguous}"
        yield f"Parsed    {self._parsed()}"
        if known.defects:
            yield f"Defects   {', '.join(known.defects)}"
        yield f"Clock     {self._clock()}     Rules {self._which()}, sha256 {self.rules.sha256[:8]}…"
        yield from _threading(known.match, self.found)
        if known.rules is not None:
            yield from trace_lines(known.rules, self.name, width)
        yield f"Result    {' · '.join(self._result())}"
        yield from self._promised()
        yield f"Mail out  {len(self.found.notices)}{':' if self.found.notices else ''}"
        yield from (f"   {_mail(notice)}" for notice in self.found.notices)

    def _which(self) -> str:
        return self.name if self.revision is None else f"revision {self.revision}"

    def _clock(self) -> str:
        name = self.rules.defaults.calendar
        if name is None:
            return f"{self.now:%a %Y-%m-%d %H:%M} {self.now.tzname()}"
        hours = self.calendars[name]
        where = "inside" if hours.is_open(self.now) else "outside"
        return f"{hours.local(self.now):%a %Y-%m-%d %H:%M} {hours.zone} → {where} calendar “{name}”"

    def _parsed(self) -> str:
        message, known, kind = self.found.message, self.found.explanation, self.found.plan.verdict.kind
        language, source = self.found.plan.language
        sure = f"{message.language_confidence:.2f}, " if source == "detected" else ""
        automatic = "true" if kind in ("auto-reply", "auto-generated") else "false"
        return (
            f"language={language} ({sure}{source})  auto-reply={automatic}  bounce={str(kind == 'report').lower()}"
            f"  attachments={known.attachments}  new text {known.new_text} chars, quoted {known.quoted}"
        )

    def _promised(self) -> Iterator[str]:
        """Each promise that would run, and when people would be warned."""
        standing = self.found.standing
        if standing is None or not self.rules.sla:
            return
        running = [each for each in standing.promised if each.clock.ended_at is None]
        name = standing.policy or ("set by hand" if running else "none")
        for each in running:
            yield f"SLA       {name}: {promise(each)}"
        if not running:
            yield f"SLA       {name}"

    def _result(self) -> Iterator[str]:
        seen = self.found.observed
        yield f"{len(seen.rules)} of {len(self.rules.rules)} rules applied"
        yield "nothing was saved or sent"
        ticket = self.found.ticket
        if ticket is None:
            yield from (f"{c.disposition}: {c.reason}" for c in self.found.plan.changes if isinstance(c, Record))
            return
        yield f"ticket {ticket.number}" if ticket.number else "NEW"
        yield f"team {ticket.team}"
        found = self.found.owner
        yield f"assignee {ticket.assignee or 'none'}{f' ({found.why})' if found is not None else ''}"
        yield ticket.status
        yield ticket.priority
        if ticket.tags:
            yield ", ".join(ticket.tags)
        yield from (f"{name} {value}" for name, value in ticket.fields)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a file and the templates, ready to be asked."""

    settings: Settings
    name: str  # of the file
    rules: RuleSet
    templates: Templates

    def explained(self, invocation: Invocation, asked: Asked, message: Message) -> Explained:
        """What would become of the mail.

        Raises  CommandError  there is no such ticket: exit 4
        """
        clock = invocation.clock
        with ExitStack() as stack:
            view = _view(stack, invocation, self.settings)
            if asked.ticket is not None and view.ticket(asked.ticket) is None:
                what = f"there is no ticket {asked.ticket}"
                raise CommandError(what, hint="mailwicket ticket list", exit_code=NOT_FOUND)
            ring = _ring(self.settings, clock)
            deps = policy.deps(self.settings, self.rules, ring, self.templates, clock, tables=self._tables)
            events = (asked.event,) if asked.event is not None else ()
            found = rehearse(asked.raw, message, deps, view, asked.now, ticket=asked.ticket, events=events)
            force = None if isinstance(view, EmptyView) else _revision_of(invocation, self.rules.sha256)
            return Explained(found, self.rules, self.name, asked.now, deps.calendars, force)

    def _tables(self) -> Mapping[str, Table]:
        """Of the queries, where a look-up of the rules asks for them."""
        tables: Mapping[str, Table] = late("gateway.lookups:read_once")(self.settings)()
        return tables


def rules_of(settings: Settings, clock: Clock, path: Path | None = None, only: str | None = None) -> Rules:
    """The rules of a file, or one of them.

    path    None is the file that is in force
    Raises  CommandError  there is no such rule: exit 4
            ConfigError   the rules or the templates are wrong
    """
    path = path or policy.rules_file(settings)
    templates = policy.templates_of(settings, clock)
    return Rules(settings, path.name, _restricted(policy.read_rules(path, templates), only), templates)


def differences(one: Explained, other: Explained) -> Iterator[str]:
    """What another rule file would make of the mail, where it is not the same."""
    before, after = one.values()["result"], other.values()["result"]
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        yield "no difference"
    for name in changed:
        yield printable(f"{name:<10}{_value(before[name])} → {_value(after[name])}", _LINE_CHARACTERS)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" for k, v in value.items()) or "none"
    return (", ".join(value) if isinstance(value, tuple) else str(value or "")) or "none"


def _restricted(rules: RuleSet, only: str | None) -> RuleSet:
    """The rules, or one of them."""
    if only is None:
        return rules
    found = tuple(rule for rule in rules.rules if rule.id == only)
    if not found:
        hint = nearest(only, [rule.id for rule in rules.rules])
        raise CommandError(f"there is no rule “{printable(only, 60)}”", hint=hint, exit_code=NOT_FOUND)
    return replace(rules, rules=found, outline=outlined(found))


def _view(stack: ExitStack, invocation: Invocation, settings: Settings) -> View:
    """The tickets there are; none where there is no database."""
    try:
        if not settings.database.url and not settings.database_file.exists():
            raise no_database(settings.database_file)
        view: View = stack.enter_context(late("gateway.cli.view:viewing")(invocation))
    except (CommandError, TransientError, ConfigError) as e:
        invocation.note(f"tickets and customers are not looked up: {printable(e.text)}")
        return EmptyView()
    return view


def _revision_of(invocation: Invocation, sha256: str) -> int | None:
    number: int | None = late("gateway.cli.view:revision_of")(invocation, sha256)
    return number


def _ring(settings: Settings, clock: Clock) -> TokenRing:
    try:
        return policy.token_ring(settings, clock, create=False)
    except ConfigError:
        return TokenRing.of(_NO_KEY)


def _threading(match: ThreadMatch | None, found: Rehearsal) -> Iterator[str]:
    if match is None:
        yield "Threading not asked: the mail ends before"
        return
    where = "NEW ticket" if match.ticket is None else f"ticket {match.ticket}, trust: {match.trust}"
    evidence = match.evidence if match.by == "none" else f"{match.by}: {match.evidence}"
    yield f"Threading {evidence} → {where} (events: {', '.join(found.plan.events)})"
    for refused in match.refused:
        named = f" (ticket {refused.ticket})" if refused.ticket is not None else ""
        yield f"   ✗ {refused.by}{named} refused because {refused.because}"


def _mail(notice: Notification) -> str:
    name = f"{notice.template}/{notice.variant}" if notice.variant else notice.template
    guard = f"suppressed: {notice.suppressed}" if notice.suppressed else "pass"
    return f"{name} ({notice.language}) → {notice.recipient.address}   send guard: {guard} · by {notice.cause}"
