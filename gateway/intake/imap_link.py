"""What we ask of an IMAP server about one account: log in, look, fetch in pieces, wait, and tell it what is ours.

Sources  RFC 9051; RFC 2177 (IDLE), RFC 6851 (MOVE), RFC 4315 (UIDPLUS), RFC 7628 (OAUTHBEARER), RFC 4616 (PLAIN).
         BODY.PEEK[] sets no flag. UIDs alone name mails, numbers only: nothing out of a mail becomes a part of a
         command. Without UIDPLUS nothing is expunged, because EXPUNGE would delete what others have marked.
Not here when (imap.py), limits (imap_wire.py), where credentials come from (imap_login.py).
Threads  one at a time; `cut` from any.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from imapclient import exceptions

from gateway.config import Imap
from gateway.intake.imap_wire import Client, Where

T = TypeVar("T")
PIECE_OCTETS = 1 << 20
_IDLE_S = 28 * 60.0  # RFC 2177 §3: servers hang up after 29 minutes
# NO, BAD, or words that are no answer, in which imapclient's reader may stumble anywhere
_NO_ANSWER = (exceptions.IMAPClientError, AttributeError, IndexError, RecursionError, TypeError, ValueError)
# RFC 5530 §3: not because of who we are
_FOR_NOW = ("[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[LIMIT]")
WINDOW = 50_000  # UIDs that are asked for at once: the answer is one line


class LoginRefusedError(Exception):
    """The server does not let us in as this user; nothing else is wrong. The text is the server's."""


class LoginBrokenError(Exception):
    """The connection ended while we logged in: trouble of the network, or a server's way to refuse."""


