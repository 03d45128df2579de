"""Which mail is for us."""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where mail for us may go; it changes with a reload of the rules."""

    addresses: Container[str]
    domains: frozenset[str]
