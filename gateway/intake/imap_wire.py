"""The IMAP connection below imapclient: bounded in everything that a server may say, and in how long it takes.

Sources  RFC 9051 §2.2 (tags), §4.3 (literals), §6.2.1 (STARTTLS), §7.1.4 (PREAUTH). Acceptance B-17.
         imaplib reads as long as octets come, keeps every untagged response, takes a literal of any size, and an octet
         that came in clear behind the answer to STARTTLS for one of the server. Here each command has an end in time,
         a line, a literal and the responses to one command have a size.
Not here what is asked (imap_link.py).
"""

import imaplib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient

MAX_LITERAL = (1 << 20) + 1024  # mails are fetched in pieces of 1 MiB
_MAX_LINE = 1 << 20
_MAX_RESPONSES = 20_000  # untagged, to one command
_MAX_OCTETS = 16 << 20  # of all responses to one command
_RECV_OCTETS = 1 << 16


@dataclass(frozen=True, slots=True)
class Where:
    """The server, and how long it may take."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    starttls: bool
    silence_s: float  # between two octets of an answer
    answer_s: float  # for one whole answer


class Wire(imaplib.IMAP4):
    """One connection. Trouble with it is `imaplib.IMAP4.abort` or OSError: it is of no use then."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._unread = bytearray()
        self._responses = self._octets = 0
        self._ends_at = time.monotonic() + where.answer_s
        super().__init__(where.host, where.port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect; with implicit TLS nothing is read before the certificate was verified."""
        where = self._where
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), where.silence_s)
        if where.tls is not None and not where.starttls:
            try:
                self.sock = where.tls.wrap_socket(self.sock, server_hostname=host)
            except BaseException:
                self.sock.close()
                raise

    def _connect(self) -> None:
        """Greeting, then TLS: nobody is believed, and nothing is said, before it."""
        super()._connect()  # type: ignore[misc]
        if self.state != "NONAUTH":
            raise self.abort("PREAUTH: the server takes us for somebody before we said who we are")
        if self._where.starttls and self._where.tls is not None:
            typ, data = self._simple_command("STARTTLS")
            if typ != "OK":
                raise self.abort(f"STARTTLS: {data[-1]!r}")
            if self._unread:
                raise self.abort("octets in clear behind STARTTLS")
            self.untagged_responses.clear()
            self.sock = self._where.tls.wrap_socket(self.sock, server_hostname=self.host)
            self._get_capabilities()

    def read(self, size: int) -> bytes:
        """So many octets of a literal: all of them, or none."""
        if size > MAX_LITERAL:
            raise self.abort(f"a literal of {size} octets")
        self._count(size)
        while len(self._unread) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        """One line with its end."""
        seen = 0
        while (end := self._unread.find(b"\n", seen)) < 0:
            seen = len(self._unread)
            if seen > _MAX_LINE:
                raise self.abort(f"a line of more than {_MAX_LINE} octets")
            self._receive()
        self._count(end)
        return self._take(end + 1)

    def send(self, data: Any) -> None:
        """All of it."""
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Hang up."""
        self.sock.close()

    def cut(self) -> None:
        """End what another thread waits for. The TLS object is not touched: that thread may be inside of it."""
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            return  # it was over

    def give(self, seconds: float) -> None:
        """What follows may take so long in all, whatever is said meanwhile."""
        self._ends_at = time.monotonic() + seconds
        self._responses = self._octets = 0

    def waits(self, seconds: float) -> bool:
        """Whether something is there to be read, now or within so many seconds."""
        if self._unread:
            return True
        before = self._ends_at
        self._ends_at = time.monotonic() + seconds
        try:
            self._receive(quiet_s=seconds)
        except TimeoutError:
            return False
        finally:
            self._ends_at = before
        return True

    def _command(self, name: str, *args: Any) -> bytes:
        """Responses that nobody asked for are forgotten, so that they are not taken for an answer."""
        self.give(self._where.answer_s)
        for typ in self.untagged_responses.keys() - {"CAPABILITY", "BYE"}:
            del self.untagged_responses[typ]
        tag: bytes = super()._command(name, *args)  # type: ignore[misc]
        return tag

    def _receive(self, quiet_s: float | None = None) -> None:
        self.sock.settimeout(max(0.001, min(self._left(), self._where.silence_s if quiet_s is None else quiet_s)))
        octets = self.sock.recv(_RECV_OCTETS)
        if not octets:
            raise self.abort("the server hung up")
        self._unread += octets

    def _take(self, size: int) -> bytes:
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken

    def _count(self, octets: int) -> None:
        self._responses += 1
        self._octets += octets
        if self._responses > _MAX_RESPONSES or self._octets > _MAX_OCTETS:
            raise self.abort("the server says far more than an answer")

    def _left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        return left


class Client(IMAPClient):  # type: ignore[misc]
    """imapclient on a bounded connection, without the log that costs nine times the time and the memory."""

    def __init__(self, where: Where) -> None:
        self._where = where
        super().__init__(where.host, where.port, ssl=False, timeout=where.silence_s)
        self._imap.debug = 0
        self.normalise_times = False  # aware

    @property
    def wire(self) -> Wire:
        """What it stands on."""
        wire: Wire = self._imap
        return wire

    def _create_IMAP4(self) -> Wire:  # noqa: N802 - imapclient's
        return Wire(self._where)

    def _set_read_timeout(self) -> None:
        """The wire has its own."""