class NotFetchedError(Exception):
    """The server refused this one mail; the connection goes on."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are: a password, or an access token for a mechanism of SASL."""

    user: str
    secret: str
    mechanism: str = ""  # XOAUTH2, OAUTHBEARER; empty is a password


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as the server has it now."""

    uidvalidity: int
    uidnext: int | None  # None: an old server that does not tell
    keywords: bool  # whether names of our own may be set


class Link:
    """A connection that is logged in. Any exception but `NotFetchedError` ends it."""

    def __init__(self, client: Client, answer_s: float) -> None:
        self._client, self._answer_s = client, answer_s
        can = client.capabilities()
        self.has_idle, self.has_move = b"IDLE" in can, b"MOVE" in can
        self.has_uidplus = b"UIDPLUS" in can

    @property
    def said(self) -> str:
        """What it is, for people: `TLSv1.3, IDLE, MOVE, UIDPLUS`."""
        sock = self._client.wire.sock
        secure = sock.version() or "TLS" if isinstance(sock, ssl.SSLSocket) else "in clear"
        can = (("IDLE", self.has_idle), ("MOVE", self.has_move), ("UIDPLUS", self.has_uidplus))
        return ", ".join((secure, *(name for name, there in can if there)))

    def select(self, folder: str) -> Selected:
        """Open a folder.

        Raises  IMAPClientError  there is none of this name
        """
        try:
            found = _sensible(lambda: self._client.select_folder(folder))
        except exceptions.IMAPClientReadOnlyError as e:  # imaplib ends the connection for it
            raise exceptions.IMAPClientError(f"{folder} may only be read") from e
        allowed, validity = found.get(b"PERMANENTFLAGS", ()), found.get(b"UIDVALIDITY")
        if not isinstance(validity, int):
            raise exceptions.ProtocolError(f"{folder} has no lasting numbers: no UIDVALIDITY")
        return Selected(validity, found.get(b"UIDNEXT"), b"\\*" in allowed)

    def folders(self) -> list[tuple[str, list[str]]]:
        """Name and parts of each folder that can be opened, and whose name can be a part of a command."""
        found = _sensible(self._client.list_folders)
        return [
            (name, name.split(delimiter.decode()) if delimiter else [name])
            for flags, delimiter, name in found
            if name.isprintable() and not {b"\\Noselect", b"\\NonExistent"} & set(flags)
        ]

    def search(self, first: int, last: int | None) -> list[int]:
        """The UIDs from first to last that are there, in order; None is the last there is."""
        found = _sensible(lambda: self._client.search(["UID", f"{first}:{'*' if last is None else last}"]))
        return sorted({uid for uid in found if uid >= first})  # `n:*` always names the newest one, too

    def came_at(self, uid: int) -> datetime | None:
        """When the server got the mail; None when it does not say, or it is not there any more."""
        found = self._fetched(uid, "INTERNALDATE")
        return None if found is None else found.get(b"INTERNALDATE")

    def piece(self, uid: int, start: int) -> tuple[bytes, int, datetime | None] | None:
        """Up to 1 MiB of the mail from an octet on, its size as the server has it, and since when; None: it is gone.

        Raises  NotFetchedError  the server refuses, or its answer is no such piece
        """
        found = self._fetched(uid, "RFC822.SIZE", "INTERNALDATE", f"BODY.PEEK[]<{start}.{PIECE_OCTETS}>")
        if found is None:
            return None
        octets = found.get(f"BODY[]<{start}>".encode())
        if octets is None and f"BODY[]<{start}>".encode() in found:
            octets = b""  # NIL: nothing lies there
        if not isinstance(octets, bytes) or len(octets) > PIECE_OCTETS:
            raise NotFetchedError("the answer holds no such piece of the mail")
        return octets, _number(found, b"RFC822.SIZE"), found.get(b"INTERNALDATE")

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Set \\Seen."""
        _sensible(lambda: self._client.add_flags(uids, [b"\\Seen"], silent=True))

    def show(self, uids: Sequence[int], keyword: str, instead_of: Sequence[str]) -> None:
        """Set one keyword in place of others."""
        _sensible(lambda: self._client.remove_flags(uids, list(instead_of), silent=True))
        _sensible(lambda: self._client.add_flags(uids, [keyword], silent=True))

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Into another folder, which is made where it does not exist."""
        if self.has_move:
            self._into(lambda: self._client.move(uids, folder), folder)
        else:
            self._into(lambda: self._client.copy(uids, folder), folder)
            self.delete(uids)

    def delete(self, uids: Sequence[int]) -> None:
        """Mark as deleted; and take away these alone, where the server can."""
        _sensible(lambda: self._client.add_flags(uids, [b"\\Deleted"], silent=True))
        if self.has_uidplus:
            _sensible(lambda: self._client.uid_expunge(uids))

    def wait(self, seconds: float) -> None:
        """Return when something may have come to the selected folder, or after so many seconds (RFC 2177).

        A server that says it can and does not is asked no more: `has_idle` is False then.
        """
        wire = self._client.wire
        tag = wire._command("IDLE")  # noqa: SLF001 - as imapclient, whose own waiting swallows the end of a connection
        if _until_continued(wire, tag):
            wire.give(_IDLE_S)
            if wire.waits(min(seconds, _IDLE_S)):
                wire._get_response()  # noqa: SLF001
            wire.give(self._answer_s)
            wire.send(b"DONE\r\n")
        try:
            typ, _ = wire._command_complete("IDLE", tag)  # noqa: SLF001
        except exceptions.IMAPClientAbortError:
            raise
        except exceptions.IMAPClientError:  # BAD
            typ = "BAD"
        self.has_idle = typ == "OK"

    def cut(self) -> None:
        """End it now, whatever it waits for."""
        self._client.wire.cut()

    def close(self) -> None:
        """Hang up. Nothing waits for an answer: what we told the server is settled, or will be told again."""
        self._client.wire.shutdown()

    def _fetched(self, uid: int, *items: str) -> dict[bytes, Any] | None:
        try:
            found: dict[bytes, Any] | None = self._client.fetch([uid], items).get(uid)
        except exceptions.IMAPClientAbortError:
            raise
        except _NO_ANSWER as e:
            raise NotFetchedError(str(e)[:200]) from e
        return found

    def _into(self, put: Callable[[], object], folder: str) -> None:
        try:
            _sensible(put)
        except exceptions.IMAPClientAbortError:
            raise
        except exceptions.IMAPClientError as e:
            if "TRYCREATE" not in str(e).upper():  # RFC 9051 §7.1
                raise
            _sensible(lambda: self._client.create_folder(folder))
            _sensible(put)


def connect(account: Imap, credentials: Credentials, context: ssl.SSLContext | None) -> Link:
    """A connection to the server, logged in.

    Raises  LoginRefusedError  it does not want us;  LoginBrokenError  it did not say
            OSError, IMAPClientError  anything else that is wrong with it
    """
    seconds = account.timeout.total_seconds()
    where = Where(account.host, account.port, context, account.tls == "starttls", seconds, 5 * seconds)
    client = _sensible(lambda: Client(where))
    try:
        _sensible(lambda: _log_in(client, credentials))
        return _sensible(lambda: Link(client, 5 * seconds))
    except BaseException:
        client.wire.shutdown()
        raise


def _log_in(client: Client, who: Credentials) -> None:
    try:
        if who.mechanism:
            client.sasl_login(who.mechanism, _Once(_bearer(client, who)))
        elif client.has_capability("AUTH=PLAIN"):
            client.sasl_login("PLAIN", _Once(f"\0{who.user}\0{who.secret}"))
        elif not (who.user + who.secret).isascii():  # RFC 9051 §6.2.3 knows nothing else
            raise LoginRefusedError("the server has no AUTH=PLAIN, and LOGIN takes ASCII alone")
        else:
            client.login(_quoted(who.user), who.secret)  # imaplib quotes the password alone
    except exceptions.IMAPClientAbortError as e:
        raise LoginBrokenError(str(e)[:200]) from e
    except exceptions.LoginError as e:  # imapclient makes it of everything
        if isinstance(e.__context__, exceptions.IMAPClientAbortError) or any(
            code in str(e).upper() for code in _FOR_NOW
        ):
            raise LoginBrokenError(str(e)[:200]) from e
        raise LoginRefusedError(str(e)[:200]) from e


class _Once:
    """The client's first word of SASL, and an empty one to whatever the server has to object."""

    def __init__(self, word: str) -> None:
        self._word: bytes | None = word.encode()

    def __call__(self, _challenge: bytes) -> bytes:
        word, self._word = self._word, b""
        return word or b""


def _bearer(client: Client, who: Credentials) -> str:
    if who.mechanism == "XOAUTH2":
        return f"user={who.user}\1auth=Bearer {who.secret}\1\1"
    name = who.user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\1host={client.host}\1port={client.port}\1auth=Bearer {who.secret}\1\1"


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _sensible(ask: Callable[[], T]) -> T:
    """What imapclient makes of an answer; where its reader stumbles, the connection is of no use."""
    try:
        return ask()
    except exceptions.IMAPClientError:
        raise
    except _NO_ANSWER as e:
        raise exceptions.IMAPClientAbortError(f"the answer makes no sense: {e}"[:200]) from e


def _until_continued(wire: Any, tag: bytes) -> bool:
    """Read what comes before the server waits with us; False when it answered instead."""
    while wire._get_response() is not None:  # noqa: SLF001
        if wire.tagged_commands[tag]:
            return False
    return True


def _number(found: dict[bytes, Any], name: bytes) -> int:
    value = found.get(name)
    if not isinstance(value, int):
        raise NotFetchedError(f"the answer holds no {name.decode()}")
    return value
