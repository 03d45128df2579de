"""`mailwicket webhooks`: what endpoints of other programs took; what they did not take, once more."""

import click

from gateway.cli.change import have_done
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, dry_run_option, json_option, pass_invocation
from gateway.cli.output import Column, print_json, print_lines, stamp, table
from gateway.operations.webhooks import RetryEndpoint
from gateway.store.webhooks import Endpoint, endpoints

_COLUMNS = (
    Column("Endpoint"),
    Column("Waiting", right=True),
    Column("Taken", right=True),
    Column("Failed", right=True),
    Column("State", least=20),
)


@click.group(cls=Group, examples=("mailwicket webhooks list", "mailwicket webhooks retry billing"))
def webhooks() -> None:
    """See which endpoints take the events that rules tell them; tell failed ones once more."""


@webhooks.command("list", examples=("mailwicket webhooks list", "mailwicket webhooks list --json"))
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, as_json: bool) -> None:
    """List the endpoints of mailwicket.toml with the events of the last month."""
    with reading(invocation) as c:
        found = endpoints(c, settings_of(invocation).endpoints)
    if as_json:
        print_json("webhooks-list/1", {"endpoints": found})
        return
    rows = ((e.name, str(e.waiting), str(e.taken), str(e.failed), _state(e)) for e in found)
    print_lines(
        table(_COLUMNS, rows, invocation.columns()) if found else ["no endpoints: [[webhook]] of mailwicket.toml"]
    )


@webhooks.command(
    "retry", examples=("mailwicket webhooks retry billing", "mailwicket webhooks retry billing --dry-run")
)
@click.argument("endpoint")
@dry_run_option
@json_option
@pass_invocation
def retry(invocation: Invocation, endpoint: str, *, dry_run: bool, as_json: bool) -> None:
    """Tell an endpoint once more what it did not take; one that is off is on again."""
    wanted = RetryEndpoint(endpoint)
    have_done(invocation, "webhooks.retry", wanted, dry_run=dry_run, as_json=as_json)


def _state(endpoint: Endpoint) -> str:
    if endpoint.trouble_since is None:
        return "takes events" if endpoint.taken else "was told nothing yet"
    since = f"takes nothing since {stamp(endpoint.trouble_since)}"
    return f"OFF, {since}" if endpoint.off else since
