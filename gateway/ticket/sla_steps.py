"""Why a promise is due when it is: a sum that anybody can check.

Sources  tickets-and-sla.md §2: started, paused, resumed, met, breached, with times and causes.
Not here the ledger itself (ledger.py), how the sum is printed (cli/sla.py).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.ticket.ledger import Line, What
from gateway.ticket.sla import Promised

_Kind = Literal["started", "paused", "resumed", "met", "breached", "stopped"]
_STARTS: tuple[What, ...] = ("opened", "words", "answer")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a clock."""

    at: datetime
    what: _Kind
    worked: timedelta  # working time that the clock had run then
    cause: str


def steps(promised: Promised, lines: Collection[Line], now: datetime) -> tuple[Step, ...]:
    """What happened to the clock, in order."""
    order = {"breached": 1}
    return tuple(sorted(_steps(promised, lines, now), key=lambda step: (step.at, order.get(step.what, 0))))


def _steps(promised: Promised, lines: Collection[Line], now: datetime) -> Iterator[Step]:
    clock = promised.clock
    causes = {(line.at, line.what): line for line in lines}

    def step(at: datetime, what: _Kind, why: str) -> Step:
        return Step(at, what, promised.used(at), why)

    def caused(at: datetime, *kinds: What) -> str:
        found = next((causes[at, kind] for kind in kinds if (at, kind) in causes), None)
        if found is None:
            return ""
        what = found.value.partition(" ")[2] if found.what == "status" else found.what
        return f"{what} by {found.cause}" if found.cause else what

    yield step(clock.started_at, "started", caused(clock.started_at, *_STARTS))
    for pause in clock.pauses:
        yield step(pause.since, "paused", caused(pause.since, "status") or pause.status)
        if pause.until is not None:
            yield step(pause.until, "resumed", caused(pause.until, "status", "answer"))
    if promised.breached(now) and promised.due_at is not None:
        yield step(promised.due_at, "breached", "nothing had ended it")
    if clock.ended_at is not None:
        end: _Kind = "met" if clock.state == "met" else "stopped"
        yield step(clock.ended_at, end, caused(clock.ended_at, "answer", "status"))
