"""`mailwicket agent`: mails of agents that wait for their word, and the reply addresses of agents."""

import click

from gateway.cli.change import have_done
from gateway.cli.database import reading
from gateway.cli.declare import (
    Group,
    Invocation,
    dry_run_option,
    json_option,
    limit_option,
    pass_invocation,
)
from gateway.cli.failure import USAGE, CommandError
from gateway.cli.output import Column, print_json, print_lines, printable, span, stamp, table
from gateway.cli.presence import away, back, list_command
from gateway.operations.held_mails import AgentKey, HeldMails
from gateway.store import held_mail
from gateway.store.held_mail import HeldMail

_COLUMNS = (
    Column("ID"),
    Column("Ticket", right=True),
    Column("Agent", least=6),
    Column("Why", least=8),
    Column("Ends in", least=6),
    Column("Words", least=12),
)


@click.group(cls=Group, examples=("mailwicket agent held", "mailwicket agent rotate ana"))
def agent() -> None:
    """See who is there and who is away, mails that wait for an agent's word; withdraw the addresses he was sent."""


@agent.command("held", examples=("mailwicket agent held", "mailwicket agent held --json"))
@limit_option
@json_option
@pass_invocation
def list_held(invocation: Invocation, limit: int, *, as_json: bool) -> None:
    """List mails of agents that wait for their word, oldest first; only they themselves can send them."""
    with reading(invocation) as c:
        found = held_mail.waiting(c, limit)
    if as_json:
        print_json("held-list/1", {"held": [_json(each) for each in found]})
        return
    rows = [_row(each, invocation) for each in found]
    print_lines(table(_COLUMNS, rows, invocation.columns()) if rows else ["nothing is held"])


@agent.command("note", examples=("mailwicket agent note h-77", "mailwicket agent note h-77 h-78 --dry-run"))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def note(invocation: Invocation, ids: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Keep the words as notes of their writers."""
    _have_done(invocation, "held.note", ids, dry_run=dry_run, as_json=as_json)


@agent.command("discard", examples=("mailwicket agent discard h-77", "mailwicket agent discard h-77 --dry-run"))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def discard(invocation: Invocation, ids: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Do nothing with them; the mails themselves are kept."""
    _have_done(invocation, "held.discard", ids, dry_run=dry_run, as_json=as_json)


@agent.command("rotate", examples=("mailwicket agent rotate ana", "mailwicket agent rotate ana --dry-run"))
@click.argument("id")
@dry_run_option
@json_option
@pass_invocation
def rotate(invocation: Invocation, id: str, *, dry_run: bool, as_json: bool) -> None:
    """Withdraw every reply address that an agent was sent; mail on its way to one has no authority any more."""
    have_done(invocation, "agent.rotate", AgentKey(id), dry_run=dry_run, as_json=as_json)


for command in (list_command, away, back):
    agent.add_command(command)


def _have_done(invocation: Invocation, operation: str, ids: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    wanted = HeldMails(tuple(map(_number, ids)))
    have_done(invocation, operation, wanted, dry_run=dry_run, as_json=as_json)


def _number(id: str) -> int:
    digits = id.removeprefix("h-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise CommandError(f"“{printable(id, 40)}” is no held mail", hint="such as h-77", exit_code=USAGE)
    return int(digits)


def _row(each: HeldMail, invocation: Invocation) -> tuple[str, ...]:
    words = printable(" ".join(each.proposal.text.split()), 60)
    ends = span(each.expires_at - invocation.now()) if each.expires_at > invocation.now() else "now"
    number = f"#{each.ticket}" if each.ticket is not None else "—"
    return (f"h-{each.id}", number, each.agent, each.code, ends, words)


def _json(each: HeldMail) -> dict[str, object]:
    return {
        "id": f"h-{each.id}",
        "ticket": each.ticket,
        "agent": each.agent,
        "code": each.code,
        "at": stamp(each.at),
        "expires_at": stamp(each.expires_at),
        "words": each.proposal.text,
    }
