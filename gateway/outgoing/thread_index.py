"""Outlook's own idea of a conversation: the next Thread-Index in it.

Sources  [MS-OXOMSG] §2.2.1.3: 22 octets for the first mail, 5 more for each answer: how long after the first one, and a
         number that keeps answers of the same moment apart.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta

_HEAD, _BLOCK = 22, 5
_MAX_BLOCKS = 100
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS = 10_000_000  # of a second


def next_thread_index(index: str, now: datetime) -> str:
    """The index of an answer to a mail with this one; empty where that mail has none that could be continued."""
    try:
        octets = base64.b64decode(index.strip(), validate=True)
    except (binascii.Error, ValueError):
        return ""
    blocks, rest = divmod(len(octets) - _HEAD, _BLOCK)
    if rest or not 0 <= blocks < _MAX_BLOCKS or octets[0] != 1:
        return ""
    return base64.b64encode(octets + _answer(octets, now, blocks)).decode()


def _answer(octets: bytes, now: datetime, number: int) -> bytes:
    """How long after the first mail, with 31 bits: in steps of 26 ms, or of 0.8 s where it is longer than 1.7 years."""
    began = int.from_bytes(octets[:6], "big") << 16
    ticks = max(0, (now - _EPOCH) // timedelta(microseconds=1) * (_TICKS // 1_000_000) - began)
    coarse = ticks >> 49 != 0
    steps = (ticks >> (23 if coarse else 18)) & 0x7FFF_FFFF
    return (steps | coarse << 31).to_bytes(4, "big") + bytes([number & 0x0F])
