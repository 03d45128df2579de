"""What passes between the daemon and a parser child: lengths, octets, typed MessagePack. Never pickle.

A frame is four octets of length and the content. To the child: one Setup, then for each mail a Job, its raw octets in
as many frames as they come, an empty frame. From the child: one READY, then for each mail one kind octet and a value.
Not here  who starts and stops children (pool.py), what they do (child.py).
"""

import struct
from dataclasses import dataclass
from typing import Literal

import msgspec

from gateway.message.limits import ParseLimits
from gateway.message.types import Message

HEAD = struct.Struct("!I")
END = HEAD.pack(0)
READY = b"R"
MESSAGE, FAILURE = b"M", b"F"
MAX_REPLY_OCTETS = 64 * 1024 * 1024  # a child that lies about its length must not fill the daemon

Reason = Literal["exception", "memory", "cpu", "time", "died"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for the life of a child."""

    memory_octets: int
    cpu_s: int  # for each mail
    limits: ParseLimits
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One mail, whose octets follow."""

    size: int
    without_html: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no Message. It costs the mail one attempt."""

    reason: Reason
    detail: str = ""


encode = msgspec.msgpack.Encoder().encode
decode_setup = msgspec.msgpack.Decoder(Setup).decode
decode_job = msgspec.msgpack.Decoder(Job).decode
decode_message = msgspec.msgpack.Decoder(Message).decode
decode_failure = msgspec.msgpack.Decoder(Failure).decode


def frame(content: bytes) -> bytes:
    """The content with its length before it."""
    return HEAD.pack(len(content)) + content
