"""What reading one mail costs, and how much memory a parser child takes for it.

usage    python -m bench.reading --generator make_mail.py [--mails 1000]
Output   milliseconds of the processor a mail (the whole of it: structure, text, HTML, reply, report, classification,
         language), and the child's largest resident set. The child is one as in the daemon, with its limits.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from gateway.message.classify import OwnMail, classify
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Envelope
from gateway.parsing.pool import ParserPool

_LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
_MEMORY = 512 << 20
_ENVELOPE = Envelope("ann@customer.test", ("support@bench.test",), "mx", "192.0.2.1", "smtp", datetime.now(UTC))
_OWN = OwnMail(frozenset({"support@bench.test"}), lambda *_: False)


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--generator", type=Path, required=True, help="make_mail.py OUTDIR --n N")
    arguments.add_argument("--mails", type=int, default=1000)
    given = arguments.parse_args()
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


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


if __name__ == "__main__":
    main()
