"""Canned replies: words that the site wrote once, in each language, with places for what differs.

Sources  mails-out.md §10: `snippets/<name>/<lang>.md` is a short text that stands among somebody's own words,
         `answers/<name>/<lang>.md` a whole answer, with files of `answers/<name>/files/`.
         Markdown with `[[tokens]]` of a closed list, each replaced once by text that nothing reads again: neither what
         an agent types nor what a mail says can become a template. One that is unknown or empty, and nothing is said.
Not here  how a file is taken apart (front_matter.py), articles (articles.py), how words become a mail (render.py), what
          the tokens of a ticket are (ticket/canned.py).
"""

import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from babel.dates import format_date

from gateway.errors import ConfigError, PoisonError, Problem
from gateway.message.filename import clean_name
from gateway.outgoing.front_matter import TOKEN, is_token, mapping, read_front, texts, title, tokens, unknown_token
from gateway.outgoing.grammar import GRAMMARS
from gateway.outgoing.header import clean_header
from gateway.outgoing.markdown import Words, place, without_places
from gateway.outgoing.nearest import nearest
from gateway.rules.reading import CannedReply
from gateway.ticket.canned import FIELD, TOKENS, Suggestion
from gateway.ticket.saying import Saying, saying
from gateway.ticket.types import File

Kind = Literal["snippet", "answer", "article"]
MOST_OCTETS = 10 << 20  # of the files of an answer
_MOST_VALUE = 1000  # characters
_FOLDERS: Mapping[str, Kind] = {"snippets": "snippet", "answers": "answer"}
_FILE = re.compile(r"(snippets|answers)/([a-z0-9][a-z0-9_-]{0,63})/([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.md")
_KEYS = ("title", "vars", "sets", "suggest", "attach")
_TYPES = ("text", "number", "date")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:[.,]\d{1,6})?")
_MADE_UP = {
    "text": "PL-10442",
    "number": "129.50",
    "date": "2026-12-01",
    "ticket.number": "4812",
    "ticket.subject": "Zwrot, order PL-10442",
    "customer.name": "Jan Wiśniewski",
    "customer.address": "jan@bigbank.test",
    "agent.name": "Ana Kovač",
}
_SETTABLE = ("status", "priority", "tags")


