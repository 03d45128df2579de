"""`mailwicket mail`: accepted mail, what became of it, its bytes; and letting it through, again or never."""

from datetime import datetime

import click

from gateway.cli.change import have_done, report
from gateway.cli.context import confirmed, settings_of
from gateway.cli.database import reading
from gateway.cli.declare import (
    Group,
    Invocation,
    dry_run_option,
    json_option,
    limit_option,
    pass_invocation,
    yes_option,
)
from gateway.cli.mail_reparse import reparse
from gateway.cli.mail_show import PIECES_A_READ, found_mail, mail_json, pieces_of, show
from gateway.cli.output import Column, counted, print_json, print_lines, table, write_octets
from gateway.cli.time import Time
from gateway.control import operate
from gateway.operations.mails import Mails
from gateway.store import inbound
from gateway.store.inbound import MailRow

_COLUMNS = (
    Column("ID"),
    Column("Received"),
    Column("Via"),
    Column("From", least=10),
    Column("Subject", least=12),
    Column("Became"),
    Column("Ticket", right=True),
    Column("Why", least=8),
)


@click.group(cls=Group, examples=("mailwicket mail list --quarantine", "mailwicket mail show m-55120 --trace"))
def mail() -> None:
    """Look at accepted mail, and let it through, again or never.

    A mail is named by its id, m-55120, or by its key, which logs show; eight digits of a key are enough.
    """


mail.add_command(show)
mail.add_command(reparse)


@mail.command("list", examples=("mailwicket mail list --since 2h", "mailwicket mail list --needs-attention --json"))
@click.option("--quarantine", "kinds", flag_value="quarantine", multiple=True, help="Kept aside, for a person.")
@click.option("--dropped", "kinds", flag_value="record", multiple=True, help="Kept without an entry.")
@click.option("--pending", "kinds", flag_value="pending", multiple=True, help="Not processed yet.")
@click.option("--needs-attention", is_flag=True, help="In quarantine, or tried and still waiting.")
@click.option("--since", type=Time(), metavar="T", help="Received since: 2h, 3d, 2026-11-21.")
@limit_option
@json_option
@pass_invocation
def list_command(
    invocation: Invocation,
    kinds: tuple[str, ...],
    *,
    needs_attention: bool,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List accepted mail, newest first, and what became of it."""
    with reading(invocation) as c:
        if needs_attention:
            found = inbound.needing_attention(c, since=since, limit=limit)
        else:
            found = inbound.mails(c, dispositions=kinds, since=since, limit=limit)
    if as_json:
        print_json("mail-list/1", {"mails": [mail_json(row) for row in found]})
        return
    print_lines(table(_COLUMNS, map(_row, found), invocation.columns()))
    example = f" · mailwicket mail show m-{found[0].id}" if found else ""
    invocation.note(f"  {counted(len(found), 'mail')}{example}")


@mail.command("raw", examples=("mailwicket mail raw m-55120 > mail.eml", "mailwicket mail raw m-55120 | less"))
@click.argument("name", metavar="ID")
@pass_invocation
def raw(invocation: Invocation, name: str) -> None:
    """Print the bytes of a mail as they were received.

    On a terminal control characters are escaped; into a file or a pipe every byte is exact.
    """
    with reading(invocation) as c:
        write_octets(pieces_of(c, found_mail(c, name), PIECES_A_READ))


@mail.command("replay", examples=("mailwicket mail replay m-55120", "mailwicket mail replay --dry-run m-55120 m-55121"))
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def replay(invocation: Invocation, names: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Process mails again from their bytes, by the rules of today.

    A mail that made an entry stays: one mail makes one entry.
    """
    have_done(invocation, "mail.replay", Mails(names), dry_run=dry_run, as_json=as_json)


@mail.command("release", examples=("mailwicket mail release m-55120", "mailwicket mail release -n m-55120"))
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def release(invocation: Invocation, names: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Let mails through that were put in quarantine or dropped: no rule of “received” is asked again."""
    have_done(invocation, "mail.release", Mails(names), dry_run=dry_run, as_json=as_json)


@mail.command("discard", examples=("mailwicket mail discard m-55120", "mailwicket mail discard -y m-55120 m-55121"))
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@yes_option
@dry_run_option
@json_option
@pass_invocation
def discard(invocation: Invocation, names: tuple[str, ...], *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Take mails out of quarantine for good: they are kept as records, without an entry."""
    confirmed(f"Discard {counted(len(names), 'mail')}?", yes=yes or dry_run)
    done = operate(settings_of(invocation), "mail.discard", Mails(names), clock=invocation.clock, dry_run=dry_run)
    undo = " ".join(each.name for each in done if each.outcome == "done")
    if undo and not dry_run:
        invocation.note(f"undo: mailwicket mail replay {undo}")
    report(invocation, done, "mail-discard/1", dry_run=dry_run, as_json=as_json)


def _row(row: MailRow) -> tuple[str, ...]:
    ticket = str(row.ticket) if row.ticket is not None else "—"
    who = row.author or f"<{row.reverse_path or ''}>"
    became = row.disposition or "pending"
    return (
        f"m-{row.id}", f"{row.received_at:%Y-%m-%d %H:%M}", row.via, who, row.subject or "", became, ticket,
        row.reason or "",
    )  # fmt: skip
