"""`mailwicket cron`: what the daemon does by the clock; run one of it now, let it stand."""

import click

from gateway.cli.change import report
from gateway.cli.context import settings_of
from gateway.cli.declare import Group, Invocation, json_option, pass_invocation
from gateway.cli.rules_apply import author_of_this
from gateway.control import ask_daemon
from gateway.operations.jobs import AskJobs, PauseJob, RunJob


@click.group(cls=Group, examples=("mailwicket cron list", "mailwicket cron run remind"))
def cron() -> None:
    """Look at what is done by the clock; run it now, let it stand."""


@cron.command("list", examples=("mailwicket cron list", "mailwicket cron list --json"))
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, as_json: bool) -> None:
    """List the jobs of the running daemon: how often, how it went last, what keeps one from running."""
    done = ask_daemon(settings_of(invocation), "cron.list", AskJobs())
    report(invocation, done, "cron-list/1", dry_run=False, as_json=as_json)


@cron.command("run", examples=("mailwicket cron run remind", "mailwicket cron run wake --json"))
@click.argument("job")
@json_option
@pass_invocation
def run(invocation: Invocation, job: str, *, as_json: bool) -> None:
    """Run a job now, beside its turns, even if it is paused."""
    done = ask_daemon(settings_of(invocation), "cron.run", RunJob(job))
    report(invocation, done, "cron-run/1", dry_run=False, as_json=as_json)


@cron.command("pause", examples=("mailwicket cron pause send-digests", "mailwicket cron pause send-digests --resume"))
@click.argument("job")
@click.option("--resume", is_flag=True, help="Let it run again.")
@json_option
@pass_invocation
def pause(invocation: Invocation, job: str, *, resume: bool, as_json: bool) -> None:
    """Let a job stand, in every process of this database, also after a restart; --resume lets it run again."""
    done = ask_daemon(settings_of(invocation), "cron.pause", PauseJob(job, resume, author_of_this()))
    report(invocation, done, "cron-pause/1", dry_run=False, as_json=as_json)
