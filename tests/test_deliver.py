"""`deliver`: the exit code says who has the mail; 75 unless it is certain for good."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import PermanentError, TransientError
from gateway.intake.deliver import Order, Trouble, main, order, wire, with_extension
from tests.dialogue import RecordingDoor, listening, settings_for

COMMAND = (sys.executable, "-I", "-m", "gateway.intake.deliver")
MAIL = b"Subject: x\n\nhello\n.\n..\nbye"
ON_THE_WIRE = b"Subject: x\r\n\r\nhello\r\n.\r\n..\r\nbye\r\n"


async def deliver(*arguments: str, mail: bytes = MAIL) -> tuple[int, str]:
    """(exit code, first line of the output)."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(mail)
    assert process.returncode is not None
    return process.returncode, out.decode().partition("\n")[0]


async def test_the_mail_arrives_as_it_was(tmp_path: Path) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, "lmtp unix"), door):
        path = str(tmp_path / "lmtp.sock")
        assert await deliver("-f", "jös@x.test", "-a", "t17.Ab", "--socket", path, "--", "support@gw.test") == (0, "")
        assert await deliver("-f", "", "-a", "", "--socket", path, "--", "sales@gw.test", mail=b"") == (0, "")
    (first, raw), (second, empty) = door.accepted
    assert (first.reverse_path, first.forward_paths, first.via) == ("jös@x.test", ("support+t17.ab@gw.test",), "pipe")
    assert (raw, empty) == (ON_THE_WIRE, b"")
    assert (second.reverse_path, second.peer) == (None, "unix")


@pytest.mark.parametrize(
    ("words", "recipients", "error", "exit_code", "line"),
    [
        # what listens, for whom, what the door raises, exit code, first line
        ("max_size=20", "support", None, 65, "5.3.4 Message is larger than "),
        ("", "suport", None, 67, "5.1.1 <suport@gw.test> is not a support address"),
        ("", "suport nobody", None, 67, "5.1.1 <suport@gw.test> is not a support address"),
        ("", "support suport", None, 75, "4.3.0 recipients had different results"),
        ("", "support sales", None, 0, ""),
        ("", "support", PermanentError("a loop", code=554, status="5.4.6"), 75, "4.4.6 a loop"),
        ("", "support", PermanentError("no", code=550, status="5.7.1"), 75, "4.7.1 no"),
        ("", "support", TransientError("disk", code=452, status="4.3.1"), 75, "4.3.1 disk"),
        ("", "support", RuntimeError("hunter2"), 75, "4.3.0 temporary failure id="),
    ],
)
async def test_what_the_gateway_says_becomes_an_exit_code(
    tmp_path: Path, words: str, recipients: str, error: Exception | None, exit_code: int, line: str
) -> None:
    door = RecordingDoor(fails={} if error is None else {"accept": error})
    async with listening(settings_for(tmp_path, f"lmtp unix {words}"), door):
        to = [f"{name}@gw.test" for name in recipients.split()]
        code, said = await deliver("-f", "ann@example.com", "--socket", str(tmp_path / "lmtp.sock"), "--", *to)
    assert (code, said[: len(line)]) == (exit_code, line)
    assert code or not said


async def test_far_too_big_is_known_although_the_server_hangs_up(tmp_path: Path) -> None:
    async with listening(settings_for(tmp_path, "lmtp unix max_size=100000"), RecordingDoor()):
        code, said = await deliver(
            "-f", "", "--socket", str(tmp_path / "lmtp.sock"), "--", "support@gw.test", mail=b"x" * 3_000_000
        )
    assert (code, said[:30]) == (65, "5.3.4 Message is larger than 0")


