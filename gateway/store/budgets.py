"""How much automatic mail there was, for the budgets of the send guard.

Not here  which budgets there are (ticket/guard.py), the mails themselves (outbox.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, ScalarSelect, Select, and_, bindparam, func, select

from gateway.store.schema import outbox
from gateway.ticket.guard import SendBudget

# of a budget: the names of its scope, whether it says to whom only, to whom not
_Shape = tuple[tuple[str, ...], bool, bool]
_COUNTED = and_(outbox.c.auto, outbox.c.state != "suppressed")


def used(c: Connection, budgets: Sequence[SendBudget], now: datetime) -> tuple[int, ...]:
    """How much automatic mail each budget has seen in its time, counted up to its limit."""
    shapes = tuple((tuple(sorted(b.scope)), b.only_to is not None, b.but_to is not None) for b in budgets)
    values: dict[str, object] = {}
    for number, budget in enumerate(budgets):
        values |= {f"since{number}": now - budget.rate.per, f"most{number}": budget.rate.count}
        values |= {f"{name}{number}": value for name, value in budget.scope.items()}
        values |= {f"only{number}": tuple(budget.only_to)} if budget.only_to is not None else {}
        values |= {f"but{number}": tuple(budget.but_to)} if budget.but_to is not None else {}
    return tuple(c.execute(_counted(shapes), values).one())


def used_by_ticket(c: Connection, budget: SendBudget, tickets: Collection[int], now: datetime) -> dict[int, int]:
    """How much automatic mail about each of these tickets a budget has seen that counts one of them, in its time.

    budget  its scope names all but the ticket
    """
    these = [_COUNTED, outbox.c.ticket.in_(tickets), outbox.c.queued_at > now - budget.rate.per]
    these += [outbox.c[name] == value for name, value in budget.scope.items()]
    these += [outbox.c.recipient.in_(budget.only_to)] if budget.only_to is not None else []
    these += [outbox.c.recipient.not_in(budget.but_to)] if budget.but_to is not None else []
    counted = select(outbox.c.ticket, func.count()).where(*these).group_by(outbox.c.ticket)
    return {**dict.fromkeys(tickets, 0), **{number: int(count) for number, count in c.execute(counted)}}


@cache
def _counted(shapes: tuple[_Shape, ...]) -> Select[*tuple[Any, ...]]:
    """One statement for all budgets of a mail, made once: making it costs more than running it."""
    return select(*(_count(number, shape).label(f"n{number}") for number, shape in enumerate(shapes)))


def _count(number: int, shape: _Shape) -> ScalarSelect[int]:
    scope, only, but = shape
    where = [outbox.c[name] == bindparam(f"{name}{number}") for name in scope]
    if only:
        where.append(outbox.c.recipient.in_(bindparam(f"only{number}", expanding=True)))
    if but:
        where.append(outbox.c.recipient.not_in(bindparam(f"but{number}", expanding=True)))
    since = outbox.c.queued_at > bindparam(f"since{number}")
    counted = select(outbox.c.id).where(since, _COUNTED, *where).limit(bindparam(f"most{number}")).subquery()
    return select(func.count()).select_from(counted).scalar_subquery()
