"""How the words of a plain text are set in the HTML beside it; nothing where that HTML says anything else.

The text is looked for as one run of whole lines: what stands above and below it in the HTML, such as commands, a
signature, a quoted mail, is none of it. Every letter that is seen counts, and which ones stand apart. A plain text may
have besides what programs write for what HTML shows: marks around bold words, bullets, the target behind a link, a
name in place of a picture, bars between cells, `>` before what is quoted.
A link must say in the plain text where it leads; words that are struck through are no words of any text.
Sources  the plain parts of Gmail, Outlook, Apple Mail, Thunderbird, K-9; UAX #15 (NFKC).
Not here  reading the HTML (formatted.py), what is sent of it (outgoing/formatted.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from unicodedata import east_asian_width, normalize

from gateway.message.formatted import (
    UNSEEN,
    Block,
    Line,
    Listing,
    Look,
    Paragraph,
    Picture,
    Piece,
    Quotation,
    Span,
    Table,
    Written,
    lines_of,
    stands_for,
)

_MOST_LINES = 1000  # of them cells: a template takes 4096 values
_STEPS, _LINE_STEPS = 4, 8  # that may be made for each character of both; that a line takes
_MOST_COLUMNS, _MOST_ROWS = 8, 60
_BLANKS, _QUOTED, _BARS = re.compile(r"\s*"), re.compile(r"[>\s]*"), re.compile(r"(?:\s*[|·])*\s*")
_BULLET, _NUMBER = re.compile(r"[•·▪◦§\uf0b7]\s*|[-*+–o]\s+"), re.compile(r"(\d{1,6})[.)]\s+")
_RULE = re.compile(r"\s*[-_=*—–─]{3,}")
_IN_PLACE = re.compile(r"\ufffc|[\[<]([^\[\]<>]{1,500})[\]>]")  # of a picture
_LABEL = re.compile(r"\A\w{1,60}: ?")
_WORD = re.compile(r"(\s*)(\S*)")
_MARKS = {"bold": "*", "italic": "/_*", "underlined": "_"}


class _OtherWordsError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line of the run; `apart`: an empty line stands above it in the plain text."""

    at: Written
    line: Line
    apart: bool


def formatted(safe_html: str, text: str, pictures: Mapping[str, Picture]) -> tuple[Block, ...]:
    """The words of the text as sanitised HTML sets them; nothing where it does not say the same.

    pictures  Content-ID -> what is shown of it; any other shows nothing
    """
    if not text.strip():
        return ()
    lines = lines_of(safe_html)
    plain = _Plain(text, len(safe_html), pictures)
    for start, line in enumerate(lines):
        if line.pieces or line.within:
            found = plain.run(lines, start)
            if found is None and plain.is_tired:
                break
            if found is not None:
                return tuple(_blocks(found, 0))
    return ()


