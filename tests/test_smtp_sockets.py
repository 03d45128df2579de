"""Where it listens, whom it lets in, how it ends."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.config import Smtp
from gateway.errors import ConfigError, PermanentError, TransientError
from gateway.intake.caps import Caps, peer_address
from gateway.intake.sockets import Listeners, activated_sockets
from tests.dialogue import Client, RecordingDoor, entries, listening, settings_for


async def test_a_unix_socket_is_trusted_named_and_removed(tmp_path: Path) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, "lmtp unix untrusted"), door) as listeners:
        path = listeners.addresses["lmtp"].removeprefix("unix:")
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o660
        client = await Client.to(listeners, "lmtp")
        await client.greet("LHLO deliver")
        await client.address()
        await client.send_raw(b"a\nb\r\n.\r\n")
        assert (await client.reply()).startswith("250 2.6.0")
        client.close()
    assert entries(tmp_path) == []
    envelope, raw = door.accepted[0]
    assert (envelope.via, envelope.peer, envelope.helo, raw) == ("pipe", "unix", "deliver", b"a\nb\r\n")


async def test_what_the_envelope_says(tmp_path: Path) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await Client.to(listeners)
        await client.greet("EHLO deliver")
        await client.address("support@gw.test", "sales@gw.test", "Support@GW.test", sender="Ann@Example.COM")
        await client.send(".")
        await client.reply()
        client.close()
    envelope, raw = door.accepted[0]
    assert envelope.reverse_path == "Ann@example.com"
    assert envelope.forward_paths == ("support@gw.test", "sales@gw.test")
    assert (envelope.via, envelope.peer, raw) == ("smtp", "127.0.0.1", b"")
    assert envelope.received_at.utcoffset() is not None


async def test_passed_sockets_stand_in_for_the_settings(tmp_path: Path) -> None:
    own = socket.create_server(("127.0.0.1", 0))
    listeners = Listeners(settings_for(tmp_path, "lmtp unix"), RecordingDoor(), SystemClock())
    await listeners.start({"smtp": (own,)})
    try:
        assert set(listeners.addresses) == {"lmtp", "smtp"}
        client = await Client.to(listeners)
        await client.greet()
        client.close()
    finally:
        await listeners.close(0)


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        # what systemd says, names found
        ({}, {}),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {}),  # meant for another process
        ({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"}, {}),
    ],
)
def test_without_activation_there_are_no_sockets(environment: dict[str, str], found: dict[str, object]) -> None:
    assert activated_sockets(environment) == found


def test_activation_passes_descriptors_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    first = 200  # instead of 3, which the test run needs itself
    monkeypatch.setattr("gateway.intake.sockets._FIRST_PASSED", first)
    made = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    wanted = [s.getsockname() for s in made]
    for number, each in enumerate(made):
        os.dup2(each.fileno(), first + number)
        each.close()
    found = activated_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3", "LISTEN_FDNAMES": "smtp:lmtp:smtp"})
    assert [s.getsockname() for s in (*found["smtp"], *found["lmtp"])] == [wanted[0], wanted[2], wanted[1]]
    for passed in (*found["smtp"], *found["lmtp"]):
        assert not passed.get_inheritable()
        passed.close()


@pytest.mark.parametrize(
    ("words", "sections", "complaint"),
    [
        # listener, further settings, what is wrong
        ("smtp", {"smtp": {"listen": "127.0.0.1"}}, "smtp.listen: “127.0.0.1” is no address"),
        ("smtp", {"smtp": {"listen": "127.0.0.1:smtp"}}, "is no address"),
        ("smtp", {"smtp": {"listen": "192.0.2.1:2525"}}, "cannot listen on 192.0.2.1:2525"),
        ("smtp", {"smtp": {"public": True}}, "smtp.public needs smtp.tls_cert"),
        ("smtp", {"smtp": {"tls_cert": Path("/nowhere.pem")}}, "smtp.tls_cert, smtp.tls_key"),
        ("lmtp", {"lmtp": {"listen": "unix:/nowhere/at/all.sock"}}, "cannot listen on unix:/nowhere/at/all.sock"),
        ("lmtp", {"lmtp": {"socket_mode": "rw"}}, "“rw” is no mode"),
    ],
)
async def test_a_wrong_setting_is_named(
    tmp_path: Path, words: str, sections: dict[str, dict[str, object]], complaint: str
) -> None:
    listeners = Listeners(settings_for(tmp_path, words, **sections), RecordingDoor(), SystemClock())
    with pytest.raises(ConfigError, match=complaint):
        await listeners.start()
    assert listeners.addresses == {}


@pytest.mark.parametrize(
    ("live", "peer", "admitted"),
    [
        # sessions of 10 (3 an address) that live, who comes, may he
        ("", "203.0.113.9", True),
        ("203.0.113.9 203.0.113.9 203.0.113.9", "203.0.113.9", False),
        ("203.0.113.9 203.0.113.9 203.0.113.9", "203.0.113.8", True),
        ("192.0.2.1 192.0.2.1 192.0.2.1 192.0.2.1", "192.0.2.1", True),  # our own MTA opens as many as it likes
        ("2001:db8::1 2001:db8::2 2001:db8::3 a b c d e", "2001:db8::4", False),  # two of ten wait for our MTA
        ("2001:db8::1 2001:db8::2 2001:db8::3 a b c d e", "192.0.2.1", True),
        ("2001:db8::1 2001:db8::2 2001:db8::3 a b c d e", "unix", True),
        ("unix unix unix unix unix unix unix unix unix unix", "unix", False),  # not without end
    ],
)
def test_who_may_come_in(live: str, peer: str, admitted: bool) -> None:
    caps = Caps(10, 3, Smtp(trusted_networks=("192.0.2.0/24",)).trusted_networks)
    assert all(caps.admit(each) for each in live.split())
    assert caps.admit(peer) is admitted
    for each in live.split():
        caps.leave(each)
    assert all(caps.admit("203.0.113.9") for _ in range(2))


@pytest.mark.parametrize(
    ("peername", "address"),
    [
        (("127.0.0.1", 4711), "127.0.0.1"),
        (("::ffff:192.0.2.1", 4711, 0, 0), "192.0.2.1"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::1"),
        ("", "unix"),
        (None, "unix"),
    ],
)
def test_the_address_of_a_peer(peername: object, address: str) -> None:
    assert peer_address(peername) == address


async def test_the_end_of_the_daemon(tmp_path: Path) -> None:
    """Whoever waits hears 421; a mail under way is finished, and so is a commit that has begun."""
    may_commit = asyncio.Event()
    door = RecordingDoor(before_commit=may_commit.wait)
    listeners = Listeners(settings_for(tmp_path), door, SystemClock())
    await listeners.start()
    idle, sending, committing = [await Client.to(listeners) for _ in range(3)]
    for client in (idle, sending, committing):
        await client.greet()
    await sending.address()
    await committing.address()
    await committing.send("hello", ".")
    await door.arrived.wait()
    closing = asyncio.ensure_future(listeners.close(grace_s=20))
    assert (await idle.line()).startswith("421 4.3.2")
    assert await idle.closed()
    idle.close()
    await sending.send("hello", ".")
    may_commit.set()
    for client in (sending, committing):
        assert (await client.line()).startswith("250 2.6.0")
        assert (await client.line()).startswith("421 4.3.2")
        assert await client.closed()
        client.close()
    await closing
    assert door.mails == [b"hello\r\n", b"hello\r\n"]


async def test_the_end_does_not_wait_for_ever(tmp_path: Path) -> None:
    listeners = Listeners(settings_for(tmp_path, "lmtp"), RecordingDoor(), SystemClock())
    await listeners.start()
    client = await Client.to(listeners, "lmtp")
    await client.greet("LHLO x")
    await client.address()
    await client.send("half a mail")
    await listeners.close(grace_s=0.05)
    assert (await client.line()).startswith("451 4.4.2")
    assert (await client.line()).startswith("421 4.3.2")
    assert await client.closed()


@pytest.mark.parametrize(
    ("method", "error", "replies"),
    [
        # where, what is raised, the replies to MAIL, RCPT, RCPT and DATA
        ("check_room", TransientError("full", code=452, status="4.3.1"), "452 4.3.1"),
        ("check_room", TransientError("the store is in trouble", code=421), "421 4.3.0"),
        ("recipient", TransientError("later", status="4.7.1"), "250 451 4.7.1"),
        ("accept", PermanentError("a loop", code=554, status="5.4.6"), "250 250 250 354 554 5.4.6"),
    ],
)
async def test_what_the_door_says_is_the_reply(tmp_path: Path, method: str, error: Exception, replies: str) -> None:
    async with listening(settings_for(tmp_path), RecordingDoor(fails={method: error})) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        said = [await client.ask("MAIL FROM:<>")]
        if said[0].startswith("250"):
            said.append(await client.ask("RCPT TO:<support@gw.test>"))
        if said[-1].startswith("250"):
            said.append(await client.ask("RCPT TO:<sales@gw.test>"))
            said.append(await client.ask("DATA"))
            said.append(await client.ask("."))
        wanted = replies.split()
        assert [s.split()[0] for s in said] == [w for w in wanted if "." not in w]
        assert said[-1].split()[1] == wanted[-1]
        if replies.startswith("421"):
            assert await client.closed()
        client.close()
