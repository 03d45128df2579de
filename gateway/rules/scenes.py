"""`tests:` as data: what comes in, and what is expected of it.

Sources  rules.md §6, “Tests”.
Not here running them (rehearsal.py beside the pipeline), comparing (selftest.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.rules import quantities, reading
from gateway.rules.findings import Findings, nearest
from gateway.rules.reading import Known
from gateway.rules.tree import Node
from gateway.rules.types import PRIORITIES, Scene

_SCENE = ("name", "mail", "file", "now", "expect")
_SCENE_LATER = ("event", "customer", "ticket", "history")
_MAIL = ("from", "to", "cc", "reply_to", "subject", "text", "html", "headers", "auth")
_AUTH = ("spf", "dkim", "dmarc")
_RESULTS = ("pass", "fail", "none", "temperror", "permerror")
_EXPECT_LATER = ("sla", "due", "hold")


def scenes(node: Node, known: Known, f: Findings) -> tuple[Scene, ...]:
    """The tests of the file, in order."""
    return tuple(_scene(item, known, f) for item in reading.items(node, f, may_be_empty=True))


def _scene(node: Node, known: Known, f: Findings) -> Scene:
    k = reading.keys(node, _SCENE, f, later=_SCENE_LATER)
    at = reading.required(node, "name", k, "a test", f)
    if node.kind == "map" and ("mail" in k) == ("file" in k):
        f.add(node, "R030", "a test has either “mail” or “file”")
    now = quantities.moment(k["now"].text) if "now" in k else None
    if "now" in k and now is None:
        f.add(k["now"], "R030", "a time with its zone belongs here", "such as 2026-11-21T22:10:00+01:00")
    expect = reading.required(node, "expect", k, "a test", f)
    return Scene(
        (reading.line(at, f) if at else None) or "",
        node.line,
        _mail(k["mail"], f) if "mail" in k else {},
        (reading.line(k["file"], f) or "") if "file" in k else "",
        now,
        _expect(expect, known, f) if expect else {},
    )


def _mail(node: Node, f: Findings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in reading.keys(node, _MAIL, f).items():
        match name:
            case "headers":
                found[name] = {key.text: reading.texts(v, f) for key, v in reading.pairs(value, f)}
            case "auth":
                results = reading.keys(value, _AUTH, f).items()
                found[name] = {n: reading.choice(v, _RESULTS, "result", "results", f) for n, v in results}
            case "subject" | "text" | "html":
                found[name] = reading.text(value, f)
            case _:
                found[name] = reading.texts(value, f)
    return found


def _expect(node: Node, known: Known, f: Findings) -> dict[str, Any]:
    def names(values: Any, kind: str, plural: str) -> Callable[[Node], Any]:
        return lambda n: reading.choice(n, values, kind, plural, f)

    readers: Mapping[str, Callable[[Node], Any]] = {
        "rules": lambda n: _rules(n, known, f),
        "rules_not": lambda n: _rules(n, known, f),
        "ticket": lambda n: _ticket(n, f),
        "team": names(known.teams, "team", "teams"),
        "assignee": names((*known.agents, "none"), "agent", "agents"),
        "status": names(known.statuses, "status", "statuses"),
        "priority": names(PRIORITIES, "priority", "priorities"),
        "tags": lambda n: _texts(n, f),
        "fields": lambda n: {key.text: v.text for key, v in reading.pairs(n, f)},
        "sent": lambda n: _texts(n, f),
        "not_sent": lambda n: _texts(n, f),
        "quarantine": lambda n: reading.line(n, f),
        "drop": lambda n: reading.line(n, f),
    }
    found = reading.keys(node, readers, f, later=_EXPECT_LATER)
    return {name: readers[name](value) for name, value in found.items()}


def _texts(node: Node, f: Findings) -> tuple[str, ...]:
    """Like reading.texts, but an empty list says that there are none."""
    return () if node.kind == "list" and not node.items else reading.texts(node, f)


def _rules(node: Node, known: Known, f: Findings) -> tuple[str, ...]:
    nodes = node.items if node.kind == "list" else [node]
    found = []
    for n in nodes:
        name = reading.text(n, f)
        if name is not None and name not in known.rules:
            hint = nearest(name, known.rules)
            f.add(n, "R021", f"the test names a rule that does not exist: “{name}”", hint)
        elif name is not None:
            found.append(name)
    return tuple(found)


def _ticket(node: Node, f: Findings) -> str | int | None:
    if node.kind == "number" and isinstance(node.value, int):
        return node.value
    return reading.choice(node, ("none", "new"), "ticket", "tickets", f)
