"""How the words of HTML are set: paragraphs, lists, quotations, tables, bold, links, pictures; nothing else of it.

What is read here is written anew by us: no tag, no attribute and no style of the HTML goes anywhere.
Sources  HTML Living Standard §4.4, §4.5, §4.9 (elements), RFC 2392 (cid URLs). Lists of Word are paragraphs that begin
         with a bullet and hard spaces.
Not here  whether they say the same as a plain text (same_words.py), what they look like in a mail of ours
          (outgoing/formatted.py).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import count

UNSEEN = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\xad"))
_MOST_BOXES = 6  # lists and quotations within each other: what is deeper stands in the last of them
_MOST_LEVELS = 3  # of a list of Word
_MOST_WIDE = 552  # pixels that a mail of ours has room for
_VOID = frozenset(("area", "br", "col", "hr", "img", "wbr"))
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "li", "nav", "ol", "p", "pre",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
_BOLD, _ITALIC = frozenset(("b", "strong", "h3", "h4", "h5", "h6")), frozenset(("i", "em"))
_STRUCK, _UNDERLINED = frozenset(("s", "strike", "del")), frozenset(("u", "ins"))
_WEIGHT = re.compile(r"font-weight:\s*(?:(bold|[6-9]00)|normal|lighter|[1-5]00)")
_SLANT = re.compile(r"font-style:\s*(?:(italic|oblique)|normal)")
_LINE_THROUGH, _UNDERLINE = (re.compile(rf"text-decoration[^;]*{each}") for each in ("line-through", "underline"))
_KEEPS_LINES = re.compile(r"white-space:\s*(?:pre|break-spaces)")
_BULLET = re.compile(r"(?:([·•§o▪◦–-])|(\d{1,3})[.)])\xa0[\xa0 ]+")  # of Word
_NUMBER = re.compile(r"[0-9]{1,6}")
_SCHEME = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_SCHEMES = ("http:", "https:", "mailto:")  # of links that say something


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one look."""

    words: str
    bold: bool = False
    italic: bool = False
    target: str | None = None  # that they link to


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture among words: that of the part with this Content-ID."""

    content_id: str
    name: str = ""  # what stands in its place
    width: int | None = None  # pixels; None: its own


Line = tuple[Span | Picture, ...]


def stands_for(words: str, target: str) -> bool:
    """Whether words are the address that they link to."""
    shown, meant = (_SCHEME.sub("", each.strip(), count=1).rstrip("/") for each in (words, target))
    return shown == meant


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    lines: tuple[Line, ...]
    level: int = 0  # of a heading, 1 or 2; 0: it is none


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[tuple["Block", ...], ...]
    first: int | None = None  # the number of its first item; None: it has bullets


@dataclass(frozen=True, slots=True)
class Quotation:
    """What is set apart, as the words of somebody else are."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, all of one line."""

    rows: tuple[tuple[Line, ...], ...]
    has_head: bool  # whether the first row says what stands in the columns


Block = Paragraph | Listing | Quotation | Table


def pictures_in(blocks: Iterable[Block]) -> Iterator[Picture]:
    """The pictures among them."""
    for block in blocks:
        match block:
            case Paragraph(lines, _):
                yield from (each for line in lines for each in line if isinstance(each, Picture))
            case Listing(items, _):
                yield from (each for item in items for each in pictures_in(item))
            case Quotation(inner):
                yield from pictures_in(inner)
            case Table(rows, _):
                yield from (each for row in rows for cell in row for each in cell if isinstance(each, Picture))


def shown_in(safe_html: str) -> frozenset[str]:
    """The Content-IDs of all pictures that sanitised HTML shows."""
    return frozenset(p.picture.content_id for line in lines_of(safe_html) for p in line.pieces if p.picture is not None)


