"""Hand one mail from an MTA's pipe to the gateway, and say by the exit code who has it now.

    python -I -m gateway.intake.deliver -f SENDER [-a EXT] [--socket PATH] -- RCPT...  <mail

Sources  RFC 2033 (LMTP), RFC 5321 §4.5.2 (transparency), sysexits.h. Postfix pipe(8) bounces on nearly every exit code,
         so whatever is not certain for good is 75, and its first line begins with 4.x.y.
         Standard library alone, and little of it: this starts once for each mail.
Not here storing (the daemon does), settings (none are read).
"""

import contextlib
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import NamedTuple

ACCEPTED, TOO_BIG, UNKNOWN_USER, LATER = 0, 65, 67, 75  # EX_OK, EX_DATAERR, EX_NOUSER, EX_TEMPFAIL
DEFAULT_SOCKET = "/run/mailwicket/lmtp.sock"

_TOTAL_S = 300.0
_CHUNK_OCTETS = 65_536
_LONGEST_LINE = 4096
_USAGE = "usage: deliver -f SENDER [-a EXT] [--socket PATH] -- RCPT..."
_DELIMITER = "+"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REPLY_LINE = re.compile(r"([2-5][0-9]{2})(?:([ -])(.*))?")
_STATUS = re.compile(r"[245](\.\d{1,3}\.\d{1,3} .*)")


class Trouble(Exception):  # noqa: N818 - it ends in an exit code
    """The mail stays with the MTA. The text is for its log and begins with a status code."""


class Order(NamedTuple):
    """What the command line asks for."""

    sender: str  # empty is the null reverse-path
    recipients: tuple[str, ...]
    socket_path: str

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address is not ASCII (RFC 6531 §3.4)."""
        return not "".join((self.sender, *self.recipients)).isascii()


class Reply(NamedTuple):
    """One reply of the daemon: the code, and the text of its last line."""

    code: int
    text: str


class Result(NamedTuple):
    """How it ended for one recipient: the exit code, and the line for the MTA's log."""

    exit_code: int
    line: str


