"""A mail that came, as an entry for `tests:` of the rule file: it passes when it is pasted there.

Sources  rules.md §6, “Tests”, §7, `why --as-test`.
Not here playing it (trial.py), the reasons of the mail in words (reasons.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.cli.declare import Invocation
from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.output import printable
from gateway.config import Settings
from gateway.deciding.kept import unpacked
from gateway.deciding.types import Situation
from gateway.errors import ConfigError
from gateway.message.types import Mailbox
from gateway.rules.quantities import in_words
from gateway.rules.spelling import plainly
from gateway.rules.types import Check, Scene, Trace
from gateway.store.inbound import MailRow
from gateway.store.situations import Kept
from gateway.ticket.types import Customer
from gateway.trial import Stage, current_file, tried

# what classification, language and spam marks are read from; other fields matter where a rule asks for them
_FIELDS = (
    "auto-submitted", "precedence", "list-id", "list-unsubscribe", "x-auto-response-suppress", "content-language",
    "x-spam-flag", "x-spam-score", "x-spam-status",
)  # fmt: skip
_OF_TICKET = ("number", "subject", "team", "assignee", "responsible", "status", "priority", "tags", "messages")
_OF_CUSTOMER = ("muted", "answered", "language", "tier", "organisation", "open_tickets", "spam_tickets")
_SHOWN = ("rules", "ticket", "team", "priority", "tags", "fields", "sent", "quarantine", "drop")


def as_test(invocation: Invocation, settings: Settings, row: MailRow, kept: Kept | None, trace: Trace) -> Iterator[str]:
    """The lines of the entry; what the rules in the file make of it today is what it expects.

    Raises  CommandError  nothing of the mail is kept, or a test cannot set its scene (exit 1)
    """
    situation = unpacked(kept.octets) if kept is not None else None
    if situation is None:
        what = f"of m-{row.id} is not kept what a test needs"
        raise CommandError(what, "it was settled before the rules, or by another version", exit_code=FINDINGS)
    scene = _scene(row, situation, trace)
    file = current_file(settings)
    try:
        rules, templates = tried(settings, file, invocation.clock, tests=False)
        observed = Stage(settings, rules, templates, invocation.clock, file.folder).result(scene).observed
    except ConfigError as e:
        raise CommandError("the rule file is not right", hint="mailwicket rules check", exit_code=FINDINGS) from e
    applied = tuple(dict.fromkeys(hit.rule for hit in trace.hits if hit.outcome == "applied"))
    if observed.rules != applied:
        then, now = (", ".join(names) or "none" for names in (applied, observed.rules))
        invocation.note(
            f"then the rules were: {printable(then)}; what the test expects, as it comes out today: {printable(now)}"
        )
    expect = {name: value for name in _SHOWN if (value := getattr(observed, name)) not in (None, {}, ())}
    ticket = int(observed.ticket) if observed.ticket.isdecimal() else observed.ticket
    expect |= {"rules": observed.rules, "sent": observed.sent, "ticket": ticket}
    return _lines(replace(scene, expect={name: expect[name] for name in _SHOWN if name in expect}))


def _scene(row: MailRow, s: Situation, trace: Trace) -> Scene:
    message, envelope = s.message, s.inbound.envelope
    mail: dict[str, Any] = {
        "from": tuple(map(str, [message.author] if message.author else [])) or message.values("From"),
        "to": _addresses(message.to),
        "cc": _addresses(message.cc),
        "reply_to": _addresses(message.reply_to),
        "subject": message.subject,
        "text": "\n".join(part for part in (message.text, message.quoted) if part),
    }
    asked = {name for hit in trace.hits if hit.check for name in _headers_asked(hit.check)}
    headers: dict[str, tuple[str, ...]] = {}
    for field in message.fields:
        if field.name.lower() in _FIELDS or field.name.lower() in asked:
            headers[field.name] = (*headers.get(field.name, ()), field.value)
    named = {m.address.lower() for m in (*message.to, *message.cc)}
    if elsewhere := tuple(path for path in envelope.forward_paths if path.lower() not in named):
        headers["Delivered-To"] = elsewhere
    if envelope.reverse_path is None:
        headers["Return-Path"] = ("<>",)
    mail["headers"] = headers
    if s.auth.by is not None:
        mail["auth"] = {"spf": s.auth.spf, "dkim": s.auth.dkim, "dmarc": s.auth.dmarc}
    name = f"m-{row.id} {' '.join(message.subject.split())[:60]}".strip()
    given = {key: value for key, value in mail.items() if value}
    at = s.at.replace(microsecond=0)
    history = {"rules": s.fired} if s.fired else {}
    return Scene(name, 1, given, "", at, {}, ticket=_ticket(s), customer=_customer(s.customer), history=history)


def _ticket(s: Situation) -> dict[str, Any] | None:
    """The ticket that the mail belongs to, as it was."""
    if s.ticket is None:
        return None
    values = {name: value for name in _OF_TICKET if (value := getattr(s.ticket, name))}
    ages = {"age": s.at - s.ticket.created_at, "idle": s.at - s.ticket.updated_at}
    fields = {"fields": dict(s.ticket.fields)} if s.ticket.fields else {}
    return values | fields | {name: timedelta(seconds=int(length.total_seconds())) for name, length in ages.items()}


def _customer(customer: Customer | None) -> dict[str, Any] | None:
    """Who wrote, as far as a test can know."""
    if customer is None:
        return None
    return {name: value for name in _OF_CUSTOMER if (value := getattr(customer, name))}


def _addresses(mailboxes: tuple[Mailbox, ...]) -> tuple[str, ...]:
    return tuple(map(str, mailboxes))


def _headers_asked(check: Check) -> Iterator[str]:
    if check.field.startswith("headers."):
        yield check.field.removeprefix("headers.").lower()
    for child in check.children:
        yield from _headers_asked(child)


def _lines(scene: Scene) -> Iterator[str]:
    yield f"  - name: {plainly(scene.name)}"
    yield "    mail:"
    for name, value in scene.mail.items():
        yield f"      {name}: {_written(value)}"
    for name, given in (("ticket", scene.ticket), ("customer", scene.customer), ("history", scene.history or None)):
        if given is not None:
            yield f"    {name}: {_written(given)}"
    if scene.now is not None:
        yield f"    now: {scene.now.isoformat()}"
    yield "    expect:"
    for name, value in scene.expect.items():
        yield f"      {name}: {_written(value)}"


def _written(value: object) -> str:
    match value:
        case tuple():
            return f"[{', '.join(map(_one, value))}]"
        case Mapping():
            return "{" + ", ".join(f"{_one(str(k))}: {_written(v)}" for k, v in value.items()) + "}"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case timedelta():
            return in_words(value)
        case _:
            return _one(str(value))


def _one(text: object) -> str:
    return plainly(str(text))
