"""What becomes of a ticket by itself: a customer we wait for is reminded, then it is solved; what is solved is closed.

Sources  tickets-and-sla.md §1, rules.md §3 `chase`, `close_after`: working days of the team since the ticket has its
         status. The last rung of `chase` solves, those before it remind and say when it will. Between solved and closed
         the customer is asked how we did (`csat`), 24 hours after it was solved on any clock.
Not here that each rung is taken once (rungs.py), the words (templates/nudge, status_notice, csat).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.rules.desk import Span
from gateway.rules.types import Action, Reply, Set
from gateway.ticket.guard import CSAT
from gateway.ticket.sla import Promises
from gateway.ticket.types import Ticket

Kind = Literal["nudge", "solve", "ask", "close"]
CHASE, CLOSE, ASK = "team.chase", "team.close_after", "team.csat"  # what caused it
_REPEATED = ("nudge", "ask")  # do not end the ladder
_ASKED_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing that happens by itself."""

    at: datetime
    kind: Kind
    days: int

    @property
    def goes_on(self) -> bool:
        """Whether the ticket keeps its status, and what comes after it comes, too."""
        return self.kind in _REPEATED


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
            return tuple(_after_the_end(ticket, promises))
        case _:
            return ()
    hours = promises.hours_or_always(ticket)
    found = (
        (hours.after(ticket.status_at, Span(days=count)), kind, count) for count, kind in zip(days, kinds, strict=False)
    )
    return tuple(Rung(at, kind, count) for at, kind, count in found if at is not None)


def _after_the_end(ticket: Ticket, promises: Promises) -> Iterator[Rung]:
    defaults, team = promises.rules.defaults, promises.rules.teams.get(ticket.team)
    days = team.close_after if team is not None and team.close_after is not None else defaults.close_after
    closes = promises.hours_or_always(ticket).after(ticket.status_at, Span(days=days))
    asks = team.csat if team is not None and team.csat is not None else defaults.csat
    asked_at = ticket.status_at + _ASKED_AFTER
    if asks and (closes is None or asked_at < closes):
        yield Rung(asked_at, "ask", _ASKED_AFTER.days)
    if closes is not None:
        yield Rung(closes, "close", days)


def ahead(ticket: Ticket, promises: Promises) -> tuple[Rung, ...]:
    """The rungs that were not taken yet, whether or not their time has come: the ladder may have become another.

    What was taken is known by its days, not by its moment: rules, teams and calendars move the moments.
    """
    return tuple(rung for rung in ladder(ticket, promises) if not rung.goes_on or rung.days > ticket.nudged)


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
        case "ask":
            return (Reply(ASK, CSAT),)
        case "close":
            return (Set(CLOSE, "status", "closed"),)
