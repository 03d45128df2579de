"""One attempt, and what came of it, against servers that say odd things (acceptance F-03, F-06, F-07, F-08)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from gateway.clock import FakeClock
from gateway.errors import ConfigError, Problem, TransientError
from gateway.outgoing import smtp
from gateway.outgoing.smtp import Connection, Deferred, Delivered, Failed, Uncertain, deliver
from tests.outgoing.letters import letter
from tests.outgoing.peers import CLOSE, SILENCE, certificate, client_tls, free_port, peer, relay, server_tls

STARTTLS = {
    "EHLO": ["250-relay.test\r\n250 STARTTLS", "250-relay.test\r\n250 AUTH PLAIN"],
    "STARTTLS": "220 go",
    "AUTH": "235 2.7.0 ok",
}


@dataclass
class Mail:
    """Something to deliver."""

    forward_path: str = "jan@bigbank.test"
    reverse_path: str | None = "bounce@acme.test"
    raw: bytes = letter().raw


def connection(port: int, **changed: object) -> Connection:
    return Connection(relay(port, **changed), FakeClock(datetime(2026, 11, 21, tzinfo=UTC)))


async def yes() -> bool:
    return True


async def delivered(port: int, mail: Mail | None = None, **changed: object) -> smtp.DeliveryResult:
    used = connection(port, **changed)
    try:
        return await deliver(mail or Mail(), used, yes)
    finally:
        await used.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs of a blink."""
    for name in ("_COMMAND_S", "_DATA_S", "_DOT_S", "_CONNECT_S"):
        monkeypatch.setattr(smtp, name, 0.2)


@pytest.mark.parametrize(
    ("said", "result"),
    [
        # what the relay says, what that means
        ({}, Delivered("250 2.0.0 queued as 4T9")),
        ({"DOT": "250-2.0.0 two\r\n250 2.0.0 lines"}, Delivered("250 2.0.0 two 2.0.0 lines")),
        ({"RCPT": "251 will forward"}, Delivered("250 2.0.0 queued as 4T9")),
        # before our mail is looked at: our account, never the mail's fault
        ({"CONNECT": "554 5.7.1 go away"}, Deferred("554 5.7.1 go away", "554 5.7.1 go away", True, True)),
        ({"CONNECT": "421 4.3.2 busy"}, Deferred("421 4.3.2 busy", "421 4.3.2 busy", True)),
        ({"EHLO": "550 no"}, Deferred("550 no", "550 no", True, True)),
        ({"MAIL": "550 5.7.1 not you"}, Deferred("550 5.7.1 not you", "550 5.7.1 not you", False, True)),
        ({"MAIL": "530 5.7.0 log in"}, Deferred("530 5.7.0 log in", "530 5.7.0 log in", False, True)),
        ({"MAIL": "451 4.3.0 later"}, Deferred("451 4.3.0 later", "451 4.3.0 later")),
        ({"MAIL": "552 5.3.4 too big"}, Failed("552 5.3.4 too big")),  # the mail's own
        # the recipient
        ({"RCPT": "550 5.1.1 unknown"}, Failed("550 5.1.1 unknown")),
        ({"RCPT": "450 4.2.0 greylisted"}, Deferred("450 4.2.0 greylisted", "450 4.2.0 greylisted")),
        ({"RCPT": "421 4.3.2 closing"}, Deferred("421 4.3.2 closing", "421 4.3.2 closing")),
        ({"RCPT": "530 5.7.0 log in"}, Deferred("530 5.7.0 log in", "530 5.7.0 log in", False, True)),
        ({"RCPT": "354 what"}, Deferred("354 what", "354 what")),
        # the content
        ({"DATA": "554 5.5.1 no valid recipients"}, Failed("554 5.5.1 no valid recipients")),
        ({"DATA": "451 4.3.0 no"}, Deferred("451 4.3.0 no", "451 4.3.0 no")),
        ({"DOT": "554 5.6.0 spam"}, Failed("554 5.6.0 spam")),
        ({"DOT": "452 4.3.1 full"}, Deferred("452 4.3.1 full", "452 4.3.1 full")),
        ({"DOT": "354 hm"}, Uncertain("dot: 354 hm")),
        # no answer
        ({"CONNECT": CLOSE}, "Deferred"),
        ({"EHLO": CLOSE}, "Deferred"),
        ({"MAIL": CLOSE}, "Deferred"),
        ({"RCPT": CLOSE}, "Deferred"),
        ({"DATA": CLOSE}, "Deferred"),
        ({"DOT": CLOSE}, "Uncertain"),
        # no SMTP
        ({"CONNECT": "HTTP/1.1 400 Bad Request"}, "Deferred"),
        ({"RCPT": "oops"}, "Deferred"),
        ({"DOT": "oops"}, "Uncertain"),
        ({"DOT": "2\ud7ff5"}, "Uncertain"),
    ],
)
async def test_what_a_reply_means(said, result) -> None:
    async with peer(said) as server:
        found = await delivered(server.port)
    assert (type(found).__name__ if isinstance(result, str) else found) == result


