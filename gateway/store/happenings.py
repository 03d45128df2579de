"""What rules did in a ticket where no mail was the cause, and which of them a ticket has seen already.

Transaction  the caller's: that of the changes.
Not here     the reasons of mails (inbound.py), actions for later (delayed.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert, select

from gateway.rules.told import told
from gateway.rules.types import Event, Rule, Trace
from gateway.store.outlines import find_outline
from gateway.store.schema import happening, rule_fired
from gateway.store.upsert import insert_new, inserted

_FOR_ALL_TIME = -1


class Reasons(msgspec.Struct, frozen=True):
    """Why something was done in a ticket (`mailwicket.happening/1`)."""

    rules: Trace
    mails: tuple[str, ...]  # each mail queued or suppressed, with the guard's word


@dataclass(frozen=True, slots=True)
class Happening:
    """Events of a ticket, and what the rules said to them."""

    at: datetime
    events: tuple[Event, ...]
    reasons: Reasons


def add_happening(c: Connection, ticket: int, happened: Happening) -> None:
    """Keep it for `why`."""
    row = {
        "ticket": ticket,
        "at": happened.at,
        "events": " ".join(happened.events),
        "reasons": msgspec.json.encode(happened.reasons).decode(),
    }
    c.execute(insert(happening), row)


def happenings(c: Connection, ticket: int) -> list[Happening]:
    """What happened in a ticket without a mail, oldest first."""
    rows = c.execute(select(happening).where(happening.c.ticket == ticket).order_by(happening.c.id))
    return [Happening(r.at, tuple(r.events.split()), _told(c, _reasons.decode(r.reasons))) for r in rows]


def fired(c: Connection, ticket: int, cycle: int) -> frozenset[str]:
    """The rules that ran in this ticket and are not to run again.

    cycle  how many mails and answers it has: a person's words begin a new one
    """
    query = select(rule_fired.c.rule).where(
        rule_fired.c.ticket == ticket, rule_fired.c.cycle.in_((_FOR_ALL_TIME, cycle))
    )
    return frozenset(c.execute(query).scalars())


def note_fired(c: Connection, ticket: int, cycle: int, rules: Sequence[Rule], applied: Iterable[str]) -> None:
    """Those of the applied rules that run once have run."""
    once = {rule.id: rule.once for rule in rules if rule.once != "never"}
    rows = [
        {"ticket": ticket, "rule": id, "cycle": cycle if once[id] == "cycle" else _FOR_ALL_TIME}
        for id in dict.fromkeys(applied)
        if id in once
    ]
    if rows:
        c.execute(insert_new(c.dialect.name, rule_fired), rows)


def begin_turn(c: Connection, ticket: int, rule: str, at: datetime) -> bool:
    """Note that a rule is asked about a ticket for a time of its own; False when it was before."""
    return inserted(c, rule_fired, {"ticket": ticket, "rule": rule, "cycle": _turn(at)})


def end_turns(c: Connection, rule: str) -> None:
    """All tickets of its time were asked about: what was noted of them is not wanted any more."""
    c.execute(delete(rule_fired).where(rule_fired.c.rule == rule, rule_fired.c.cycle < _FOR_ALL_TIME))


def _turn(at: datetime) -> int:
    """A minute as a cycle that no mails count up to."""
    return -int(at.timestamp()) // 60 + 2 * _FOR_ALL_TIME


def _told(c: Connection, reasons: Reasons) -> Reasons:
    return Reasons(told(reasons.rules, find_outline(c, reasons.rules.outline)), reasons.mails)


_reasons = msgspec.json.Decoder(Reasons)
