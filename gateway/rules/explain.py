"""A trace in words: which rule was looked at, what it asked, what it saw, what it did.

Sources  rules.md §7. A failed test shows the value it saw in brackets; a held one the word that made it hold; inside
         `none` the marks read “✓ absent” and “✗ present”.
Not here the lines about the mail, its author and its ticket (cli/rules.py).
"""

from collections.abc import Iterable, Iterator

from gateway.rules.types import Check, Effect, Hit, Trace

WIDTH = 120

_MARKS = {"applied": "✓", "shadow": "○", "not-matched": "✗", "error": "!"}
_NOT_ASKED = {  # outcomes of rules whose tests were not looked at, and why
    "after-stop": ("comes after a stop", "come after a stop"),
    "once": ("ran once and does not again", "ran once and do not again"),
    "chain": ("ran in this chain before", "ran in this chain before"),
}
_GROUPS = ("all", "any", "none")


def trace_lines(trace: Trace, source: str = "rules.yaml", width: int = WIDTH) -> Iterator[str]:
    """The lines of every rule looked at, then those that were not. `source` is the file the rules stand in."""
    looked = [h for h in trace.hits if h.outcome in _MARKS]
    name_width = max((len(h.rule) for h in trace.hits), default=0) + 2
    for hit in looked:
        yield from _hit_lines(hit, f"{_MARKS[hit.outcome]}  {hit.rule:<{name_width}}{source}:{hit.line}", width)
    for outcome, (one, many) in _NOT_ASKED.items():
        if ids := list(dict.fromkeys(h.rule for h in trace.hits if h.outcome == outcome)):
            yield f"–  {_counted(ids, one, many)}: {', '.join(ids)}"
    if trace.guard:
        yield f"!  {trace.guard}"
    if trace.other_events:
        yield f"–  {_counted(trace.other_events, 'is', 'are')} for other events: {', '.join(trace.other_events)}"


def reasons(check: Check) -> Iterator[str]:
    """The tests that kept a rule from matching, each with the value it saw, for a failed test scene."""
    if check.held:
        return
    if check.kind == "test":
        yield f"✗ {_said(check)}   [{check.actual}]"
    elif check.kind == "none":
        for child in check.children:
            if child.held:
                yield f"✗ none: {_said(child)}   [{child.actual}]"
    else:
        for child in check.children:
            yield from reasons(child)


def _hit_lines(hit: Hit, head: str, width: int) -> Iterator[str]:
    if hit.check is None or hit.outcome == "error":
        yield f"{head}   error: {hit.error}"
        return
    lines = _rule_lines(hit.check, width)
    if len(lines) == 1 and _single(hit.check) and len(head) + 3 + len(lines[0].strip()) <= width:
        yield f"{head}   {lines[0].strip()}"
    else:
        yield head
        yield from lines
    words = [*map(_effect, hit.effects), *(["stop"] if hit.stop else [])]
    if words:
        yield from _wrapped("   → in shadow: " if hit.outcome == "shadow" else "   → ", words, width)


def _single(check: Check) -> bool:
    """Whether a rule asks one thing only, which then stands beside its name."""
    return len(check.children) < 2 and all(c.kind == "test" or _single(c) for c in check.children)


def _rule_lines(check: Check, width: int) -> list[str]:
    """A group has a line of its own; tests beside each other share one."""
    if not check.children:
        return ["   ✓ always"]
    lines: list[str] = []
    tests = [_marked(c) for c in check.children if c.kind == "test"]
    if tests:
        lines += _wrapped("   ", tests, width)
    for group in (c for c in check.children if c.kind in _GROUPS):
        lines += _wrapped(f"   {_mark(group)} {group.kind}: ", list(_members(group)), width)
    return lines


def _members(group: Check) -> Iterator[str]:
    """The tests of a group; marks are spared where all would be the same."""
    mixed = len({c.held for c in group.children}) > 1
    for child in group.children:
        if group.kind == "none":
            yield f"{_plain(child)}   {'✗ present' if child.held else '✓ absent'} [{_actual(child)}]"
        else:
            yield _marked(child) if mixed or child.kind != "test" else _with_value(child)


def _marked(check: Check) -> str:
    return f"{_mark(check)} {_with_value(check)}"


def _with_value(check: Check) -> str:
    if check.kind != "test":
        return f"{check.kind}({' · '.join(_members(check))})"
    cut = " (cut)" if check.cut else ""
    return f"{_said(check)} → {check.matched}{cut}" if _tells(check) else f"{_said(check)} [{check.actual}]{cut}"


def _tells(check: Check) -> bool:
    """Whether the word that matched says more than the test itself."""
    return check.held and bool(check.matched) and check.matched != check.wanted


def _plain(check: Check) -> str:
    return _said(check) if check.kind == "test" else f"{check.kind}({' · '.join(_members(check))})"


def _actual(check: Check) -> str:
    return check.actual if check.kind == "test" else ("true" if check.held else "false")


def _said(check: Check) -> str:
    return f"{check.field} {check.operator.replace('_', ' ')} {check.wanted}"


def _mark(check: Check) -> str:
    return "✓" if check.held else "✗"


def _effect(effect: Effect) -> str:
    return f"{effect.action}: {effect.before} ⇒ {effect.after}" if effect.before else f"{effect.action}: {effect.after}"


def _wrapped(head: str, words: list[str], width: int) -> list[str]:
    """The words, a middle dot between them, broken so that they stand under the first."""
    lines = [head + words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 3 + len(word) <= width:
            lines[-1] += f" · {word}"
        else:
            lines.append(" " * len(head) + word)
    return lines


def _counted(rules: Iterable[str], one: str, many: str) -> str:
    count = len(list(rules))
    return f"1 rule {one}" if count == 1 else f"{count} rules {many}"
