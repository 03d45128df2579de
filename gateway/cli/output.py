"""What people and programs get to read: tables, times, JSON; nothing that could steer a terminal.

Sources  acceptance J-02 (what of mail data is escaped: message/shown.py),
         Unicode Standard Annex 11 (width of East Asian characters).
"""

import codecs
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.message.shown import UNSAFE
from gateway.message.shown import block as block
from gateway.message.shown import printable as printable
from gateway.message.shown import stamp as stamp

_IN_JSON = re.compile(f"(?!\n)[{UNSAFE}]")  # line ends there are the layout's


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `least` is how narrow it may get where the table is too wide; None is not narrower."""

    head: str
    right: bool = False
    least: int | None = None


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int) -> Iterator[str]:
    """A head and a line for each row, aligned, no wider than `width` where columns may be cut. Cells are escaped."""
    cells = [[column.head for column in columns], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(columns_of(line[i]) for line in cells) for i in range(len(columns))]
    while sum(widths) + 2 * len(widths) > width:
        wide = [i for i, column in enumerate(columns) if column.least is not None and widths[i] > column.least]
        if not wide:
            break
        widths[max(wide, key=lambda i: widths[i])] -= 1
    for number, line in enumerate(cells):
        texts = [_fit(cell, widths[i], right=columns[i].right) for i, cell in enumerate(line)]
        shown = "  " + "  ".join(texts).rstrip()
        yield click.style(shown, bold=True) if number == 0 else shown


def facts(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One line for each name with its value; empty values are left out. Values are escaped."""
    shown = [(name, value) for name, value in pairs if value]
    wide = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        yield f"{name:<{wide}}  {printable(value)}"


def print_lines(lines: Iterable[str]) -> None:
    """To stdout."""
    for line in lines:
        click.echo(line)


def print_json(schema: str, values: Mapping[str, Any]) -> None:
    """To stdout, with `schema` as first key. Times are UTC ISO 8601, numbers are numbers."""
    click.echo(json_text(schema, values))


def json_text(schema: str, values: Mapping[str, Any]) -> str:
    """JSON whose strings hold no raw control or bidi character."""
    encoded = msgspec.json.encode({"schema": f"mailwicket.{schema}", **values}, enc_hook=_plain)
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", msgspec.json.format(encoded, indent=2).decode())


def write_octets(pieces: Iterable[bytes]) -> None:
    """To stdout: byte for byte into a file or a pipe, escaped on a terminal."""
    if sys.stdout.isatty():
        for text in codecs.iterdecode(pieces, "utf-8", "backslashreplace"):
            click.echo(block(text), nl=False)
        return
    sys.stdout.flush()
    for piece in pieces:
        sys.stdout.buffer.write(piece)


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, width: int) -> str:
    """The text, ended by “…” where it takes more columns."""
    if columns_of(text) <= width:
        return text
    taken, kept = 0, 0
    for character in text:
        taken += _columns(character)
        if taken > width - 1:
            break
        kept += 1
    return text[:kept] + "…"


def span(length: timedelta) -> str:
    """`40m`, `11h`, `2d`: the largest unit, rounded down."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def octets(count: int) -> str:
    """`812 B`, `6.1 KiB`, `4.8 MiB`."""
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    if size >= 1024:
        size, unit = size / 1024, "MiB"
    return f"{size:.1f} {unit}"


def counted(number: int, noun: str) -> str:
    """`1 mail`, `2 mails`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fit(text: str, width: int, *, right: bool) -> str:
    shown = cut(text, width)
    padding = " " * (width - columns_of(shown))
    return padding + shown if right else shown + padding


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"no JSON for {type(value).__name__}")
