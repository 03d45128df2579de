"""A mail in a file, read by a parser child like any mail of a stranger.

Starting a child takes as long as importing what comes after it: both are done at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, TypeVar

from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.output import printable
from gateway.config import Settings
from gateway.message.types import Message
from gateway.parsing.pool import Failure, ParserPool

_PIECE_OCTETS = 64 * 1024
_T = TypeVar("_T")


def octets_of(settings: Settings, mail: BinaryIO) -> bytes:
    """The whole mail.

    Raises  CommandError  it is larger than one that would be accepted: exit 1
    """
    size = int(settings.intake.max_size)
    raw = mail.read(size + 1)
    if len(raw) > size:
        raise CommandError(f"the mail is larger than intake.max_size, {size} octets", exit_code=FINDINGS)
    return raw


def read(settings: Settings, raw: bytes, meanwhile: Callable[[], _T]) -> tuple[Message, _T]:
    """The mail, with the limits of live mail; and what was done meanwhile.

    Raises  CommandError  it cannot be parsed: exit 1
    """
    message, done = asyncio.run(_read(settings, raw, meanwhile))
    if isinstance(message, Failure):
        what = f"the mail cannot be parsed: {message.reason}"
        raise CommandError(what, printable(message.detail), "live it would be kept in quarantine", exit_code=FINDINGS)
    return message, done


async def _read(settings: Settings, raw: bytes, meanwhile: Callable[[], _T]) -> tuple[Message | Failure, _T]:
    pool = ParserPool.of(settings)
    try:
        await pool.begin()
        parsing = asyncio.create_task(pool.parse(_pieces(raw), len(raw), 1))
        done = await asyncio.to_thread(meanwhile)
        return await parsing, done
    finally:
        await pool.close()


async def _pieces(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), _PIECE_OCTETS):
        yield raw[start : start + _PIECE_OCTETS]
