"""What an operator may change while the gateway runs, and the one way to have it done: by whoever owns the store.

An operation is asked for over `ctl.sock` and done by the daemon's writer; while no daemon runs, the command opens
the store itself under the same lock. Each leaves an audit row, in the same commit.
Wire     one request and one answer a connection, each one line of JSON; the socket has mode 0600, and the peer is
         root or our own user (SO_PEERCRED), whatever became of the mode.
Durable  an answer is given after the flushed commit.
Not here what the operations do (operations/); reading: commands read beside the daemon (version.open_reader).
"""

import asyncio
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection

from gateway.agents.overtaken import overtaken
from gateway.clock import Clock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.errors import ConfigError, GatewayError, Problem, TransientError
from gateway.lookups import read_once
from gateway.operations.registry import OPERATIONS
from gateway.operations.tongue import told
from gateway.operations.types import Duty, Told
from gateway.policy import deps_of
from gateway.store.audit import attempt
from gateway.store.opening import open_store
from gateway.store.store import Store
from gateway.store.version import open_reader

_LINE_OCTETS = 16 << 20  # of a request or an answer; some hundred thousand names, or the words of one long mail
_TALK_S = 10.0  # how long a peer may take to ask, and the daemon's commit to be told
_ANSWER_S = 60.0  # how long a command waits for the daemon
NOT_SERVED = 6  # exit code: a daemon is needed, and there is none for this user
_CREDENTIALS = struct.Struct("3i")  # struct ucred of SO_PEERCRED: pid, uid, gid
log = structlog.get_logger("control")


@dataclass(frozen=True, slots=True)
class Request:
    """An operation by name, and what it takes."""

    operation: str
    arguments: msgspec.Raw
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    results: tuple[Told, ...] = ()
    error: str = ""
    exit_code: int = 0


