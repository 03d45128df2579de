"""`mailwicket sla`: what is promised, why it is due when it is, and what another policy would have promised."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import click
from sqlalchemy import Connection

from gateway.cli.change import report
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import (
    TICKET,
    Group,
    Invocation,
    dry_run_option,
    json_option,
    limit_option,
    pass_invocation,
)
from gateway.cli.failure import NOT_FOUND, USAGE, CommandError
from gateway.cli.output import Column, counted, print_json, print_lines, printable, span, stamp, table
from gateway.cli.rules_now import promises_now
from gateway.cli.sla_words import measure, promise, undue, when, worked
from gateway.cli.time import Time
from gateway.control import operate
from gateway.operations.promises import AT_ONCE, Recompute
from gateway.operations.types import Told
from gateway.rules.desk import Sla
from gateway.store import sla as promises_store
from gateway.store import sla_lists
from gateway.store.sla import Story
from gateway.store.sla_lists import Running
from gateway.ticket.change import opened
from gateway.ticket.impossible import impossible
from gateway.ticket.ledger import Clock, Metric
from gateway.ticket.sla import Promised, Promises
from gateway.ticket.sla_steps import Step, steps
from gateway.ticket.types import OpenTicket

_MANY = 1000
_WATCH_S = 10.0
_FAR = timedelta(days=36_525)
_LIST = (
    Column("#", right=True),
    Column("Promise"),
    Column("Policy"),
    Column("Due, UTC"),
    Column("In", right=True),
    Column("Team", least=8),
    Column("Owner", least=6),
    Column("Subject", least=12),
)
_BOARD = (
    Column("Team"),
    Column("Promise"),
    Column("Overdue", right=True),
    Column("Today", right=True),
    Column("Later", right=True),
    Column("Paused", right=True),
)


@click.group(cls=Group, examples=("mailwicket sla list --overdue", "mailwicket sla explain 4812"))
def sla() -> None:
    """Look at what is promised, why it is due then, and what would be."""


@sla.command("list", examples=("mailwicket sla list --overdue", "mailwicket sla list --team billing --json"))
@click.option("--team", metavar="T", help="Only tickets of this team.")
@click.option("--overdue", is_flag=True, help="Only what should have been done by now.")
@limit_option
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, team: str | None, overdue: bool, limit: int, as_json: bool) -> None:
    """List the promises that run, the most urgent first; those that pause come last."""
    now = invocation.now()
    with reading(invocation) as c:
        found = sla_lists.running(c, team=team, due_before=now if overdue else None, limit=limit)
    if as_json:
        print_json("sla-list/1", {"promises": [_running_json(each) for each in found]})
        return
    print_lines(table(_LIST, (_row(each, now) for each in found), invocation.columns()))
    invocation.note(f"  {counted(len(found), 'promise')}")


@sla.command("board", examples=("mailwicket sla board --watch", "mailwicket sla board --json"))
@click.option("--watch", is_flag=True, help="Print it anew every ten seconds, until it is interrupted.")
@json_option
@pass_invocation
def board(invocation: Invocation, *, watch: bool, as_json: bool) -> None:
    """Count the promises that run, by team: overdue, due within a day, later, paused."""
    if watch and as_json:
        raise CommandError("--watch is for people", hint="--json without --watch", exit_code=USAGE)
    _print_board(invocation, as_json=as_json)
    while watch:
        asyncio.run(invocation.clock.sleep(_WATCH_S))
        click.clear()
        _print_board(invocation, as_json=False)


def _print_board(invocation: Invocation, *, as_json: bool) -> None:
    now = invocation.now()
    with reading(invocation) as c:
        found = sla_lists.counted(c, now, now + timedelta(days=1))
    if as_json:
        names = ("team", "metric", "overdue", "today", "later", "paused")
        print_json("sla-board/1", {"at": now, "rows": [dict(zip(names, row, strict=True)) for row in found]})
        return
    rows = ((team, metric.replace("_", " "), *map(str, numbers)) for team, metric, *numbers in found)
    print_lines(table(_BOARD, rows, invocation.columns()))


@sla.command("explain", examples=("mailwicket sla explain 4812", "mailwicket sla explain 4812 --json"))
@click.argument("number", type=TICKET)
@json_option
@pass_invocation
def explain(invocation: Invocation, number: int, *, as_json: bool) -> None:
    """Say why each promise for a ticket is due when it is: a sum that anybody can check."""
    promises = promises_now(invocation)
    with reading(invocation) as c:
        found = promises_store.story(c, number)
    if found is None:
        raise CommandError(f"there is no ticket {number}", hint="mailwicket ticket list", exit_code=NOT_FOUND)
    chosen, why = promises.policy_of(found.ticket, found.customer)
    now = invocation.now()
    history = promises.history(found.ticket, chosen, found.lines)
    wrong = impossible(found.ticket, history, found.lines, now)
    if as_json:
        values = [_promised_json(each, steps(each, found.lines, now)) for each in history]
        print_json(
            "sla-explain/1",
            {
                "ticket": number,
                "policy": chosen.id if chosen else None,
                "because": why,
                "impossible": wrong,
                "promises": values,
            },
        )
        return
    print_lines(printable(line, 200) for line in _explained(found, chosen, why, wrong, history, now))


@sla.command(
    "simulate",
    examples=(
        "mailwicket sla simulate --policy gold --at 2026-12-24T16:00+01:00",
        "mailwicket sla simulate --policy gold --since 90d",
    ),
)
@click.option("--policy", "name", metavar="P", help="Under this policy; else each ticket under its own.")
@click.option("--calendar", metavar="C", help="In the hours of this calendar.")
@click.option("--at", type=Time(), metavar="T", help="What a ticket opened then would be promised.")
@click.option("--since", type=Time(), metavar="T", help="How often promises would have been kept since then.")
@json_option
@pass_invocation
def simulate(
    invocation: Invocation,
    *,
    name: str | None,
    calendar: str | None,
    at: datetime | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """Try a policy: on a ticket that would be opened at a time, or on the tickets there were."""
    promises = promises_now(invocation)
    supposed = _supposed(promises, name, calendar)
    if (at is None) == (since is None):
        raise CommandError("at which time?", hint="--at T, or --since 90d for the tickets there were", exit_code=USAGE)
    if at is not None:
        if abs(at - invocation.now()) > _FAR:
            raise CommandError("that is no time of ours", hint="--at T, within a hundred years", exit_code=USAGE)
        if supposed is None:
            raise CommandError("under which policy?", hint="--policy NAME", exit_code=USAGE)
        ticket = opened(OpenTicket("", promises.rules.defaults.team, None, None, "cli", at))
        begun = (promises.promised(Clock(metric, 1, at), ticket, supposed) for metric in get_args(Metric))
        found = [each for each in begun if each is not None]
        if as_json:
            print_json("sla-simulate/1", {"at": at, "promises": [_promised_json(each, ()) for each in found]})
        else:
            print_lines(promise(each) for each in found)
        return
    with reading(invocation) as c:
        kept = _kept(c, promises, supposed, since or invocation.now(), invocation.now())
    rows = [(metric, kept[metric, True], kept[metric, False]) for metric in dict.fromkeys(m for m, _ in kept)]
    if as_json:
        names = ("metric", "kept", "broken")
        print_json("sla-simulate/1", {"since": since, "promises": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    columns = (Column("Promise"), Column("Kept", right=True), Column("Broken", right=True), Column("", right=True))
    shown = ((m.replace("_", " "), str(yes), str(no), f"{100 * yes // (yes + no)} %") for m, yes, no in rows)
    print_lines(table(columns, shown, invocation.columns()))


@sla.command("recompute", examples=("mailwicket sla recompute --dry-run", "mailwicket sla recompute"))
@dry_run_option
@json_option
@pass_invocation
def recompute(invocation: Invocation, *, dry_run: bool, as_json: bool) -> None:
    """Work out every open promise anew from its ledger, by the rules in force: after another policy or calendar."""
    settings = settings_of(invocation)
    done: list[Told] = []
    after, found = 0, [0]
    while found:
        with reading(invocation) as c:
            found = sla_lists.numbers(c, after=after, limit=AT_ONCE)
        if found:
            wanted = Recompute(tuple(found))
            done += operate(settings, "sla.recompute", wanted, clock=invocation.clock, dry_run=dry_run)
            after = found[-1]
    report(invocation, done, "sla-recompute/1", dry_run=dry_run, as_json=as_json)
    invocation.note(f"  {counted(len(done), 'ticket')} with another due time")


def _supposed(promises: Promises, name: str | None, calendar: str | None) -> Sla | None:
    """The policy to try; None where each ticket has its own.

    Raises  CommandError  there is no such policy or calendar (exit 4); a calendar alone is not enough (exit 2)
    """
    rules = promises.rules
    for kind, word, known in (("SLA policy", name, [*rules.sla]), ("calendar", calendar, [*rules.calendars])):
        if word is not None and word not in known:
            what = f"there is no {kind} “{printable(word, 60)}”"
            raise CommandError(what, hint=f"known: {', '.join(known) or 'none'}", exit_code=NOT_FOUND)
    if name is None:
        if calendar is not None:
            raise CommandError("a calendar for which policy?", hint="--policy NAME", exit_code=USAGE)
        return None
    return rules.sla[name] if calendar is None else replace(rules.sla[name], calendar=calendar)


def _kept(
    c: Connection, promises: Promises, supposed: Sla | None, since: datetime, now: datetime
) -> Counter[tuple[str, bool]]:
    """How many promises of each kind would have been kept, and how many broken."""
    count: Counter[tuple[str, bool]] = Counter()
    after, numbers = 0, [0]
    while numbers:
        numbers = sla_lists.numbers(c, since=since, after=after, limit=_MANY)
        after = numbers[-1] if numbers else after
        for found in filter(None, (promises_store.story(c, number) for number in numbers)):
            own, _ = promises.policy_of(found.ticket, found.customer)
            for each in promises.history(found.ticket, supposed or own, found.lines):
                if each.breached(now) or each.clock.state == "met":
                    count[each.clock.metric, not each.breached(now)] += 1
    return count


def _explained(
    found: Story, chosen: Sla | None, why: str, wrong: Sequence[str], history: Sequence[Promised], now: datetime
) -> Iterator[str]:
    ticket = found.ticket
    yield f"#{ticket.number}  {ticket.subject}"
    yield f"Policy    {chosen.id if chosen else 'none'} ({why}) · priority {ticket.priority} · status {ticket.status}"
    yield from (f"Wrong     {reason}" for reason in wrong)
    if not history:
        yield "Nothing is promised."
    for each in history:
        yield ""
        cycle = f" ({each.clock.cycle})" if each.clock.cycle > 1 else ""
        yield f"{measure(each)}{cycle}, on the clock of {each.target.hours.zone}"
        for step in steps(each, found.lines, now):
            yield f"  {when(each, step.at)}  {step.what:<9}{worked(step.worked):>9}  {step.cause}".rstrip()
        yield f"  {_sum(each, now)}"


def _sum(promised: Promised, now: datetime) -> str:
    """What was used and what is left, which together are what was promised."""
    clock, due = promised.clock, promised.due_at
    ran = promised.used(now)
    if clock.ended_at is not None:
        return f"= {worked(ran)} used, {'late' if promised.breached(now) else 'in time'}"
    if due is None:
        return (
            f"= {worked(ran)} used; it stands" if clock.state == "paused" else "= never due: its calendar does not open"
        )
    by_hand = " (set by hand: it stays)" if promised.target.span is None else ""
    if due <= now:
        return f"= overdue since {when(promised, due)}{by_hand}"
    left = promised.target.hours.between(now, due)
    return f"= {worked(ran)} used, {worked(left)} left: due {when(promised, due)}{by_hand}"


def _row(each: Running, now: datetime) -> tuple[str, ...]:
    ticket, due = each.ticket, each.due_at
    left = undue(each.state) if due is None else f"-{span(now - due)}" if due < now else span(due - now)
    name = each.metric.replace("_", " ")
    number, owner = str(ticket.number), ticket.assignee or "—"
    return (number, name, each.policy or "by hand", stamp(due)[:16], left, ticket.team, owner, ticket.subject)


def _running_json(each: Running) -> dict[str, Any]:
    return {
        "ticket": each.ticket.number,
        "metric": each.metric,
        "policy": each.policy,
        "state": each.state,
        "due_at": each.due_at,
        "team": each.ticket.team,
        "assignee": each.ticket.assignee,
    }


def _promised_json(each: Promised, taken: Sequence[Step]) -> dict[str, Any]:
    clock = each.clock
    return {
        "metric": clock.metric,
        "cycle": clock.cycle,
        "state": clock.state,
        "policy": each.policy,
        "calendar": each.target.hours.calendar.id,
        "started_at": clock.started_at,
        "due_at": each.due_at,
        "ended_at": clock.ended_at,
        "stages": [{"percent": stage, "at": at} for stage, at in each.stages],
        "steps": [
            {"at": s.at, "what": s.what, "worked_s": int(s.worked.total_seconds()), "cause": s.cause} for s in taken
        ],
    }
