"""What `ticket list` was asked for: words of a query and options, read as one query.

Not here what a query may say (ticket/query.py), what it finds (store/listing.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Invocation
from gateway.cli.failure import NOT_FOUND, USAGE, CommandError
from gateway.cli.output import block, printable
from gateway.rules.statuses import BUILT_IN
from gateway.rules.types import RuleSet
from gateway.ticket.query import SORTS, Choice, Query, parse_query, problems


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for beside the words of the query."""

    statuses: Sequence[str] = ()
    team: str | None = None
    mine: bool = False
    sort: str | None = None  # one of SORTS
    by: str | None = None  # agent; None is nobody


def query_of(invocation: Invocation, words: Sequence[str], options: Options) -> Query:
    """The query; with mistakes in it, each is printed and the command ends with 2.

    Raises  CommandError  whose tickets --mine asks for is not said (exit 2)
    """
    text = words[0] if len(words) == 1 else " ".join(map(_as_typed, words))
    query = parse_query(text, invocation.now(), statuses=tuple(BUILT_IN), me=options.by)
    if query.mistakes:  # a status may be one of this desk: the rules know
        query = parse_query(text, invocation.now(), statuses=tuple(_rules(invocation).statuses), me=options.by)
    if query.mistakes:
        templates = policy.templates_of(settings_of(invocation), invocation.clock)
        for problem in problems(query, templates.english):
            click.echo(block(str(problem)), err=True)
        click.get_current_context().exit(USAGE)
    return replace(
        query,
        conditions=(*query.conditions, *_choices(options)),
        sort=SORTS[options.sort] if options.sort else query.sort,
    )


def _choices(options: Options) -> Iterator[Choice]:
    if options.statuses:
        yield Choice("status", tuple(options.statuses))
    if options.team is not None:
        yield Choice("team", (options.team,))
    if options.mine:
        if options.by is None:
            raise CommandError("whose tickets?", hint="--mine --as AGENT, or MAILWICKET_AGENT=AGENT", exit_code=USAGE)
        yield Choice("assignee", (options.by,))


def must_exist(query: Query, invocation: Invocation) -> None:
    """A misspelt name is not one without tickets; one that the rules have no more may still have some.

    Raises  CommandError  the rules have no such status, team or agent (exit 4)
    """
    named = [(each.key, value) for each in query.conditions if isinstance(each, Choice) for value in each.values]
    asked = [(kind, value) for kind, value in named if kind in ("status", "team", "assignee") and value is not None]
    if not asked:
        return
    rules = _rules(invocation)
    known: dict[str, Iterable[str]] = {"status": rules.statuses, "team": rules.teams, "assignee": rules.agents}
    for kind, value in asked:
        if value not in known[kind]:
            what = f"there is no {'agent' if kind == 'assignee' else kind} “{printable(value, 60)}”"
            names = known[kind] if kind == "status" else sorted(known[kind])
            raise CommandError(what, hint=f"known: {', '.join(names)}", exit_code=NOT_FOUND)


def _rules(invocation: Invocation) -> RuleSet:
    settings = settings_of(invocation)
    return policy.read_rules(policy.rules_file(settings), policy.templates_of(settings, invocation.clock))


def _as_typed(word: str) -> str:
    """A word of the command line whose quotes the shell has taken gets them back."""
    if not any(character.isspace() for character in word) or '"' in word:
        return word
    field, colon, value = word.partition(":")
    return f'{field}:"{value}"' if colon and field.isalpha() else f'"{word}"'
