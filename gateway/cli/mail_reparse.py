"""`mailwicket mail reparse`: what the parser of today would read in mail that was accepted before.

Mails are read by a parser child and, in a ticket, beside our own mails, as live. Nothing is sent, and no rule is asked.
Not here what is stored of a reading (store/readings.py), processing a mail again (`mail replay`).
"""

import asyncio
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import click
from sqlalchemy import Connection

from gateway.cli.change import report
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import USAGE, CommandError
from gateway.cli.mail_show import PIECES_A_READ, found_mail, later, pieces_of
from gateway.cli.output import block, counted, print_json, print_lines, printable
from gateway.cli.time import Time
from gateway.config import Settings
from gateway.control import operate
from gateway.deciding.decide import without_our_words
from gateway.message.types import Message
from gateway.operations.mails import Readings
from gateway.parsing.pool import Failure, ParserPool
from gateway.store import inbound
from gateway.store.inbound import MailRow
from gateway.store.readings import Difference, Reading, differences, reading_of, stored_reading
from gateway.store.view import StoreView
from gateway.ticket.apply import subject_of

_MOST_MAILS = 100_000
_IN_ONE_LINE = ("author", "subject", "message_id")


@dataclass(frozen=True, slots=True)
class Reread:
    """A mail that is read in another way today."""

    id: int
    reading: Reading
    differences: tuple[Difference, ...]


@click.command(
    "reparse",
    cls=Command,
    examples=("mailwicket mail reparse --since 3d --diff", "mailwicket mail reparse m-55120 --apply"),
)
@click.argument("names", nargs=-1, metavar="[ID...]")
@click.option("--since", type=Time(), metavar="T", help="All mails received since: 2h, 3d, 2026-11-21.")
@click.option("--diff", "diff", is_flag=True, help="Print the lines that differ, not only which fields do.")
@click.option("--apply", "apply", is_flag=True, help="Store the new reading: no rule is asked, nothing is sent.")
@json_option
@pass_invocation
def reparse(
    invocation: Invocation, names: tuple[str, ...], *, since: datetime | None, diff: bool, apply: bool, as_json: bool
) -> None:
    """Show what the parser of today reads in accepted mail in another way than it was stored."""
    if bool(names) == (since is not None):
        raise CommandError("which mails?", hint="name them, or give --since", exit_code=USAGE)
    settings = settings_of(invocation)
    with reading(invocation) as c:
        rows = [found_mail(c, name) for name in names] or _since(c, since)
        found = asyncio.run(_reread(settings, c, rows, invocation))
    if as_json and not apply:
        print_json("mail-reparse/1", {"mails": [{"id": f"m-{o.id}", "differences": o.differences} for o in found]})
        return
    if not as_json and (diff or not apply):
        print_lines(line for one in found for line in _lines(one, diff=diff))
    hint = " · --apply stores what is new" if found and not apply else ""
    invocation.note(f"  {len(found)} of {counted(len(rows), 'mail')} read in another way{hint}")
    if apply and (found or as_json):
        done = [
            each
            for one in found
            for each in operate(settings, "mail.reread", Readings((one.reading,)), clock=invocation.clock)
        ]
        report(invocation, done, "mail-reparse/1", dry_run=False, as_json=as_json)


def _since(c: Connection, since: datetime | None) -> list[MailRow]:
    return inbound.mails(c, dispositions=(), since=since, limit=_MOST_MAILS)[::-1]


async def _reread(settings: Settings, c: Connection, rows: Sequence[MailRow], invocation: Invocation) -> list[Reread]:
    """The mails that are read in another way; one that cannot be read today is named and left as it is."""
    pool = ParserPool.of(settings)
    found = []
    try:
        for row in rows:
            stored = stored_reading(c, row.key)
            if stored is None or row.gone_at is not None:
                continue
            message = await pool.parse(later(pieces_of(c, row, PIECES_A_READ)), row.size, 1)
            if isinstance(message, Failure):
                invocation.note(f"  m-{row.id} cannot be read today: {message.reason}")
                continue
            message = _as_live(c, row, message, settings.site.languages)
            read = reading_of(message, stored, subject_of(message))
            if differing := differences(stored, read):
                found.append(Reread(row.id, read, differing))
    finally:
        await pool.close()
    return found


def _as_live(c: Connection, row: MailRow, message: Message, languages: tuple[str, ...]) -> Message:
    """The message beside our own mails in its ticket."""
    if row.disposition != "entry" or row.ticket is None:
        return message
    return without_our_words(message, row.ticket, languages, StoreView(c))


def _lines(one: Reread, *, diff: bool) -> Iterator[str]:
    if not diff:
        yield f"m-{one.id}  {', '.join(map(_summary, one.differences))}"
        return
    yield click.style(f"m-{one.id}", bold=True)
    for d in one.differences:
        yield f"  {d.field}"
        compared = difflib.unified_diff(d.old.splitlines(), d.new.splitlines(), lineterm="", n=1)
        for line in list(compared)[2:]:
            if not line.startswith("@@"):
                yield f"    {block(line)}"


def _summary(d: Difference) -> str:
    if d.field in _IN_ONE_LINE:
        return f"{d.field} “{printable(d.old, 60)}” → “{printable(d.new, 60)}”"
    return f"{d.field} {len(d.old)} → {len(d.new)} characters"
