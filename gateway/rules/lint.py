"""What is allowed in a rule file and mostly not meant: rules that hide, contradict, overlap, loop, or never run.

Sources  rules.md §8; what each code means is in codes.py.
Not here errors (load.py and its neighbours), people, calendars and promises (lint_desk.py).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, permutations

from gateway.rules import logic
from gateway.rules.finding import Finding
from gateway.rules.forms import Reader
from gateway.rules.lint_desk import desk_findings
from gateway.rules.pattern import Pattern
from gateway.rules.types import (
    Action,
    Assign,
    Group,
    Later,
    Notify,
    Reply,
    Route,
    Rule,
    RuleSet,
    Set,
    Tag,
    Test,
    UseSla,
)

Ways = Mapping[str, tuple[logic.Alternative, ...] | None]  # of each rule; None where there are too many

_MANY = 500  # rules that are compared with each other; more are generated ones
_QUIET = timedelta(days=90)
_STRANGE = "\u2003~\u2020".encode()  # a text that no pattern is written for
_ROBOTS = ("mail.is_auto_reply", "mail.is_bounce", "mail.is_list")
_WORD_FIELDS = ("from.address", "envelope.from", "to", "cc", "reply_to")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lints may know beside the file; None is not known."""

    today: date | None = None
    last_hits: Mapping[str, date] | None = None  # of each rule that ever matched
    queries: Collection[str] | None = None  # names of the [[lookup]] of mailwicket.toml
    endpoints: Collection[str] | None = None  # of its [[webhook]]


def lint(rules: RuleSet, r: Reader, around: Surroundings) -> Iterator[Finding]:
    """Everything that is worth a warning, and the errors that need the whole file."""
    ways = {rule.id: logic.alternatives(rule.when) for rule in rules.rules}
    for rule in rules.rules:
        yield from _of_rule(rule, ways[rule.id], rules)
    yield from _hidden(rules, ways)
    yield from _overlapping(rules, ways)
    yield from _chains(rules)
    yield from _untested(rules)
    yield from _quiet(rules, around)
    yield from _translations(rules, r)
    yield from desk_findings(rules, r, around.today, around.queries)


def _of_rule(rule: Rule, ways: tuple[logic.Alternative, ...] | None, rules: RuleSet) -> Iterator[Finding]:
    at = Finding.of_rule(rule)
    if ways == ():
        yield at("R005", f"rule “{rule.id}” can never match: its tests contradict each other")
    for group in _groups(rule.when):
        negative = [_negative(child) for child in group.children]
        if group.kind == "any" and len(negative) > 1 and all(negative):
            hint = "none: […] holds when not one of them does"
            yield at("R008", f"an “any” of rule “{rule.id}” has only negative tests and holds nearly always", hint)
    for test in _tests(rule.when):
        yield from _of_test(test, rule)
    if any(isinstance(_now(a), Reply) for a in rule.do):
        if "reply" in rule.on and not _limited(rule):
            hint = "once: cycle, or a tag that the rule sets and asks for"
            yield at("R009", f"rule “{rule.id}” answers every reply", hint)
        if ways and (why := _robot(ways, rules)):
            yield at("R010", f"rule “{rule.id}” answers {why}", "the send guard refuses such mails")


def _of_test(test: Test, rule: Rule) -> Iterator[Finding]:
    at = Finding.of_test(test, rule)
    if isinstance(test.operand, Pattern) and _matches_anything(test.operand):
        yield at("R004", f"the pattern of rule “{rule.id}” matches every text", "+ instead of *?")
    if test.operator == "ends_with" and (
        test.field == "from.domain"
        or (test.field in _WORD_FIELDS and any("." in w and w[0] not in ".@" and "@" not in w for w, _ in test.operand))
    ):
        yield at(
            "R028", f"“ends_with” in rule “{rule.id}” also takes other domains", "under: the domain or one below it"
        )


def _hidden(rules: RuleSet, ways: Ways) -> Iterator[Finding]:
    """Rules behind a stop of one that asks no more than they do."""
    stops = [rule for rule in rules.rules if rule.stop and not rule.shadow][:_MANY]
    place = {rule.id: number for number, rule in enumerate(rules.rules)}
    for later in rules.rules if len(stops) * len(rules.rules) <= _MANY * _MANY else ():
        for earlier in stops:
            if place[earlier.id] < place[later.id] and _takes_all(earlier, later, ways):
                text = f"rule “{later.id}” is never reached: “{earlier.id}” ends the list before it"
                yield Finding.of_rule(later)("R006", text)
                break


def _takes_all(earlier: Rule, later: Rule, ways: Ways) -> bool:
    one, other = ways[earlier.id], ways[later.id]
    if one is None or not other or not set(later.on) <= set(earlier.on):
        return False
    return all(any(a <= b for a in one) for b in other)


