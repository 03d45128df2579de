"""Files that stand in the text itself, as mail programs sent them before MIME.

Sources  POSIX uuencode: `begin MODE NAME`, lines of at most 45 octets, `end`. A block that does not end, or whose lines
         are no uuencode, is text like any other.
Not here  parts whose Content-Transfer-Encoding says x-uuencode (content.py).
"""

import binascii
import re
from typing import NamedTuple

_BEGIN = re.compile(r"begin [0-7]{3,4} (\S[^\n]{0,199})")
_LINE = re.compile(r"[ -`]{1,90}")
_MAX_FILES = 50


class Uuencoded(NamedTuple):
    """A file out of a text."""

    name: str  # as written
    octets: bytes


def without_uuencode(text: str) -> tuple[str, tuple[Uuencoded, ...]]:
    """The text without its encoded files, and the files in order. Each line is looked at once or twice."""
    if "\nend" not in text or "begin " not in text:
        return text, ()
    lines = text.split("\n")
    out: list[str] = []
    files: list[Uuencoded] = []
    at = 0
    while at < len(lines):
        begin = _BEGIN.fullmatch(lines[at].rstrip()) if len(files) < _MAX_FILES else None
        found = _block(lines, at + 1) if begin else None
        if begin and found:
            files.append(Uuencoded(begin[1], found[0]))
            at = found[1]
        else:
            out.append(lines[at])
            at += 1
    return "\n".join(out), tuple(files)


def _block(lines: list[str], at: int) -> tuple[bytes, int] | None:
    """The octets of a block and the line after it; None when it is none."""
    octets: list[bytes] = []
    while at < len(lines):
        line = lines[at]
        if line.rstrip() == "end":
            return b"".join(octets), at + 1
        at += 1
        if not _LINE.fullmatch(line):
            if not line and at < len(lines) and lines[at].rstrip() == "end":
                continue  # the empty last line, whose one blank was lost
            return None
        if (decoded := uu_line(line.encode("ascii"))) is None:
            return None
        octets.append(decoded)
    return None


def uu_line(line: bytes) -> bytes | None:
    """The octets of one line; blanks that were lost at its end are put back. None when it is no such line."""
    length = (line[0] - 32) & 63
    wanted = (length + 2) // 3 * 4 + 1
    if len(line) > wanted + 5:
        return None
    try:
        return binascii.a2b_uu(line[:wanted].ljust(wanted))
    except binascii.Error:
        return None
