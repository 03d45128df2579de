"""What an IMAP server says, as octets: one piece for each command that a mailbox gives, read by a real connection.

Sources  acceptance §5.8 (T7), B-17. A piece is followed by the `OK` of its command, so that all are reached; one that
         begins with `!` stands alone, its `$` are the tag, and the server hangs up behind it.
Not here  what must hold (targets.py), servers that are real (tests/imap).
"""

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from fuzz.oracles import demand
from gateway.config import Imap, Secret
from gateway.intake.imap_link import (
    PIECE_OCTETS,
    Credentials,
    Link,
    LoginBrokenError,
    LoginRefusedError,
    NotFetchedError,
    connect,
)

_PATIENCE = timedelta(milliseconds=100)  # a literal that is not there is waited for
_GREETING = b"* OK [CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS] ready\r\n"


def talk(data: bytes) -> None:
    """A mailbox that is looked at, as far as the server lets us. It ends by what a mailbox expects to end by."""
    server = _server()
    server.pieces = data.split(b"\0")
    try:
        link = connect(server.account, Credentials("ana", "secret"), None)
    except (LoginRefusedError, LoginBrokenError, OSError, IMAPClientError):
        return
    try:
        for ask in (_folder, _folders, _search, _piece, _marks):
            try:
                ask(link)
            except IMAPClientAbortError:
                raise
            except (IMAPClientError, NotFetchedError):
                continue
    except (OSError, IMAPClientAbortError):
        return
    finally:
        link.cut()


def _folder(link: Link) -> None:
    found = link.select("INBOX")
    demand(isinstance(found.uidvalidity, int), "no lasting numbers")


def _folders(link: Link) -> None:
    demand(all(name.isprintable() and parts for name, parts in link.folders()), "a folder that no command can name")


def _search(link: Link) -> None:
    found = link.search(7, None)
    demand(found == sorted(set(found)) and all(type(uid) is int and uid >= 7 for uid in found), f"{found[:9]}")


def _piece(link: Link) -> None:
    found = link.piece(7, 0)
    demand(found is None or (len(found[0]) <= PIECE_OCTETS and type(found[1]) is int), "no such piece")


def _marks(link: Link) -> None:
    link.mark_seen([7])
    link.show([7], "solved", ["new"])
    link.move([7], "Done")
    link.delete([7])


class _Server:
    """One for the process. It answers each line with the next piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        host, port = self._door.getsockname()
        self.account = Imap(
            name="fuzz", address="support@desk.test", host=host, port=port, tls="none", user="ana",
            password=Secret(credential="none"), timeout=_PATIENCE,
        )  # fmt: skip
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            peer, _ = self._door.accept()
            with peer:
                self._answer(peer)

    def _answer(self, peer: socket.socket) -> None:
        pieces = iter(self.pieces)
        try:
            peer.sendall(_GREETING)
            with peer.makefile("rb") as lines:
                for line in lines:
                    tag, piece = line.split(b" ")[0].strip(), next(pieces, b"")
                    if piece.startswith(b"!"):
                        peer.sendall(piece[1:].replace(b"$", tag))
                        return
                    peer.sendall(piece + tag + b" OK done\r\n")
        except OSError:
            return  # they hung up


_server: Callable[[], _Server] = cache(_Server)
