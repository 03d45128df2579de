"""`mailwicket why`: the reasons that were stored when the mails of a ticket were processed."""

import re
from collections.abc import Sequence
from dataclasses import replace

import click
from sqlalchemy import Connection

from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.mail_show import found_mail, mail_json
from gateway.cli.output import print_json, print_lines, printable
from gateway.cli.why_as_test import as_test
from gateway.operations.reasons import explanation_of, happening_reasons, mail_reasons, rule_reasons
from gateway.rules.types import Trace
from gateway.store import inbound, tickets
from gateway.store.happenings import Happening, happenings
from gateway.store.inbound import MailRow
from gateway.store.situations import find_situation
from gateway.ticket.types import Explanation


@click.command(
    "why", cls=Command, examples=("mailwicket why 4812 --rule refunds-to-billing", "mailwicket why m-55120 --json")
)
@click.argument("name", metavar="TICKET")
@click.option("--message", type=click.IntRange(min=1), metavar="N", help="Only the Nth mail of the ticket.")
@click.option("--rule", metavar="ID", help="Only what this rule asked and saw.")
@click.option("--as-test", "test", is_flag=True, help="Print the first mail as an entry for `tests:` of the rules.")
@json_option
@pass_invocation
def why(invocation: Invocation, name: str, *, message: int | None, rule: str | None, test: bool, as_json: bool) -> None:
    """Print why a ticket, or a mail, became what it is.

    For each mail: how it was read and threaded, which rules were looked at with the values they saw,
    and which mails went out or were held back. TICKET is 4812, or a mail: m-55120.
    """
    with reading(invocation) as c:
        mails = _mails(c, name)
        if message is not None:
            mails = _nth(mails, message, name)
        reasons = [(row, explanation_of(c, row)) for row in mails]
        others = _happenings(c, name) if message is None else []
        kept = find_situation(c, mails[0].id) if test and mails else None
    if rule is not None:
        reasons = [(row, _of_rule(said, rule)) for row, said in reasons]
        if not any(said is not None and said.rules is not None and said.rules.hits for _, said in reasons):
            what = f"rule “{printable(rule, 60)}” was not looked at for a mail of {printable(name)}"
            raise CommandError(what, hint=f"mailwicket why {printable(name)}", exit_code=NOT_FOUND)
    if test:
        row, said = reasons[0]
        trace = said.rules if said is not None and said.rules is not None else Trace(0, "", ())
        print_lines(as_test(invocation, settings_of(invocation), row, kept, trace))
    elif as_json:
        shown = [{"mail": mail_json(row), "explanation": said} for row, said in reasons]
        print_json("why/1", {"mails": shown, "happenings": others})
    elif rule is not None:
        for row, said in reasons:
            print_lines(rule_reasons(row, said, invocation.columns()))
    else:
        for number, (row, said) in enumerate(reasons):
            print_lines([""] if number else [])
            print_lines(mail_reasons(row, said, invocation.columns()))
        for happened in others:
            print_lines(["", *happening_reasons(happened, invocation.columns())])


def _of_rule(said: Explanation | None, rule: str) -> Explanation | None:
    """The reasons with one rule alone."""
    if said is None or said.rules is None:
        return said
    hits = tuple(hit for hit in said.rules.hits if hit.rule == rule)
    return replace(said, rules=replace(said.rules, hits=hits, other_events=()))


def _mails(c: Connection, name: str) -> Sequence[MailRow]:
    if re.fullmatch("q-[0-9]{1,18}", name):
        what = f"“{name}” is an outgoing mail"
        raise CommandError(what, hint=f"mailwicket queue show {name}", exit_code=NOT_FOUND)
    digits = name.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18) or inbound.find(c, name) is not None:
        return (found_mail(c, name),)
    if tickets.find_ticket(c, int(digits)) is None:
        raise CommandError(f"there is no ticket {digits}", hint="mailwicket ticket list", exit_code=NOT_FOUND)
    return inbound.of_ticket(c, int(digits))


def _happenings(c: Connection, name: str) -> list[Happening]:
    digits = name.removeprefix("#")
    named = digits.isascii() and digits.isdecimal() and len(digits) <= 18 and inbound.find(c, name) is None
    return happenings(c, int(digits)) if named else []


def _nth(mails: Sequence[MailRow], number: int, name: str) -> Sequence[MailRow]:
    if number > len(mails):
        what = f"{printable(name)} has {len(mails)} mails"
        raise CommandError(what, hint=f"mailwicket why {printable(name)}", exit_code=NOT_FOUND)
    return (mails[number - 1],)
