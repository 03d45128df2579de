"""Which templates there are, and their compiled form: mails, layouts and words of one folder.

Sources  RFC 5646 (language tags). `<mail>/<lang>.md.j2` with subject and preheader in its front matter, variants
         `<mail>/<variant>.<lang>.md.j2`; `_strings/<lang>.yaml`; `_layout.html.j2` and `_layout.txt.j2`.
         A file that is wrong stays in the set as what is wrong with it, so that each mail can tell.
Not here  what a template may say (sandbox.py), which one a mail takes (render.py).
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinja2 import Template, Undefined
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context
from markupsafe import Markup
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gateway.errors import ConfigError, Problem
from gateway.outgoing.markdown import Button, Value, Words, place, without_places
from gateway.outgoing.phrases import categories
from gateway.outgoing.sandbox import FAILURES, Sandbox

INSERTED = "_inserted"  # the name under which a body finds its list of values; no template can write it
HTML_LAYOUT, TEXT_LAYOUT = "_layout.html.j2", "_layout.txt.j2"

_MAIL = re.compile(r"([a-z0-9_-]+)/(?:([a-z0-9_-]+)\.)?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.md\.j2")
_STRINGS = re.compile(r"_strings/([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.yaml")
_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_CANNED = ("snippets/", "answers/")  # canned.py reads them
_KEPT = 2048  # texts whose compiled form is kept: a reload compiles only what has changed

Key = tuple[str, str | None, str]  # mail, variant, language in lower case


@dataclass(frozen=True, slots=True)
class Mail:
    """One compiled template."""

    name: str
    subject: Template
    preheader: Template
    body: Template


@dataclass(frozen=True, slots=True)
class Layouts:
    """What stands around the words of a mail."""

    html: Template
    text: Template


def read_templates(folder: Path) -> dict[str, str]:
    """Path below the folder -> text, of all its templates, layouts and words.

    Raises  ConfigError  the folder or a file cannot be read, or is not UTF-8
    """
    found = {}
    try:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".j2", ".yaml")):
            name = path.relative_to(folder).as_posix()
            if not name.startswith(_CANNED):
                found[name] = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(Problem(str(folder), 0, 0, "C001", f"templates cannot be read: {e}")) from e
    if not found and not any(any(folder.glob(f"{each}*/*.md")) for each in _CANNED):
        raise ConfigError(Problem(str(folder), 0, 0, "C001", "no templates there", "paths.templates"))
    return found


def path_of(mail: str, variant: str | None, language: str) -> str:
    """Where the template of a mail is, below its folder."""
    return f"{mail}/{f'{variant}.' if variant else ''}{language}.md.j2"


def key_of(path: str) -> Key | None:
    """The mail of a file; None when it is none of a mail."""
    mail = _MAIL.fullmatch(path)
    return (mail[1], mail[2], mail[3].lower()) if mail else None


class TemplateSet:
    """One folder, as `read_templates` returns it. A text is compiled when it is asked for, and once."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.mails = {key: path for path in files if (key := key_of(path)) is not None}
        self._strings = {found[1].lower(): path for path in files if (found := _STRINGS.fullmatch(path))}

    def mail(self, key: Key) -> Mail | str | None:
        """The template of a mail; a text that says why it is none; None where there is no file."""
        path = self.mails.get(key)
        if path is None:
            return None
        try:
            return _mail(path, self._files[path], key[2])
        except (*FAILURES, YAMLError):
            return f"{path} is broken"

    @cached_property
    def layouts(self) -> Layouts | None:
        """Both; None where they are not both there and right."""
        try:
            return _layouts(self._files)
        except FAILURES:
            return None

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """Language -> name -> text."""
        found = {}
        for language, path in self._strings.items():
            with suppress(*FAILURES, YAMLError):
                found[language] = _words(self._files[path])
        return found

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with which file: all of them are looked at."""
        return tuple(filter(None, (*map(self._problem, self._files), self._problem_of_layouts())))

    def _problem(self, path: str) -> str:
        try:
            if (key := key_of(path)) is not None:
                _mail(path, self._files[path], key[2])
            elif path in self._strings.values():
                _words(self._files[path])
            elif path not in (HTML_LAYOUT, TEXT_LAYOUT):
                return f"{path}: no name of a template"
        except (*FAILURES, YAMLError) as e:
            return f"{path}: {e}"
        return ""

    def _problem_of_layouts(self) -> str:
        try:
            _layouts(self._files)
        except FAILURES as e:
            return f"layouts: {e}"
        return ""


def _layouts(files: Mapping[str, str]) -> Layouts | None:
    both = HTML_LAYOUT in files and TEXT_LAYOUT in files
    return _compiled_layouts(files[HTML_LAYOUT], files[TEXT_LAYOUT]) if both else None


@lru_cache(_KEPT)
def _compiled_layouts(html: str, text: str) -> Layouts:
    return Layouts(_HTML.compile(html, HTML_LAYOUT), _WORDS.compile(text, TEXT_LAYOUT))


@lru_cache(_KEPT)
def _mail(path: str, source: str, language: str) -> Mail:
    found = _FRONT.fullmatch(without_places(source.replace("\r\n", "\n")))
    front = _yaml(found[1]) if found else {}
    if found is None or front.keys() != {"subject", "preheader"}:
        raise ValueError("it begins with --- subject: … preheader: … ---")
    plurals = categories(language)
    return Mail(
        path,
        _WORDS.compile(front["subject"], path, plurals),
        _WORDS.compile(front["preheader"], path, plurals),
        _BODY.compile(found[2], path, plurals),
    )


@lru_cache(_KEPT)
def _words(source: str) -> Mapping[str, str]:
    return _yaml(source)


def _yaml(source: str) -> dict[str, str]:
    values = YAML(typ="safe", pure=True).load(source)
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise ValueError("words are `name: text`")
    return values


def said(_context: Context, value: object) -> object:
    """A value in a subject or a layout: text or a number. Nobody is sent the word None, or the inside of a list."""
    if isinstance(value, Undefined):
        return str(value)  # raises, and says which name it is
    if isinstance(value, bool) or not isinstance(value, str | int | float | Button):
        raise UndefinedError(f"a {type(value).__name__} cannot be written")
    return value


def _inserted(context: Context, value: object) -> object:
    """The place of a value in a body: Markdown never sees the value itself, only words that the site wrote."""
    values: list[Value] = context[INSERTED]
    if isinstance(value, Words):
        begins = len(values)
        values.extend(value.values)
        return Markup(value.moved(begins))  # noqa: S704  what the site wrote, and what we did: it is Markdown
    word = said(context, value)
    values.append(word if isinstance(word, Button) else " ".join(str(word).split("\n")))
    return place(len(values) - 1)


_WORDS = Sandbox(said)
_HTML = Sandbox(said, html=True)
_BODY = Sandbox(_inserted, html=True)
