"""`mailwicket ticket`: which tickets there are, and one with its words, mails and changes."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli import ticket_change, ticket_words
from gateway.cli.audit import shown_detail
from gateway.cli.database import reading
from gateway.cli.declare import TICKET, Group, Invocation, as_option, json_option, limit_option, pass_invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import (
    Column,
    block,
    counted,
    facts,
    octets,
    print_json,
    print_lines,
    printable,
    span,
    stamp,
    table,
)
from gateway.cli.queue import letter_json
from gateway.cli.sla_words import undue
from gateway.cli.ticket_query import Options, must_exist, query_of
from gateway.message.types import Mailbox
from gateway.store import audit, delayed, inbound, listing, outbox, sla_lists, tickets
from gateway.store.audit import AuditRow
from gateway.store.delayed import Delayed
from gateway.store.inbound import MailRow
from gateway.store.outbox import OutboxItem
from gateway.store.sla_lists import Running
from gateway.ticket.query import SORTS
from gateway.ticket.types import Entry, Ticket

_COLUMNS = (
    Column("#", right=True),
    Column("P"),
    Column("Status"),
    Column("Team", least=8),
    Column("Owner", least=6),
    Column("Customer", least=10),
    Column("Subject", least=12),
    Column("Age", right=True),
)
_DUE = Column("Due", right=True)  # shown where anything is promised
_MARKS = {"urgent": "!!", "high": "!", "low": "-"}


@click.group(cls=Group, examples=("mailwicket ticket list --status open --team billing", "mailwicket ticket show 4812"))
def ticket() -> None:
    """Look at tickets, answer, change, merge and split them."""


for command in (
    ticket_words.new,
    ticket_words.reply,
    ticket_words.note,
    ticket_words.file_command,
    ticket_words.accept,
    ticket_change.assign,
    ticket_change.move,
    ticket_change.set_command,
    ticket_change.tag,
    ticket_change.snooze,
    ticket_change.close,
    ticket_change.reopen,
    ticket_change.spam,
    ticket_change.link,
    ticket_change.merge,
    ticket_change.split,
    ticket_change.undo,
):
    ticket.add_command(command)


@ticket.command(
    "list",
    examples=(
        "mailwicket ticket list 'from:jan is:open tag:refund \"order PL-10442\" before:2026-11-01'",
        "mailwicket ticket list --mine --sort due --as ana",
    ),
)
@click.argument("query", nargs=-1)
@click.option("--status", multiple=True, metavar="S", help="Only these statuses.")
@click.option("--team", metavar="T", help="Only tickets of this team.")
@click.option("--mine", is_flag=True, help="Only tickets whose owner is the agent of --as.")
@click.option("--sort", type=click.Choice(tuple(SORTS)), help="What comes first; else what was changed last.")
@as_option
@limit_option
@json_option
@pass_invocation
def list_command(
    invocation: Invocation,
    query: tuple[str, ...],
    *,
    status: tuple[str, ...],
    team: str | None,
    mine: bool,
    sort: str | None,
    by: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the tickets that QUERY finds, last changed first.

    Words, "phrases", beginnings* and fields narrow down; a - before one is its opposite: from: subject: is: status:
    team: assignee: priority: tag: lang: has: number: before: after: since: sort:. Behind -- a query may begin with -.
    """
    asked = query_of(invocation, query, Options(status, team, mine, sort, by))
    with reading(invocation) as c:
        found = listing.find_tickets(c, asked, limit)
        total = sum(tickets.count_tickets(c).values())
    if not found:
        must_exist(asked, invocation)
    if as_json:
        print_json("ticket-list/1", {"tickets": [ticket_json(t) for t in found], "total": total})
        return
    now, promised = invocation.now(), any(t.next_due for t in found)
    columns = (*_COLUMNS[:-1], *((_DUE,) if promised else ()), _COLUMNS[-1])
    print_lines(table(columns, (_row(t, now, promised=promised) for t in found), invocation.columns()))
    example = f" · mailwicket ticket show {found[0].number}" if found else ""
    invocation.note(f"  {len(found)} of {counted(total, 'ticket')}{example}")


@ticket.command(
    "show", examples=("mailwicket ticket show 4812 --thread", "mailwicket ticket show 4812 --events --json")
)
@click.argument("number", type=TICKET)
@click.option("--thread", is_flag=True, help="All entries, not the last one alone.")
@click.option("--events", is_flag=True, help="Every change, with who made it.")
@click.option("--raw", is_flag=True, help="With quoted words and signatures, as they were received.")
@json_option
@pass_invocation
def show(invocation: Invocation, number: int, *, thread: bool, events: bool, raw: bool, as_json: bool) -> None:
    """Print one ticket: its fields, its last words, its mails in and out."""
    with reading(invocation) as c:
        shown = _Shown(c, number)
    if as_json:
        print_json("ticket/1", shown.as_json())
        return
    print_lines(shown.heading(invocation.now()))
    entries = shown.entries if thread or raw else shown.entries[-1:]
    for entry in entries:
        print_lines(_entry_lines(entry, shown.mail_of(entry), raw=raw))
    if hidden := len(shown.entries) - len(entries):
        invocation.note(f"\n{counted(hidden, 'earlier entry' if hidden == 1 else 'earlier entrie')}: --thread")
    if events:
        print_lines(_event_lines(shown))