class Link:
    """The LMTP connection. Everything on it is over after 300 s."""

    def __init__(self, path: str) -> None:
        self._ends_at = time.monotonic() + _TOTAL_S
        self._socket = socket.socket(socket.AF_UNIX)
        self._unread = b""
        self._hurry()
        try:
            self._socket.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as e:
            raise Trouble("4.3.0 gateway is not running") from e

    def send(self, octets: bytes) -> None:
        """Send all of it."""
        self._hurry()
        self._socket.sendall(octets)

    def reply(self) -> Reply:
        """The next reply. Raises Trouble when there is none, or none that can be read."""
        while True:
            line = _REPLY_LINE.fullmatch(self._line())
            if line is None:
                raise Trouble("4.3.0 malformed reply of the gateway")
            if line[2] != "-":
                return Reply(int(line[1]), line[3] or "")

    def ask(self, command: str) -> Reply:
        """The reply to a command."""
        self.send(command.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def expect(self, code: int, reply: Reply) -> None:
        """Raises Trouble when it is another code."""
        if reply.code != code:
            raise Trouble(_for_now(reply))

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.send(b"QUIT\r\n")
        self._socket.close()

    def _line(self) -> str:
        while b"\n" not in self._unread:
            self._hurry()
            more = self._socket.recv(_LONGEST_LINE)
            self._unread += more
            if not more or len(self._unread) > 2 * _LONGEST_LINE:
                raise Trouble("4.3.0 the gateway broke off")
        line, _, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r").decode("utf-8", "replace")

    def _hurry(self) -> None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 the gateway has the mail; 65 too large, 67 unknown recipient; 75 the MTA keeps it for now.

    arguments  without the command's name. The mail is read from descriptor 0, the line for the log goes to 1.
    """
    before = {number: signal.signal(number, _interrupted) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        os.fstat(0)  # closed, the number would go to our socket
        result = together(delivered(order(arguments), _standard_input()))
    except Trouble as e:
        result = Result(LATER, str(e))
    except TimeoutError:
        result = Result(LATER, "4.4.2 the gateway took too long")
    except OSError as e:
        result = Result(LATER, f"4.3.0 cannot hand over: {e.strerror or e}")
    except Exception as e:  # noqa: BLE001 - outermost frame: a bug of ours must not bounce a mail
        result = Result(LATER, f"4.3.5 {type(e).__name__}")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if result.line:
        with contextlib.suppress(OSError):  # nobody reads it: the exit code tells enough
            os.write(1, result.line.encode("utf-8", "replace") + b"\n")
    return result.exit_code


def order(arguments: Sequence[str]) -> Order:
    """What the arguments say. Raises Trouble when that is not clear."""
    options, rest = {"-f": None, "-a": "", "--socket": DEFAULT_SOCKET}, list(arguments)
    while rest and rest[0] != "--" and rest[0].startswith("-"):
        option = rest.pop(0)
        name, equals, value = option.partition("=") if option.startswith("--") else (option[:2], option[2:], option[2:])
        if name not in options or not (equals or rest):
            raise Trouble(f"4.3.5 {_USAGE}")
        options[name] = value if equals else rest.pop(0)
    sender, extension, path = options["-f"], options["-a"] or "", options["--socket"] or DEFAULT_SOCKET
    recipients = tuple(with_extension(r, extension) for r in (rest[1:] if rest[:1] == ["--"] else rest))
    if sender is None or not recipients:
        raise Trouble(f"4.3.5 {_USAGE}")
    if _CONTROL.search("".join((sender, *recipients))):
        raise Trouble("4.3.5 control character in an address")
    return Order("" if sender == "<>" else sender, recipients, path)


def with_extension(recipient: str, extension: str) -> str:
    """The recipient with the extension that the MTA took off; as it is when it is still there."""
    local, at, domain = recipient.rpartition("@")
    if not at or not extension or local.endswith('"') or local.lower().endswith(_DELIMITER + extension.lower()):
        return recipient
    return f"{local}{_DELIMITER}{extension}@{domain}"


def delivered(wanted: Order, mail: Iterable[bytes]) -> tuple[Result, ...]:
    """One result for each recipient, in order. Raises Trouble or OSError when there is none."""
    link = Link(wanted.socket_path)
    try:
        link.expect(220, link.reply())
        link.expect(250, link.ask("LHLO deliver"))
        parameters = " BODY=8BITMIME" + " SMTPUTF8" * wanted.needs_smtputf8
        begun = link.ask(f"MAIL FROM:<{wanted.sender}>{parameters}")
        if begun.code != 250:
            return (_result(begun),) * len(wanted.recipients)
        results = [_result(link.ask(f"RCPT TO:<{r}>")) for r in wanted.recipients]
        if any(r.exit_code == ACCEPTED for r in results):
            link.expect(354, link.ask("DATA"))
            try:
                for octets in wire(mail):
                    link.send(octets)
            except (BrokenPipeError, ConnectionResetError):
                pass  # broken off in the middle; it may have said why
            results = [_result(link.reply()) if r.exit_code == ACCEPTED else r for r in results]
        return tuple(results)
    finally:
        link.close()


def wire(mail: Iterable[bytes]) -> Iterator[bytes]:
    """The mail as DATA wants it: CRLF for each LF and CRLF, dots stuffed, ended by a dot (RFC 5321 §4.5.2)."""
    held, last = b"", b"\n"
    for chunk in mail:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""  # its LF may be still to come
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\n.", b"\n..")
        if text:
            yield b"." + text if last == b"\n" and text.startswith(b".") else text
            last = text[-1:]
    yield held + (b"" if last == b"\n" and not held else b"\r\n") + b".\r\n"


def together(results: Sequence[Result]) -> Result:
    """One result for the MTA; when recipients differ, it tries again and those who have the mail are recognised."""
    if len({r.exit_code for r in results}) == 1:
        return results[0]
    return Result(LATER, "4.3.0 recipients had different results")


def _result(reply: Reply) -> Result:
    if reply.code == 250:
        return Result(ACCEPTED, "")
    if reply.code == 552:
        return Result(TOO_BIG, reply.text)
    if reply.code == 550 and reply.text.startswith("5.1.1 "):
        return Result(UNKNOWN_USER, reply.text)
    return Result(LATER, _for_now(reply))


def _for_now(reply: Reply) -> str:
    status = _STATUS.fullmatch(reply.text)
    return f"4{status[1]}" if status else f"4.3.0 {reply.text}"


def _standard_input() -> Iterator[bytes]:
    try:
        while octets := os.read(0, _CHUNK_OCTETS):
            yield octets
    except OSError as e:
        raise Trouble("4.3.5 standard input cannot be read") from e


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise Trouble("4.3.0 interrupted")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
