"""What a rule file says, with line and column of every node; nothing in it is ever executed.

Sources  YAML 1.2 §10.3 (core schema): `no`, `on` and `08:00` are text. The parser's events come from ruamel.yaml;
         the tree is built here, without recursion, so that depth, size and aliases are bounded while it grows.
Not here what the nodes mean (sections.py and its neighbours).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from gateway.rules.findings import Findings

MAX_OCTETS = 1024 * 1024
MAX_NODES = 200_000  # after aliases are expanded
MAX_DEPTH = 50

Kind = Literal["text", "number", "bool", "null", "list", "map"]

_CORE = "tag:yaml.org,2002:"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@dataclass(slots=True, eq=False)
class Node:
    """One value of the file. `text` is a scalar as written; lists hold `items`, maps hold `pairs`."""

    kind: Kind
    line: int
    column: int
    text: str = ""
    value: Any = None  # of a scalar: str, int, float, bool or None
    items: list["Node"] = field(default_factory=list)
    pairs: list[tuple["Node", "Node"]] = field(default_factory=list)
    weight: int = 1  # nodes in it, aliases expanded
    plain: bool = False  # a text without quotes
    end: tuple[int, int] = (0, 0)  # behind its last character

    @property
    def start(self) -> tuple[int, int]:
        """Line and column of its first character."""
        return self.line, self.column

    def get(self, key: str) -> "Node | None":
        """The value of a key; None when the map has none such."""
        return next((value for name, value in self.pairs if name.text == key), None)


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    column: int


class _Stop(Exception):  # noqa: N818  (ends the reading; the problem is in the findings)
    pass


def read_tree(text: str, findings: Findings) -> Node | None:
    """The file as a tree; None when it cannot be read as one. What is wrong goes to `findings` (R030)."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_OCTETS:
        findings.add(None, "R030", "the file is larger than 1 MiB")
        return None
    builder = _Builder(text, findings)
    try:
        for event in _events(text):
            builder.take(event)
    except _Stop:
        return None
    except YAMLError as e:
        _syntax(e, text, findings)
        return None
    if builder.root is None or builder.root.kind != "map":
        findings.add(builder.root, "R030", "the file must be a mapping", "it begins with “version: 1”")
        return None
    return builder.root


def _events(text: str) -> Iterator[Any]:
    # "safe" and "rt" parse alike; "rt" also gathers comments, which nobody asks for here
    return iter(YAML(typ="safe", pure=True).parse(text.removeprefix("\ufeff")))


