"""The stored reasons of one mail in words: how it was read, threaded, ruled and answered.

Sources  rules.md §7, the form of `rules explain`.
Not here the lines of the rules (rules/explain.py).
"""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from gateway.message.shown import printable, stamp
from gateway.rules.explain import trace_lines
from gateway.rules.told import told
from gateway.store import inbound, outbox, tickets
from gateway.store.happenings import Happening
from gateway.store.inbound import MailRow
from gateway.store.outlines import find_outline
from gateway.ticket.types import Explanation, ThreadMatch

_LINE_CHARACTERS = 2000
_MOST = 500  # mails of a ticket that are looked at
_explanations = msgspec.json.Decoder(Explanation)


def explanation_of(c: Connection, row: MailRow) -> Explanation | None:
    """The reasons that were stored when the mail was processed; None when it was not, or could not be."""
    text = inbound.explanation(c, row.key) if row.disposition is not None else None
    found = _explanations.decode(text) if text else None
    if found is not None and not found.mails:
        found = replace(found, mails=tuple(_answers(c, row)))
    if found is None or found.rules is None:
        return found
    return replace(found, rules=told(found.rules, find_outline(c, found.rules.outline)))


def _answers(c: Connection, row: MailRow) -> Iterator[str]:
    """The mails that took the words of an agent's mail along: no rule led to them."""
    if row.ticket is None or row.disposition != "entry":
        return
    said = [e.id for e in tickets.entries(c, row.ticket) if e.source == row.key and e.kind == "answer"]
    items = outbox.find_many(c, states=(), ticket=row.ticket, recipient=None, limit=_MOST) if said else []
    for item in reversed(items):
        if any(item.dedupe_key.startswith(f"answer:{id}:") for id in said):
            yield f"q-{item.id} {item.template} -> {item.forward_path} · {item.state} · {item.cause}"


def mail_reasons(row: MailRow, explanation: Explanation | None, width: int) -> Iterator[str]:
    """All that is known about why this mail became what it is; every line escaped."""
    yield from (printable(line, _LINE_CHARACTERS) for line in _lines(row, explanation, width))


def happening_reasons(happened: Happening, width: int) -> Iterator[str]:
    """What the rules said to something that no mail brought; every line escaped."""
    yield f"Happened  {', '.join(happened.events)}  {stamp(happened.at)}"
    rules, mails = happened.reasons.rules, happened.reasons.mails
    yield f"Rules     revision {rules.revision}, sha256 {rules.sha256[:8]}…"
    yield from (printable(line, _LINE_CHARACTERS) for line in trace_lines(rules, width=width))
    yield f"Mail out  {len(mails)}{':' if mails else ''}"
    yield from (f"   {printable(mail)}" for mail in mails)


def rule_reasons(row: MailRow, explanation: Explanation | None, width: int) -> Iterator[str]:
    """What the rules that are left in the reasons asked and saw; nothing where none were asked."""
    if explanation is not None and explanation.rules is not None and explanation.rules.hits:
        yield f"m-{row.id}  revision {explanation.rules.revision}"
        yield from (printable(line, _LINE_CHARACTERS) for line in trace_lines(explanation.rules, width=width))


def _lines(row: MailRow, known: Explanation | None, width: int) -> Iterator[str]:
    subject = f"  “{printable(row.subject)}”" if row.subject is not None else ""
    yield f"Message   {printable(row.message_id or 'without Message-ID')}{subject}"
    yield f"Accepted  m-{row.id}  {stamp(row.received_at)} by {row.via} for {printable(', '.join(row.forward_paths))}"
    if known is None:
        yield from _without_reasons(row)
        return
    ambiguous = "  AMBIGUOUS: more than one reading" if known.ambiguous_author else ""
    yield f"From      {printable(known.author or '(no usable author)')}   auth: {known.auth}{ambiguous}"
    if known.doubts:
        yield f"Doubts    {', '.join(known.doubts)}"
    yield (
        f"Parsed    language={known.language}  kind={known.kind} ({printable(known.kind_reason)})"
        f"  attachments={known.attachments}  new text {known.new_text} chars, quoted {known.quoted}"
    )
    if known.defects:
        yield f"Defects   {', '.join(known.defects)}"
    yield from _threading(known.match)
    if known.rules is not None:
        yield f"Rules     revision {known.rules.revision}, sha256 {known.rules.sha256[:8]}…"
        yield from trace_lines(known.rules, width=width)
    yield f"Result    {_result(row)}"
    yield f"Mail out  {len(known.mails)}{':' if known.mails else ''}"
    yield from (f"   {printable(mail)}" for mail in known.mails)


def _without_reasons(row: MailRow) -> Iterator[str]:
    if row.disposition is None:
        yield f"Result    pending: not processed yet, {row.attempts} tries begun"
        return
    if row.disposition in ("ticket", "entry", "record", "report"):
        yield "Reasons   deleted: their time was over"
    yield f"Result    {_result(row)}"


def _threading(match: ThreadMatch | None) -> Iterator[str]:
    if match is None:
        yield "Threading not asked: the mail ended before"
        return
    where = "NEW ticket" if match.ticket is None else f"ticket {match.ticket}, trust: {match.trust}"
    evidence = f"{match.by}: {printable(match.evidence)}" if match.by != "none" else printable(match.evidence)
    yield f"Threading {evidence or 'no evidence'} → {where}"
    for refused in match.refused:
        named = f" (ticket {refused.ticket})" if refused.ticket is not None else ""
        yield f"   ✗ {refused.by}{named} refused because {printable(refused.because)}"
    if match.mentions:
        yield f"   mentions {', '.join(f'#{number}' for number in match.mentions)}"


def _result(row: MailRow) -> str:
    ticket = f" {row.ticket}" if row.ticket is not None and row.disposition == "ticket" else ""
    filed = f" in ticket {row.ticket}" if row.ticket is not None and row.disposition != "ticket" else ""
    return f"{row.disposition}{ticket}{filed}" + (f": {printable(row.reason)}" if row.reason else "")
