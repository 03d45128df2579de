"""A poison mail costs its child and one attempt; the next mail never notices (acceptance A-15, L8)."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.errors import TransientError
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Message
from gateway.parsing import pool as pool_module
from gateway.parsing.pool import COMMAND, Failure, ParserPool

LANGUAGES = ("en", "de")
GOOD = (
    b"From: Ann <ann@x.test>\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\nHello\r\n"
)
HOSTILE = (sys.executable, "-I", str(Path(__file__).with_name("hostile.py")))
MEMORY = 512 * 1024 * 1024


@asynccontextmanager
async def pool_of(
    size: int = 1, *, command: tuple[str, ...] = HOSTILE, memory: int = MEMORY, cpu_s: int = 5, wall_s: float = 20
) -> AsyncIterator[ParserPool]:
    pool = ParserPool(size, memory, cpu_s, ParseLimits(), LANGUAGES, command=command, wall_s=wall_s)
    try:
        yield pool
    finally:
        await pool.close()


async def pieces(raw: bytes, octets: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), octets):
        yield raw[start : start + octets]


def end(pid: int) -> None:
    """Kill, and return when it is dead."""
    os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # then the loop has seen it already
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def read(pool: ParserPool, raw: bytes, attempt: int = 1) -> Message | Failure:
    return await pool.parse(pieces(raw), len(raw), attempt)


@pytest.mark.p0
@pytest.mark.parametrize(
    ("order", "reason", "detail", "same_child"),
    [
        # what the mail does, how that is called, whether the child may go on
        (b"exit", "died", "exit 139", False),
        (b"kill", "died", "signal 9", False),
        (b"eat", "memory", "", False),
        (b"deep", "exception", "RecursionError", True),
        (b"raise", "exception", "LookupError", True),  # the name of the error, never its text: that may be content
        (b"lie", "died", "broken answer: ValueError", False),
        (b"babble", "died", "broken answer: ValidationError", False),
    ],
)
async def test_a15_accidents(order: bytes, reason: str, detail: str, same_child: bool):
    async with pool_of() as pool:
        assert await read(pool, order) == Failure(reason, detail)
        assert isinstance(await read(pool, GOOD), Message)
        assert pool.started == (1 if same_child else 2)


@pytest.mark.p0
async def test_l8_an_endless_loop_ends_by_the_kernel():
    async with pool_of(cpu_s=1) as pool:
        assert await read(pool, b"spin") == Failure("cpu")
        assert isinstance(await read(pool, GOOD), Message)


@pytest.mark.p0
async def test_l8_a_sleeping_child_ends_by_the_wall_clock():
    async with pool_of(wall_s=1.5) as pool:
        await pool.begin()
        found = await read(pool, b"hang")
        assert isinstance(found, Failure)
        assert found.reason == "time"
    async with pool_of() as pool:
        assert isinstance(await read(pool, GOOD), Message)


@pytest.mark.p0
@pytest.mark.push  # it uses up seconds of CPU
async def test_l8_the_cpu_limit_moves_on_with_each_mail():
    slow = b"Subject: s\r\nContent-Type: text/html\r\n\r\n" + b"<a href=http://x>y</a>" * 20_000
    async with pool_of(cpu_s=1) as pool:
        for _ in range(6):  # together far more than one second
            assert isinstance(await read(pool, slow), Message)
        assert pool.started == 1


@pytest.mark.p0
async def test_bad_mails_among_good_ones():
    async with pool_of(2) as pool:
        raws = [b"kill" if n % 10 == 3 else b"raise" if n % 10 == 7 else GOOD for n in range(60)]
        found = await asyncio.gather(*(read(pool, raw) for raw in raws))
    for raw, result in zip(raws, found, strict=True):
        assert isinstance(result, Message if raw == GOOD else Failure)


async def test_the_message_comes_back_as_it_is_here():
    async with pool_of(command=COMMAND) as pool:
        assert await read(pool, GOOD) == parse(GOOD, ParseLimits(), languages=LANGUAGES)


async def test_an_empty_mail_is_a_mail():
    async with pool_of(command=COMMAND) as pool:
        assert await read(pool, b"") == parse(b"", ParseLimits(), languages=LANGUAGES)


async def test_the_second_attempt_leaves_html_unread():
    raw = b"Content-Type: text/html\r\n\r\n<p>Hello</p>"
    async with pool_of(command=COMMAND) as pool:
        first, second = await read(pool, raw, 1), await read(pool, raw, 2)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.text, first.html) == ("Hello", "<p>Hello</p>")
    assert (second.text, second.html, len(second.attachments)) == ("", None, 1)


async def test_what_is_printed_breaks_nothing():
    async with pool_of() as pool:
        assert isinstance(await read(pool, b"print"), Message)
        assert isinstance(await read(pool, GOOD), Message)
        assert pool.started == 1


@pytest.mark.p0
async def test_a_child_has_nothing_but_its_pipes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("MAILWICKET_SECRET", "s")
    with tmp_path.joinpath("inherited").open("w") as f:
        os.set_inheritable(f.fileno(), True)
        async with pool_of() as pool:
            found = await read(pool, b"tell")
    assert isinstance(found, Message)
    told = json.loads(found.subject)
    assert told["environment"] == []
    assert told["descriptors"] <= 6  # 0, 1, 2, the two pipes, and the folder that was listed
    assert told["limits"] == {"AS": MEMORY, "CORE": 0, "FSIZE": 0, "NOFILE": 16, "NPROC": 0}
    assert (told["directory"], told["session"]) == ("/", True)


async def test_children_are_recycled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool_module, "RECYCLE_AFTER", 3)
    async with pool_of() as pool:
        for _ in range(7):
            assert isinstance(await read(pool, GOOD), Message)
        assert pool.started == 3


async def test_a_child_that_died_idle_is_replaced_before_it_gets_a_mail():
    async with pool_of() as pool:
        await pool.begin()
        child = pool._idle.get_nowait()
        assert child is not None
        pool._idle.put_nowait(child)
        end(child.process.pid)
        assert isinstance(await read(pool, GOOD), Message)
        assert pool.started == 2


async def test_children_start_when_needed_or_before():
    async with pool_of(3) as pool:
        assert pool.started == 0
        await read(pool, GOOD)
        await read(pool, GOOD)
        assert pool.started == 1  # the warm one is used again
        await pool.begin()
        assert pool.started == 3


async def test_a_cancelled_mail_takes_its_child_along():
    async with pool_of() as pool:
        given = asyncio.Event()

        async def hang() -> AsyncIterator[bytes]:
            yield b"hang"
            given.set()

        task = asyncio.create_task(pool.parse(hang(), 4, 1))
        await given.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await read(pool, GOOD), Message)
        assert pool.started == 2


async def test_trouble_of_the_store_is_not_the_mails_fault():
    async def broken() -> AsyncIterator[bytes]:
        yield b"half a mail"
        raise TransientError("database away")

    async with pool_of() as pool:
        with pytest.raises(TransientError, match="database away"):
            await pool.parse(broken(), 100, 1)
        assert isinstance(await read(pool, GOOD), Message)  # and by a child that is in step


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "print('hello', flush=True); input()"),
    ],
)
async def test_a_child_that_cannot_start_costs_no_attempt(command: tuple[str, ...]):
    async with pool_of(command=command) as pool:
        for _ in range(2):
            with pytest.raises(TransientError):
                await read(pool, GOOD)


@pytest.mark.p0
async def test_a_mail_of_50_mb_is_read_in_a_fraction_of_the_memory():
    content = bytes(range(256)) * 4096 * 36
    raw = (
        b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
        b"Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    raw += base64.encodebytes(content) + b"--b--\r\n"
    assert len(raw) > 50_000_000
    async with pool_of(command=COMMAND, memory=200 * 1024 * 1024) as pool:
        found = await pool.parse(pieces(raw, 1024 * 1024), len(raw), 1)
    assert isinstance(found, Message)
    assert (found.text, found.attachments[0].size) == ("Hello", len(content))
