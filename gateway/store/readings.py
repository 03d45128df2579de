"""What is stored of how a mail was read, and a newer reading in its place.

Transaction  the caller's. Raw bytes, thread, rules, times and mails that went out stay as they are.
Not here     reading a mail anew (cli/mail_reparse.py), the audit row (operations/mails.py).
"""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select, update

from gateway.message.types import PARSER, Attachment, Message
from gateway.store.schema import entry, inbound
from gateway.store.search import renew
from gateway.ticket.types import Explanation

_HEADING = ("author", "subject", "message_id")
_WORDS = ("text", "quoted", "signature", "html")
_COMPARED = (*_HEADING, *_WORDS, "attachments", "defects")
_attachments = msgspec.json.Decoder(tuple[Attachment, ...])


@dataclass(frozen=True, slots=True)
class Reading:
    """What the store keeps of a mail as it was read."""

    key: str
    author: str | None
    subject: str | None
    message_id: str | None
    text: str | None  # None, as all below it, when the mail made no entry
    quoted: str | None
    signature: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    parser: int  # the version that read it


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a reading that another parser reads in another way."""

    field: str
    old: str
    new: str


def stored_reading(c: Connection, key: str) -> Reading | None:
    """The reading of a mail that was processed; None for one that waits, or that could not be read."""
    row = c.execute(select(inbound).where(inbound.c.key == key)).one_or_none()
    if row is None or not row.explanation:
        return None
    known = msgspec.json.decode(row.explanation, type=Explanation)
    heading = {name: getattr(row, name) for name in _HEADING}
    made = c.execute(select(entry).where(entry.c.source == key)).one_or_none()
    words = {name: getattr(made, name) if made is not None else None for name in _WORDS}
    files = _attachments.decode(made.attachments) if made is not None else ()
    return Reading(key, **heading, **words, attachments=files, defects=known.defects, parser=known.parser)


def reading_of(message: Message, stored: Reading, subject: str) -> Reading:
    """What would be stored of the message, in place of what is.

    subject  as tickets write it
    """
    made = stored.text is not None
    return Reading(
        stored.key,
        author=str(message.author) if message.author else None,
        subject=subject,
        message_id=message.message_id,
        text=message.text if made else None,
        quoted=message.quoted if made else None,
        signature=message.signature if made else None,
        html=message.html if made else None,
        attachments=message.attachments if made else (),
        defects=tuple(d.code for d in message.defects),
        parser=PARSER,
    )


def differences(old: Reading, new: Reading) -> tuple[Difference, ...]:
    """The fields that differ, in the order of a mail."""
    pairs = ((n, _shown(getattr(old, n)), _shown(getattr(new, n))) for n in _COMPARED)
    return tuple(Difference(name, before, after) for name, before, after in pairs if before != after)


def keep_reading(c: Connection, reading: Reading) -> None:
    """Store the reading in place of the one that is there."""
    text = c.execute(select(inbound.c.explanation).where(inbound.c.key == reading.key)).scalar_one()
    values = msgspec.json.decode(text)
    values |= {"author": reading.author or "", "defects": reading.defects, "parser": reading.parser}
    if reading.text is not None:
        values |= {
            "new_text": len(reading.text),
            "quoted": len(reading.quoted or ""),
            "attachments": len(reading.attachments),
        }
        c.execute(
            update(entry)
            .where(entry.c.source == reading.key)
            .values(
                **{name: getattr(reading, name) for name in (*_WORDS, "message_id")},
                attachments=msgspec.json.encode(reading.attachments).decode(),
            )
        )
        renew(c, *c.execute(select(entry.c.ticket).where(entry.c.source == reading.key)).scalars())
    heading = {name: getattr(reading, name) for name in _HEADING}
    explanation = msgspec.json.encode(values).decode()
    c.execute(update(inbound).where(inbound.c.key == reading.key).values(explanation=explanation, **heading))


def _shown(value: str | tuple[object, ...] | None) -> str:
    if isinstance(value, tuple):
        return "\n".join(map(_line, value))
    return value or ""


def _line(value: object) -> str:
    """A file or a defect in one line: all of it, so that every difference is one."""
    if isinstance(value, Attachment):
        kind = " ".join(filter(None, (value.media_type, value.sniffed, "inline" if value.inline else "")))
        return f"{value.part}  {value.name}  {kind}  {value.size}  {value.sha256[:8]}"
    return str(value)
