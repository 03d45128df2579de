"""What is wrong with a rule file: all of it at once, each with its place and the nearest known word.

Sources  rules.md §8: the codes.
Not here reading the file (tree.py); what is expected where (sections.py, conditions.py, actions.py, scenes.py).
"""

import difflib
from collections.abc import Collection
from typing import Protocol

from gateway.errors import Problem
from gateway.rules.codes import CODES

_MANY = 12  # more known words than this are not listed


_SOURCE_SHOWN = 300  # characters of a line; a longer one is a generated file


class Place(Protocol):
    """Anything that stands somewhere in the file; both count from 1, line 0 is the file as a whole."""

    @property
    def line(self) -> int: ...  # noqa: D102  (the class says it)
    @property
    def column(self) -> int: ...  # noqa: D102


class Findings:
    """The problems of one file."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._lines = text.encode("utf-8", "replace").decode().removeprefix("\ufeff").split("\n")
        self._problems: dict[tuple[int, int, str, str], Problem] = {}

    def add(self, at: Place | None, code: str, text: str, hint: str = "") -> None:
        """Note one problem. `at` None is the file as a whole; an alias that repeats a place is told once."""
        line, column = (at.line, at.column) if at else (0, 0)
        source = self._lines[line - 1].rstrip("\r") if 0 < line <= len(self._lines) else ""
        source = source[: column + _SOURCE_SHOWN] if column <= _SOURCE_SHOWN else ""
        problem = Problem(self.name, line, column, code, text, hint, source, CODES[code].severity)
        self._problems.setdefault((line, column, code, text), problem)

    def unknown(self, at: Place, kind: str, word: str, known: Collection[str], plural: str = "") -> None:
        """Note a word that nobody knows (R001), with what is known. `plural` begins the list: “teams are”."""
        self.add(at, "R001", f"unknown {kind} “{word}”", nearest(word, known, plural))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The errors, in the order of the file."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed, and mostly not meant, in the order of the file."""
        return self._of("warning")

    def _of(self, severity: str) -> tuple[Problem, ...]:
        found = (p for p in self._problems.values() if p.severity == severity)
        return tuple(sorted(found, key=lambda p: (p.line, p.column, p.code)))


def nearest(word: str, known: Collection[str], plural: str = "") -> str:
    """The hint for an unknown word: the known words, when they are few, and the one that was probably meant."""
    names = list(known)
    close = difflib.get_close_matches(word[:80], names, 1, 0.6)
    meant = f"did you mean “{close[0]}”?" if close else ""
    if plural and not names:
        return f"there are no {plural}"
    few = f"{plural} are: {', '.join(names)}" if plural and len(names) <= _MANY else ""
    return "; ".join(filter(None, (few, meant)))
