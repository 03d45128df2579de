"""HTML made safe to show, and HTML made text to read.

Sources  HTML Living Standard §13.2 (parsing, by nh3), RFC 2392 (cid URLs).
         nh3 is safe, but slow on deep nesting, open formatting tags and heaps of `&`; html.parser hangs on damaged
         tags. So: cap, count, nh3, and the converter sees only what nh3 wrote.
Not here  which part is the HTML (text.py).
"""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import nh3

from gateway.message.charset import clean

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_FLAT = _tags("area base br col hr img input link meta source wbr p li dt dd td th tr tbody thead tfoot option")
_STYLED = _tags("a b big code em font i nobr s small strike strong tt u")  # opened again in later paragraphs
_MAX_TAGS, _MAX_ENTITIES, _MAX_DEPTH, _MAX_WORK = 200_000, 50_000, 200, 500_000
_MAX_ATTRIBUTES, _MAX_TEMPLATES, _MAX_QUOTE_MARKS = 8_000, 500, 5
_ATTRIBUTE_BREAK = re.compile(r"[\s/=]")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\ufeff]+")
_NUMBER = re.compile(r"[0-9]{1,6}")
_HEAD = 100_000  # characters in which what is read begins
_BEFORE_WORDS = re.compile(r"(?:\s|&nbsp;|<[^>]*>)*")
_HIDES = re.compile(
    r"(?i)display\s*:\s*none|visibility\s*:\s*hidden|(?:size|height|opacity)\s*:\s*0(?!\.?[1-9])|\shidden\b"
)
_ANOTHER_MAIL = re.compile(
    r"(?i)<blockquote|gmail_quote|moz-cite|divRplyFwdMsg|appendonsend|yahoo_quoted|protonmail_quote|data-mw="
    r"|border-top:\s?solid [#\w]+ 1\.0pt"
)
_URLS = frozenset({"href", "src", "cite", "action", "background", "longdesc"})
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_ATTRIBUTES.setdefault("*", set()).update({"style", "dir"})
_STYLES = {
    "background-color", "color", "font-family", "font-size", "font-style", "font-weight", "text-align",
    "text-decoration", "text-decoration-line", "white-space",
}  # fmt: skip
_CUT_CONTENT = {"script", "style", "title", "noscript", "template", "textarea", "select", "iframe", "object"}


def too_hard(html: str) -> bool:
    """Whether parsing would cost far more than the octets suggest; found out in one pass."""
    if html.count("<") > _MAX_TAGS or html.count("&") > _MAX_ENTITIES or _too_many_attributes(html):
        return True
    live: Counter[str] = Counter()
    deep = styled = templates = 0
    work = _MAX_WORK
    for closing, written in _TAG.findall(html):
        name = written.lower()
        if name not in _FLAT and not (closing and not live[name]):  # an end tag counts only against its own name
            step = -1 if closing else 1
            live[name] += step
            deep += step
            styled += step * (name in _STYLED)
        work -= styled
        templates += name == "template"  # what they hold is put aside and not closed by what follows
        if deep > _MAX_DEPTH or work < 0 or templates > _MAX_TEMPLATES:
            return True
    return False


def _too_many_attributes(html: str) -> bool:
    """Attributes of one tag are compared each with each. What separates them is counted, values included."""
    if len(html) < _MAX_ATTRIBUTES:
        return False
    for piece in html.split("<"):
        tag = piece.partition(">")[0]
        if len(tag) > _MAX_ATTRIBUTES and len(_ATTRIBUTE_BREAK.findall(tag)) > _MAX_ATTRIBUTES:
            return True
    return False


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Images only from the mail itself: a remote one would tell its sender who reads, and when. Links only with a
    scheme of ours, which nothing invisible breaks up: browsers skip what we would not see.
    """
    if (tag, name) == ("img", "src"):
        return value if value[:4].lower() == "cid:" else None
    if name in _URLS:
        target = _INVISIBLE.sub("", value).strip()
        return target if target.partition(":")[0].lower() in _SCHEMES or target.startswith("#") else None
    return value


_CLEANER = nh3.Cleaner(
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    clean_content_tags=_CUT_CONTENT,
    url_schemes=set(_SCHEMES),
    link_rel="noopener noreferrer nofollow",
    filter_style_properties=_STYLES,
)


def sanitised(html: str) -> str:
    """The HTML without anything active or remote, as it is stored. Only for what is not `too_hard`.

    NFC makes one letter of ">" and a stroke (U+0338) that an entity hid, so that a tag would not end: what it changed
    is made harmless anew.
    """
    safe = _CLEANER.clean(html)
    if (settled := clean(safe)) != safe:
        safe = _CLEANER.clean(settled)
    return safe.strip()


def begins_hidden(html: str) -> bool:
    """Whether the first words of HTML may be hidden from its reader's eyes: by a style that stands before them."""
    found = _BEFORE_WORDS.match(html, _behind_head(html))
    return found is not None and _HIDES.search(found[0]) is not None


