"""What stands behind an action: settings, tags, mails, reasons.

Sources  rules.md §5.
Not here which actions there are (actions.py), single kinds of values (forms.py).
"""

import re
from datetime import date
from typing import Any

from gateway.message.address import normal
from gateway.rules import pattern, placeholders, quantities, reading
from gateway.rules.desk import FieldInfo
from gateway.rules.findings import nearest
from gateway.rules.forms import (
    ADDRESS,
    DURATION,
    FLAG,
    LANGUAGE,
    LINE,
    SETTABLE,
    Form,
    Key,
    Keys,
    Reader,
    list_of,
    name_of,
    one_of,
    record,
    record_schema,
    whole,
)
from gateway.rules.operators import domains
from gateway.rules.tree import Node
from gateway.rules.types import ALIASES, LINK_KINDS, PRIORITIES, REGISTRY

_PLAIN_SETTINGS = ("status", "priority", "language", "responsible", "due")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TAG = re.compile(r"[^\s,\"']{1,64}")


def _filled(node: Node, r: Reader) -> str | None:
    """A text in which `{{ … }}` may stand; what is wrong with it is noted."""
    value = reading.text(node, r.f)
    if value is not None and not value.strip():
        r.f.add(node, "R030", "a text belongs here")
        return None
    return value.strip() if value is not None and _may_fill(value, node, r) else None


def _may_fill(value: str, node: Node, r: Reader) -> bool:
    if not placeholders.is_template(value):
        return True
    try:
        names = placeholders.compiled(value).names
    except ValueError as e:
        r.f.add(node, "R030", f"“{{{{ … }}}}” cannot be read: {e}")
        return False
    known = [_name_is_known(name, node, r) for name in names]  # all of them, so that each is told
    return all(known)


def _name_is_known(name: str, node: Node, r: Reader) -> bool:
    captures = r.captures if r.captures is not None else (name.removeprefix(placeholders.CAPTURES),)
    if not placeholders.known(name, captures, r.known.fields, r.known.customer):
        if name.startswith(placeholders.CAPTURES):
            wrong = f"no pattern of the rule defines “{name.removeprefix(placeholders.CAPTURES)}”"
            r.f.add(node, "R018", wrong, nearest_or(name, captures, "write (?P<NAME>…) into it"))
        else:
            words = (
                *(n for n, i in REGISTRY.items() if i.type != "pairs"),
                *ALIASES,
                *(f"ticket.field.{n}" for n in r.known.fields),
                *(f"customer.{n}" for n in r.known.customer),
            )
            r.f.unknown(node, "name", name, words)
        return False
    info = REGISTRY.get(ALIASES.get(name, name))
    missing = [e for e in r.on if e not in info.events] if info else []
    if missing:
        r.f.add(node, "R017", f"“{name}” does not exist for event “{missing[0]}”")
    return not missing


def nearest_or(name: str, captures: Any, otherwise: str) -> str:
    """The hint for an unknown capture."""
    return nearest(name.removeprefix(placeholders.CAPTURES), captures) or otherwise


FILLED = Form(_filled, {"type": "string", "minLength": 1}, "text, `{{ … }}` allowed")


def _tag(node: Node, r: Reader) -> str | None:
    value = _filled(node, r)
    if value is not None and not placeholders.is_template(value) and not is_tag(value):
        r.f.add(node, "R030", f"no tag: “{value[:40]}”", "one word without commas and quotes")
        return None
    return value


def is_tag(value: str) -> bool:
    """Whether a text may be a tag."""
    return _TAG.fullmatch(value) is not None


TAGS = list_of(Form(_tag, {"type": "string", "minLength": 1}, "tag"), single=True)
SLA_OR_NONE = name_of("SLA policy", "SLA policies", lambda k: k.sla, "none")


def _settings(node: Node, r: Reader) -> dict[str, str] | None:
    custom = tuple(f"field.{n}" for n in r.known.fields)
    found = reading.keys(node, (*_PLAIN_SETTINGS, *custom), r.f)
    given = {name: _setting(name, value, r) for name, value in found.items()}
    return {name: value for name, value in given.items() if value is not None}


def _setting(name: str, node: Node, r: Reader) -> Any:
    match name:
        case "status":
            return SETTABLE.read(node, r)
        case "priority":
            return reading.choice(node, PRIORITIES, "priority", "priorities", r.f)
        case "language":
            return LANGUAGE.read(node, r)
        case "responsible":
            return reading.choice(node, r.known.agents, "agent", "agents", r.f)
        case "due":
            return _due(node, r)
        case _:
            return _field_value(r.known.fields[name.removeprefix("field.")], node, r)


