"""One value of the file as a text, a list, a duration ...; what does not fit is noted, and None comes back.

Not here which keys there are (sections.py, conditions.py, actions.py, scenes.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.rules import quantities
from gateway.rules.desk import FieldInfo
from gateway.rules.findings import Findings
from gateway.rules.statuses import BUILT_IN, StatusType
from gateway.rules.tree import Node
from gateway.rules.types import EVENTS, Event

_BELONGS = {"number": "a number", "bool": "true or false", "list": "a list", "map": "a mapping", "text": "a text"}


@dataclass(frozen=True, slots=True)
class CannedReply:
    """What a rule that sends a canned reply has to know of it."""

    languages: Collection[str]
    variables: Mapping[str, tuple[str, ...]]
    sets: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mails:
    """The mails there are, as NAME and NAME/VARIANT, with the languages each is written in; none at all: any goes."""

    written: Mapping[str, Collection[str]] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()  # the languages of the site
    canned: Mapping[str, CannedReply] = field(default_factory=dict)


@dataclass(slots=True)
class Known:
    """The names that the file itself defines, and those of the templates beside it."""

    mails: Mails
    endpoints: Collection[str] | None = None  # of the [[webhook]] of mailwicket.toml; None: not known
    agents: Collection[str] = ()
    teams: Collection[str] = ()
    calendars: Collection[str] = ()
    sla: Collection[str] = ()
    customer: tuple[str, ...] = ()  # what lookups give
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fields: dict[str, FieldInfo] = field(default_factory=dict)
    places: dict[str, tuple[str, Node]] = field(default_factory=dict)  # file and key of “team support” and the like
    lists_used: set[str] = field(default_factory=set)
    rules: tuple[str, ...] = ()
    redirect_domains: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()  # of teams and agents, in normal form
    statuses: Mapping[str, StatusType] = field(default_factory=lambda: BUILT_IN)


def text(node: Node, f: Findings) -> str | None:
    """A text. Numbers are refused: `1.10` would lose its zero."""
    if node.kind in ("number", "bool"):
        f.add(
            node, "R030", f"{_BELONGS[node.kind]} where a text belongs: {node.text}", f'write "{node.text}" in quotes'
        )
        return None
    return str(node.value) if _is(node, "text", f) else None


def line(node: Node, f: Findings) -> str | None:
    """A text of one line that is not empty."""
    value = text(node, f)
    if value is not None and (not value.strip() or "\n" in value.strip()):
        f.add(node, "R030", "one line of text belongs here")
        return None
    return value.strip() if value is not None else None


def texts(node: Node, f: Findings) -> tuple[str, ...]:
    """One text or a list of them, those that are none left out."""
    nodes = items(node, f) if node.kind == "list" else (node,)
    return tuple(value for n in nodes if (value := text(n, f)) is not None)


def items(node: Node, f: Findings, *, may_be_empty: bool = False) -> tuple[Node, ...]:
    """The nodes of a list; an empty one is mostly a slip."""
    if not _is(node, "list", f):
        return ()
    if not node.items and not may_be_empty:
        f.add(node, "R030", "the list is empty")
    return tuple(node.items)


def flag(node: Node, f: Findings) -> bool | None:
    """True or false."""
    return bool(node.value) if _is(node, "bool", f) else None


def duration(node: Node, f: Findings) -> timedelta | None:
    """A duration with its unit."""
    value = quantities.duration(node.text) if node.kind == "text" else None
    if value is None:
        f.add(node, "R030", f"no duration: {_shown(node)}", "a duration carries its unit: 90s 15m 8h 2d 1w 3mo 2y")
    return value


def choice(node: Node, values: Collection[str], kind: str, plural: str, f: Findings) -> str | None:
    """One of the given words; another one is an unknown `kind`."""
    value = text(node, f)
    if value is not None and value not in values:
        f.unknown(node, kind, value, values, plural)
        return None
    return value


def choices(node: Node, values: Collection[str], kind: str, plural: str, f: Findings) -> tuple[str, ...]:
    """One or a list of the given words."""
    nodes = items(node, f) if node.kind == "list" else (node,)
    return tuple(v for n in nodes if (v := choice(n, values, kind, plural, f)) is not None)


def pairs(node: Node, f: Findings) -> tuple[tuple[Node, Node], ...]:
    """Keys and values of a mapping whose keys are names that the file gives."""
    return tuple(node.pairs) if _is(node, "map", f) else ()


def keys(node: Node, known: Collection[str], f: Findings, *, kind: str = "key") -> Mapping[str, Node]:
    """The values of a mapping by their key; unknown keys are noted."""
    found: dict[str, Node] = {}
    for key, value in pairs(node, f):
        if key.text in known:
            found.setdefault(key.text, value)
        else:
            f.unknown(key, kind, key.text, known, f"{kind}s")
    return found


def required(node: Node, name: str, found: Mapping[str, Node], what: str, f: Findings) -> Node | None:
    """The value of a key that must be there."""
    if name not in found and node.kind == "map":
        f.add(node, "R030", f"{what} has no “{name}”")
    return found.get(name)


def named_events(events: Sequence[Event]) -> str:
    """Some events in words, the shorter way."""
    others = [e for e in EVENTS if e not in events]
    return f"all events but: {', '.join(others)}" if 0 < len(others) < 4 else f"the events: {', '.join(events)}"


def _is(node: Node, kind: str, f: Findings) -> bool:
    if node.kind == kind:
        return True
    if node.kind == "null":
        f.add(node, "R030", f"a value is missing; {_BELONGS[kind]} belongs here")
    else:
        f.add(node, "R030", f"{_BELONGS[kind]} belongs here, not {_shown(node)}")
    return False


def _shown(node: Node) -> str:
    if node.kind in ("list", "map"):
        return _BELONGS[node.kind]
    return f"“{node.text[:40]}”" if node.text else "nothing"
