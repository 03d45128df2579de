"""`mailwicket`: which commands there are, and how a call ends.

Not here what commands share (context.py), exit codes (failure.py), when their modules are imported (late.py).
"""

import os
import sys
from collections.abc import Sequence

import click

from gateway.cli.declare import Group, Invocation
from gateway.cli.failure import exit_code_of, tell
from gateway.intake import deliver

# for whom, the name, where it is made, what it is for
_SECTIONS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Run",
        (
            ("serve", "gateway.cli.serve:serve", "Run the gateway until it is told to stop."),
            ("reload", "gateway.cli.reload:reload", "Let the daemon read rules, templates and keys again."),
            ("status", "gateway.cli.status:status", "Print what runs, which rules are in force, and what waits."),
            ("doctor", "gateway.cli.doctor:doctor", "Check the whole installation; each finding says what to do."),
            ("demo", "gateway.cli.demo:demo", "Play a whole gateway on this machine; nothing leaves."),
            ("deliver", "gateway.cli.deliver:deliver", "Hand one mail from an MTA's pipe to the daemon."),
            ("version", "gateway.cli.version:version", "Print the versions of the program and of what it stands on."),
        ),
    ),
    (
        "Rules",
        (
            ("rules", "gateway.cli.rules:rules", "Check the rules, run their tests, ask them about a mail."),
            ("templates", "gateway.cli.templates:templates", "Look at the mails we write; check, try, own them."),
            ("kb", "gateway.cli.kb:kb", "Look at knowledge articles; look for them, check them."),
            ("explain", "gateway.cli.explain:explain", "Print how a mail in a file is understood; store nothing."),
            ("why", "gateway.cli.why:why", "Print why a ticket, or a mail, became what it is."),
        ),
    ),
    (
        "Tickets and mail",
        (
            ("ticket", "gateway.cli.ticket:ticket", "Look at tickets, answer, change, merge and split them."),
            ("sla", "gateway.cli.sla:sla", "Look at what is promised, why it is due then, and what would be."),
            ("agent", "gateway.cli.agent:agent", "See who is there, and what waits for them; say who is away."),
            ("customer", "gateway.cli.customer:customer", "Look at customers, merge and mute them."),
            ("mail", "gateway.cli.mail:mail", "Look at accepted mail, and let it through, again or never."),
            ("import", "gateway.cli.import_mail:import_mail", "Bring the mail of an archive; nobody is told."),
            ("mailbox", "gateway.cli.mailbox:mailbox", "Look at mailboxes that are fetched; decide about old mail."),
            ("auth", "gateway.cli.auth:auth", "Agree that a mailbox is fetched, by a code."),
            ("account", "gateway.cli.account:account", "Print that every accepted mail ended somewhere."),
            ("queue", "gateway.cli.queue:queue", "Look at outgoing mail; send it now, or never."),
            ("outbound", "gateway.cli.outbound:outbound", "Stop all sending; see what is not sent, and why."),
            ("webhooks", "gateway.cli.webhooks:webhooks", "See which endpoints take what rules tell; tell it again."),
        ),
    ),
    (
        "Installation",
        (
            ("db", "gateway.cli.db:db", "Look after the database."),
            ("backup", "gateway.cli.backup:backup", "Write everything into a folder, while the gateway goes on."),
            ("restore", "gateway.cli.backup:restore_command", "Bring back what a backup holds; nothing is sent then."),
            ("verify", "gateway.cli.backup:verify", "Check that everything that was accepted is there."),
            ("audit", "gateway.cli.audit:audit", "Look at who changed what; check that the record is whole."),
            ("retention", "gateway.cli.retention:retention", "See and delete what was kept for long enough."),
            ("cron", "gateway.cli.cron:cron", "Look at what is done by the clock; run it now, let it stand."),
            ("config", "gateway.cli.config:config", "Show and check the configuration."),
        ),
    ),
)
_MADE_AT = {name: place for _, commands in _SECTIONS for name, place, _ in commands}


class Commands(Group):
    """The nouns, grouped by who needs them."""

    hides_global_options = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(_MADE_AT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section for each persona."""
        for title, commands in _SECTIONS:
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, _, text in commands])


main = Commands(
    "mailwicket",
    made_at=_MADE_AT,
    help="Customers write to support@, agents answer from their own mail program.",
    examples=("mailwicket ticket list --status open", "mailwicket why 4812"),
    subcommand_metavar="NOUN [VERB] ...",
)


def run(arguments: Sequence[str] | None = None, invocation: Invocation | None = None) -> int:
    """The console script: one call, and its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["deliver"] and given[1:] != ["--help"]:
        return deliver.main(given[1:])  # of an MTA: whatever is wrong, it is never exit 2
    invocation = invocation or Invocation()
    try:
        with main.make_context("mailwicket", given, obj=invocation) as ctx:
            main.invoke(ctx)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has seen enough
        return 0
    except (Exception, KeyboardInterrupt) as e:  # noqa: BLE001 -- outermost frame: every failure becomes an exit code
        tell(e, invocation.verbose, invocation.color)
        return exit_code_of(e)
    return 0
