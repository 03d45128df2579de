"""`sla:` as values: what is promised, when to warn, whom a policy applies to.

Sources  rules.md §3; `8h` counts inside opening hours, `5d` is the same clock time five working days later.
Not here due times (ticket/).
"""

from dataclasses import replace
from typing import Any

from gateway.rules import quantities, reading
from gateway.rules.desk import Sla, Span, Targets
from gateway.rules.forms import (
    AGENT,
    CALENDAR,
    LINE,
    PERCENT,
    TEAM,
    Form,
    Key,
    Keys,
    Reader,
    list_of,
    mapping,
    one_of,
    record,
)
from gateway.rules.statuses import TYPES
from gateway.rules.tree import Node
from gateway.rules.types import METRICS, PRIORITIES


def _span(node: Node, r: Reader) -> Span | None:
    found = quantities.span(node.text) if node.kind == "text" else None
    if found is None:
        r.f.add(node, "R030", f"no promise: “{node.text[:40]}”", "opening hours such as 8h, or working days such as 2d")
    return found


_SPAN = Form(_span, {"type": "string", "pattern": "^[0-9]{1,9}(s|m|h|d|w)$"}, "duration")
_ABOUT = {
    "first_response": "to the first answer of a person",
    "next_response": "to the answer to a later mail",
    "update": "between two words of ours",
    "resolution": "to solved",
}
_TARGETS: Keys = {name: Key(_SPAN, _ABOUT[name]) for name in METRICS}
_APPLIES: Keys = {
    "tier": Key(list_of(LINE, single=True), "of the customer"),
    "organisation": Key(list_of(LINE, single=True), "of the customer"),
    "country": Key(list_of(LINE, single=True), "of the customer"),
    "team": Key(list_of(TEAM, single=True), "of the ticket"),
    "priority": Key(list_of(one_of(*PRIORITIES), single=True), "of the ticket"),
}


def _by_priority(node: Node, r: Reader) -> dict[str, Targets]:
    found = {}
    for name, value in reading.keys(node, PRIORITIES, r.f, kind="priority").items():
        found[name] = replace(Targets(), **record(value, _TARGETS, r))
    return found


SLA_KEYS: Keys = {
    "calendar": Key(CALENDAR, "in whose hours it counts; else that of the team"),
    **_TARGETS,
    "warn_at": Key(list_of(PERCENT, single=True), "when to warn"),
    "for": Key(mapping(_APPLIES), "whose tickets get it when no rule chose; the first fitting one", name="applies"),
    "escalation": Key(list_of(AGENT, single=True), "who is told after owner and lead"),
    "pause_in": Key(
        list_of(one_of(*TYPES, kind="status type", plural="types"), single=True, may_be_empty=True),
        "status types in which the clock stands",
    ),
    "by_priority": Key(
        Form(_by_priority, {"type": "object"}, "mapping of priority to such times"), "other times for some priorities"
    ),
}


def policy(name: str, node: Node, r: Reader) -> Sla:
    """One policy."""
    given: dict[str, Any] = record(node, SLA_KEYS, r, f"SLA policy “{name}”")
    targets = Targets(**{metric: given.pop(metric) for metric in METRICS if metric in given})
    applies = tuple(given.pop("applies", {}).items())
    for key, told in node.pairs:
        for each in (told.items or [told]) if key.text == "escalation" else ():
            r.known.places.setdefault(f"escalation {name} {each.text}", (r.f.name, each))
    return replace(Sla(name, None, targets), **given, applies=applies)
