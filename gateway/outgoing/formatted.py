"""Words that a person has set, as Markdown of ours with places for all that he wrote.

Blocks are Markdown, so that both parts of the mail come from one source; a line is a value, so that nothing in it is.
Sources  CommonMark 0.31 §5 (containers; another mark begins another list), RFC 2392 §2 (cid URLs).
Not here  what is set how (message/formatted.py), values in their places (markdown.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from gateway.message.formatted import (
    Block,
    Line,
    Listing,
    Paragraph,
    Picture,
    Quotation,
    Span,
    Table,
    stands_for,
)
from gateway.outgoing.markdown import LINK, Parts, Words, is_link, place

_PICTURE = "max-width:100%;height:auto"


def words_of(blocks: Sequence[Block], domain: str) -> Words:
    """The blocks as words of a mail.

    domain  behind the @ of the Content-ID of each picture
    Raises  ValueError  a mail has not so many places
    """
    writer = _Writer(domain)
    source = "\n\n".join(writer.written(blocks))
    return Words(source, tuple(writer.values))


def plain_blocks(paragraphs: Iterable[Iterable[str]]) -> tuple[Block, ...]:
    """Paragraphs of lines without any look."""
    return tuple(Paragraph(tuple((Span(line),) for line in lines)) for lines in paragraphs)


class _Writer:
    def __init__(self, domain: str) -> None:
        self._domain = domain
        self.values: list[Parts] = []

    def written(self, blocks: Iterable[Block]) -> Iterator[str]:
        """The source of each block. Of two lists in a row the second has other marks."""
        for number, block in enumerate(blocks):
            match block:
                case Paragraph(lines, 0):
                    yield "\n".join(map(self._place, lines))
                case Paragraph(lines, level):
                    yield "\n".join(f"{'#' * level} {self._place(line)}" for line in lines)
                case Listing():
                    yield "\n".join(self._items(block, other=number % 2 == 1))
                case Quotation(inner):
                    yield _indented("\n\n".join(self.written(inner)), "> ", "> ")
                case Table():
                    yield "\n".join(self._rows(block))

    def _items(self, listing: Listing, *, other: bool) -> Iterator[str]:
        for number, item in enumerate(listing.items, listing.first or 0):
            mark = f"{number}{')' if other else '.'} " if listing.first is not None else "* " if other else "+ "
            blocks = list(self.written(item))
            tight = all(isinstance(below, Listing) and below.first in (None, 1) for below in item[1:])
            yield _indented(("\n" if tight else "\n\n").join(blocks), mark, " " * len(mark))

    def _rows(self, table: Table) -> Iterator[str]:
        columns = len(table.rows[0])
        head, *rows = table.rows if table.has_head else (((),) * columns, *table.rows)
        yield self._row(head)
        yield "|---" * columns + "|"
        yield from map(self._row, rows)

    def _row(self, cells: Iterable[Line]) -> str:
        return "".join(f"| {self._place(cell) if cell else ''} " for cell in cells) + "|"

    def _place(self, line: Line) -> str:
        both = list[Parts]()
        for target, grouped in groupby(line, lambda each: each.target if isinstance(each, Span) else None):
            inside = _joined(self._span(each) if isinstance(each, Span) else self._picture(each) for each in grouped)
            both.append(inside if target is None else _linked(inside, target))
        self.values.append(_joined(both))
        return place(len(self.values) - 1)

    @staticmethod
    def _span(span: Span) -> Parts:
        html = escape(span.words)
        for tag in [*["em"] * span.italic, *["strong"] * span.bold]:
            html = f"<{tag}>{html}</{tag}>"
        return Parts(html, span.words.replace("\xa0", " "))

    def _picture(self, picture: Picture) -> Parts:
        width = f' width="{picture.width}"' if picture.width else ""
        source, name = escape(f"cid:{picture.content_id}@{self._domain}"), escape(picture.name)
        return Parts(f'<img src="{source}" alt="{name}"{width} style="{_PICTURE}">', f"[{picture.name}]")


def _joined(found: Iterable[Parts]) -> Parts:
    pieces = list(found)
    return Parts("".join(each.html for each in pieces), "".join(each.text for each in pieces))


def _linked(words: Parts, target: str) -> Parts:
    """The words with where they lead: in the text behind them, where they do not say it."""
    said = "" if stands_for(words.text, target) else f" ({target})"
    if not is_link(target):
        return Parts(f"{words.html}{escape(said)}", f"{words.text}{said}")
    return Parts(f'<a href="{escape(target)}" style="{LINK}">{words.html}</a>', f"{words.text}{said}")


def _indented(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join((first + lines[0], *(f"{others}{line}" for line in lines[1:])))
