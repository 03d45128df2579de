"""How the demo's customers send: SMTP to our own listener, or the pipe of an MTA; nobody else is ever written to.

Sources  RFC 5321 §3.3; RFC 8601 §2.2: the company's mail server, which would stand in front, adds its verdict.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

import aiosmtplib

from gateway.demo.cast import Dmarc

BOUNDARY = "mx.acme.test"  # the authserv-id of the server that plays in front of us
_HOST = "127.0.0.1"
_TAKEN, _LATER = 0, 75


async def send(port: int, sender: str, to: str, raw: bytes) -> str:
    """The last reply of the gateway: to the final dot, or to the command that it refused."""
    async with aiosmtplib.SMTP(hostname=_HOST, port=port, local_hostname=BOUNDARY, start_tls=False) as client:
        try:
            _, said = await client.sendmail(sender, [to], raw)
        except aiosmtplib.SMTPRecipientsRefused as e:
            return f"{e.recipients[0].code} {e.recipients[0].message}"
        except aiosmtplib.SMTPResponseException as e:
            return f"{e.code} {e.message}"
    return f"250 {said}"


async def pipe(socket_path: str, sender: str, to: str, raw: bytes) -> str:
    """As an MTA's pipe does it: `deliver` with the mail on its standard input; its words, as a reply."""
    command: Sequence[str] = (sys.executable, "-I", "-m", "gateway.intake.deliver", "-f", sender)
    process = await asyncio.create_subprocess_exec(
        *command, "--socket", socket_path, "--", to, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(raw)
    words = said.decode("utf-8", "replace").strip()
    if process.returncode == _TAKEN:
        return "250 taken"
    return f"{450 if process.returncode == _LATER else 550} {words}"


def stamped(raw: bytes, sender: str, dmarc: Dmarc, now: datetime) -> bytes:
    """The mail as the server in front hands it on: its verdict and its trace on top."""
    domain = sender.rpartition("@")[2] or "azulejo.test"
    spf, dkim = ("pass", "pass") if dmarc == "pass" else ("none", "none")
    head = (
        f"Authentication-Results: {BOUNDARY}; spf={spf} smtp.mailfrom={domain};\r\n"
        f" dkim={dkim} header.d={domain}; dmarc={dmarc} header.from={domain}\r\n"
        f"Received: from mail.{domain} (192.0.2.25) by {BOUNDARY} with ESMTPS;\r\n {format_datetime(now)}\r\n"
    )
    return head.encode() + raw
