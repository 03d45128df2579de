"""`mailwicket ticket assign | move | set | tag | snooze | close | reopen | spam | link | merge | split | undo`."""

from datetime import datetime

import click

from gateway.cli.change import Asked, asking, pair
from gateway.cli.declare import ENTRY, TICKET, Command
from gateway.cli.failure import USAGE, CommandError
from gateway.cli.time import Time
from gateway.operations.merges import Merge, Split
from gateway.operations.tickets import Change, Link
from gateway.operations.undoing import Undo
from gateway.rules.types import LINK_KINDS

_DUE = Time(ahead=True)
_number = click.argument("number", type=TICKET)
_numbers = click.argument("numbers", type=TICKET, nargs=-1, required=True, metavar="NUMBER...")
_reason = click.option("--reason", metavar="WORDS", help="Why, in a few words; they stand beside the status.")


class _Tagging(Command):
    """`-b` takes the tag b away, where it is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As every command, with the tags after a minus as an option."""
        options = {name for parameter in self.get_params(ctx) for name in parameter.opts} | {"-vv", "-h"}
        minus = [a for a in args if a.startswith("-") and not a.startswith("--") and a not in options and len(a) > 1]
        return super().parse_args(ctx, [f"--remove={a[1:]}" if a in minus else a for a in args])


@click.command(
    "assign",
    cls=Command,
    examples=("mailwicket ticket assign 4812 ana", "mailwicket ticket assign 4812 none --as piotr"),
)
@_number
@click.argument("agent")
@asking
def assign(asked: Asked, number: int, agent: str) -> None:
    """Make an agent the owner, who does the work; `none` takes the owner away."""
    asked.have_done("ticket.change", Change((number,), fields=(("assignee", agent),), by=asked.by))


@click.command(
    "move",
    cls=Command,
    examples=("mailwicket ticket move 4812 billing", "mailwicket ticket move 4812 billing --dry-run"),
)
@_number
@click.argument("team")
@asking
def move(asked: Asked, number: int, team: str) -> None:
    """Give a ticket to another team; an owner who is no member of it is taken away."""
    asked.have_done("ticket.change", Change((number,), fields=(("team", team),), by=asked.by))


@click.command(
    "set",
    cls=Command,
    examples=(
        "mailwicket ticket set 4812 priority=high status=on_hold",
        "mailwicket ticket set 4812 order=PL-10442 responsible=ana due=3d",
    ),
)
@_number
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@_reason
@asking
def set_command(asked: Asked, number: int, values: tuple[str, ...], reason: str | None) -> None:
    """Set fields: priority, status, subject, language, assignee, responsible, team, due, and those of the rules.

    `none` takes a value away. All of them are set, or none is.
    """
    pairs = [pair(value) for value in values]
    status = next((value for name, value in pairs if name == "status"), None)
    fields = tuple((name, _due(value) if name == "due" else value) for name, value in pairs if name != "status")
    asked.have_done("ticket.change", Change((number,), fields, status=status, reason=reason, by=asked.by))