@pytest.mark.parametrize(
    ("verb", "result"),
    [
        # where the relay falls silent, what that means
        ("CONNECT", "Deferred"),
        ("EHLO", "Deferred"),
        ("MAIL", "Deferred"),
        ("RCPT", "Deferred"),
        ("DATA", "Deferred"),
        ("DOT", "Uncertain"),
    ],
)
async def test_silence(verb, result, impatient) -> None:
    async with peer({verb: SILENCE}) as server:
        assert type(await delivered(server.port)).__name__ == result


async def test_nobody_listens() -> None:
    found = await delivered(free_port())
    assert isinstance(found, Deferred)
    assert found.unreachable
    assert not found.alarm


async def test_the_time_outs_are_those_of_the_rfc() -> None:
    found = (smtp._CONNECT_S, smtp._COMMAND_S, smtp._DATA_S, smtp._BLOCK_S, smtp._DOT_S)
    assert found == (30, 300, 120, 180, 600)  # RFC 5321 §4.5.3.2


async def test_the_octets_arrive_as_they_were_composed() -> None:
    lines = (b".", b"..", b".x", b"", b"...", b"From me", b"x" * 998)
    raw = letter().raw + b"".join(line + b"\r\n" for line in lines)
    async with peer() as server:
        assert isinstance(await delivered(server.port, Mail(raw=raw)), Delivered)
    assert server.mails == [raw]
    assert server.commands[1:4] == [
        f"MAIL FROM:<bounce@acme.test> SIZE={len(raw)}", "RCPT TO:<jan@bigbank.test>", "DATA"
    ]  # fmt: skip


async def test_the_dot_waits_for_the_stage() -> None:
    at_the_dot: list[int] = []
    async with peer() as server:
        used = connection(server.port)

        async def before_dot() -> bool:
            await server.arrived.wait()
            at_the_dot.append(len(server.mails))
            return True

        assert isinstance(await deliver(Mail(), used, before_dot), Delivered)
        await used.close()
    assert at_the_dot == [0]
    assert len(server.mails) == 1


async def test_a_lost_lease_leaves_the_mail_without_its_dot() -> None:
    async with peer() as server:
        used = connection(server.port)

        async def before_dot() -> bool:
            return False

        assert await deliver(Mail(), used, before_dot) == Deferred("the lease was lost")
        await server.gone.wait()
    assert (server.mails, len(server.cut_off)) == ([], 1)


async def test_a_stage_that_cannot_be_committed_leaves_it_too() -> None:
    async with peer() as server:

        async def before_dot() -> bool:
            raise TransientError("no")

        with pytest.raises(TransientError):
            await deliver(Mail(), connection(server.port), before_dot)
        await server.gone.wait()
    assert (server.mails, len(server.cut_off)) == ([], 1)


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (b"552 5.3.4 too much\r\n", Failed("552 5.3.4 too much")),
        (b"451 4.3.0 later\r\n", Deferred("451 4.3.0 later", "451 4.3.0 later")),
        (b"", "Deferred"),  # it only hangs up
    ],
)
async def test_a_refusal_in_the_middle_of_the_content_is_no_doubt(reply, result) -> None:
    committed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        for answer in (b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.read(10)
        writer.write(reply)
        await writer.drain()
        writer.close()
        committed.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)

    async def before_dot() -> bool:
        await committed.wait()
        for _ in range(5):  # turns of the loop: what was written to loopback is read in the next
            await asyncio.sleep(0)
        return True

    async with server:
        used = connection(server.sockets[0].getsockname()[1])
        found = await deliver(Mail(raw=b"x" * 998 + b"\r\n"), used, before_dot)
    assert (type(found).__name__ if isinstance(result, str) else found) == result


