"""A day as people write it down: who does what at which time in his mail program, and what became of it.

    09:05 ana answers #1 of 08:02          a step; its words follow, indented
        Good morning.
      = entry #1 pending ana               what the desk made of it (`--update-golden` writes these lines anew)
      → jan: answer pl “Good morning.”     what arrived in whose mailbox until the next step

Not here  doing it (day.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_STEP = re.compile(r"(\d\d:\d\d) (\w+) (.+?)(?: \((.+)\))?")
_RESULTS = ("  = ", "  → ")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does."""

    at: str  # HH:MM
    who: str
    does: str
    words: str
    oddity: str = ""  # what is different from an ordinary mail
    results: list[str] = field(default_factory=list)  # as written down


@dataclass(frozen=True, slots=True)
class Script:
    """The steps with all that stands between them, and how everything looks in the end."""

    pieces: tuple[str | Step, ...]  # remarks and headings are text
    end: str

    def steps(self) -> Iterator[Step]:
        """In order."""
        yield from (piece for piece in self.pieces if isinstance(piece, Step))


_END = "## In the end"


def read(path: Path) -> Script:
    """The script in a file."""
    told, _, end = path.read_text("utf-8").partition(_END + "\n")
    pieces: list[str | Step] = []
    for block in told.split("\n\n"):
        lines = block.split("\n")
        found = _STEP.fullmatch(lines[0])
        if found is None:
            pieces.append(block)
            continue
        at, who, does, oddity = found.groups()
        words = [line[4:] for line in lines[1:] if not line.startswith(_RESULTS)]
        results = [line for line in lines[1:] if line.startswith(_RESULTS)]
        pieces.append(Step(at, who, does, "\n".join(words).replace("\n.\n", "\n\n"), oddity or "", results))
    return Script(tuple(pieces), end.strip("\n"))


def written(script: Script, results: list[list[str]], end: str) -> str:
    """The same script with what really became of it."""
    found, blocks = iter(results), []
    for piece in script.pieces:
        if isinstance(piece, str):
            blocks.append(piece)
            continue
        oddity = f" ({piece.oddity})" if piece.oddity else ""
        words = [f"    {line}" for line in piece.words.replace("\n\n", "\n.\n").split("\n")] if piece.words else []
        blocks.append("\n".join((f"{piece.at} {piece.who} {piece.does}{oddity}", *words, *next(found))))
    return "\n\n".join(blocks).rstrip("\n") + f"\n\n{_END}\n\n{end}\n"
