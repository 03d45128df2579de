"""What the rules decide about a mail, and why: the one engine for live mail, `explain` and `test`.

Sources  rules.md §2, §4. Every candidate is tested whole, so that the trace shows all reasons; actions write to an
         overlay that later rules see; a rule that fails is skipped with all of its actions.
Not here reading the file (load.py), what operators mean (operators.py), asking many tests at once (index.py), what
         actions do (effects.py), all reasons (told.py), showing them (explain.py).
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from gateway.rules.effects import NotPossible, effects, ready
from gateway.rules.operators import NO_CAPTURES, Seen
from gateway.rules.overlay import Overlay, Place
from gateway.rules.spelling import spelled
from gateway.rules.types import (
    Action,
    Decision,
    Dispose,
    Disposition,
    Effect,
    Event,
    Facts,
    Group,
    Hit,
    MergeInto,
    Outcome,
    Redirect,
    Rule,
    RuleSet,
    Test,
    Trace,
)

MAX_CHAIN = 3  # runs of status-changed that follow each other

_OF_PATTERNS = 0.8  # of the time: what they leave is for the actions, and for a look that took longer than its parts
_OF_ONE, _OF_SIFTING = 0.5, 0.25  # of the time that is left: to find out whether a look can be finished in it
_FOLLOWED = ("ticket.status", "ticket.status_type")  # what a follow-up run compares
_T = TypeVar("_T")

Opening = Callable[[str, datetime], bool]  # whether a calendar is open at a time


@dataclass(frozen=True, slots=True)
class Budget:
    """The time of one run, which its patterns share with all else that it does (acceptance L9).

    elapsed  seconds that this thread has worked, so that a machine with other work fails no rule
    """

    elapsed: Callable[[], float]
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
    has_ticket: Callable[[MergeInto], bool] | None = None,
    only: Collection[str] | None = None,
) -> Decision:
    """What the rules want, in order, and the trace of what they did and saw (told.py makes all reasons of it).

    events      run one after the other on the same facts; none follows a `received` that disposed of the mail
    budget      a rule that would begin a pattern after it is spent fails. None is no limit
    before      the facts before the event, for `changed`.  fired  rules with `once` that this ticket or cycle has seen
    opening     of calendars, for `within` and `outside`; rules that ask without it fail
    has_ticket  whether there is one to merge into; without it there is none, and the mail goes its normal way
    only        the rules that are due; any other that holds has been asked already, and does nothing. None is all;
                what follows a new status is never limited
    """
    run = _Run(Overlay(facts, before, rules.index), rules, budget, fired, opening)
    run.only = only
    disposition = None
    for event in events:
        run.event(event)
        if event == "received" and (disposition := _disposition(run.actions, has_ticket)) is not None:
            break
    else:
        run.only = None
        run.follow_up()
    trace = Trace(
        rules.revision,
        rules.sha256,
        tuple(run.hits),
        guard=run.guard,
        events=tuple(run.events),
        saw=run.overlay.saw(),
        outline=rules.outline.id,
    )
    return Decision(tuple(run.actions), trace, disposition)


def _disposition(actions: Sequence[Action], has_ticket: Callable[[MergeInto], bool] | None) -> Disposition | None:
    """The first action that ends the way of the mail; a merge does so only where there is a ticket for it."""
    for action in actions:
        match action:
            case MergeInto():
                if has_ticket is not None and has_ticket(action):
                    return action
            case Dispose() | Redirect():
                return action
            case _:
                pass
    return None


def may_have_fired(rules: Sequence[Rule], events: Collection[Event]) -> bool:
    """Whether any rule for these events, or for a change of status that may follow, runs only once."""
    asked = {*events, "status-changed"}
    return any(rule.once != "never" and not asked.isdisjoint(rule.on) for rule in rules)


class _Run:
    """One run over the candidates of its events."""

    def __init__(
        self, overlay: Overlay, rules: RuleSet, budget: Budget | None, fired: Collection[str], opening: Opening | None
    ) -> None:
        self.overlay, self._rules, self._budget, self._opening = overlay, rules, budget, opening
        self._fired = [rule.id for rule in rules.rules if rule.once != "never" and rule.id in fired] if fired else []
        self._status = overlay.values(_FOLLOWED)
        self._began = budget.elapsed() if budget is not None else 0.0
        self.only: Collection[str] | None = None
        self.events: list[Event] = []
        self.hits: list[Hit] = []
        self.actions: list[Action] = []
        self.guard = ""

    def event(self, event: Event, chained: Collection[str] = ()) -> None:
        """Every candidate of an event, in file order. `chained` have run in this chain already."""
        run, overlay = len(self.events), self.overlay
        self.events.append(event)
        overlay.prepare(event)
        passed: dict[str, Outcome] = {**dict.fromkeys(chained, "chain"), **dict.fromkeys(self._fired, "once")}
        for number, rule in enumerate(self._rules.rules):
            if event not in rule.on:
                continue
            if not rule.when.keys <= overlay.held and rule.eager.keys() <= overlay.asked and rule.id not in passed:
                continue  # most rules for most mails
            hit, wanted = self._asked(rule, event, (run, number), passed)
            if hit is not None:
                self.hits.append(hit)
                self.actions.extend(wanted)
                if hit.stop:
                    return

    def follow_up(self) -> None:
        """The runs of status-changed that rules caused: at most three in a chain, each rule once in it."""
        if not any("status-changed" in rule.on for rule in self._rules.rules):
            return
        done = {h.rule for h in self.hits if h.outcome == "applied"}
        for _ in range(MAX_CHAIN):
            if self.overlay.value("ticket.status") == self._status["ticket.status"]:
                return
            self.overlay.begin_follow_up(self._status)
            self._status = self.overlay.values(_FOLLOWED)
            begun = len(self.hits)
            self.event("status-changed", done)
            done |= {h.rule for h in self.hits[begun:] if h.outcome == "applied"}
        if self.overlay.value("ticket.status") != self._status["ticket.status"]:
            self.guard = f"status-changed ran {MAX_CHAIN} times; the last change of status started no more rules"

    def _asked(
        self, rule: Rule, event: Event, place: Place, passed: Mapping[str, Outcome]
    ) -> tuple[Hit | None, tuple[Action, ...]]:
        """What became of a rule, and what it wants; None when it does not match."""
        run = place[0]
        if rule.id in passed:
            return Hit(rule.id, rule.line, event, passed[rule.id], run=run), ()
        try:
            for test in rule.eager.values():
                if test.key not in self.overlay.asked:
                    self._ask(test)
            if not self._held(rule.when):
                return None, ()
            if self.only is not None and rule.id not in self.only:
                return Hit(rule.id, rule.line, event, "once", run=run), ()
            captures: dict[str, str] = {}
            self._catch(rule.when, captures)
            wanted = tuple(ready(action, captures, self.overlay, self._rules) for action in rule.do)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
            # one rule's failure, ours included, must not cost the mail its other rules (acceptance G-07)
            return Hit(rule.id, rule.line, event, "error", error=str(e) or type(e).__name__, run=run), ()
        self.overlay.place = place
        done = tuple(effect for action in wanted for effect in self._done(action, keep=not rule.shadow))
        if rule.shadow:
            return Hit(rule.id, rule.line, event, "shadow", None, done, run=run), ()
        return Hit(rule.id, rule.line, event, "applied", None, done, rule.stop, run=run), wanted

    def _done(self, action: Action, *, keep: bool) -> Iterator[Effect]:
        for effect, written in effects(action, self.overlay, self._rules):
            if keep:
                for name, value in written.items():
                    self.overlay.put(name, value)
            yield effect

    # --- conditions -------------------------------------------------------------------------------------------------

    def _held(self, group: Group) -> bool:
        """Whether a group holds; it is asked no further than it must be."""
        held = self.overlay.held
        if group.kind == "all":
            return group.keys <= held and all(map(self._held, group.groups))
        some = not group.keys.isdisjoint(held) or any(map(self._held, group.groups))
        return some is (group.kind == "any")

    def _catch(self, group: Group, captures: dict[str, str]) -> None:
        """The named groups of all patterns that matched; the first one of a name counts, none inside `none`."""
        if group.kind == "none":
            return
        for child in group.children:
            if isinstance(child, Test):
                for name, value in self.overlay.seen[child.field].caught.get(child.key, NO_CAPTURES).items():
                    captures.setdefault(name, value)
            else:
                self._catch(child, captures)

    def _ask(self, test: Test) -> None:
        """A test that is asked for a rule, once for a value."""
        seen = self.overlay.seen[test.field]
        if test.operator != "matches":
            if self._open(test.operand, seen) is (test.operator == "within"):
                self.overlay.note(test, seen)
        else:
            if self.overlay.may_sift(test, seen):
                with contextlib.suppress(NotPossible):  # too hard together: then each by itself
                    self.overlay.sift(test, seen, partial(self._looked, _OF_SIFTING))
            if test.key not in self.overlay.asked:
                self._match(test, seen)
        self.overlay.asked.add(test.key)

    def _match(self, test: Test, seen: Seen) -> None:
        for octets in seen.octets:
            found = self._looked(_OF_ONE, test.operand.is_in, test.operand.search, test.operand.window, octets)
            if found is not None:
                caught = ", ".join(f"{name}={spelled(value)}" for name, value in found.captures.items())
                self.overlay.note(test, seen, caught or spelled(found.text))
                seen.caught[test.key] = found.captures
                return

    def _open(self, calendar: str, seen: Seen) -> bool | None:
        if not isinstance(seen.value, datetime):
            return None
        if self._opening is None:
            raise NotPossible(f"nobody knows the hours of calendar “{calendar}”")
        return self._opening(calendar, seen.value)

    def _looked(
        self, share: float, glance: Callable[[bytes], object], look: Callable[[bytes], _T], window: int, octets: bytes
    ) -> _T:
        """What patterns answer about a text, begun only when there is time for it.

        How long the whole takes is found out part by part, since nothing can end a look: whatever a text is made of, a
        look that would not come to its end costs a share of what is left of the time.
        """
        if self._budget is not None and len(octets) > window:
            spent = self._spent(self._budget)
            until = spent + (_OF_PATTERNS * self._budget.seconds - spent) * share
            for at in range(0, len(octets), window):
                self._begun(glance, octets[at : at + window])
                if self._spent(self._budget) > until:
                    raise NotPossible(f"the patterns of this mail would take more than {self._allowed_ms}")
        return self._begun(look, octets)

    def _spent(self, budget: Budget) -> float:
        return budget.elapsed() - self._began

    @property
    def _allowed_ms(self) -> str:
        return f"their {self._budget.seconds * 1000:.0f} ms" if self._budget is not None else ""

    def _begun(self, look: Callable[[bytes], _T], octets: bytes) -> _T:
        """What patterns answer; none begins when the time that all of this mail share is spent."""
        if self._budget is not None and self._spent(self._budget) >= _OF_PATTERNS * self._budget.seconds:
            raise NotPossible(f"the patterns of this mail took {self._allowed_ms} already")
        return look(octets)