@pytest.mark.parametrize(
    ("forward", "reverse", "extensions", "result", "commands"),
    [
        # forward-path, reverse-path, EHLO, result, what was said
        ("jan@x.test", None, "", "Delivered", ["MAIL FROM:<>", "RCPT TO:<jan@x.test>"]),
        ('"a b"@x.test', None, "", "Delivered", ["MAIL FROM:<>", 'RCPT TO:<"a b"@x.test>']),
        ("żółw@x.test", None, "SMTPUTF8", "Delivered", ["MAIL FROM:<> SMTPUTF8", "RCPT TO:<żółw@x.test>"]),
        ("żółw@x.test", None, "", "Failed", []),
        ("jan@ż.test", None, "", "Delivered", ["MAIL FROM:<>", "RCPT TO:<jan@xn--hha.test>"]),
        ("jan@x.test> SIZE=1 <y", None, "", "Failed", []),
        ("jan@x.test\r\nDATA", None, "", "Failed", []),
        ("", None, "", "Failed", []),
        ("jan@x.test", "a b", "", "Failed", []),
    ],
)
async def test_paths(forward, reverse, extensions, result, commands) -> None:
    async with peer({"EHLO": f"250-relay.test\r\n250 {extensions or 'HELP'}"}) as server:
        found = await delivered(server.port, Mail(forward, reverse, b"x\r\n"))
    assert type(found).__name__ == result
    said = [c for c in server.commands if c.startswith(("MAIL", "RCPT"))]
    assert said == commands


async def test_one_session_takes_many_mails() -> None:
    async with peer() as server:
        used = connection(server.port)
        for _ in range(3):
            assert isinstance(await deliver(Mail(), used, yes), Delivered)
        await used.close()
    verbs = [c.partition(" ")[0] for c in server.commands]
    assert server.sessions == 1
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA", "RSET"] * 2, "MAIL", "RCPT", "DATA", "QUIT"]
    assert len(server.mails) == 3


async def test_a_refused_recipient_costs_no_session() -> None:
    async with peer({"RCPT": ["550 5.1.1 unknown", "250 ok"]}) as server:
        used = connection(server.port)
        assert isinstance(await deliver(Mail(), used, yes), Failed)
        assert isinstance(await deliver(Mail(), used, yes), Delivered)
        await used.close()
    assert server.sessions == 1


@pytest.mark.parametrize(
    "said",
    [
        {"DOT": [CLOSE, "250 ok"]},
        {"MAIL": [CLOSE, "250 ok"]},
        {"RCPT": ["421 4.3.2 closing", "250 ok"]},
        {"RSET": "421 4.4.2 idle too long", "DOT": ["250 ok", "250 ok"]},
        {"RSET": CLOSE},
    ],
)
async def test_after_an_error_there_is_a_new_session(said) -> None:
    async with peer(said) as server:
        used = connection(server.port)
        await deliver(Mail(), used, yes)
        assert isinstance(await deliver(Mail(), used, yes), Delivered)
        await used.close()
    assert server.sessions == 2


async def test_an_idle_or_well_used_session_is_closed(monkeypatch) -> None:
    monkeypatch.setattr(smtp, "_MAILS_A_CONNECTION", 2)
    clock = FakeClock(datetime(2026, 11, 21, tzinfo=UTC))
    async with peer() as server:
        used = Connection(relay(server.port), clock)
        for _ in range(3):
            await deliver(Mail(), used, yes)
        assert server.sessions == 2  # two mails, then a new one
        await clock.advance(61)
        await deliver(Mail(), used, yes)
        assert server.sessions == 3
        await used.rest()
        assert "QUIT" not in server.commands[-2:]
        await clock.advance(61)
        await used.rest()
        assert server.commands[-1] == "QUIT"


# --- encryption and log in ---------------------------------------------------------------------------------------


async def test_starttls_and_auth(tmp_path) -> None:
    cert, key = certificate(tmp_path)
    async with peer(STARTTLS, server_tls(cert, key)) as server:
        found = await delivered(
            server.port,
            host="localhost",
            tls="starttls",
            context=client_tls(cert),
            user="ann",
            password=lambda: "secret",
        )
    assert isinstance(found, Delivered)
    assert server.commands[:2] == ["EHLO acme.test", "STARTTLS"]
    assert server.encrypted[:3] == ["EHLO acme.test", "AUTH PLAIN AGFubgBzZWNyZXQ=", "MAIL FROM:<bounce@acme.test>"]


