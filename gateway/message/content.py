"""The octets that a part stands for, decoded piece by piece, so that a large attachment is never held twice.

Sources  RFC 2045 §6 (transfer encodings), §6.8 (what is no base64 is skipped), RFC 2046 §5.2.1.
         Nothing is decompressed, and no encoding we decode makes octets more.
Not here  characters (charset.py).
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.message.header import NO_BASE64, loose_base64
from gateway.message.mime import Part
from gateway.message.uuencode import uu_line

PIECE_OCTETS = 512 * 1024
_WORD = re.compile(rb"[A-Za-z0-9-]+")
_OUTSIDE_BASE64 = NO_BASE64.replace(b"=", b"")
_PADDING = re.compile(rb"=+")
_PADDED_END = re.compile(rb"(={1,2})[^\n=]{0,200}(?:\n|\Z)")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}[ \t]*\r?(?:\n|\Z)")
_DAMAGED = re.compile(rb"[^A-Za-z0-9+/=\s]")
_TELLING_OCTETS, _LONGEST_WORD = 200, 30  # a text is words with blanks between them, base64 is not
_MAX_SEGMENTS = 1000  # base64 texts glued together, each with its own padding


def transfer_encoding(part: Part) -> str:
    """The Content-Transfer-Encoding in lower case; `7bit` when none is given."""
    found = _WORD.search(part.header.first("content-transfer-encoding") or b"")
    return found[0].decode("ascii").lower() if found else "7bit"


def decoded_pieces(raw: bytes, part: Part) -> Iterator[bytes]:
    """The decoded octets of a part, in pieces; damage is read around."""
    encoding = transfer_encoding(part)
    pieces = _pieces(raw, part.start, part.end)
    if encoding == "base64":
        return _from_base64(pieces)
    if encoding == "quoted-printable":
        return _from_quoted_printable(pieces)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return _from_uuencode(pieces)
    return pieces


def text_start(raw: bytes, part: Part, most: int) -> tuple[bytes, bool]:
    """As `decoded_start` for a text, and whether its base64 is damaged.

    Mailing lists append their lines to whatever comes: what stands below the end of base64 is read as it is written.
    """
    if transfer_encoding(part) != "base64":
        return decoded_start(raw, part, most), False
    end = _PADDED_END.search(raw, part.start, part.end)
    below = raw[end.end() : min(part.end, end.end() + most)].strip() if end else b""
    wide = part.params.get("charset", "").lower().startswith(("utf-16", "utf-32", "ucs"))
    if end is None or wide or _BASE64_LINE.match(below):  # the last: several texts in one part
        return decoded_start(raw, part, most), _DAMAGED.search(raw, part.start, part.end) is not None
    octets = decoded_start(raw, replace(part, end=end.start() + len(end[1])), most)
    damaged = not below and _DAMAGED.search(raw, part.start, end.start()) is not None
    return (b"\n".join((octets.rstrip(b"\r\n"), below)) if below else octets)[:most], damaged


def written_plainly(raw: bytes, part: Part, most: int) -> bytes | None:
    """The first octets of a part that is said to be base64, where somebody forgot to encode it; None where it is."""
    lines = raw[part.start : min(part.end, part.start + most)]
    start = lines.lstrip()[:_TELLING_OCTETS]
    words = start.rstrip().count(b" ") + 1
    return lines if words > 1 and len(start) < _LONGEST_WORD * words else None


def decoded_start(raw: bytes, part: Part, most: int) -> bytes:
    """The first `most` decoded octets; all of them when there are fewer."""
    out = bytearray()
    for piece in decoded_pieces(raw, part):
        out += piece
        if len(out) >= most:
            break
    return bytes(out[:most])


def _pieces(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Ranges that end at a line end wherever lines are shorter than a piece."""
    while start < end:
        stop = min(start + PIECE_OCTETS, end)
        if stop < end:
            line_end = raw.rfind(b"\n", start, stop)
            stop = line_end + 1 if line_end > start else stop
        yield raw[start:stop]
        start = stop


def _from_base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    segments = 0
    for piece in pieces:
        octets = rest + piece.translate(None, _OUTSIDE_BASE64)
        if b"=" in octets:
            *closed, octets = _PADDING.split(octets) if segments < _MAX_SEGMENTS else (octets.replace(b"=", b""),)
            segments += len(closed)
            yield b"".join(loose_base64(segment) for segment in closed)
        cut = len(octets) - len(octets) % 4
        rest = octets[cut:]
        yield binascii.a2b_base64(octets[:cut])
    yield loose_base64(rest)


def _from_quoted_printable(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        octets = rest + piece
        # an escape may be cut only where a line is longer than a piece
        cut = octets.rfind(b"=", len(octets) - 2) if not octets.endswith(b"\n") else -1
        octets, rest = (octets[:cut], octets[cut:]) if cut >= 0 else (octets, b"")
        yield binascii.a2b_qp(octets)
    yield binascii.a2b_qp(rest)


def _from_uuencode(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inside = False
    for piece in pieces:
        out = []
        for line in piece.splitlines():
            if not inside:
                inside = line.startswith(b"begin ")
            elif line.strip() == b"end":
                inside = False
            elif line:
                out.append(uu_line(line.rstrip(b"\r")) or b"")
        yield b"".join(out)