class ControlError(GatewayError):
    """The daemon does not do what was asked; nothing was changed."""

    def __init__(self, text: str, *, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class OfTheDaemon:
    """What only a running daemon can do: no change of the store, or more than one."""

    arguments: type[Any]
    perform: Callable[[Any], Awaitable[tuple[Told, ...]]]
    changes: bool = True  # False: a question, of which the log has nothing to tell


class ControlServer:
    """The daemon's side.

    deps   what is in force.  woken  called after each change, so that workers and sender look again
    own    what is done by the daemon itself, by name
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        deps: Callable[[], Deps],
        woken: Callable[[], None],
        own: Mapping[str, OfTheDaemon] = MappingProxyType({}),
    ) -> None:
        self._path = socket_path(settings)
        self._line_octets = max(_LINE_OCTETS, 2 * int(settings.intake.max_size))  # a mail in it is base64
        self._store, self._clock, self._deps, self._woken, self._own = store, clock, deps, woken, own
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, in the running loop.

        Raises  ConfigError  the socket cannot be made, or another daemon answers at it
        """
        try:
            if await asyncio.to_thread(_answers, self._path):
                raise ConfigError(_problem(f"another daemon answers at {self._path}", "a paths.runtime of its own"))
            listening = _bound(self._path)
        except OSError as e:
            raise ConfigError(_problem(f"{self._path}: {e.strerror or e}", "paths.runtime")) from e
        self._server = await asyncio.start_unix_server(self._connected, sock=listening, limit=self._line_octets)

    async def close(self) -> None:
        """Listen no more; what was begun is finished and told."""
        if self._server is None:
            return
        self._server.close()
        self._path.unlink(missing_ok=True)
        for task in self._talking - self._busy:
            task.cancel()
        if self._talking:
            await asyncio.wait(self._talking, timeout=_TALK_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- asyncio runs each connection as a task
        self._talking.add(task)
        try:
            async with asyncio.timeout(_TALK_S):
                line = await _line(reader)
            if line is not None:
                self._busy.add(task)
                answer = await self._answer(line, writer.get_extra_info("socket"))
                writer.write(msgspec.json.encode(answer) + b"\n")
                async with asyncio.timeout(_TALK_S):
                    await writer.drain()
        except (TimeoutError, ConnectionError):
            log.info("control.gone")
        finally:
            self._talking.discard(task)
            self._busy.discard(task)
            writer.close()

    def _duty(self) -> Duty:
        return Duty(self._clock.now(), self._deps)

    async def _answer(self, line: bytes, peer: socket.socket) -> _Answer:
        """The outermost frame of a request: whatever happens, there is an answer."""
        if not _trusted(peer):
            return _Answer(error="only root and the user of the daemon may ask", exit_code=NOT_SERVED)
        try:
            request = msgspec.json.decode(line, type=Request)
            results = await self._done(request)
        except msgspec.MsgspecError as e:
            return _Answer(error=f"no request: {e}", exit_code=70)
        except GatewayError as e:
            return _Answer(error=e.text, exit_code=e.exit_code)
        except Exception as e:
            log.error("control.bug", exc_info=e)
            return _Answer(error="internal error, see the log of the daemon", exit_code=70)
        own = self._own.get(request.operation)
        if own is None or own.changes:
            log.info("control.done", operation=request.operation, names=len(results), dry_run=request.dry_run)
            self._woken()
        return _Answer(results)

    async def _done(self, request: Request) -> tuple[Told, ...]:
        if (own := self._own.get(request.operation)) is not None:
            return await own.perform(msgspec.json.decode(request.arguments, type=own.arguments))
        return await self._store.write(lambda c: perform(c, request, self._duty()), durable=True)


def ask_daemon(settings: Settings, name: str, arguments: object) -> tuple[Told, ...]:
    """Have something done that only a running daemon can do.

    Raises  ControlError    no daemon runs, or it serves other users (exit 6); it says no (the exit code it names)
            TransientError  it went away before it told
    """
    path = socket_path(settings)
    answer = _ask(path, msgspec.json.encode(Request(name, msgspec.Raw(msgspec.json.encode(arguments)))) + b"\n")
    if answer is None:
        raise ControlError(f"no daemon answers at {path}", exit_code=NOT_SERVED)
    if answer.error:
        raise ControlError(answer.error, exit_code=answer.exit_code)
    return answer.results


def operate(
    settings: Settings, name: str, arguments: object, *, clock: Clock, dry_run: bool = False
) -> tuple[Told, ...]:
    """Have an operation done: by the daemon when it runs, else here, under its lock.

    clock    for the case that no daemon runs; the daemon asks its own
    dry_run  say what would be done; everything is taken back
    Durable  yes
    Raises   TransientError  the store is away, or somebody owns it who does not answer; or the daemon went away
                             before it told, and whether it was done is not known
             ControlError    the daemon serves other users (exit 6), or is of another version
             ConfigError     the database has another schema
    """
    request = Request(name, msgspec.Raw(msgspec.json.encode(arguments)), dry_run)
    answer = _ask(socket_path(settings), msgspec.json.encode(request) + b"\n")
    if answer is None:
        return _in_own_hands(settings, request, clock)
    if answer.error:
        raise ControlError(answer.error, exit_code=answer.exit_code)
    return answer.results


def perform(c: Connection, request: Request, duty: Duty) -> tuple[Told, ...]:
    """Do an operation in this transaction; of a dry run nothing stays.

    Raises  ControlError  there is no such operation
    """
    operation = OPERATIONS.get(request.operation)
    if operation is None:
        raise ControlError(f"no operation {request.operation}; the daemon is of another version", exit_code=70)
    arguments = msgspec.json.decode(request.arguments, type=operation.arguments)
    with attempt(c, only_tried=request.dry_run):
        done = operation.perform(c, arguments, duty)
        overtaken(c, duty)
        return tuple(told(each, duty) for each in done)


def socket_path(settings: Settings) -> Path:
    """Where the daemon of these settings listens."""
    return settings.paths.runtime / "ctl.sock"


def _ask(path: Path, line: bytes) -> _Answer | None:
    """The daemon's answer; None when no daemon listens.

    Raises  TransientError  it went away before it answered; whether it was done is not known
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_S)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except PermissionError as e:
            text = f"the daemon at {path} serves root and its own user only"
            raise ControlError(text, exit_code=NOT_SERVED) from e
        except OSError as e:
            raise TransientError(f"the daemon at {path} cannot be reached: {e.strerror or e}") from e
        try:
            connection.sendall(line)
            with connection.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(_LINE_OCTETS), type=_Answer)
        except (OSError, msgspec.MsgspecError) as e:
            raise TransientError(f"the daemon at {path} went away before it told what it did") from e


def _in_own_hands(settings: Settings, request: Request, clock: Clock) -> tuple[Told, ...]:
    open_reader(settings).dispose()  # a missing database is not made here, an old one not upgraded
    try:
        store = open_store(settings)
    except TransientError as e:
        raise TransientError(f"{e.text}, and no daemon answers at {socket_path(settings)}") from e
    duty = Duty(clock.now(), cache(lambda: deps_of(settings, clock, read_once(settings))))
    try:
        return store.submit(lambda c: perform(c, request, duty), durable=True).result()
    finally:
        store.close()


def _bound(path: Path) -> socket.socket:
    """A socket that nobody else may open: the mode is set before it listens."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()  # left by a killed daemon
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o600)
    except OSError:
        listening.close()
        raise
    return listening


def _answers(path: Path) -> bool:
    """Whether a living daemon listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _trusted(peer: socket.socket) -> bool:
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid in (0, os.getuid())


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """One request, empty when it is too long to be one; None when the peer left."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        return b""
    except asyncio.IncompleteReadError:
        return None


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C006", text, hint)
