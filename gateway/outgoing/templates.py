"""Which templates there are, compiled: mails, layouts and words of one folder.

Sources  RFC 5646 (language tags). `<mail>/<lang>.md.j2` with subject and preheader in its front matter, variants
         `<mail>/<variant>.<lang>.md.j2`; `_strings/<lang>.yaml`; `_layout.html.j2` and `_layout.txt.j2`.
         A file that is wrong stays in the set as what is wrong with it, so that each mail can tell.
Not here  what a template may say (sandbox.py), which one a mail takes (render.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Template, Undefined
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gateway.errors import ConfigError, Problem
from gateway.outgoing.markdown import Button, place, without_places
from gateway.outgoing.phrases import categories
from gateway.outgoing.sandbox import FAILURES, Sandbox

INSERTED = "_inserted"  # the name under which a body finds its list of values; no template can write it
HTML_LAYOUT, TEXT_LAYOUT = "_layout.html.j2", "_layout.txt.j2"

_MAIL = re.compile(r"([a-z0-9_-]+)/(?:([a-z0-9_-]+)\.)?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.md\.j2")
_STRINGS = re.compile(r"_strings/([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.yaml")
_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
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


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """One folder. A text in the place of a mail says why there is none."""

    mails: Mapping[Key, Mail | str]
    layouts: Layouts | None
    words: Mapping[str, Mapping[str, str]]  # language -> name -> text
    problems: tuple[str, ...]


def read_templates(folder: Path) -> dict[str, str]:
    """Path below the folder -> text, of all its templates, layouts and words.

    Raises  ConfigError  the folder or a file cannot be read, or is not UTF-8
    """
    found = {}
    try:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".j2", ".yaml")):
            found[path.relative_to(folder).as_posix()] = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(Problem(str(folder), 0, 0, "C001", f"templates cannot be read: {e}")) from e
    if not found:
        raise ConfigError(Problem(str(folder), 0, 0, "C001", "no templates there", "paths.templates"))
    return found


def path_of(mail: str, variant: str | None, language: str) -> str:
    """Where the template of a mail is, below its folder."""
    return f"{mail}/{f'{variant}.' if variant else ''}{language}.md.j2"


def key_of(path: str) -> Key | None:
    """The mail of a file; None when it is none of a mail."""
    mail = _MAIL.fullmatch(path)
    return (mail[1], mail[2], mail[3].lower()) if mail else None


def compiled(files: Mapping[str, str]) -> TemplateSet:
    """The set of these files, as `read_templates` returns them."""
    mails: dict[Key, Mail | str] = {}
    words: dict[str, Mapping[str, str]] = {}
    problems = []
    for path, source in files.items():
        try:
            if (key := key_of(path)) is not None:
                mails[key] = f"{path} is broken"
                mails[key] = _mail(path, source, key[2])
            elif strings := _STRINGS.fullmatch(path):
                words[strings[1].lower()] = _words(source)
            elif path not in (HTML_LAYOUT, TEXT_LAYOUT):
                problems.append(f"{path}: no name of a template")
        except (*FAILURES, YAMLError) as e:
            problems.append(f"{path}: {e}")
    return TemplateSet(mails, _layouts(files, problems), words, tuple(problems))


def _layouts(files: Mapping[str, str], problems: list[str]) -> Layouts | None:
    if HTML_LAYOUT not in files or TEXT_LAYOUT not in files:
        return None
    try:
        return _compiled_layouts(files[HTML_LAYOUT], files[TEXT_LAYOUT])
    except FAILURES as e:
        problems.append(f"layouts: {e}")
        return None


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
    """The place of a value in a body: Markdown never sees the value itself."""
    values: list[str | Button] = context[INSERTED]
    word = said(context, value)
    values.append(word if isinstance(word, Button) else " ".join(str(word).split("\n")))
    return place(len(values) - 1)


_WORDS = Sandbox(said)
_HTML = Sandbox(said, html=True)
_BODY = Sandbox(_inserted, html=True)
