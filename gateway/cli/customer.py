"""`mailwicket customer`: who writes to us, who is one and the same, who gets no automatic mail."""

from collections.abc import Sequence
from typing import Any

import click

from gateway import policy
from gateway.cli.audit import shown_detail
from gateway.cli.change import Asked, asking
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, json_option, limit_option, pass_invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import Column, counted, facts, print_json, print_lines, printable, stamp, table
from gateway.errors import ConfigError
from gateway.message.address import normal
from gateway.operations.customers import Merge, Mute, Undo
from gateway.rules.lookups import LookedUp, looked_up
from gateway.store import audit, customers, tickets
from gateway.store.audit import AuditRow
from gateway.store.lookups import read_tables
from gateway.ticket.types import Customer, Ticket

_COLUMNS = (
    Column("ID"),
    Column("Name", least=8),
    Column("Address", least=12),
    Column("Language"),
    Column("Organisation", least=8),
    Column("Answered"),
    Column("Muted"),
)
_SHOWN_TICKETS = 20


@click.group(
    cls=Group,
    examples=("mailwicket customer list bigbank", "mailwicket customer merge jan@home.test jan@bigbank.test"),
)
def customer() -> None:
    """Look at customers, put two records of one together, mute.

    A customer is named by an address, or by his id: c-12.
    """


@customer.command("list", examples=("mailwicket customer list", "mailwicket customer list bigbank.test --json"))
@click.argument("words", default="")
@limit_option
@json_option
@pass_invocation
def list_command(invocation: Invocation, words: str, limit: int, *, as_json: bool) -> None:
    """List customers, newest first; WORDS is a part of a name or an address."""
    with reading(invocation) as c:
        found = customers.list_customers(c, words, limit)
        total = customers.count_customers(c)
    if as_json:
        print_json("customer-list/1", {"customers": [customer_json(each) for each in found], "total": total})
        return
    print_lines(table(_COLUMNS, map(_row, found), invocation.columns()))
    example = f" · mailwicket customer show c-{found[0].id}" if found else ""
    invocation.note(f"  {len(found)} of {counted(total, 'customer')}{example}")


@customer.command(
    "show", examples=("mailwicket customer show jan@bigbank.test", "mailwicket customer show c-12 --json")
)
@click.argument("name")
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, *, as_json: bool) -> None:
    """Print one customer: his addresses, his tickets, what look-up tables say of him, what was changed."""
    with reading(invocation) as c:
        found = customers.named(c, name)
        if found is None:
            what = f"“{printable(name, 60)}” names no customer"
            raise CommandError(what, hint="mailwicket customer list", exit_code=NOT_FOUND)
        addresses = customers.addresses(c, found.id)
        owned = tickets.of_customer(c, found.id, _SHOWN_TICKETS)
        history = audit.find_rows(c, customer=found.id)
    tables, troubles = _looked_up(invocation, (found.address, *addresses))
    if as_json:
        numbers = [ticket.number for ticket in owned]
        more = {
            "addresses": addresses,
            "lookups": dict(tables.values),
            "tickets": numbers,
            "spam_tickets": found.spam_tickets,
            "events": history,
        }
        print_json("customer/1", {"customer": customer_json(found), **more})
        return
    print_lines(facts(_facts(found, addresses, tables, owned, history)))
    for trouble in troubles:
        invocation.note(f"  ! {trouble}")


@customer.command(
    "merge",
    examples=(
        "mailwicket customer merge jan@home.test jan@bigbank.test",
        "mailwicket customer merge c-14 c-12 --dry-run",
    ),
)
@click.argument("one")
@click.argument("other")
@asking
def merge(asked: Asked, one: str, other: str) -> None:
    """Say that ONE is OTHER: his addresses and tickets go there.

    Name, language and the like stay those of OTHER; what he lacks he gets from ONE.
    """
    asked.have_done("customer.merge", Merge(one, other, asked.by))


