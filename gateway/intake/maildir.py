"""A Maildir that is watched: what an MDA puts into new/ is accepted, and only then moved to cur/.

Sources  qmail's maildir(5): a file in new/ is whole, its name begins with the time. A crash between the two leaves a
         mail that is accepted again, and known (acceptance A-07). What cannot be accepted stays in new/, is tried again
         every ten minutes, and is told; it keeps no other mail waiting.
Not here for whom a mail is (handed_over.py), the promise (accept.py), who hears of trouble (outgoing/alarming.py).
"""

import asyncio
import heapq
import os
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import structlog

from gateway.clock import Clock
from gateway.config import Maildir, Settings
from gateway.errors import PermanentError, TransientError
from gateway.intake.accept import Door, Incoming
from gateway.intake.handed_over import HEAD_OCTETS, HandedOver, handed_over
from gateway.intake.mail_file import GoneError, UnusableError, chunks, incoming, opened, shown
from gateway.message.types import Envelope

_AT_ONCE = 16  # mails that share a commit
_FOLDER = "new/"
_AGAIN_S = 600.0
_ASIDE = 10_000  # files in trouble that are kept in mind
_T = TypeVar("_T")
log = structlog.get_logger("maildir")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a watched Maildir needs of its gateway."""

    settings: Settings
    door: Door
    clock: Clock
    recipients: Callable[[HandedOver, str | None], tuple[str, ...]]  # of a mail in the Maildir of a team
    alarm: Callable[[str, str, str], Awaitable[None]]  # about, key, a line


class WatchedMaildir:
    """One of them. `run` ends after `stop`, when what was begun is done."""

    def __init__(self, maildir: Maildir, around: Surroundings) -> None:
        self._maildir, self._around = maildir, around
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"maildir-{maildir.name}")  # of its own: disks may hang
        self._aside: dict[str, float] = {}  # name -> when it is tried again
        self._accepted: set[str] = set()  # that could not be moved yet
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look into new/ every `poll`; at once while there is more."""
        while not self._stopping.is_set():
            if not await self.look():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._maildir.poll.total_seconds()):
                        await self._stopping.wait()
        self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Take in nothing more."""
        self._stopping.set()

    async def look(self) -> int:
        """One look at the oldest mails; how many were taken."""
        now = self._around.clock.monotonic()
        self._aside = {name: again for name, again in self._aside.items() if again > now}
        try:
            names = await self._apart(partial(_oldest, self._maildir.path, self._aside.keys()))
            results = await asyncio.gather(*map(self._taken, names), return_exceptions=True)
            for result in results:  # all of them have ended: none is taken twice
                if isinstance(result, BaseException):
                    raise result
            return sum(result is True for result in results)
        except UnusableError as e:
            if _FOLDER not in self._aside:
                await self._trouble(_FOLDER, str(e))
        except TransientError as e:
            log.warning("maildir.waits", maildir=self._maildir.name, reason=e.text)
        return 0

    async def _taken(self, name: str) -> bool:
        """Whether a mail is in cur/ now. Raises TransientError: nothing can be taken for now."""
        try:
            if name not in self._accepted:
                found, octets = await self._apart(partial(self._read, name))
                await self._accept(found, octets)
                self._accepted.add(name)
            await self._apart(partial(_moved, self._maildir.path, name))
        except GoneError:
            self._accepted.discard(name)  # somebody else took it away
            return False
        except OSError as e:
            await self._trouble(name, f"is accepted, and cannot be moved to cur: {e.strerror}")
            return False
        except UnusableError as e:
            await self._trouble(name, str(e))
            return False
        except PermanentError as e:
            await self._trouble(name, f"is not accepted: {e.text}")
            return False
        self._accepted.discard(name)
        return True

    async def _accept(self, found: HandedOver, octets: Incoming) -> None:
        try:
            self._around.door.check_room(octets.size)
        except TransientError:
            octets.raw.close()
            raise
        paths = self._around.recipients(found, self._maildir.team)
        now = self._around.clock.now()
        await self._around.door.accept(Envelope(found.reverse_path, paths, "maildir", "unix", "pipe", now), octets)

    def _read(self, name: str) -> tuple[HandedOver, Incoming]:
        return read_mail(self._maildir.path / "new" / name, self._around.settings)

    async def _trouble(self, name: str, said: str) -> None:
        """It is told, and looked at again later."""
        if len(self._aside) < _ASIDE:
            self._aside[name] = self._around.clock.monotonic() + _AGAIN_S
        log.warning("maildir.trouble", maildir=self._maildir.name, file=shown(name), reason=said)
        with suppress(TransientError):  # the store is away, which is told by itself
            await self._around.alarm("maildir", self._maildir.name, f"{self._maildir.name}: {shown(name)} {said}")

    async def _apart(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def read_mail(path: Path, settings: Settings) -> tuple[HandedOver, Incoming]:
    """A mail in a file, for the door.

    Raises  UnusableError  it cannot be accepted as it is; GoneError: it is not there any more
    """
    most = int(settings.intake.max_size)
    with opened(path) as (file, status):
        if status.st_size > most:
            raise UnusableError(f"is larger than intake.max_size, {most} octets")
        head = b"".join(chunks(file, HEAD_OCTETS))
        found = handed_over(head)
        if not found.has_fields:
            raise UnusableError("is no mail: it has no header")
        rest = chunks(file, most + 1)
        return found, incoming(chain((head,), rest), most, settings.paths.state)


def waiting(maildir: Path) -> tuple[int, datetime | None]:
    """How many files are in new/, and since when the oldest is.

    Raises  UnusableError  it cannot be read
    """
    count, oldest = 0, None
    for entry in _entries(maildir / "new"):
        try:
            at = entry.stat(follow_symlinks=False).st_mtime
        except OSError:
            continue
        count, oldest = count + 1, min(at, oldest) if oldest is not None else at
    return count, datetime.fromtimestamp(oldest, UTC) if oldest is not None else None


def stuck_in(maildir: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    """Of the oldest files in new/, those that cannot be accepted as they are, and why.

    Raises  UnusableError  it cannot be read
    """
    for name in heapq.nsmallest(_AT_ONCE, (entry.name for entry in _entries(maildir / "new"))):
        try:
            _, octets = read_mail(maildir / "new" / name, settings)
            octets.raw.close()
        except GoneError:
            continue
        except UnusableError as e:
            yield shown(name), str(e)


def unfit(maildir: Path) -> str:
    """Why a folder cannot be watched; empty when it can."""
    for name in ("new", "cur"):
        folder = maildir / name
        if not folder.is_dir():
            return f"there is no folder {folder}"
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return f"the gateway may not read and write {folder}"
    if (maildir / "new").stat().st_dev != (maildir / "cur").stat().st_dev:
        return f"{maildir}/new and cur are on different file systems"
    return ""


def _oldest(maildir: Path, aside: Collection[str]) -> list[str]:
    names = (entry.name for entry in _entries(maildir / "new"))
    return heapq.nsmallest(_AT_ONCE, (name for name in names if name not in aside))


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if not entry.name.startswith("."))
    except OSError as e:
        raise UnusableError(f"cannot be read: {e.strerror}") from e


def _moved(maildir: Path, name: str) -> None:
    """To cur/, as seen; what is there under this name stays. Raises OSError; GoneError: somebody else took it."""
    there = maildir / "cur" / (name if ":2," in name else f"{name}:2,S")
    source = maildir / "new" / name
    try:
        if there.exists():
            there = there.with_name(f"{source.lstat().st_ino}.{there.name}")
        source.rename(there)
    except FileNotFoundError as e:
        if os.path.lexists(source):
            raise
        raise GoneError("is not there") from e
