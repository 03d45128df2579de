"""One mail off the server: its octets, in pieces, and whether these are all.

Not here what becomes of it (imap_take.py), what its header says of its delivery (handed_over.py).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.intake.accept import Incoming
from gateway.intake.data import HopCounter, Spool
from gateway.intake.handed_over import HEAD_OCTETS
from gateway.intake.imap_link import PIECE_OCTETS, Link, NotFetchedError


@dataclass(frozen=True, slots=True)
class Whole:
    """All octets of a mail; who takes `incoming.raw` closes it."""

    incoming: Incoming
    head: bytes
    at: datetime | None  # since when the server has it; None: it does not say


@dataclass(frozen=True, slots=True)
class TooLarge:
    """More than is taken in: what it begins with, and the size of all."""

    head: bytes
    size: int


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
                return TooLarge(head, max(size, spool.size))
            if not kept:
                raise NotFetchedError("there is no room for it here")
            if len(piece) < PIECE_OCTETS:
                break
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
