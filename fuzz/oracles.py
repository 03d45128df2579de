"""What must hold of every reading, whatever the octets: clean text, soon, in little memory.

Time is the processor's. A reading over its budget is measured again in a fresh interpreter without instrumentation, and
only the best of three counts: a busy machine makes a reading slow, it never makes it quick.
Not here  that nothing is raised: what runs the readings sees that itself.
"""

import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from gateway.message.charset import clean
from gateway.message.types import Message

BUDGET_S = 0.050  # of the processor, for each 10 KB or a part of them
BUDGET_OCTETS = 10_000
GROWTH_KIB = 64 * 1024  # of the largest resident set, in one reading


class Broken(Exception):  # noqa: N818 - it is a sentence about the reading
    """A reading that is not as it must be."""


def demand(claim: object, what: str) -> None:
    """Raises Broken when the claim does not hold."""
    if not claim:
        raise Broken(what)


def demand_clean(*values: object) -> None:
    """Every text in the values is what a store takes: NFC, without NUL, controls and lone surrogates."""
    for text in _texts(msgspec.to_builtins(values)):
        demand(clean(text) == text and unicodedata.is_normalized("NFC", text), f"not clean: {text[:200]!r}")


def demand_sound(message: Message) -> None:
    """Clean, sent to the daemon and back unchanged, and no step of ours failed on the way."""
    demand_clean(message)
    demand(msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=Message) == message, "not the same at home")
    for defect in message.defects:
        demand(defect.code != "unreadable", f"a step failed: {defect.detail}")


def within_budget(name: str, reading: Callable[[bytes], None], data: bytes) -> None:
    """The reading, in its time and memory.

    name  of the target: how another interpreter finds the same reading
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = seconds(reading, data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    demand(grown <= GROWTH_KIB, f"{grown} KiB more for {len(data)} octets")
    if taken > budget(data):
        again = _measured_alone(name, data)
        demand(again <= budget(data), f"{again * 1000:.0f} ms for {len(data)} octets")


def budget(data: bytes) -> float:
    """The seconds of the processor that these octets may take."""
    return BUDGET_S * max(1.0, len(data) / BUDGET_OCTETS)


def seconds(reading: Callable[[bytes], None], data: bytes) -> float:
    """Of the processor, for one reading."""
    began = time.process_time()
    reading(data)
    return time.process_time() - began


def _measured_alone(name: str, data: bytes) -> float:
    """Seconds of the processor in an interpreter that nothing else has slowed down."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix=".fuzz-") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "fuzz.measure", name, file.name]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
