"""`mailwicket account`: every accepted mail ended somewhere, or waits (acceptance P-2)."""

from typing import get_args

import click

from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.output import Column, print_json, print_lines, span, table
from gateway.store import inbound
from gateway.ticket.types import Disposition

_ENDS = {
    "ticket": "opened a ticket",
    "entry": "went into a ticket that existed",
    "report": "about a mail of ours",
    "duplicate": "came before",
    "record": "kept without an entry",
    "quarantine": "kept aside, for a person",
}


@click.command("account", cls=Command, examples=("mailwicket account", "mailwicket account --json"))
@json_option
@pass_invocation
def account(invocation: Invocation, *, as_json: bool) -> None:
    """Print how many mails were accepted, and where each ended.

    received = ticket + entry + report + duplicate + record + quarantine + pending
    """
    with reading(invocation) as c:
        counted = inbound.account(c)
        _, oldest = inbound.backlog(c)
    counted = {name: counted.get(name, 0) for name in ("received", *get_args(Disposition), "pending")}
    if as_json:
        print_json("account/1", {**counted, "oldest_pending_at": oldest})
        return
    waits = f"not processed yet, the oldest for {span(invocation.now() - oldest)}" if oldest else "not processed yet"
    said = {**_ENDS, "received": "", "pending": waits}
    columns = (Column("Mails", right=True), Column("Became"), Column("Meaning"))
    rows = ((str(number), name, said[name]) for name, number in counted.items())
    print_lines(table(columns, rows, invocation.columns()))
