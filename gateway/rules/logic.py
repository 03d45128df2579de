"""What can be proved about conditions without any mail: contradiction, implication, overlap.

A condition becomes alternatives, each of them literals that must all hold. What has too many alternatives is not looked
at: no proof, no warning.
Not here which warning follows (lint.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from gateway.rules.types import REGISTRY, Group, Test

_MOST = 256  # alternatives
_EQUAL = ("is", "in")
_WORDS = ("contains", "starts_with", "ends_with", "under")
_SINGLE = ("text", "enum", "bool", "number", "size", "duration", "time")  # types with one value, not many


@dataclass(frozen=True, slots=True)
class Literal:
    """One thing that holds, or does not: this operator with this one operand."""

    field: str
    operator: str
    operand: Any
    held: bool
    exact: tuple[bool, bool, bool] = (False, True, False)  # word, fold, case

    def denied(self) -> "Literal":
        """The opposite."""
        return Literal(self.field, self.operator, self.operand, not self.held, self.exact)


Alternative = frozenset[Literal]


def alternatives(group: Group) -> tuple[Alternative, ...] | None:
    """The ways in which a condition holds, those that contradict themselves left out; None when there are too many."""
    found = _of(group, held=True)
    return None if found is None else tuple(a for a in found if not contradictory(a))


def contradictory(literals: Alternative) -> bool:
    """Whether the literals cannot all hold."""
    if any(literal.denied() in literals for literal in literals):
        return True
    fields = {literal.field for literal in literals}
    return any(_impossible([li for li in literals if li.field == f], _type(f)) for f in fields)


def overlap(one: tuple[Alternative, ...], other: tuple[Alternative, ...]) -> bool:
    """Whether some mail certainly fits both: an alternative of one says no more than one of the other."""
    return any((a <= b or b <= a) and not contradictory(a | b) for a in one for b in other)


def _of(node: Group | Test, *, held: bool) -> tuple[Alternative, ...] | None:
    if isinstance(node, Test):
        return tuple(_literals(node, held=held))
    kind = node.kind
    if kind == "none":
        kind, held = "any", not held
    parts = [_of(child, held=held) for child in node.children]
    if any(p is None for p in parts):
        return None
    known = [p for p in parts if p is not None]
    if (kind == "all") is held:
        count = 1
        for part in known:
            count *= max(1, len(part))
        if count > _MOST:
            return None
        return tuple(frozenset().union(*chosen) for chosen in product(*known))
    together = tuple(a for part in known for a in part)
    return together if len(together) <= _MOST else None


def _literals(test: Test, *, held: bool) -> Iterator[Alternative]:
    """A test as alternatives; the words of a list are one each, or all together where it must not hold."""
    operator, how = test.operator, (test.word, test.fold, test.case)
    operands: list[Any] = [tuple(test.operand) if isinstance(test.operand, Mapping) else test.operand]
    if operator in ("is_not", "not_in"):
        operator, held = "is", not held
    if operator in (*_EQUAL, "is"):
        operator, operands = "is", list(test.operand)
    elif operator in _WORDS:
        operands = [key for key, _ in test.operand]
    elif operator == "contains_all":
        words = [Literal(test.field, "contains", key, held, how) for key, _ in test.operand]
        yield from [frozenset(words)] if held else [frozenset({w}) for w in words]
        return
    found = [Literal(test.field, operator, operand, held, how) for operand in operands]
    yield from [frozenset({literal}) for literal in found] if held else [frozenset(found)]


def _impossible(literals: list[Literal], kind: str) -> bool:
    """Whether no one value fits: two different equal signs, an empty range, absent and something."""
    held = [li for li in literals if li.held]
    absent = any(li.operator == "exists" and li.operand is not li.held for li in literals)
    if absent and any(li.operator not in ("exists", "empty") for li in held):
        return True
    if kind not in _SINGLE:
        return False
    equal = {li.operand for li in held if li.operator == "is"}
    if len(equal) > 1:
        return True
    bounds: Mapping[str, Any] = {"gt": lambda v, o: v > o, "gte": lambda v, o: v >= o, "lt": lambda v, o: v < o,
                                 "lte": lambda v, o: v <= o, "between": lambda v, o: o[0] <= v <= o[1]}  # fmt: skip
    ordered = [(li.operator, li.operand) for li in held if li.operator in bounds]
    if equal and ordered:
        return not all(bounds[op](value, operand) for value in equal for op, operand in ordered)
    return _empty_range(ordered)


def _empty_range(ordered: list[tuple[str, Any]]) -> bool:
    low = [(o[0] if op == "between" else o, op == "gt") for op, o in ordered if op in ("gt", "gte", "between")]
    high = [(o[1] if op == "between" else o, op == "lt") for op, o in ordered if op in ("lt", "lte", "between")]
    return any(a > b or (a == b and (open_a or open_b)) for a, open_a in low for b, open_b in high)


def _type(field: str) -> str:
    info = REGISTRY.get(field)
    return info.type if info else "pairs"
