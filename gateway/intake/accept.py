"""The door: which recipients are ours, whether there is room, and the promise itself.

Durable  `Door.accept` returns only after the commit that holds the row was flushed (DESIGN §6, T0).
Sources  RFC 5321 §6.1 (responsibility), §4.5.5 (bounce address), acceptance A-01, A-07, A-12, A-13, B-12.
Not here protocols (smtp.py), what the mail says: nothing looks inside before it is ours.
"""

import hashlib
import secrets
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import structlog

from gateway.clock import Clock
from gateway.config import Intake, Settings
from gateway.counts import Counts
from gateway.errors import PermanentError, TransientError
from gateway.intake.addresses import Addresses
from gateway.message.address import domain_of, normal
from gateway.message.types import Envelope
from gateway.store import inbound
from gateway.store.inbound import Arriving, Receipt
from gateway.store.store import Store

_FLOOR_OCTETS = 500 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
log = structlog.get_logger("intake")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as it came over the wire: CRLF lines, dots unstuffed (RFC 5321 §4.5.2)."""

    raw: BinaryIO  # at position 0; `Door.accept` closes it
    size: int
    sha256: str
    hops: int  # Received fields in the header


class Door:
    """One for all ways in. `woken` is called after each accepted mail, to start work on it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        addresses: Callable[[], Addresses],
        woken: Callable[[], None],
        counts: Counts | None = None,
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._addresses, self._woken = addresses, woken
        self._counts = counts or Counts()
        self._refusal: TransientError | None = None
        self._free = self._floor = 0  # octets: free when last measured, less what came since; what must stay free

    def check_room(self, declared_octets: int) -> None:
        """Whether a mail of this size can be promised now.

        Raises  TransientError 452 4.3.1  the disk is nearly full, or too many mails wait
                TransientError 451 4.3.0  the database is away; 421: its commits keep failing
        """
        if (trouble := self._store.trouble) is not None:
            raise trouble
        if self._refusal is not None:
            raise TransientError(self._refusal.text, code=self._refusal.code, status=self._refusal.status)
        if declared_octets > self._free or self._free < self._floor:
            raise TransientError("insufficient system storage", code=452, status="4.3.1")

    def recipient(self, address: str) -> str:
        """The forward-path in normal form, when it is one of ours.

        Raises  PermanentError 550 5.1.1  nobody of ours has this address
                PermanentError 550 5.7.1  the domain is not ours: we relay nothing
        """
        path, ours = normal(address), self._addresses()
        if path in ours.addresses:
            return path
        if domain_of(path) not in ours.domains:
            raise PermanentError("we relay no mail", code=550, status="5.7.1")
        if self._settings.intake.unknown_recipient == "accept":
            return path
        named = f"<{path}>" if path.isascii() else "this"
        raise PermanentError(f"{named} is not a support address", code=550, status="5.1.1")

    async def accept(
        self,
        envelope: Envelope,
        incoming: Incoming,
        *,
        imported: str | None = None,
        whole_octets: int | None = None,
    ) -> Receipt:
        """Take responsibility for a message; once this returns, SMTP may say 250.

        envelope  forward-paths as `recipient` returned them
        imported  it is of an archive: nobody is told, and the status its ticket begins with; None: it came in
        whole_octets  it is the beginning of a mail of so many, which stays where it is; None: it is all of it
        Durable   returns only after the commit that holds the row was flushed (DESIGN §6, T0)
        Raises    PermanentError 554 5.4.6  more than max_hops Received fields (RFC 5321 §6.3)
                  TransientError 4.3.0      the database or the disk refused; the sender keeps its copy
        """
        with closing(incoming.raw):
            if incoming.hops > self._settings.intake.max_hops:
                raise PermanentError("too many hops, this mail is in a loop", code=554, status="5.4.6")
            now = envelope.received_at if imported is None else self._clock.now()
            key = new_key(now, secrets.token_bytes(10))
            receipt = await self._store.accept(
                Arriving(
                    key,
                    envelope,
                    incoming.size,
                    incoming.sha256,
                    arrival_hashes(envelope, incoming.sha256),
                    incoming.raw,
                    imported,
                    now,
                    whole_octets,
                )
            )
        self._free -= 2 * incoming.size  # in the write-ahead log, and later in the table
        self._counts.add("received", envelope.via)
        log.info("mail.accepted", mail=receipt.key, via=envelope.via, size=incoming.size, duplicate=receipt.duplicate)
        self._woken()
        return receipt

    async def look(self) -> None:
        """Measure free space and backlog; the daemon does so once a second, so that no session waits for it."""
        intake, before = self._settings.intake, self._refusal
        try:
            usage = shutil.disk_usage(self._settings.paths.state)
            self._floor = least_free(intake, usage.total)
            self._free = usage.free
            waiting, since = await self._store.read(inbound.backlog)
        except TransientError as e:
            self._refusal = e
        except OSError as e:
            self._refusal = TransientError(f"temporary failure in storage: {e.strerror}")
        else:
            late = since is not None and self._clock.now() - since > intake.backlog_age
            self._refusal = (
                TransientError("insufficient system storage", code=452, status="4.3.1") if usage.free < self._floor
                else TransientError("too much mail is waiting", code=452, status="4.3.1")
                if waiting > intake.backlog or late
                else None
            )  # fmt: skip
        if (before is None) != (self._refusal is None):
            log.warning("intake.room", refusing=self._refusal.text if self._refusal else "nothing")


def least_free(intake: Intake, total: int) -> int:
    """Octets that must be free before mail is taken, on a disk of so many (acceptance L13)."""
    return int(intake.min_free or max(1.5 * intake.max_size, total / 20, _FLOOR_OCTETS))


def arrival_hashes(envelope: Envelope, sha256: str) -> tuple[str, ...]:
    """Key 1 of duplicates, for each forward-path."""
    return tuple(arrival_hash(sha256, envelope.reverse_path, path) for path in envelope.forward_paths)


def arrival_hash(sha256: str, reverse_path: str | None, forward_path: str) -> str:
    """Key 1 of duplicates: the same bytes from the same sender to the same recipient (acceptance A-07)."""
    parts = (sha256, "" if reverse_path is None else normal(reverse_path), forward_path)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def new_key(now: datetime, randomness: bytes) -> str:
    """A UUIDv7 as 32 hex digits: sorts by time (RFC 9562 §5.7). `randomness` is ten octets."""
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)
    a, b = int.from_bytes(randomness[:2]) & 0x0FFF, int.from_bytes(randomness[2:]) & (1 << 62) - 1
    return f"{milliseconds << 80 | 0x7 << 76 | a << 64 | 0b10 << 62 | b:032x}"
