"""How a mail is understood, with all the evidence: the lines of `mailwicket explain`.

Not here the reasons alone (explained.py), mail that was accepted (mail_show.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import click

from gateway.cli.declare import Invocation
from gateway.cli.explained import Asked, Explained, Rules, rules_of
from gateway.cli.output import Column, block, facts, octets, print_json, print_lines, printable, stamp, table
from gateway.config import Settings
from gateway.message.another_mail import first_start
from gateway.message.lines import is_quoted, visible
from gateway.message.reply import is_marker
from gateway.message.types import Attachment, Message

_PART_COLUMNS = (
    Column("Part"),
    Column("Type", least=12),
    Column("Content", least=12),
    Column("Size", right=True),
    Column("Name", least=12),
)


@dataclass(frozen=True, slots=True)
class Explaining:
    """How a mail in a file is shown, once it was read."""

    invocation: Invocation
    rules: Rules

    def show(self, raw: bytes, message: Message, *, as_json: bool) -> None:
        """Print it."""
        shown = self.rules.explained(self.invocation, Asked(raw, self.invocation.now()), message)
        if as_json:
            print_json("explain/1", {"mail": _values(shown), **shown.values()})
        else:
            print_lines(_lines(shown, self.invocation.columns()))


def explaining(invocation: Invocation, settings: Settings) -> Explaining:
    """With the rules in force.

    Raises  ConfigError  they are wrong
    """
    return Explaining(invocation, rules_of(settings, invocation.clock))


def _values(shown: Explained) -> dict[str, Any]:
    message, verdict = shown.found.message, shown.found.plan.verdict
    mail = {f.name: getattr(message, f.name) for f in fields(message)}
    return mail | {"kind": verdict.kind, "kind_reason": verdict.reason, "may_respond": verdict.may_respond}


def _lines(shown: Explained, width: int) -> Iterator[str]:
    message = shown.found.message
    yield from facts(_envelope(message))
    verdict = shown.found.plan.verdict
    answer = "may be answered" if verdict.may_respond else f"is not answered: {verdict.no_response_code}"
    yield ""
    yield f"Kind      {printable(verdict.kind)}: {printable(verdict.reason)}; {answer}"
    for defect in message.defects:
        yield f"Defect    {printable(f'{defect.code}  {defect.detail}'.strip())}"
    yield from _reported(message)
    yield from _forwarded(message)
    split = _split(message) if message.quoted else ""
    for head, text in (("New words", message.text), ("Quoted", message.quoted), ("Signature", message.signature)):
        if text:
            how = split if head == "Quoted" else ""
            yield from ("", click.style(f"{head} ({len(text)} characters{how})", bold=True), *block(text).splitlines())
    if message.attachments:
        yield ""
        yield from table(_PART_COLUMNS, map(_part, message.attachments), width)
    yield ""
    yield from shown.lines(width)


def _envelope(message: Message) -> Iterator[tuple[str, str]]:
    yield "Subject", message.subject
    yield "From", "; ".join(message.values("From"))
    yield "Author", _author(message)
    for name, people in (("Sender", message.sender and (message.sender,)), ("Reply-To", message.reply_to)):
        yield name, ", ".join(map(str, people or ()))
    yield "To", ", ".join(map(str, message.to))
    yield "Cc", ", ".join(map(str, message.cc))
    yield "Date", f"{stamp(message.date)} (as it claims)" if message.date else ""
    yield "Message-ID", message.message_id or ""
    yield "In-Reply-To", " ".join(message.in_reply_to)
    yield "References", " ".join(message.references)
    yield "HTML", f"{len(message.html)} characters, made harmless" if message.html else ""
    sure = f" ({message.language_confidence:.2f}, {message.language_source})" if message.language else ""
    yield "Language", f"{message.language or 'not certain'}{sure}"


def _author(message: Message) -> str:
    """Who counts as the author, or why nobody does."""
    if message.author is not None:
        return f"{message.author} (the one reading of From)"
    if not message.ambiguous_author:
        return "nobody: From names no usable address"
    count = len(message.values("From"))
    why = f"{count} From fields" if count > 1 else "From can be read in more than one way"
    return f"nobody: {why}, and programs differ in which they believe"


def _split(message: Message) -> str:
    """By what the quoted words are known, strongest first."""
    lines, seen = visible(message.quoted)
    if any(map(is_marker, seen)):
        return ", below a line that says to answer above it"
    if first_start(lines, seen, [is_quoted(line) for line in seen]) is not None:
        return ", introduced by a header or a line that says who wrote"
    return ", by its quote marks" if any(map(is_quoted, seen)) else ", as its program or our own mails show"


def _reported(message: Message) -> Iterator[str]:
    """What a delivery report, a receipt or a complaint says."""
    report = message.report
    if report is None:
        return
    kind = f"{report.kind} ({report.feedback_type})" if report.feedback_type else report.kind
    yield f"Report    {printable(kind)}, about {printable(report.original_message_id or 'a mail without Message-ID')}"
    for one in report.recipients:
        yield f"   {printable(f'{one}  {one.diagnostic}'.rstrip())}"


def _forwarded(message: Message) -> Iterator[str]:
    forward = message.forward
    if forward is None:
        return
    yield f"Forward   of {printable(str(forward.author or 'nobody named'))}, “{printable(forward.subject)}”"
    where = " ".join(("to", ", ".join(map(str, forward.to)))) if forward.to else ""
    yield f"   {printable(', '.join(filter(None, (forward.date, where))))}".rstrip()
    yield f"   its words {len(forward.text)} characters, above them {len(forward.comment)}"


def _part(part: Attachment) -> tuple[str, ...]:
    kind = f"{part.media_type} inline" if part.inline or part.content_id else part.media_type
    return part.part, kind, part.sniffed or "", octets(part.size), part.name
