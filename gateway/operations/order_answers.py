"""What questions of agents are answered: a ticket and its reasons, lists, counts, help. Nothing is changed.

Sources  agents-by-mail.md §4 (`#why` … `#help`), §8: whatever an agent may not see is not there.
Not here what changes something (orders.py), the mail that the answer is (order_mails.py).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.digests import zone_of
from gateway.message.shown import block, printable, stamp
from gateway.message.types import Mailbox
from gateway.operations.agents import said_of
from gateway.operations.canned import Use, spoken
from gateway.operations.order_types import Asker
from gateway.operations.reasons import explanation_of, happening_reasons, mail_reasons
from gateway.operations.tongue import tongue_of
from gateway.operations.types import Duty
from gateway.rules.types import Agent
from gateway.store import audit, counts, held_mail, inbound, listing, tickets
from gateway.store.absences import absent
from gateway.store.happenings import happenings
from gateway.store.held_mail import HeldMail
from gateway.ticket.change import shown, value_of
from gateway.ticket.command_table import COMMANDS, Vocabulary, squeezed
from gateway.ticket.command_values import Snippet, Wrong
from gateway.ticket.commands import Command
from gateway.ticket.goes_to import and_others, beside
from gateway.ticket.meant import meant
from gateway.ticket.query import Query, parse_query, problems
from gateway.ticket.saying import Saying, Tongue, filled, saying, worded
from gateway.ticket.types import Entry, File, Participant, Ticket
from gateway.ticket.visibility import seen_by, sees, teams_of

MOST_ROWS = 50
_LOOKED_AT = 500  # tickets that a query finds, some of which the agent may not see
_MOST_LINES = 400
_WIDTH = 100
_BEGINNING = 3  # letters of a command's name by which it is guessed
_MOST_OCTETS = 20 << 20  # of an original that is attached
_LISTS: Mapping[str, str] = {
    "": "assignee:me is:open sort:due",
    "mine": "assignee:me is:open sort:due",
    "waiting": "is:waiting sort:due",
    "breach": "is:open sort:due",
}


_PEOPLE = ("assignee", "responsible")
_NAMING = ("ticket.linked", "ticket.unlinked", "ticket.merged", "ticket.split")  # their details name another ticket
_NUMBER = re.compile(r"#([1-9][0-9]{0,17})")
_OF_TICKETS = ("why", "history", "original", "show", "macro?", "use?")


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket of a list: what stands in it, and what can be done by one tap."""

    cells: tuple[str, ...]
    actions: tuple[str, ...]  # commands


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to one question."""

    title: str
    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    files: tuple[File, ...] = ()


def answer_to(c: Connection, command: Command, asker: Asker, duty: Duty, words: Mapping[str, str]) -> Said:
    """The answer to a question about what its asker may see.

    words  of the strings of his language
    """
    number = command.value if isinstance(command.value, int) else asker.number
    ticket = tickets.find_ticket(c, number) if number is not None else None
    title = printable(command.written, 80)
    if ticket is not None and not sees(asker.agent, ticket, duty.deps.rules):
        ticket = None
    if ticket is None and command.name in _OF_TICKETS:
        return Said(title, (Wrong("unseen", (("number", str(number or "?")),)).said(words),))
    match command.name, command.value:
        case "why", _ if ticket is not None:
            return Said(title, tuple(_why(c, ticket))[:_MOST_LINES])
        case "history", _ if ticket is not None:
            return Said(title, _newest(tuple(_history(c, ticket, asker, duty))))
        case "original", _ if ticket is not None:
            return _original(c, ticket, title, tongue_of(asker.agent, duty.deps, duty.now))
        case "show", _ if ticket is not None:
            return Said(title, tuple(_show(c, ticket, asker, duty, words))[:_MOST_LINES])
        case "macro?", Snippet(name, values) if ticket is not None:
            return _canned(ticket, Use(name, values), title, asker, duty)
        case "use?", str(id) if ticket is not None:
            return _canned(ticket, Use(id, kind="article"), title, asker, duty)
        case "list", str(asked):
            return _listed(c, title, asked, asker.agent, duty, words)
        case "search", str(asked):
            return _listed(c, title, asked, asker.agent, duty, words)
        case "stats", _:
            return _stats(c, title, asker.agent, duty, words)
        case "help", str(about):
            first = () if asker.item is None or about else (asker.item.waits,)
            rows = () if asker.item is None or about else (Row((), asker.item.choices),)
            return Said(title, (*first, *_help(about, asker.agent, duty, words)), (), rows)
    raise ValueError(f"{command.name} is no question")


def _canned(ticket: Ticket, use: Use, title: str, asker: Asker, duty: Duty) -> Said:
    """What would be inserted, or why nothing would; the asker may read what customers may not."""
    public = use.kind != "article" or use.name not in duty.deps.desk.templates.articles.internal
    found = spoken(ticket, use, asker.agent.id, duty.deps, public=public)
    if isinstance(found, Saying):
        return Said(title, (worded(found, tongue_of(asker.agent, duty.deps, duty.now)),))
    return Said(title, tuple(found.words.text.splitlines()))


def _why(c: Connection, ticket: Ticket) -> Iterator[str]:
    for row in inbound.of_ticket(c, ticket.number):
        yield from mail_reasons(row, explanation_of(c, row), _WIDTH)
        yield ""
    for given in audit.find_rows(c, ticket=ticket.number, action="owner"):
        yield printable(f"Owner     {given.detail or '(erased)'}  {stamp(given.at)}")
    for happened in happenings(c, ticket.number):
        yield from happening_reasons(happened, _WIDTH)
        yield ""


def _history(c: Connection, ticket: Ticket, asker: Asker, duty: Duty) -> Iterator[str]:
    tongue = tongue_of(asker.agent, duty.deps, duty.now)
    yield _zone(asker.agent, duty, tongue)
    for row in (*audit.find_rows(c, ticket=ticket.number), *audit.noted(c, ticket.number)):
        detail = row.detail if row.detail is not None else "(erased)"
        if row.action in _NAMING:
            detail = _NUMBER.sub(lambda found: found[0] if _shown(c, int(found[1]), asker, duty) else "#…", detail)
        yield printable(f"{tongue.moment(row.at)}  {row.actor}  {row.action}  {detail}")


def _newest(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The first line, and the last of the others, as many as an answer has."""
    return (*lines[:1], *lines[1:][1 - _MOST_LINES :])


