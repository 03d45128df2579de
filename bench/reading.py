"""What reading one mail costs, and how much memory a parser child takes for it.

usage    python -m bench.reading --generator make_mail.py [--mails 1000]
         python -m bench.reading --bombs [--folder FOLDER]
Output   milliseconds of the processor a mail (the whole of it: structure, text, HTML, reply, report, classification,
         language), and the child's largest resident set. The child is one as in the daemon, with its limits.
         Of bombs and of each mail in a folder, its own child's seconds of the processor, start included, and memory.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.bombs import bombs
from gateway.message.classify import OwnMail, classify
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Envelope, Message
from gateway.parsing.pool import ParserPool

_LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
_MEMORY = 512 << 20
_ENVELOPE = Envelope("ann@customer.test", ("support@bench.test",), "mx", "192.0.2.1", "smtp", datetime.now(UTC))
_OWN = OwnMail(frozenset({"support@bench.test"}), lambda *_: False)


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--generator", type=Path, help="make_mail.py OUTDIR --n N")
    arguments.add_argument("--bombs", action="store_true", help="mails that are made to cost")
    arguments.add_argument("--folder", type=Path, help="of *.eml, whose most costly ones are told")
    arguments.add_argument("--mails", type=int, default=1000)
    given = arguments.parse_args()
    if given.bombs:
        asyncio.run(_told(bombs(), all_of_them=True))
    if given.folder is not None:
        found = ((path.name, path.read_bytes()) for path in sorted(given.folder.rglob("*.eml")))
        asyncio.run(_told(found, all_of_them=False))
    if given.generator is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, given.generator, folder, "--n", str(given.mails)], check=True)
        mails = [path.read_bytes() for path in sorted(Path(folder).rglob("*.eml"))]
    print(f"reading     {_milliseconds(mails):.2f} ms of the processor a mail, mean of {len(mails)}")
    print(f"memory      {asyncio.run(_resident_mib(mails)):.0f} MiB, a child after as many mails as it reads")


def _milliseconds(mails: Sequence[bytes]) -> float:
    limits = ParseLimits()
    for raw in mails[:20]:
        parse(raw, limits, languages=_LANGUAGES)
    began = time.process_time()
    for raw in mails:
        classify(parse(raw, limits, languages=_LANGUAGES), _ENVELOPE, _OWN)
    return (time.process_time() - began) * 1000 / len(mails)


async def _resident_mib(mails: Sequence[bytes]) -> float:
    pool = ParserPool(1, _MEMORY, 5, ParseLimits(), _LANGUAGES)
    most = 0
    try:
        for raw in mails:
            await pool.parse(_whole(raw), len(raw), 1)
            most = max([most, *(child.memory_info().rss for child in psutil.Process().children())])
    finally:
        await pool.close()
    return most / (1 << 20)


async def _told(mails: Iterable[tuple[str, bytes]], *, all_of_them: bool) -> None:
    """A line for each mail; of a folder, for those that took the most memory and the most time, by one child."""
    pool = ParserPool(1, _MEMORY, 5, ParseLimits(), _LANGUAGES)
    rows: list[tuple[float, float, str]] = []
    try:
        for name, raw in mails:
            if all_of_them:
                await pool.close()
                pool = ParserPool(1, _MEMORY, 5, ParseLimits(), _LANGUAGES)
            before = _seconds()
            answer = await pool.parse(_whole(raw), len(raw), 1)
            child = next(iter(psutil.Process().children()), None)
            peak = _peak_mib(child.pid) if child is not None else 0.0
            spent = _seconds() - (before if not all_of_them else 0.0)
            rows.append((peak, spent, f"{name}{'' if isinstance(answer, Message) else f': {answer.reason}'}"))
    finally:
        await pool.close()
    shown = rows if all_of_them else [*sorted(rows)[-1:], *sorted(rows, key=lambda row: row[1])[-5:]]
    for peak, spent, name in shown:
        print(f"{peak:4.0f} MiB  {spent:5.2f} s  {name}")


def _seconds() -> float:
    """Of the processor, of the children that live."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


if __name__ == "__main__":
    main()
