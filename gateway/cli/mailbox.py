"""`mailwicket mailbox`: how far each mailbox is fetched, what was not taken in, and what a person decides about it."""

from collections.abc import Sequence

import click

from gateway.cli.change import have_done
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
from gateway.cli.mailboxes import account_of, went
from gateway.cli.output import Column, counted, facts, print_json, print_lines, printable, stamp, table
from gateway.cli.rules_apply import author_of_this
from gateway.operations.mailboxes import OneMailbox
from gateway.store import mailboxes
from gateway.store.mailboxes import Fetched, Folder

_COLUMNS = (Column("Name"), Column("Address"), Column("Server", least=10), Column("How it goes", least=20))
_LEFT = (Column("Folder"), Column("UID", right=True), Column("Tries", right=True), Column("Why", least=20))
_OLD = {
    "left": "stays as it was",
    "asked": "WAITS: mailwicket mailbox answer-old",
    "wanted": "becomes tickets",
    "archive": "is taken in silently",
    "done": "nothing is left of it",
}


@click.group(cls=Group, examples=("mailwicket mailbox list", "mailwicket mailbox show support"))
def mailbox() -> None:
    """Look at the mailboxes that are fetched; decide about old mail, and about mail that could not be fetched."""


@mailbox.command("list", examples=("mailwicket mailbox list", "mailwicket mailbox list --json"))
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, as_json: bool) -> None:
    """List the mailboxes of the settings, and how it goes with each."""
    accounts = settings_of(invocation).imap
    with reading(invocation) as c:
        known = mailboxes.healths(c)
    if as_json:
        print_json("mailbox-list/1", {"mailboxes": [known.get(a.name, {"name": a.name}) for a in accounts]})
        return
    now = invocation.now()
    rows = (
        (a.name, a.address, f"{a.host}:{a.port}", went(known[a.name], now) if a.name in known else "never tried")
        for a in accounts
    )
    print_lines(table(_COLUMNS, rows, invocation.columns()))


@mailbox.command("show", examples=("mailwicket mailbox show support", "mailwicket mailbox show support --json"))
@click.argument("name")
@limit_option
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, limit: int, *, as_json: bool) -> None:
    """Show one mailbox: how far its folders are, and the mails that were not taken in."""
    account = account_of(invocation, name)
    with reading(invocation) as c:
        health = mailboxes.healths(c).get(name)
        folders = [found for found in mailboxes.folders(c) if found.mailbox == name]
        left, counts = mailboxes.left_over(c, name, limit), mailboxes.counted(c, name)
    if as_json:
        mails = [{"folder": folder, "mail": mail} for folder, mail in left]
        print_json("mailbox/1", {"mailbox": health, "folders": folders, "mails": counts, "not_taken": mails})
        return
    now = invocation.now()
    shown = (
        ("Address", account.address),
        ("Server", f"{account.host}:{account.port}, {account.tls}, as {account.user}"),
        ("It can", health.said if health is not None and health.said else "not known yet"),
        ("How it goes", went(health, now) if health is not None else "never tried"),
        ("Mails", ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"),
    )
    print_lines(facts((key, printable(value, 500)) for key, value in shown))
    print_lines(_folder_line(found) for found in folders)
    print_lines(table(_LEFT, _rows(left), invocation.columns()) if left else ())


@mailbox.command(
    "answer-old", examples=("mailwicket mailbox answer-old support", "mailwicket mailbox answer-old support -y")
)
@click.argument("name")
@yes_option
@dry_run_option
@json_option
@pass_invocation
def answer_old(invocation: Invocation, name: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Treat mail from before the first contact as new: it opens tickets and is answered.

    With first_run = "all" nothing is done with it before this word.
    """
    account_of(invocation, name)
    with reading(invocation) as c:
        waits = [found for found in mailboxes.folders(c) if found.mailbox == name and found.old == "asked"]
    count = sum(found.old_count for found in waits)
    if count and not dry_run:
        confirmed(f"Open tickets for {counted(count, 'mail')} of {name}, and answer them?", yes=yes)
    _have_done(invocation, "mailbox.answer-old", name, dry_run=dry_run, as_json=as_json)


@mailbox.command("retry", examples=("mailwicket mailbox retry support", "mailwicket mailbox retry support --json"))
@click.argument("name")
@dry_run_option
@json_option
@pass_invocation
def retry(invocation: Invocation, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Log in again now, although log-ins were refused, and try each mail again that could not be fetched."""
    account_of(invocation, name)
    _have_done(invocation, "mailbox.retry", name, dry_run=dry_run, as_json=as_json)


def _have_done(invocation: Invocation, operation: str, name: str, *, dry_run: bool, as_json: bool) -> None:
    wanted = OneMailbox(name, author_of_this())
    have_done(invocation, operation, wanted, dry_run=dry_run, as_json=as_json)


def _folder_line(found: Folder) -> str:
    old = f"; of {counted(found.old_count, 'mail')} from before {stamp(found.since)}: {_OLD[found.old]}"
    return f"  {printable(found.folder)}: up to UID {found.uid}{old if found.old_count else ''}"


def _rows(left: Sequence[tuple[str, Fetched]]) -> list[tuple[str, str, str, str]]:
    return [(folder, str(mail.uid), str(mail.attempts or ""), mail.said) for folder, mail in left]
