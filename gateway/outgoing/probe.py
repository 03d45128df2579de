"""A mail of ours to a mailbox of ours, so that it comes back: nobody reads it, and it has no template.

Sources  RFC 3834 §3.1: it says that a machine wrote it, so that nobody's machine answers. Precedence is left out, by
         which some servers put mail aside.
Not here when it is sent (probing.py), how it is known again: by its mark, as any mail of ours (message/classify.py).
"""

from email.utils import format_datetime

from gateway.outgoing.compose import Desk, Letter, letter, mark, multipart
from gateway.outgoing.header import mailbox_field, text_field
from gateway.outgoing.wire import text_part
from gateway.ticket.types import Notification

PROBE = "probe"
_WORDS = "This mail measures the way to this mailbox and back. Nobody has to read it; it is deleted there.\n"


def probe(notice: Notification, outbox_id: int, desk: Desk) -> Letter:
    """The mail of one outbox row.

    Raises  PoisonError  the octets fail the wire check; nothing is sent
    """
    team, address = desk.teams[notice.team], notice.recipient.address
    message_id = desk.ring.message_id(None, address, desk.nonce(), desk.domain)
    lines = (
        mailbox_field("From", team.name, team.address),
        mailbox_field("To", "", address),
        text_field("Subject", "Probe"),
        f"Date: {format_datetime(desk.now())}\r\n",
        f"Message-ID: {message_id}\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        *mark(notice, message_id, desk),
        "MIME-Version: 1.0\r\n",
        *multipart("mixed", message_id, [text_part("text/plain", _WORDS)]),
    )
    return letter(message_id, lines, team, outbox_id, desk)
