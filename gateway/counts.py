"""What this process counted since it began: how much mail came, how it ended, which rules applied.

A mail whose transaction was rolled back and done anew is counted twice: that is rare, and nobody decides by it.
Not here what is looked up when somebody asks, and how both are told (health.py).
"""

from collections import Counter
from collections.abc import Mapping

_KINDS = ("received", "dispositions", "suppressed", "rule_hits", "sla_breaches")


class Counts:
    """Numbers that only grow. Labels come from our own words and from the rules, never from a mail."""

    def __init__(self) -> None:
        self.by_kind: Mapping[str, Counter[str]] = {kind: Counter() for kind in _KINDS}

    def add(self, kind: str, label: str) -> None:
        """One more."""
        self.by_kind[kind][label] += 1
