"""What a part holds that is a container itself: the border between a decoder that may hang, and the reader.

Not here  the decoder: parsing/tnef.py, which only a killable child may call.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnpackedFile:
    """A file out of a container; its name as written there."""

    name: str
    octets: bytes
    media_type: str = ""  # empty when nothing is declared


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a container holds. Nothing in it is cleaned."""

    text: str
    html: str
    files: tuple[UnpackedFile, ...]


# octets, most octets out, most files; None when it cannot be read or would hold more
Unpack = Callable[[bytes, int, int], Unpacked | None]
