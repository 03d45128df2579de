"""A canned reply that a rule sends: which one, with which values, and what it sets in the ticket.

Sources  mails-out.md §10, rules.md §5.
Not here the replies themselves (outgoing/canned.py); what is known of them comes from beside the file (reading.py).
"""

from collections.abc import Mapping
from typing import Any

from gateway.rules import placeholders, reading
from gateway.rules.action_forms import VALUES, misfit, whole_record
from gateway.rules.forms import LANGUAGE, Form, Key, Keys, Reader, name_of, record, record_schema
from gateway.rules.statuses import OF_COMMANDS
from gateway.rules.tree import Node
from gateway.rules.types import PRIORITIES, Reply, Set, Tag

CANNED = "canned"  # the mail that carries a canned reply where nobody wrote it

_NAME = name_of("canned reply", "canned replies", lambda k: k.mails.canned)
_KEYS: Keys = {
    "name": Key(_NAME, "which one", required=True),
    "language": Key(LANGUAGE, "instead of the customer's"),
    "with": Key(VALUES, "values of its variables", name="values"),
}


def canned(
    rule: str,
    name: str,
    sets: Mapping[str, str],
    tags: tuple[str, ...],
    language: str | None = None,
    values: tuple[tuple[str, str], ...] = (),
) -> tuple[Reply | Set | Tag, ...]:
    """The actions that sending a canned reply is made of."""
    reply = Reply(rule, CANNED, name, language, values=values)
    return (reply, *((Tag(rule, tags),) if tags else ()), *(Set(rule, field, value) for field, value in sets.items()))


def _read(node: Node, r: Reader) -> dict[str, Any] | None:
    """The reply, the values of all its variables, and what it sets."""
    given = _named(node, r)
    if given is None:
        return None
    reply, values = r.known.mails.canned[given["name"]], dict(given.get("values", ()))
    at = node.get("with") if node.kind == "map" else None
    for key, _ in reading.pairs(at, r.f) if at is not None else ():
        if key.text not in reply.variables:
            r.f.unknown(key, "variable", key.text, tuple(reply.variables), "variables")
    if missing := [name for name in reply.variables if name not in values]:
        r.f.add(node, "R030", f"“{given['name']}” needs a value for {', '.join(missing)}", "write it under “with”")
        return None
    sets = {name: _setting(name, value, values, node, r) for name, value in reply.sets}
    return {**given, "sets": {name: value for name, value in sets.items() if value is not None}, "tags": reply.tags}


def _named(node: Node, r: Reader) -> dict[str, Any] | None:
    if node.kind == "map":
        return whole_record(record(node, _KEYS, r, "action “canned”"), _KEYS)
    name = _NAME.read(node, r)
    return None if name is None else {"name": name}


def _setting(name: str, text: str, values: Mapping[str, str], node: Node, r: Reader) -> str | None:
    """What the reply sets, with the values of the rule in the places of its variables; None where it may not."""
    for variable, given in values.items():
        text = text.replace(f"[[{variable}]]", given)
    field = r.known.fields.get(name.removeprefix("field.")) if name.startswith("field.") else None
    statuses = [status for status in r.known.statuses if status not in OF_COMMANDS]
    words = {"status": statuses, "priority": PRIORITIES}.get(name)
    wrong = ""
    if "[[" in text:
        wrong = f"the rule has no value for {text} of the ticket"
    elif words is not None:
        wrong = "" if text in words else f"there is no {name} “{text[:40]}”"
    elif field is None:
        wrong = f"there is no field “{name[:40]}”"
    elif not placeholders.is_template(text):
        wrong = misfit(field, text) or ""
    if wrong:
        r.f.add(node, "R030", f"what the canned reply sets: {wrong}")
    return None if wrong else text


CANNED_REPLY = Form(
    _read,
    {"anyOf": [{"type": "string"}, record_schema(_KEYS)]},
    "name of a canned reply, or mapping of `name` `language` `with`",
)
