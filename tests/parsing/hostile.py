"""A parser child that does what the mail tells it: the accidents that a real one may have."""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Message
from gateway.parsing.child import serve


def act(raw: bytes, limits: ParseLimits, *, languages: tuple[str, ...], without_html: bool = False) -> Message:
    """The first word of the mail is the order; any other mail is parsed."""
    match raw.split()[:1]:
        case [b"exit"]:
            os._exit(139)
        case [b"kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case [b"spin"]:
            while True:
                pass
        case [b"hang"]:
            time.sleep(600)
        case [b"eat"]:
            bytearray(2 << 30)
        case [b"deep"]:
            return act(raw, limits, languages=languages)
        case [b"raise"]:
            raise LookupError("the content of a mail")
        case [b"print"]:
            sys.stdout.write("noise" * 1000)
            sys.stderr.write("noise" * 1000)
            sys.stdout.buffer.write(b"\0" * 1000)
            sys.stdout.flush()
        case [b"lie"]:
            _write_raw(b"\xff\xff\xff\xff")
        case [b"babble"]:
            _write_raw(b"\0\0\0\5hello")
        case [b"tell"]:
            raw = b"Subject: " + json.dumps(_surroundings()).encode()
    return parse(raw, limits, languages=languages, without_html=without_html)


def _write_raw(octets: bytes) -> None:
    """Straight into the pipe to the daemon, past the frames."""
    for number in range(3, 16):
        try:
            os.write(number, octets)
        except OSError:
            continue


def _surroundings() -> dict[str, object]:
    """What a child has."""
    names = ("AS", "CORE", "FSIZE", "NOFILE", "NPROC")
    return {
        "environment": sorted(set(os.environ) - {"LC_CTYPE"}),  # which Python sets itself
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "directory": str(Path.cwd()),
        "limits": {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in names},
        "session": os.getsid(0) == os.getpid(),
    }


if __name__ == "__main__":
    serve(act)