@click.command(
    "tag",
    cls=_Tagging,
    examples=("mailwicket ticket tag 4812 +vip -waiting", "mailwicket ticket tag 4812 refund --remove vip"),
)
@_number
@click.argument("tags", nargs=-1, metavar="+TAG... -TAG...")
@click.option("--remove", multiple=True, metavar="TAG", help="Take a tag away, as -TAG.")
@asking
def tag(asked: Asked, number: int, tags: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Add tags (+vip, or vip) and take tags away (-vip)."""
    if not tags and not remove:
        raise CommandError("there is no tag", hint="mailwicket ticket tag 4812 +vip -waiting", exit_code=USAGE)
    added = tuple(word.removeprefix("+") for word in tags)
    asked.have_done("ticket.change", Change((number,), add_tags=added, remove_tags=remove, by=asked.by))


@click.command(
    "snooze",
    cls=Command,
    examples=("mailwicket ticket snooze 4812 2d", "mailwicket ticket snooze 4812 '2026-12-01 09:00'"),
)
@_number
@click.argument("until", type=_DUE)
@_reason
@asking
def snooze(asked: Asked, number: int, until: datetime, reason: str | None) -> None:
    """Put a ticket aside until a time; then it is as it was before. A reply of the customer wakes it.

    The time is 2h, 3d, 2026-12-01 or "2026-12-01 09:00" (UTC), or one with its zone.
    """
    asked.have_done("ticket.change", Change((number,), status="snoozed", until=until, reason=reason, by=asked.by))


@click.command(
    "close", cls=Command, examples=("mailwicket ticket close 4812", "mailwicket ticket close 4812 4809 --as ana")
)
@_numbers
@_reason
@asking
def close(asked: Asked, numbers: tuple[int, ...], reason: str | None) -> None:
    """Close tickets; nobody is told."""
    asked.have_done("ticket.change", Change(numbers, status="closed", reason=reason, by=asked.by))


@click.command(
    "reopen",
    cls=Command,
    examples=("mailwicket ticket reopen 4812", "mailwicket ticket reopen 4812 --reason 'no refund yet'"),
)
@_numbers
@_reason
@asking
def reopen(asked: Asked, numbers: tuple[int, ...], reason: str | None) -> None:
    """Open tickets that are waiting, solved, closed, snoozed or spam."""
    asked.have_done("ticket.change", Change(numbers, status="open", reason=reason, by=asked.by))


@click.command(
    "spam", cls=Command, examples=("mailwicket ticket spam 4813", "mailwicket ticket spam 4813 4814 --dry-run")
)
@_numbers
@asking
def spam(asked: Asked, numbers: tuple[int, ...]) -> None:
    """Say that tickets are spam: closed, and no reply opens them. `ticket reopen` takes it back."""
    asked.have_done("ticket.change", Change(numbers, status="spam", by=asked.by))


@click.command(
    "link",
    cls=Command,
    examples=("mailwicket ticket link 4812 4790 --kind duplicate", "mailwicket ticket link 4812 4790 --remove"),
)
@_number
@click.argument("other", type=TICKET)
@click.option(
    "--kind", type=click.Choice(LINK_KINDS), default="related", show_default=True, help="What OTHER is to it."
)
@click.option("--remove", is_flag=True, help="Take the link away.")
@asking
def link(asked: Asked, number: int, other: int, kind: str, *, remove: bool) -> None:
    """Say that two tickets belong together; both show it, each in its own words."""
    asked.have_done("ticket.link", Link(number, other, kind, remove, asked.by))


@click.command(
    "merge",
    cls=Command,
    examples=("mailwicket ticket merge 4813 4812", "mailwicket ticket merge 4813 4812 --dry-run"),
)
@_number
@click.argument("into", type=TICKET)
@asking
def merge(asked: Asked, number: int, into: int) -> None:
    """Put a ticket into another one: its entries and people go there, and so do replies to its number."""
    asked.have_done("ticket.merge", Merge(number, into, asked.by))


@click.command(
    "split",
    cls=Command,
    examples=("mailwicket ticket split 4812", "mailwicket ticket split 4812 --entry e-17 --as ana"),
)
@_number
@click.option("--entry", type=ENTRY, metavar="E", help="Which mail; the newest where it is not said.")
@asking
def split(asked: Asked, number: int, entry: int | None) -> None:
    """Make a mail of a ticket a ticket of its own, of whoever wrote it; both are linked."""
    asked.have_done("ticket.split", Split(number, entry, asked.by))


@click.command("undo", cls=Command, examples=("mailwicket ticket undo u-318", "mailwicket ticket undo u-318 --dry-run"))
@click.argument("id")
@asking
def undo(asked: Asked, id: str) -> None:
    """Take back a merge, a split, or the commands of a mail; the receipt is in the history of the ticket."""
    asked.have_done("ticket.undo", Undo(id, asked.by))


def _due(text: str) -> str:
    return text if text == "none" else _DUE.convert(text, None, click.get_current_context()).isoformat()
