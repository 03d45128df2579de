"""A mail that is larger than we take: its beginning is kept for people to see, and its author is told, once.

Sources      mails-out.md §3, mail-in.md §2: over SMTP the sender's own server tells him (552); what waits in a mailbox
             nobody tells him but us. Its beginning is all that we have read of it.
Transaction  T1, that of the beginning.
Not here     where such a mail is found (intake/imap_take.py), what it says (templates/too_large).
"""

import math

from sqlalchemy import Connection

from gateway.deciding.decide import authenticated, language_for, teams
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.classify import classify
from gateway.message.types import Accepted, Mailbox, Message
from gateway.outgoing.enqueue import enqueue
from gateway.pipeline import ended, same_as_before
from gateway.store import customers
from gateway.store.view import StoreView
from gateway.ticket.guard import Arrived, judged
from gateway.ticket.types import Notification, Outcome

_TEMPLATE = "too_large"
_MIB = 1 << 20


def too_large(inbound: Accepted, size: int, beginning: Message, d: Deps, c: Connection) -> Outcome:
    """What became of the beginning of a mail of so many octets. [T1]"""
    if (duplicate := same_as_before(inbound, beginning, d, c, d.now())) is not None:
        return duplicate
    tell_too_large(inbound, beginning, size, d.max_octets, d, c)
    stays = f"{size / _MIB:.0f} MiB, and we take {d.max_octets / _MIB:.0f} MiB: it stays in the mailbox"
    outcome = Outcome(inbound.key, "quarantine", f"{stays}, this is how it begins", None, None)
    return ended(outcome, inbound, beginning, d, c, d.now(), auth=authenticated(inbound, beginning, d))


def tell_too_large(inbound: Accepted, beginning: Message, size: int, most: int, d: Deps, c: Connection) -> bool:
    """Queue the mail to the author, or the row that says why not; whether one goes out. The same beginning: once.

    inbound    the beginning, as it is filed.  beginning  what it says
    size, most  octets: of the whole mail, and that we take
    """
    if inbound.imported is not None:
        return False
    verdict, auth = classify(beginning, inbound.envelope, d.own), authenticated(inbound, beginning, d)
    customer = customers.find_customer(c, beginning.author.address) if beginning.author is not None else None
    language = language_for(beginning, customer, d.rules)[0]
    arrived = Arrived(inbound, beginning, verdict, auth, customer, language)
    notice = judged(_notice(arrived, size, most, d), arrived, d.notifying, StoreView(c), d.now())
    return enqueue(notice, d.desk, c, d.now()) is not None


def _notice(arrived: Arrived, size: int, most: int, d: Deps) -> Notification:
    message, address = arrived.message, arrived.inbound.envelope.reverse_path or ""
    if message.author is not None:
        address = message.author.address
    return Notification(
        recipient=Mailbox("", address),
        template=_TEMPLATE,
        variant=None,
        language=arrived.language,
        ticket=None,
        team=teams(arrived.inbound, d)[0],
        subject=None,
        in_reply_to=message.message_id,
        references=(message.message_id,) if message.message_id is not None else (),
        auto_submitted="auto-generated",
        dedupe_key=f"{_TEMPLATE}:{normal(address)}:{arrived.inbound.sha256}",
        cause="intake.max_size",
        values={"size": f"{math.ceil(size / _MIB)} MB", "limit": f"{most // _MIB} MB"},
        zone=arrived.customer.zone if arrived.customer is not None else None,
    )