@customer.command("undo", examples=("mailwicket customer undo c-14", "mailwicket customer undo c-14 --dry-run"))
@click.argument("name", metavar="C-ID")
@asking
def undo(asked: Asked, name: str) -> None:
    """Take back a merge: the customer who went into another one is one of his own again.

    He gets his addresses and tickets back, and the tickets that his addresses opened since.
    """
    asked.have_done("customer.undo", Undo(name, asked.by))


@customer.command("mute", examples=("mailwicket customer mute jan@bigbank.test", "mailwicket customer mute c-12 c-14"))
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@asking
def mute(asked: Asked, names: tuple[str, ...]) -> None:
    """Send no automatic mail to customers; answers of people still go."""
    asked.have_done("customer.mute", Mute(names, muted=True, by=asked.by))


@customer.command("unmute", examples=("mailwicket customer unmute jan@bigbank.test", "mailwicket customer unmute c-12"))
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@asking
def unmute(asked: Asked, names: tuple[str, ...]) -> None:
    """Let automatic mail go to customers again."""
    asked.have_done("customer.mute", Mute(names, muted=False, by=asked.by))


def customer_json(found: Customer) -> dict[str, Any]:
    """A customer as `--json` prints it."""
    return {
        "id": f"c-{found.id}",
        "name": found.name,
        "address": found.address or None,
        "language": found.language,
        "chosen_language": found.chosen_language,
        "organisation": found.organisation,
        "zone": found.zone,
        "contract": found.contract,
        "tier": found.tier,
        "tags": found.tags,
        "attributes": dict(found.attributes),
        "answered": found.answered,
        "muted": found.muted,
        "restricted": found.restricted,
        "merged_into": f"c-{found.merged_into}" if found.merged_into else None,
    }


def _row(found: Customer) -> tuple[str, ...]:
    answered, muted = "yes" if found.answered else "—", "yes" if found.muted else "—"
    organisation = found.organisation or "—"
    return f"c-{found.id}", found.name or "—", found.address, found.language or "—", organisation, answered, muted


def _looked_up(invocation: Invocation, addresses: Sequence[str]) -> tuple[LookedUp, tuple[str, ...]]:
    """What the tables say now of somebody with these addresses, and why some say nothing."""
    settings = settings_of(invocation)
    try:
        path, templates = policy.rules_file(settings), policy.templates_of(settings, invocation.clock)
        lookups = policy.read_rules(path, templates).lookups
    except ConfigError:
        return LookedUp(), ("look-ups: the rules cannot be read; mailwicket rules check",)
    asked = {lookup.sql for lookup in lookups.values()}
    filled, failed = read_tables(query for query in settings.lookup if query.name in asked)
    told = tuple(f"lookup.{name}: {printable(reason, 200)}" for name, reason in failed.items())
    return looked_up(tuple(dict.fromkeys(map(normal, filter(None, addresses)))), lookups, filled), told


def _facts(
    found: Customer, addresses: Sequence[str], tables: LookedUp, owned: Sequence[Ticket], history: Sequence[AuditRow]
) -> Sequence[tuple[str, str]]:
    return (
        ("ID", f"c-{found.id}"),
        ("Name", found.name or "—"),
        ("Addresses", ", ".join(addresses)),
        ("Merged into", f"c-{found.merged_into}" if found.merged_into else ""),
        ("Language", found.chosen_language or found.language or ""),
        ("Organisation", found.organisation or ""),
        ("Zone", found.zone or ""),
        ("Contract", found.contract or ""),
        ("Tier", found.tier or ""),
        ("Tags", ", ".join(found.tags)),
        ("Attributes", ", ".join(f"{name}={value}" for name, value in found.attributes)),
        ("Look-ups", ", ".join(f"{name}={value}" for name, value in tables.values)),
        ("Answered", "yes, by a person" if found.answered else "not yet"),
        ("Muted", "yes: no automatic mail" if found.muted else ""),
        ("Restricted", "yes" if found.restricted else ""),
        ("Spam", counted(found.spam_tickets, "ticket") if found.spam_tickets else ""),
        *(("Ticket", f"#{t.number}  {t.status}  {t.subject}") for t in owned),
        *(("Changed", f"{stamp(e.at)}  {e.actor}  {e.action}  {shown_detail(e)}") for e in history),
    )
