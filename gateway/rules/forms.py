"""What a value must look like: read from the file, described as JSON Schema, named in the documents - from one entry.

Sources  rules.md §1; JSON Schema 2020-12.
Not here which keys there are (sections.py, action_forms.py, scenes.py), single values (reading.py).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gateway.message.address import normal
from gateway.rules import pattern, quantities, reading
from gateway.rules.findings import Findings
from gateway.rules.reading import Known
from gateway.rules.statuses import OF_COMMANDS
from gateway.rules.tree import Node
from gateway.rules.types import LONGEST_SNOOZE, Event, Test

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_SHOWN = 40  # characters of a value in a message


@dataclass(slots=True)
class Reader:
    """With what the file is read: the names it defines, where problems go."""

    known: Known
    f: Findings
    rule: str = ""
    on: tuple[Event, ...] = ()
    tests: dict[str, Test] = field(default_factory=dict)  # equal ones are one, and are looked at once
    captures: Collection[str] | None = ()  # what the patterns of the rule define; None when one of them is broken


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of value. `read` returns None for what does not fit, and notes it."""

    read: Callable[[Node, Reader], Any]
    schema: Mapping[str, Any]
    words: str  # in the documents


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping."""

    form: Form
    about: str
    required: bool = False
    name: str = ""  # of the attribute that takes it; empty: that of the key


Keys = Mapping[str, Key]


def record(node: Node, keys: Keys, r: Reader, what: str = "") -> dict[str, Any]:
    """The values of a mapping by the name of their attribute; those that do not fit are left out.

    what  has no such key, in the message
    """
    found = reading.keys(node, keys, r.f)
    for name, key in keys.items():
        if key.required:
            reading.required(node, name, found, what or "this", r.f)
    given = {}
    for at, value in node.pairs:
        if found.get(at.text) is value:
            given[keys[at.text].name or at.text] = keys[at.text].form.read(value, r)
    return {name: value for name, value in given.items() if value is not None}


def record_schema(keys: Keys) -> dict[str, Any]:
    """The JSON Schema of a mapping."""
    made: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {**key.form.schema, "description": key.about} for name, key in keys.items()},
    }
    required = [name for name, key in keys.items() if key.required]
    return {**made, "required": required} if required else made


def mapping(keys: Keys, words: str = "mapping") -> Form:
    """A mapping with these keys."""
    return Form(
        lambda n, r: record(n, keys, r) if n.kind == "map" or reading.pairs(n, r.f) else None,
        record_schema(keys),
        words,
    )


# --- values -----------------------------------------------------------------------------------------------------

TEXT = Form(lambda n, r: reading.text(n, r.f), {"type": "string"}, "text")
LINE = Form(lambda n, r: reading.line(n, r.f), {"type": "string", "minLength": 1}, "text of one line")
FLAG = Form(lambda n, r: reading.flag(n, r.f), {"type": "boolean"}, "`true` or `false`")
DURATION = Form(
    lambda n, r: reading.duration(n, r.f), {"type": "string", "pattern": "^[0-9]{1,9}(s|mo|m|h|d|w|y)$"}, "duration"
)


def _kept(node: Node, r: Reader) -> timedelta | None:
    span = reading.duration(node, r.f)
    if span is not None and span < timedelta(days=1):
        r.f.add(node, "R030", f"nothing is kept for less than a day: “{node.text[:_SHOWN]}”", "m is minutes, mo months")
        return None
    return span


KEPT = Form(_kept, {"type": "string", "pattern": "^[0-9]{1,9}(mo|h|d|w|y)$"}, "duration, a day or more")


def _sleep(node: Node, r: Reader) -> timedelta | None:
    span = reading.duration(node, r.f)
    if span is not None and span > LONGEST_SNOOZE:
        r.f.add(node, "R030", f"nothing sleeps so long: “{node.text[:_SHOWN]}”", f"{LONGEST_SNOOZE.days}d at most")
        return None
    return span


SLEEP = Form(_sleep, DURATION.schema, DURATION.words)


def whole(least: int = 0) -> Form:
    """A whole number."""

    def read(node: Node, r: Reader) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or node.value < least:
            r.f.add(node, "R030", f"a whole number belongs here, not “{node.text[:_SHOWN]}”", f"{least} or more")
            return None
        return node.value

    return Form(read, {"type": "integer", "minimum": least}, "number")


def one_of(*words: str, kind: str = "value", plural: str = "values") -> Form:
    """One of these words."""
    shown = " ".join(f"`{w}`" for w in words)
    return Form(lambda n, r: reading.choice(n, words, kind, plural, r.f), {"enum": list(words)}, shown)


def name_of(kind: str, plural: str, names: Callable[[Known], Collection[str]], *also: str) -> Form:
    """A name that the file defines, or one of some other words."""
    return Form(
        lambda n, r: reading.choice(n, (*names(r.known), *also), kind, plural, r.f),
        {"type": "string"},
        " ".join((kind, *(f"`{word}`" for word in also))),
    )


def list_of(form: Form, *, single: bool = False, may_be_empty: bool = False) -> Form:
    """A list of such values; `single`: one of them may stand alone."""

    def read(node: Node, r: Reader) -> tuple[Any, ...] | None:
        if single and node.kind != "list":
            value = form.read(node, r)
            return None if value is None else (value,)
        values = [form.read(n, r) for n in reading.items(node, r.f, may_be_empty=may_be_empty)]
        return tuple(v for v in values if v is not None) if node.kind == "list" else None

    many: dict[str, Any] = {"type": "array", "items": form.schema}
    if not may_be_empty:
        many["minItems"] = 1
    schema = {"anyOf": [form.schema, many]} if single else many
    return Form(read, schema, f"{form.words}, or a list" if single else f"list of: {form.words}")


def matching(expression: re.Pattern[str], wrong: str, hint: str, words: str) -> Form:
    """A text of one line that fits an expression."""

    def read(node: Node, r: Reader) -> str | None:
        value = reading.line(node, r.f)
        if value is not None and not expression.fullmatch(value):
            r.f.add(node, "R030", f"{wrong}: “{value[:60]}”", hint)
            return None
        return value

    return Form(read, {"type": "string", "minLength": 1}, words)


def _address(node: Node, r: Reader) -> str | None:
    value = _WRITTEN_ADDRESS.read(node, r)
    return normal(value) if value is not None else None


_WRITTEN_ADDRESS = matching(_ADDRESS, "no address", "name@domain", "address")
ADDRESS = Form(_address, {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$"}, "address")
LANGUAGE = replace(
    matching(_LANGUAGE, "no language", "such as en, de or pt-BR", "language"),
    schema={"type": "string", "pattern": f"^{_LANGUAGE.pattern}$"},
)
DOMAIN = matching(_DOMAIN, "no domain", "such as acme.test", "domain")
TIME_OF_DAY = replace(
    matching(re.compile(r"([01]\d|2[0-3]):[0-5]\d"), "no time of day", 'such as "08:30"', "time of day"),
    schema={"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"},
)


def _expression(node: Node, r: Reader) -> str | None:
    source = reading.text(node, r.f)
    try:
        if source is not None:
            pattern.compiled(source)
    except ValueError as e:
        r.f.add(node, "R003", f"bad pattern: {e}")
        return None
    return source


PATTERN = Form(_expression, {"type": "string"}, "pattern (RE2)")


def _percent(node: Node, r: Reader) -> int | None:
    found = re.fullmatch(r"([0-9]{1,3})%", node.text) if node.kind == "text" else None
    if found is None or not 0 < int(found[1]) <= 100:
        r.f.add(node, "R030", f"no percentage: “{node.text[:_SHOWN]}”", "such as 75%")
        return None
    return int(found[1])


PERCENT = Form(_percent, {"type": "string", "pattern": "^(100|[1-9][0-9]?)%$"}, "percent")


def rate(scope: str) -> Form:
    """`N per DURATION`, and the one scope that it is counted in."""

    def read(node: Node, r: Reader) -> Any:
        given = quantities.rate(node.text) if node.kind == "text" else None
        if given is None:
            r.f.add(node, "R030", f"no rate: “{node.text[:_SHOWN]}”", "a rate is N per DURATION, such as 5 per 24h")
            return None
        if given[1] not in ("", scope):
            r.f.add(
                node, "R030", f"this limit is not counted per {given[1]}", f"per {scope}" if scope else "leave it out"
            )
        return given[0]

    return Form(read, {"type": "string", "pattern": "^[0-9]+ per [0-9a-z]+( per [a-z]+)?$"}, "rate")


def _working_days(node: Node, r: Reader) -> int | None:
    found = re.fullmatch(r"([0-9]{1,4})d", node.text) if node.kind == "text" else None
    if found is None:
        r.f.add(node, "R030", f"no working days: “{node.text[:_SHOWN]}”", "such as 7d")
        return None
    return int(found[1])


WORKING_DAYS = Form(_working_days, {"type": "string", "pattern": "^[0-9]{1,4}d$"}, "working days")


def or_never(form: Form, never: Any) -> Form:
    """Such a value, or the word `never`, which stands for another one."""

    def read(node: Node, r: Reader) -> Any:
        return never if node.text == "never" and node.kind == "text" else form.read(node, r)

    return Form(read, {"anyOf": [form.schema, {"const": "never"}]}, f"{form.words}, or `never`")


def positive(value: timedelta | None, node: Node, r: Reader) -> timedelta | None:
    """A duration that is longer than nothing."""
    if value is not None and not value:
        r.f.add(node, "R030", "no time at all", "such as 1h")
        return None
    return value


TEAM = name_of("team", "teams", lambda k: k.teams)
AGENT = name_of("agent", "agents", lambda k: k.agents)
CALENDAR = name_of("calendar", "calendars", lambda k: k.calendars)
SLA = name_of("SLA policy", "SLA policies", lambda k: k.sla)
STATUS = name_of("status", "statuses", lambda k: k.statuses)
SETTABLE = name_of("status", "statuses", lambda k: [s for s in k.statuses if s not in OF_COMMANDS])
