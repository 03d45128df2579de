"""`tests:` as data: what comes in, and what is expected of it.

Sources  rules.md §6, “Tests”.
Not here running them (staged.py beside the pipeline), comparing (selftest.py).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.message.address import mailboxes
from gateway.message.types import Mailbox
from gateway.rules import quantities, reading
from gateway.rules.action_forms import TEMPLATE
from gateway.rules.findings import nearest
from gateway.rules.forms import (
    AGENT,
    DURATION,
    FLAG,
    LANGUAGE,
    LINE,
    STATUS,
    TEAM,
    TEXT,
    Form,
    Key,
    Keys,
    Reader,
    list_of,
    mapping,
    name_of,
    one_of,
    record,
    record_schema,
    whole,
)
from gateway.rules.tree import Node
from gateway.rules.types import EVENTS, MAIL_EVENTS, PRIORITIES, Event, Scene

_MAIL = ("from", "to", "cc", "reply_to", "subject", "text", "html", "headers", "auth")
_AUTH = ("spf", "dkim", "dmarc")
_RESULTS = ("pass", "fail", "none", "temperror", "permerror")
_NEED_A_MAIL: tuple[Event | None, ...] = (None, "received", "new", "reply")
CUSTOMER: dict[str, Key] = {
    "muted": Key(FLAG, "gets no automatic mail"),
    "answered": Key(FLAG, "one of us wrote to this person before"),
    "language": Key(LANGUAGE, "of earlier mails"),
    "tier": Key(LINE, "such as gold"),
    "organisation": Key(LINE, "whom the person works for"),
    "open_tickets": Key(whole(), "tickets not yet solved"),
    "spam_tickets": Key(whole(), "tickets that are spam"),
}  # beside them, what look-ups give
TICKET: Keys = {
    "number": Key(whole(1), "as in its subject tag"),
    "subject": Key(LINE, "of its first mail"),
    "requester": Key(
        Form(lambda n, r: _mailbox(n, r), {"type": "string"}, "`Name <address>`"),
        "whose ticket it is; who writes, where it is not said",
    ),
    "language": Key(LANGUAGE, "of our mails in it"),
    "team": Key(TEAM, "that has it"),
    "assignee": Key(AGENT, "its owner"),
    "responsible": Key(AGENT, "who answers for it"),
    "status": Key(STATUS, "as it is before the mail"),
    "priority": Key(one_of(*PRIORITIES, kind="priority", plural="priorities"), "as it is before the mail"),
    "tags": Key(list_of(LINE, single=True), "as they are before the mail"),
    "fields": Key(Form(lambda n, r: _fields(n, r), {"type": "object"}, "mapping of field to value"), "custom fields"),
    "messages": Key(whole(), "how many mails there were"),
    "age": Key(DURATION, "since it was opened"),
    "idle": Key(DURATION, "since anything happened in it"),
}
_TEXTS = Form(
    lambda n, r: () if n.kind == "list" and not n.items else reading.texts(n, r.f),
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "list of texts",
)
_RULES = Form(lambda n, r: _rules(n, r), _TEXTS.schema, "list of rule ids")
HISTORY: Keys = {
    "sent": Key(
        Form(
            lambda n, r: _sent(n, r),
            {"type": "object", "additionalProperties": DURATION.schema},
            "mapping of a mail to how long ago it was sent",
        ),
        "automatic mails to this person, in the ticket where there is one: they count against limits",
    ),
    "rules": Key(_RULES, "ran in the ticket already, for `once`"),
    "opened": Key(whole(), "tickets that this person opened just now, for `limits.new_per_sender`"),
    "written": Key(whole(), "mails that he wrote into tickets just now, for `limits.updates_per_sender`"),
    "ticket": Key(mapping(TICKET, "mapping, as `ticket`"), "what was otherwise before the event"),
}
SCENE: Keys = {
    "name": Key(LINE, "said when it fails", required=True),
    "mail": Key(
        Form(lambda n, r: _mail(n, r), {"type": "object"}, "mapping of `from` `to` `subject` `text` …"), "what comes in"
    ),
    "file": Key(LINE, "a mail file beside the rules, instead of `mail`"),
    "event": Key(
        one_of(*EVENTS, kind="event", plural="events"),
        "instead of what the mail raises; one that no mail raises needs none",
    ),
    "now": Key(Form(lambda n, r: _moment(n, r), {"type": "string"}, "time with its zone"), "the clock stands still"),
    "customer": Key(
        Form(
            lambda n, r: _customer(n, r),
            record_schema(CUSTOMER) | {"additionalProperties": TEXT.schema},
            "mapping, below",
        ),
        "who writes is known",
    ),
    "ticket": Key(mapping(TICKET, "mapping, below"), "what comes in belongs to this ticket"),
    "history": Key(mapping(HISTORY, "mapping, below"), "what was before"),
    "expect": Key(
        Form(lambda n, r: _expect(n, r), {"type": "object"}, "mapping, below"), "what must come out", required=True
    ),
}
EXPECT: Keys = {
    "rules": Key(_RULES, "those that apply, in order; exact"),
    "rules_not": Key(_RULES, "those that do not"),
    "ticket": Key(
        Form(lambda n, r: _ticket(n, r), {"type": ["string", "integer"]}, "`none`, `new` or a number"), "where it goes"
    ),
    "team": Key(TEAM, "of the ticket"),
    "assignee": Key(name_of("agent", "agents", lambda k: k.agents, "none"), "of the ticket"),
    "status": Key(STATUS, "of the ticket"),
    "priority": Key(one_of(*PRIORITIES, kind="priority", plural="priorities"), "of the ticket"),
    "sla": Key(name_of("SLA policy", "SLA policies", lambda k: k.sla, "none"), "of the ticket"),
    "due": Key(Form(lambda n, r: _moment(n, r), {"type": "string"}, "time with its zone"), "of the ticket"),
    "tags": Key(_TEXTS, "of the ticket, in any order"),
    "fields": Key(Form(lambda n, r: _fields(n, r), {"type": "object"}, "mapping of field to value"), "of the ticket"),
    "sent": Key(_TEXTS, "automatic mails, as TEMPLATE[/VARIANT].LANGUAGE; exact"),
    "not_sent": Key(_TEXTS, "mails that do not go out"),
    "quarantine": Key(LINE, "the reason"),
    "drop": Key(LINE, "the reason"),
    "hold": Key(LINE, "the reason"),
}  # fmt: skip


def scenes(node: Node, r: Reader) -> tuple[Scene, ...]:
    """The tests of the file, in order."""
    return tuple(_scene(item, r) for item in reading.items(node, r.f, may_be_empty=True))


def _scene(node: Node, r: Reader) -> Scene:
    given = record(node, SCENE, r, "a test")
    if node.kind == "map":
        _with_or_without_mail(node, given.get("event"), r)
    return replace(Scene("", node.line, {}, "", None, {}, source=r.f.name), **given)


def _with_or_without_mail(node: Node, event: Event | None, r: Reader) -> None:
    """A mail that plays no part in its event would change the ticket beside it."""
    mails = [at for at, _ in node.pairs if at.text in ("mail", "file")]
    if len(mails) > 1 or (not mails and event in _NEED_A_MAIL):
        r.f.add(node, "R030", "a test has either “mail” or “file”")
    elif mails and event is not None and event not in MAIL_EVENTS:
        hint = "say with “ticket” in which one it happens"
        r.f.add(mails[0], "R030", f"no mail raises the event “{event}”: leave it out", hint)


def _mailbox(node: Node, r: Reader) -> Mailbox | None:
    written = reading.line(node, r.f)
    found = mailboxes((written,), 1) if written is not None else ()
    if written is not None and len(found) != 1:
        r.f.add(node, "R030", f"no address: “{written[:60]}”", "Name <name@domain>")
        return None
    return next(iter(found), None)


def _sent(node: Node, r: Reader) -> Mapping[str, timedelta]:
    pairs = ((TEMPLATE.read(at, r), DURATION.read(value, r)) for at, value in reading.pairs(node, r.f))
    return {name: ago for name, ago in pairs if name is not None and ago is not None}


def _moment(node: Node, r: Reader) -> datetime | None:
    now = quantities.moment(node.text)
    if now is None:
        r.f.add(node, "R030", "a time with its zone belongs here", "such as 2026-11-21T22:10:00+01:00")
    return now


def _customer(node: Node, r: Reader) -> dict[str, Any]:
    given = {name: Key(LINE, "what a look-up gives") for name in r.known.customer}
    return record(node, given | CUSTOMER, r)


def _fields(node: Node, r: Reader) -> dict[str, str]:
    return {key.text: value.text for key, value in reading.pairs(node, r.f)}


def _mail(node: Node, r: Reader) -> dict[str, Any]:
    f = r.f
    found: dict[str, Any] = {}
    for name, value in reading.keys(node, _MAIL, f).items():
        match name:
            case "headers":
                found[name] = {key.text: reading.texts(v, f) for key, v in reading.pairs(value, f)}
            case "auth":
                results = reading.keys(value, _AUTH, f).items()
                found[name] = {n: reading.choice(v, _RESULTS, "result", "results", f) for n, v in results}
            case "subject" | "text" | "html":
                found[name] = reading.text(value, f)
            case _:
                found[name] = reading.texts(value, f)
    return found


def _expect(node: Node, r: Reader) -> dict[str, Any]:
    return record(node, EXPECT, r)


def _rules(node: Node, r: Reader) -> tuple[str, ...]:
    nodes = node.items if node.kind == "list" else [node]
    found = []
    for n in nodes:
        name = reading.text(n, r.f)
        if name is not None and name not in r.known.rules:
            hint = nearest(name, r.known.rules)
            r.f.add(n, "R021", f"the test names a rule that does not exist: “{name}”", hint)
        elif name is not None:
            found.append(name)
    return tuple(found)


def _ticket(node: Node, r: Reader) -> str | int | None:
    if node.kind == "number" and isinstance(node.value, int):
        return node.value
    return reading.choice(node, ("none", "new"), "ticket", "tickets", r.f)
