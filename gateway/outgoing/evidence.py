"""Whether the relay on this machine took a mail whose dot it never answered: its log knows it first.

Sources  acceptance §5.7. The reverse-path names the row (VERP), so that no other mail has it. Postfix: qmgr(8), a mail
         is active when its last octet is on the disk; Exim: `<=` is the arrival of a message; OpenSMTPD: smtpd(8).
Not here what comes back by mail (gateway/arrived.py), when this is asked (outbox.py).
"""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

_LAST_OCTETS = 64 << 20  # of a log: far more than it grows in half an hour
_TAKEN = (
    # the line of a mail that was taken, {} is its reverse-path, and the relay's own name for it
    rb"/qmgr\[\d+\]: ([0-9A-Za-z]{6,20}): from=<{}>, .*\(queue active\)",
    rb" ([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) <= {} ",
    rb" smtp message .*\bmsgid=([0-9a-f]{8}) from=<{}> ",
)


def queued_as(log: Path, reverse_path: str) -> str | None:
    """The relay's name for the mail; None where its log does not show that it took it, or cannot be read."""
    needle = reverse_path.encode()
    patterns = [re.compile(pattern.replace(b"{}", re.escape(needle))) for pattern in _TAKEN]
    try:
        found = (m[1].decode() for line in _lines(log, needle) for p in patterns if (m := p.search(line)))
        return next(found, None)
    except (OSError, ValueError):  # there is none, or nothing in it
        return None


def _lines(log: Path, needle: bytes) -> Iterator[bytes]:
    with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
        at = octets.find(needle, max(0, len(octets) - _LAST_OCTETS))
        while at >= 0:
            ends = octets.find(b"\n", at)
            yield octets[octets.rfind(b"\n", 0, at) + 1 : ends if ends >= 0 else len(octets)]
            at = octets.find(needle, ends) if ends >= 0 else -1
