"""The caught outbox: a real SMTP server on loopback that takes whatever the gateway sends, and keeps it here.

Not here  aiosmtpd as our own way in (intake/): this is its stock server, good enough for a relay that believes us.
"""

import asyncio
import email.parser
import email.policy
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope

_HOST = "127.0.0.1"
_PLAIN = re.compile(r"[^A-Za-z0-9@._-]")


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail that would have left the machine."""

    reverse_path: str
    forward_path: str
    message_id: str
    reply_to: str  # the address alone
    language: str
    raw: bytes


class Catcher:
    """Open between `start` and `stop`. Each mail is also a file in `folder`, for whoever wants to read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: asyncio.Server | None = None
        self.mails: list[Caught] = []

    async def start(self) -> int:
        """Listen; the port."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._folder.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="relay.acme.test", loop=loop, enable_SMTPUTF8=True), _HOST, 0
        )
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def of(self, message_id: str) -> Caught | None:
        """The mail with this Message-ID; None when it was not sent here."""
        return next((caught for caught in self.mails if caught.message_id == message_id), None)

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail."""
        raw = envelope.original_content or b""
        self._keep(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return "250 2.0.0 caught"

    def _keep(self, reverse_path: str, forward_paths: Sequence[str], raw: bytes) -> None:
        fields = email.parser.BytesHeaderParser(policy=email.policy.default).parsebytes(raw)
        for path in forward_paths:
            reply_to = fields["Reply-To"].addresses[0].addr_spec if fields["Reply-To"] else ""
            caught = Caught(
                reverse_path=reverse_path,
                forward_path=path,
                message_id=str(fields["Message-ID"] or ""),
                reply_to=reply_to,
                language=str(fields["Content-Language"] or ""),
                raw=raw,
            )
            self.mails.append(caught)
            name = f"{len(self.mails):03d}-{_PLAIN.sub('_', path)}.eml"
            (self._folder / name).write_bytes(raw)
