"""Each argument of a command as a typed value; or what is wrong with it, in words of the strings.

Sources  agents-by-mail.md §4.
Not here  where in a mail commands stand (commands.py), names (command_names.py), times (command_times.py).
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway.errors import PermanentError
from gateway.message.address import normal, path_address
from gateway.message.fold import folded
from gateway.rules.action_forms import is_tag
from gateway.rules.quantities import duration
from gateway.rules.types import LINK_KINDS, PRIORITIES
from gateway.ticket.command_names import NOBODY, agent_named, choice, field_given, named
from gateway.ticket.command_times import clock_time_of, time_to_come
from gateway.ticket.command_values import (
    SHOWN,
    Absence,
    Given,
    Related,
    Reminder,
    Snippet,
    Tags,
    Value,
    Wrong,
    WrongValueError,
    quoted,
    with_hyphens,
)

_LONGEST_AHEAD = timedelta(days=366)
_NUMBER = re.compile("#?([1-9][0-9]{0,8})")
_ENTRY = re.compile("e-([1-9][0-9]{0,17})")
_RECEIPT = re.compile("u-[1-9][0-9]{0,17}")
_ARTICLE = re.compile("(?i:kb)-?([1-9][0-9]{0,5})")

Take = Callable[[Given], Value]


def nothing(given: Given) -> None:
    """No argument."""
    if given.text.strip():
        raise WrongValueError(
            Wrong("extra", (("command", given.command), ("word", given.text.strip()[:SHOWN]))), (given.command,)
        )


def some_words(given: Given) -> str:
    """Whatever stands there, and be it nothing."""
    return " ".join(given.text.split())


def words(given: Given) -> str:
    """Whatever stands there."""
    return " ".join(given.one().split())


def agent(given: Given) -> str:
    """The id of an agent."""
    return agent_named(given.one(), given)


def agent_or_nobody(given: Given) -> str | None:
    """The id of an agent; None for nobody."""
    return None if folded(given.one()) == NOBODY else agent_named(given.one(), given)


def team(given: Given) -> str:
    """The id of a team."""
    teams = given.writer.rules.teams
    return named(given, given.one(), "team", {id: (id, *map(normal, t.addresses)) for id, t in teams.items()})


def priority(given: Given) -> str:
    """One of the four."""
    return choice(given, given.one(), PRIORITIES)


def language(given: Given) -> str:
    """The code of a language of the site."""
    return choice(given, given.one(), given.writer.languages)


def tags(given: Given) -> Tags:
    """`a b +c -d`."""
    return _tags(given, adding=True)


def tags_away(given: Given) -> Tags:
    """`a b`, to be taken away."""
    return _tags(given, adding=False)


def fields(given: Given) -> tuple[tuple[str, str], ...]:
    """`name=value`, as many as one likes, each of which the field takes."""
    found = given.pairs()
    if not found:
        raise WrongValueError(given.needs)
    return tuple(_field(found, place, given) for place in range(len(found)))


def moment(given: Given) -> datetime:
    """A time to come, within a year."""
    return _to_come(given.one(), given)


def moment_or_nobody(given: Given) -> datetime | None:
    """A time to come; None takes the one away that there is."""
    return None if folded(given.one()) == NOBODY else moment(given)


def reminder(given: Given) -> Reminder:
    """A time of one or two words, and what is to be remembered."""
    all_words = given.one().split()
    for count in (2, 1):
        start = " ".join(all_words[:count])
        if time_to_come(start, given.writer.now, given.writer.zone) is not None:
            return Reminder(_to_come(start, given), " ".join(all_words[count:]))
    raise WrongValueError(Wrong("time", (("word", all_words[0][:SHOWN]),)))


def addresses(given: Given) -> tuple[str, ...]:
    """Addresses that are none of ours."""
    found = tuple(dict.fromkeys(_address(each.strip(",;<>"), given) for each in given.words() if each.strip(",;<>")))
    if not found:
        raise WrongValueError(given.needs)
    return found


def address(given: Given) -> str:
    """One address that is none of ours."""
    return _address(given.one().strip("<>"), given)


def snippet(given: Given) -> Snippet:
    """A name, and name=value pairs."""
    first, _, rest = given.one().partition(" ")
    return Snippet(first, Given(given.command, given.argument, rest, given.writer).pairs())


def article(given: Given) -> str:
    """KB-12; else what stands there, which finds no article, but those that were perhaps meant."""
    found = _ARTICLE.fullmatch(with_hyphens(given.one()))
    return f"KB-{found[1]}" if found is not None else given.one()[:SHOWN]


def ticket(given: Given) -> int:
    """The number of a ticket."""
    return _number(given.one())


def some_ticket(given: Given) -> int | None:
    """The number of a ticket; None is the one that the mail belongs to."""
    return _number(given.text.strip()) if given.text.strip() else None


def related(given: Given) -> Related:
    """A ticket, and what it is to this one."""
    number, _, kind = given.one().partition(" ")
    return Related(_number(number), choice(given, kind.strip(), LINK_KINDS) if kind.strip() else None)


def related_as(kind: str) -> Take:
    """A ticket that is this to the other one."""
    return lambda given: Related(_number(given.one()), kind)


def entry(given: Given) -> int | None:
    """e-17; None is the newest, or the only one."""
    text = with_hyphens(given.text.strip().lower())
    if text and _ENTRY.fullmatch(text) is None:
        raise WrongValueError(Wrong("choice", (("word", text[:SHOWN]), ("known", "e-17"))))
    return int(text[2:]) if text else None


def receipt(given: Given) -> str | None:
    """u-318; None is the last command mail."""
    text = with_hyphens(given.text.strip().lower())
    if text and _RECEIPT.fullmatch(text) is None:
        raise WrongValueError(Wrong("choice", (("word", text[:SHOWN]), ("known", "u-318"))))
    return text or None


def sending(given: Given) -> str | timedelta | None:
    """How a held mail is sent: text, short, long; or in how long; None: as it is."""
    text = given.text.strip().lower()
    if (found := re.fullmatch(r"in ([0-9]{1,9}[smhd])", text)) is not None:
        after = duration(found[1])
        if after is not None and after > _LONGEST_AHEAD:
            raise WrongValueError(Wrong("far", (("word", text[:SHOWN]),)))
        return after
    return choice(given, text, ("text", "short", "long")) if text else None


def on_or_at(given: Given) -> str:
    """on, off, or a time of day as HH:MM."""
    at = clock_time_of(given.one())
    return f"{at:%H:%M}" if at is not None else choice(given, given.one(), ("on", "off", "08:30"))


def receipts(given: Given) -> str:
    """Which commands are answered."""
    return choice(given, given.one(), ("all", "failures"))


def absence(given: Given) -> Absence:
    """`[until TIME] [cover WHO] [who=WHO]`, in any order."""
    found: dict[str, list[str]] = {}
    last = ""
    for word in given.words():
        name, is_pair, value = word.partition("=")
        key = folded(name) if is_pair else folded(word)
        if key in ("until", "cover", "who") and key not in found:
            last = key
            found[key] = [value] if is_pair else []
        elif last:
            found[last].append(word)
        else:
            raise WrongValueError(Wrong("choice", (("word", word[:SHOWN]), ("known", "until TIME, cover WHO"))))
    said = {key: " ".join(parts) for key, parts in found.items()}
    if not all(said.values()):
        raise WrongValueError(given.needs)
    return Absence(
        _to_come(said["until"], given) if "until" in said else None,
        agent_named(said["cover"], given) if "cover" in said else None,
        agent_named(said["who"], given) if "who" in said else None,
    )


def presence(given: Given) -> Absence | None:
    """`[who=WHO]`; None is whoever writes."""
    if not given.text.strip():
        return None
    said = absence(given)
    if said.until is not None or said.cover is not None:
        raise WrongValueError(Wrong("choice", (("word", given.text.strip()[:SHOWN]), ("known", "who=WHO"))))
    return said


def _field(pairs: Sequence[tuple[str, str]], place: int, given: Given) -> tuple[str, str]:
    """One of the pairs; where it is wrong, all of them as they were perhaps meant are told."""
    try:
        return field_given(*pairs[place], given)
    except WrongValueError as e:
        before, behind = ([f"{n}={quoted(v)}" for n, v in part] for part in (pairs[:place], pairs[place + 1 :]))
        meant = tuple(" ".join((*before, each, *behind)) for each in e.candidates)
        raise WrongValueError(e.wrong, meant) from None


def _tags(given: Given, *, adding: bool) -> Tags:
    bare = [word.strip(",;") for word in given.words() if word.strip(",;")]
    found = [with_hyphens(word[0]) + word[1:] for word in bare]
    if not found:
        raise WrongValueError(given.needs)
    add = tuple(dict.fromkeys(w.removeprefix("+") for w in found if adding and not w.startswith("-")))
    remove = tuple(dict.fromkeys(w.lstrip("+-") for w in found if not adding or w.startswith("-")))
    for tag in (*add, *remove):
        if not is_tag(tag):
            raise WrongValueError(Wrong("tag", (("word", tag[:SHOWN]),)))
    return Tags(add, remove)


def _to_come(text: str, given: Given) -> datetime:
    now = given.writer.now
    found = time_to_come(text, now, given.writer.zone)
    if found is None:
        raise WrongValueError(Wrong("time", (("word", text[:SHOWN]),)))
    if found <= now:
        raise WrongValueError(Wrong("past", (("word", text[:SHOWN]),)))
    if found - now > _LONGEST_AHEAD:
        raise WrongValueError(Wrong("far", (("word", text[:SHOWN]),)))
    return found


def _address(text: str, given: Given) -> str:
    try:
        found = path_address(text, smtputf8=True)
    except PermanentError:
        raise WrongValueError(Wrong("address", (("word", text[:SHOWN]),))) from None
    if normal(found) in given.writer.ours:
        raise WrongValueError(Wrong("own", (("word", found[:SHOWN]),)))
    return found


def _number(text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise WrongValueError(Wrong("number", (("word", text[:SHOWN]),)))
    return int(found[1])