def is_struck(safe_html: str, text: str) -> bool:
    """Whether sanitised HTML strikes words of the text through: read without that, it may say the contrary."""
    pieces = (piece for line in lines_of(safe_html) if not line.quotes for piece in line.pieces)
    struck = (piece.words.strip() for piece in pieces if piece.look.struck)
    return any(words and words in text for words in struck)


# --- HTML, line by line ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """An element that lines stand in."""

    kind: str  # ul, ol, item, quote, heading, table, row or cell
    id: int
    number: int = 0  # of an item; of a heading its level; of a cell 1 where it is one of a head


@dataclass(frozen=True, slots=True)
class Look:
    """How words look."""

    bold: bool = False
    italic: bool = False
    underlined: bool = False
    struck: bool = False
    keeps_lines: bool = False
    link: tuple[int, str] | None = None  # which one, and its target


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one look, or a picture."""

    words: str
    look: Look
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A line, and what it stands in, the outermost first. Without pieces it is a rule, or an empty cell."""

    within: tuple[Box, ...]
    pieces: tuple[Piece, ...] = ()

    @property
    def quotes(self) -> tuple[int, ...]:
        """Which quotations it stands in."""
        return tuple(box.id for box in self.within if box.kind == "quote")

    @property
    def says_nothing(self) -> bool:
        """Whether it has no words: it may show pictures."""
        return not any(piece.words for piece in self.pieces)


def lines_of(safe_html: str) -> tuple[Written, ...]:
    """What sanitised HTML shows."""
    reader = _Reader()
    reader.feed(safe_html)
    reader.close()
    return tuple(_with_lists_of_word(reader.lines()))


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    outside: Look
    boxes: int  # before it
    lines: int