@dataclass(frozen=True, slots=True)
class Canned:
    """One canned reply in one language, as its file says it; of an article its words."""

    kind: Kind
    name: str
    language: str
    title: str
    body: str  # Markdown with [[tokens]]
    variables: Mapping[str, tuple[str, ...]]  # name -> what it may be: one of _TYPES, or several words
    sets: tuple[tuple[str, str], ...]  # status, priority, field.NAME; its text may hold tokens
    tags: tuple[str, ...]
    suggest: tuple[str, ...]
    attach: tuple[Path, ...]

    @property
    def file(self) -> str:
        """Where it stands: below the folder of the templates, an article in that of articles."""
        return f"{'kb' if self.kind == 'article' else f'{self.kind}s'}/{self.name}/{self.language}.md"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A canned reply with its values: what it says, and what it sets."""

    canned: Canned
    words: Words
    sets: tuple[tuple[str, str], ...]
    values: Mapping[str, str]  # that it was given

    def files(self) -> tuple[File, ...]:
        """The files that go along, as they are now.

        Raises  PoisonError  one is gone, or all have become too large
        """
        found, room = list[File](), MOST_OCTETS
        for path in self.canned.attach:
            try:
                with path.open("rb") as file:
                    octets = file.read(room + 1)
            except OSError as e:
                raise PoisonError(f"{path.name} of {self.canned.name} cannot be read: {e.strerror}") from e
            room -= len(octets)
            if room < 0:
                raise PoisonError(f"the files of {self.canned.name} are more than {MOST_OCTETS >> 20} MiB")
            media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found.append(File(clean_name(path.name, part="1", media_type=media_type), media_type, octets))
        return tuple(found)


class Library:
    """All canned replies of a site."""

    def __init__(self, found: tuple[Canned, ...] = (), wrong: tuple[str, ...] = ()) -> None:
        self._wrong, self._of = wrong, dict[str, dict[str, Canned]]()
        self._twice = list[str]()
        for canned in found:
            languages = self._of.setdefault(canned.name, {})
            if any(other.kind != canned.kind for other in languages.values()):
                self._twice.append(f"{canned.file}: there is a snippet and an answer of this name")
            else:
                languages[canned.language] = canned

    def __iter__(self) -> Iterator[Canned]:
        return chain.from_iterable(languages.values() for languages in self._of.values())

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with which file."""
        return (*self._wrong, *self._twice, *(f"{c.file}: {text}" for c in self for text in self._differs(c)))

    @cached_property
    def replies(self) -> Mapping[str, CannedReply]:
        """What a rule has to know of each; the languages of one are alike in all but their words."""
        return {
            name: CannedReply(frozenset(of), first.variables, first.sets, first.tags)
            for name, of in self._of.items()
            for first in (next(iter(of.values())),)
        }

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """How each is offered to agents."""
        return tuple(
            Suggestion(f"#{'answer' if kind == 'answer' else 'macro'} {name}", name, words)
            for name, of in self._of.items()
            for kind in {c.kind for c in of.values()}
            if (words := tuple(dict.fromkeys(word for c in of.values() for word in c.suggest)))
        )

    def spoken(self, name: str, language: str, values: Mapping[str, str], kind: Kind | None = None) -> Spoken | Saying:
        """What a canned reply says in a language, or the nearest; why, where it says nothing.

        values  of its variables, and of the tokens of the ticket (ticket/canned.py)
        kind    None takes both
        """
        of = {tag: canned for tag, canned in self._of.get(name, {}).items() if kind in (None, canned.kind)}
        if not of:
            known = sorted(n for n, all_ in self._of.items() if any(kind in (None, c.kind) for c in all_.values()))
            return saying("done_no_canned", name=name[:60], known=", ".join(known) or "—")
        canned = next((of[tag] for tag in nearest(language) if tag in of), None)
        if canned is None:
            return saying("done_canned_language", name=name, language=language, known=", ".join(sorted(of)))
        return filled(canned, values)

    def _differs(self, canned: Canned) -> Iterator[str]:
        first = next(iter(self._of[canned.name].values()))
        for what in ("variables", "sets", "tags"):
            if getattr(canned, what) != getattr(first, what):
                yield f"its {'vars' if what == 'variables' else 'sets'} are others than those of {first.language}.md"
                return


def read_library(folder: Path) -> Library:
    """The canned replies below a folder of templates; one that is wrong is left out, and named.

    Raises  ConfigError  a file cannot be read
    """
    found, wrong = list[Canned](), list[str]()
    for path in sorted(path for each in _FOLDERS for path in (folder / each).glob("*/*.md")):
        name = path.relative_to(folder).as_posix()
        try:
            found.append(read(name, path.read_text("utf-8"), path.parent / "files"))
        except ValueError as e:
            wrong.append(f"{name}: {e}")
        except OSError as e:
            raise ConfigError(Problem(str(path), 0, 0, "C001", f"cannot be read: {e.strerror}")) from e
    return Library(tuple(found), tuple(wrong))


def read(name: str, source: str, files: Path) -> Canned:
    """One file.

    name    below the folder of the templates
    files   the folder of what it attaches
    Raises  WrongFileError, ValueError  with what is wrong
    """
    at = _FILE.fullmatch(name)
    if at is None:
        raise ValueError("it is called snippets/NAME/LANG.md or answers/NAME/LANG.md, NAME of a-z 0-9 - _")
    front = read_front(source, _KEYS)
    sets = front.take("sets", mapping)
    canned = Canned(
        kind=_FOLDERS[at[1]],
        name=at[2],
        language=at[3].lower(),
        title=front.take("title", title),
        body=front.body.strip(),
        variables=front.take("vars", _variables),
        sets=tuple(_setting(key, value) for key, value in sets.items() if key != "tags"),
        tags=texts(sets, "tags"),
        suggest=front.take("suggest", texts),
        attach=tuple(_attached(files, word) for word in front.take("attach", texts)),
    )
    if canned.attach and canned.kind == "snippet":
        raise ValueError("a snippet stands among other words: only answers attach files")
    if sum(path.stat().st_size for path in canned.attach) > MOST_OCTETS:
        raise ValueError(f"its files are more than {MOST_OCTETS >> 20} MiB")
    known = (*canned.variables, *TOKENS)
    front.check_words(known, prefix=FIELD)
    for token in _all_tokens(canned):
        if not is_token(token, known, FIELD):
            raise ValueError(unknown_token(token, known, FIELD))
    return canned


