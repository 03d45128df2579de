"""What the rules decide about a mail, and why: the one engine for live mail, `explain` and `test`.

Sources  rules.md §2, §4, §5. Every candidate is tested whole, so that the trace shows all reasons; actions write to an
         overlay that later rules see; a rule that fails is skipped with all of its actions.
Not here reading the file (load.py), what operators mean (operators.py), showing the trace (explain.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from gateway.rules.actions import filled, misfit
from gateway.rules.operators import Seen, holds
from gateway.rules.pattern import Found, Pattern
from gateway.rules.types import (
    ALIASES,
    REGISTRY,
    Action,
    Assign,
    Check,
    Decision,
    Dispose,
    Effect,
    Event,
    Facts,
    Group,
    Hit,
    Reply,
    Route,
    Rule,
    RuleSet,
    Set,
    Tag,
    Test,
    Trace,
    Value,
)

NOTHING = "∅"  # no value, in an effect

_SHORT = {name: alias for alias, name in ALIASES.items()}
_SETS = {"status": "ticket.status", "priority": "ticket.priority", "language": "language"}
_CUSTOM = "ticket.field."


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that all patterns of one run share (acceptance L9)."""

    monotonic: Callable[[], float]
    seconds: float


class _Failed(Exception):  # noqa: N818  (a rule that fails is an outcome, told by its hit)
    pass


def evaluate(rules: RuleSet, facts: Facts, events: tuple[Event, ...], *, budget: Budget | None = None) -> Decision:
    """What the rules want, in order, and the trace of every rule looked at.

    events  run one after the other on the same facts; none follows a `received` that disposed of the mail
    budget  of the patterns; a rule that would begin one after it is spent fails. None is no limit
    """
    run = _Run(facts, rules, budget)
    hits: list[Hit] = []
    actions: list[Action] = []
    done: list[Event] = []
    for event in events:
        done.append(event)
        for hit, wanted in run.event(event):
            hits.append(hit)
            actions.extend(wanted)
        if event == "received" and any(isinstance(a, Dispose) for a in actions):
            break
    others = tuple(r.id for r in rules.rules if not any(e in r.on for e in done))
    return Decision(tuple(actions), Trace(rules.revision, rules.sha256, tuple(hits), others))


