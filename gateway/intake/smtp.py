"""SMTP and LMTP: what each command answers.

Sources  RFC 5321 §4.1, §7.3 (VRFY tells nothing); RFC 2033 (LMTP: LHLO, one reply for each accepted recipient after
         DATA, whatever happened); RFC 2034 (status codes), 1870 (SIZE), 2920 (PIPELINING), 3207 (STARTTLS), 6152
         (8BITMIME), 6531 (SMTPUTF8). AUTH is not offered: nobody submits mail here.
Not here the connection and its limits (connection.py), the grammar of arguments (commands.py), the octets of DATA
         (data.py), the promise to keep a mail (accept.py).
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiosmtpd.smtp import TLSSetupException

from gateway.errors import TransientError
from gateway.intake.accept import Incoming
from gateway.intake.commands import client_name, mail_command, rcpt_command
from gateway.intake.connection import GIVING_UP, Commands, Connection, ConnectionOver, Dialogues, Terms, log, reply_to
from gateway.intake.data import Data, read_data
from gateway.message.types import Envelope, Via

_PIPE_CLIENT = "deliver"  # how `mailwicket deliver` greets
_NO_ROOM = "452 4.3.1 no room for this mail"


@dataclass(slots=True)
class Transaction:
    """One mail as far as MAIL and RCPT have told it."""

    begun: bool = False
    reverse_path: str | None = None  # None is <>, once begun
    smtputf8: bool = False
    forward_paths: list[str] = field(default_factory=list)  # as often as accepted: LMTP answers for each


class MailSession(Connection):
    """The commands that SMTP and LMTP share."""

    via: ClassVar[Via]
    answers_each_recipient: ClassVar[bool]

    def __init__(self, terms: Terms) -> None:
        self.transaction = Transaction()
        self.client: str | None = None  # what it calls itself; None before it said hello
        self._extended = False
        super().__init__(terms)

    def _create_session(self) -> Any:
        self.client = None  # after STARTTLS nothing that was said before counts (RFC 3207 §4.2)
        return super()._create_session()

    def _set_rset_state(self) -> None:
        super()._set_rset_state()  # type: ignore[no-untyped-call]  # of aiosmtpd
        self.transaction = Transaction()

    def _extensions(self) -> tuple[str, ...]:
        return f"SIZE {int(self.terms.intake.max_size)}", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"

    def hello(self, argument: str) -> str:
        """EHLO and LHLO: who we are and what we can (RFC 5321 §4.1.1.1, RFC 2033 §4.1)."""
        self._greeted(client_name(argument), extended=True)
        *lines, last = self.hostname, *self._extensions()
        return "\r\n".join([*(f"250-{line}" for line in lines), f"250 {last}"])

    def old_hello(self, argument: str) -> str:
        """HELO (RFC 5321 §4.1.1.1)."""
        self._greeted(client_name(argument), extended=False)
        return f"250 {self.hostname}"

    def _greeted(self, name: str, *, extended: bool) -> None:
        if self.client is not None:
            self.waste()
        self._set_rset_state()
        self.client, self._extended = name, extended

    def mail(self, argument: str) -> str:
        """MAIL (RFC 5321 §4.1.1.2): room is asked for here, before the octets come."""
        if self.client is None:
            return "503 5.5.1 say hello first"
        if self.transaction.begun:
            return "503 5.5.1 MAIL was already said"
        command = mail_command(argument, extended=self._extended)
        if command.declared_octets > self.terms.intake.max_size:
            return self._too_big()
        self.terms.door.check_room(command.declared_octets)
        self.transaction = Transaction(begun=True, reverse_path=command.reverse_path, smtputf8=command.smtputf8)
        return "250 2.1.0 ok"

    def rcpt(self, argument: str) -> str:
        """RCPT (RFC 5321 §4.1.1.3): only whom the door knows."""
        transaction = self.transaction
        if not transaction.begun:
            return "503 5.5.1 say MAIL first"
        if len(transaction.forward_paths) >= self.terms.intake.max_recipients:
            raise TransientError("too many recipients", code=452, status="4.5.3")
        address = rcpt_command(argument, smtputf8=transaction.smtputf8, domain=self.hostname)
        transaction.forward_paths.append(self.terms.door.recipient(address))
        return "250 2.1.5 ok"

    def rset(self, _argument: str) -> str:
        """RSET (RFC 5321 §4.1.1.5)."""
        self.waste()
        self._set_rset_state()
        return "250 2.0.0 ok"

    def noop(self, _argument: str) -> str:
        """NOOP (RFC 5321 §4.1.1.9)."""
        self.waste()
        return "250 2.0.0 ok"

    def vrfy(self, _argument: str) -> str:
        """VRFY: the same answer for everybody (RFC 5321 §3.5.3, §7.3)."""
        self.waste()
        return "252 2.5.0 send a mail to find out"

    def help(self, _argument: str) -> str:
        """HELP (RFC 5321 §4.1.1.8)."""
        self.waste()
        return "214 2.0.0 RFC 5321"

    def quit(self, _argument: str) -> str:
        """QUIT (RFC 5321 §4.1.1.10)."""
        return "221 2.0.0 bye"

    def _too_big(self) -> str:
        limit = int(self.terms.intake.max_size)
        return f"552 5.3.4 Message is larger than {limit / 2**20:g} MiB"

    # --- DATA ---

    async def data(self, argument: str) -> None:
        """DATA (RFC 5321 §4.1.1.4): one reply, or one for each accepted recipient (RFC 2033 §4.2)."""
        transaction = self.transaction
        if argument:
            return await self.answer("501 5.5.4 DATA takes no argument")
        if not transaction.forward_paths:
            return await self.answer("503 5.5.1 no valid recipient")
        await self.push("354 end with <CRLF>.<CRLF>")
        reply = await self._received(transaction)
        self._set_rset_state()
        return await self.answer_due(reply, len(transaction.forward_paths) if self.answers_each_recipient else 1)

    async def _received(self, transaction: Transaction) -> str:
        """The answer to a mail. When its end was not found, the session ends too."""
        self.begin_data()
        try:
            data = await read_data(self._reader, int(self.terms.intake.max_size), self.terms.spill_folder)
        except ConnectionOver:
            return "451 4.4.2 the mail did not come to its end"
        except (asyncio.IncompleteReadError, ConnectionError):
            raise  # nobody is there to hear an answer
        except Exception as e:  # noqa: BLE001 - LMTP owes an answer for each recipient, whatever happened
            self.ending = GIVING_UP
            return reply_to(e)
        finally:
            self.end_data()
        if not data.complete:
            self.ending = "421 4.7.0 far too big"
        refusal = self._refusal(data)
        if data.raw is not None and refusal is None:
            incoming = Incoming(data.raw, data.size, data.sha256, data.hops)
            return await self._accepted(self._envelope(transaction), incoming)
        if data.raw is not None:
            data.raw.close()
        log.info("mail.refused", peer=self.peer, size=data.size, reply=refusal)
        return refusal or _NO_ROOM

    def _refusal(self, data: Data) -> str | None:
        if data.size > self.terms.intake.max_size:
            return self._too_big()
        if data.bare and not (self.terms.keeps_bare_line_ends and self.terms.caps.trusts(self.peer)):
            return "554 5.6.0 bare CR or LF in the mail"
        return _NO_ROOM if data.raw is None else None

    async def _accepted(self, envelope: Envelope, incoming: Incoming) -> str:
        """The door's answer. A disconnect ends this session, never the commit."""
        task = asyncio.ensure_future(self._promise(envelope, incoming))
        self.terms.accepting.add(task)
        task.add_done_callback(self.terms.accepting.discard)
        self.accepting = True
        try:
            return await asyncio.shield(task)
        finally:
            self.accepting = False

    async def _promise(self, envelope: Envelope, incoming: Incoming) -> str:
        try:
            receipt = await self.terms.door.accept(envelope, incoming)
        except Exception as e:  # noqa: BLE001 - outermost frame of this task
            return reply_to(e)
        return f"250 2.6.0 {receipt.key} accepted"

    def _envelope(self, transaction: Transaction) -> Envelope:
        return Envelope(
            reverse_path=transaction.reverse_path,
            forward_paths=tuple(dict.fromkeys(transaction.forward_paths)),
            helo=self.client or "",
            peer=self.peer,
            via="pipe" if self.via == "lmtp" and self.client == _PIPE_CLIENT else self.via,
            received_at=self.terms.clock.now(),
        )

    shared: ClassVar[Commands] = {
        "MAIL": mail, "RCPT": rcpt, "RSET": rset, "NOOP": noop, "VRFY": vrfy, "HELP": help, "QUIT": quit,
    }  # fmt: skip


