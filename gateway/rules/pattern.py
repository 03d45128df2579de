"""A pattern of `matches`: linear in the text, whatever pattern and text are (acceptance G-01).

Sources  RE2 (github.com/google/re2/wiki/Syntax): no look-around, no back-references, at most 1000 repetitions;
         \\w, \\d and \\b are ASCII, letters of all languages are [\\pL\\pN_].
         Whether and where it matches is asked without groups, because groups make RE2 40 times slower; they are then
         read at the place of the match alone.
Not here the time that all patterns of a run share (evaluate.py).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

MAX_PROGRAM = 20_000  # RE2 instructions; more is a repetition of a repetition, not a rule
MAX_CAPTURE = 1024  # characters of one capture
_WINDOW_WORK, _LEAST_WINDOW, _MOST_WINDOW = 400_000, 64, 2048  # instructions times octets; octets
_MAX_CAPTURE_WORK = 4_000_000  # instructions times octets of the match: about 20 ms

# a class, an escape or a quoted run is one token, so that only real openings of named groups are rewritten
_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|(\(\?P?<\w+>)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """A match: the text, and the named groups that took part."""

    text: str
    captures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. Equal patterns compare equal by their source."""

    source: str
    names: tuple[str, ...]
    bare: bytes  # the same without named groups
    _probe: Any
    _groups: Any

    def is_in(self, octets: bytes) -> bool:
        """Whether it matches anywhere in a text; asked of a part of one, only how long that takes is of use."""
        return self._probe.search(octets) is not None

    @property
    def window(self) -> int:
        """Octets that are looked at in a millisecond or two, however hard the pattern is."""
        return int(max(_LEAST_WINDOW, min(_MOST_WINDOW, _WINDOW_WORK // self._probe.programsize)))

    def search(self, octets: bytes) -> Found | None:
        """The first match in a UTF-8 text; None when there is none.

        Raises  ValueError  the match is so long that its groups would cost too much
        """
        found = self._probe.search(octets)
        if found is None:
            return None
        start, end = found.span()
        if not self.names:
            return Found(_clean(octets[start:end]), {})
        if self._groups.programsize * (end - start) > _MAX_CAPTURE_WORK:
            raise ValueError(f"pattern matches {end - start} octets, too many to take captures from")
        groups = self._groups.search(octets, start)
        captures = {name: groups[name] for name in self.names if groups is not None}
        return Found(_clean(octets[start:end]), {n: _clean(v) for n, v in captures.items() if v is not None})


@lru_cache(maxsize=4096)
def compiled(source: str) -> Pattern:
    """The pattern, ready.

    Raises  ValueError  with RE2's words for what is wrong
    """
    groups = _compile(source, never_capture=False)
    names = tuple(sorted(groups.groupindex, key=groups.groupindex.__getitem__))
    bare = _TOKEN.sub(lambda token: "(?:" if token[1] else token[0], source) if names else source
    probe = _compile(bare, never_capture=True)
    if max(groups.programsize, probe.programsize) > MAX_PROGRAM:
        raise ValueError("pattern too large")
    return Pattern(source, tuple(n.decode() for n in names), bare.encode(), probe, _ByName(groups))


class _ByName:
    """Named groups by text, of a pattern over octets."""

    def __init__(self, pattern: Any) -> None:
        self._pattern = pattern
        self.programsize: int = pattern.programsize

    def search(self, octets: bytes, start: int) -> Mapping[str, bytes | None] | None:
        found = self._pattern.search(octets, start)
        return {n.decode(): v for n, v in found.groupdict().items()} if found else None


def _compile(source: str, *, never_capture: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = never_capture
    try:
        return re2.compile(source.encode(), options)
    except re2.error as e:
        raise ValueError(e.args[0].decode("utf-8", "replace").partition(" - compile failed")[0]) from e
    except UnicodeEncodeError as e:
        raise ValueError("not a Unicode text") from e


def _clean(octets: bytes) -> str:
    """One line without control characters, cut: a capture becomes a field of the ticket."""
    text = octets[: 4 * MAX_CAPTURE].decode("utf-8", "replace")[:MAX_CAPTURE]
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
