"""The octets of one DATA, as sent before dot-stuffing, in constant memory.

Sources  RFC 5321 §4.5.2 (transparency), §2.3.8 (a line ends with CRLF alone; SMTP smuggling), §6.3 (hop count).
         Text lines have no length limit here (§4.5.3.1.6 allows more than 1,000 octets): nothing works by the line.
Not here  what is answered (smtp.py), the promise to keep them (accept.py).
"""

import asyncio
import contextlib
import hashlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SPILL_OCTETS = 256 * 1024  # beyond this, unfinished DATA moves to an unnamed file that a crash takes with it
_END_OF_DATA = b"\r\n.\r\n"
_HOP = b"\nreceived:"


@dataclass(frozen=True, slots=True)
class Data:
    """What came between DATA and its end."""

    raw: BinaryIO | None  # at position 0; None when the octets were thrown away: too many, or no room for them
    size: int  # octets, dots unstuffed
    sha256: str
    hops: int  # Received fields of the header
    bare: bool  # whether a CR or LF stood outside of CRLF
    complete: bool  # False when reading was given up at twice the limit: the session cannot go on


async def read_data(reader: asyncio.StreamReader, max_octets: int, folder: Path) -> Data:
    """Everything up to CRLF.CRLF. Past max_octets it is counted and thrown away; at twice that, given up.

    folder  where large mails wait in an unnamed file
    Raises  asyncio.IncompleteReadError  the client went away: it keeps the mail
    """
    spool, hops, digest = Spool(max_octets, folder), HopCounter(), hashlib.sha256()
    carry, bare, last = b"", False, False
    # A CRLF in front makes the end of an empty mail look like every other end. It is not counted, hashed or kept.
    reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001 - the stream has no way to unread
    try:
        while not last and spool.size <= 2 * max_octets:
            chunk, last = await _next_chunk(reader)
            piece = carry + chunk if carry else chunk
            if not last:
                piece, carry = _whole_line_ends(piece)
            line_feeds = piece.count(b"\n")
            bare = bare or not (line_feeds == piece.count(b"\r\n") == piece.count(b"\r"))
            piece = piece.replace(b"\r\n.", b"\r\n")
            hops.feed(piece)
            if spool.empty:
                piece = piece[2:]
            if spool.write(piece):
                digest.update(piece)
    except BaseException:
        spool.drop()
        raise
    return Data(spool.kept(), spool.size, digest.hexdigest(), hops.count, bare, complete=last)


async def _next_chunk(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The next octets, and whether they are the last; the CRLF that ends the last line is content."""
    try:
        return (await reader.readuntil(_END_OF_DATA))[:-3], True
    except asyncio.LimitOverrunError as e:
        return await reader.readexactly(e.consumed), False


def _whole_line_ends(piece: bytes) -> tuple[bytes, bytes]:
    """(now, later): CR, LF and the dot after them are never looked at apart."""
    keep = 2 if piece.endswith(b"\r\n") else 1 if piece.endswith(b"\r") else 0
    cut = len(piece) - keep
    return piece[:cut], piece[cut:]


class Spool:
    """Where the octets of one mail wait: in memory, from SPILL_OCTETS on in a file without a name."""

    def __init__(self, max_octets: int, folder: Path) -> None:
        self.size = 0
        self.empty = True  # until the first write, also of nothing
        self._max, self._folder = max_octets, folder
        self._file: BinaryIO | None = io.BytesIO()
        self._on_disk = False

    def write(self, piece: bytes) -> bool:
        """Count, and keep while there is room; False once nothing is kept any more."""
        self.empty = False
        self.size += len(piece)
        if self._file is None:
            return False
        if self.size > self._max:
            self.drop()
            return False
        try:
            if self.size > SPILL_OCTETS and not self._on_disk:
                self._move_to_disk(self._file)
            self._file.write(piece)
        except OSError:  # the disk is full: read on to the end, so that the answer is heard
            self.drop()
        return self._file is not None

    def kept(self) -> BinaryIO | None:
        """The octets, at position 0; None when they were thrown away."""
        try:
            if self._file is not None:
                self._file.seek(0)
        except OSError:  # seek writes what was buffered
            self.drop()
        return self._file

    def drop(self) -> None:
        """Throw away what is there, and what comes."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # close writes what was buffered; nobody wants it now
                file.close()

    def _move_to_disk(self, memory: BinaryIO) -> None:
        file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - lives as long as the mail waits
        self._file, self._on_disk = file, True
        memory.seek(0)
        file.write(memory.read())


class HopCounter:
    """Counts Received fields while the header goes by; a header without end costs no memory."""

    def __init__(self) -> None:
        self.count = 0
        self._tail = b""
        self._in_header = True

    def feed(self, piece: bytes) -> None:
        """The next octets; the very first are a CRLF that does not belong to the mail."""
        if not self._in_header:
            return
        seen = self._tail + piece
        ends = [at for at in (seen.find(b"\n\r\n"), seen.find(b"\n\n")) if at >= 0]
        if ends:
            self._in_header = False
            seen = seen[: min(ends)]
        self.count += seen.lower().count(_HOP)
        self._tail = seen[-(len(_HOP) - 1) :]
