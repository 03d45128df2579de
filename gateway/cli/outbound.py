"""`mailwicket outbound`: stop all sending, let it go on; what keeps mails from being sent."""

from datetime import timedelta

import click

from gateway.cli.change import have_done
from gateway.cli.context import confirmed
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, dry_run_option, json_option, pass_invocation, yes_option
from gateway.cli.output import Column, print_json, print_lines, stamp, table
from gateway.operations.mails import Addresses, Nothing
from gateway.store import alarms, restraint

_ALARMS_OF = timedelta(days=1)
_ALARMS = (Column("Alarm"), Column("Times", right=True), Column("Last"), Column("What", least=20))
_DEAD = (Column("Address"), Column("Since"), Column("Because", least=20))
_MOST_DEAD = 1000
_QUIET = (Column("No automatic mail to"), Column("Until"), Column("Because", least=20))


@click.group(cls=Group, examples=("mailwicket outbound status", "mailwicket outbound hold"))
def outbound() -> None:
    """Stop all sending in an emergency; see what is not sent, and why."""


@outbound.command("status", examples=("mailwicket outbound status", "mailwicket outbound status --json"))
@json_option
@pass_invocation
def status(invocation: Invocation, *, as_json: bool) -> None:
    """Print whether mail leaves, who gets no automatic mail for now, and the alarms of the last day."""
    now = invocation.now()
    with reading(invocation) as c:
        stopped, alone, told = restraint.stopped(c), restraint.left_alone(c, now), alarms.since(c, now - _ALARMS_OF)
    if as_json:
        held = {"since": stopped[0], "by": stopped[1]} if stopped else None
        quiet = [{"address": a or None, "until": u, "reason": r} for a, u, r in alone]
        print_json("outbound-status/1", {"held": held, "quiet": quiet, "alarms": told})
        return
    print_lines([f"✗ nothing is sent since {stamp(stopped[0])} ({stopped[1]})" if stopped else "✓ mail is sent"])
    if alone:
        rows = ((address or "anybody: acknowledgements", stamp(until), why) for address, until, why in alone)
        print_lines(table(_QUIET, rows, invocation.columns()))
    if told:
        shown = ((a.about, str(a.count), stamp(a.last_at), a.said) for a in told)
        print_lines(table(_ALARMS, shown, invocation.columns()))


@outbound.command("dead", examples=("mailwicket outbound dead", "mailwicket outbound dead --json"))
@json_option
@pass_invocation
def dead(invocation: Invocation, *, as_json: bool) -> None:
    """List the addresses that get no automatic mail because none arrives there; at most a thousand."""
    now = invocation.now()
    with reading(invocation) as c:
        found = restraint.dead(c, now, _MOST_DEAD)
    if as_json:
        rows = [{"address": address, "at": at, "said": said} for address, at, said in found]
        print_json("outbound-dead/1", {"addresses": rows})
        return
    print_lines(table(_DEAD, ((address, stamp(at), said) for address, at, said in found), invocation.columns()))


@outbound.command(
    "revive",
    examples=("mailwicket outbound revive jan@bigbank.test", "mailwicket outbound revive jan@bigbank.test --dry-run"),
)
@click.argument("addresses", nargs=-1, required=True, metavar="ADDR...")
@dry_run_option
@json_option
@pass_invocation
def revive(invocation: Invocation, addresses: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Say that mail arrives at an address again: it gets automatic mail, and a new failure is told."""
    wanted = Addresses(addresses)
    have_done(invocation, "outbound.revive", wanted, dry_run=dry_run, as_json=as_json)


@outbound.command("hold", examples=("mailwicket outbound hold", "mailwicket outbound hold --dry-run"))
@dry_run_option
@json_option
@pass_invocation
def hold(invocation: Invocation, *, dry_run: bool, as_json: bool) -> None:
    """Send nothing from now on, also after a restart.

    Mail is still taken. What people write waits, and so do mails to agents; automatic mail to customers is suppressed
    (outbound-held), and not sent later.
    """
    have_done(invocation, "outbound.hold", Nothing(), dry_run=dry_run, as_json=as_json)


@outbound.command("release", examples=("mailwicket outbound release", "mailwicket outbound release --dry-run"))
@dry_run_option
@json_option
@pass_invocation
def release(invocation: Invocation, *, dry_run: bool, as_json: bool) -> None:
    """Send mail again, each that waits once."""
    have_done(invocation, "outbound.release", Nothing(), dry_run=dry_run, as_json=as_json)


@outbound.command("drop-auto", examples=("mailwicket outbound drop-auto --dry-run", "mailwicket outbound drop-auto -y"))
@yes_option
@dry_run_option
@json_option
@pass_invocation
def drop_auto(invocation: Invocation, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Never send the automatic mails that wait. What people wrote stays. It cannot be undone."""
    confirmed("Never send any automatic mail that waits? This cannot be undone.", yes=yes or dry_run)
    have_done(invocation, "outbound.drop-auto", Nothing(), dry_run=dry_run, as_json=as_json)