class _Reader(HTMLParser):
    """Nothing but what nh3 wrote: it closes all elements, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[Written] = []
        self._line: list[Piece] = []
        self._open: list[_Open] = []
        self._boxes: list[Box] = []
        self._next: dict[int, int] = {}  # list -> number of its next item
        self._look, self._ids = Look(), count()

    def lines(self) -> list[Written]:
        self._end_line()
        return self._lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS or tag in ("br", "hr"):
            self._end_line()
        if tag == "hr":
            self._lines.append(Written(tuple(self._boxes)))
        elif tag == "img":
            self._line.append(Piece("", self._look, _picture(values)))
        if tag in _VOID:
            return
        self._open.append(_Open(tag, self._look, len(self._boxes), len(self._lines)))
        self._look = self._looking(tag, values)
        if (box := self._box(tag, values)) is not None:
            self._boxes.append(box)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            return
        was = self._open.pop()
        if tag in _BLOCKS:
            self._end_line()
        if self._boxes[was.boxes :] and self._boxes[-1].kind == "cell" and len(self._lines) == was.lines:
            self._lines.append(Written(tuple(self._boxes)))
        self._look = was.outside
        del self._boxes[was.boxes :]

    def handle_data(self, data: str) -> None:
        first, *others = data.split("\n") if self._look.keeps_lines else (re.sub(r"[ \t\r\n\f]+", " ", data),)
        self._line.append(Piece(first.translate(UNSEEN), self._look))
        for line in others:
            self._end_line()
            self._line.append(Piece(line.translate(UNSEEN), self._look))

    def _end_line(self) -> None:
        if pieces := tuple(_trimmed(self._line)):
            self._lines.append(Written(tuple(self._boxes), pieces))
        self._line.clear()

    def _looking(self, tag: str, values: Mapping[str, str]) -> Look:
        was, style, href = self._look, values.get("style", "").lower(), values.get("href", "")
        weight, slant = _WEIGHT.search(style), _SLANT.search(style)
        return Look(
            bold=weight[1] is not None if weight else was.bold or tag in _BOLD,
            italic=slant[1] is not None if slant else was.italic or tag in _ITALIC,
            underlined=was.underlined or tag in _UNDERLINED or _UNDERLINE.search(style) is not None,
            struck=was.struck or tag in _STRUCK or _LINE_THROUGH.search(style) is not None,
            keeps_lines=was.keeps_lines or tag == "pre" or _KEEPS_LINES.search(style) is not None,
            link=(next(self._ids), href) if tag == "a" and href.lower().startswith(_SCHEMES) else was.link,
        )

    def _box(self, tag: str, values: Mapping[str, str]) -> Box | None:
        """The box that an element is; None where it is none, or there is no room for it."""
        inside = self._boxes[-1].kind if self._boxes else ""
        match tag:
            case "ul" | "ol" | "blockquote" if sum(b.kind in ("ul", "ol", "quote") for b in self._boxes) < _MOST_BOXES:
                box = Box("quote" if tag == "blockquote" else tag, next(self._ids))
                self._next[box.id] = int(values["start"]) if _NUMBER.fullmatch(values.get("start", "")) else 1
                return box
            case "li" if inside in ("ul", "ol"):
                of = self._boxes[-1].id
                self._next[of] += 1
                return Box("item", next(self._ids), self._next[of] - 1)
            case "h1" | "h2" if inside != "heading":
                return Box("heading", next(self._ids), int(tag[1]))
            case "table":
                return Box("table", next(self._ids))
            case "tr" if inside == "table":
                return Box("row", next(self._ids))
            case "td" | "th" if inside == "row":
                return Box("cell", next(self._ids), int(tag == "th"))
        return None


def _picture(values: Mapping[str, str]) -> Picture:
    width = values.get("width", "")
    wide = min(int(width), _MOST_WIDE) if _NUMBER.fullmatch(width) else None
    return Picture(values.get("src", "")[len("cid:") :], values.get("alt", ""), wide or None)


def _trimmed(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """What the line shows, equal looks together, without blanks at its ends or two in a row; nothing if it is empty."""
    found = list[Piece]()
    texts = list[list[str]]()
    blank = True  # what stands before
    for piece in pieces:
        words = piece.words.lstrip(" ") if blank else piece.words
        if not words and piece.picture is None:
            continue
        blank = words.endswith(" ")
        if found and piece.picture is None and found[-1].picture is None and found[-1].look == piece.look:
            texts[-1].append(words)
        else:
            found.append(piece)
            texts.append([words])
    joined = [replace(piece, words="".join(text)) for piece, text in zip(found, texts, strict=True)]
    while joined and joined[-1].picture is None and not joined[-1].words.strip():
        joined.pop()
    while joined and joined[0].picture is None and not joined[0].words.strip():
        joined.pop(0)
    for i, piece in enumerate(joined):
        words = piece.words.lstrip() if i == 0 else piece.words
        yield replace(piece, words=words.rstrip() if i == len(joined) - 1 else words)


def _with_lists_of_word(lines: Iterable[Written]) -> Iterator[Written]:
    """The same with items for the paragraphs that Word begins with a bullet; each bullet of its own is a level."""
    ids, levels, base = count(-1, -1), list[tuple[str, Box, Box]](), tuple[Box, ...]()
    for line in lines:
        first = line.pieces[0].words if line.pieces else ""
        found = _BULLET.match(first)
        if found is None or any(box.kind == "item" for box in line.within):
            levels.clear()
            yield line
            continue
        if line.within != base:
            levels.clear()
        base, mark = line.within, found[1] or "1"
        known = [each for each, _, _ in levels]
        at = known.index(mark) if mark in known else min(len(levels), _MOST_LEVELS)
        listing = levels[at][1] if at < len(levels) else Box("ol" if found[2] else "ul", next(ids))
        levels[at:] = [(mark, listing, Box("item", next(ids), int(found[2] or 0)))]
        inside = (box for _, of, item in levels for box in (of, item))
        rest = replace(line.pieces[0], words=first[found.end() :])
        pieces = (rest, *line.pieces[1:]) if rest.words else line.pieces[1:]
        yield Written((*base, *inside), pieces)