@ticket.command("history", examples=("mailwicket ticket history 4812", "mailwicket ticket history 4812 --json"))
@click.argument("number", type=TICKET)
@json_option
@pass_invocation
def history(invocation: Invocation, number: int, *, as_json: bool) -> None:
    """Print every change of a ticket, oldest first: who, by what right, by which mail."""
    with reading(invocation) as c:
        shown = _Shown(c, number)
    if as_json:
        print_json("ticket-history/1", {"number": number, "events": shown.events_json()})
        return
    print_lines(_event_lines(shown))


class _Shown:
    """All that is shown of one ticket, read in one transaction."""

    def __init__(self, c: Connection, number: int) -> None:
        found = tickets.find_ticket(c, number)
        if found is None:
            raise CommandError(f"there is no ticket {number}", hint="mailwicket ticket list", exit_code=NOT_FOUND)
        self.ticket = found
        self.entries = tickets.entries(c, number)
        self.history = audit.find_rows(c, ticket=number)
        self.links = tickets.links(c, number)
        self.later = delayed.of_ticket(c, number)
        self.promises = sla_lists.of_ticket(c, found)
        self.people = tickets.people(c, number)
        self.mails = inbound.of_ticket(c, number)
        self.letters = outbox.find_many(c, states=(), ticket=number, recipient=None, limit=100)[::-1]

    def mail_of(self, entry: Entry) -> MailRow | None:
        """The accepted mail that an entry came from; None when a person or we wrote it."""
        return self.came(entry.source)

    def came(self, source: str | None) -> MailRow | None:
        """The accepted mail of this key; None where there is none."""
        key = (source or "").removeprefix("stub:")
        return next((mail for mail in self.mails if mail.key == key), None)

    def heading(self, now: datetime) -> Iterator[str]:
        t = self.ticket
        yield click.style(f"#{t.number}  {printable(t.subject)}", bold=True)
        yield from facts(
            (
                ("Status", t.status),
                ("Because", t.status_reason or ""),
                ("Wakes", f"{stamp(t.snoozed_until)}, as {t.awake_status}" if t.snoozed_until else ""),
                ("Goes on in", f"#{t.merged_into}" if t.merged_into else ""),
                ("Moves on", stamp(t.next_rung)),
                ("Team", t.team),
                ("Owner", t.assignee or "—"),
                ("Responsible", t.responsible or ""),
                ("Due", f"{stamp(t.due)}, set by hand" if t.due else ""),
                ("Policy", f"{t.sla}, chosen" if t.sla else ""),
                ("Promised", "; ".join(map(_promise, self.promises))),
                ("Followers", ", ".join(t.followers)),
                ("Needs", ", ".join(t.needs)),
                ("Priority", t.priority),
                ("Raised", f"{t.escalation} times" if t.escalation else ""),
                ("Customer", str(t.requester) if t.requester else "—"),
                ("Takes part", ", ".join(p.address for p in self.people if p.role != "requester")),
                ("Language", t.language or ""),
                ("Tags", ", ".join(t.tags)),
                ("Fields", ", ".join(f"{name}={value}" for name, value in t.fields)),
                ("Flags", ", ".join(t.flags)),
                ("Origin", f"{t.origin} (unverified)" if t.origin else ""),
                ("Later", "; ".join(_later(action) for action in self.later)),
                ("Links", ", ".join(f"{kind} #{other}" for kind, other in self.links)),
                ("Opened", f"{stamp(t.created_at)}, {span(now - t.created_at)} ago"),
                ("Changed", f"{stamp(t.updated_at)}, {span(now - t.updated_at)} ago"),
                ("Mail in", ", ".join(f"m-{mail.id}" for mail in self.mails)),
                ("Mail out", ", ".join(_letter(item) for item in self.letters)),
            )
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "ticket": ticket_json(self.ticket),
            "participants": self.people,
            "links": [{"kind": kind, "ticket": other} for kind, other in self.links],
            "entries": [_entry_json(entry, self.mail_of(entry)) for entry in self.entries],
            "promises": [
                {"metric": p.metric, "policy": p.policy, "state": p.state, "due_at": p.due_at} for p in self.promises
            ],
            "later": [
                {"rule": a.rule, "action": a.words, "due_at": a.due_at, "state": a.state, "reason": a.reason}
                for a in self.later
            ],
            "mails": [f"m-{mail.id}" for mail in self.mails],
            "outbox": [letter_json(item) for item in self.letters],
            "events": self.events_json(),
        }

    def events_json(self) -> list[dict[str, Any]]:
        """The history, each change with the number of its mail."""
        came = [self.came(row.source) for row in self.history]
        return [
            {**asdict(row), "mail": f"m-{mail.id}" if mail else None}
            for row, mail in zip(self.history, came, strict=True)
        ]


