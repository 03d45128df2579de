"""Operations, two-sided: a command asks the daemon's socket, or works under the lock itself when no daemon runs."""

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway import control
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.control import ControlError, ControlServer, operate, socket_path
from gateway.errors import ConfigError, TransientError
from gateway.operations.mails import Mails
from gateway.operations.types import Told
from gateway.store import audit, inbound
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.cli.desk import NOW, Desk, mailwicket_beside
from tests.conftest import settings_in

Asked = Callable[..., Awaitable[tuple[Told, ...]]]


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
async def server(settings: Settings, store: Store, desk: Desk, woken: list[str]) -> ControlServer:
    made = ControlServer(settings, store, desk.clock, lambda: desk.deps, lambda: woken.append("woken"))
    await made.start()
    yield made
    await made.close()


async def ask(settings: Settings, name: str, *mails: str, dry_run: bool = False) -> tuple[Told, ...]:
    return await asyncio.to_thread(operate, settings, name, Mails(mails), clock=FakeClock(NOW), dry_run=dry_run)


async def disposition(desk: Desk, name: str) -> str | None:
    row = await desk.store.read(lambda c: inbound.find(c, name))
    assert row is not None
    return row.disposition


async def test_the_daemon_does_it_and_looks_again(
    server: ControlServer, settings: Settings, desk: Desk, woken: list[str]
) -> None:
    await desk.take("newsletter.eml", sender="news@list.test")
    done = await ask(settings, "mail.replay", "m-1")
    assert done == (Told("m-1", "done", "is processed again; it was record (newsletter)"),)
    assert await disposition(desk, "m-1") is None
    assert woken == ["woken"]


async def test_without_a_daemon_it_is_done_under_the_lock(settings: Settings, config: Path) -> None:
    store = open_store(settings)
    outcome = await Desk(store, settings, config.parent / "rules.yaml").poison(b"a\r\n", "parser: cpu")
    store.close()
    done = await ask(settings, "mail.discard", "m-1")
    assert done == (Told("m-1", "done", "is a record now; its raw bytes are kept until retention ends"),)
    again = open_store(settings)
    try:
        events = again.read_now(lambda c: audit.find_rows(c, ticket=outcome.ticket))
    finally:
        again.close()
    assert (events[-1].actor, events[-1].action) == ("operator", "mail.discarded")
    assert events[-1].detail == "was quarantine (parser: cpu)"


async def test_a_dry_run_says_it_and_takes_it_back(server: ControlServer, settings: Settings, desk: Desk) -> None:
    outcome = await desk.poison(b"a\r\n", "parser: cpu")
    before = await desk.store.read(lambda c: audit.find_rows(c, ticket=outcome.ticket))
    done = await ask(settings, "mail.release", "m-1", dry_run=True)
    assert done[0].outcome == "done"
    assert await disposition(desk, "m-1") == "quarantine"
    assert await desk.store.read(lambda c: audit.find_rows(c, ticket=outcome.ticket)) == before


async def test_a_released_mail_is_not_asked_for_again_by_received(
    server: ControlServer, settings: Settings, desk: Desk
) -> None:
    await desk.take("newsletter.eml", sender="news@list.test")
    await ask(settings, "mail.release", "m-1")
    (mail,) = await desk.store.claim(now=desk.clock.now(), limit=9, suspicious_after=9)
    assert mail.released


@pytest.mark.sqlite
async def test_a_lock_without_a_daemon_is_temporary(tmp_path: Path, furnished: tuple[Path, Desk]) -> None:
    config, desk = furnished  # its store is open, and nothing listens
    with pytest.raises(TransientError, match=r"another mailwicket works on .* and no daemon answers at .*ctl\.sock"):
        await ask(desk.settings, "mail.replay", "m-1")
    assert await mailwicket_beside(config, "mail", "replay", "m-4") == 75


