"""`mailwicket status`: what runs now, which rules are in force, and what waits."""

from collections.abc import Iterator
from datetime import datetime

import click

from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.mailboxes import known, went
from gateway.cli.output import block, counted, facts, print_json, print_lines, printable, span, stamp
from gateway.cli.running import State, state_of
from gateway.config import Maildir
from gateway.control import NOT_SERVED
from gateway.intake.mail_file import UnusableError
from gateway.intake.maildir import waiting
from gateway.store import inbound, jobs, outbox, restraint
from gateway.store.revisions import Revision, newest_revision


@click.command("status", cls=Command, examples=("mailwicket status", "mailwicket status --ready"))
@click.option("--ready", is_flag=True, help="Print nothing: 0 when a daemon answers, else 6. For scripts.")
@json_option
@pass_invocation
def status(invocation: Invocation, *, ready: bool, as_json: bool) -> None:
    """Print what runs, which rules are in force, and what waits. Without a daemon it ends with 6.

    STALE: the last reload was refused, and the gateway goes on with the rules it had.
    """
    state = state_of(settings_of(invocation))
    if not ready:
        maildirs = [_maildir(each, invocation) for each in settings_of(invocation).maildir]
        with reading(invocation) as c:
            force, mails, queue = newest_revision(c), inbound.account(c), outbox.counts(c)
            waiting, oldest = inbound.backlog(c)
            boxes = known(c, settings_of(invocation))
            stopped, backup_at = restraint.stopped(c), jobs.asked_until(c, jobs.BACKUP)
        if as_json:
            values = {
                "running": not state.why_not,
                "revision": state.revision,
                "stale": state.stale or None,
                "pending": waiting,
                "oldest_pending_at": oldest,
                "quarantine": mails.get("quarantine", 0),
                "outbox": queue,
                "sending_stopped": {"since": stopped[0], "by": stopped[1]} if stopped else None,
                "backup_at": backup_at,
                "maildirs": [{"name": name, "waiting": count, "oldest_at": at} for name, count, at, _ in maildirs],
                "mailboxes": boxes,
            }
            print_json("status/1", values)
        else:
            waits = f", the oldest for {span(invocation.now() - oldest)}" if oldest else ""
            shown = (
                ("Daemon", "running" if not state.why_not else printable(state.why_not)),
                ("Rules", _rules(state, force)),
                ("Mail", f"{waiting} not processed yet{waits}; {mails.get('quarantine', 0)} in quarantine"),
                *((f"Maildir {name}", said) for name, _, _, said in maildirs),
                *((f"Mailbox {box.name}", printable(went(box, invocation.now()), 500)) for box in boxes),
                ("Queue", ", ".join(f"{number} {name}" for name, number in sorted(queue.items())) or "empty"),
                ("Sending", _stopped(*stopped) if stopped else ""),
                ("Backup", f"{span(invocation.now() - backup_at)} ago" if backup_at else "none"),
            )
            print_lines(facts(shown))
            print_lines(_stale(state))
    if state.why_not:
        raise click.exceptions.Exit(NOT_SERVED)


def _maildir(of: Maildir, invocation: Invocation) -> tuple[str, int | None, datetime | None, str]:
    """(name, how many mails wait in it, since when, in words); None where it cannot be looked into."""
    try:
        count, since = waiting(of.path)
    except UnusableError as e:
        return of.name, None, None, f"{printable(str(of.path))}/new {e}"
    waits = f", the oldest for {span(invocation.now() - since)}" if since is not None else ""
    return of.name, count, since, f"{counted(count, 'mail')} not taken yet{waits}"


def _rules(state: State, force: Revision | None) -> str:
    if force is None:
        return "none were in force yet"
    here = "" if state.revision in (None, force.number) else f"; this daemon has revision {state.revision}"
    return f"revision {force.number}, loaded {stamp(force.loaded_at)} by {printable(force.author)}{here}"


def _stopped(at: datetime, by: str) -> str:
    """Why no mail leaves, and what lets it."""
    return f"STOPPED since {stamp(at)}, {by}: mailwicket outbound release"


def _stale(state: State) -> Iterator[str]:
    if state.stale:
        yield "! STALE: the last reload changed nothing, because"
        yield block(state.stale)
