"""One Markdown text as HTML and as plain text, both with places for the values.

Sources  CommonMark 0.31 in a closed selection (h1-h2, paragraphs, lists, bold, links, tables, and quotes for the words
         of others), without raw HTML. A table whose head says nothing has none. What programs do not inherit, or drop
         with <style>, is written into the tags.
         A value never passes through Markdown: the template's text holds a private-use character in its place, and
         the value is written in afterwards, escaped for HTML in one part and as it is in the other.
Not here  Jinja (sandbox.py), layouts and languages (render.py).
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_PLACES = 0x1000
_FIRST = 0xE000
_PLACE = re.compile("[\ue000-\uefff]")
_HREF = re.compile('(?<= href=")[^"]*')
_LINK = re.compile(r"(?:https://|mailto:)[^\s<>\"'\\]+", re.IGNORECASE)

_BETWEEN_BUTTONS = re.compile(r'(?<=</a>)<br>\n(?=<a class="btn")')  # they stand in a row as far as there is room

_BUTTON = (
    "display:inline-block;margin:4px 8px 4px 0;padding:11px 20px;border:1px solid #0b57d0;border-radius:6px;"
    "color:#0b57d0;text-decoration:none;font-weight:600"
)
LINK = "color:#0b57d0"  # how one looks
_STYLES = {
    "h1_open": "margin:0 0 16px;font-size:20px;line-height:1.3",
    "h2_open": "margin:24px 0 8px;font-size:16px;line-height:1.3",
    "table_open": "border-collapse:collapse;margin:0 0 16px;overflow-wrap:break-word;word-break:normal",
    "th_open": "text-align:start;vertical-align:top;padding:4px 16px 4px 0;font-size:14px",
    "tr_open": "text-align:start;vertical-align:top",  # its cells inherit it
    "td_open": "padding:4px 16px 4px 0",
    "link_open": LINK,
    "blockquote_open": "margin:0 0 16px;padding:0 0 0 12px;border-inline-start:3px solid #9aa4af",
}


@dataclass(frozen=True, slots=True)
class Button:
    """An outlined link; a sentence where there is no HTML, or nowhere to lead to."""

    text: str
    sentence: str
    target: str | None

    @property
    def html(self) -> str:
        """The link, or the sentence."""
        if self.target is None:
            return escape(self.sentence)
        return f'<a class="btn" style="{_BUTTON}" href="{escape(self.target)}">{escape(self.text)}</a>'


@dataclass(frozen=True, slots=True)
class Parts:
    """The same words twice."""

    html: str
    text: str


Value = str | Button | Parts  # the last are written in as they are


@dataclass(frozen=True, slots=True)
class Words:
    """Markdown that the site or a program of ours wrote, with the places of its values, counted from 0."""

    source: str
    values: tuple[str | Parts, ...]

    @property
    def text(self) -> str:
        """What it says where there is no HTML."""
        return filled(parts(self.source), self.values).text

    def above(self, others: "Words") -> "Words":
        """Both, the others below."""
        between = "\n\n" if self.source and others.source else ""
        return Words(f"{self.source}{between}{others.moved(len(self.values))}", (*self.values, *others.values))

    def moved(self, begins: int) -> str:
        """The Markdown, whose first value is the one with this number."""
        return _PLACE.sub(lambda found: place(ord(found[0]) - _FIRST + begins), self.source)


def mail_link(address: str, command: str = "") -> str:
    """A link that writes a mail, with a command in it (RFC 6068)."""
    return f"mailto:{quote(address, safe='@+')}" + (f"?body={quote(command, safe='')}" if command else "")


def is_link(target: str) -> bool:
    """Whether a mail of ours may link to it."""
    return _LINK.fullmatch(target) is not None


def place(number: int) -> str:
    """What stands in a template's text for the value with this number, counted from 0."""
    if number >= MAX_PLACES:
        raise ValueError("too many values")
    return chr(_FIRST + number)


def without_places(text: str) -> str:
    """The text of a template or a value without characters that we use ourselves."""
    return _PLACE.sub("", text)