class _Plain:
    """The plain text, read along with lines of HTML."""

    def __init__(self, text: str, more: int, pictures: Mapping[str, Picture]) -> None:
        self._text = normalize("NFKC", text.translate(UNSEEN)).strip()
        self._steps = _STEPS * (len(self._text) + more)
        self._pictures = pictures
        self._at, self._open = 0, list[tuple[str, str]]()  # how far it is read; looks that have a mark, and which
        self._last = ""  # the letter before
        self._blank = self._gap = False  # what stands behind it, here and there

    @property
    def is_tired(self) -> bool:
        """Whether it was compared for so long that it is no mail of a person."""
        return self._steps <= 0

    def run(self, lines: Sequence[Written], start: int) -> list[_Placed] | None:
        """The lines from this one on that say all of the text; None where they do not."""
        self._at, self._open = 0, []
        try:
            found = list(self._placed(lines, start))
        except _OtherWordsError:
            return None
        if self._at < len(self._text) or self._open or not any(each.line for each in found):
            return None
        first = next((each.at.quotes for each in found if not each.at.says_nothing), found[-1].at.quotes)
        while found[0].at.quotes != first:  # pictures of what is quoted above
            found.pop(0)
        return found

    def _placed(self, lines: Sequence[Written], start: int) -> Iterator[_Placed]:
        before, apart = Written(()), False
        for i in range(start, min(start + _MOST_LINES, len(lines))):
            line = lines[i]
            if self._at >= len(self._text) and not (self._says_no_more(line) and line.quotes == before.quotes):
                return
            if not line.pieces and (not line.within or line.within[-1].kind != "cell"):
                self._pass(_RULE)
                apart = True
                continue
            self._count(_LINE_STEPS)
            begins = self._at
            self._skip(line)
            apart = apart or self._text.count("\n", begins, self._at) > 1
            self._pass_marks(line, before)
            yield _Placed(line, tuple(self._said(line)), apart and begins > 0)
            before, apart = line, False
        if start + _MOST_LINES < len(lines):
            self._steps = 0

    @staticmethod
    def _says_no_more(line: Written) -> bool:
        """Whether it may belong to the words above it: a picture, or an empty cell."""
        return line.says_nothing and bool(line.pieces or line.within)

    def _pass_marks(self, line: Written, before: Written) -> None:
        """What stands in a plain text before an item of a list, and before a cell."""
        for i, box in enumerate(line.within):
            if box in before.within[i : i + 1] or box.kind not in ("cell", "item"):
                continue
            if box.kind == "cell":
                self._pass(_BARS)
            elif line.within[i - 1].kind == "ul":
                self._pass(_BULLET)
            elif found := _NUMBER.match(self._text, self._at):
                if int(found[1]) != box.number:
                    raise _OtherWordsError
                self._at = found.end()

    def _said(self, line: Written) -> Iterator[Span | Picture]:
        """What the line says, when it is what the text says."""
        look, linked, self._last = Look(), "", ""  # before the next piece; the words of an open link
        ends: Sequence[Piece | None] = (*line.pieces[1:], None)
        for piece, after in zip(line.pieces, ends, strict=False):
            if piece.look.struck:
                raise _OtherWordsError
            self._turn(look, piece, line)
            look = piece.look
            if piece.picture is not None:
                yield from self._shown(piece.picture, line)
            else:
                self._read(piece.words, line)
                linked += piece.words
                yield Span(piece.words, look.bold, look.italic, look.link[1] if look.link else None)
            if after is None or after.look.link != look.link:
                if look.link:
                    yield from self._led(linked, look.link[1])
                linked = ""
        for name, mark in reversed(self._open):
            at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._text.startswith(mark, at):
                self._at = at + 1
                self._open.remove((name, mark))

    def _turn(self, before: Look, piece: Piece, line: Written) -> None:
        """The marks between words of two looks."""
        for name, mark in reversed(self._open):
            if not getattr(piece.look, name):
                self._skip(line)
                if not self._text.startswith(mark, self._at):
                    raise _OtherWordsError
                self._at += 1
                self._open.remove((name, mark))
        new = [name for name in _MARKS if getattr(piece.look, name) and not getattr(before, name)]
        new = [name for name in new if name not in dict(self._open)]
        while new:
            self._skip(line)
            mark = self._text[self._at : self._at + 1]
            marked = next((each for each in new if mark and mark in _MARKS[each]), None)
            if marked is None or piece.words.lstrip().startswith(mark):
                return
            self._open.append((marked, mark))
            self._at += 1
            new.remove(marked)

    def _read(self, words: str, line: Written) -> None:
        for found in _WORD.finditer(normalize("NFKC", words)):
            self._gap = self._gap or bool(found[1])
            if not found[2]:
                return
            self._skip(line)
            self._count(len(found[2]) // 8)  # they are looked at together
            whole = self._text.startswith(found[2], self._at)
            for letters in (found[2],) if whole else found[2]:  # of a broken word each for itself
                self._skip(line)
                if not self._text.startswith(letters, self._at) or self._is_apart(letters[0]):
                    raise _OtherWordsError
                self._at += len(letters)
                self._last, self._blank, self._gap = letters[-1], False, False

    def _is_apart(self, letter: str) -> bool:
        """Whether a blank stands before the letter in one of them alone, and no program put it there or left it out."""
        apart = bool(self._last) and self._blank != self._gap
        return apart and not any(east_asian_width(each) in "WF" for each in (self._last, letter))

    def _led(self, words: str, target: str) -> Iterator[Span]:
        """What a link says of where it leads."""
        self._count(len(target))
        bare = re.escape(normalize("NFKC", target.removeprefix("mailto:")))
        found = re.compile(rf"\s*([*/_]*)\s*[<(\[]\s*(?:mailto:)?{bare}\s*[>)\]]").match(self._text, self._at)
        if found is None:
            if words.strip() and not stands_for(words, target):
                raise _OtherWordsError
            return
        for mark in found[1]:
            if not self._open or self._open.pop()[1] != mark:
                raise _OtherWordsError
        self._at, self._last = found.end(), ""
        if not words.strip():
            yield Span(f" ({target})")

    def _shown(self, picture: Picture, line: Written) -> Iterator[Picture]:
        if (ours := self._pictures.get(picture.content_id)) is None:
            return
        self._skip(line)
        known = [flat for each in (ours.name, picture.name) if (flat := _flat(each))]
        if found := _IN_PLACE.match(self._text, self._at):
            said = _flat(found[1] or "")
            if not said or said.startswith("cid:") or said in known or _LABEL.sub("", said, count=1) in known:
                self._at = found.end()
        elif (alone := normalize("NFKC", ours.name)) == picture.name and self._text.startswith(alone, self._at):
            self._at += len(alone)
        self._last = ""
        yield replace(ours, width=picture.width)

    def _skip(self, line: Written) -> None:
        """Blanks, and marks of a quotation before the lines of one."""
        self._count(1)
        begins = self._at
        self._pass(_BLANKS)
        self._blank = self._blank or self._at > begins
        if line.quotes and (begins == 0 or "\n" in self._text[begins : self._at]):
            self._pass(_QUOTED)

    def _pass(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self._text, self._at):
            self._at = found.end()

    def _count(self, steps: int) -> None:
        self._steps -= steps
        if self._steps <= 0:
            raise _OtherWordsError


def _flat(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())


# --- lines -> blocks ---------------------------------------------------------------------------------------------


def _blocks(lines: Sequence[_Placed], depth: int) -> Iterator[Block]:
    """What lines are, whose outer boxes up to this depth are known."""
    for box, grouped in groupby(lines, lambda each: next(iter(each.at.within[depth:]), None)):
        group = list(grouped)
        match box.kind if box is not None else "":
            case "":
                yield from _paragraphs(group)
            case "heading":
                yield from (replace(each, level=box.number if box else 0) for each in _paragraphs(group))
            case "ul" | "ol" as kind:
                yield from _listings(group, depth + 1, numbered=kind == "ol")
            case "quote":
                yield from (Quotation(inner) for inner in (tuple(_blocks(group, depth + 1)),) if inner)
            case "table" if (table := _table(group, depth + 1)) is not None:
                yield table
            case _:
                bare = (replace(each, at=_unboxed(each.at, depth)) for each in group if each.line)
                yield from _blocks(list(bare), depth)


def _unboxed(line: Written, depth: int) -> Written:
    """The line without a table that sets nothing in columns, or what is left of one."""
    inner = next((i for i in range(depth, len(line.within)) if line.within[i].kind in ("ul", "ol", "quote", "heading")),
                 len(line.within))  # fmt: skip
    return replace(line, within=(*line.within[:depth], *line.within[inner:]))


def _paragraphs(lines: Sequence[_Placed]) -> Iterator[Paragraph]:
    found = list[Line]()
    for each in lines:
        if each.apart and found:
            yield Paragraph(tuple(found))
            found = []
        if each.line:
            found.append(each.line)
    if found:
        yield Paragraph(tuple(found))


def _listings(lines: Sequence[_Placed], depth: int, *, numbered: bool) -> Iterator[Block]:
    """One list, or more where numbers are left out; what is no item of it belongs to the item above."""
    items, numbers = list[tuple[Block, ...]](), list[int]()
    for box, grouped in groupby(lines, lambda each: next(iter(each.at.within[depth:]), None)):
        number = box.number if box is not None and box.kind == "item" else None
        blocks = tuple(_blocks(list(grouped), depth + (number is not None)))
        if number is None or not blocks or isinstance(blocks[0], Listing):
            if items:
                items[-1] += blocks
            else:
                yield from blocks
            continue
        if numbered and numbers and number != numbers[-1] + 1:
            yield Listing(tuple(items), numbers[0])
            items, numbers = [], []
        items.append(blocks)
        numbers.append(number)
    if items:
        yield Listing(tuple(items), numbers[0] if numbered else None)


def _table(lines: Sequence[_Placed], depth: int) -> Table | None:
    """The table of these lines; None where it is none of short cells in columns."""
    if not all([box.kind for box in each.at.within[depth:]] == ["row", "cell"] for each in lines):
        return None
    cells = [each.at.within[depth + 1] for each in lines]
    rows = [list(row) for _, row in groupby(lines, lambda each: each.at.within[depth])]
    columns = max(map(len, rows))
    if len(set(cells)) < len(cells) or not 1 < columns <= _MOST_COLUMNS or len(rows) > _MOST_ROWS:
        return None
    head = all(each.at.within[depth + 1].number for each in rows[0])
    return Table(tuple((*(each.line for each in row), *((),) * (columns - len(row))) for row in rows), head)
