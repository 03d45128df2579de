"""`mailwicket deliver`: the same as `python -I -m gateway.intake.deliver`, which starts faster."""

import click

from gateway.cli.declare import Exemplified
from gateway.intake.deliver import main


@click.command(
    "deliver",
    cls=Exemplified,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    examples=(
        "mailwicket deliver -f jan@bigbank.test -- support@acme.test < mail.eml",
        "mailwicket deliver -f jan@bigbank.test -a vip -- support@acme.test < mail.eml",
    ),
    options_metavar="-f SENDER [-a EXT] [--socket PATH] --",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="RECIPIENT...")
@click.pass_context
def deliver(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Hand one mail, on standard input, from an MTA's pipe to the daemon.

    \b
      -f SENDER      the return path; empty or <> for the null one
      -a EXT         the extension that the MTA took off the recipient
      --socket PATH  the daemon's LMTP socket (/run/mailwicket/lmtp.sock)

    \b
    Exit codes: 0 the gateway has the mail; 65 it is too large; 67 the recipient is
    unknown; 75 whatever else: the MTA keeps it and tries again.
    """
    ctx.exit(main(arguments))