@lru_cache(maxsize=512)
def parts(source: str) -> Parts:
    """Both parts, with places still in them. Two mails that differ in their values only share the work."""
    tokens = list(_without_empty_heads(_markdown().parse(source)))
    for token in (*tokens, *(inside for block in tokens for inside in block.children or ())):
        if style := _STYLES.get(f"{token.tag}_open" if token.type == "heading_open" else token.type):
            token.attrSet("style", style)
    return Parts(str(_markdown().renderer.render(tokens, _markdown().options, {})), _Writer().write(tokens))


def _without_empty_heads(tokens: "Iterable[Token]") -> "Iterator[Token]":
    head: list[Token] | None = None  # what stands in one that may say nothing
    for token in tokens:
        if token.type == "thead_open":
            head = []
        if head is None:
            yield token
            continue
        head.append(token)
        if token.type == "thead_close":
            yield from head if any(each.content for each in head) else ()
            head = None


def filled(empty: Parts, values: Sequence[Value]) -> Parts:
    """Both parts with the values in their places."""

    def in_link(found: re.Match[str]) -> str:
        safe = "@+" if found[0].startswith("mailto:") else ""  # as in mail_link
        return _PLACE.sub(lambda p: quote(_text(values[ord(p[0]) - _FIRST]), safe=safe), found[0])

    def in_html(found: re.Match[str]) -> str:
        value = values[ord(found[0]) - _FIRST]
        return escape(value) if isinstance(value, str) else value.html

    def in_text(found: re.Match[str]) -> str:
        return _text(values[ord(found[0]) - _FIRST])

    written = _PLACE.sub(in_html, _HREF.sub(in_link, empty.html))
    return Parts(_BETWEEN_BUTTONS.sub("\n", written), _PLACE.sub(in_text, empty.text))


def _text(value: Value) -> str:
    match value:
        case str():
            return value
        case Button():
            return value.sentence
        case Parts():
            return value.text


class _Writer:
    """Plain text from tokens: paragraphs apart, `-` and numbers for lists, links with their address behind."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._lists: list[int | None] = []  # the next number of each open list; None for bullets
        self._mark = ""  # of the item whose first line comes next
        self._row: list[str] | None = None
        self._quotes = 0  # open ones
        self._below_list = False  # whether a list ended just now

    def write(self, tokens: "Iterable[Token]") -> str:
        for token in tokens:
            self._block(token)
            self._below_list = token.type in ("bullet_list_close", "ordered_list_close")
        return "\n".join(self._lines).strip("\n")

    def _block(self, token: "Token") -> None:
        match token.type:
            case "inline" if self._row is not None:
                self._row.append(_inline(token))
            case "inline":
                self._paragraph(_inline(token))
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._gap()
            case "list_item_close":
                if self._below_list and self._lines[-1:] == [""]:  # what comes next is an item, too, or another gap
                    self._lines.pop()
            case "list_item_open":
                self._item()
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
                self._gap()
            case "tr_open":
                self._row = []
            case "tr_close":
                self._lines.append(" · ".join(self._row or ()))
                self._row = None
            case "heading_close" | "table_close":
                self._gap()
            case "paragraph_close" if not token.hidden:
                self._gap()

    def _item(self) -> None:
        number = self._lists[-1]
        self._mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _paragraph(self, text: str) -> None:
        depth = len(self._lists) + self._quotes
        indent = "  " * depth
        first = "  " * (depth - 1) + self._mark if self._mark else indent
        lines = text.split("\n")
        self._lines.append(first + lines[0])
        self._lines.extend(indent + line for line in lines[1:])
        self._mark = ""

    def _gap(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")


def _inline(token: "Token") -> str:
    written, links = "", list[tuple[int, str]]()
    for child in token.children or ():
        match child.type:
            case "softbreak" | "hardbreak":
                written += "\n"
            case "link_open":
                links.append((len(written), str(child.attrGet("href") or "")))
            case "link_close":
                start, target = links.pop()
                if written[start:] != target.removeprefix("mailto:"):
                    written += f" ({target})"
            case _:
                written += child.content
    return written


@cache
def _markdown() -> "MarkdownIt":
    library: Any = importlib.import_module("markdown_it")  # it takes its time, for those alone who write a mail
    markdown: MarkdownIt = library.MarkdownIt("zero", {"html": False, "breaks": True})
    markdown.enable(["heading", "list", "table", "blockquote", "emphasis", "link", "escape", "newline"])
    markdown.validateLink = is_link  # type: ignore[method-assign,assignment]
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return markdown
