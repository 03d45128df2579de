"""Which operation a command is: the same that the command line and the console ask for.

Not here  what they do (the other modules), the order of several, and what is told of them (orders.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.operations.agents import Away, Back
from gateway.operations.asking import Ask, Internal
from gateway.operations.held_entries import Accept, Reject
from gateway.operations.merges import Merge, Split
from gateway.operations.own import Remind, SetOwn
from gateway.operations.people import Escalate, Follow, SetCustomer, TakePart
from gateway.operations.tickets import Change, Link
from gateway.ticket.command_values import Absence, Related, Reminder, Tags
from gateway.ticket.commands import Command

_NONE = "none"


def step_of(command: Command, number: int, by: str, text: str) -> tuple[str, Any] | None:
    """The operation on a ticket, and its arguments; None for a command that changes no ticket.

    number  of the ticket.  by  the id of the agent.  text  of the mail
    """
    change = _change(command, number, by)
    return ("ticket.change", change) if change is not None else _other(command, number, by, text)


def own_step(command: Command, by: str, about: Sequence[int] = ()) -> tuple[str, Any] | None:
    """The operation of a command that is about no ticket; None where it is about one.

    about  the tickets that it is about
    """
    match command.name, command.value:
        case "digest" | "receipts" as name, str(value):
            return "agent.set", SetOwn(by, name, value)
        case "away", Absence(until, cover, who):
            return "agent.away", Away(who or by, until, cover, by)
        case "back", value:
            return "agent.back", Back((value.who if isinstance(value, Absence) else None) or by, by)
        case "remind", Reminder(at, what) if not about:
            return "agent.remind", Remind(by, at, what)
    return None


def _change(command: Command, number: int, by: str) -> Change | None:
    """What changes in its fields, tags or status; None when it is something else."""
    numbers, fields, status = (number,), tuple[tuple[str, str], ...](), None
    match command.name, command.value:
        case "assign" | "responsible" as name, who:
            fields = (("assignee" if name == "assign" else name, who if isinstance(who, str) else _NONE),)
        case "mine", _:
            fields = (("assignee", by),)
        case "team" | "priority" as name, str(value):
            fields = ((name, value),)
        case "lang", str(code):
            fields = (("language", code),)
        case "due", due:
            fields = (("due", due.isoformat() if isinstance(due, datetime) else _NONE),)
        case "set", tuple(pairs):
            fields = tuple((pair[0], pair[1]) for pair in pairs)
        case "tag", Tags(add, remove):
            return Change(numbers, add_tags=add, remove_tags=remove, by=by)
        case "snooze", datetime() as until:
            return Change(numbers, status="snoozed", until=until, by=by)
        case "status", str(name):
            status = name
        case "solved", str(reason):
            return Change(numbers, status="solved", reason=reason or None, by=by)
        case "closed" | "spam" as name, _:
            status = name
        case "ham", _:
            status = "open"
        case _:
            return None
    return Change(numbers, fields, status=status, by=by)


def _other(command: Command, number: int, by: str, text: str) -> tuple[str, Any] | None:
    match command.name, command.value:
        case "merge", int(into):
            return "ticket.merge", Merge(number, into, by)
        case "split", entry:
            return "ticket.split", Split(number, entry if isinstance(entry, int) else None, by)
        case "link", Related(other, kind):
            return "ticket.link", Link(number, other, kind or "related", by=by)
        case "unlink", Related(other, kind):
            return "ticket.link", Link(number, other, kind or "", remove=True, by=by)
        case "cc" | "uncc" as name, tuple(addresses):
            return "ticket.people", TakePart(number, tuple(map(str, addresses)), name == "uncc", by)
        case "follow" | "unfollow" as name, _:
            return "ticket.follow", Follow(number, by, name == "unfollow", by)
        case "customer", str(address):
            return "ticket.customer", SetCustomer(number, address, by)
        case "escalate", str(why):
            return "ticket.escalate", Escalate(number, why, by)
        case "remind", Reminder(at, what):
            return "agent.remind", Remind(by, at, what, number)
        case "ask", str(address):
            return "ticket.ask", Ask(number, address, text, by)
        case "internal", str(team):
            return "ticket.internal", Internal(number, team, text, by)
        case "accept", entry:
            return "ticket.accept", Accept(number, entry if isinstance(entry, int) else None, by)
        case "reject", entry:
            return "ticket.reject", Reject(number, entry if isinstance(entry, int) else None, by)
    return None