@pytest.mark.sqlite
def test_a_database_that_was_never_made_is_not_made(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (database := tmp_path / "state" / "mailwicket.db").unlink()
    with pytest.raises(TransientError, match="unable to open database file"):
        operate(settings, "mail.replay", Mails(("m-1",)), clock=FakeClock(NOW))
    assert not database.exists()


async def test_the_socket_is_ours_alone_and_goes_with_the_daemon(server: ControlServer, settings: Settings) -> None:
    path = socket_path(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await server.close()
    assert not path.exists()


async def test_what_a_killed_daemon_left_is_replaced_and_a_living_one_is_not(
    settings: Settings, store: Store, desk: Desk
) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_path(settings)))
    left.close()
    first, second = (ControlServer(settings, store, desk.clock, lambda: desk.deps, lambda: None) for _ in range(2))
    await first.start()
    with pytest.raises(ConfigError, match="another daemon answers"):
        await second.start()
    await second.close()
    assert (await ask(settings, "mail.replay", "m-9"))[0].outcome == "not-found"
    await first.close()


@pytest.mark.parametrize(
    ("line", "error", "exit_code"),
    [
        # what is sent, what is answered
        (b"hello\n", "no request: ", 70),
        (b'{"operation":"mail.replay"}\n', "no request: ", 70),
        (b'{"operation":"mail.replay","arguments":{"names":[1]}}\n', "no request: ", 70),
        (b'{"operation":"format.disk","arguments":{}}\n', "no operation format.disk", 70),
    ],
)
async def test_what_is_no_request(
    server: ControlServer, settings: Settings, line: bytes, error: str, exit_code: int
) -> None:
    answer = json.loads(await asyncio.to_thread(_exchange, socket_path(settings), line))
    assert answer["error"].startswith(error)
    assert answer["exit_code"] == exit_code
    assert answer["results"] == []


async def test_an_endless_request_ends_its_connection_alone(server: ControlServer, settings: Settings) -> None:
    with contextlib.suppress(ConnectionError):  # it hangs up in the middle of it
        await asyncio.to_thread(_exchange, socket_path(settings), b"x" * (server._line_octets + 1))
    assert (await ask(settings, "mail.replay", "m-9"))[0].outcome == "not-found"


async def test_other_users_are_refused(
    server: ControlServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_trusted", lambda _peer: False)
    with pytest.raises(ControlError, match="only root and the user of the daemon") as refused:
        await ask(settings, "mail.replay", "m-1")
    assert refused.value.exit_code == 6


@pytest.mark.parametrize(
    ("uid", "trusted"),
    [
        # of the peer
        (0, True),
        (os.getuid(), True),
        (os.getuid() + 1, False),
    ],
)
def test_whom_the_kernel_names(uid: int, trusted: bool) -> None:
    class Peer:
        def getsockopt(self, *_arguments: int) -> bytes:
            return control._CREDENTIALS.pack(1, uid, 100)

    assert control._trusted(Peer()) is trusted  # type: ignore[arg-type]


async def test_a_bug_is_told_as_one_and_the_server_goes_on(
    server: ControlServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, woken: list[str]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(control, "perform", lambda *_arguments: 1 / 0)
        with pytest.raises(ControlError, match="internal error, see the log") as error:
            await ask(settings, "mail.replay", "m-1")
    assert error.value.exit_code == 70
    assert woken == []
    assert (await ask(settings, "mail.replay", "m-1"))[0].outcome == "not-found"


async def test_a_daemon_that_goes_away_leaves_a_doubt(settings: Settings) -> None:
    path = socket_path(settings)
    hanging_up = await asyncio.start_unix_server(lambda _reader, writer: writer.close(), path)
    with pytest.raises(TransientError, match="went away before it told"):
        await ask(settings, "mail.replay", "m-1")
    hanging_up.close()


async def test_closing_does_not_wait_for_who_says_nothing(server: ControlServer, settings: Settings) -> None:
    reader, writer = await asyncio.open_unix_connection(socket_path(settings))
    await asyncio.to_thread(_exchange, socket_path(settings), b"{}\n")  # the silent one is connected by now
    async with asyncio.timeout(5):
        await server.close()
        assert await reader.read() == b""
    writer.close()


def _exchange(path: Path, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline()