def ticket_json(t: Ticket) -> dict[str, Any]:
    """A ticket as `--json` prints it."""
    return {
        "number": t.number,
        "subject": t.subject,
        "status": t.status,
        "status_type": t.status_type,
        "priority": t.priority,
        "team": t.team,
        "assignee": t.assignee,
        "responsible": t.responsible,
        "status_reason": t.status_reason,
        "status_at": t.status_at,
        "due": t.due,
        "sla": t.sla,
        "next_due": t.next_due,
        "answer_due": t.answer_due,
        "snoozed_until": t.snoozed_until,
        "merged_into": t.merged_into,
        "origin": t.origin,
        "requester": t.requester,
        "language": t.language,
        "channel": t.channel,
        "tags": t.tags,
        "fields": dict(t.fields),
        "flags": t.flags,
        "messages": t.messages,
        "created_at": t.created_at,
        "updated_at": t.updated_at,
        "version": t.version,
    }


def _row(t: Ticket, now: datetime, *, promised: bool) -> tuple[str, ...]:
    customer = _who(t.requester) if t.requester else "—"
    mark = _MARKS.get(t.priority, "")
    due = (_until(t.next_due, now),) if promised else ()
    return (
        str(t.number), mark, t.status, t.team, t.assignee or "—", customer, t.subject, *due, span(now - t.created_at),
    )  # fmt: skip


def _until(due: datetime | None, now: datetime) -> str:
    """`3h` to go, or `-3h` too late."""
    if due is None:
        return ""
    return span(due - now) if due >= now else f"-{span(now - due)}"


def _who(mailbox: Mailbox) -> str:
    return mailbox.name or mailbox.address


def _entry_lines(entry: Entry, mail: MailRow | None, *, raw: bool) -> Iterator[str]:
    who = printable(str(entry.author)) if entry.author else "the gateway"
    came = f"  m-{mail.id}" if mail else ""
    privately = "" if entry.public else "  not public"
    trust = f"  {entry.trust}" if entry.trust else ""
    held = "  held: mailwicket ticket accept" if entry.held else ""
    yield ""
    head = f"e-{entry.id}  {entry.kind}  {stamp(entry.at)}  {who}{trust}{privately}{came}{held}"
    yield click.style(head, bold=True)
    yield from _indented(entry.text or "(no words)")
    if raw:
        yield from _indented(entry.quoted)
        yield from _indented(entry.signature)
    elif entry.quoted or entry.signature:
        folded = (("quoted", entry.quoted), ("of signature", entry.signature))
        yield f"  ({', '.join(f'{len(text)} characters {what}' for what, text in folded if text)}: --raw)"
    for part in entry.attachments:
        yield f"  attachment {printable(part.name)}  {printable(part.media_type)}  {octets(part.size)}"


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {line}".rstrip() for line in block(text).splitlines())


def _event_lines(shown: _Shown) -> Iterator[str]:
    yield ""
    columns = (Column("At"), Column("Who"), Column("Right"), Column("Mail"), Column("Did"), Column("What"))
    yield from table(columns, (_event(e, shown.came(e.source)) for e in shown.history), 10_000)


def _event(e: AuditRow, mail: MailRow | None) -> tuple[str, ...]:
    came = f"m-{mail.id}" if mail else ""
    return stamp(e.at), e.actor, e.basis or "", came, e.action, shown_detail(e)


def _entry_json(entry: Entry, mail: MailRow | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "at": entry.at,
        "author": entry.author,
        "public": entry.public,
        "trust": entry.trust,
        "held": entry.held,
        "text": entry.text,
        "quoted": entry.quoted,
        "signature": entry.signature,
        "attachments": entry.attachments,
        "message_id": entry.message_id,
        "mail": f"m-{mail.id}" if mail else None,
    }


def _later(action: Delayed) -> str:
    unless = f" unless {' or '.join(action.unless)}" if action.unless else ""
    if action.state == "waiting":
        return f"{action.words} at {stamp(action.due_at)}{unless} (rule {action.rule})"
    return f"{action.words} (rule {action.rule}): {action.state}{f', {action.reason}' if action.reason else ''}"


def _promise(each: Running) -> str:
    until = f"by {stamp(each.due_at)}" if each.due_at is not None else undue(each.state)
    return f"{each.metric.replace('_', ' ')} {until} ({each.policy or 'set by hand'})"


def _letter(item: OutboxItem) -> str:
    why = f": {item.reason}" if item.state in ("suppressed", "failed", "held") and item.reason else ""
    return f"q-{item.id} {item.template} {item.state}{why}"
