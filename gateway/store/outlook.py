"""Where a ticket stands in Outlook's idea of a conversation: what the customer's newest mail said of it.

Sources  [MS-OXOMSG] §2.2.1.3, by the field that Outlook writes.
Not here the next one (outgoing/thread_index.py).
"""

from sqlalchemy import Connection, bindparam, func, select

from gateway.message.header import raw_text
from gateway.message.limits import ParseLimits, first_field, header_block
from gateway.store.schema import entry, raw_piece

_FIELD = "thread-index"
_LIMITS = ParseLimits()
_NEWEST = (
    select(entry.c.source)
    .where(entry.c.ticket == bindparam("ticket"), entry.c.kind == "mail", entry.c.source.is_not(None))
    .order_by(entry.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_BEGINNING = select(func.substr(raw_piece.c.octets, 1, _LIMITS.header_block)).where(
    raw_piece.c.key == _NEWEST, raw_piece.c.piece == 0
)


def thread_index(c: Connection, ticket: int) -> str:
    """The Thread-Index of the newest mail that came into the ticket; empty where it has none, or is gone."""
    head = c.execute(_BEGINNING, {"ticket": ticket}).scalar_one_or_none()
    if head is None or _FIELD.encode() not in bytes(head).lower():
        return ""
    header = header_block(bytes(head), first_field(bytes(head)), len(head), _LIMITS)
    return next((raw_text(value).strip() for name, value in header.fields if name.lower() == _FIELD), "")