class _Run:
    """Facts, what the actions so far made of them, and what was read of both."""

    def __init__(self, facts: Facts, rules: RuleSet, budget: Budget | None) -> None:
        self._facts, self._rules, self._budget = facts, rules, budget
        self._overlay: dict[str, Value] = {}
        self._seen: dict[str, Seen] = {}
        self._spent = 0.0

    def event(self, event: Event) -> Iterator[tuple[Hit, tuple[Action, ...]]]:
        stopped = False
        for rule in self._rules.rules:
            if event not in rule.on:
                continue
            if stopped:
                yield Hit(rule.id, rule.line, event, "after-stop"), ()
                continue
            hit, wanted = self._rule(rule, event)
            stopped = hit.stop
            yield hit, wanted

    def _rule(self, rule: Rule, event: Event) -> tuple[Hit, tuple[Action, ...]]:
        captures: dict[str, str] = {}
        try:
            check = self._group(rule.when, captures)
            if not check.held:
                return Hit(rule.id, rule.line, event, "not-matched", check), ()
            wanted = tuple(self._ready(action, captures) for action in rule.do)
        except (_Failed, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
            # one rule's failure, ours included, must not cost the mail its other rules (acceptance G-07)
            return Hit(rule.id, rule.line, event, "error", error=str(e) or type(e).__name__), ()
        effects = tuple(effect for action in wanted for effect in self._apply(action))
        return Hit(rule.id, rule.line, event, "applied", check, effects, rule.stop), wanted

    # --- conditions -------------------------------------------------------------------------------------------------

    def _group(self, group: Group, captures: dict[str, str]) -> Check:
        inside: dict[str, str] = {}
        children = tuple(
            self._test(child, inside) if isinstance(child, Test) else self._group(child, inside)
            for child in group.children
        )
        match group.kind:
            case "all":
                held = all(c.held for c in children)
            case "any":
                held = any(c.held for c in children)
            case "none":
                held, inside = not any(c.held for c in children), {}
            case _:
                assert_never(group.kind)
        for name, value in inside.items():
            captures.setdefault(name, value)
        return Check(group.kind, held, children=children)

    def _test(self, test: Test, captures: dict[str, str]) -> Check:
        seen = self._value(test.field)
        held, matched, caught = holds(test, seen, self._search)
        for name, value in caught.items():
            captures.setdefault(name, value)
        field = _SHORT.get(test.field, test.field)
        return Check("test", held, field, test.operator, test.wanted, seen.shown, matched, seen.cut)

    def _search(self, pattern: Pattern, octets: bytes) -> Found | None:
        if self._budget is None:
            return pattern.search(octets)
        if self._spent >= self._budget.seconds:
            raise _Failed(f"the patterns of this mail took their {self._budget.seconds * 1000:.0f} ms already")
        begun = self._budget.monotonic()
        try:
            return pattern.search(octets)
        finally:
            self._spent += self._budget.monotonic() - begun

    # --- values -----------------------------------------------------------------------------------------------------

    def _value(self, name: str) -> Seen:
        if name not in self._seen:
            self._seen[name] = Seen(self._overlay.get(name, self._fact(name)), secret=name.startswith("body."))
        return self._seen[name]

    def _fact(self, name: str) -> Value:
        if name.startswith(_CUSTOM):
            return dict(self._facts.ticket_fields or ()).get(name.removeprefix(_CUSTOM))
        if name.startswith("headers."):
            wanted = name.removeprefix("headers.").lower()
            return tuple(v for n, v in self._facts.headers or () if n.lower() == wanted) or None
        value: Value = getattr(self._facts, REGISTRY[name].attribute)
        return value

    def _put(self, name: str, value: Value) -> Value:
        """Overlay a value; the one before comes back."""
        before = self._value(name).value
        self._overlay[name] = value
        self._seen.pop(name, None)
        return before

    # --- actions ----------------------------------------------------------------------------------------------------

    def _ready(self, action: Action, captures: Mapping[str, str]) -> Action:
        """The action with its captures filled in."""
        if not isinstance(action, Set) or not action.name.startswith("field."):
            return action
        value = filled(action.value, captures)
        if wrong := misfit(self._rules.fields[action.name.removeprefix("field.")], value):
            raise _Failed(wrong)
        return Set(action.rule, action.name, value)

    def _apply(self, action: Action) -> Iterator[Effect]:
        match action:
            case Route():
                yield Effect("team", _or_nothing(self._put("ticket.team", action.team)), action.team)
            case Assign():
                before = _or_nothing(self._put("ticket.assignee", action.agent))
                yield Effect("assignee", before, _or_nothing(action.agent))
            case Set():
                name = _SETS.get(action.name, f"ticket.{action.name}")
                yield Effect(action.name, _or_nothing(self._put(name, action.value)), action.value)
            case Tag():
                yield self._tags(action)
            case Reply():
                variant = f"/{action.variant}" if action.variant else ""
                language = f" ({action.language})" if action.language else ""
                yield Effect("reply", "", f"{action.template}{variant}{language}")
            case Dispose():
                yield Effect(action.disposition, "", action.reason)
            case _:
                assert_never(action)

    def _tags(self, action: Tag) -> Effect:
        before = self._value("ticket.tags").value
        tags = before if isinstance(before, tuple) else ()
        kept = tuple(t for t in tags if t not in action.remove)
        self._put("ticket.tags", (*kept, *(t for t in action.add if t not in kept)))
        words = [f"+{t}" for t in action.add] + [f"-{t}" for t in action.remove]
        return Effect("tag", "", " ".join(words))


def _or_nothing(value: Value) -> str:
    return NOTHING if value is None else str(value)