def _all_tokens(canned: Canned) -> Iterator[str]:
    return chain(tokens(canned.body), *(tokens(value) for _, value in canned.sets))


def filled(canned: Canned, values: Mapping[str, str]) -> Spoken | Saying:
    """The reply with its values in their places; why, where one is missing or does not fit."""
    known = (*canned.variables, *TOKENS)
    if (strange := next((name for name in values if not is_token(name, known, FIELD)), None)) is not None:
        own = ", ".join(canned.variables) or "—"
        return saying("done_canned_strange", name=canned.name, token=strange[:40], known=own)
    told = {name: clean_header(without_places(value))[:_MOST_VALUE] for name, value in values.items()}
    for name in dict.fromkeys((*canned.variables, *_all_tokens(canned))):
        if not told.get(name):
            return saying("done_canned_missing", name=canned.name, token=name)
        if (wanted := _misfit(canned.variables.get(name, ("text",)), told[name])) is not None:
            return saying("wrong_value", word=told[name][:40], name=f"[[{name}]]", wanted=wanted)
    sets = tuple((name, TOKEN.sub(lambda found: told[found[1].strip()], text)) for name, text in canned.sets)
    days = (name for name, may_be in canned.variables.items() if may_be == ("date",))
    told |= {name: _day(told[name], canned.language) for name in days}
    order = tuple(dict.fromkeys(tokens(canned.body)))
    source = TOKEN.sub(lambda found: place(order.index(found[1].strip())), canned.body)
    return Spoken(canned, Words(source, tuple(told[name] for name in order)), sets, values)


def _misfit(may_be: tuple[str, ...], value: str) -> str | None:
    """What the value should be; None when it fits."""
    match may_be:
        case ("text",):
            return None
        case ("number",):
            return None if _NUMBER.fullmatch(value) else "129.50"
        case ("date",):
            return None if _is_day(value) else "2026-12-01"
    return None if value in may_be else ", ".join(may_be)


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _day(value: str, language: str) -> str:
    """A day as the language writes it."""
    grammar = GRAMMARS.get(language.partition("-")[0], GRAMMARS["en"])
    return format_date(date.fromisoformat(value), grammar.date_of_year, locale=grammar.locale)


def _variables(given: Mapping[str, Any], key: str) -> Mapping[str, tuple[str, ...]]:
    return dict(_variable(name, value) for name, value in mapping(given, key).items())


def _variable(name: Any, value: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name) or name in TOKENS:
        raise ValueError(f"“{name}” is no name of a variable, such as order_number")
    if isinstance(value, str) and value in _TYPES:
        return name, (value,)
    if isinstance(value, list) and len(value) > 1 and all(isinstance(word, str) and word for word in value):
        return name, tuple(value)
    raise ValueError(f"vars: {name}: one of {', '.join(_TYPES)}, or a list of what it may be")


def _setting(name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, str) or (name not in _SETTABLE and not name.startswith("field.")):
        raise ValueError(f"sets: “{name}” is none of {', '.join(_SETTABLE)}, field.NAME")
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"sets: {name}: a text")
    return name, str(value)


def _attached(folder: Path, name: str) -> Path:
    """A plain file of the folder itself: no way leads out of it."""
    path = folder / name
    if "/" in name or name.startswith(".") or path.is_symlink() or not path.is_file():
        raise ValueError(f"there is no file files/{name[:60]}")
    return path


def sample(canned: Canned) -> Spoken:
    """The reply with made-up values, to be looked at."""
    values = {name: _MADE_UP.get(may_be[0], may_be[0]) for name, may_be in canned.variables.items()}
    others = {token: _MADE_UP.get(token, _MADE_UP["text"]) for token in _all_tokens(canned)}
    spoken = filled(canned, {**others, **values})
    if isinstance(spoken, Saying):
        raise ValueError(spoken.name)
    return spoken
