"""What stands behind a command: its words, the values that come of them, and what can be wrong.

Sources  agents-by-mail.md §3 (quotes, name=value).
Not here  which value a command takes (command_arguments.py), which commands there are (command_table.py).
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from gateway.rules.types import Agent, RuleSet
from gateway.ticket.saying import filled

SHOWN = 60  # characters of a word in an answer
QUOTES = '"“”„‟«»″＂'
_SINGLE = "‘’‚‛‹›"  # one of them within a word is an apostrophe
_TOKEN = re.compile(
    rf"(?:([\w.-]{{1,64}})=)?(?:[{QUOTES}]([^{QUOTES}]*)[{QUOTES}]|[{_SINGLE}]([^{_SINGLE}]*)[{_SINGLE}](?=[,;]*(?:\s|$))"
    rf"|([^\s{QUOTES}]+))(?=[,;]*(?:\s|$))"
)
_BETWEEN = re.compile(r"[,;]*\s*")
DASHES = "-‐‑‒–—―−﹣－"  # what programs make of a hyphen
_HYPHENS = str.maketrans(dict.fromkeys(DASHES, "-"))


def quoted(value: str) -> str:
    """A value as it stands behind `name=`."""
    return value if value and not any(each.isspace() for each in value) else f'"{value}"'


def with_hyphens(text: str) -> str:
    """The text with a hyphen for each dash."""
    return text.translate(_HYPHENS)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong: `wrong_WORD` of the strings, with what stands in its places."""

    word: str
    places: tuple[tuple[str, str], ...] = ()

    def said(self, strings: Mapping[str, str]) -> str:
        """In the words of a language."""
        return filled(strings[f"wrong_{self.word}"], dict(self.places))


class WrongValueError(ValueError):
    """A value that cannot be taken, and what may have been meant in its place."""

    def __init__(self, wrong: Wrong, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(wrong.word)
        self.wrong, self.candidates = wrong, candidates


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags to add and to take away."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """Another ticket, and what it is to this one; None is whatever it is."""

    number: int
    kind: str | None


@dataclass(frozen=True, slots=True)
class Snippet:
    """A canned text by its name, and the values for its places."""

    name: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """When to remind somebody, and of what."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Until when somebody is away (None: until he is back), and who takes what comes meanwhile."""

    until: datetime | None
    cover: str | None
    who: str | None  # None is whoever writes


Value = (
    None | str | int | datetime | timedelta | tuple[str, ...] | tuple[tuple[str, str], ...]
    | Tags | Related | Snippet | Reminder | Absence
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes commands, and what his words can mean at this desk, now."""

    agent: Agent
    rules: RuleSet
    now: datetime  # aware UTC
    zone: tzinfo
    languages: tuple[str, ...]
    ours: Container[str] = ()  # addresses that take part in no ticket


@dataclass(frozen=True, slots=True)
class Given:
    """What stands behind a command."""

    command: str  # as people write it, with its mark
    argument: str  # what it takes, for people: WHO, [REASON]
    text: str
    writer: Writer

    def words(self) -> tuple[str, ...]:
        """The words, those in quotes as one; a name=value is one word.

        Raises  WrongValueError  a quote has no end
        """
        return tuple(f"{name}={value}" if name else value for name, value in self._tokens())

    def one(self) -> str:
        """All of it as one name or value: quotes around it are taken away.

        Raises  WrongValueError  there is nothing
        """
        text = self.text.strip()
        if len(text) > 1 and any(text[0] in quotes and text[-1] in quotes for quotes in (QUOTES, _SINGLE)):
            text = text[1:-1].strip()
        if not text:
            raise WrongValueError(self.needs)
        return text

    @property
    def needs(self) -> Wrong:
        """The answer where something is missing."""
        return Wrong("missing", (("command", self.command), ("argument", self.argument)))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The name=value pairs.

        Raises  WrongValueError  something else stands there
        """
        found = tuple(self._tokens())
        for name, value in found:
            if not name:
                raise WrongValueError(Wrong("pair", (("word", value[:SHOWN]),)))
        return found

    def _tokens(self) -> Iterator[tuple[str, str]]:
        at, text = 0, self.text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise WrongValueError(Wrong("quote", (("word", text[at : at + SHOWN]),)))
            within = found[2] if found[2] is not None else found[3]
            yield found[1] or "", within if within is not None else found[4].rstrip(",;") or found[4]
            at = _BETWEEN.match(text, found.end()).end()  # type: ignore[union-attr]  # be it nothing