def _due(node: Node, r: Reader) -> str | None:
    if quantities.moment(node.text) is None and quantities.duration(node.text) is None:
        r.f.add(node, "R030", f"no due time: “{node.text[:40]}”", "such as 2d, or 2026-11-21T22:10:00+01:00")
        return None
    return node.text


def _field_value(info: FieldInfo, node: Node, r: Reader) -> str | None:
    if (info.type, node.kind) in (("number", "number"), ("bool", "bool")):
        return node.text
    value = _filled(node, r)
    if value is not None and not placeholders.is_template(value) and (wrong := misfit(info, value)):
        r.f.add(node, "R030", wrong)
        return None
    return value


def misfit(info: FieldInfo, value: str) -> str | None:
    """Why a value may not stand in a custom field; None when it may."""
    fits = True
    match info.type:
        case "enum":
            fits = value in info.values
        case "bool":
            fits = value in ("true", "false")
        case "number":
            fits = re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value) is not None
        case "date":
            fits = _is_date(value)
        case "text":
            fits = bool(value)
    if fits and info.pattern:
        fits = pattern.compiled(rf"\A(?:{info.pattern})\z").search(value.encode("utf-8", "replace")) is not None
    return None if fits else f"field “{info.id}” does not take “{value[:40]}” ({info.form})"


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


SETTINGS = Form(
    _settings,
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "status": {"type": "string"},
            "priority": {"enum": list(PRIORITIES)},
            "language": LANGUAGE.schema,
            "responsible": {"type": "string"},
            "due": {"type": "string"},
        },
        "patternProperties": {"^field\\.": {"type": ["string", "number", "boolean"]}},
    },
    "mapping of `status` `priority` `language` `responsible` `due` `field.NAME`",
)


# --- mails ------------------------------------------------------------------------------------------------------


def _template(node: Node, r: Reader) -> str | None:
    name = reading.line(node, r.f)
    plain = [t for t in r.known.mails.written if "/" not in t]
    if name is not None and (name not in plain if plain else not _NAME.fullmatch(name)):
        r.f.unknown(node, "template", name, plain, "templates")
        return None
    return name


def _endpoint(node: Node, r: Reader) -> str | None:
    name, known = reading.line(node, r.f), r.known.endpoints
    if name is not None and known is not None and name not in known:
        r.f.unknown(node, "webhook", name, tuple(known), "webhooks")
        return None
    return name


ENDPOINT = Form(_endpoint, {"type": "string", "minLength": 1}, "name of a [[webhook]] of mailwicket.toml")
TEMPLATE = Form(_template, {"type": "string"}, "name of a mail")


def _reply(node: Node, r: Reader) -> dict[str, Any] | None:
    if node.kind != "map":
        name = _template(node, r)
        return {"template": name} if name else None
    given = record(node, _REPLY, r, "action “reply”")
    at = node.get("variant")
    if at is not None and "template" in given:
        given |= _variant(given["template"], at, r)
    return given if "template" in given else None


def _variant(template: str, node: Node, r: Reader) -> dict[str, str]:
    """A variant, or one that is used outside the hours of a calendar."""
    outside = {}
    if node.kind == "map":
        given = record(node, _OUTSIDE, r, "a variant")
        outside = {"outside": given["outside"]} if "outside" in given else {}
        node = node.get("use") or node
    name = reading.line(node, r.f) if node.kind != "map" else None
    every = [t for t in r.known.mails.written if "/" in t]
    known = [t.partition("/")[2] for t in every if t.startswith(f"{template}/")]
    if name is not None and r.known.mails.written and name not in known:
        r.f.unknown(node, "variant", name, known, "variants")
        return {}
    return {**outside, "variant": name} if name is not None else {}


def _values(node: Node, r: Reader) -> tuple[tuple[str, str], ...] | None:
    found = [(key.text, _filled(value, r)) for key, value in reading.pairs(node, r.f)]
    return tuple((name, value) for name, value in found if value is not None)


