"""`mailwicket rules explain`: what the rules would make of a mail in a file.

Sources  rules.md §7.
Not here how the mail is read (explain.py).
"""

from pathlib import Path
from typing import BinaryIO

import click

from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.explained import Asked, differences, rules_of
from gateway.cli.failure import USAGE, CommandError
from gateway.cli.mail_file import octets_of, read
from gateway.cli.output import print_json, print_lines, printable
from gateway.rules import quantities
from gateway.rules.types import EVENTS, Event


@click.command(
    "explain",
    cls=Command,
    examples=("mailwicket rules explain sample.eml -v", "mailwicket rules explain sample.eml --diff new.yaml"),
)
@click.argument("mail", type=click.File("rb"), metavar="FILE|-")
@click.option(
    "--event", type=click.Choice(EVENTS), metavar="EVENT", help="Suppose this event instead of what the mail raises."
)
@click.option(
    "--as-ticket", type=click.IntRange(min=1), metavar="N", help="Suppose that the mail belongs to this ticket."
)
@click.option("--at", metavar="TIME", help="The time to suppose, ISO 8601 with its zone.")
@click.option("--only", metavar="ID", help="Only this rule.")
@click.option(
    "--diff", "other", type=click.Path(path_type=Path), metavar="FILE", help="What another rule file would change."
)
@json_option
@pass_invocation
def explain(
    invocation: Invocation,
    mail: BinaryIO,
    *,
    event: Event | None,
    as_ticket: int | None,
    at: str | None,
    only: str | None,
    other: Path | None,
    as_json: bool,
) -> None:
    """Say what would become of a mail, and why: how it is read and threaded, each rule, each mail sent.

    Tickets and customers are looked up when there is a database. Nothing is stored or sent. -v shows the stages.
    """
    now = quantities.moment(at) if at else invocation.now()
    if now is None:
        raise CommandError(f"no time: {printable(at or '')}", hint="--at 2026-11-21T22:10:00+01:00", exit_code=USAGE)
    settings = settings_of(invocation)
    asked = Asked(octets_of(settings, mail), now, event, as_ticket)
    files = (None,) if other is None else (None, other)
    message, rules = read(
        settings, asked.raw, lambda: [rules_of(settings, invocation.clock, file, only) for file in files]
    )
    shown = [each.explained(invocation, asked, message) for each in rules]
    if other is not None:
        print_lines(differences(*shown))
    elif as_json:
        print_json("rules-explain/1", shown[0].values())
    else:
        print_lines(shown[0].lines(invocation.columns(), stages=invocation.verbose > 0))
