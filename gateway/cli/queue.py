"""`mailwicket queue`: outgoing mail that waits, failed, is held, or was never sent, and what a person does about it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.change import have_done
from gateway.cli.context import confirmed
from gateway.cli.database import reading
from gateway.cli.declare import (
    LETTER,
    Group,
    Invocation,
    dry_run_option,
    json_option,
    limit_option,
    pass_invocation,
    yes_option,
)
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import (
    Column,
    block,
    counted,
    facts,
    octets,
    print_json,
    print_lines,
    span,
    stamp,
    table,
    write_octets,
)
from gateway.operations.mails import Letters, Nothing, Reroute
from gateway.store import outbox
from gateway.store.outbox import FINAL, OutboxItem

_COLUMNS = (
    Column("ID"),
    Column("Ticket", right=True),
    Column("To", least=12),
    Column("Kind", least=8),
    Column("Tries", right=True),
    Column("Next", least=8),
    Column("Last answer", least=12),
)
_UNSETTLED = ("queued", "leased", "deferred", "uncertain", "held", "failed")
_WAITING = ("queued", "deferred", "uncertain")


@click.group(cls=Group, examples=("mailwicket queue list --failed", "mailwicket queue retry q-912"))
def queue() -> None:
    """Look at outgoing mail; send it now, or never."""


@queue.command("list", examples=("mailwicket queue list", "mailwicket queue list --suppressed --to @bigbank.test"))
@click.option("--failed", "states", flag_value="failed", multiple=True, help="Given up, or refused for good.")
@click.option("--held", "states", flag_value="held", multiple=True, help="Waiting for a person.")
@click.option("--uncertain", "states", flag_value="uncertain", multiple=True, help="The relay may have it or not.")
@click.option("--suppressed", "states", flag_value="suppressed", multiple=True, help="The send guard said no.")
@click.option("--due", is_flag=True, help="Due now.")
@click.option("--to", metavar="PAT", help="Part of the recipient's address.")
@click.option("--ticket", type=int, metavar="N", help="Of one ticket.")
@limit_option
@json_option
@pass_invocation
def list_command(
    invocation: Invocation,
    states: tuple[str, ...],
    *,
    due: bool,
    to: str | None,
    ticket: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List outgoing mail, newest first: what is not settled, and what failed.

    With --to or --ticket also what was sent, suppressed or dropped.
    """
    everything = to is not None or ticket is not None
    wanted: Sequence[str] = _WAITING if due else states or (() if everything else _UNSETTLED)
    now = invocation.now()
    with reading(invocation) as c:
        found = outbox.find_many(c, states=wanted, ticket=ticket, recipient=to, limit=limit, due=now if due else None)
        counts = outbox.counts(c)
    if as_json:
        print_json("queue-list/1", {"outbox": [letter_json(item) for item in found], "states": counts})
        return
    print_lines(table(_COLUMNS, (_row(item, now) for item in found), invocation.columns()))
    states_in_words = " · ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    invocation.note(f"  {counted(len(found), 'mail')} of: {states_in_words or 'none'}")


@queue.command("show", examples=("mailwicket queue show q-912", "mailwicket queue show q-912 --raw > mail.eml"))
@click.argument("id", type=LETTER, metavar="ID")
@click.option("--raw", is_flag=True, help="The mail itself, byte for byte where stdout is no terminal.")
@json_option
@pass_invocation
def show(invocation: Invocation, id: int, *, raw: bool, as_json: bool) -> None:
    """Print one outgoing mail: where it stands, why, and its header."""
    with reading(invocation) as c:
        item = _found(c, id)
    if as_json:
        print_json("queue/1", {"outbox": letter_json(item)})
    elif raw:
        write_octets([item.raw])
    else:
        print_lines(_lines(item, invocation.now()))


