"""What other rules would have made of mail that came: each is asked again in its own time; two answers are compared.

Both sides are computed by the stages of the pipeline from what was known when the mail came: a difference is one of the
rules, never of parser, clock or desk. A ticket goes on as the new rules left it: what differs stays different.
Sources  rules.md §7, `rules backtest`; docs/decisions/0015.
Not here keeping what was known (deciding/kept.py, store/situations.py), printing (cli/rules_backtest.py).
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any

from gateway.deciding.decide import ruled
from gateway.deciding.kept import unpacked
from gateway.deciding.types import Deps, Plan, Situation
from gateway.message.address import domain_of, normal
from gateway.rehearsal import End, followed
from gateway.rules.evaluate import Budget
from gateway.rules.told import told
from gateway.rules.types import Check, Effect, Hit, Outline
from gateway.store.situations import Kept
from gateway.ticket.guard import SendBudget
from gateway.ticket.life import FINISHED
from gateway.ticket.types import Notification, Record, Ticket

NOT_REPLAYED = "webhook answers, agent availability, automatic mail of before"

_VALUES = ("team", "assignee", "status", "priority", "language")
_CARRIED = ("team", "assignee", "priority", "tags", "fields", "language")
_TOLD_OTHERWISE = (*_VALUES, "tag", "reply", "record", "quarantine", "drop", "redirect", "merge_into")
_WORDED = ("contains", "contains_all", "starts_with", "ends_with", "matches", "in", "under")
_NOTHING = "∅"


@dataclass(frozen=True, slots=True)
class Side:
    """One mail under one of the two rule sets."""

    plan: Plan
    end: End
    outline: Outline

    @property
    def place(self) -> str:
        """Where the mail ends: ticket, another ticket by a rule, record, quarantine."""
        match = self.plan.match
        if match is not None and match.by == "rule":
            return f"merged into #{match.ticket}" if match.ticket is not None and match.ticket > 0 else "merged"
        return next((c.disposition for c in self.plan.changes if isinstance(c, Record)), "ticket")

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The rules that applied."""
        return tuple(hit for hit in self.plan.decision.trace.hits if hit.outcome == "applied")

    def check(self, hit: Hit) -> Check:
        """What a rule asked, and the answers."""
        every = told(self.plan.decision.trace, self.outline).hits
        return next(h.check for h in every if (h.rule, h.run) == (hit.rule, hit.run) and h.check is not None)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two sides make different."""

    kind: str  # team, tag, mail out; empty where the mail ends elsewhere
    change: str  # support → billing, + auto_ack
    because: str  # which side's rule, and the word that it saw


@dataclass(frozen=True, slots=True)
class Compared:
    """One mail, and all that differs: mostly nothing."""

    mail: int
    ticket: int | None  # where it is
    subject: str
    differences: tuple[Difference, ...]


def compared(mails: Iterable[Kept], old: Deps, new: Deps) -> Iterator[Compared | None]:
    """Each mail under both rule sets, in order; None for one that another version kept in another form."""
    before, after, carried = _Desk(old), _Desk(new), dict[int, dict[str, Any]]()
    for kept in mails:
        situation = unpacked(kept.octets)
        if situation is None:
            yield None
            continue
        shown = kept.ticket if kept.disposition in ("ticket", "entry") else None
        number = shown if kept.disposition == "ticket" and shown is not None else -kept.mail
        one, other = before.side(situation, number), after.side(_as_left(situation, carried), number)
        if (left := _one_ticket(one, other)) is not None:
            carried[left[0].number] = _apart(*left)
        yield Compared(kept.mail, shown, situation.message.subject, tuple(_differences(one, other)))


class _Desk:
    """One rule set, and what it has sent so far."""

    def __init__(self, deps: Deps) -> None:
        self._deps = replace(deps, new_budget=lambda: Budget(lambda: 0.0, inf))  # this machine's haste is no reason
        self._sent, self._tickets = _Sent(), _Tickets()

    def side(self, situation: Situation, number: int) -> Side:
        """A mail here. `number` is that of the ticket it opens, if it does."""
        if situation.ticket is not None:
            self._tickets.put(situation.ticket)
        plan = ruled(situation, self._deps, self._tickets)
        end = followed(situation.inbound, plan, self._deps, self._sent, situation.at, opened=number)
        for notice in end.notices:
            if notice.suppressed is None:
                self._sent.add(notice, situation.at)
        if end.ticket is not None:
            self._tickets.put(end.ticket)
        return Side(plan, end, self._deps.rules.outline)


class _Tickets:
    """The tickets of one side, as the mails that were asked for left them."""

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}

    def put(self, ticket: Ticket) -> None:
        """One is so now."""
        self._tickets[ticket.number] = ticket

    def alike(self, fields: Sequence[tuple[str, str]], since: datetime) -> Ticket | None:
        """The newest one with these custom fields that was opened since then and is not finished; None: none."""
        found = (
            t
            for t in self._tickets.values()
            if t.created_at >= since and t.status_type not in FINISHED and set(fields) <= set(t.fields)
        )
        return max(found, key=lambda t: t.created_at, default=None)

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """None that is known: what rules did in it meanwhile is not replayed."""
        return ()

    def participants(self, number: int) -> Sequence[str]:
        """Its customer: of others nothing is kept."""
        requester = self._tickets[number].requester
        return () if requester is None else (normal(requester.address),)


class _Sent:
    """The automatic mail of one side: budgets are used up as live."""

    def __init__(self) -> None:
        self._times: defaultdict[frozenset[tuple[str, object]], list[datetime]] = defaultdict(list)
        self._scopes: set[tuple[str, ...]] = set()  # which fields budgets ask for together

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """The mails of each budget in its time."""
        return [self._used(budget, now) for budget in budgets]

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """Nothing stands against mail to anybody."""
        return ()

    def _used(self, budget: SendBudget, now: datetime) -> int:
        self._scopes.add(tuple(budget.scope))
        times = self._times[frozenset(budget.scope.items())]
        return len(times) - bisect_right(times, now - budget.rate.per)

    def add(self, notice: Notification, at: datetime) -> None:
        """One went out; the guard has asked for all of its scopes before."""
        address = normal(notice.recipient.address)
        values: Mapping[str, object] = {
            "recipient": address,
            "domain": domain_of(address),
            "ticket": notice.ticket,
            "template": notice.template,
        }
        for scope in self._scopes:
            insort(self._times[frozenset((name, values[name]) for name in scope)], at)


def _as_left(situation: Situation, carried: Mapping[int, Mapping[str, Any]]) -> Situation:
    """The situation with the ticket as the new rules left it."""
    if situation.ticket is None:
        return situation
    return replace(situation, ticket=replace(situation.ticket, **carried.get(situation.ticket.number, {})))


def _one_ticket(one: Side, other: Side) -> tuple[Ticket, Ticket] | None:
    """The ticket of the mail, as each side leaves it; None where they are not the same, or there is none."""
    mine, yours = one.end.ticket, other.end.ticket
    return (mine, yours) if mine is not None and yours is not None and mine.number == yours.number else None


def _apart(one: Ticket, other: Ticket) -> dict[str, Any]:
    return {name: value for name in _CARRIED if (value := getattr(other, name)) != getattr(one, name)}


def _differences(old: Side, new: Side) -> Iterator[Difference]:
    if old.place != new.place:
        yield Difference("", f"{old.place} → {new.place}", _why_elsewhere(old, new))
    if (left := _one_ticket(old, new)) is not None:
        yield from _of_values(*left, old, new)
    yield from _of_effects(old, new)
    yield from _of_mails(old, new)


def _of_values(one: Ticket, other: Ticket, old: Side, new: Side) -> Iterator[Difference]:
    for name in _VALUES:
        before, after = getattr(one, name), getattr(other, name)
        if before != after and not _was_so(name, old, new):
            yield Difference(name, f"{before or _NOTHING} → {after or _NOTHING}", _why(name, old, new))
    if tags := " ".join(_tags(old, new)):
        yield Difference("tags", tags, _why("tag", old, new))
    before_fields, after_fields = dict(one.fields), dict(other.fields)
    for name in sorted(before_fields.keys() | after_fields.keys()):
        before, after = before_fields.get(name, _NOTHING), after_fields.get(name, _NOTHING)
        if before != after and not _was_so("fields", old, new):
            yield Difference(f"field.{name}", f"{before} → {after}", _why(f"field.{name}", old, new))


def _tags(old: Side, new: Side) -> Iterator[str]:
    """The tags that one side has and the other has not, but for those that were apart before."""
    (was_one, one), (was_other, other) = _tags_of(old), _tags_of(new)
    yield from (f"+ {tag}" for tag in sorted((other - one) - (was_other - was_one)))
    yield from (f"- {tag}" for tag in sorted((one - other) - (was_one - was_other)))


def _tags_of(side: Side) -> tuple[set[str], set[str]]:
    before = side.plan.situation.ticket if side.plan.situation is not None else None
    return set(before.tags if before else ()), set(side.end.ticket.tags if side.end.ticket else ())


def _was_so(name: str, old: Side, new: Side) -> bool:
    """Whether the two tickets differ since an earlier mail, and this one changed nothing in that."""
    return all(
        side.plan.situation is not None
        and side.plan.situation.ticket is not None
        and getattr(side.plan.situation.ticket, name) == getattr(side.end.ticket, name)
        for side in (old, new)
    )


def _of_effects(old: Side, new: Side) -> Iterator[Difference]:
    """What the ticket does not show: promises, notes, holds."""
    one, other = (list(_others(side)) for side in (old, new))
    for effect in other:
        if effect not in one:
            yield Difference(effect.action, f"+ {effect.after}", _why(effect.action, old, new))
    for effect in one:
        if effect not in other:
            yield Difference(effect.action, f"- {effect.after}", _why(effect.action, old, new))


def _others(side: Side) -> Iterator[Effect]:
    for hit in side.hits:
        for effect in hit.effects:
            if effect.action not in _TOLD_OTHERWISE and not effect.action.startswith("field."):
                yield Effect(effect.action, "", effect.after)


def _of_mails(old: Side, new: Side) -> Iterator[Difference]:
    one, other = _mails(old), _mails(new)
    for name in dict.fromkeys((*other, *one)):
        before, after = one.get(name), other.get(name)
        sent, sends = (n is not None and n.suppressed is None and n.held is None for n in (before, after))
        if sends and not sent and after is not None:
            yield Difference("mail out", f"+ {name}", _why_mail("old", before, "new", after))
        elif sent and not sends and before is not None:
            yield Difference("mail out", f"- {name}", _why_mail("new", after, "old", before))


def _mails(side: Side) -> dict[str, Notification]:
    return {f"{n.template}/{n.variant}" if n.variant else n.template: n for n in side.end.notices}


def _why_mail(without: str, held: Notification | None, having: str, sent: Notification) -> str:
    """On one side the guard held it, or on the other something wants it."""
    return f"{without}: suppressed by {held.suppressed}" if held is not None else f"{having}: {sent.cause}"


def _why(action: str, old: Side, new: Side) -> str:
    """The rule that does it on one side alone, and the word that it saw; empty where both do it."""
    return _rule(lambda effect: effect.action == action, old, new)


def _why_elsewhere(old: Side, new: Side) -> str:
    if old.place == "quarantine" and new.place == "ticket" and new.plan.auth.dmarc == "fail":
        return "CHECK: DMARC fail"
    return _rule(lambda effect: effect.action in ("record", "quarantine", "drop", "redirect", "merge_into"), old, new)


def _rule(does: Callable[[Effect], bool], old: Side, new: Side) -> str:
    for name, side, other in (("new", new, old), ("old", old, new)):
        same = {(hit.rule, hit.effects) for hit in other.hits if any(map(does, hit.effects))}
        for hit in side.hits:
            if any(map(does, hit.effects)) and (hit.rule, hit.effects) not in same:
                word = _word(side.check(hit))
                return f"{name}: {hit.rule}{f' (word “{word}”)' if word else ''}"
    return ""


def _word(check: Check) -> str:
    """The first word that a test of the rule found."""
    if check.kind == "none" or not check.held:
        return ""
    if check.kind == "test":
        return check.matched if check.operator in _WORDED else ""
    return next((word for child in check.children if (word := _word(child))), "")
