"""Which mail is for us."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where mail for us may go, in normal form and without sub-address; it changes with a reload of the rules."""

    addresses: frozenset[str]
    domains: frozenset[str]
