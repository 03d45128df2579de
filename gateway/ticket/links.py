"""How two tickets belong together, in the words of either side.

Sources  tickets-and-sla.md §1. One row is kept of each link; the other side reads it the other way round.
"""

from collections.abc import Mapping

_PAIRS: Mapping[str, str] = {
    "child": "parent",
    "related": "related",
    "duplicate": "duplicate",
    "cause": "caused by",
    "blocks": "blocked by",
    "mentions": "mentioned by",
    "continues": "continued by",
    "merged into": "merged from",
    "split from": "split into",
}
_INVERSE: Mapping[str, str] = {**{other: kind for kind, other in _PAIRS.items()}, **_PAIRS}


def inverse(kind: str) -> str:
    """What the other ticket says: this one is its child, so it is the parent of this one."""
    return _INVERSE[kind]


def stored(kind: str, ticket: int, other: int) -> tuple[int, int, str]:
    """The one row of a link: (ticket, other, kind). Of two that are alike the lower number comes first."""
    if kind not in _PAIRS:
        return other, ticket, _INVERSE[kind]
    if _PAIRS[kind] == kind:
        return min(ticket, other), max(ticket, other), kind
    return ticket, other, kind