async def test_implicit_tls(tmp_path) -> None:
    cert, key = certificate(tmp_path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 5.7.1 no\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls(cert, key))
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await delivered(port, host="localhost", tls="implicit", context=client_tls(cert))
        unknown = await delivered(port, host="localhost", tls="implicit")
    assert said == Deferred("554 5.7.1 no", "554 5.7.1 no", True, True)
    assert unknown.alarm
    assert "certificate" in unknown.reason


@pytest.mark.parametrize(
    ("said", "changed", "reason"),
    [
        # what the relay does, how we are set, why nothing was sent
        ({}, {}, "STARTTLS extension not supported"),
        ({**STARTTLS, "STARTTLS": "454 4.7.0 no"}, {}, "454 4.7.0 no"),
        ({**STARTTLS, "STARTTLS": "554 5.7.0 no"}, {}, "554 5.7.0 no"),
        ({**STARTTLS, "STARTTLS": CLOSE}, {}, "EOF"),
        (STARTTLS, {"context": client_tls()}, "certificate verify failed"),
        (STARTTLS, {"host": "127.0.0.1"}, "certificate verify failed"),  # it is for another name
        ({**STARTTLS, "AUTH": "535 5.7.8 wrong"}, {"user": "ann"}, "535 5.7.8 wrong"),
        ({**STARTTLS, "AUTH": "454 4.7.0 later"}, {"user": "ann"}, "454 4.7.0 later"),
        ({**STARTTLS, "EHLO": "250-x\r\n250 STARTTLS"}, {"user": "ann"}, "AUTH extension is not supported"),
        ({"EHLO": "250-x\r\n250 AUTH PLAIN"}, {"tls": "optional", "user": "ann"}, "the password is not sent"),
        ({"EHLO": "250-x\r\n250 AUTH PLAIN"}, {"tls": "none", "user": "ann"}, "the password is not sent"),
    ],
)
async def test_without_a_lock_or_a_name_nothing_is_sent(tmp_path, said, changed, reason) -> None:
    cert, key = certificate(tmp_path)
    settings = {"host": "localhost", "tls": "starttls", "context": client_tls(cert), "password": lambda: "secret"}
    async with peer(said, server_tls(cert, key)) as server:
        found = await delivered(server.port, **(settings | changed))
    assert isinstance(found, Deferred)
    assert reason in found.reason
    assert found.unreachable
    assert found.alarm == (not reason.startswith(("454", "EOF")))
    assert server.mails == []
    assert [c for c in server.commands if c.startswith("AUTH") and c not in server.encrypted] == []


async def test_on_loopback_encryption_is_used_where_it_is_offered(tmp_path) -> None:
    cert, key = certificate(tmp_path, "somebody.else")
    unverified = client_tls()
    unverified.check_hostname, unverified.verify_mode = False, smtp.ssl.CERT_NONE
    async with peer(STARTTLS, server_tls(cert, key)) as server:
        assert isinstance(await delivered(server.port, tls="optional", context=unverified), Delivered)
        assert len(server.encrypted) > 3
    async with peer() as server:
        assert isinstance(await delivered(server.port, tls="optional", context=unverified), Delivered)


async def test_what_is_injected_before_the_encryption_is_not_believed(tmp_path) -> None:
    cert, key = certificate(tmp_path)
    said = {**STARTTLS, "STARTTLS": "220 go\r\n250-evil\r\n250 AUTH LOGIN"}
    async with peer(said, server_tls(cert, key)) as server:
        await delivered(
            server.port, host="localhost", tls="starttls", context=client_tls(cert), user="ann", password=lambda: "s"
        )
    assert not any("LOGIN" in c for c in server.commands)


async def test_a_password_that_cannot_be_read_sends_nothing(tmp_path) -> None:
    def missing() -> str:
        raise ConfigError(Problem("", 0, 0, "C005", "secret file is gone"))

    cert, key = certificate(tmp_path)
    async with peer(STARTTLS, server_tls(cert, key)) as server:
        found = await delivered(
            server.port, host="localhost", tls="starttls", context=client_tls(cert), user="ann", password=missing
        )
    assert isinstance(found, Deferred)
    assert "secret file is gone" in found.reason
    assert found.alarm