def _zone(agent: Agent, duty: Duty, tongue: Tongue) -> str:
    """By which clock the times of an answer are told: it is named once."""
    return worded(saying("times_in", zone=str(zone_of(agent, duty.deps.rules))), tongue)


def _shown(c: Connection, number: int, asker: Asker, duty: Duty) -> bool:
    """Whether the asker sees the ticket."""
    other = tickets.find_ticket(c, number)
    return other is not None and sees(asker.agent, other, duty.deps.rules)


def _original(c: Connection, ticket: Ticket, title: str, tongue: Tongue) -> Said:
    """The newest mail of the ticket, as it came."""
    mails = [entry for entry in tickets.entries(c, ticket.number) if entry.kind == "mail" and entry.source]
    row = inbound.find(c, mails[-1].source or "") if mails else None
    if row is None:
        return Said(title, ("—",))
    name = f"m-{row.id}"
    about = printable(f"{name}  {tongue.moment(row.received_at)}  {row.author or '—'}  {row.subject or ''}")
    if row.gone_at is not None:
        return Said(title, (about, f"{row.size} octets, SHA-256 {row.sha256}"))
    if row.size > _MOST_OCTETS:
        return Said(title, (about, f"{row.size} octets > {_MOST_OCTETS}: mailwicket mail raw {name}"))
    octets = b"".join(inbound.pieces(c, row.key, 0, row.size // inbound.PIECE_OCTETS + 1))
    return Said(title, (about,), files=(File(f"{name}.eml", "application/octet-stream", octets),))


def _show(c: Connection, ticket: Ticket, asker: Asker, duty: Duty, words: Mapping[str, str]) -> Iterator[str]:
    away, tongue = absent(c, duty.now), tongue_of(asker.agent, duty.deps, duty.now)
    yield printable(f"#{ticket.number}  {ticket.subject}")
    yield _zone(asker.agent, duty, tongue)
    for name in ("status", "team", "assignee", "responsible", "priority", "tags", "due", "snoozed_until", "next_due"):
        at = value_of(ticket, name)
        if (value := tongue.moment(at) if isinstance(at, datetime) else shown(ticket, name)) != "none":
            gone = f" ({worded(said_of(away[value]), tongue)})" if name in _PEOPLE and value in away else ""
            yield printable(f"{words[f'name_{name}']}: {value}{gone}")
    if ticket.requester is not None:
        yield printable(f"{words['name_requester']}: {ticket.requester}")
    yield from (printable(f"{name}: {value}") for name, value in ticket.fields)
    yield from (f"{k}: #{other}" for k, other in tickets.links(c, ticket.number) if _shown(c, other, asker, duty))
    yield from (p.address for p in tickets.people(c, ticket.number) if p.role == "cc")
    for entry in tickets.entries(c, ticket.number):
        yield ""
        yield _heading(entry, tongue)
        yield from block(entry.text).splitlines()
    for held in _held(c, ticket, asker.agent, duty):
        until, why = tongue.moment(held.expires_at), words.get(f"held_{held.code.replace('-', '_')}", held.code)
        said = saying("shown_held", item=f"h-{held.id}", who=held.agent, until=until, why=why)
        yield ""
        yield printable(worded(said, tongue))
        yield from block(held.proposal.text).splitlines()


def _held(c: Connection, ticket: Ticket, agent: Agent, duty: Duty) -> Iterator[HeldMail]:
    """Mails of agents that wait, for their writers and who leads the team: a forward's way back is none."""
    team = duty.deps.rules.teams.get(ticket.team)
    leads = agent.role == "admin" or (team is not None and team.lead == agent.id)
    for held in held_mail.waiting(c, MOST_ROWS, ticket.number):
        if held.code != "forward" and (leads or held.agent == agent.id):
            yield held


def _heading(entry: Entry, tongue: Tongue) -> str:
    held = f"  ({entry.held})" if entry.held else ""
    return printable(f"e-{entry.id}  {tongue.moment(entry.at)}  {entry.kind}  {entry.author or ''}{held}")


def _listed(c: Connection, title: str, asked: str, agent: Agent, duty: Duty, words: Mapping[str, str]) -> Said:
    rules = duty.deps.rules
    teams = teams_of(agent, rules)
    text = _LISTS.get(asked.lower(), asked)
    if asked.lower() == "team":
        text = f"is:open in:{','.join(teams)} sort:due" if teams else "number:0"
    tongue = tongue_of(agent, duty.deps, duty.now)
    query = parse_query(
        text, duty.now, statuses=tuple(rules.statuses), me=agent.id, agents=tuple(rules.agents),
        teams=tuple(rules.teams),
    )  # fmt: skip
    if query.mistakes:
        return Said(title, tuple(_mistakes(query, tongue)))
    query = replace(query, conditions=(*query.conditions, *seen_by(agent, rules)))
    found = listing.find_tickets(c, query, _LOOKED_AT)
    if asked.lower() == "breach":
        found = [ticket for ticket in found if ticket.next_due is not None and ticket.next_due < duty.now]
    listed = found[:MOST_ROWS]
    owners = _owners(c, listed, agent, duty, words)
    people = tickets.people_of(c, {ticket.number for ticket in listed})
    rows = tuple(_row(ticket, people.get(ticket.number, ()), agent, duty, tongue, owners) for ticket in listed)
    columns = ("number", "status", "subject", "customer", *(("owner",) if owners else ()), "due")
    heads = tuple(words[f"head_{name}"] for name in columns) if rows else ()
    many = f"{len(found)}+" if len(found) >= _LOOKED_AT else str(len(found))
    if not rows:
        return Said(title, (words["list_none"],))
    zone = _zone(agent, duty, tongue) if any(ticket.next_due is not None for ticket in listed) else ""
    return Said(title, (f"{len(rows)} / {many}", *filter(None, (zone,))), heads, rows)


def _mistakes(query: Query, tongue: Tongue) -> Iterator[str]:
    for problem in problems(query, tongue):
        before, behind = problem.source[: problem.column - 1], problem.source[problem.column - 1 :]
        yield printable(f"{before}▸{behind}")  # blanks below a line would not survive in a mail
        yield printable(problem.text)
        yield problem.hint


def _owners(
    c: Connection, found: Sequence[Ticket], agent: Agent, duty: Duty, words: Mapping[str, str]
) -> Mapping[str, str]:
    """How a list names the owners of its tickets, by id, and who of them is away; empty where all are the reader's, or
    nobody's."""
    ids = {ticket.assignee for ticket in found if ticket.assignee is not None}
    if ids <= {agent.id}:
        return {}
    away, agents = absent(c, duty.now), duty.deps.rules.agents
    called = {id: agents[id].name if id in agents else id for id in ids}
    return {id: f"{name} ({words['done_away']})" if id in away else name for id, name in called.items()}


def _row(
    ticket: Ticket, people: Iterable[Participant], agent: Agent, duty: Duty, tongue: Tongue, owners: Mapping[str, str]
) -> Row:
    due = tongue.moment(ticket.next_due) if ticket.next_due is not None else "—"
    who = (ticket.requester.name or ticket.requester.address) if ticket.requester is not None else "—"
    others = (Mailbox(person.name, person.address) for person in people)
    who = and_others(printable(who, 40), beside(ticket.requester, others, duty.deps.notifying.own_addresses))
    status = tongue.strings.get(f"is_{ticket.status}", ticket.status)
    cells = (f"#{ticket.number}", status, printable(ticket.told_subject, 60), who)
    owner = (printable(owners.get(ticket.assignee or "", "—"), 40),) if owners else ()
    cells = (*cells, *owner, due)
    if agent.role in ("light", "auditor"):
        return Row(cells, (f"#show {ticket.number}",))
    take = () if ticket.assignee == agent.id else (f"#mine {ticket.number}",)
    return Row(cells, (f"#show {ticket.number}", *take, f"#solved {ticket.number}", f"#snooze {ticket.number} 1d"))


def _stats(c: Connection, title: str, agent: Agent, duty: Duty, words: Mapping[str, str]) -> Said:
    """Of today, by the clock of whoever asks."""
    here = duty.now.astimezone(zone_of(agent, duty.deps.rules))
    midnight = duty.now - timedelta(hours=here.hour, minutes=here.minute, seconds=here.second)
    teams = teams_of(agent, duty.deps.rules)
    found = counts.of_teams(c, teams, midnight, duty.now)
    lines = (f"{words[f'count_{name}']}: {count}" for name, count in found.items())
    return Said(title, (", ".join(teams) or "—", *lines))


def _help(about: str, agent: Agent, duty: Duty, words: Mapping[str, str]) -> Iterator[str]:
    strings = {each: duty.deps.desk.templates.words(each) for each in duty.deps.languages}
    vocabulary = Vocabulary(strings, duty.deps.rules.statuses)
    known = vocabulary.find(about.removeprefix("#")) if about else None
    if about and known is None:
        yield Wrong("unknown", (("word", f"#{about.removeprefix('#')}"),)).said(words)
        if (guessed := _perhaps(squeezed(about), vocabulary)) is not None:
            yield filled(words["query_meant"], {"word": f"#{guessed}"})
            known = vocabulary.find(guessed)
    wanted = (known,) if known is not None else COMMANDS.values()
    for info in wanted:
        if agent.role in info.roles:
            others = words.get(f"command_{info.name}", info.name).split(",")
            also = [f"#{word.strip()}" for word in (*others, *info.aliases) if word.strip() != info.name]
            yield f"{info.shape} — {info.about(words)}{f' ({chr(32).join(also)})' if also else ''}"


def _perhaps(word: str, vocabulary: Vocabulary) -> str | None:
    """The word of a command that somebody who asks for help may have meant; a guess does no harm there."""
    begins = (each for each in vocabulary.words if len(word) > _BEGINNING and each.startswith(word[:_BEGINNING]))
    return next(iter((*meant(word, vocabulary.words, 1), *begins)), None)
