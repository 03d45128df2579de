"""What the rules decide about a mail, and why: the one engine for live mail, `explain` and `test`.

Sources  rules.md §2, §4. Every candidate is tested whole, so that the trace shows all reasons; actions write to an
         overlay that later rules see; a rule that fails is skipped with all of its actions.
Not here reading the file (load.py), what operators mean (operators.py), what actions do (effects.py), showing the
         trace (explain.py).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from gateway.rules.effects import NotPossible, effects, ready
from gateway.rules.operators import NO_CAPTURES, Result, Seen, holds
from gateway.rules.overlay import Overlay
from gateway.rules.pattern import Found, Pattern
from gateway.rules.types import (
    ALIASES,
    DISPOSITIONS,
    Action,
    Check,
    Decision,
    Effect,
    Event,
    Facts,
    Group,
    Hit,
    Rule,
    RuleSet,
    Test,
    Trace,
)

MAX_CHAIN = 3  # runs of status-changed that follow each other

_SHORT = {name: alias for alias, name in ALIASES.items()}
_FOLLOWED = ("ticket.status", "ticket.status_type")  # what a follow-up run compares

Opening = Callable[[str, datetime], bool]  # whether a calendar is open at a time


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that all patterns of one run share (acceptance L9)."""

    monotonic: Callable[[], float]
    seconds: float


def evaluate(
    rules: RuleSet,
    facts: Facts,
    events: tuple[Event, ...],
    *,
    budget: Budget | None = None,
    before: Facts | None = None,
    fired: Collection[str] = (),
    opening: Opening | None = None,
    told: bool = True,
) -> Decision:
    """What the rules want, in order, and the trace of every rule looked at.

    events   run one after the other on the same facts; none follows a `received` that disposed of the mail
    budget   of the patterns; a rule that would begin one after it is spent fails. None is no limit
    before   the facts before the event, for `changed`.  fired  rules with `once` that this ticket or cycle has seen
    opening  of calendars, for `within` and `outside`; rules that ask without it fail
    told     whether the trace shows the tests of rules that did not match; actions and outcomes are the same
    """
    run = _Run(Overlay(facts, before, rules.index), rules, budget, frozenset(fired), opening, told=told)
    for event in events:
        run.event(event)
        if event == "received" and any(isinstance(a, DISPOSITIONS) for a in run.actions):
            break
    else:
        run.follow_up()
    others = tuple(r.id for r in rules.rules if not any(e in r.on for e in run.events))
    return Decision(tuple(run.actions), Trace(rules.revision, rules.sha256, tuple(run.hits), others, run.guard))


def may_have_fired(rules: Sequence[Rule], events: Collection[Event]) -> bool:
    """Whether any rule for these events, or for a change of status that may follow, runs only once."""
    asked = {*events, "status-changed"}
    return any(rule.once != "never" and not asked.isdisjoint(rule.on) for rule in rules)


