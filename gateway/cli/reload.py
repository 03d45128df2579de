"""`mailwicket reload`: what SIGHUP does, for a person who gets the answer."""

import click

from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, pass_invocation
from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.output import block, print_lines, printable
from gateway.cli.rules_apply import author_of_this
from gateway.control import ControlError, ask_daemon
from gateway.operations.revisions import LoadRules


@click.command("reload", cls=Command, examples=("mailwicket reload", "mailwicket reload -c ./mailwicket.toml"))
@pass_invocation
def reload(invocation: Invocation) -> None:
    """Let the daemon read rules, templates and keys again.

    All of it is read, checked and tested before anything changes. What is wrong is printed, ends with 1, and keeps
    what is in force. Without a daemon it ends with 6.
    """
    try:
        done = ask_daemon(settings_of(invocation), "rules.load", LoadRules(author_of_this()))
    except ControlError as e:
        if e.exit_code != FINDINGS:
            raise
        print_lines([block(e.text)])
        raise CommandError("nothing was loaded; what was in force stays", exit_code=FINDINGS) from e
    print_lines(f"✓ {printable(each.said)}" for each in done)
