"""What a look-up table of the rules says: its rows by address or domain, read from CSV, and the values of one customer.

Sources  rules.md §3, `lookups`; RFC 4180.
Not here reading files (policy.py), asking databases (store/lookups.py).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from gateway.message.address import domain_of, normal
from gateway.rules.desk import Lookup, Table
from gateway.rules.findings import Findings

_DELIMITERS = ",;\t"  # spreadsheets of countries with a decimal comma write semicolons
_VALUE_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """Where something stands in a table; both count from 1."""

    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the tables say of one customer, by the name after `customer.`."""

    values: tuple[tuple[str, str], ...] = ()
    away: tuple[str, ...] = ()  # the look-ups whose table nobody could read so far


def csv_table(text: str, key: Literal["address", "domain"], f: Findings) -> tuple[tuple[str, ...], Table]:
    """The columns of a CSV file and its rows by their first cell; what is wrong with it is noted.

    text  its first line names the columns
    """
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True)
    rows: dict[str, Mapping[str, str]] = {}
    columns: tuple[str, ...] = ()
    first: dict[str, int] = {}
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1  # a cell may go on over several lines
            if not any(map(str.strip, cells)):
                continue
            if not columns:
                columns = _columns(line, cells, f)
            elif len(cells) != len(columns):
                f.add(Cell(line), "R030", f"{len(cells)} cells where the first line names {len(columns)} columns")
            elif (wrong := misfit_key(cells[0], key)) is not None:
                f.add(Cell(line), "R030", wrong)
            elif first.setdefault(name := normal_key(cells[0]), line) != line:
                f.add(Cell(line), "R030", f"{key} “{name}” stands in line {first[name]} already")
            else:
                rows[name] = row(columns, cells)
    except csv.Error as e:
        f.add(Cell(reader.line_num), "R030", f"no CSV: {e}")
    if not columns:
        f.add(None, "R030", "the table is empty", "its first line names the columns")
    return columns, rows


def row(columns: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    """The cells by their column, on one line each."""
    bounded = (" ".join(cell.split())[:_VALUE_CHARACTERS] for cell in cells)
    return dict(zip(columns, bounded, strict=True))


def normal_key(written: str) -> str:
    """An address or a domain in the form in which addresses are compared."""
    name = written.strip().lstrip("@")
    return normal(name) if "@" in name else domain_of(normal(f"x@{name}"))


def misfit_key(written: str, key: Literal["address", "domain"]) -> str | None:
    """Why this is no key; None when it is one."""
    name = written.strip()
    fits = "@" in name[1:-1] if key == "address" else "@" not in name[1:] and name.strip("@") != ""
    return None if fits else f"“{name[:60]}” is no {key}"


def looked_up(addresses: Sequence[str], lookups: Mapping[str, Lookup], filled: Mapping[str, Table]) -> LookedUp:
    """What the tables say of a customer with these addresses: the first table that has a value for a name gives it.

    addresses  in normal form, the one that was written from first
    filled     the tables of queries, by the name of the query; one that is not there could not be read
    """
    values: dict[str, str] = {}
    away = []
    for lookup in lookups.values():
        table = filled.get(lookup.sql) if lookup.sql else lookup.rows
        if table is None:
            away.append(lookup.id)
            continue
        for found in _rows(addresses, lookup, table):
            for name, column in lookup.give.items():
                if found.get(column):
                    values.setdefault(name, found[column])
    return LookedUp(tuple(values.items()), tuple(away))


def _rows(addresses: Sequence[str], lookup: Lookup, table: Table) -> Iterator[Mapping[str, str]]:
    keys = addresses if lookup.key == "address" else map(domain_of, addresses)
    return (table[key] for key in dict.fromkeys(keys) if key in table)


def _columns(line: int, cells: Sequence[str], f: Findings) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        f.add(Cell(line), "R030", f"two columns are called “{name[:60]}”")
    return names
