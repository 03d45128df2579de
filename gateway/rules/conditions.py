"""`when:` as tests and groups, compiled: folded words, sets, patterns, numbers with their unit.

Sources  rules.md §4. Fields come from the registry of types.py, operators from operators.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.rules import operators, pattern, quantities, reading, statuses
from gateway.rules.findings import Findings, Place
from gateway.rules.operators import OPERATORS, OPTIONS
from gateway.rules.reading import Known
from gateway.rules.spelling import quoted, spelled_text
from gateway.rules.tree import Node
from gateway.rules.types import ALIASES, REGISTRY, Event, FactInfo, Group, Test

GROUPS = ("all", "any", "none")

_PATTERN_SHOWN = 28  # characters of a pattern in a trace
_LIST = re.compile(r"\$[a-z][a-z0-9_-]*")
_PAIRS = {"headers.": "headers.NAME", "ticket.field.": "ticket.field.NAME"}
_NAMED = tuple(n for n in REGISTRY if n not in _PAIRS.values())
_LATER = (
    "mail.is_forward", "mail.is_thanks", "mail.is_encrypted", "mail.is_calendar", "origin.ip", "spam.score",
    "spam.flag", "customer.tier", "customer.tags", "customer.organisation", "customer.open_tickets",
    "ticket.responsible", "ticket.idle", "ticket.reopened", "ticket.escalation", "ticket.waiting", "sla.policy",
    "sla.metric", "sla.due", "sla.percent", "time", "weekday",
)  # fmt: skip


@dataclass(slots=True)
class Conditions:
    """Reads the conditions of one rule."""

    known: Known
    on: tuple[Event, ...]
    f: Findings
    bad_pattern: bool = False

    def read(self, node: Node) -> Group:
        """The mapping `when:`: all of its entries must hold."""
        return Group("all", tuple(self._entries(node)))

    def _entries(self, node: Node) -> Iterator[Test | Group]:
        for key, value in reading.pairs(node, self.f):
            if key.text in GROUPS:
                yield Group(key.text, tuple(map(self._one, reading.items(value, self.f))))  # type: ignore[arg-type]
            else:
                yield from self._tests(key, value)

    def _one(self, node: Node) -> Test | Group:
        """An entry of all, any or none: one mapping, of which all must hold."""
        children = tuple(self._entries(node))
        if node.kind == "map" and not node.pairs:
            self.f.add(node, "R030", "the condition is empty")
        return children[0] if len(children) == 1 else Group("all", children)

    def _tests(self, key: Node, value: Node) -> Iterator[Test]:
        info = self._info(key)
        if info is None:
            return
        name = ALIASES.get(key.text, key.text)
        if value.kind != "map":
            operator = "in" if value.kind == "list" or _is_list(value) else "is"
            yield from self._test(name, info, operator, value, value, {})
            return
        options = self._options(value)
        for word, operand in value.pairs:
            if word.text in OPERATORS:
                self._check_options(word, value, options)
                yield from self._test(name, info, word.text, word, operand, options)
            elif word.text in operators.LATER:
                self.f.later(word, "operator", word.text)
            elif word.text not in OPTIONS:
                self.f.unknown(word, "operator", word.text, (*OPERATORS, *OPTIONS))
        if value.pairs and all(k.text in OPTIONS for k, _ in value.pairs):
            self.f.add(value, "R030", "options without an operator", "such as {contains: refund, word: true}")

    def _info(self, key: Node) -> FactInfo | None:
        name = ALIASES.get(key.text, key.text)
        info = REGISTRY.get(name) if name in _NAMED else None
        for prefix, entry in _PAIRS.items():
            if name.startswith(prefix) and len(name) > len(prefix):
                info = REGISTRY[entry]
        if info is None and name in _LATER:
            self.f.later(key, "field", name)
        elif info is None:
            custom = (f"ticket.field.{n}" for n in self.known.fields)
            self.f.unknown(key, "field", name, (*_NAMED, *_LATER, *ALIASES, "headers.Subject", *custom, *GROUPS))
        elif info.name == "ticket.field.NAME" and name.removeprefix("ticket.field.") not in self.known.fields:
            self.f.unknown(key, "field", name, [f"ticket.field.{n}" for n in self.known.fields], "fields")
        elif missing := [e for e in self.on if e not in info.events]:
            hint = f"it exists in: {', '.join(info.events)}"
            self.f.add(key, "R017", f"field “{name}” does not exist for event “{missing[0]}”", hint)
        return info

    def _options(self, node: Node) -> dict[str, bool]:
        found = {k.text: reading.flag(v, self.f) for k, v in node.pairs if k.text in OPTIONS}
        return {name: value for name, value in found.items() if value is not None}

    def _check_options(self, word: Node, node: Node, options: Mapping[str, bool]) -> None:
        for key, _ in node.pairs:
            if key.text in options and key.text not in OPERATORS[word.text].options:
                instead = r"\b" if key.text == "word" else "(?i)"
                hint = f"write {instead} into the pattern" if word.text == "matches" else ""
                self.f.add(key, "R030", f"option “{key.text}” does not go with operator “{word.text}”", hint)

    def _test(
        self, name: str, info: FactInfo, operator: str, at: Place, node: Node, options: Mapping[str, bool]
    ) -> Iterator[Test]:
        if info.type not in OPERATORS[operator].types:
            fitting = [o for o, i in OPERATORS.items() if info.type in i.types]
            hint = f"operators are: {', '.join(fitting)}"
            self.f.add(at, "R001", f"operator “{operator}” does not go with field “{name}” ({info.type})", hint)
            return
        case = options.get("case", False)
        fold = options.get("fold", True) and not case
        operand = self._operand(name, info, operator, node, case=case, fold=fold)
        if operand is not None:
            yield Test(name, operator, operand, wanted(operator, node), options.get("word", False), fold, case)

    def _operand(self, name: str, info: FactInfo, operator: str, node: Node, *, case: bool, fold: bool) -> Any:
        match operator:
            case "exists" | "empty":
                return reading.flag(node, self.f)
            case "matches":
                return self._pattern(node)
            case "gt" | "gte" | "lt" | "lte":
                return self._value(info, node)
            case "between":
                return self._between(info, node)
            case "is" | "is_not" | "in" | "not_in":
                return self._same(name, info, operator, node, case=case)
        words = self._texts(node)
        if "" in words:
            self.f.add(node, "R030", "an empty text is in every text", "there is “empty: true”")
        if operator == "under":
            return tuple((operators.same_key(w, case=False).strip(".@"), w) for w in words) or None
        return tuple((operators.word_key(w, fold=fold), w) for w in words) or None

    def _pattern(self, node: Node) -> pattern.Pattern | None:
        source = reading.text(node, self.f)
        try:
            return pattern.compiled(source) if source is not None else None
        except ValueError as e:
            self.f.add(node, "R003", f"bad pattern: {e}")
            self.bad_pattern = True
            return None

    def _between(self, info: FactInfo, node: Node) -> Any:
        bounds = reading.items(node, self.f)
        values = [self._value(info, n) for n in bounds]
        if len(values) != 2:
            self.f.add(node, "R030", "between takes two values: [from, to]")
        elif None not in values and values[0] > values[1]:
            self.f.add(node, "R030", f"between {bounds[0].text} and {bounds[1].text} lies nothing")
        return tuple(values) if len(values) == 2 and None not in values else None

    def _same(self, name: str, info: FactInfo, operator: str, node: Node, *, case: bool) -> Any:
        many = operator in ("in", "not_in")
        if many and node.kind != "list" and not _is_list(node):
            self.f.add(node, "R030", f"“{operator}” takes a list", "such as [a, b] or $name")
            return None
        if not many and (node.kind == "list" or _is_list(node)):
            self.f.add(node, "R030", f"“{operator}” takes one value", "for a list there is “in”")
            return None
        if info.type in ("text", "list", "enum", "pairs"):
            nodes = reading.items(node, self.f) if node.kind == "list" else (node,)
            self._check_names(name, info, nodes)
            return {operators.same_key(w, case=case): w for w in self._texts(node)} or None
        nodes = reading.items(node, self.f) if many else (node,)
        return {v: n.text for n in nodes if (v := self._value(info, n)) is not None} or None

    def _check_names(self, name: str, info: FactInfo, nodes: Iterable[Node]) -> None:
        """A value that no fact can ever have is a slip of the pen."""
        kinds: Mapping[str, tuple[str, Iterable[str]]] = {
            "ticket.team": ("team", self.known.teams),
            "ticket.assignee": ("agent", self.known.agents),
            "ticket.status": ("status", self.known.statuses),
            "ticket.status_type": ("status type", statuses.TYPES),
        }
        kind, names = kinds.get(name, ("value", info.values))
        info_field = self.known.fields.get(name.removeprefix("ticket.field."))
        if name.startswith("ticket.field.") and info_field:
            names = info_field.values
        allowed = {operators.same_key(n, case=False) for n in names}
        plural = "statuses" if kind == "status" else f"{kind}s"
        for node in nodes if allowed else ():
            key = operators.same_key(node.text, case=False)
            if node.kind == "text" and not _is_list(node) and key not in allowed:
                self.f.unknown(node, kind, node.text, list(names), plural)

    def _value(self, info: FactInfo, node: Node) -> Any:
        match info.type:
            case "bool":
                return reading.flag(node, self.f)
            case "duration":
                return reading.duration(node, self.f)
            case "size":
                value: Any = quantities.size(node.text) if node.kind == "text" else None
                wanted_form = "a size such as 64 KiB"
            case "time":
                value = quantities.moment(node.text)
                wanted_form = "a time with its zone, such as 2026-11-21T22:10:00+01:00"
            case _:
                value = node.value if node.kind == "number" else None
                wanted_form = "a number"
        if value is None:
            self.f.add(node, "R030", f"{wanted_form} belongs here, not “{node.text[:40]}”")
        return value

    def _texts(self, node: Node) -> tuple[str, ...]:
        """The words of an operand, `$name` replaced by its list, empty ones refused."""
        found: dict[str, None] = {}
        for n in reading.items(node, self.f) if node.kind == "list" else (node,):
            if _is_list(n):
                if n.text[1:] not in self.known.lists:
                    self.f.unknown(n, "list", n.text, ["$" + name for name in self.known.lists], "lists")
                found |= dict.fromkeys(self.known.lists.get(n.text[1:], ()))
            elif (value := reading.text(n, self.f)) is not None:
                found[value] = None
        return tuple(found)


def _is_list(node: Node) -> bool:
    """`$name`; `$100` is a text."""
    return node.kind == "text" and _LIST.fullmatch(node.text) is not None


def wanted(operator: str, node: Node) -> str:
    """An operand as the trace shows it."""
    if node.kind == "list":
        return "[" + ", ".join(spelled_text(n.text) for n in node.items[:8]) + (", …]" if len(node.items) > 8 else "]")
    if operator == "matches":
        return quoted(node.text if len(node.text) <= _PATTERN_SHOWN else node.text[: _PATTERN_SHOWN - 1] + "…")
    return spelled_text(node.text) if node.kind == "text" else node.text
