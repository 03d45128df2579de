"""What would become of one mail: parsed in a child like any mail of a stranger, decided as live.

Sources  rules.md §7, `rules explain`.
Not here the stored reasons of mail that was processed (reasons.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, TypeVar

from gateway import policy
from gateway.cli.context import reading
from gateway.cli.declare import Invocation
from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.output import printable
from gateway.clock import Clock
from gateway.config import Settings
from gateway.errors import ConfigError, TransientError
from gateway.message.types import Message
from gateway.outgoing.render import Templates
from gateway.parsing.pool import Failure, ParserPool
from gateway.pipeline import View
from gateway.rehearsal import Rehearsal, rehearse
from gateway.rules.explain import trace_lines
from gateway.rules.types import RuleSet
from gateway.store.view import EmptyView, StoreView
from gateway.ticket.token import TokenRing
from gateway.ticket.types import Notification, Record, ThreadMatch

_LINE_CHARACTERS = 2000
_PIECE_OCTETS = 64 * 1024
_NO_KEY = bytes(32)  # proves nothing: no token of ours was made with it
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Explained:
    """A rehearsal, ready to be shown. Every line is escaped."""

    found: Rehearsal
    rules: RuleSet
    name: str  # of the rule file
    now: datetime

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

    def lines(self, width: int) -> Iterator[str]:
        """For people."""
        yield from (printable(line, _LINE_CHARACTERS) for line in self._lines(width))

    def _lines(self, width: int) -> Iterator[str]:
        message, known = self.found.message, self.found.explanation
        yield f"Message   {message.message_id or 'without Message-ID'}  “{message.subject}”"
        ambiguous = "  AMBIGUOUS: more than one reading" if known.ambiguous_author else ""
        yield f"From      {known.author or '(no usable author)'}   auth: {known.auth}{ambiguous}"
        yield f"Parsed    {self._parsed()}"
        if known.defects:
            yield f"Defects   {', '.join(known.defects)}"
        clock = f"{self.now:%a %Y-%m-%d %H:%M} {self.now.tzname()}"
        yield f"Clock     {clock}     Rules {self.name}, sha256 {self.rules.sha256[:8]}…"
        yield from _threading(known.match, self.found)
        yield from trace_lines(self.found.plan.decision.trace, self.name, width)
        yield f"Result    {' · '.join(self._result())}"
        yield f"Mail out  {len(self.found.notices)}{':' if self.found.notices else ''}"
        yield from (f"   {_mail(notice)}" for notice in self.found.notices)

    def _parsed(self) -> str:
        message, known, kind = self.found.message, self.found.explanation, self.found.plan.verdict.kind
        language, source = self.found.plan.language
        sure = f"{message.language_confidence:.2f}, " if source == "detected" else ""
        automatic = "true" if kind in ("auto-reply", "auto-generated") else "false"
        return (
            f"language={language} ({sure}{source})  auto-reply={automatic}  bounce={str(kind == 'report').lower()}"
            f"  attachments={known.attachments}  new text {known.new_text} chars, quoted {known.quoted}"
        )

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
        yield f"assignee {ticket.assignee or 'none'}"
        yield ticket.status
        yield ticket.priority
        if ticket.tags:
            yield ", ".join(ticket.tags)
        yield from (f"{name} {value}" for name, value in ticket.fields)


def octets_of(settings: Settings, mail: BinaryIO) -> bytes:
    """The whole mail.

    Raises  CommandError  it is larger than one that would be accepted: exit 1
    """
    size = int(settings.intake.max_size)
    raw = mail.read(size + 1)
    if len(raw) > size:
        raise CommandError(f"the mail is larger than intake.max_size, {size} octets", exit_code=FINDINGS)
    return raw


def explained(invocation: Invocation, settings: Settings, raw: bytes, now: datetime) -> Explained:
    """What would become of the mail.

    Raises  CommandError  it cannot be parsed: exit 1
            ConfigError   the settings or the rules are wrong
    """
    path = policy.rules_file(settings)

    def load() -> tuple[Templates, RuleSet]:
        templates = policy.templates_of(settings, invocation.clock)
        return templates, policy.read_rules(path, templates)

    message, (templates, rules) = asyncio.run(_parsed(settings, raw, load))
    if isinstance(message, Failure):
        what = f"the mail cannot be parsed: {message.reason}"
        raise CommandError(what, printable(message.detail), "live it would be kept in quarantine", exit_code=FINDINGS)
    with ExitStack() as stack:
        view = _view(stack, invocation)
        deps = policy.deps(settings, rules, _ring(settings, invocation.clock), templates, invocation.clock)
        return Explained(rehearse(raw, message, deps, view, now), rules, path.name, now)


async def _parsed(settings: Settings, raw: bytes, load: Callable[[], _T]) -> tuple[Message | Failure, _T]:
    """The mail, read by a child with the limits of live mail; and what is loaded while the child starts."""
    limits = settings.limits
    pool = ParserPool(
        1, int(limits.child_memory), limits.child_cpu_s, policy.parse_limits(settings), settings.site.languages
    )
    try:
        parsing = asyncio.create_task(pool.parse(_pieces(raw), len(raw), 1))
        loaded = await asyncio.to_thread(load)
        return await parsing, loaded
    finally:
        await pool.close()


async def _pieces(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), _PIECE_OCTETS):
        yield raw[start : start + _PIECE_OCTETS]


def _view(stack: ExitStack, invocation: Invocation) -> View:
    """The tickets there are; none where there is no database."""
    try:
        return StoreView(stack.enter_context(reading(invocation)))
    except (CommandError, TransientError, ConfigError) as e:
        invocation.note(f"tickets and customers are not looked up: {printable(e.text)}")
        return EmptyView()


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
