"""The rule file as JSON Schema 2020-12, for editors: made from the registries that also read the file.

Sources  JSON Schema 2020-12. Names that the file itself gives (teams, lists) are texts here.
Not here checking a file (load.py): the schema accepts a little more.
"""

from collections.abc import Mapping
from typing import Any

from gateway.rules.actions import ACTIONS
from gateway.rules.conditions import GROUPS
from gateway.rules.forms import list_of, one_of, record_schema
from gateway.rules.load import ONCE
from gateway.rules.operators import OPERATORS, OPTIONS, OperatorInfo
from gateway.rules.scenes import EXPECT, SCENE
from gateway.rules.sections import ENTRIES, LISTS_FILE, SINGLE
from gateway.rules.types import ALIASES, EVENTS, REGISTRY, FactInfo

_ID = "^[a-z0-9][a-z0-9_-]*$"
_SCALARS: Mapping[str, Any] = {
    "text": {"type": "string"},
    "list": {"type": "string"},
    "enum": {"type": "string"},
    "pairs": {"type": "string"},
    "bool": {"type": "boolean"},
    "number": {"type": "number"},
    "size": {"type": "string", "pattern": "^[0-9]{1,9} ?(B|KiB|MiB|GiB)$"},
    "duration": {"type": "string", "pattern": "^[0-9]{1,9}(s|mo|m|h|d|w|y)$"},
    "time": {"type": "string"},
    "clock": {"type": "string"},
}
_FLAGS = ("exists", "empty", "changed")
_ONE = ("gt", "gte", "lt", "lte", "within", "outside", "matches", "is", "is_not")
_PAIRS = tuple(name for name, info in REGISTRY.items() if info.type == "pairs")  # headers.NAME and the like


def schema() -> dict[str, Any]:
    """The whole schema, ready for JSON."""
    events = list_of(one_of(*EVENTS), single=True).schema
    strings = {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Any] = {
        "version": {"const": 1},
        "include": {
            "anyOf": [{"type": "string"}, strings],
            "description": "relative globs of more rules, lists and tests",
        },
        **{name: record_schema(keys) for name, keys in SINGLE.items()},
        **{name: _entries(record_schema(keys)) for name, keys in ENTRIES.items()},
        "lists": _entries({"anyOf": [strings, record_schema(LISTS_FILE)]}),
        "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
        "tests": {"type": "array", "items": _test()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rules.yaml of Mailwicket",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "defaults"],
        "properties": properties,
        "$defs": {"rule": _rule(events), "when": _when(), "action": {"anyOf": [*_actions(events)]}},
    }


def _entries(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": {"pattern": _ID}, "additionalProperties": entry}


def _test() -> dict[str, Any]:
    made = record_schema(SCENE)
    made["properties"]["expect"] = record_schema(EXPECT)
    return made


def _rule(events: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "on", "do"],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "about": {"type": "string"},
            "on": events,
            "when": {"$ref": "#/$defs/when"},
            "do": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/action"}},
            "enabled": {"type": "boolean"},
            "shadow": {"type": "boolean", "description": "traced, never applied"},
            "once": {"enum": list(ONCE)},
            "cron": {"type": "string", "description": "five fields; with on: schedule"},
            "each": {"type": "string", "description": "a search; the rule runs for each ticket found (is:open)"},
        },
    }


def _actions(events: Mapping[str, Any]) -> Any:
    for name, info in ACTIONS.items():
        yield {
            "type": "object",
            "additionalProperties": False,
            "required": [name],
            "properties": {
                name: {**info.form.schema, "description": info.about},
                "after": {"type": "string", "description": "such as 3d, or 3d in office"},
                "unless": events,
                **({"confirm": {"type": "boolean"}} if name in ("drop", "quarantine") else {}),
            },
        }


def _when() -> dict[str, Any]:
    nested = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/when"}}
    named = {name: _test_of(info) for name, info in REGISTRY.items() if name not in _PAIRS}
    aliases = {alias: named[name] for alias, name in ALIASES.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**dict.fromkeys(GROUPS, nested), **aliases, **named},
        "patternProperties": {_named(name): _test_of(REGISTRY[name]) for name in _PAIRS},
    }


def _named(name: str) -> str:
    """The names that a mail, a customer or the file gives: all but the fixed ones with the same beginning."""
    prefix = name.removesuffix("NAME")
    fixed = [n.removeprefix(prefix) for n in REGISTRY if n.startswith(prefix) and n != name]
    others = f"(?!(?:{'|'.join(fixed)})$)" if fixed else ""
    return f"^{prefix.replace('.', chr(92) + '.')}{others}.+$"


def _test_of(info: FactInfo) -> dict[str, Any]:
    """A value, a list of values, or a mapping of operators."""
    value = {"enum": list(info.values)} if info.values else _SCALARS[info.type]
    reference = {"type": "string", "pattern": r"^\$[a-z]"}
    one = {"anyOf": [value, reference]} if info.values else value
    operators = {name: _operand(name, one) for name, o in OPERATORS.items() if _goes(info, name, o)}
    options = {name: {"type": "boolean"} for name in OPTIONS}
    tests = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {**operators, **options},
    }
    return {"anyOf": [one, {"type": "array", "items": one}, tests], "description": f"{info.type}; {info.example}"}


def _goes(info: FactInfo, name: str, operator: OperatorInfo) -> bool:
    return info.type in operator.types and (not name.startswith("changed") or info.name.startswith("ticket."))


def _operand(name: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    if name in _FLAGS:
        return {"type": "boolean"}
    if name == "between":
        return {"type": "array", "minItems": 2, "maxItems": 2, "items": value}
    if name in _ONE:
        return value
    return {"anyOf": [{"type": "string"}, value, {"type": "array", "items": value}]}
