"""Killable children that turn mails into Messages: a poison mail costs a child, never the daemon.

Sources  acceptance L8, A-15, §6.1.
         A child is given CPU and memory by the kernel and time by us; it is replaced after RECYCLE_AFTER mails and
         after every accident. Mails are streamed to it in pieces: the daemon never holds a whole large one.
Not here  counting attempts and quarantine (work.py), what a child does (child.py).
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from gateway.config import Settings
from gateway.errors import TransientError
from gateway.message.limits import ParseLimits
from gateway.message.types import Message
from gateway.parsing.frames import (
    END,
    HEAD,
    MAX_REPLY_OCTETS,
    MESSAGE,
    READY,
    Failure,
    Job,
    Setup,
    decode_failure,
    decode_message,
    encode,
    frame,
)

__all__ = ["Failure", "ParserPool", "parse_limits"]

COMMAND = (sys.executable, "-I", "-W", "ignore", "-m", "gateway.parsing.child")
RECYCLE_AFTER = 200  # mails; bounds leaks and fragmentation
WALL_S = 20.0  # for one mail: RLIMIT_CPU does not see a child that sleeps
_STOP_S = 2.0
_BUFFER_OCTETS = 1024 * 1024


@dataclass(slots=True)
class _Child:
    process: asyncio.subprocess.Process
    sink: asyncio.StreamWriter
    source: asyncio.StreamReader
    ready: bool = False  # it said so, and waits for mails
    mails: int = 0

    def lives(self) -> bool:
        """Asked of the kernel: the loop may not have heard of a death yet, and an innocent mail would pay."""
        if self.process.returncode is not None:
            return False
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        return False

    async def kill(self) -> int:
        """End it; the exit code, negative for a signal."""
        if self.lives():
            with suppress(ProcessLookupError):
                self.process.kill()
        return await self.process.wait()


class ParserPool:
    """At most `size` children, started when they are needed."""

    def __init__(
        self,
        size: int,
        memory_octets: int,
        cpu_s: int,
        limits: ParseLimits,
        languages: tuple[str, ...],
        *,
        command: Sequence[str] = COMMAND,
        wall_s: float = WALL_S,
    ) -> None:
        self.started = 0
        self._size, self._command, self._wall_s = size, tuple(command), wall_s
        self._setup = frame(encode(Setup(memory_octets, cpu_s, limits, languages)))
        self._idle: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()  # the warm ones first
        for _ in range(size):
            self._idle.put_nowait(None)

    @classmethod
    def of(cls, settings: Settings, size: int = 1) -> "ParserPool":
        """Children with the limits of these settings."""
        limits = settings.limits
        return cls(size, int(limits.child_memory), limits.child_cpu_s, parse_limits(settings), settings.site.languages)

    async def begin(self) -> None:
        """Start all children now; they get ready by themselves while the caller does something else.

        Raises  TransientError  a child cannot be started
        """
        slots = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        try:
            for i, child in enumerate(slots):
                slots[i] = child if child is not None else await self._started()
        finally:
            for child in slots:
                self._idle.put_nowait(child)

    async def parse(self, pieces: AsyncIterator[bytes], size: int, attempt: int) -> Message | Failure:
        """The mail as facts, or why there are none; then the mail has spent an attempt.

        pieces   the raw octets, in order.  size  their sum
        attempt  from 1; from 2 on, HTML is left unread: it may be what killed the child
        Raises   TransientError  a child cannot be started, or what `pieces` raises: not the mail's fault
        """
        child = await self._idle.get()
        try:
            if child is None or not child.lives():
                child = await self._started()
            if not child.ready:
                await self._until_ready(child)
            answer = await self._exchange(child, pieces, Job(size, attempt >= 2))
            child.mails += 1
            if isinstance(answer, Failure) and answer.reason != "exception":
                answer = await _verdict(child, answer)
                child = None
            elif child.mails >= RECYCLE_AFTER:
                await _stopped(child)
                child = None
        except BaseException:  # our caller was cancelled, or the store failed: the child is out of step
            if child is not None and child.lives():
                child.process.kill()
            child = None
            raise
        finally:
            self._idle.put_nowait(child)
        return answer

    async def close(self) -> None:
        """Wait for mails under way, then end all children."""
        for _ in range(self._size):
            child = await self._idle.get()
            if child is not None:
                await _stopped(child)

    async def _started(self) -> _Child:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_BUFFER_OCTETS,
                env={},  # no secrets
                cwd="/",
                start_new_session=True,  # the terminal's Ctrl-C is for the daemon, which ends its children itself
            )
        except OSError as e:
            raise TransientError("no parser child can be started") from e
        self.started += 1
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child without pipes")
        process.stdin.write(self._setup)
        return _Child(process, process.stdin, process.stdout)

    async def _until_ready(self, child: _Child) -> None:
        try:
            async with asyncio.timeout(self._wall_s):
                ready = await _read(child)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError) as e:
            code = await child.kill()
            raise TransientError(f"a parser child ended at its start (exit {code})") from e
        if ready != READY:
            await child.kill()
            raise TransientError("a parser child does not speak our language")
        child.ready = True

    async def _exchange(self, child: _Child, pieces: AsyncIterator[bytes], job: Job) -> Message | Failure:
        child.sink.write(frame(encode(job)))
        async for piece in pieces:  # outside the wall clock: a slow database is not the mail's fault
            if not piece:
                continue
            child.sink.write(HEAD.pack(len(piece)))
            child.sink.write(piece)
            if failure := await self._drained(child):
                return failure
        child.sink.write(END)
        try:
            async with asyncio.timeout(self._wall_s):
                await child.sink.drain()
                answer = await _read(child)
            if answer[:1] == MESSAGE:
                return decode_message(answer[1:])
            return decode_failure(answer[1:])
        except TimeoutError:
            return Failure("time", f"{self._wall_s:.0f} s")
        except (asyncio.IncompleteReadError, ConnectionError):
            return Failure("died")
        except (msgspec.DecodeError, ValueError) as e:
            return Failure("died", f"broken answer: {type(e).__name__}")

    async def _drained(self, child: _Child) -> Failure | None:
        try:
            async with asyncio.timeout(self._wall_s):
                await child.sink.drain()
        except TimeoutError:
            return Failure("time", f"{self._wall_s:.0f} s")
        except ConnectionError:
            return Failure("died")
        return None


def parse_limits(settings: Settings) -> ParseLimits:
    """The limits of the parser children."""
    limits = settings.limits
    return ParseLimits(
        header_block=int(limits.header_block),
        header_fields=limits.header_fields,
        header_field=int(limits.header_field),
        header_addresses=limits.header_addresses,
        header_encoded_words=limits.header_encoded_words,
        header_params=limits.header_params,
        header_comment_depth=limits.header_comment_depth,
        mime_depth=limits.mime_depth,
        mime_parts=limits.mime_parts,
    )


async def _read(child: _Child) -> bytes:
    """The content of the next frame; ValueError when it claims to be too long."""
    size = HEAD.unpack(await child.source.readexactly(HEAD.size))[0]
    if size > MAX_REPLY_OCTETS:
        raise ValueError(f"an answer of {size} octets")
    return await child.source.readexactly(size)


async def _verdict(child: _Child, failure: Failure) -> Failure:
    """What the kernel says about the death; the child is gone afterwards."""
    if failure.reason != "died" or failure.detail:
        await child.kill()
        return failure
    try:
        async with asyncio.timeout(_STOP_S):  # its pipe is closed, so it is about to end by itself
            code = await child.process.wait()
    except TimeoutError:
        code = await child.kill()
    if code == -signal.SIGXCPU:
        return Failure("cpu")
    return Failure("died", f"signal {-code}" if code < 0 else f"exit {code}")


async def _stopped(child: _Child) -> None:
    """The end of its input ends a child."""
    child.sink.close()
    try:
        async with asyncio.timeout(_STOP_S):
            await child.process.wait()
    except TimeoutError:
        await child.kill()
