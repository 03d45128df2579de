"""`mailwicket retention`: what is deleted because its time is over, and of whom nothing is."""

import click

from gateway import policy
from gateway.cli.change import Asked, asking, report
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, dry_run_option, json_option, pass_invocation
from gateway.cli.output import Column, print_json, print_lines, stamp, table
from gateway.control import ask_daemon
from gateway.operations.retention import LegalHold, RunRetention, would
from gateway.retaining import would_end
from gateway.store.holds import Hold, all_holds

_COLUMNS = (Column("Hold"), Column("Since"), Column("By"), Column("Reason", least=20))
_DRY_RUN, _RUN = "mailwicket retention run --dry-run", "mailwicket retention run"


@click.group(cls=Group, examples=(_DRY_RUN, "mailwicket retention hold 4812 --reason 'court of Zagreb, P-17/26'"))
def retention() -> None:
    """See and delete what was kept for long enough.

    A hold keeps tickets and customers whatever their age.
    """


@retention.command("run", examples=(_DRY_RUN, _RUN))
@dry_run_option
@json_option
@pass_invocation
def run(invocation: Invocation, *, dry_run: bool, as_json: bool) -> None:
    """Delete now what is over by `retention:` of the rules, as the daemon does each night.

    With --dry-run: what the rules as the file has them would delete. Nothing goes of a ticket that is not closed, that
    a hold names, or from which a mail has not left. What is deleted cannot be brought back but by a backup.
    """
    settings = settings_of(invocation)
    if dry_run:
        rules = policy.read_rules(policy.rules_file(settings), policy.templates_of(settings, invocation.clock))
        with reading(invocation) as c:
            done = tuple(would(would_end(c, rules.retention, invocation.now()), rules.retention))
    else:
        done = ask_daemon(settings, "retention.run", RunRetention())
    report(invocation, done, "retention-run/1", dry_run=dry_run, as_json=as_json)


@retention.command("holds", examples=("mailwicket retention holds", "mailwicket retention holds --json"))
@json_option
@pass_invocation
def holds(invocation: Invocation, *, as_json: bool) -> None:
    """List the tickets and customers of whom nothing is deleted."""
    with reading(invocation) as c:
        found = all_holds(c)
    if as_json:
        print_json("retention-holds/1", {"holds": found})
        return
    rows = ((_name(each), stamp(each.at), each.by, each.reason or "—") for each in found)
    print_lines(table(_COLUMNS, rows, invocation.columns()) if found else ["no holds"])


@retention.command(
    "hold",
    examples=("mailwicket retention hold 4812 --reason 'court of Zagreb, P-17/26'", "mailwicket retention hold c-12"),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever asks later.")
@asking
def hold(asked: Asked, names: tuple[str, ...], reason: str) -> None:
    """Keep tickets (4812), or all of customers (an address, c-12), whatever their age."""
    asked.have_done("retention.hold", LegalHold(names, reason, by=asked.by))


@retention.command("lift", examples=("mailwicket retention lift 4812", "mailwicket retention lift c-12 --dry-run"))
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever asks later.")
@asking
def lift(asked: Asked, names: tuple[str, ...], reason: str) -> None:
    """Let tickets and customers go again when their time is over."""
    asked.have_done("retention.hold", LegalHold(names, reason, lifted=True, by=asked.by))


def _name(hold: Hold) -> str:
    return f"#{hold.ticket}" if hold.ticket is not None else f"c-{hold.customer}"
