"""One mail off the server: its octets, in pieces, and whether these are all.

Not here what becomes of it (imap_take.py), what its header says of its delivery (handed_over.py).
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.intake.accept import Incoming
from gateway.intake.data import HopCounter, Spool
from gateway.intake.handed_over import HEAD_OCTETS
from gateway.intake.imap_link import PIECE_OCTETS, Link, NotFetchedError

_REFUSED_IN_A_ROW = 10  # then it is not because of these mails


@dataclass(frozen=True, slots=True)
class Whole:
    """All octets of a mail; who takes `incoming.raw` closes it."""

    incoming: Incoming
    head: bytes
    at: datetime | None  # since when the server has it; None: it does not say


@dataclass(frozen=True, slots=True)
class TooLarge:
    """More than is taken in: what it begins with, and the size of all; who takes `incoming.raw` closes it."""

    incoming: Incoming  # the beginning
    head: bytes
    at: datetime | None
    size: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """How mails are fetched. `was_there`: up to this UID, those that the server had before `since` are left alone."""

    max_octets: int
    folder: Path  # where large mails wait in unnamed files
    page_octets: int
    was_there: int
    since: datetime
    stopping: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of some mails, in order; None: it is left alone, or somebody took it away."""

    found: tuple[tuple[int, Whole | TooLarge | NotFetchedError | None], ...]
    broken: Exception | None = None  # what ended the connection
    at: int | None = None  # while this mail was fetched; None: in between


def run_of(link: Link, uids: Sequence[int], wanted: Wanted) -> Run:
    """Fetch these, until there are enough of them; in one go, because changing threads takes longer than fetching."""
    found: list[tuple[int, Whole | TooLarge | NotFetchedError | None]] = []
    octets = refused = 0
    for uid in uids:
        if wanted.stopping() or octets > wanted.page_octets:
            break
        try:
            came = link.came_at(uid) if uid <= wanted.was_there else None
            left = came is not None and came < wanted.since
            mail = None if left else fetched(link, uid, wanted.max_octets, wanted.folder)
        except NotFetchedError as e:
            found.append((uid, e))
            refused += 1
            if refused >= _REFUSED_IN_A_ROW:
                return Run(tuple(found), IMAPClientAbortError(f"the server gives no mail: {e}"))
            continue
        except (OSError, IMAPClientError) as e:
            return Run(tuple(found), e, uid)
        refused = 0
        found.append((uid, mail))
        octets += mail.incoming.size if isinstance(mail, Whole) else 0
    return Run(tuple(found))


def fetched(link: Link, uid: int, max_octets: int, folder: Path) -> Whole | TooLarge | None:
    """The mail; None when somebody took it away.

    folder  where large mails wait in an unnamed file
    Raises  NotFetchedError  the server does not give it, or there was no room for it here
            what ends a connection: then no octet of it is used
    """
    spool, hops, digest, head, at = Spool(max_octets, folder), HopCounter(), hashlib.sha256(), b"", None
    hops.feed(b"\r\n")
    try:
        while (found := link.piece(uid, spool.size)) is not None:
            piece, size, at = found
            head = head or piece[:HEAD_OCTETS]
            hops.feed(piece)
            digest.update(piece)
            kept = spool.write(piece)
            if size > max_octets or spool.size > max_octets:
                spool.drop()
                beginning = Incoming(io.BytesIO(head), len(head), hashlib.sha256(head).hexdigest(), 0)
                return TooLarge(beginning, head, at, max(size, spool.size))
            if not kept:
                raise NotFetchedError("there is no room for it here")
            if not spool.size:  # so do servers answer that cannot read their own file
                raise NotFetchedError("the server gives no octet of it")
            if not piece or (len(piece) < PIECE_OCTETS and spool.size >= size):
                break  # a server that gives less than was asked for is asked for the rest
        else:
            spool.drop()
            return None
    except BaseException:
        spool.drop()
        raise
    raw = spool.kept()
    if raw is None:
        raise NotFetchedError("there is no room for it here")
    return Whole(Incoming(raw, spool.size, digest.hexdigest(), hops.count), head, at)