@queue.command("retry", examples=("mailwicket queue retry q-912", "mailwicket queue retry q-912 q-907 --dry-run"))
@click.argument("ids", nargs=-1, required=True, type=LETTER, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def retry(invocation: Invocation, ids: tuple[int, ...], *, dry_run: bool, as_json: bool) -> None:
    """Send mails now that wait, are held, failed or are uncertain."""
    have_done(invocation, "outbox.retry", Letters(ids), schema="queue-retry/1", dry_run=dry_run, as_json=as_json)


@queue.command("hold", examples=("mailwicket queue hold q-912", "mailwicket queue hold q-912 q-913 --dry-run"))
@click.argument("ids", nargs=-1, required=True, type=LETTER, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def hold(invocation: Invocation, ids: tuple[int, ...], *, dry_run: bool, as_json: bool) -> None:
    """Keep mails that wait until somebody lets them go."""
    have_done(invocation, "outbox.hold", Letters(ids), schema="queue-hold/1", dry_run=dry_run, as_json=as_json)


@queue.command("reroute", examples=("mailwicket queue reroute q-912 --to jan@new.test", "mailwicket queue show q-912"))
@click.argument("id", type=LETTER, metavar="ID")
@click.option("--to", "address", required=True, metavar="ADDR", help="Who gets it.")
@dry_run_option
@json_option
@pass_invocation
def reroute(invocation: Invocation, id: int, address: str, *, dry_run: bool, as_json: bool) -> None:
    """Send the same mail, octet for octet, to another address of its reader, now."""
    wanted = Reroute(id, address)
    have_done(invocation, "outbox.reroute", wanted, schema="queue-reroute/1", dry_run=dry_run, as_json=as_json)


@queue.command("flush", examples=("mailwicket queue flush", "mailwicket queue flush --dry-run"))
@dry_run_option
@json_option
@pass_invocation
def flush(invocation: Invocation, *, dry_run: bool, as_json: bool) -> None:
    """Try all deferred mails now, such as after a relay came back."""
    have_done(invocation, "outbox.flush", Nothing(), schema="queue-flush/1", dry_run=dry_run, as_json=as_json)


@queue.command("unhold", examples=("mailwicket queue unhold q-912", "mailwicket queue list --held"))
@click.argument("ids", nargs=-1, required=True, type=LETTER, metavar="ID...")
@dry_run_option
@json_option
@pass_invocation
def unhold(invocation: Invocation, ids: tuple[int, ...], *, dry_run: bool, as_json: bool) -> None:
    """Let held mails go out now."""
    have_done(invocation, "outbox.unhold", Letters(ids), schema="queue-unhold/1", dry_run=dry_run, as_json=as_json)


@queue.command("drop", examples=("mailwicket queue drop q-907", "mailwicket queue drop -y q-907 q-908"))
@click.argument("ids", nargs=-1, required=True, type=LETTER, metavar="ID...")
@yes_option
@dry_run_option
@json_option
@pass_invocation
def drop(invocation: Invocation, ids: tuple[int, ...], *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Never send these mails. They stay listed; it cannot be undone."""
    confirmed(f"Never send {counted(len(ids), 'mail')}? This cannot be undone.", yes=yes or dry_run)
    have_done(invocation, "outbox.drop", Letters(ids), schema="queue-drop/1", dry_run=dry_run, as_json=as_json)


def letter_json(item: OutboxItem) -> dict[str, Any]:
    """An outgoing mail as `--json` prints it."""
    return {
        "id": f"q-{item.id}",
        "ticket": item.ticket,
        "template": item.template,
        "cause": item.cause,
        "auto": item.auto,
        "to": item.forward_path,
        "reverse_path": item.reverse_path,
        "message_id": item.message_id or None,
        "size": item.size,
        "state": item.state,
        "stage": item.stage,
        "attempts": item.attempts,
        "queued_at": item.queued_at,
        "next_attempt_at": item.next_attempt_at,
        "last_reply": item.last_reply or None,
        "reason": item.reason or None,
    }


def _found(c: Connection, id: int) -> OutboxItem:
    item = outbox.find(c, id)
    if item is None:
        raise CommandError(f"there is no outgoing mail q-{id}", hint="mailwicket queue list", exit_code=NOT_FOUND)
    return item


def _row(item: OutboxItem, now: datetime) -> tuple[str, ...]:
    answer = item.last_reply or item.reason
    if item.last_reply and item.reason and item.reason not in item.last_reply:
        answer = f"{item.last_reply} → {item.reason}"
    ticket = str(item.ticket) if item.ticket is not None else "—"
    return f"q-{item.id}", ticket, item.forward_path, item.template, str(item.attempts), _next(item, now), answer


def _next(item: OutboxItem, now: datetime) -> str:
    """What happens next, and when."""
    if item.state == "failed":
        return "stopped"
    if item.state == "leased":
        return "under way"
    if item.state not in _WAITING:
        return item.state
    if item.next_attempt_at is None:
        return "undecided"
    wait = "now" if item.next_attempt_at <= now else f"in {span(item.next_attempt_at - now)}"
    return f"{wait}, uncertain" if item.state == "uncertain" else wait


def _lines(item: OutboxItem, now: datetime) -> Iterator[str]:
    yield from facts(
        (
            ("ID", f"q-{item.id}"),
            ("Ticket", str(item.ticket) if item.ticket is not None else "—"),
            ("Kind", item.template),
            ("Because", item.cause),
            ("To", item.forward_path),
            ("State", item.state),
            ("Next", "" if item.state in FINAL else _next(item, now)),
            ("Tries", str(item.attempts)),
            ("Queued", f"{stamp(item.queued_at)}, {span(now - item.queued_at)} ago"),
            ("Answer", item.last_reply),
            ("Reason", item.reason),
            ("Message-ID", item.message_id),
            ("Return path", f"<{item.reverse_path or ''}>" if item.size else ""),
            ("Size", octets(item.size) if item.size else "deleted" if item.attempts else "never written"),
        )
    )
    header = item.raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    if header:
        yield ""
        yield from block(header).splitlines()
