"""A rule file whose tests expect what came out: only those values are written anew, everything else stays.

Sources  rules.md §7, `rules test --update`.
Not here what came out (selftest.py), asking whether to write it (cli/rules_test.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.rules.findings import Findings
from gateway.rules.selftest import Observed, fits, observed_value
from gateway.rules.spelling import plainly
from gateway.rules.tree import Node, read_tree
from gateway.rules.types import Scene

_Edit = tuple[int, int, str]  # from, to, what stands there now


def with_expectations(text: str, name: str, played: Sequence[tuple[Scene, Observed]]) -> str:
    """The text in which each scene expects what was observed; keys that it does not name stay away."""
    root = read_tree(text, Findings(name, text))
    tests = root.get("tests") if root else None
    nodes = {node.line: node for node in (tests.items if tests else ())}
    starts = _line_starts(text)
    edits = [
        (_offset(value.start, starts), _offset(value.end, starts), new)
        for scene, observed in played
        for value, new in _changes(nodes[scene.line], scene, observed)
    ]
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def _changes(node: Node, scene: Scene, observed: Observed) -> Iterator[tuple[Node, str]]:
    expect = node.get("expect")
    for key, value in expect.pairs if expect else ():
        wanted = scene.expect.get(key.text)
        got = observed_value(key.text, wanted, observed)
        if not fits(key.text, wanted, got) and key.text not in ("rules_not", "not_sent"):
            yield value, _written(got)


def _written(value: Any) -> str:
    match value:
        case None:
            return "none"
        case tuple():
            return f"[{', '.join(map(plainly, value))}]"
        case Mapping():
            return "{" + ", ".join(f"{k}: {plainly(str(v))}" for k, v in value.items()) + "}"
        case _:
            return plainly(str(value))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _offset(place: tuple[int, int], starts: Sequence[int]) -> int:
    return starts[place[0] - 1] + place[1] - 1