@asynccontextmanager
async def scripted(path: Path, replies: dict[str, str]) -> AsyncIterator[None]:
    """A server that answers verbs as told; `cut` hangs up. Anything else is 250."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = "greeting"
        while True:
            reply = replies.get(verb, {"greeting": "220 x", "DATA": "354 go"}.get(verb, "250 2.0.0 ok"))
            if reply == "cut":
                break
            writer.write(reply.encode().decode("unicode_escape").encode("latin-1") + b"\r\n")
            line = await reader.readline()
            if verb == "DATA":
                while line and line != b".\r\n":
                    line = await reader.readline()
            if not line or line == b"QUIT\r\n":
                break
            verb = line.split()[0].decode()
        writer.close()

    server = await asyncio.start_unix_server(talk, path)
    try:
        yield
    finally:
        server.close()


@pytest.mark.parametrize(
    ("verb", "reply", "exit_code", "line"),
    [
        # where, what the daemon says, exit code, first line
        ("greeting", "421 4.3.2 stopping", 75, "4.3.2 stopping"),
        ("greeting", "cut", 75, "4.3.0 the gateway broke off"),
        ("greeting", "hello", 75, "4.3.0 malformed reply of the gateway"),
        ("LHLO", "500 5.5.1 what", 75, "4.5.1 what"),
        ("MAIL", "552 5.3.4 Message is larger than 25 MiB", 65, "5.3.4 Message is larger than 25 MiB"),
        ("MAIL", "452 4.3.1 insufficient system storage", 75, "4.3.1 insufficient system storage"),
        ("MAIL", "553 5.1.7 bad", 75, "4.1.7 bad"),
        ("RCPT", "550 no", 75, "4.3.0 no"),
        ("RCPT", "550 5.7.1 we relay no mail", 75, "4.7.1 we relay no mail"),
        ("RCPT", "25", 75, "4.3.0 malformed reply of the gateway"),
        ("DATA", "503 5.5.1 no", 75, "4.5.1 no"),
        (".", "cut", 75, "4.3.0 the gateway broke off"),
        (".", "999 what", 75, "4.3.0 malformed reply of the gateway"),
        (".", "250-first\\r\\n250 2.6.0 last", 0, ""),
        (".", "x" * 20_000, 75, "4.3.0 "),
    ],
)
async def test_a_daemon_that_says_odd_things(tmp_path: Path, verb: str, reply: str, exit_code: int, line: str) -> None:
    path = tmp_path / "lmtp.sock"
    async with scripted(path, {verb: reply}):
        code, said = await deliver("-f", "a@x.test", "--socket", str(path), "--", "support@gw.test")
    assert (code, said[: len(line) or None]) == (exit_code, line)


async def test_a_daemon_that_is_away_or_dead(tmp_path: Path) -> None:
    dead = tmp_path / "dead.sock"
    async with scripted(dead, {}):
        pass  # the file stays, nobody listens
    for path in (tmp_path / "missing.sock", dead):
        assert await deliver("-f", "", "--socket", str(path), "--", "s@gw.test") == (75, "4.3.0 gateway is not running")
    (tmp_path / "file").touch()
    code, said = await deliver("-f", "", "--socket", str(tmp_path / "file"), "--", "s@gw.test")
    assert (code, said[:4]) == (75, "4.3.")


def test_a_daemon_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import socket  # noqa: PLC0415

    monkeypatch.setattr("gateway.intake.deliver._TOTAL_S", 0.1)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "lmtp.sock"))
        deaf.listen()
        assert main(["-f", "", "--socket", str(tmp_path / "lmtp.sock"), "--", "s@gw.test"]) == 75
    assert capfd.readouterr().out == "4.4.2 the gateway took too long\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_leaves_the_mail_with_the_mta(tmp_path: Path, number: int) -> None:
    path = tmp_path / "lmtp.sock"
    async with scripted(path, {}):
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "-f", "", "--socket", str(path), "--", "s@gw.test",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(
            (b"x" * 76 + b"\n") * 20_000
        )  # more than a pipe holds: once it is taken, we are in the middle
        await process.stdin.drain()
        process.send_signal(number)
        out, _ = await process.communicate()
    assert (process.returncode, out) == (75, b"4.3.0 interrupted\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--", "support@gw.test"],
        ["-f", "ann@example.com"],
        ["-f", "ann@example.com", "--"],
        ["-x", "-f", "", "--", "support@gw.test"],
        ["-f"],
        ["-f", "a\r\nRCPT TO:<b@x.test>", "--", "support@gw.test"],
        ["-f", "", "--", "support@gw.test\n"],
    ],
    ids=repr,
)
def test_wrong_arguments_defer(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 75
    assert capfd.readouterr().out.startswith("4.3.5 ")


@pytest.mark.parametrize(("closed", "line"), [("<&-", b"4.3.0 cannot hand over: Bad file descriptor\n"), (">&-", b"")])
def test_closed_descriptors_defer(tmp_path: Path, closed: str, line: bytes) -> None:
    command = [*COMMAND, "-f", "", "--socket", str(tmp_path / "missing"), "--", "support@gw.test"]
    done = subprocess.run(["/bin/sh", "-c", f'exec "$0" "$@" {closed}', *command], stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (75, line)


def test_it_imports_the_standard_library_alone() -> None:
    script = (
        "import sys; import gateway.intake.deliver;"
        "print(*[m for m in sys.modules if m.partition('.')[0] not in sys.stdlib_module_names])"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {ROOT!r}); {script}"]
    out = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert set(out.split()) <= {"__main__", "gateway", "gateway.intake", "gateway.intake.deliver"}


ROOT = os.fspath(Path(__file__).parent.parent)


@pytest.mark.parametrize(
    ("recipient", "extension", "result"),
    [
        ("support@gw.test", "", "support@gw.test"),
        ("support@gw.test", "t4812.T", "support+t4812.T@gw.test"),
        ("support+t4812.T@gw.test", "t4812.T", "support+t4812.T@gw.test"),
        ("support+t4812.t@gw.test", "t4812.T", "support+t4812.t@gw.test"),  # pipe(8) flag u folds the case
        ('"a b"@gw.test', "x", '"a b"@gw.test'),
        ("postmaster", "x", "postmaster"),
    ],
)
def test_the_extension_is_put_back(recipient: str, extension: str, result: str) -> None:
    assert with_extension(recipient, extension) == result


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("-f a@x.test -- b@gw.test", Order("a@x.test", ("b@gw.test",), "/run/mailwicket/lmtp.sock")),
        ("-fa@x.test b@gw.test c@gw.test", Order("a@x.test", ("b@gw.test", "c@gw.test"), "/run/mailwicket/lmtp.sock")),
        ("-f <> --socket=/s -- -b@gw.test", Order("", ("-b@gw.test",), "/s")),
        ("--socket /s -a e -f <> -- b@gw.test", Order("", ("b+e@gw.test",), "/s")),
    ],
)
def test_the_command_line(arguments: str, wanted: Order) -> None:
    assert order(arguments.split()) == wanted


def test_an_empty_address_list_is_trouble() -> None:
    with pytest.raises(Trouble, match=r"^4\.3\.5 usage"):
        order(["-f", "a@x.test", "--"])


@given(st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b".", b"..", b"a", b"bc"]).map(bytes), max_size=30))
def test_any_split_is_the_same_on_the_wire(pieces: list[bytes]) -> None:
    text = b"".join(pieces).replace(b"\r\n", b"\n")
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    stuffed = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)
    assert b"".join(wire(pieces)) == stuffed + b".\r\n"


@pytest.mark.push
def test_it_starts_quickly(tmp_path: Path) -> None:
    """CPU, because a busy machine makes everything late; the best of three, because the first one compiles."""
    spent = []
    for _ in range(3):
        process = subprocess.Popen(
            [*COMMAND, "-f", "", "--socket", str(tmp_path / "missing"), "--", "s@gw.test"], stdout=subprocess.DEVNULL
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it was waited for
        spent.append(usage.ru_utime + usage.ru_stime)
    assert min(spent) < 0.060
