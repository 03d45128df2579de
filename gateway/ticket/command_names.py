"""Whom and what a name in a command means: by id, by address, or by a beginning that only one has.

Sources  agents-by-mail.md §3.
Not here  which argument takes which name (command_arguments.py).
"""

from collections.abc import Collection, Mapping

from gateway.message.address import normal
from gateway.message.fold import folded
from gateway.rules.action_forms import misfit
from gateway.ticket.command_values import SHOWN, Given, Wrong, WrongValueError, quoted, with_hyphens
from gateway.ticket.meant import meant

NOBODY = "none"
_MOST_NAMES = 8  # candidates in an answer
_PLAIN_FIELDS = ("subject", "sla")


def agent_named(text: str, given: Given) -> str:
    """The id of the agent.

    Raises  WrongValueError  nobody, or several
    """
    agents = given.writer.rules.agents
    known = {
        id: (id, *map(normal, (a.email, *a.also)), folded(a.name), *folded(a.name).split()) for id, a in agents.items()
    }
    return named(given, text, "agent", known)


def named(given: Given, text: str, kind: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """The one whose id or address it is, else the only one of whom a name begins so.

    Raises  WrongValueError  nobody, or several
    """
    wanted = normal(text) if "@" in text else " ".join(folded(text).split())
    exact = [id for id, names in known.items() if wanted in names[:1]] or [
        id for id, names in known.items() if wanted in names
    ]
    found = exact
    if not exact and wanted:
        found = [id for id, names in known.items() if any(name.startswith(wanted) for name in names)]
    if len(found) == 1:
        return found[0]
    places = (("word", text[:SHOWN]), ("known", ", ".join((found or list(known))[:_MOST_NAMES]) or "—"))
    if found:
        raise WrongValueError(Wrong("ambiguous", places), tuple(found[:_MOST_NAMES]))
    raise WrongValueError(Wrong(kind, places), meant(wanted, known))


def choice(given: Given, text: str, known: Collection[str]) -> str:
    """One of a few words; a unique beginning will do."""
    wanted = folded(text)
    begins = [word for word in known if word == wanted] or [
        word for word in known if wanted and word.startswith(wanted)
    ]
    if len(begins) == 1:
        return begins[0]
    places = (("word", text[:SHOWN]), ("known", ", ".join(known)))
    raise WrongValueError(Wrong("choice", places), tuple(begins) or meant(wanted, known))


def field_given(name: str, value: str, given: Given) -> tuple[str, str]:
    """A custom field by its id or label, or one that has no command of its own."""
    rules = given.writer.rules
    wanted = folded(name).removeprefix("field.")
    called = {id: (folded(id), *map(folded, info.label.values())) for id, info in rules.fields.items()}
    id = next((each for each, names in called.items() if wanted in names), None)
    if id is None and wanted in _PLAIN_FIELDS:
        return wanted, value
    if id is None:
        known = (*rules.fields, *_PLAIN_FIELDS)
        near = meant(wanted, known)
        raise WrongValueError(
            Wrong("field", (("word", name[:SHOWN]), ("known", ", ".join(known)))),
            tuple(f"{each}={quoted(value)}" for each in near),
        )
    info = rules.fields[id]
    if misfit(info, value) is not None and misfit(info, with_hyphens(value)) is None:
        value = with_hyphens(value)
    if folded(value) != NOBODY and misfit(info, value) is not None:
        same = [each for each in info.values if folded(each) == folded(value)]
        near = tuple(f"{name}={quoted(each)}" for each in same or meant(folded(value), info.values))
        raise WrongValueError(
            Wrong("value", (("name", name), ("word", value[:SHOWN]), ("wanted", info.form[:200]))), near
        )
    return f"field.{id}", NOBODY if folded(value) == NOBODY else value
