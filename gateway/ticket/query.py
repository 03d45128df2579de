"""What a person asks the list of tickets for: from:jan is:open tag:refund "order PL-10442" before:2026-11-01.

A term is a word, a "phrase", or field:value; -term is its opposite. Terms narrow each other down; a comma between the
values of a field means any of them. `word*`, and the last word of the query, stand for all words that begin so.
Whatever else stands in a text is no syntax: its letters and digits are words, its other characters part them.
Mistakes are values, all at once, with their column and the nearest known word.
Not here  how it is looked up (store/search.py), which words a ticket has (found_by.py).
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from gateway.errors import Problem
from gateway.message.fold import words
from gateway.rules.quantities import duration
from gateway.ticket.command_values import DASHES, QUOTES
from gateway.ticket.found_by import ATTACHMENT, AUTHOR, SUBJECT, marked, tag_word
from gateway.ticket.saying import Sayable, Saying, Tongue, saying, worded

Key = Literal["status", "status_type", "team", "assignee", "priority", "language"]
SortKey = Literal["updated", "number", "priority", "due"]
_CHARACTERS = 1000
_TERMS = 32
_LEAST_LETTERS = 2  # before a star
_LEAST_OF_LAST = 3  # of a last word that nobody put a star behind
_TERM = re.compile(
    rf"(?P<minus>[{DASHES}]?)(?:(?P<field>[A-Za-z]+):)?(?:[{QUOTES}](?P<phrase>[^{QUOTES}]*)(?P<end>[{QUOTES}]?)|(?P<plain>\S*))"
)
_COMPARED = re.compile(r"([A-Za-z]{2,20})[<>=]{1,2}\S*")
_WAITING = ("waiting_customer", "waiting_third")
_STATES: Mapping[str, tuple[str, ...]] = {
    "open": ("new", "open", *_WAITING),
    "new": ("new",),
    "waiting": _WAITING,
    "solved": ("solved",),
    "closed": ("closed",),
}
PRIORITIES = ("urgent", "high", "normal", "low")  # in this order


@dataclass(frozen=True, slots=True)
class Words:
    """Tickets with one of these phrases, each a run of words of the folded column."""

    phrases: tuple[tuple[str, ...], ...]
    prefix: bool = False  # whether the last word of a phrase may go on
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Tickets whose column has one of these values; None is no value."""

    key: Key
    values: tuple[str | None, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """These tickets."""

    numbers: tuple[int, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Tickets opened in this time; None is without end."""

    since: datetime | None
    before: datetime | None
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Tickets of these teams, and those that an agent has to do with himself."""

    agent: str
    teams: tuple[str, ...]


Condition = Words | Choice | Numbers | Opened | Seen


@dataclass(frozen=True, slots=True)
class Sort:
    """The order: last changed, highest number, most urgent or soonest due first; `reverse` is the other way round."""

    key: SortKey = "updated"
    reverse: bool = False


SORTS: Mapping[str, Sort] = {  # what people call an order
    "updated": Sort("updated"),
    "created": Sort("number"),  # numbers are given one after the other
    "number": Sort("number"),
    "priority": Sort("priority"),
    "due": Sort("due"),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What of a query cannot be answered, and what helps."""

    code: str
    column: int  # from 1
    said: Saying
    helps: Sayable
    source: str


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked, or why it cannot be answered: with mistakes there is no answer."""

    conditions: tuple[Condition, ...] = ()
    sort: Sort = Sort()
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class _Term:
    column: int  # from 1
    text: str  # as it was written
    value: str
    field: str | None
    quoted: bool
    excluded: bool
    last: bool


class _WrongTermError(ValueError):
    """A term that cannot be answered: what is wrong, and what helps."""

    def __init__(self, said: Saying, helps: Sayable) -> None:
        super().__init__(said.name)
        self.said, self.helps = said, helps


def parse_query(
    text: str,
    now: datetime,
    *,
    statuses: Collection[str],
    me: str | None = None,
    agents: Collection[str] | None = None,
    teams: Collection[str] | None = None,
) -> Query:
    """The query that a text means; one without terms is all tickets.

    now       aware UTC, for `since:7d`; days begin at midnight UTC
    statuses  the names that tickets of this desk can have
    me        the id of the agent who asks; None when nobody is signed in
    agents, teams  those that there are; None: nobody knows
    """
    terms = tuple(_terms(text))
    if len(text) > _CHARACTERS or len(terms) > _TERMS:
        long = Mistake("Q001", 1, saying("query_long"), saying("query_terms", most=_TERMS), text[:60])
        return Query(mistakes=(long,))
    conditions: list[Condition] = []
    mistakes: list[Mistake] = []
    sort = Sort()
    for term in terms:
        try:
            if term.field == "sort":
                sort = _sort(term)
            else:
                conditions.extend(_conditions(term, _Desk(now, statuses, me, agents, teams)))
        except _WrongTermError as e:
            mistakes.append(Mistake("Q002", term.column, e.said, e.helps, text))
    if terms and not conditions and not mistakes and not any(term.field for term in terms):
        mistakes.append(Mistake("Q002", 1, saying("query_empty"), saying("query_letters"), text))
    return Query(tuple(conditions), sort, tuple(mistakes))


def problems(query: Query, tongue: Tongue) -> tuple[Problem, ...]:
    """What is wrong with it, in the words of whoever asked."""
    return tuple(
        Problem("query", 1, m.column, m.code, worded(m.said, tongue), worded(m.helps, tongue), m.source)
        for m in query.mistakes
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the value of a term can mean."""

    now: datetime
    statuses: Collection[str]
    me: str | None
    agents: Collection[str] | None
    teams: Collection[str] | None


def _terms(text: str) -> Iterator[_Term]:
    end = len(text.rstrip())
    at = 0
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        found = _TERM.match(text, at, end)
        assert found is not None  # noqa: S101 -- `plain` takes whatever is left
        field, phrase = found["field"], found["phrase"]
        value = found["plain"] if phrase is None else phrase
        if field is not None and phrase is None and value.startswith("//"):
            field, value = None, found[0].removeprefix(found["minus"])  # https://…
        yield _Term(
            at + 1,
            found[0],
            value,
            None if field is None else field.lower(),
            quoted=phrase is not None,
            excluded=bool(found["minus"]),
            last=found.end() == end,
        )
        at = found.end()


def _conditions(term: _Term, desk: _Desk) -> Iterator[Condition]:
    """The conditions of a term: one, or none where it holds no word."""
    if term.field is None:
        yield from _plain(term)
    elif term.field not in _FIELDS:
        raise _WrongTermError(
            saying("query_field", word=term.field),
            (_nearest(term.field, _EXAMPLES), saying("query_as_text", text=term.text)),
        )
    elif not term.value.strip():
        raise _WrongTermError(saying("query_value", field=term.field), _EXAMPLES[term.field])
    else:
        yield _FIELDS[term.field](term, desk)


def _plain(term: _Term) -> Iterator[Condition]:
    if not term.quoted and re.fullmatch(r"#[0-9]{1,18}", term.value):
        yield Numbers((int(term.value[1:]),), term.excluded)
        return
    compared = None if term.quoted else _COMPARED.fullmatch(term.value)
    if compared is not None and compared[1].lower() in (*_EXAMPLES, "due"):
        raise _WrongTermError(
            saying("query_field", word=compared[0]),
            (_nearest(compared[1].lower(), _EXAMPLES), saying("query_as_text", text=term.text)),
        )
    phrase = words(term.value)
    if phrase:
        yield Words((tuple(phrase),), _is_prefix(term, phrase[-1]), term.excluded)


def _is_prefix(term: _Term, word: str) -> bool:
    if term.quoted:
        return False
    if term.value.endswith("*"):
        if len(word) < _LEAST_LETTERS:
            raise _WrongTermError(saying("query_much", word=term.value), saying("query_star", least=_LEAST_LETTERS))
        return True
    return term.last and term.field is None and not term.excluded and len(word) >= _LEAST_OF_LAST


def _marked(mark: str) -> Callable[[_Term, _Desk], Condition]:
    def condition(term: _Term, desk: _Desk) -> Condition:
        phrase = words(term.value)
        if not phrase:
            raise _WrongTermError(saying("query_no_word", text=term.text), saying("query_letters"))
        return Words((tuple(marked(mark, phrase)),), _is_prefix(term, phrase[-1]), term.excluded)

    return condition


def _tag(term: _Term, desk: _Desk) -> Condition:
    return Words(tuple((tag_word(tag),) for tag in _values(term)), excluded=term.excluded)


def _has(term: _Term, desk: _Desk) -> Condition:
    if term.value.lower() not in ("attachment", "attachments"):
        raise _WrongTermError(saying("query_has", word=term.value), "has:attachment")
    return Words(((ATTACHMENT,),), excluded=term.excluded)


def _is(term: _Term, desk: _Desk) -> Condition:
    state = term.value.lower()
    if state in ("assigned", "unassigned"):
        return Choice("assignee", (None,), term.excluded != (state == "assigned"))
    if state == "mine":
        return Choice("assignee", (_me(desk),), term.excluded)
    if state in _STATES:
        return Choice("status_type", _STATES[state], term.excluded)
    if state in desk.statuses:
        return Choice("status", (state,), term.excluded)
    raise _WrongTermError(
        saying("query_is", word=term.value),
        _nearest(state, (*_STATES, "mine", "assigned", "unassigned", *desk.statuses)),
    )


def _status(term: _Term, desk: _Desk) -> Condition:
    return _choice("status", term, desk.statuses)


def _priority(term: _Term, desk: _Desk) -> Condition:
    return _choice("priority", term, PRIORITIES)


def _choice(key: Key, term: _Term, known: Collection[str]) -> Condition:
    values = tuple(value.lower() for value in _values(term))
    for value in values:
        if value not in known:
            raise _WrongTermError(saying("query_choice", key=key, word=value), _nearest(value, known))
    return Choice(key, values, term.excluded)


def _team(term: _Term, desk: _Desk) -> Condition:
    return Choice("team", tuple(_known("team", value, desk.teams) for value in _values(term)), term.excluded)


def _known(key: Key, value: str, known: Collection[str] | None) -> str:
    if known is not None and value not in known:
        raise _WrongTermError(saying("query_choice", key=key, word=value), _nearest(value, known))
    return value


def _language(term: _Term, desk: _Desk) -> Condition:
    return Choice("language", tuple(value.lower() for value in _values(term)), term.excluded)


def _assignee(term: _Term, desk: _Desk) -> Condition:
    return Choice("assignee", tuple(_owner(value, desk) for value in _values(term)), term.excluded)


def _owner(value: str, desk: _Desk) -> str | None:
    if value == "none":
        return None
    return _me(desk) if value == "me" else _known("assignee", value, desk.agents)


def _me(desk: _Desk) -> str:
    if desk.me is None:
        raise _WrongTermError(saying("query_nobody"), saying("query_name"))
    return desk.me


def _number(term: _Term, desk: _Desk) -> Condition:
    values = [value.removeprefix("#") for value in _values(term)]
    if not all(re.fullmatch("[0-9]{1,18}", value) for value in values):
        raise _WrongTermError(saying("wrong_number", word=term.value), _EXAMPLES["number"])
    return Numbers(tuple(map(int, values)), term.excluded)


def _before(term: _Term, desk: _Desk) -> Condition:
    return Opened(None, _moment(term, desk), term.excluded)


def _since(term: _Term, desk: _Desk) -> Condition:
    return Opened(_moment(term, desk), None, term.excluded)


def _after(term: _Term, desk: _Desk) -> Condition:
    """After a day is from the next one on."""
    return Opened(_moment(term, desk, later=timedelta(days=_is_day(term.value))), None, term.excluded)


def _moment(term: _Term, desk: _Desk, later: timedelta = timedelta()) -> datetime:
    """The moment that a day begins, that a time names, or so long ago; or so much later."""
    value = term.value.lower()
    midnight = desk.now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if value in ("today", "yesterday"):
            return midnight - timedelta(days=value == "yesterday") + later
        if (ago := duration(value)) is not None:
            return desk.now - ago
        moment = datetime.fromisoformat(term.value)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)) + later
    except (ValueError, OverflowError) as e:
        raise _WrongTermError(
            saying("query_time", word=term.value), "2026-11-01, 2026-11-01T14:30, today, yesterday, 12h, 7d, 2w"
        ) from e


def _is_day(value: str) -> bool:
    return value.lower() in ("today", "yesterday") or ("T" not in value and " " not in value and "-" in value)


def _sort(term: _Term) -> Sort:
    value = term.value.lower()
    named = SORTS.get(value.removeprefix("-"))
    if named is None:
        raise _WrongTermError(saying("query_order", word=term.value), _nearest(value, SORTS))
    return replace(named, reverse=value.startswith("-"))


def _values(term: _Term) -> tuple[str, ...]:
    if term.quoted:
        return (term.value,)
    values = tuple(value for value in term.value.split(",") if value)
    if not values:
        raise _WrongTermError(saying("query_value", field=term.field or ""), _EXAMPLES[term.field or ""])
    return values


def _nearest(word: str, known: Collection[str]) -> Saying:
    close = difflib.get_close_matches(word, known, 1, 0.6)
    if close:
        return saying("query_meant", word=close[0])
    return saying("query_known", known=", ".join(dict.fromkeys(known)))


_FIELDS: Mapping[str, Callable[[_Term, _Desk], Condition]] = {
    "from": _marked(AUTHOR),
    "subject": _marked(SUBJECT),
    "is": _is,
    "status": _status,
    "in": _team,
    "team": _team,
    "assignee": _assignee,
    "owner": _assignee,
    "priority": _priority,
    "tag": _tag,
    "lang": _language,
    "has": _has,
    "number": _number,
    "before": _before,
    "after": _after,
    "since": _since,
}
_EXAMPLES: Mapping[str, str] = {
    "from": "from:jan or from:jan@bank.example",
    "subject": 'subject:refund or subject:"your order"',
    "is": "is:open",
    "status": "status:pending",
    "in": "in:billing",
    "team": "team:billing",
    "assignee": "assignee:ana, assignee:none",
    "owner": "owner:ana, owner:none",
    "priority": "priority:urgent,high",
    "tag": "tag:refund",
    "lang": "lang:pl",
    "has": "has:attachment",
    "number": "number:4812 or #4812",
    "before": "before:2026-11-01",
    "after": "after:2026-11-01",
    "since": "since:7d",
    "sort": "sort:number",
}
