"""The table of a month, as people wrote it: what happens in the tickets of each kind, and which mails leave when.

What a line looks like is said in expected.txt. A moment of a kind is that of its first ticket; the others follow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

YEAR = 2026
ZONES = {"": ZoneInfo("Europe/Warsaw"), "NY": ZoneInfo("America/New_York"), "KTM": ZoneInfo("Asia/Kathmandu")}
_TABLE = Path(__file__).parent / "expected.txt"
_KIND = re.compile(r"(?P<name>[^:]+): (?P<count>\d+) (?P<owner>\S+)(?: every (?P<every>\d+))?")
_PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class When:
    """A moment of the first ticket of a kind."""

    at: datetime
    fixed: bool  # whether it is that of the others, too

    def of(self, place: int, every: timedelta) -> datetime:
        """That of the ticket at a place among its kind, from nought."""
        return self.at if self.fixed else self.at + place * every


@dataclass(frozen=True, slots=True)
class Step:
    """A line: when, what is done to the ticket (empty: nothing), the mails that leave (template, reader)."""

    when: When
    act: str
    mails: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Tickets that have the same fate."""

    name: str  # people: of no ticket
    count: int
    owner: str  # empty: nobody
    every: timedelta
    steps: tuple[Step, ...]


def kinds() -> tuple[Kind, ...]:
    """All of them, that of mails about no ticket last."""
    return tuple(map(_kind, _blocks()))


def _blocks() -> Iterator[list[str]]:
    for block in _TABLE.read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            yield lines


def _kind(lines: list[str]) -> Kind:
    steps = tuple(_step(line) for line in lines[1:])
    if lines[0] == _PEOPLE:
        return Kind(_PEOPLE, 1, "", timedelta(0), steps)
    found = _KIND.fullmatch(lines[0])
    assert found is not None, lines[0]
    owner, every = found["owner"].replace("-", ""), timedelta(minutes=int(found["every"] or 1))
    return Kind(found["name"], int(found["count"]), owner, every, steps)


def _step(line: str) -> Step:
    when, act, mails = re.split(r" {2,}", line.strip())
    return Step(_when(when), act.replace("-", "", 1) if act == "-" else act, tuple(_mails(mails)))


def _mails(text: str) -> Iterator[tuple[str, str]]:
    for each in text.split("; ") if text != "-" else ():
        template, *readers = each.split()
        yield from ((template, reader) for reader in readers)


def _when(text: str) -> When:
    words = text.split()
    fixed = words[-1] == "="
    zone = ZONES[words[4] if len(words) > 4 and words[4] != "=" else ""]
    local = datetime.strptime(f"{' '.join(words[:4])} {YEAR}", "%a %d %b %H:%M %Y").replace(tzinfo=zone)
    assert local.strftime("%a") == words[0], text
    return When(local.astimezone(UTC), fixed)