def _behind_head(html: str) -> int:
    """Where what is read begins."""
    return max(0, *map(html[:_HEAD].lower().find, ("</head", "<body")))


def hides_words(html: str) -> bool:
    """Whether HTML may hide words from its reader's eyes, above where another mail begins in it."""
    begins = _behind_head(html)
    another = _ANOTHER_MAIL.search(html, begins)
    tags = re.findall(r"<[^<>]*>", html[begins : another.start() if another else len(html)])
    return any(_HIDES.search(tag) for tag in tags)


def without_tags(html: str) -> str:
    """The text of HTML that must not be parsed: tags cut out, nothing else promised."""
    html = re.sub(r"<(script|style)\b[^>]{0,1000}>[^<]*", " ", html, flags=re.IGNORECASE)
    html = re.sub(r"<(?:br|/?p|/?div|/tr)\b[^<>]*>", "\n", html, flags=re.IGNORECASE)
    return _tidied(unescape(re.sub(r"<[^<>]*>", "", html)))


def html_text(safe_html: str) -> str:
    """The text of sanitised HTML: links, lists, tables and quotes stay readable."""
    converter = _Converter()
    converter.feed(safe_html)
    converter.close()
    return converter.text()


class _Converter(HTMLParser):
    """Writes lines; `_quote` is how many blockquotes are open, `_blank` whether an empty line is owed."""

    _PARAGRAPHS = _tags("p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre")
    _LINES = _tags("div li tr dt dd hr center article section header footer address caption")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quote = self._pre = 0
        self._lists: list[int] = []  # the next number of each open list; -1 for bullets
        self._links: list[tuple[str, int]] = []
        self._blank, self._before = False, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._PARAGRAPHS or tag in self._LINES:
            self._end_line(paragraph=tag in self._PARAGRAPHS and not (tag in ("ul", "ol") and self._lists))
        match tag:
            case "br":
                self._break()
            case "hr":
                self._line.append("---")
                self._end_line()
            case "blockquote":
                self._quote += 1
            case "pre":
                self._pre += 1
            case "ul" | "ol":
                start = dict(attrs).get("start") or ""
                self._lists.append(-1 if tag == "ul" else int(start) if _NUMBER.fullmatch(start) else 1)
            case "li":
                self._bullet()
            case "td" | "th":
                if "".join(self._line).strip():
                    self._line.append(" | ")
            case "a":
                self._links.append((dict(attrs).get("href") or "", len(self._line)))
            case "img":
                if alt := (dict(attrs).get("alt") or "").strip():
                    self._line.append(f"[{alt}]")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._PARAGRAPHS or tag in self._LINES:
            self._end_line(paragraph=tag in self._PARAGRAPHS and not (tag in ("ul", "ol") and len(self._lists) > 1))
        match tag:
            case "blockquote":
                self._quote = max(0, self._quote - 1)
            case "pre":
                self._pre = max(0, self._pre - 1)
            case "ul" | "ol" if self._lists:
                self._lists.pop()
            case "a" if self._links:
                self._end_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        if not self._pre:
            self._line.append(re.sub(r"[ \t\r\n\f]+", " ", data))
            return
        first, *others = data.replace("\r\n", "\n").split("\n")
        self._line.append(first)
        for line in others:
            self._break()
            self._line.append(line)

    def _bullet(self) -> None:
        depth = max(len(self._lists) - 1, 0)
        number = self._lists[-1] if self._lists else -1
        if number > 0:
            self._lists[-1] += 1
        self._line.append("  " * depth + (f"{number}. " if number > 0 else "- "))

    def _end_link(self, href: str, start: int) -> None:
        shown = "".join(self._line[start:]).strip().lower()
        scheme, colon, rest = href.partition(":")
        if shown and colon and scheme in ("http", "https", "mailto") and rest.strip("/").lower() not in shown:
            self._line.append(f" <{rest if scheme == 'mailto' else href}>")

    def _break(self) -> None:
        """A line end, even on an empty line."""
        self._write(self._take())

    def _end_line(self, *, paragraph: bool = False) -> None:
        line = self._take()
        if line.strip():
            self._write(line)
        self._blank = self._blank or paragraph

    def _take(self) -> str:
        line = "".join(self._line)
        self._line.clear()
        self._links = [(href, 0) for href, _ in self._links]
        return line.rstrip() if self._pre else re.sub(r"(?<=\S) {2,}", " ", line).rstrip(" ")

    def _write(self, line: str) -> None:
        prefix = "> " * min(self._quote, _MAX_QUOTE_MARKS)
        if self._blank and self._lines:
            self._lines.append(min(prefix, self._before, key=len).rstrip())
        self._blank, self._before = False, prefix
        self._lines.append(prefix + line if line.strip() else prefix.rstrip())

    def text(self) -> str:
        """What was written, tidied."""
        self._end_line()
        return _tidied("\n".join(self._lines))


def _tidied(text: str) -> str:
    """No blanks before line ends, at most one empty line, no hard spaces."""
    text = text.replace("\xa0", " ").replace("\u200b", "")
    lines = [line.rstrip() if line.startswith((" ", ">")) else line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
