"""What customers would read, were the orders of a mail carried out that its writer only tries.

Transaction  that of the orders, before they are taken back.
Not here     the orders (orders.py), how it is told (order_mails.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.message.address import normal
from gateway.message.limits import ParseLimits
from gateway.message.parse import read_body
from gateway.store import outbox
from gateway.ticket.notices import lines_of_words

_MOST = 5
_LIMITS = ParseLimits()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that would go out."""

    to: str
    lines: tuple[str, ...]


def newest_mail(c: Connection) -> int:
    """The number of the mail that was queued last; 0 when there is none."""
    return next((item.id for item in outbox.find_many(c, states=(), ticket=None, recipient=None, limit=1)), 0)


def reached(c: Connection, after: int, at: datetime) -> tuple[str, ...]:
    """Who would get words of a person by mails that were queued since: their addresses, in order, each once.

    after  a number as of `newest_mail`.  at  the time of the transaction
    """
    since = (item for item in outbox.written_since(c, after, at) if item.template == "answer")
    return tuple(dict.fromkeys(item.forward_path for item in since))


def letters(c: Connection, after: int, agents: Collection[str]) -> tuple[Letter, ...]:
    """The mails that were queued since, to others than our own people; the first few.

    after   a number as of `newest_mail`.  agents  their addresses in normal form
    """
    queued = outbox.find_many(c, states=("queued", "held"), ticket=None, recipient=None, limit=_MOST * 4)
    found = (outbox.find(c, item.id) for item in reversed(queued) if item.id > after)
    outward = [item for item in found if item is not None and normal(item.forward_path) not in agents]
    return tuple(
        Letter(item.forward_path, lines_of_words(read_body(item.raw, _LIMITS).text)) for item in outward[:_MOST]
    )
