"""What becomes of a ticket by itself: a customer we wait for is reminded, then it is solved; what is solved is closed.

Sources  tickets-and-sla.md §1, rules.md §3 `chase`, `close_after`: working days of the team since the ticket has its
         status. The last rung of `chase` solves, those before it remind and say when it will.
Not here that each rung is taken once (rungs.py), the words (templates/nudge, status_notice).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.rules.desk import Span
from gateway.rules.types import Action, Reply, Set
from gateway.ticket.sla import Promises
from gateway.ticket.types import Ticket

Kind = Literal["nudge", "solve", "close"]
CHASE, CLOSE = "team.chase", "team.close_after"  # what caused it


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing that happens by itself."""

    at: datetime
    kind: Kind
    days: int


def ladder(ticket: Ticket, promises: Promises) -> tuple[Rung, ...]:
    """The rungs of the status that the ticket has, in order; none where nothing is to happen."""
    rules = promises.rules
    team = rules.teams.get(ticket.team)
    match ticket.status_type:
        case "waiting_customer":
            chase = team.chase if team is not None and team.chase is not None else rules.defaults.chase
            days = tuple(sorted(chase))
            kinds: list[Kind] = ["nudge" for _ in days[1:]]
            kinds.append("solve")
        case "solved":
            own = team.close_after if team is not None else None
            days, kinds = (own if own is not None else rules.defaults.close_after,), ["close"]
        case _:
            return ()
    hours = promises.hours_or_always(ticket)
    found = (
        (hours.after(ticket.status_at, Span(days=count)), kind, count) for count, kind in zip(days, kinds, strict=False)
    )
    return tuple(Rung(at, kind, count) for at, kind, count in found if at is not None)


def ahead(ticket: Ticket, promises: Promises) -> tuple[Rung, ...]:
    """The rungs that were not taken yet, whether or not their time has come: the ladder may have become another.

    What was taken is known by its days, not by its moment: rules, teams and calendars move the moments.
    """
    return tuple(rung for rung in ladder(ticket, promises) if rung.kind != "nudge" or rung.days > ticket.nudged)


def next_rung(ticket: Ticket, promises: Promises) -> datetime | None:
    """When the next thing happens by itself; None when nothing does any more."""
    return next((rung.at for rung in ahead(ticket, promises)), None)


def actions(rung: Rung, ticket: Ticket, promises: Promises) -> tuple[Action, ...]:
    """What is done on a rung."""
    match rung.kind:
        case "nudge":
            end = ladder(ticket, promises)[-1].at
            return (Reply(CHASE, "nudge", values=(("closes", end.isoformat()),)),)
        case "solve":
            return Set(CHASE, "status", "solved"), Reply(CHASE, "status_notice", values=(("happened", "solved"),))
        case "close":
            return (Set(CLOSE, "status", "closed"),)
