"""What a mail that comes in proves about ours: whoever answers one, or sends it back, has it.

Sources      acceptance §5.7: evidence before an uncertain mail is sent once more. Our Message-IDs hold what nobody can
             guess, and so does the reverse-path that a report came to; a copy is what a journal mailbox brings.
             RFC 5322 §3.6.4: the parent alone is answered. The mails before it in References stood in that one, where
             we wrote all that we had sent, whether it arrived or not.
Transaction  that of the mail.
Not here     the log of the relay (outgoing/evidence.py), reports of failures (returned.py).
"""

from sqlalchemy import Connection

from gateway.deciding.decide import reported_mail
from gateway.deciding.types import Deps
from gateway.message.types import Accepted, Message
from gateway.store import arrived
from gateway.store.view import StoreView
from gateway.ticket.answered import answered_ids
from gateway.ticket.token_forms import read_message_id


def note_arrived(inbound: Accepted, message: Message, d: Deps, c: Connection) -> None:
    """Settle the uncertain mails that this one shows to have arrived."""
    name, now = f"m-{inbound.id}", d.now()
    own = message.message_id if d.own.is_ours(message.message_id, message.loop_mark) else None
    if own is not None:
        _settle((own,), f"its copy came back, {name}", d, c)
        return
    _settle(answered_ids(message), f"{name} answers it", d, c)
    if message.report is not None and (id := reported_mail(message, inbound, d, StoreView(c))) is not None:
        arrived.settle(c, id, f"{name} reports about it", now)


def _settle(message_ids: tuple[str, ...], how: str, d: Deps, c: Connection) -> None:
    ours = [each for each in message_ids if (token := read_message_id(each)) is not None and not token.root]
    for id in arrived.uncertain(c, ours) if ours else ():
        arrived.settle(c, id, how, d.now())