def _overlapping(rules: RuleSet, ways: Ways) -> Iterator[Finding]:
    """Two rules that set one field to different values, and certainly can match together."""
    setting: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        for name in () if rule.shadow else _settings(rule):
            setting.setdefault(name, []).append(rule)
    for name, candidates in setting.items():
        for earlier, later in combinations(candidates[:_MANY], 2):
            one, other = ways[earlier.id], ways[later.id]
            if earlier.stop or one is None or other is None or not set(earlier.on) & set(later.on):
                continue
            if _settings(earlier)[name] != _settings(later)[name] and logic.overlap(one, other):
                text = f"rules “{earlier.id}” and “{later.id}” both set {name} and can match together: the later wins"
                yield Finding.of_rule(later)("R007", text)


def _settings(rule: Rule) -> dict[str, str | None]:
    """What a rule sets at once, and to what."""
    found: dict[str, str | None] = {}
    for action in rule.do:
        match action:
            case Route(team=team):
                found["team"] = team
            case Assign(agent=agent):
                found["assignee"] = agent
            case Set(name=name, value=value):
                found[name] = value
            case UseSla(policy=policy):
                found["sla"] = policy
    return found


def _limited(rule: Rule) -> bool:
    """Whether a rule asks for something that its own answer ends."""
    tags = {tag for a in rule.do if isinstance(a, Tag) for tag in a.add}
    asked = [t for t in _tests(rule.when) if t.field == "ticket.tags" and tags & set(map(str, _words(t)))]
    return rule.once != "never" or bool(asked) or any(t.field == "ticket.messages" for t in _tests(rule.when))


def _robot(ways: tuple[logic.Alternative, ...], rules: RuleSet) -> str:
    """Whom a rule answers that it should not, if all of its alternatives ask for such a one; empty when none."""
    ours = {a for team in rules.teams.values() for a in (*team.addresses, *team.aliases)}
    for literals in ways:
        for literal in literals:
            if literal.held and literal.operator == "is":
                if literal.field in _ROBOTS and literal.operand is True:
                    return f"mail of a machine ({literal.field})"
                if literal.field in ("from.address", "envelope.from") and literal.operand in ours:
                    return f"our own address {literal.operand}"
    return ""


def _chains(rules: RuleSet) -> Iterator[Finding]:
    """Two rules of status-changed, each of which waits for what the other sets."""
    changing = [r for r in rules.rules if "status-changed" in r.on and "status" in _settings(r)]
    for one, other in permutations(changing, 2):
        if one.line < other.line and _wakes(one, other) and _wakes(other, one):
            text = f"rules “{one.id}” and “{other.id}” can trigger each other"
            yield Finding.of_rule(other)("R027", text, "a chain ends after three runs")


def _wakes(one: Rule, other: Rule) -> bool:
    status = _settings(one)["status"]
    asked = [t for t in other.when.children if isinstance(t, Test) and t.field == "ticket.status"]
    wanted = [set(t.operand) for t in asked if t.operator in ("is", "in", "changed_to")]
    return all(status in words for words in wanted)


def _untested(rules: RuleSet) -> Iterator[Finding]:
    named = {rule for scene in rules.scenes for rule in scene.expect.get("rules", ())}
    for rule in rules.rules:
        if rule.id not in named:
            yield Finding.of_rule(rule)("R022", f"rule without test: {rule.id}")


def _quiet(rules: RuleSet, around: Surroundings) -> Iterator[Finding]:
    if around.last_hits is None or around.today is None:
        return
    for rule in rules.rules:
        last = around.last_hits.get(rule.id)
        if last is None or around.today - last > _QUIET:
            yield Finding.of_rule(rule)("R020", f"rule “{rule.id}” had no hit in 90 days")


def _translations(rules: RuleSet, r: Reader) -> Iterator[Finding]:
    mails = r.known.mails
    for rule in rules.rules:
        for action in map(_now, rule.do):
            if not isinstance(action, Reply | Notify):
                continue
            variant = action.variant if isinstance(action, Reply) else None
            name = f"{action.template}/{variant}" if variant else action.template
            there = mails.written.get(name)
            missing = [tag for tag in mails.wanted if there is not None and tag not in there]
            if missing:
                yield Finding.of_rule(rule)("R011", f"mail “{name}” is not written in: {', '.join(missing)}")


def _now(action: Action) -> Action:
    return action.action if isinstance(action, Later) else action


def _groups(group: Group) -> Iterator[Group]:
    yield group
    for child in group.children:
        if isinstance(child, Group):
            yield from _groups(child)


def _tests(group: Group) -> Iterator[Test]:
    for g in _groups(group):
        yield from (child for child in g.children if isinstance(child, Test))


def _negative(child: Test | Group) -> bool:
    if isinstance(child, Test):
        return child.operator in ("is_not", "not_in")
    return child.kind == "none"


def _words(test: Test) -> tuple[object, ...]:
    if isinstance(test.operand, Mapping):
        return tuple(test.operand.values())
    return tuple(word for _, word in test.operand) if isinstance(test.operand, tuple) else ()


def _matches_anything(pattern: Pattern) -> bool:
    return pattern.search(b"") is not None and pattern.search(_STRANGE) is not None
