"""How much of a mail is looked at, and its header block cut to that before anything else sees it.

Sources  RFC 5322 §2.2 (fields), §2.1.1 (line lengths, which we do not enforce).
         One pass over the octets, no backtracking. What is cut is marked by a defect; the raw mail stays complete.
Not here  parts and their depth (mime.py), what the values say (header.py).
"""

import re
from dataclasses import dataclass

from gateway.message.types import Defect


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Octets, unless the name says a count. What lies beyond stays in the raw mail only."""

    header_block: int = 256 * 1024
    header_fields: int = 1000  # count
    header_field: int = 64 * 1024
    header_addresses: int = 200  # count, in each field
    header_encoded_words: int = 500  # count, in each field
    header_params: int = 100  # count, in each field
    header_comment_depth: int = 10  # nested comments of an address field
    mime_depth: int = 30  # nested multiparts
    mime_parts: int = 500  # count
    html: int = 2 * 1024 * 1024
    unpacked: int = 25 * 1024 * 1024  # of all files in one container
    text: int = 1024 * 1024  # of one text part; a longer one is an attachment as well


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields of a message or part: unfolded octets, names as written."""

    fields: tuple[tuple[str, bytes], ...]
    end: int  # where the body begins
    defects: tuple[Defect, ...]

    def first(self, name: str) -> bytes | None:
        """The first value of a field, its name given in lower case; None when it is absent."""
        return next((value for n, value in self.fields if n.lower() == name), None)


# a field with its continuation lines: the alternatives cannot match the same octet
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:((?:[^\n]|\n(?=[ \t]))*)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r{0,2}\n")
_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
_HEADER_END = re.compile(rb"\n\r{0,2}\n")
_FOLD = re.compile(rb"(?<!\r)\r*\n")  # not tried again from every \r of a run
_PADDING = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*\r{0,2}\n)*")  # a byte order mark is no letter of a field name
_SEPARATOR_LINE = re.compile(rb">?From [^\n]*\n")


def header_block(raw: bytes, start: int, end: int, limits: ParseLimits) -> HeaderBlock:
    """The fields that begin at `start`, and where the body begins, never beyond `end`.

    A line that is no field ends the header, unless fields follow it: then it is skipped.
    """
    stop = min(end, start + limits.header_block)
    fields: list[tuple[str, bytes]] = []
    defects: dict[str, Defect] = {}
    at = start
    while at < stop:
        if blank := _BLANK_LINE.match(raw, at, stop):
            return HeaderBlock(tuple(fields), blank.end(), tuple(defects.values()))
        if field := _FIELD.match(raw, at, stop):
            if len(fields) >= limits.header_fields:
                defects["header-cut"] = Defect("header-cut", f"more than {limits.header_fields} fields")
                break
            name, value = field[1].decode("ascii"), _FOLD.sub(b"", field[2]).strip()
            if len(value) > limits.header_field:
                value = value[: limits.header_field]
                defects["field-cut"] = Defect("field-cut", name)
            fields.append((name, value))
            at = field.end()
            continue
        line = _LINE.match(raw, at, stop)
        following = line.end() if line else stop
        if raw[at : at + 1] not in (b" ", b"\t", b":") and not (fields and _FIELD.match(raw, following, stop)):
            defects["header-unfinished"] = Defect("header-unfinished")
            return HeaderBlock(tuple(fields), at, tuple(defects.values()))
        defects["header-line"] = Defect("header-line", "a line that is no field")
        at = following
    if at < end:  # cut: the body begins after the next empty line, wherever that is
        defects.setdefault("header-cut", Defect("header-cut", f"more than {limits.header_block} octets"))
        found = _HEADER_END.search(raw, max(start, at - 1), end)
        at = found.end() if found else end
    return HeaderBlock(tuple(fields), at, tuple(defects.values()))


def first_field(raw: bytes) -> int:
    """Where the header begins: after a byte order mark, empty lines and an mbox separator line."""
    padding = _PADDING.match(raw)
    at = padding.end() if padding else 0
    separator = _SEPARATOR_LINE.match(raw, at)
    return separator.end() if separator else at
