"""`when:` as tests and groups, compiled: folded words, sets, patterns, numbers with their unit.

Sources  rules.md §4. Fields come from the registry of types.py, operators from operators.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.rules import operators, pattern, quantities, reading
from gateway.rules.findings import Place
from gateway.rules.forms import Reader
from gateway.rules.operators import CHANGES, OPERATORS, OPTIONS
from gateway.rules.spelling import quoted, spelled_text
from gateway.rules.statuses import TYPES
from gateway.rules.tree import Node
from gateway.rules.types import ALIASES, REGISTRY, FactInfo, Group, Test

GROUPS = ("all", "any", "none")

_PATTERN_SHOWN = 28  # characters of a pattern in a trace
_LIST = re.compile(r"\$[a-z][a-z0-9_-]*")
_PAIRS = {"headers.": "headers.NAME", "ticket.field.": "ticket.field.NAME", "customer.": "customer.NAME"}
_NAMED = tuple(n for n in REGISTRY if n not in _PAIRS.values())


@dataclass(slots=True)
class Conditions:
    """Reads the conditions of one rule."""

    r: Reader
    bad_pattern: bool = False

    def read(self, node: Node) -> Group:
        """The mapping `when:`: all of its entries must hold."""
        return Group("all", tuple(self._entries(node)))

    def _entries(self, node: Node) -> Iterator[Test | Group]:
        for key, value in reading.pairs(node, self.r.f):
            if key.text in GROUPS:
                yield Group(key.text, tuple(map(self._one, reading.items(value, self.r.f))))  # type: ignore[arg-type]
            else:
                yield from self._tests(key, value)

    def _one(self, node: Node) -> Test | Group:
        """An entry of all, any or none: one mapping, of which all must hold."""
        children = tuple(self._entries(node))
        if node.kind == "map" and not node.pairs:
            self.r.f.add(node, "R030", "the condition is empty")
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
            elif word.text not in OPTIONS:
                self.r.f.unknown(word, "operator", word.text, (*OPERATORS, *OPTIONS))
        if value.pairs and all(k.text in OPTIONS for k, _ in value.pairs):
            self.r.f.add(value, "R030", "options without an operator", "such as {contains: refund, word: true}")

    def _info(self, key: Node) -> FactInfo | None:
        name = ALIASES.get(key.text, key.text)
        info = REGISTRY[name] if name in _NAMED else self._pair(name)
        if info is None:
            custom = (f"ticket.field.{n}" for n in self.r.known.fields)
            given = (f"customer.{n}" for n in self.r.known.customer)
            self.r.f.unknown(key, "field", name, (*_NAMED, *ALIASES, "headers.Subject", *custom, *given, *GROUPS))
            return None
        names = self._names_after(info)
        if names is not None and name.removeprefix(info.name.removesuffix("NAME")) not in names:
            all_of_it = [info.name.removesuffix("NAME") + n for n in names]
            self.r.f.unknown(key, "field", name, all_of_it, "fields")
        elif missing := [e for e in self.r.on if e not in info.events]:
            hint = f"it exists in {reading.named_events(info.events)}"
            self.r.f.add(key, "R017", f"field “{name}” does not exist for event “{missing[0]}”", hint)
        return info

    def _pair(self, name: str) -> FactInfo | None:
        """The entry of a name that ends in one of its own; a typing mistake in a fixed name is none."""
        for prefix, entry in _PAIRS.items():
            rest = name.removeprefix(prefix)
            if rest and rest != name and (prefix != "customer." or rest in self.r.known.customer):
                return REGISTRY[entry]
        return None

    def _names_after(self, info: FactInfo) -> Iterable[str] | None:
        """The names that the file itself gives; None where any will do."""
        return tuple(self.r.known.fields) if info.name == "ticket.field.NAME" else None

    def _options(self, node: Node) -> dict[str, bool]:
        found = {k.text: reading.flag(v, self.r.f) for k, v in node.pairs if k.text in OPTIONS}
        return {name: value for name, value in found.items() if value is not None}

    def _check_options(self, word: Node, node: Node, options: Mapping[str, bool]) -> None:
        for key, _ in node.pairs:
            if key.text in options and key.text not in OPERATORS[word.text].options:
                instead = r"\b" if key.text == "word" else "(?i)"
                hint = f"write {instead} into the pattern" if word.text == "matches" else ""
                self.r.f.add(key, "R030", f"option “{key.text}” does not go with operator “{word.text}”", hint)

    def _test(
        self, name: str, info: FactInfo, operator: str, at: Place, node: Node, options: Mapping[str, bool]
    ) -> Iterator[Test]:
        if not self._goes(operator, info):
            fitting = [o for o, i in OPERATORS.items() if self._goes(o, info)]
            hint = f"operators are: {', '.join(fitting)}"
            self.r.f.add(at, "R001", f"operator “{operator}” does not go with field “{name}” ({info.type})", hint)
            return
        if operator in CHANGES and (missing := [e for e in self.r.on if e not in CHANGES[operator]]):
            hint = f"it works in {reading.named_events(CHANGES[operator])}"
            self.r.f.add(at, "R017", f"operator “{operator}” does not exist for event “{missing[0]}”", hint)
        case = options.get("case", False)
        fold = options.get("fold", True) and not case
        operand = self._operand(name, info, operator, node, case=case, fold=fold)
        if operand is not None:
            word = options.get("word", False)
            key = f"{name} {operator} {word} {fold} {case} {operand!r}"
            made = Test(
                name,
                operator,
                operand,
                wanted(operator, node),
                word,
                fold,
                case,
                at.line,
                at.column,
                len(self.r.tests) + 1,
            )
            yield self.r.tests.setdefault(key, made)

    def _goes(self, operator: str, info: FactInfo) -> bool:
        return info.type in OPERATORS[operator].types and (operator not in CHANGES or info.name.startswith("ticket."))

    def _operand(self, name: str, info: FactInfo, operator: str, node: Node, *, case: bool, fold: bool) -> Any:
        match operator:
            case "exists" | "empty" | "changed":
                return reading.flag(node, self.r.f)
            case "matches":
                return self._pattern(node)
            case "gt" | "gte" | "lt" | "lte":
                return self._value(info, node)
            case "between":
                return self._between(info, node)
            case "within" | "outside":
                return reading.choice(node, self.r.known.calendars, "calendar", "calendars", self.r.f)
            case "is" | "is_not" | "in" | "not_in" | "changed_to" | "changed_from":
                return self._same(name, info, operator, node, case=case)
        words = self._texts(node)
        if "" in words:
            self.r.f.add(node, "R030", "an empty text is in every text", "there is “empty: true”")
        if operator == "under":
            return tuple((operators.same_key(w, case=False).strip(".@"), w) for w in words) or None
        return tuple((operators.word_key(w, fold=fold), w) for w in words) or None

    def _pattern(self, node: Node) -> pattern.Pattern | None:
        source = reading.text(node, self.r.f)
        try:
            return pattern.compiled(source) if source is not None else None
        except ValueError as e:
            self.r.f.add(node, "R003", f"bad pattern: {e}")
            self.bad_pattern = True
            return None

    def _between(self, info: FactInfo, node: Node) -> Any:
        bounds = reading.items(node, self.r.f)
        values = [self._value(info, n) for n in bounds]
        if len(values) != 2:
            self.r.f.add(node, "R030", "between takes two values: [from, to]")
        elif None not in values and values[0] > values[1]:
            self.r.f.add(node, "R030", f"between {bounds[0].text} and {bounds[1].text} lies nothing")
        return tuple(values) if len(values) == 2 and None not in values else None

    def _same(self, name: str, info: FactInfo, operator: str, node: Node, *, case: bool) -> Any:
        many = operator in ("in", "not_in") or (operator in CHANGES and (node.kind == "list" or _is_list(node)))
        if many and node.kind != "list" and not _is_list(node):
            self.r.f.add(node, "R030", f"“{operator}” takes a list", "such as [a, b] or $name")
            return None
        if not many and (node.kind == "list" or _is_list(node)):
            self.r.f.add(node, "R030", f"“{operator}” takes one value", "for a list there is “in”")
            return None
        if info.type in ("text", "list", "enum", "pairs"):
            nodes = reading.items(node, self.r.f) if node.kind == "list" else (node,)
            self._check_names(name, info, nodes)
            return {operators.same_key(w, case=case): w for w in self._texts(node)} or None
        nodes = reading.items(node, self.r.f) if many else (node,)
        return {v: n.text for n in nodes if (v := self._value(info, n)) is not None} or None

    def _check_names(self, name: str, info: FactInfo, nodes: Iterable[Node]) -> None:
        """A value that no fact can ever have is a slip of the pen."""
        kinds: Mapping[str, tuple[str, Iterable[str]]] = {
            "ticket.team": ("team", self.r.known.teams),
            "ticket.assignee": ("agent", self.r.known.agents),
            "ticket.responsible": ("agent", self.r.known.agents),
            "ticket.status": ("status", self.r.known.statuses),
            "sla.policy": ("SLA policy", self.r.known.sla),
            "ticket.status_type": ("status type", TYPES),
        }
        kind, names = kinds.get(name, ("value", info.values))
        info_field = self.r.known.fields.get(name.removeprefix("ticket.field."))
        if name.startswith("ticket.field.") and info_field:
            names = info_field.values
        allowed = {operators.same_key(n, case=False) for n in names}
        plural = {"status": "statuses", "SLA policy": "SLA policies"}.get(kind, f"{kind}s")
        for node in nodes if allowed else ():
            key = operators.same_key(node.text, case=False)
            if node.kind == "text" and not _is_list(node) and key not in allowed:
                self.r.f.unknown(node, kind, node.text, list(names), plural)

    def _value(self, info: FactInfo, node: Node) -> Any:
        match info.type:
            case "bool":
                return reading.flag(node, self.r.f)
            case "duration":
                return reading.duration(node, self.r.f)
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
            self.r.f.add(node, "R030", f"{wanted_form} belongs here, not “{node.text[:40]}”")
        return value

    def _texts(self, node: Node) -> tuple[str, ...]:
        """The words of an operand, `$name` replaced by its list, empty ones refused."""
        found: dict[str, None] = {}
        for n in reading.items(node, self.r.f) if node.kind == "list" else (node,):
            if _is_list(n):
                if n.text[1:] not in self.r.known.lists:
                    self.r.f.unknown(n, "list", n.text, ["$" + name for name in self.r.known.lists], "lists")
                self.r.known.lists_used.add(n.text[1:])
                found |= dict.fromkeys(self.r.known.lists.get(n.text[1:], ()))
            elif (value := reading.text(n, self.r.f)) is not None:
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