VALUES = Form(_values, {"type": "object", "additionalProperties": FILLED.schema}, "mapping of name to text")
_CALENDAR_NAME = name_of("calendar", "calendars", lambda k: k.calendars)
_OUTSIDE: Keys = {
    "outside": Key(_CALENDAR_NAME, "outside the hours of this calendar", required=True),
    "use": Key(LINE, "this variant", required=True),
}
_REPLY: Keys = {
    "template": Key(TEMPLATE, "which mail", required=True),
    "variant": Key(
        Form(lambda n, r: None, {"anyOf": [{"type": "string"}, record_schema(_OUTSIDE)]}, "variant"),
        "which variant of it",
    ),
    "language": Key(LANGUAGE, "instead of the customer's"),
    "with": Key(VALUES, "values for the template", name="values"),
}
REPLY = Form(
    _reply,
    {"anyOf": [{"type": "string"}, record_schema(_REPLY)]},
    "mail, or mapping of `template` `variant` `language` `with`",
)
_RECIPIENT = name_of("recipient", "recipients", lambda k: k.agents, "assignee", "responsible", "team", "team.lead")
_NOTIFY: Keys = {
    "to": Key(list_of(_RECIPIENT, single=True), "who", required=True),
    "template": Key(TEMPLATE, "which mail", required=True),
}
NOTIFY = Form(
    lambda n, r: whole_record(record(n, _NOTIFY, r, "action “notify”"), _NOTIFY),
    record_schema(_NOTIFY),
    "mapping of `to` `template`",
)


# --- the rest ---------------------------------------------------------------------------------------------------


def whole_record(given: dict[str, Any], keys: Keys) -> dict[str, Any] | None:
    """What was read; None when something that is required did not fit."""
    return given if all(key.name or name in given for name, key in keys.items() if key.required) else None


_REASON: Keys = {
    "reason": Key(FILLED, "for people", required=True),
    "confirm": Key(FLAG, "yes, of every mail"),
}


def _disposal(node: Node, r: Reader) -> dict[str, Any] | None:
    if node.kind == "map":
        return whole_record(record(node, _REASON, r, "this action"), _REASON)
    reason = _filled(node, r)
    return {"reason": reason} if reason else None


DISPOSAL = Form(
    _disposal, {"anyOf": [FILLED.schema, record_schema(_REASON)]}, "reason, or mapping of `reason` `confirm`"
)
_ESCALATE: Keys = {
    "to": Key(name_of("team or agent", "teams and agents", lambda k: (*k.teams, *k.agents)), "team or agent")
}
ESCALATE = Form(
    lambda n, r: {} if n.value is True else record(n, _ESCALATE, r),
    {"anyOf": [{"const": True}, record_schema(_ESCALATE)]},
    "`true`, or mapping of `to`",
)
_LINK: Keys = {
    "to": Key(whole(1), "number of a ticket", required=True),
    "kind": Key(
        one_of(*LINK_KINDS, kind="kind of link", plural="kinds"), "what the other one is to this one", required=True
    ),
}
LINK = Form(
    lambda n, r: whole_record(record(n, _LINK, r, "action “link”"), _LINK),
    record_schema(_LINK),
    "mapping of `to` `kind`",
)


def _elsewhere(node: Node, r: Reader) -> str | None:
    """An address under a domain that the limits name, and none of ours: mail would go round in circles."""
    address: str | None = ADDRESS.read(node, r)
    if address is None:
        return None
    if normal(address) in r.known.addresses:
        r.f.add(node, "R030", f"{address} is an address of ours", "use “route”")
    elif not any(domain in r.known.redirect_domains for domain in domains(normal(address))):
        allowed = ", ".join(r.known.redirect_domains) or "none"
        r.f.add(node, "R030", f"{address} is not under limits.redirect_domains", f"they are: {allowed}")
    return address


ELSEWHERE = Form(_elsewhere, ADDRESS.schema, "address under `limits.redirect_domains`")
_SAME = name_of("field", "fields", lambda k: [f"field.{n}" for n in k.fields])
_MERGE: Keys = {
    "same": Key(list_of(_SAME), "fields that must be equal", required=True),
    "within": Key(DURATION, "how old the ticket may be", required=True),
}


def _merge(node: Node, r: Reader) -> dict[str, Any] | None:
    given = whole_record(record(node, _MERGE, r, "action “merge_into”"), _MERGE)
    for name in given["same"] if given is not None else ():
        field = name.removeprefix("field.")
        if r.captures is not None and field not in r.captures and not r.known.fields[field].origin:
            wrong = f"no pattern of the rule defines “{field}”"
            r.f.add(
                node.get("same") or node, "R018", wrong, nearest_or(field, r.captures, f"write (?P<{field}>…) into it")
            )
    return given


MERGE = Form(
    _merge,
    record_schema(_MERGE),
    "mapping of `same` `within`",
)
