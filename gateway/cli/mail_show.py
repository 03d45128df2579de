"""`mailwicket mail show`: one accepted mail, as it came, as it was read, and why it became what it is.

A mail is read by a parser child, with the limits of the daemon: a poison mail costs the child, not this command.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.output import Column, block, facts, octets, print_json, print_lines, printable, span, stamp, table
from gateway.config import Settings
from gateway.message.types import Message
from gateway.operations.reasons import explanation_of, mail_reasons
from gateway.parsing.pool import Failure, ParserPool
from gateway.store import inbound
from gateway.store.inbound import MailRow

PIECES_A_READ = 1
_HEADER_OCTETS = 256 * 1024
_PART_COLUMNS = (Column("Part"), Column("Type", least=12), Column("Size", right=True), Column("Name", least=12))


@click.command("show", cls=Command, examples=("mailwicket mail show m-55120", "mailwicket mail show m-55120 --trace"))
@click.argument("name", metavar="ID")
@click.option("--headers", "view", flag_value="headers", help="The header, as received.")
@click.option("--parts", "view", flag_value="parts", help="The attachments.")
@click.option("--text", "view", flag_value="text", help="The new words, without what they quote.")
@click.option("--trace", "view", flag_value="trace", help="The stored reasons, as `why` prints them.")
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, view: str | None, *, as_json: bool) -> None:
    """Print one accepted mail: how it came, and what became of it."""
    with reading(invocation) as c:
        row = found_mail(c, name)
        values: dict[str, Any] = {"mail": mail_json(row)}
        lines: Iterable[str] = _facts(row, invocation.now())
        match view:
            case "headers":
                header = _header(c, row)
                values, lines = values | {"header": header}, block(header).splitlines()
            case "trace":
                explanation = explanation_of(c, row)
                values, lines = (
                    values | {"explanation": explanation},
                    mail_reasons(row, explanation, invocation.columns()),
                )
            case "parts" | "text":
                message = _read(settings_of(invocation), c, row)
                values |= {"parts": message.attachments} if view == "parts" else {"text": message.text}
                lines = _parts(message, invocation.columns()) if view == "parts" else block(message.text).splitlines()
                for note in _notes(row, message, view):
                    invocation.note(note)
        lines = list(lines)
    if as_json:
        print_json("mail/1", values)
    else:
        print_lines(lines)


def found_mail(c: Connection, name: str) -> MailRow:
    """The mail of this name.

    Raises  CommandError  no mail has it, or more than one (exit 4)
    """
    row = inbound.find(c, name)
    if row is None:
        what = f"“{printable(name, 60)}” names no mail, or more than one"
        raise CommandError(what, hint="mailwicket mail list", exit_code=NOT_FOUND)
    return row


def pieces_of(c: Connection, row: MailRow, at_once: int) -> Iterator[bytes]:
    """The raw octets in pieces; those of a duplicate are kept with the mail that came first.

    Raises  CommandError  they are deleted (exit 4)
    """
    key = row.duplicate_of or row.key
    if row.size and not inbound.pieces(c, key, 0, 1):
        why = f"kept of them is SHA-256 {row.sha256}"
        raise CommandError(f"the octets of m-{row.id} are deleted: their time was over", why, exit_code=NOT_FOUND)
    return _pieces(c, key, at_once)


def _pieces(c: Connection, key: str, at_once: int) -> Iterator[bytes]:
    first = 0
    while found := inbound.pieces(c, key, first, at_once):
        yield from found
        first += len(found)


def mail_json(row: MailRow) -> dict[str, Any]:
    """An accepted mail as `--json` prints it."""
    return {
        "id": f"m-{row.id}",
        "key": row.key,
        "received_at": row.received_at,
        "via": row.via,
        "reverse_path": row.reverse_path,
        "forward_paths": row.forward_paths,
        "size": row.size,
        "sha256": row.sha256,
        "state": row.state,
        "attempts": row.attempts,
        "disposition": row.disposition,
        "reason": row.reason,
        "ticket": row.ticket,
        "message_id": row.message_id,
        "author": row.author,
        "subject": row.subject,
        "duplicate_of": row.duplicate_of,
        "gone_at": row.gone_at,
    }


def _facts(row: MailRow, now: datetime) -> Iterator[str]:
    yield from facts(
        (
            ("ID", f"m-{row.id}"),
            ("Key", row.key),
            ("Received", f"{stamp(row.received_at)}, {span(now - row.received_at)} ago, by {row.via}"),
            ("Return path", f"<{row.reverse_path or ''}>"),
            ("For", ", ".join(row.forward_paths)),
            ("Size", octets(row.size)),
            ("SHA-256", row.sha256),
            ("Became", row.disposition or f"pending ({row.state})"),
            ("Because", row.reason or ""),
            ("Ticket", f"#{row.ticket}" if row.ticket is not None else ""),
            ("Tries", str(row.attempts) if row.attempts > 1 or row.disposition is None else ""),
            ("From", row.author or ""),
            ("Subject", row.subject or ""),
            ("Message-ID", row.message_id or ""),
            ("Deleted", f"{stamp(row.gone_at)}, its time was over" if row.gone_at else ""),
            ("Bytes", f"kept with the first of these mails, {row.duplicate_of}" if row.duplicate_of else ""),
        )
    )


def _header(c: Connection, row: MailRow) -> str:
    """The header block as it came, octets that are no UTF-8 escaped."""
    begun = b""
    for piece in pieces_of(c, row, PIECES_A_READ):
        begun += piece
        ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := begun.find(mark)) >= 0]
        if ends or len(begun) >= _HEADER_OCTETS:
            begun = begun[: min([*ends, _HEADER_OCTETS])]
            break
    return begun.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def _read(settings: Settings, c: Connection, row: MailRow) -> Message:
    """The mail as facts, read anew.

    Raises  CommandError  the parser gave up on it (exit 1)
    """
    read = asyncio.run(_parsed(settings, pieces_of(c, row, PIECES_A_READ), row.size))
    if isinstance(read, Failure):
        why = _reason_in_words(read, settings)
        raise CommandError(f"m-{row.id} cannot be read", why, f"mailwicket mail raw m-{row.id}", exit_code=FINDINGS)
    return read


def _reason_in_words(failure: Failure, settings: Settings) -> str:
    limits = settings.limits
    match failure.reason:
        case "memory":
            return f"it takes more memory than limits.child_memory, {octets(int(limits.child_memory))}"
        case "cpu":
            return f"it takes more time of the processor than limits.child_cpu_s, {limits.child_cpu_s} s"
        case "time":
            return f"the parser gave no answer within {failure.detail}"
        case "exception":
            return f"the parser failed on it: {failure.detail}"
        case "died":
            return f"the parser died on it: {failure.detail or 'without a word'}"


async def _parsed(settings: Settings, pieces: Iterable[bytes], size: int) -> Message | Failure:
    pool = ParserPool.of(settings)
    try:
        return await pool.parse(later(pieces), size, 1)
    finally:
        await pool.close()


async def later(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """The pieces, for one who awaits them."""
    for piece in pieces:
        yield piece


def _notes(row: MailRow, message: Message, view: str) -> Iterator[str]:
    """What an empty list would leave open."""
    if row.disposition == "quarantine" and (row.reason or "").startswith("parser: "):
        yield f"  m-{row.id} could not be read when it came ({printable(row.reason or '')}); now it could"
    if view == "parts" and not message.attachments:
        yield f"  m-{row.id} has no attachments"


def _parts(message: Message, width: int) -> Iterator[str]:
    rows = ((p.part, p.media_type, octets(p.size), p.name) for p in message.attachments)
    yield from table(_PART_COLUMNS, rows, width)
