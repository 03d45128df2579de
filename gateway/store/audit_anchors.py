"""The anchors of the audit chain: rows and their hashes, kept in a file to which is only added, and told to the log.

Sources  acceptance §7.3, R-5: an anchor names a durable row; one every 1,000 rows or 24 hours.
         They show a tail that was cut, and who has the key: copies elsewhere (the journal) show it best.
Not here  when it is looked (timers.py), what anchors prove (audit_verify.py).
"""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from gateway.config import Settings
from gateway.errors import ConfigError, Problem
from gateway.store.audit import Anchor

_ROWS = 1000
_AGE = timedelta(hours=24)
_LINE = re.compile(r"(\d{1,18}:[0-9a-f]{64}) (\S+)")


def anchor_of(text: str) -> Anchor | None:
    """SEQ:HASH as an anchor; None when it is none."""
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    return None if found is None else Anchor(int(found[1]), bytes.fromhex(found[2]))


class Anchors:
    """The file of one gateway; made with its first line."""

    def __init__(self, settings: Settings) -> None:
        self.path: Path = settings.paths.state / "audit-anchors"
        self._last: tuple[Anchor, datetime] | None = None

    def read(self) -> list[tuple[Anchor, datetime]]:
        """Each anchor with its time, oldest first.

        Raises  ConfigError  the file cannot be read, or a line of it is no anchor
        """
        try:
            lines = self.path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as e:
            raise ConfigError(self._problem(0, f"cannot be read: {e.strerror}")) from e
        return [self._parsed(number, line) for number, line in enumerate(lines, 1)]

    def due(self, end: Anchor, now: datetime) -> bool:
        """Whether the end of the chain is to be told."""
        if self._last is None:
            self._last = next(reversed(self.read()), None)
        if self._last is None:
            return True
        last, at = self._last
        return end.seq >= last.seq + _ROWS or (end.seq > last.seq and now - at >= _AGE)

    def add(self, anchor: Anchor, now: datetime) -> None:
        """One more line, on the disk when this returns. The row has to be there already."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{anchor} {now.isoformat(timespec='seconds')}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._last = anchor, now

    def _parsed(self, number: int, line: str) -> tuple[Anchor, datetime]:
        found = _LINE.fullmatch(line)
        anchor = anchor_of(found[1]) if found else None
        if found is None or anchor is None:
            raise ConfigError(self._problem(number, "this line is no anchor: SEQ:HASH TIME"))
        return anchor, datetime.fromisoformat(found[2])

    def _problem(self, line: int, text: str) -> Problem:
        return Problem(str(self.path), line, 1 if line else 0, "C009", text, "a copy of it, such as from the journal")
