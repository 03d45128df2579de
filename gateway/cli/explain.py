"""`mailwicket explain`: one mail from a file, as the gateway understands it, with all the evidence. Writes nothing.

It is read by a parser child like any mail of a stranger, and goes through the same stages as live (rehearsal.py).
Not here what is shown (mail_explained.py): it is imported while the child starts.
"""

from typing import BinaryIO

import click

from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.late import late
from gateway.cli.mail_file import octets_of, read


@click.command("explain", cls=Command, examples=("mailwicket explain sample.eml", "mailwicket explain - < sample.eml"))
@click.argument("mail", type=click.File("rb"), metavar="FILE|-")
@json_option
@pass_invocation
def explain(invocation: Invocation, mail: BinaryIO, *, as_json: bool) -> None:
    """Print how a mail is understood: who wrote what, its files, its kind, its ticket, the rules, and why.

    Tickets and customers are looked up when there is a database. Nothing is stored or sent.
    """
    settings = settings_of(invocation)
    raw = octets_of(settings, mail)
    message, explaining = read(
        settings, raw, lambda: late("gateway.cli.mail_explained:explaining")(invocation, settings)
    )
    explaining.show(raw, message, as_json=as_json)
