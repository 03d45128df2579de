"""The mails of an archive, of Maildirs, mbox files and .eml files: a small list of them, and each when it is wanted.

Sources  RFC 4155 (mbox), qmail's maildir(5); `>From ` as mboxrd escapes it. A line `From …` begins a mail only where it
         holds a date, the line before it is empty and a field follows it: sentences in mails begin with From, too.
Not here what becomes of them (importing.py), a Maildir that is watched (maildir.py).
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from gateway.intake.handed_over import HEAD_OCTETS, handed_over
from gateway.intake.mail_file import UnusableError, chunks, opened, shown

Kind = Literal["maildir", "mbox", "eml"]
_LINE_OCTETS = 64 * 1024
_SEPARATOR = re.compile(rb"From .{0,200}\b\d{1,2}:\d\d.{0,60}\b\d{4}\b.{0,40}\r?\n")
_FIELD = re.compile(rb">?[!-9;-~]{1,100}[ \t]*:|>From ")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LEFT_OUT = {"D": "is a draft", "T": "is in the trash"}  # flags of a Maildir


class ArchiveError(Exception):
    """A path is no archive of its kind: what, and what to do instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what)
        self.instead = instead


class Kept(NamedTuple):
    """Where one mail of an archive is, and when it came."""

    at: float  # seconds since 1970
    path: str
    start: int  # octet at which it begins
    size: int

    @property
    def name(self) -> str:
        """As a report names it."""
        return shown(f"{self.path}:{self.start}" if self.start else self.path)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A mail that is not imported."""

    name: str
    reason: str


def listed(kind: Kind, paths: Iterable[Path]) -> Iterator[Kept | Skipped]:
    """The mails of these archives, in the order in which they are found.

    Raises  ArchiveError  a path is no archive of this kind
    """
    read: dict[Kind, Callable[[Path], Iterator[Kept | Skipped]]] = {"maildir": _maildir, "mbox": _mbox, "eml": _eml}
    return chain.from_iterable(map(read[kind], paths))


def octets(mail: Kept, kind: Kind, most: int) -> bytes:
    """The octets of a mail, line ends as they are.

    Raises  UnusableError  it is larger than `most`, cannot be read, or is not there any more
    """
    if mail.size > most:
        raise UnusableError(f"is larger than intake.max_size, {most} octets")
    with opened(Path(mail.path)) as (file, _):
        file.seek(mail.start)
        raw = b"".join(chunks(file, mail.size))
    if len(raw) != mail.size:
        raise UnusableError("became shorter while it was read")
    return _ESCAPED.sub(rb"\1", raw) if kind == "mbox" else raw


def _maildir(folder: Path) -> Iterator[Kept | Skipped]:
    if not (folder / "cur").is_dir() or not (folder / "new").is_dir():
        raise ArchiveError(f"{folder} is no Maildir: there are no folders cur and new in it", _instead(folder))
    for name in ("cur", "new"):
        for path in _files(folder / name):
            flags = path.name.rpartition(":2,")[2] if ":2," in path.name else ""
            reason = next((words for flag, words in _LEFT_OUT.items() if flag in flags), None)
            yield Skipped(shown(str(path)), reason) if reason else _file(path)


def _eml(path: Path) -> Iterator[Kept | Skipped]:
    if path.is_dir():
        for folder, _, names in os.walk(path):
            yield from (_file(Path(folder, name)) for name in sorted(names) if name.lower().endswith(".eml"))
    elif not path.exists():
        raise ArchiveError(f"there is no {path}", "name a file, or a folder with .eml files")
    else:
        yield _file(path)


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            yield from sorted(Path(entry.path) for entry in found if not entry.name.startswith("."))
    except OSError as e:
        raise ArchiveError(f"{folder} cannot be read: {e.strerror}", "read it as its owner") from e


def _file(path: Path) -> Kept | Skipped:
    """A file that is one mail."""
    try:
        with opened(path) as (file, status):
            head = file.read(HEAD_OCTETS)
            return _kept(head, str(path), 0, status.st_size, status.st_mtime)
    except UnusableError as e:
        return Skipped(shown(str(path)), str(e))
    except OSError as e:
        return Skipped(shown(str(path)), f"cannot be read: {e.strerror}")


def _kept(head: bytes, path: str, start: int, size: int, otherwise: float) -> Kept | Skipped:
    found = handed_over(head)
    if not found.has_fields:
        where = shown(f"{path}:{start}" if start else path)
        return Skipped(where, "is empty" if not size else "is no mail: it has no header")
    return Kept(found.at.timestamp() if found.at is not None else otherwise, path, start, size)


def _mbox(path: Path) -> Iterator[Kept | Skipped]:
    if not path.is_file():
        raise ArchiveError(f"{path} is no file" if path.exists() else f"there is no {path}", _instead(path))
    try:
        with opened(path) as (file, status), opened(path) as (heads, _):
            if not status.st_size:
                raise ArchiveError(f"{path} is empty", "leave it out")
            for start, size, line in _parts(file, path):
                heads.seek(start)
                head = heads.read(min(size, HEAD_OCTETS))
                yield _kept(head, str(path), start, size, _moment(line, status.st_mtime))
    except UnusableError as e:
        raise ArchiveError(f"{path} {e}", "name the file itself, as somebody who may read it") from e


def _parts(file: BinaryIO, path: Path) -> Iterator[tuple[int, int, bytes]]:
    """(start, size, separator line) of each mail. Raises ArchiveError where the file does not begin with one."""
    start, separator = 0, b""  # of the mail that is read
    candidate, ends = b"", 0  # a line that begins the next one if a field follows; where the mail before it ends
    at, empty, whole = 0, 0, True  # octets of the empty line before; whether the piece before was the end of its line
    while line := file.readline(_LINE_OCTETS):
        if candidate and _FIELD.match(line):
            if separator:
                yield start, ends - start, separator
            start, separator = at, candidate
        begins = (empty or not at) and _SEPARATOR.fullmatch(line)
        candidate, ends = (line, at - empty) if begins else (b"", 0)
        if not separator and not candidate:
            break
        empty = len(line) if whole and line in (b"\n", b"\r\n") else 0
        whole = line.endswith(b"\n")
        at += len(line)
    if not separator:
        raise ArchiveError(f"{path} is no mbox: it does not begin with a line “From …”", _instead(path))
    yield start, at - start, separator


def _moment(line: bytes, otherwise: float) -> float:
    """When a separator line says that the mail came; asctime(3), in UTC (RFC 4155)."""
    words = line.decode("ascii", "replace").split()[-5:]
    try:
        return datetime.strptime(" ".join(words), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return otherwise


def _instead(path: Path) -> str:
    if path.is_dir():
        return "name a folder that has cur and new, or import eml for a folder of files"
    return "import eml for a file that is one mail, import maildir for a folder with cur and new"
