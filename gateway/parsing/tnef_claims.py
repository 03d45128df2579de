"""Whether a TNEF stream could hold as many properties and values as it says, asked before a library believes it.

Sources  MS-OXTNEF §2.1.3.4 (properties: a count, then type, name, values), §2.1.3.5 (rows of recipients).
         Each claim is held against the octets that are left: reading costs no more than the stream is long.
Not here  what the properties say (tnef.py).
"""

import struct

_PROPERTIES = frozenset({0x69003, 0x69005})  # attMsgProps, attAttachment
_RECIPIENTS = 0x69004
_SIZES = {2: 2, 0xB: 2, 3: 4, 4: 4, 0xA: 4, 5: 8, 6: 8, 7: 8, 0x14: 8, 0x40: 8, 0x48: 16}  # octets of a value
_COUNTED = frozenset({0, 0xD, 0x1E, 0x1F, 0x102})  # each value has its length before it
_MANY = 0x1000  # in a type: several values
_NAMED = 0x8000  # from this name on, a property has its own below it


def claims_too_much(name: int, octets: bytes) -> bool:
    """Whether an object of this name claims more than its octets can hold."""
    try:
        if name in _PROPERTIES:
            _end(octets, 0)
        elif name == _RECIPIENTS:
            rows, at = _number(octets, 0), 4
            _must_hold(octets, at, rows, 4)
            for _ in range(rows):
                at = _end(octets, at)
    except struct.error:  # it ends early: so does its reader
        return False
    except ValueError:
        return True
    return False


def _end(octets: bytes, at: int) -> int:
    """Where a list of properties ends that begins at `at`; ValueError when it claims too much."""
    count, at = _number(octets, at), at + 4
    _must_hold(octets, at, count, 4)
    for _ in range(count):
        kind, name = struct.unpack_from("<HH", octets, at)
        at += 4
        if name >= _NAMED:
            by_text, length = struct.unpack_from("<16xII", octets, at)
            at += 24 + (_padded(length) if by_text else 0)
        values = 1
        if kind & _MANY or kind in _COUNTED:
            values, at = _number(octets, at), at + 4
        at = _values_end(octets, at, kind & ~_MANY, values)
    return at


def _values_end(octets: bytes, at: int, kind: int, values: int) -> int:
    if kind in _COUNTED:
        _must_hold(octets, at, values, 4)
        for _ in range(values):
            at += 4 + _padded(_number(octets, at))
        return at
    size = _SIZES.get(kind, 0)
    if not size:
        raise struct.error(f"type {kind}")  # its reader stops there, too
    _must_hold(octets, at, values, size)
    return at + _padded(values * size)


def _must_hold(octets: bytes, at: int, count: int, least: int) -> None:
    if count * least > max(0, len(octets) - at) + least:
        raise ValueError(count)


def _number(octets: bytes, at: int) -> int:
    found: tuple[int] = struct.unpack_from("<I", octets, at)
    return found[0]


def _padded(length: int) -> int:
    return length + -length % 4
