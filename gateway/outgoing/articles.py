"""Knowledge articles: what the site wrote down once, for customers or for its own people alone.

Sources  tickets-and-sla.md §4: `KB-12/<lang>.md` in the folder of articles, with title, keywords, language, visibility,
         reviewed_by. Their words are read, checked, filled and inserted as those of canned replies are.
         One that is internal is given to nobody who writes to a customer, and its words are watched for in all mail.
Not here  the words (canned.py, front_matter.py), which article a mail suggests (ticket/canned.py).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, Problem
from gateway.message.fold import words
from gateway.outgoing.canned import Canned, Spoken, filled
from gateway.outgoing.front_matter import WrongFileError, read_front, texts, title
from gateway.outgoing.nearest import nearest
from gateway.ticket.canned import FIELD, TOKENS, Suggestion
from gateway.ticket.leak import ArticleRuns, Run, runs_of
from gateway.ticket.meant import meant
from gateway.ticket.saying import Saying, saying

MOST_FILES, _MOST_OCTETS = 2000, 4 << 20  # of all articles
_FRESH = timedelta(days=365)  # what was looked at within it is not stale
_FILE = re.compile(r"(KB-[1-9][0-9]{0,5})/([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.md")
_KEYS = ("title", "keywords", "language", "visibility", "reviewed_by", "reviewed")
_VISIBILITIES = ("public", "internal")
_LEAST_OF_TITLE = 4  # letters of a word that says what an article is about
_MOST_CANDIDATES = 3
_MOST_OFFERED = 400  # characters of one
_MEND = "mend it, or take it away; “mailwicket kb check” looks again"


@dataclass(frozen=True, slots=True)
class Article:
    """One article in one language."""

    words: Canned
    keywords: tuple[str, ...]
    internal: bool
    reviewed_by: str  # empty: nobody
    reviewed: date | None  # None: never

    @property
    def id(self) -> str:
        """KB-12."""
        return self.words.name

    @property
    def called(self) -> str:
        """As people read it: KB-12 Photos of damage."""
        return f"{self.id} {self.words.title}"

    def is_stale(self, today: date) -> bool:
        """Whether nobody has looked for a year whether it is still true."""
        return self.reviewed is None or is_old(self.reviewed, today)


def is_old(day: date, today: date) -> bool:
    """Whether it is more than a year ago."""
    return today - day > _FRESH


class Articles:
    """All articles of a site, by their numbers."""

    def __init__(
        self, found: Sequence[Article] = (), problems: Sequence[Problem] = (), left_out: Collection[str] = ()
    ) -> None:
        """`found`: one for each file; `problems`: what is wrong with files that are left out, of these ids."""
        self.problems, self._left_out = tuple(problems), left_out
        self._of = dict[str, dict[str, Article]]()
        for article in sorted(found, key=lambda a: (int(a.id.partition("-")[2]), a.words.language)):
            self._of.setdefault(article.id, {})[article.words.language] = article

    def __iter__(self) -> Iterator[Article]:
        """Each in each language."""
        return (article for languages in self._of.values() for article in languages.values())

    @property
    def ids(self) -> tuple[str, ...]:
        """KB-1, KB-2 …"""
        return tuple(self._of)

    def languages(self, id: str) -> tuple[str, ...]:
        """Those that an article is written in; none where there is no such article."""
        return tuple(self._of.get(id, ()))

    @cached_property
    def internal(self) -> frozenset[str]:
        """The ids of those for our own people alone: one language that says so, or cannot be read, is enough."""
        return frozenset(article.id for article in self if article.internal or article.id in self._left_out)

    def is_public(self, id: str) -> bool:
        """Whether there is such an article, and customers may read it."""
        return id in self._of and id not in self.internal

    def written(self, id: str, *languages: str) -> Article:
        """An article in the first of these languages, or a neighbour of it; else in the first that there is."""
        of = self._of[id]
        tags = (tag for language in languages for tag in nearest(language) if tag in of)
        return of[next(tags, next(iter(of)))]

    def inserted(self, id: str, language: str, values: Mapping[str, str], *, public: bool) -> Spoken | Saying:
        """What an article says; why, where it says nothing.

        id      whatever somebody wrote: only what is the id of an article finds one
        values  of the tokens of the ticket (ticket/canned.py)
        public  whether a customer reads it: then in his language and no other, and never one that is internal
        """
        if id not in self._of:
            return self.unknown(id, language)
        if public and id in self.internal:
            return saying("done_article_internal", name=id)
        article = self.written(id, language)
        if public and article.words.language not in nearest(language):
            return saying("done_canned_language", name=id, language=language, known=", ".join(self.languages(id)))
        return filled(article.words, values)

    def unknown(self, id: str, language: str) -> Saying:
        """What is said of what is no id of an article; those that were perhaps meant are called as in a language."""
        near = meant(id.upper(), self.ids) or self.search(id) or self.ids
        named = "; ".join(self.written(each, language).called for each in near[:_MOST_CANDIDATES])
        return saying("done_no_article", name=id[:60], known=named or "—")

    def search(self, text: str) -> tuple[str, ...]:
        """The ids of the articles that have all these words, in any of their languages: those in title and keywords
        before those in the text."""
        wanted = words(text)
        if not wanted:
            return ()
        ranks = ((self._rank(id, wanted), id) for id in self._of)
        return tuple(id for rank, id in sorted((r for r in ranks if r[0] is not None), key=lambda r: r[0] or 0))

    def _rank(self, id: str, wanted: Sequence[str]) -> int | None:
        """How many words stand in the text alone; None where one stands nowhere."""
        texts_of = self._of[id].values()
        above = " ".join(("", *(w for a in texts_of for w in words(f"{a.called} {' '.join(a.keywords)}"))))
        below = " ".join(("", *(w for a in texts_of for w in words(a.words.body))))
        missing = [word for word in wanted if f" {word}" not in above]
        return len(missing) if all(f" {word}" in below for word in missing) else None

    def suggestions(self, language: str) -> tuple[Suggestion, ...]:
        """How each is offered to agents, called as in a language: an internal one to be read, others to be inserted."""
        return tuple(
            Suggestion(
                f"#use? {id}" if id in self.internal else f"#use {id}",
                self.written(id, language).called,
                self._signs(id),
                self._words_of_titles(id),
                id,
            )
            for id in self._of
        )

    def offers(self, language: str) -> tuple[Suggestion, ...]:
        """How customers who read a language are offered those that are public, and short enough to be sent whole.

        One with tokens is not: an acknowledgement repeats nothing of what it answers.
        """
        whole = ((id, self.inserted(id, language, {}, public=True)) for id in self._of)
        return tuple(
            Suggestion(
                f"#solved {id}", said.canned.title, self._signs(id), self._words_of_titles(id), id, said.words.text
            )
            for id, said in whole
            if isinstance(said, Spoken) and len(said.words.text) <= _MOST_OFFERED
        )

    def _signs(self, id: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sign for article in self._of[id].values() for sign in article.keywords))

    def _words_of_titles(self, id: str) -> tuple[str, ...]:
        found = (word for article in self._of[id].values() for word in words(article.words.title))
        return tuple(dict.fromkeys(word for word in found if len(word) >= _LEAST_OF_TITLE))

    @cached_property
    def runs(self) -> ArticleRuns:
        """Words in a row that stand in articles."""
        kinds = {internal: set[Run]() for internal in (False, True)}
        for article in self:
            kinds[article.id in self.internal].update(runs_of(article.words.body))
        return ArticleRuns(frozenset(kinds[True] - kinds[False]), frozenset(kinds[False]))


def read_articles(folder: Path) -> Articles:
    """The articles of a folder; a file that is wrong is left out, and named.

    Raises  ConfigError  the folder cannot be read, or has more than we keep
    """
    found, problems, left_out, octets = dict[str, Article](), list[Problem](), set[str](), 0
    try:
        paths = sorted(path for path in folder.rglob("*.md") if path.name != "README.md")
        octets = sum(path.stat().st_size for path in paths)
    except OSError as e:
        raise ConfigError(Problem(str(folder), 0, 0, "C001", f"cannot be read: {e.strerror}", "paths.kb")) from e
    if not folder.is_dir():
        raise ConfigError(Problem(str(folder), 0, 0, "C001", "there is no such folder", "make it, or change paths.kb"))
    if len(paths) > MOST_FILES or octets > _MOST_OCTETS:
        what = f"these are {len(paths)} files of {octets >> 10} KiB; at most {MOST_FILES} of {_MOST_OCTETS >> 10} KiB"
        raise ConfigError(Problem(str(folder), 0, 0, "C001", what, "take away what nobody uses: “mailwicket kb list”"))
    for path in paths:
        try:
            article = read_article(path.relative_to(folder).as_posix(), path.read_text("utf-8"))
            if article.words.file in found:
                raise WrongFileError("there is another file of this language")
            found[article.words.file] = article
            continue
        except WrongFileError as e:
            problems.append(Problem(str(path), e.line, 0, "C010", str(e), _MEND))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 0, 0, "C010", "is not UTF-8", "save it as UTF-8"))
        except OSError as e:
            problems.append(Problem(str(path), 0, 0, "C010", f"cannot be read: {e.strerror}", _MEND))
        left_out.add(path.parent.name)
    return Articles(tuple(found.values()), problems, left_out)


def read_article(name: str, source: str) -> Article:
    """One file.

    name    below the folder of articles
    Raises  WrongFileError  with what is wrong, and where
    """
    at = _FILE.fullmatch(name)
    if at is None:
        raise WrongFileError("it is called KB-12/LANG.md, with a number of its own")
    front, language = read_front(source, _KEYS), at[2].lower()
    said = front.take("language", _text)
    if said and said.lower() != language:
        front.refuse("language", f"language: “{said[:20]}” stands in a file of {language}")
    visibility = front.take("visibility", _visibility)
    front.check_words(TOKENS, prefix=FIELD)
    called, keywords = front.take("title", title), front.take("keywords", texts)
    body = Canned("article", at[1], language, called, front.body.strip(), {}, (), (), (), ())
    reviewed = front.take("reviewed", _day)
    return Article(body, keywords, visibility == "internal", front.take("reviewed_by", _text), reviewed)


def _visibility(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if value not in _VISIBILITIES:
        raise ValueError(f"{key}: one of {', '.join(_VISIBILITIES)}")
    return str(value)


def _text(given: Mapping[str, Any], key: str) -> str:
    """A short text; empty where there is none."""
    return title(given, key) if key in given else ""


def _day(given: Mapping[str, Any], key: str) -> date | None:
    value = given.get(key)
    if value is not None and type(value) is not date:
        raise ValueError(f"{key}: a day, such as 2026-12-01")
    return value
