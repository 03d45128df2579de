"""A file of words that the site wrote: what its front matter says, and Markdown with `[[tokens]]`, checked.

Sources  mails-out.md §10: a closed list of tokens, no template language, no HTML; links lead to https and mailto only.
Not here  what the words are for (canned.py, articles.py), how they become a mail (render.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gateway.outgoing.header import clean_header, clean_text
from gateway.outgoing.markdown import is_link, without_places

TOKEN = re.compile(r"\[\[([^\[\]\n]{0,100})\]\]")
_MOST_CHARACTERS, _MOST_TITLE = 64 * 1024, 80
_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^>\n]*>|<!--")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)")
_T = TypeVar("_T")


class WrongFileError(ValueError):
    """What is wrong with a file, and in which line of it."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Front:
    """A file, taken apart."""

    given: Mapping[str, Any]
    body: str  # Markdown
    source: str

    def take(self, key: str, reader: Callable[[Mapping[str, Any], str], _T]) -> _T:
        """What the reader makes of a key.

        Raises  WrongFileError  with the line of the key
        """
        try:
            return reader(self.given, key)
        except ValueError as e:
            raise WrongFileError(str(e), self._line_of(key)) from e

    def refuse(self, key: str, text: str) -> NoReturn:
        """Raises  WrongFileError  always, with the line of the key."""
        raise WrongFileError(text, self._line_of(key))

    def check_words(self, known: Sequence[str], *, prefix: str) -> None:
        """Whether the body may stand in a mail.

        known, prefix  its tokens, and what all others begin with
        Raises  WrongFileError  with the line of what may not
        """
        if not self.body.strip():
            raise WrongFileError("it says nothing", self._line_at(0))
        for found in TOKEN.finditer(self.body):
            if not is_token(token := found[1].strip(), known, prefix):
                raise WrongFileError(unknown_token(token, known, prefix), self._line_at(found.start()))
        without = TOKEN.sub(lambda found: "x" * len(found[0]), self.body)
        if (at := without.find("[[")) >= 0:
            raise WrongFileError("a [[ is never closed", self._line_at(at))
        if tag := _TAG.search(self.body):
            raise WrongFileError(f"HTML is not for mails: {tag[0][:40]}", self._line_at(tag.start()))
        for link in _LINK.finditer(without):
            if not is_link(link[1]):
                text = f"a link leads to {link[1][:60]}; only https and mailto do"
                raise WrongFileError(text, self._line_at(link.start()))

    def _line_of(self, key: str) -> int:
        lines = self.source.split("\n")
        return next((n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)

    def _line_at(self, place: int) -> int:
        """The line of the file that a place in the body is in."""
        return self.source.count("\n", 0, len(self.source) - len(self.body) + place) + 1


def read_front(source: str, keys: Sequence[str]) -> Front:
    """A file, taken apart.

    keys    what its front matter may say
    Raises  WrongFileError  with what is wrong
    """
    if len(source) > _MOST_CHARACTERS:
        raise WrongFileError(f"it has more than {_MOST_CHARACTERS} characters")
    text = without_places(clean_text(source))
    front = _FRONT.fullmatch(text)
    if front is None:
        raise WrongFileError("it begins with --- title: … ---")
    given = _mapping_of(front[1])
    found = Front(given, front[2], text)
    for key in given:
        if key not in keys:
            found.refuse(str(key), f"“{key}” is none of {', '.join(keys)}")
    return found


def _mapping_of(front: str) -> Mapping[str, Any]:
    try:
        given = YAML(typ="safe", pure=True).load(front)
    except MarkedYAMLError as e:
        line = e.problem_mark.line + 2 if e.problem_mark is not None else 1  # it counts from 0, and not the ---
        raise WrongFileError(", ".join(filter(None, (e.context, e.problem))), line) from e
    except YAMLError as e:
        raise WrongFileError(" ".join(str(e).split())) from e
    if not isinstance(given, dict):
        raise WrongFileError("no mapping", 2)
    return given


def tokens(text: str) -> Iterator[str]:
    """The tokens in a text, without their brackets."""
    return (found[1].strip() for found in TOKEN.finditer(text))


def is_token(token: str, known: Sequence[str], prefix: str) -> bool:
    """Whether there is a value for it."""
    return token in known or token.startswith(prefix)


def unknown_token(token: str, known: Sequence[str], prefix: str) -> str:
    """The sentence about one that there is no value for."""
    return f"there is no [[{token}]]; known: {', '.join((*known, f'{prefix}NAME'))}"


def title(given: Mapping[str, Any], key: str) -> str:
    """A short text of one line."""
    value = given.get(key)
    if not isinstance(value, str) or not 0 < len(clean_header(value)) <= _MOST_TITLE:
        raise ValueError(f"{key}: a text of at most {_MOST_TITLE} characters")
    return clean_header(value)


def mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A mapping; nothing is an empty one."""
    value = given.get(key) or {}
    if not isinstance(value, dict):
        raise ValueError(f"{key}: a mapping")
    return value


def texts(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts; nothing is an empty one."""
    value = given.get(key) or []
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise ValueError(f"{key}: a list of texts")
    return tuple(word.strip() for word in value)
