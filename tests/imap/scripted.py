"""An IMAP server that does what a test says: well-behaved, but for the faults it is given. It keeps all commands."""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.outgoing.peers import free_port

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Stored:
    raw: bytes
    flags: set[str] = field(default_factory=set)
    at: datetime = NOW


@dataclass
class Folder:
    uidvalidity: int = 1
    uidnext: int = 1
    mails: dict[int, Stored] = field(default_factory=dict)

    def put(self, *mails: bytes, at: datetime = NOW) -> None:
        for raw in mails:
            self.mails[self.uidnext] = Stored(raw, at=at)
            self.uidnext += 1

    def renumber(self, uidvalidity: int) -> None:
        """As after a repair of the server: the same mails, other numbers."""
        self.uidvalidity = uidvalidity
        self.mails = dict(enumerate((self.mails[uid] for uid in sorted(self.mails)), 1))
        self.uidnext = len(self.mails) + 1


class Server:
    """Its folders, what it can, what goes wrong in it, and everything that it heard."""

    def __init__(self, *, can: str = "IDLE MOVE UIDPLUS AUTH=PLAIN") -> None:
        self.folders = {"INBOX": Folder()}
        self.can, self.password = can, "right"
        self.greeting = "* OK ready"
        self.delimiter = "/"
        self.tls: ssl.SSLContext | None = None  # for STARTTLS
        self.heard: list[str] = []  # without tags
        self.logins = 0
        self.answers: dict[str, bytes] = {}  # instead of an answer to commands that begin so; `%s` is the tag
        self.fetches: dict[int, str | int] = {}  # by UID: no, bad, garbage, hang, or cut after so many octets
        self.most_at_once = 1 << 30  # octets in an answer
        self.larger_by = 0  # than a mail is, it says
        self.says_when = True
        self.only_read: set[str] = set()  # folders
        self.port = free_port()
        self.before: Callable[[str], None] = lambda _command: None
        self.delivered = 0  # how often
        self._changed: set[asyncio.Event] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def deliver(self, *mails: bytes) -> None:
        """New mail, of which those who IDLE hear."""
        self.inbox.put(*mails)
        self.delivered += 1
        for event in self._changed:
            event.set()

    def hang_up(self) -> None:
        """On everybody."""
        for task in self._sessions:
            task.cancel()

    @asynccontextmanager
    async def running(self, *, implicit: bool = False) -> AsyncIterator["Server"]:
        tls = self.tls if implicit else None
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20, ssl=tls)
        try:
            yield self
        finally:
            server.close()
            self.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await Session(self, reader, writer).run()
        finally:
            self._sessions.discard(task)
            writer.close()