class SmtpSession(MailSession):
    """A client that speaks SMTP."""

    protocol_name = "ESMTP"
    via = "smtp"
    answers_each_recipient = False

    def _extensions(self) -> tuple[str, ...]:
        offered = self.terms.starttls is not None and not self.encrypted()
        return (*super()._extensions(), *(("STARTTLS",) if offered else ()))

    async def starttls(self, argument: str) -> None:
        """STARTTLS (RFC 3207 §4): what was said and what is buffered is forgotten."""
        if argument:
            return await self.answer("501 5.5.4 STARTTLS takes no argument")
        if self.terms.starttls is None or self.encrypted():
            return await self.answer("503 5.5.1 STARTTLS is not offered")
        await self.smtp_STARTTLS("")
        if not self.encrypted():
            raise TLSSetupException  # the handshake came to no end
        return None

    commands: ClassVar[Commands] = {**MailSession.shared, "EHLO": MailSession.hello, "HELO": MailSession.old_hello}
    dialogues: ClassVar[Dialogues] = {"DATA": MailSession.data, "STARTTLS": starttls}


class LmtpSession(MailSession):
    """A client that speaks LMTP (RFC 2033)."""

    protocol_name = "LMTP"
    via = "lmtp"
    answers_each_recipient = True

    def wrong_hello(self, _argument: str) -> str:
        """HELO and EHLO (RFC 2033 §4.1)."""
        return "500 5.5.1 this is LMTP: say LHLO"

    commands: ClassVar[Commands] = {
        **MailSession.shared, "LHLO": MailSession.hello, "EHLO": wrong_hello, "HELO": wrong_hello,
    }  # fmt: skip
    dialogues: ClassVar[Dialogues] = {"DATA": MailSession.data}
