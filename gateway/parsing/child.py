"""The other process: mails come in on its standard input, what they say goes out on its output, and it may be killed.

Sources  setrlimit(2), proc(5) oom_score_adj; acceptance L8, A-15.
         It holds no secret, no listener and no other descriptor, and knows one function, fixed at its start.
         CPU is counted from the start of the process, so the soft limit moves on before each mail.
Not here  the wall clock and the verdict about a death (pool.py): a dead child cannot tell.
"""

import math
import os
import resource
import time
from functools import partial
from typing import BinaryIO, Protocol

from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Message
from gateway.parsing.frames import (
    FAILURE,
    HEAD,
    MESSAGE,
    READY,
    Failure,
    Setup,
    decode_job,
    decode_setup,
    encode,
    frame,
)
from gateway.parsing.tnef import unpacker

_DESCRIPTORS = 16
_KILLED_FIRST = "500"  # of all our processes, when the machine runs out of memory


class Parse(Protocol):
    """What a child does with a mail."""

    def __call__(
        self, raw: bytes, limits: ParseLimits, *, languages: tuple[str, ...], without_html: bool = False
    ) -> Message:
        """The mail as facts."""
        ...


def serve(function: Parse) -> None:
    """Answer each mail with the function's Message or a Failure, until the input ends."""
    source, sink = _private_streams()
    setup = decode_setup(_content(source) or b"")
    _limit(setup)
    sink.write(frame(READY))
    sink.flush()
    while job := _content(source):
        sink.write(frame(_answer(function, job, source, setup)))
        sink.flush()


def _answer(function: Parse, job: bytes, source: BinaryIO, setup: Setup) -> bytes:
    """The outermost frame of the work on one mail."""
    try:
        raw = _raw(source)
        soft = math.ceil(time.process_time()) + setup.cpu_s
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        without_html = decode_job(job).without_html
        message = function(raw, setup.limits, languages=setup.languages, without_html=without_html)
        return MESSAGE + encode(message)
    except MemoryError:
        return FAILURE + encode(Failure("memory"))
    except Exception as e:  # noqa: BLE001 - the mail is the daemon's; what it did to us is a Failure, RecursionError too
        return FAILURE + encode(Failure("exception", type(e).__name__))


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Input and output under other numbers: what a library prints breaks no frame, and content reaches no log."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return source, sink


def _limit(setup: Setup) -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as f:  # noqa: PTH123 - a kernel knob, no path of ours
            f.write(_KILLED_FIRST)
    except OSError:  # a container that forbids it: the kernel chooses without our hint
        pass
    for limit, most in (
        (resource.RLIMIT_AS, setup.memory_octets),
        (resource.RLIMIT_CORE, 0),  # a core file would hold somebody's mail
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
    ):
        resource.setrlimit(limit, (most, most))


def _content(source: BinaryIO) -> bytes | None:
    """The content of the next frame; None at the end of the input."""
    head = source.read(HEAD.size)
    return source.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else None


def _raw(source: BinaryIO) -> bytes:
    pieces = []
    while piece := _content(source):
        pieces.append(piece)
    return b"".join(pieces)


if __name__ == "__main__":
    serve(partial(parse, unpack=unpacker()))
