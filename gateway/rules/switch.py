"""A rule file in which one rule is on, off, or only traced: two words change, every other octet stays.

Sources  rules.md §4 (`enabled`, `shadow`), §7 (`rules enable|disable|shadow`).
Not here who asks, and putting it in force (cli/rules_apply.py).
"""

from collections.abc import Mapping
from typing import Literal

from gateway.rules.findings import Findings
from gateway.rules.tree import Node, read_tree

State = Literal["enable", "disable", "shadow"]
# what each key says then; a key that says so by not being there is not written
_WORDS: Mapping[State, Mapping[str, bool]] = {
    "enable": {"enabled": True, "shadow": False},
    "disable": {"enabled": False},
    "shadow": {"enabled": True, "shadow": True},
}
_BY_DEFAULT = {"enabled": True, "shadow": False}


def switched(text: str, rule: str, state: State) -> str | None:
    """The text with the rule in that state; None when it holds no such rule."""
    node = _rule(text, rule)
    if node is None:
        return None
    for key, value in _WORDS[state].items():
        text = _with(text, node, key, value=value)
        node = _rule(text, rule) or node
    return text


def rule_ids(text: str) -> tuple[str, ...]:
    """The rules of the file, those that are off as well."""
    return tuple(at.text for node in _rules(text) if (at := node.get("id")) is not None)


def _with(text: str, rule: Node, key: str, *, value: bool) -> str:
    written, there = "true" if value else "false", rule.get(key)
    if there is not None:
        return _replaced(text, there.start, there.end, written)
    if value is _BY_DEFAULT[key]:
        return text
    name = next(k for k, _ in rule.pairs if k.text == "id")
    at = next(v for k, v in rule.pairs if k is name)
    lines = text.split("\n")
    line = at.end[0]
    if _in_braces(rule, lines):
        return _replaced(text, at.end, at.end, f", {key}: {written}")
    return "\n".join([*lines[:line], f"{' ' * (name.column - 1)}{key}: {written}", *lines[line:]])


def _in_braces(rule: Node, lines: list[str]) -> bool:
    return lines[rule.line - 1][rule.column - 1] == "{"


def _replaced(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    lines = text.split("\n")
    before = "\n".join([*lines[: start[0] - 1], lines[start[0] - 1][: start[1] - 1]])
    after = "\n".join([lines[end[0] - 1][end[1] - 1 :], *lines[end[0] :]])
    return before + new + after


def _rule(text: str, rule: str) -> Node | None:
    return next((n for n in _rules(text) if (at := n.get("id")) is not None and at.text == rule), None)


def _rules(text: str) -> tuple[Node, ...]:
    root = read_tree(text, Findings("", text))
    found = root.get("rules") if root is not None else None
    return tuple(n for n in found.items if n.kind == "map") if found is not None else ()
