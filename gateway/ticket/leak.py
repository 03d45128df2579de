"""What in a text is for our own people only, so that no customer ever reads it; and the text without it.

A text leaks where eight words in a row stand in a note or an internal article and nowhere in what the customer may
read, where a whole line is one of a mail that an agent was sent, or where it shows a token that was made for an agent,
or an agent's own address. A file leaks where what it says does; one that is closed to us may say anything.
Sources  agents-by-mail.md §5, acceptance D-13. It is the second wall: notes and answers are different kinds of entries.
Not here  which texts those are (store/), who asks (outgoing/enqueue.py, agents/).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import unquote

from gateway.message.address import normal
from gateway.message.file_words import file_words
from gateway.ticket.types import File

RUN = 8  # words in a row that nobody writes twice by chance
_LEAST_OF_LINE = 3  # words: shorter lines of ours are anybody's
_MAX_WORDS = 50_000
_MOST_QUOTINGS = 4  # of signs in a link, one within the other
_MOST_OCTETS = 1 << 20  # of a file
_WORD = re.compile(r"[\w@#]+")
_BEFORE = re.compile(r"[\s>|*_•·–—-]+")  # programs write the marks of lists anew, each its own
# a customer's `t` names no revision; all others are of agents: in addresses, and in Message-IDs behind a random part
_TOKEN = re.compile(
    r"(?:(?<![a-z0-9])[nch]\d*(?:-\d+)?|(?<![a-z0-9])t\d+-\d+)\.(?:[a-z2-7]{8}\.)?[a-z][a-z2-7]{26}(?![a-z0-9])"
)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-][\w.-]{0,250}\w")

Run = tuple[str, ...]  # so many words in a row


@dataclass(frozen=True, slots=True)
class ArticleRuns:
    """What stands in knowledge articles, whatever ticket it is."""

    internal: frozenset[Run] = frozenset()  # in those for our own people alone
    public: frozenset[Run] = frozenset()  # in those for customers: a note may well hold one


@dataclass(frozen=True)
class Internal:
    """What customers must not read, and what they may."""

    notes: Sequence[str]  # of the ticket, and of those that it is linked with
    notices: Sequence[str] = ()  # the texts of mails to agents about it
    public: Sequence[str] = ()  # what the customer wrote and was written
    addresses: Collection[str] = ()  # of agents, in normal form
    articles: ArticleRuns = ArticleRuns()

    @cached_property
    def notes_runs(self) -> frozenset[Run]:
        """Every eight words in a row that stand in internal texts of the ticket."""
        return frozenset(run for text in (*self.notes, *self.notices) for run in runs_of(text))

    @cached_property
    def public_runs(self) -> frozenset[Run]:
        """Those that the customer knows."""
        return frozenset(run for text in self.public for run in runs_of(text))

    @cached_property
    def lines(self) -> frozenset[str]:
        """Every line that only agents were sent."""
        theirs = {_bare(line) for text in self.public for line in text.splitlines()}
        found = {_bare(line) for text in self.notices for line in text.splitlines()}
        return frozenset(line for line in found - theirs if len(_words(line)) >= _LEAST_OF_LINE)

    @cached_property
    def unseen(self) -> frozenset[str]:
        """Addresses of agents that no customer has read or written yet."""
        known = {normal(found[0]) for text in self.public for found in _ADDRESS.finditer(text)}
        return frozenset(self.addresses) - known


def leaks(text: str, internal: Internal) -> tuple[int, ...]:
    """The numbers of the lines, from 0, that must not go out; empty when the text is clean."""
    return tuple(sorted(set(_leaking(text.splitlines(), internal))))


def cleaned(text: str, internal: Internal) -> str:
    """The text without the lines that must not go out."""
    lines = text.splitlines()
    while found := set(_leaking(lines, internal)):
        lines = [line for i, line in enumerate(lines) if i not in found]
    return "\n".join(lines).strip("\n")


def fault_of(file: File, internal: Internal) -> Literal["sealed", "ours"] | None:
    """Why a file may not go out: nobody here can read it, or it says what is for our own people only. None: it may."""
    words = file_words(file.octets, file.media_type, file.name)
    if words.sealed:
        return "sealed"
    return "ours" if shows_token(file.octets) or leaks(words.text, internal) else None


def shows_token(octets: bytes) -> bool:
    """Whether a file holds, anywhere in it, a reply address that was made for an agent."""
    text = octets[:_MOST_OCTETS].decode("latin-1").replace("=\r\n", "").replace("=\n", "")
    return _shows_token(text)


def _leaking(lines: Sequence[str], internal: Internal) -> Iterator[int]:
    words = [_words(line) for line in lines]
    flat = [(word, i) for i, said in enumerate(words) for word in said][:_MAX_WORDS]
    for at in range(len(flat) - RUN + 1) if internal.notes_runs or internal.articles.internal else ():
        run = tuple(word for word, _ in flat[at : at + RUN])
        inside = run in internal.notes_runs or run in internal.articles.internal
        if inside and run not in internal.articles.public and run not in internal.public_runs:
            yield from (i for _, i in flat[at : at + RUN])
    for i, line in enumerate(lines):
        if _bare(line) in internal.lines or _shows_token(line) or _names_agent(line, internal.unseen):
            yield i


def _shows_token(text: str) -> bool:
    for _ in range(_MOST_QUOTINGS):
        if _TOKEN.search(text.lower()):
            return True
        if (plain := unquote(text)) == text:
            return False
        text = plain
    return _TOKEN.search(text.lower()) is not None


def _names_agent(line: str, addresses: Collection[str]) -> bool:
    return "@" in line and any(normal(found[0]) in addresses for found in _ADDRESS.finditer(line))


def runs_of(text: str) -> Iterable[Run]:
    """Every eight words in a row of a text."""
    words = _words(text)
    return zip(*(words[k:] for k in range(RUN)), strict=False)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())[:_MAX_WORDS]


def _bare(line: str) -> str:
    """A line without marks of quotes and lists, case and blanks of any kind."""
    begins = _BEFORE.match(line)
    return " ".join((line[begins.end() :] if begins else line).casefold().split())
