"""`mailwicket auth login`: a person agrees that the gateway fetches a mailbox, by a code on another device."""

import time
from datetime import timedelta

import click

from gateway.cli.change import report
from gateway.cli.context import settings_of
from gateway.cli.declare import Group, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.mailboxes import account_of
from gateway.cli.output import printable, span
from gateway.cli.rules_apply import author_of_this
from gateway.control import operate
from gateway.intake.oauth import NoLeaveError, agreed, invitation
from gateway.operations.mailboxes import NewLeave


@click.group(cls=Group, examples=("mailwicket auth login support", "mailwicket auth login support --json"))
def auth() -> None:
    """Agree that the gateway fetches a mailbox (OAuth 2.0)."""


@auth.command("login", examples=("mailwicket auth login support", "mailwicket -c ./mailwicket.toml auth login support"))
@click.argument("mailbox")
@json_option
@pass_invocation
def login(invocation: Invocation, mailbox: str, *, as_json: bool) -> None:
    """Say where to go and which code to type there, wait for it, and keep the leave.

    The mailbox needs oauth.device_url; whoever agrees has to be signed in there as the user of the mailbox.
    """
    account = account_of(invocation, mailbox)
    if account.oauth is None or account.oauth.grant != "refresh":
        hint = 'auth = "xoauth2", and oauth = {token_url = …, device_url = …, client_id = …}'
        raise CommandError(f"nobody has to agree for mailbox {mailbox}", hint=hint, exit_code=NOT_FOUND)
    try:
        invited = invitation(account.oauth)
        lasts = span(timedelta(seconds=invited.lasts_s))
        click.echo(f"Open {printable(invited.address, 500)} as {printable(account.user)}, and type", err=True)
        click.echo(f"\n    {printable(invited.code)}\n\nwithin {lasts}. Waiting …", err=True)
        got = agreed(account.oauth, invited, time.sleep)
    except NoLeaveError as e:
        raise CommandError("there is no leave", printable(str(e), 300), "ask again", exit_code=FINDINGS) from e
    if got.refresh is None:
        hint = "oauth.scope may need offline_access"
        raise CommandError("the token server gave nothing that lasts", hint=hint, exit_code=FINDINGS)
    wanted = NewLeave(account.name, got.refresh, got.refresh_lasts_s, author_of_this())
    done = operate(settings_of(invocation), "mailbox.leave", wanted, clock=invocation.clock)
    report(invocation, done, "auth-login/1", dry_run=False, as_json=as_json)
