"""A promise in words: what it is, when it is due, when people are warned."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.rules.quantities import in_words
from gateway.ticket.ledger import State
from gateway.ticket.sla import BREACH, Promised

_SAME_DAY = "%H:%M"


def promise(promised: Promised) -> str:
    """`first response 1h in “office” → due Mon 2026-11-23 09:00 (warn 50% 08:30, 90% 08:54)`."""
    due = promised.due_at
    if due is None:
        return f"{measure(promised)} → {undue(promised.clock.state)}"
    warnings = ", ".join(_warnings(promised, due))
    return f"{measure(promised)} → due {when(promised, due)}{f' (warn {warnings})' if warnings else ''}"


def undue(state: State) -> str:
    """Why a clock that has not ended has no due time."""
    return "paused" if state == "paused" else "never due"


def measure(promised: Promised) -> str:
    """`first response 1h in “office”`."""
    name = promised.clock.metric.replace("_", " ")
    target = promised.target
    if target.span is None:
        return f"{name} set by hand"
    return f"{name} {in_words(target.span)} in “{target.hours.calendar.id}”"


def when(promised: Promised, at: datetime) -> str:
    """The moment on the clock of its calendar."""
    return f"{promised.target.hours.local(at):%a %Y-%m-%d %H:%M}"


def worked(length: timedelta) -> str:
    """`3h 05m`: working time, whole minutes."""
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}h {minutes % 60:02d}m"


def _warnings(promised: Promised, due: datetime) -> Iterator[str]:
    hours = promised.target.hours
    for stage, at in promised.stages:
        if stage != BREACH:
            same = hours.local(at).date() == hours.local(due).date()
            yield f"{stage}% {hours.local(at).strftime(_SAME_DAY) if same else when(promised, at)}"