class _Builder:
    def __init__(self, text: str, findings: Findings) -> None:
        self.root: Node | None = None
        self._lines = text.split("\n")
        self._findings = findings
        self._open: list[tuple[Node, str | None]] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node | None] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, NodeEvent):
            self._check(event)
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(_mark(event), "a second document; a rule file holds one", "take away the line “---”")
            case AliasEvent():
                self._add(self._alias(event))
            case ScalarEvent():
                node = _scalar(event)
                node.end = _end(event)
                self._anchor(event.anchor, node)
                self._add(node)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._end(event)

    def _check(self, event: Any) -> None:
        mark = _mark(event)
        indent = self._lines[mark.line - 1][: mark.column - 1] if mark.line <= len(self._lines) else ""
        if "\t" in indent and not indent.strip():
            self._findings.add(mark, "R030", "a tab in the indentation", "YAML wants spaces")
        if getattr(event, "tag", None) is not None:
            self._findings.add(
                mark, "R030", f"a tag: {str(event.tag).replace(_CORE, '!!')[:60]}", "tags are not allowed"
            )

    def _begin(self, event: Any) -> None:
        mark = _mark(event)
        if len(self._open) >= MAX_DEPTH:
            self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")
        kind: Kind = "map" if isinstance(event, MappingStartEvent) else "list"
        if event.anchor:
            self._anchors[event.anchor] = None  # known, not finished: an alias to it would have no end
        self._open.append((Node(kind, mark.line, mark.column), event.anchor))
        self._keys.append(None)

    def _end(self, event: Any) -> None:
        node, anchor = self._open.pop()
        self._keys.pop()
        last = node.pairs[-1][1] if node.pairs else node.items[-1] if node.items else None
        node.end = _end(event) if event.end_mark.index > event.start_mark.index or last is None else last.end
        self._anchor(anchor, node)
        self._add(node)

    def _anchor(self, name: str | None, node: Node) -> None:
        if name:
            self._anchors[name] = node

    def _alias(self, event: Any) -> Node:
        mark, name = _mark(event), event.anchor
        if name not in self._anchors:
            self._stop(mark, f"unknown alias *{name}", "quote a text that begins with *")
        node = self._anchors[name]
        return node if node else self._stop(mark, f"alias *{name} stands inside what it names")

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1][0]
        parent.weight += node.weight
        if parent.weight > MAX_NODES:
            self._stop(node, "more than 200 000 nodes after the aliases are expanded")
        key = self._keys[-1]
        if parent.kind == "list":
            parent.items.append(node)
        elif key is None:
            self._keys[-1] = node
        else:
            self._keys[-1] = None
            self._pair(parent, key, node)

    def _pair(self, parent: Node, key: Node, value: Node) -> None:
        if key.kind in ("list", "map"):
            self._findings.add(key, "R030", "a key must be a word")
        elif key.text == "<<":
            self._findings.add(key, "R030", "a merge key", "merge keys are not allowed; use lists: and $name")
        else:
            parent.pairs.append((key, value))

    def _stop(self, at: "Node | _Mark", text: str, hint: str = "") -> NoReturn:
        self._findings.add(at, "R030", text, hint)
        raise _Stop


def note_duplicates(root: Node, findings: Findings) -> None:
    """Note each key that stands twice in one map (R030)."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        first: dict[str, Node] = {}
        for key, _ in node.pairs:
            if first.setdefault(key.text, key) is not key:
                text = f"duplicate key “{key.text[:60]}”"
                findings.add(key, "R030", text, f"it stands in line {first[key.text].line} already")
        for child in (*node.items, *(value for _, value in node.pairs)):
            if child.kind in ("list", "map") and id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _scalar(event: Any) -> Node:
    mark, text = _mark(event), event.value
    if event.style is not None:
        return Node("text", mark.line, mark.column, text, text)
    if text in _NULL:
        return Node("null", mark.line, mark.column, text)
    if text in _BOOL:
        return Node("bool", mark.line, mark.column, text, _BOOL[text])
    if len(text) <= 40 and _INT.fullmatch(text):
        return Node("number", mark.line, mark.column, text, int(text, 0 if text[:2] in ("0o", "0x") else 10))
    if len(text) <= 40 and _FLOAT.fullmatch(text):
        return Node(
            "number", mark.line, mark.column, text, float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        )
    return Node("text", mark.line, mark.column, text, text, plain=True)


def _end(event: Any) -> tuple[int, int]:
    return event.end_mark.line + 1, event.end_mark.column + 1


def _mark(event: Any) -> _Mark:
    return _Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax(error: YAMLError, text: str, findings: Findings) -> None:
    """The parser's own words, but for what people meet most."""
    if isinstance(error, ReaderError):
        before = text[: int(error.position)]
        mark = _Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        code = error.character if isinstance(error.character, int) else ord(error.character)
        findings.add(mark, "R030", f"the character U+{code:04X} is not allowed")
        return
    where = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if isinstance(error, MarkedYAMLError) and where is not None and where.line >= text.count("\n"):
        where = error.context_mark or where  # what was never closed, not the end of the file
    said = str(getattr(error, "problem", None) or "not readable as YAML")
    at = _Mark(where.line + 1, where.column + 1) if where is not None else None
    if "\\t" in said:
        findings.add(at, "R030", "a tab in the indentation", "YAML wants spaces")
    else:
        findings.add(at, "R030", f"not readable as YAML: {said}")
