"""A mail in a file, as it would have come over the wire: bounded, with CRLF; nothing but a plain file is opened.

Not here  what a folder of them means (maildir.py, archive.py), the promise to keep them (accept.py).
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.intake.accept import Incoming
from gateway.intake.data import HopCounter, Spool

_CHUNK_OCTETS = 256 * 1024


class UnusableError(Exception):
    """The mail stays where it is; the text says why, and names no content."""


class GoneError(UnusableError):
    """It is not there any more."""


def shown(name: str) -> str:
    """A file name as text; octets that are no UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """A plain file, never a link: what stands in a mailbox was named by somebody else.

    Raises  UnusableError  it is none, or cannot be read; GoneError: it is not there
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as e:
        raise GoneError("is not there") from e
    except OSError as e:
        raise UnusableError("is a link" if path.is_symlink() else f"cannot be read: {e.strerror}") from e
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnusableError("is no plain file")
    with os.fdopen(descriptor, "rb") as file:
        yield file, status


def chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next so many octets, fewer where the file ends.

    Raises  UnusableError  they cannot be read
    """
    while size > 0:
        try:
            octets = file.read(min(size, _CHUNK_OCTETS))
        except OSError as e:
            raise UnusableError(f"cannot be read: {e.strerror}") from e
        if not octets:
            return
        size -= len(octets)
        yield octets


def with_crlf(mail: Iterable[bytes]) -> Iterator[bytes]:
    """The same with CRLF for each LF, as mail is stored and sent (RFC 5321 §2.3.8)."""
    held = b""
    for chunk in mail:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""  # its LF may be still to come
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if text:
            yield text
    if held:
        yield held


def incoming(mail: Iterable[bytes], max_octets: int, folder: Path) -> Incoming:
    """The mail for the door; what is large waits in an unnamed file in that folder.

    Raises  UnusableError  it is larger, cannot be read, or there is no room for it
    """
    spool, hops, digest = Spool(max_octets, folder), HopCounter(), hashlib.sha256()
    hops.feed(b"\r\n")
    try:
        for piece in with_crlf(mail):
            hops.feed(piece)
            digest.update(piece)
            if not spool.write(piece):
                break
    except BaseException:
        spool.drop()
        raise
    raw = spool.kept()
    if raw is None:
        raise UnusableError(
            f"is larger than intake.max_size, {max_octets} octets" if spool.size > max_octets else "no room to read it"
        )
    return Incoming(raw, spool.size, digest.hexdigest(), hops.count)
