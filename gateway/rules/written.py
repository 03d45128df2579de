"""A revision of the rules as text: which files it is made of, and what differs between two of them, in words.

Not here  what the text means (load.py), where it is kept (store/revisions.py).
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from gateway.rules.findings import Findings
from gateway.rules.tree import Node, read_tree
from gateway.rules.types import RuleSet

_SINGULAR = {
    "agents": "agent", "teams": "team", "statuses": "status", "calendars": "calendar", "sla": "sla", "lists": "list",
    "fields": "field", "lookups": "lookup",
}  # fmt: skip
_NAMED_BY = {"rules": ("rule", "id"), "tests": ("test", "name")}
_CONTEXT_LINES = 2
_Parts = dict[tuple[str, str], Node]  # by kind and name, in the order of the files


@dataclass(frozen=True, slots=True)
class RuleText:
    """What makes a revision this one and no other."""

    sha256: str  # of all of it, tables included
    text: str
    files: Mapping[str, str] = field(default_factory=dict)  # the text of each included file, by name
    tables: Mapping[str, str] = field(default_factory=dict)  # the hash of each list or table beside them, by name


def written(rules: RuleSet) -> RuleText:
    """The revision as it is kept: included files with their text, lists and tables by hash."""
    patterns = include_patterns(rules.text)
    files = {name: text for name, text in rules.files.items() if is_included(name, patterns)}
    tables = {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in rules.files.items() if name not in files
    }
    return RuleText(rules.sha256, rules.text, files, tables)


def include_patterns(text: str) -> tuple[str, ...]:
    """The relative globs of `include`."""
    node = _root(text).get("include")
    return tuple(n.text for n in (node.items if node is not None and node.kind == "list" else [node]) if n is not None)


def is_included(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file beside the rules is one that they include; a star ends at a slash."""
    return any(
        name.count("/") == pattern.count("/") and all(map(fnmatchcase, name.split("/"), pattern.split("/")))
        for pattern in patterns
    )


def in_words(old: RuleText, new: RuleText) -> Iterator[str]:
    """A line for each rule, test, name or section that was added, removed or changed; none where only remarks were."""
    before, after = _parts(old), _parts(new)
    for key in (*after, *(key for key in before if key not in after)):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            yield _line("-" if other is None else "+", *key)
        elif (changes := ", ".join(_changes(one, other))) or _plain(one) != _plain(other):
            yield _line("~", *key, changes)
    if moved := _moved(before, after):
        yield _line("~", "order", moved)
    for name in sorted(old.tables.keys() | new.tables.keys()):
        if old.tables.get(name) != new.tables.get(name):
            mark = "+" if name not in old.tables else "-" if name not in new.tables else "~"
            yield _line(mark, "file", name)


def as_diff(old: RuleText, new: RuleText, name: str, labels: tuple[str, str]) -> Iterator[str]:
    """The unified diff of all files whose text is kept.

    name    of the rule file.  labels  what stands before and after, such as “revision 41”
    """
    before, after = {name: old.text, **old.files}, {name: new.text, **new.files}
    for file in sorted(before.keys() | after.keys(), key=lambda f: (f != name, f)):
        one, other = (side.get(file, "").splitlines() for side in (before, after))
        from_name, to_name = (f"{file} ({label})" for label in labels)
        yield from difflib.unified_diff(one, other, from_name, to_name, lineterm="", n=_CONTEXT_LINES)


def _parts(written: RuleText) -> _Parts:
    """Everything in the files that has a name."""
    found: _Parts = {}
    for text in (written.text, *(written.files[name] for name in sorted(written.files))):
        for key, value in _root(text).pairs:
            found |= dict(_named(key.text, value))
    return found


def _named(section: str, value: Node) -> Iterator[tuple[tuple[str, str], Node]]:
    if section in _NAMED_BY and value.kind == "list":
        kind, by = _NAMED_BY[section]
        for item in value.items:
            name = item.get(by)
            yield (kind, name.text if name is not None else "?"), item
    elif section in _SINGULAR and value.kind == "map":
        for name, item in value.pairs:
            yield (_SINGULAR[section], name.text), item
    else:
        yield (section, ""), value


def _line(mark: str, kind: str, name: str, changes: str = "") -> str:
    named = f"{mark} {kind:<8} {name}".rstrip()
    return f"{named}: {changes}" if changes else named


def _changes(old: Node, new: Node) -> Iterator[str]:
    """The keys of a mapping that differ; the words of a list that came and went."""
    if old.kind == new.kind == "map":
        before, after = ({key.text: _plain(value) for key, value in node.pairs} for node in (old, new))
        yield from (key for key in {**after, **before} if before.get(key) != after.get(key))
    elif old.kind == new.kind == "list":
        before_words, after_words = ([_plain(item) for item in node.items] for node in (old, new))
        yield from (f"+ {word}" for word in after_words if word not in before_words)
        yield from (f"- {word}" for word in before_words if word not in after_words)


def _moved(before: _Parts, after: _Parts) -> str:
    """The rules in their new order, where it is another one; empty where it is not."""
    orders = [[name for kind, name in parts if kind == "rule" and (kind, name) in others]
              for parts, others in ((before, after), (after, before))]  # fmt: skip
    return ", ".join(orders[1]) if orders[0] != orders[1] else ""


def _plain(node: Node) -> object:
    """What the node says, wherever it stands and however it is laid out."""
    match node.kind:
        case "list":
            return tuple(map(_plain, node.items))
        case "map":
            return tuple(sorted(((key.text, _plain(value)) for key, value in node.pairs), key=lambda pair: pair[0]))
        case _:
            return node.value


def _root(text: str) -> Node:
    """The file as a tree; an empty one where it cannot be read."""
    return read_tree(text, Findings("", text)) or Node("map", 1, 1)