class Session:
    """One client."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.folder = Folder()
        self.told = 0  # of the deliveries

    def say(self, line: str | bytes) -> None:
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def run(self) -> None:
        self.say(self.server.greeting)
        while line := await self.reader.readline():
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            command = command or tag  # DONE has none
            self.server.heard.append(command)
            self.server.before(command)
            scripted = next((a for start, a in self.server.answers.items() if command.startswith(start)), None)
            if scripted is not None:
                self.writer.write(scripted.replace(b"%s", tag.encode()))
            elif not await self._answer(tag, command):
                return
            await self.writer.drain()

    async def _answer(self, tag: str, command: str) -> bool:
        verb = command.removeprefix("UID ").split(" ")[0]
        rest = command.removeprefix("UID ")[len(verb) + 1 :]
        match verb:
            case "CAPABILITY":
                self.say(f"* CAPABILITY IMAP4rev1 {self.server.can}")
            case "AUTHENTICATE" | "LOGIN":
                return await self._log_in(tag, verb, rest)
            case "SELECT":
                return self._select(tag, rest.strip('"'))
            case "SEARCH":
                first, _, last = rest.removeprefix("UID ").partition(":")
                bounds = (int(first), int(last) if last != "*" else max(self.folder.mails, default=0))
                found = [uid for uid in sorted(self.folder.mails) if min(bounds) <= uid <= max(bounds)]
                self.say(" ".join(("* SEARCH", *map(str, found))))
            case "FETCH":
                return await self._fetch(tag, int(rest.split(" ")[0]), rest)
            case "STORE" | "EXPUNGE" | "MOVE" | "COPY" | "CREATE":
                if not self._change(verb, rest):
                    self.say(f"{tag} NO [TRYCREATE] there is no such folder")
                    return True
            case "LIST":
                for name in self.server.folders:
                    self.say(f'* LIST () "{self.server.delimiter}" "{name}"')
            case "STARTTLS":
                self.say(f"{tag} OK begin")
                await self.writer.drain()
                assert self.server.tls is not None
                await self.writer.start_tls(self.server.tls)
                return True
            case "IDLE":
                await self._idle()
            case "LOGOUT":
                self.say(f"* BYE\r\n{tag} OK done")
                return False
        self.say(f"{tag} OK done")
        return True

    async def _log_in(self, tag: str, verb: str, rest: str) -> bool:
        self.server.logins += 1
        if verb == "AUTHENTICATE":
            self.say("+ ")
            said = base64.b64decode(await self.reader.readline()).decode()
            self.server.heard.append(said)
        else:
            said = rest
        if self.server.password in said:
            self.say(f"{tag} OK welcome")
        else:
            self.say(f"{tag} NO [AUTHENTICATIONFAILED] no")
        return True

    def _select(self, tag: str, name: str) -> bool:
        if name not in self.server.folders:
            self.say(f"{tag} NO there is no such folder")
            return True
        self.folder, self.told = self.server.folders[name], self.server.delivered
        self.say(f"* {len(self.folder.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.folder.uidvalidity}] ok")
        words = "" if "NOKEYWORDS" in self.server.can else " \\*"
        self.say(f"* OK [PERMANENTFLAGS (\\Seen \\Deleted{words})] ok")
        if "NOUIDNEXT" not in self.server.can:
            self.say(f"* OK [UIDNEXT {self.folder.uidnext}] ok")
        self.say(f"{tag} OK [READ-{'ONLY' if name in self.server.only_read else 'WRITE'}] selected")
        return True

    async def _fetch(self, tag: str, uid: int, rest: str) -> bool:
        mail, fault = self.folder.mails.get(uid), self.server.fetches.get(uid)
        if mail is None:
            self.say(f"{tag} OK nothing")
            return True
        head = f"* 1 FETCH (UID {uid}"
        if "INTERNALDATE" in rest and self.server.says_when:
            head += f' INTERNALDATE "{mail.at:%d-%b-%Y %H:%M:%S} +0000"'
        if "RFC822.SIZE" in rest:
            head += f" RFC822.SIZE {len(mail.raw) + self.server.larger_by}"
        wanted = re.search(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>", rest)
        match fault:
            case "no":
                self.say(f"{tag} NO not this one")
            case "bad":
                self.say(f"{tag} BAD not this one")
            case "garbage":
                self.say(f"* 1 FETCH (UID ((( {{x}} \0\r\n{tag} OK done")
            case "hang":
                await asyncio.Event().wait()
            case "huge":
                self.say(f"{head} BODY[]<0> {{4294967295}}")
            case "endless line":
                self.writer.write(f"{head} X ".encode() + b"x" * (2 << 20))
            case "flood":
                self.writer.write(b"* 9 EXISTS\r\n" * 30_000)
            case _ if wanted is None:
                self.say(f"{head})\r\n{tag} OK done")
            case _:
                piece = mail.raw[int(wanted[1]) : int(wanted[1]) + min(int(wanted[2]), self.server.most_at_once)]
                whole = f"{head} BODY[]<{wanted[1]}> {{{len(piece)}}}\r\n".encode() + piece + f")\r\n{tag} OK".encode()
                if isinstance(fault, int):
                    self.server.fetches.pop(uid)
                    self.writer.write(whole[: whole.index(piece) + fault])
                    await self.writer.drain()
                    return False
                self.say(whole + b" done")
        return True

    def _change(self, verb: str, rest: str) -> bool:
        words = rest.split(" ")
        if verb == "CREATE":
            self.server.folders[rest.strip('"')] = Folder()
            return True
        uids = [uid for uid in _uids(words[0]) if uid in self.folder.mails]
        if verb == "STORE":
            named = set(re.findall(r"[\\\w$-]+", rest.partition("(")[2]))
            for uid in uids:
                flags = self.folder.mails[uid].flags
                self.folder.mails[uid].flags = flags - named if " -FLAGS" in rest else flags | named
            return True
        if verb in ("MOVE", "COPY"):
            name = rest.partition(" ")[2].strip('"')
            if name not in self.server.folders:
                return False
            self.server.folders[name].put(*(self.folder.mails[uid].raw for uid in uids))
        for uid in uids:
            if verb == "MOVE" or (verb == "EXPUNGE" and "\\Deleted" in self.folder.mails[uid].flags):
                del self.folder.mails[uid]
        return True

    async def _idle(self) -> None:
        changed = asyncio.Event()
        if self.told != self.server.delivered:  # is told at once, not with the next mail (RFC 9051 §5.2)
            changed.set()
        self.server._changed.add(changed)
        self.say("+ idling")
        done, told = asyncio.ensure_future(self.reader.readline()), asyncio.ensure_future(changed.wait())
        await asyncio.wait((done, told), return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            self.told = self.server.delivered
            self.say(f"* {len(self.folder.mails)} EXISTS")
            await done
        told.cancel()
        self.server._changed.discard(changed)


def _uids(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]
