"""`mailwicket rules backtest`: what a rule file would have changed, on the mail of the last days.

Sources  rules.md §7.
Not here asking the rules again and comparing (backtest.py), bringing them into force (rules_apply.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from gateway import policy
from gateway.backtest import NOT_REPLAYED, Compared, Difference, compared
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.output import columns_of, counted, print_json, print_lines, printable
from gateway.cli.progress import Progress, number
from gateway.cli.rules_apply import broken
from gateway.cli.time import Time
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.errors import ConfigError
from gateway.lookups import read_once
from gateway.policy import RuleFile
from gateway.store.revisions import newest_revision
from gateway.store.situations import count_since, situations_since
from gateway.ticket.token import TokenRing
from gateway.trial import revision_file, tried

_EXAMPLE = 40  # characters of a subject
_NO_KEY = bytes(32)  # nothing is composed, so no token is made
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of asking again."""

    asked: int
    different: tuple[Compared, ...]
    unreadable: int  # kept in a form of another version
    missing: int  # decided before situations were kept
    bar: str

    @property
    def groups(self) -> list[tuple[Difference, list[Compared]]]:
        """The mails of each kind of difference, the most frequent first."""
        found: dict[tuple[str, str], tuple[Difference, list[Compared]]] = {}
        for mail in self.different:
            for difference in mail.differences:
                found.setdefault((difference.kind, difference.change), (difference, []))[1].append(mail)
        return sorted(found.values(), key=lambda group: -len(group[1]))


@click.command(
    "backtest",
    cls=Command,
    examples=("mailwicket rules backtest new.yaml --since 30d", "mailwicket rules backtest new.yaml --fail-if-changed"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", type=Time(), metavar="T", help="Mail decided since: 2h, 3d, 2026-11-21; 30d if not given.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="About so many mails, spread over the time.")
@click.option("--open", "opened", is_flag=True, help="List every mail that would be different.")
@click.option("--fail-if-changed", is_flag=True, help="A difference ends with 1.")
@json_option
@pass_invocation
def backtest(
    invocation: Invocation,
    file: Path,
    *,
    since: datetime | None,
    sample: int | None,
    opened: bool,
    fail_if_changed: bool,
    as_json: bool,
) -> None:
    """Ask a rule file about mail that came, and tell what differs from the rules in force.

    Each mail is decided twice, in its own time, by what was known when it came. Nothing is sent and nothing is stored.
    """
    settings = settings_of(invocation)
    found = _asked(invocation, settings, file, since or invocation.now() - _MONTH, sample)
    if as_json:
        print_json("rules-backtest/1", _values(found, opened=opened))
    else:
        print_lines(_lines(found, opened=opened))
    if fail_if_changed and found.different:
        raise click.exceptions.Exit(FINDINGS)


def _asked(invocation: Invocation, settings: Settings, file: Path, since: datetime, sample: int | None) -> _Found:
    target = policy.rules_file(settings)
    with reading(invocation) as c:
        force = newest_revision(c)
        if force is None:
            raise CommandError("nothing was in force yet", hint="the first start makes revision 1", exit_code=NOT_FOUND)
        new = _deps(invocation, settings, RuleFile(target.name, _text(invocation, file), target.parent))
        old = _deps(invocation, settings, revision_file(settings, force))
        decided, kept = count_since(c, since)
        every = max(1, -(-kept // sample)) if sample else 1
        progress = Progress(invocation, "backtest", kept // every, "mails")
        different, unreadable, asked = [], 0, 0
        for one in compared(situations_since(c, since, every), old, new):
            progress.step()
            if one is None:
                unreadable += 1
                continue
            asked += 1
            if one.differences:
                different.append(one)
        progress.end()
        return _Found(asked, tuple(different), unreadable, max(0, decided - kept), progress.bar())


def _text(invocation: Invocation, file: Path) -> str:
    try:
        return policy.text_of(file)
    except ConfigError as e:
        raise broken(invocation, e) from e


def _deps(invocation: Invocation, settings: Settings, file: RuleFile) -> Deps:
    try:
        rules, templates = tried(settings, file, invocation.clock, tests=False)
    except ConfigError as e:
        raise broken(invocation, e) from e
    tables = read_once(settings)
    return policy.deps(settings, rules, TokenRing.of(_NO_KEY), templates, invocation.clock, tables=tables)


def _lines(found: _Found, *, opened: bool) -> Iterator[str]:
    yield found.bar
    yield f"  unchanged {number(found.asked - len(found.different))} · different {number(len(found.different))}"
    yield from _table([_row(difference, mails) for difference, mails in found.groups])
    rest = [NOT_REPLAYED]
    if found.missing:
        rest.append(f"{counted(found.missing, 'mail')} settled before the rules or by an earlier version")
    if found.unreadable:
        rest.append(f"{counted(found.unreadable, 'mail')} kept by another version")
    hint = f"   --open lists all {number(len(found.different))} side by side" if found.different and not opened else ""
    yield f"  Not replayed: {', '.join(rest)}.{hint}"
    if opened:
        for mail in found.different:
            yield f"  {_name(mail)}  “{printable(mail.subject, _EXAMPLE)}”"
            yield from (f"  {line}" for line in _table([_told(d) for d in mail.differences]))


def _row(difference: Difference, mails: Sequence[Compared]) -> tuple[str, ...]:
    kind, change, because = _told(difference)
    example = f"e.g. {_name(mails[0])} “{printable(mails[0].subject, _EXAMPLE)}”"
    return kind, change, number(len(mails)), example, because


def _told(difference: Difference) -> tuple[str, str, str]:
    return difference.kind or "ends as", printable(difference.change, 80), printable(difference.because, 120)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned, without a head."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True))
        yield f"    {'   '.join(cells)}".rstrip()


def _name(mail: Compared) -> str:
    return f"#{mail.ticket}" if mail.ticket is not None else f"m-{mail.mail}"


def _values(found: _Found, *, opened: bool) -> dict[str, object]:
    groups = [
        {
            "kind": difference.kind or "end",
            "change": difference.change,
            "mails": len(mails),
            "example": f"m-{mails[0].mail}",
            "because": difference.because,
        }
        for difference, mails in found.groups
    ]
    values: dict[str, object] = {
        "asked": found.asked,
        "different": len(found.different),
        "groups": groups,
        "not_replayed": {"missing": found.missing, "unreadable": found.unreadable},
    }
    return values | ({"mails": found.different} if opened else {})