class _Run:
    """One run over the candidates of its events."""

    def __init__(
        self,
        overlay: Overlay,
        rules: RuleSet,
        budget: Budget | None,
        fired: frozenset[str],
        opening: Opening | None,
        *,
        told: bool,
    ) -> None:
        self._overlay, self._rules, self._budget, self._fired, self._opening = overlay, rules, budget, fired, opening
        self._told = told
        self._status = overlay.values(_FOLLOWED)
        self._spent = 0.0
        self.events: list[Event] = []
        self.hits: list[Hit] = []
        self.actions: list[Action] = []
        self.guard = ""

    def event(self, event: Event, chained: Collection[str] = ()) -> None:
        """Every candidate of an event, in file order. `chained` have run in this chain already."""
        self.events.append(event)
        stopped = False
        wanted: tuple[Action, ...] = ()
        for rule in self._rules.rules:
            if event not in rule.on:
                continue
            if stopped:
                hit, wanted = Hit(rule.id, rule.line, event, "after-stop"), ()
            elif rule.id in chained:
                hit, wanted = Hit(rule.id, rule.line, event, "chain"), ()
            elif rule.once != "never" and rule.id in self._fired:
                hit, wanted = Hit(rule.id, rule.line, event, "once"), ()
            else:
                hit, wanted = self._rule(rule, event)
                stopped = hit.stop
            self.hits.append(hit)
            self.actions.extend(wanted)

    def follow_up(self) -> None:
        """The runs of status-changed that rules caused: at most three in a chain, each rule once in it."""
        if not any("status-changed" in rule.on for rule in self._rules.rules):
            return
        done = {h.rule for h in self.hits if h.outcome == "applied"}
        for _ in range(MAX_CHAIN):
            if self._overlay.value("ticket.status") == self._status["ticket.status"]:
                return
            self._overlay.begin_follow_up(self._status)
            self._status = self._overlay.values(_FOLLOWED)
            begun = len(self.hits)
            self.event("status-changed", done)
            done |= {h.rule for h in self.hits[begun:] if h.outcome == "applied"}
        if self._overlay.value("ticket.status") != self._status["ticket.status"]:
            self.guard = f"status-changed ran {MAX_CHAIN} times; the last change of status started no more rules"

    def _rule(self, rule: Rule, event: Event) -> tuple[Hit, tuple[Action, ...]]:
        captures: dict[str, str] = {}
        try:
            for test in rule.eager:
                self._result(test)
            if not self._told and not self._held(rule.when):
                return Hit(rule.id, rule.line, event, "not-matched"), ()
            check = self._group(rule.when, captures)
            if not check.held:
                return Hit(rule.id, rule.line, event, "not-matched", check), ()
            wanted = tuple(ready(action, captures, self._overlay, self._rules) for action in rule.do)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
            # one rule's failure, ours included, must not cost the mail its other rules (acceptance G-07)
            return Hit(rule.id, rule.line, event, "error", error=str(e) or type(e).__name__), ()
        done = tuple(effect for action in wanted for effect in self._done(action, keep=not rule.shadow))
        if rule.shadow:
            return Hit(rule.id, rule.line, event, "shadow", check, done), ()
        return Hit(rule.id, rule.line, event, "applied", check, done, rule.stop), wanted

    def _done(self, action: Action, *, keep: bool) -> Iterator[Effect]:
        for effect, written in effects(action, self._overlay, self._rules):
            if keep:
                for name, value in written.items():
                    self._overlay.put(name, value)
            yield effect

    # --- conditions -------------------------------------------------------------------------------------------------

    def _held(self, group: Group) -> bool:
        """Whether a group holds; it is asked no further than it must be."""
        wanted = group.kind != "all"  # the answer of one child that decides
        seen_of, look = self._overlay.seen.get, self._overlay.look
        for child in group.children:
            if isinstance(child, Test):
                seen = seen_of(child.field) or look(child.field)
                held = (seen.results.get(child.key) or self._look(child, seen))[0]
            else:
                held = self._held(child)
            if held is wanted:
                return group.kind == "any"
        return group.kind != "any"

    def _group(self, group: Group, captures: dict[str, str]) -> Check:
        """A group with every test in it, for the trace."""
        inside: dict[str, str] = {}
        children = tuple(
            [self._test(c, inside) if isinstance(c, Test) else self._group(c, inside) for c in group.children]
        )
        match group.kind:
            case "all":
                held = all([c.held for c in children])  # noqa: C419  (lists are faster here)
            case "any":
                held = any([c.held for c in children])  # noqa: C419
            case "none":
                held = not any([c.held for c in children])  # noqa: C419
                inside = {}
            case _:
                assert_never(group.kind)
        for name, value in inside.items():
            captures.setdefault(name, value)
        return Check(group.kind, held, children=children)

    def _test(self, test: Test, captures: dict[str, str]) -> Check:
        seen = self._overlay.seen.get(test.field) or self._overlay.look(test.field)
        held, matched, caught = seen.results.get(test.key) or self._look(test, seen)
        if caught:
            for name, value in caught.items():
                captures.setdefault(name, value)
        check = seen.checks.get(test.key)
        if check is None:
            field = _SHORT.get(test.field, test.field)
            check = Check("test", held, field, test.operator, test.wanted, seen.shown, matched, seen.cut)
            seen.checks[test.key] = check
        return check

    def _result(self, test: Test) -> Result:
        seen = self._overlay.look(test.field)
        return seen.results.get(test.key) or self._look(test, seen)

    def _look(self, test: Test, seen: Seen) -> Result:
        match test.operator:
            case "within" | "outside":
                found: Result = (self._open(test.operand, seen) is (test.operator == "within"), "", NO_CAPTURES)
            case "changed" | "changed_to" | "changed_from":
                found = (self._changed(test, seen), "", NO_CAPTURES)
            case _:
                found = holds(test, seen, self._search)
        seen.results[test.key] = found
        return found

    def _open(self, calendar: str, seen: Seen) -> bool | None:
        if not isinstance(seen.value, datetime):
            return None
        if self._opening is None:
            raise NotPossible(f"nobody knows the hours of calendar “{calendar}”")
        return self._opening(calendar, seen.value)

    def _changed(self, test: Test, seen: Seen) -> bool:
        before = self._overlay.before(test.field)
        changed = before != seen.value
        if test.operator == "changed":
            return changed is test.operand
        if not changed:
            return False
        asked = seen if test.operator == "changed_to" else Seen(before)
        return any(value in test.operand for value in asked.lowered or (asked.value,))

    def _search(self, pattern: Pattern, octets: bytes) -> Found | None:
        if self._budget is None:
            return pattern.search(octets)
        if self._spent >= self._budget.seconds:
            raise NotPossible(f"the patterns of this mail took their {self._budget.seconds * 1000:.0f} ms already")
        begun = self._budget.monotonic()
        try:
            return pattern.search(octets)
        finally:
            self._spent += self._budget.monotonic() - begun
