"""Rule files as one compiled revision, or every problem in them at once.

Sources  rules.md §1, §3, §8. What stands beside the main file comes from the caller: no file, clock or network here.
Not here how a mail is decided (evaluate.py), what is allowed and mostly not meant (lint.py).
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import re2

from gateway.errors import ConfigError
from gateway.message.address import normal
from gateway.rules import reading, sections
from gateway.rules.actions import Actions
from gateway.rules.conditions import Conditions
from gateway.rules.cron import cron_error
from gateway.rules.desk import Calendar
from gateway.rules.findings import Findings
from gateway.rules.forms import Reader
from gateway.rules.index import EAGER, indexed
from gateway.rules.lint import Surroundings, lint
from gateway.rules.pattern import Pattern
from gateway.rules.reading import Known, Mails
from gateway.rules.scenes import scenes
from gateway.rules.told import outlined
from gateway.rules.tree import Node, note_duplicates, read_tree
from gateway.rules.types import EVENTS, Event, Group, Rule, RuleSet, Scene, Test

Beside = Callable[[str], Mapping[str, str]]
Holidays = Callable[[Calendar, Mapping[str, str]], object]  # of a calendar, given the texts beside the rules
_SECTIONS = (
    "version", "include", "defaults", "agents", "teams", "statuses", "calendars", "sla", "lists", "fields", "lookups",
    "limits", "retention", "rules", "tests",
)  # fmt: skip
_SINGULAR = {"statuses": "status"}
_INCLUDED = ("rules", "lists", "tests")
RULE_KEYS = ("id", "about", "on", "when", "do", "enabled", "shadow", "once", "cron", "each")
ONCE = ("ticket", "cycle", "never")
_CYCLIC = ("idle", "sla-warning", "sla-breached")
_YAML_1_1 = re.compile("yes|no|on|off|y|n", re.IGNORECASE)
_SECRET = re2.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}|\bxox[abprs]-[0-9A-Za-z-]{10}"
    r"|\bsk_live_[0-9A-Za-z]{16}|://[^/\s:@]+:[^/\s:@]+@"
)


def _nothing(pattern: str) -> Mapping[str, str]:
    raise ValueError(f"“{pattern}”: there is nothing beside this file")


def load_rules(
    text: str,
    name: str,
    revision: int,
    mails: Mails = Mails(),  # noqa: B008  (frozen)
    *,
    beside: Beside = _nothing,
    holidays: Holidays = lambda calendar, files: None,
    surroundings: Surroundings = Surroundings(),  # noqa: B008  (frozen)
) -> RuleSet:
    """The revision, compiled, with the warnings of its lints.

    name       of the file, for messages.  revision  the number that traces will name
    mails      the mails there are, and the languages of the site
    beside     the texts of the files that a relative glob names, by name; ValueError says why there are none
    holidays   asks for the public holidays of a calendar; ValueError says why nobody knows them
    Raises     ConfigError  with all problems; the caller keeps what it has
    """
    loader = _Loader(name, text, beside, holidays, Reader(Known(mails, surroundings.endpoints), Findings(name, text)))
    loaded = loader.read()
    problems = [p for findings in loader.findings for p in findings.problems]
    if loaded is None or problems:
        raise ConfigError(*problems)
    made = replace(loaded, revision=revision, text=text, files=loader.files)
    made = replace(
        made,
        sha256=hashlib.sha256(made.whole.encode()).hexdigest(),
        index=indexed((rule, (test for test, _ in leaves(rule.when, negated=False))) for rule in made.rules),
        outline=outlined(made.rules),
    )
    for finding in lint(made, loader.r, surroundings):
        loader.of[finding.source].add(finding, finding.code, finding.text, finding.hint)
    errors = [p for findings in loader.findings for p in findings.problems]
    if errors:
        raise ConfigError(*errors)
    return replace(made, warnings=tuple(p for findings in loader.findings for p in findings.warnings))


class _Loader:
    def __init__(self, name: str, text: str, beside: Beside, holidays: Holidays, r: Reader) -> None:
        self.r, self._text, self._beside, self._holidays = r, text, beside, holidays
        self.of: dict[str, Findings] = {name: r.f}  # by file
        self.files: dict[str, str] = {}

    @property
    def findings(self) -> tuple[Findings, ...]:
        return tuple(self.of.values())

    def read(self) -> RuleSet | None:
        root = self._tree(self._text, self.r.f)
        if root is None:
            return None
        found = reading.keys(root, _SECTIONS, self.r.f, kind="section")
        self._version(root, found)
        included = tuple(self._included(found["include"])) if "include" in found else ()
        parts = [(found, self.r), *included]
        known, r = self.r.known, self.r
        named = {
            name: sections.named(found.get(name), _SINGULAR.get(name, name.removesuffix("s")), r)
            for name in sections.ENTRIES
        }
        known.agents, known.teams, known.sla = tuple(named["agents"]), tuple(named["teams"]), tuple(named["sla"])
        known.calendars = tuple(named["calendars"])
        known.statuses = sections.statuses(named["statuses"], r)
        known.lists = self._lists(parts)
        lookups = sections.lookups(named["lookups"], self._table, r)
        known.customer = tuple(name for lookup in lookups.values() for name in lookup.give)
        known.fields = sections.fields(named["fields"], r)
        calendars = sections.calendars(named["calendars"], r)
        self._read_holidays(named["calendars"])
        self._ask_for_holidays(calendars, named["calendars"])
        base = reading.required(root, "defaults", found, "the file", r.f)
        defaults, ack = sections.defaults(base, r) if base else (None, None)
        limits = sections.limits(found.get("limits"), r)
        agents, teams = sections.agents(named["agents"], r), sections.teams(named["teams"], r)
        known.redirect_domains = limits.redirect_domains
        known.addresses = frozenset(normal(a) for t in teams.values() for a in (*t.addresses, *t.aliases))
        known.addresses |= {normal(a) for agent in agents.values() for a in (agent.email, *agent.also)}
        policies = sections.policies(named["sla"], r)
        retention = sections.retention(found.get("retention"), r)
        rules, tests = self._rules(parts), self._scenes(parts)
        if defaults is None:
            return None
        return RuleSet(
            0, "", "", defaults, agents, teams, replace(limits, ack=ack) if ack else limits, known.fields, rules, tests,
            lists=known.lists, statuses=known.statuses, calendars=calendars, sla=policies, lookups=lookups,
            retention=retention,
        )  # fmt: skip

    # --- files ------------------------------------------------------------------------------------------------------

    def _tree(self, text: str, f: Findings) -> Node | None:
        root = read_tree(text, f)
        if root is not None:
            note_duplicates(root, f)
            _note_scalars(root, f)
        return root

    def _version(self, root: Node, found: Mapping[str, Node]) -> None:
        node = reading.required(root, "version", found, "the file", self.r.f)
        if node is not None and node.text != "1":
            self.r.f.add(node, "R030", f"version {node.text[:20]} is not known", "version: 1")

    def _included(self, node: Node) -> Iterator[tuple[Mapping[str, Node], Reader]]:
        """The sections of each included file, in byte order of the names."""
        nodes = reading.items(node, self.r.f) if node.kind == "list" else (node,)
        for n in nodes:
            for name, text in sorted(self._files(n, self.r).items(), key=lambda pair: pair[0].encode()):
                if name in self.of:
                    self.r.f.add(n, "R030", f"{name} is included already")
                    continue
                f = self.of[name] = Findings(name, text)
                root = self._tree(text, f)
                if root is not None:
                    yield reading.keys(root, _INCLUDED, f, kind="section"), replace(self.r, f=f)

    def _files(self, node: Node, r: Reader) -> Mapping[str, str]:
        """What a file name or glob names; what is wrong with it is noted."""
        pattern = reading.line(node, r.f)
        if pattern is None:
            return {}
        if pattern.startswith(("/", "~")) or "\\" in pattern or ".." in pattern.split("/"):
            r.f.add(
                node, "R030", f"“{pattern[:60]}” is not beside this file", "a relative path, such as rules.d/*.yaml"
            )
            return {}
        try:
            found = self._beside(pattern)
        except ValueError as e:
            r.f.add(node, "R030", str(e))
            return {}
        self.files |= found
        return found

    def _table(self, node: Node, r: Reader) -> tuple[str, Findings] | None:
        found = next(iter(self._files(node, r).items()), None)
        return found and (found[1], self.of.setdefault(found[0], Findings(*found)))

    def _text_of(self, node: Node, r: Reader) -> str | None:
        return next(iter(self._files(node, r).values()), None)

    def _lists(self, parts: Collection[tuple[Mapping[str, Node], Reader]]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for part, r in parts:
            nodes = sections.named(part.get("lists"), "list", r)
            for name in nodes.keys() & found.keys():
                r.f.add(nodes[name], "R030", f"there is a list “{name}” already")
            found |= sections.lists(nodes, self._text_of, r)
        return found

    def _read_holidays(self, calendars: Mapping[str, Node]) -> None:
        """Holidays, so that they are part of the revision."""
        for node in calendars.values():
            if (at := node.get("holidays")) is not None and at.text.endswith(".ics"):
                self._files(at, self.r)

    def _ask_for_holidays(self, calendars: Mapping[str, Calendar], nodes: Mapping[str, Node]) -> None:
        for name, calendar in calendars.items():
            at = nodes[name].get("holidays")
            if at is None or not (calendar.country or calendar.file in self.files):
                continue
            try:
                self._holidays(calendar, self.files)
            except ValueError as e:
                self.r.f.add(at, "R030", str(e))

    # --- rules ------------------------------------------------------------------------------------------------------

    def _rules(self, parts: Collection[tuple[Mapping[str, Node], Reader]]) -> tuple[Rule, ...]:
        nodes = [(n, r) for part, r in parts if "rules" in part for n in _items(part["rules"], r)]
        first: dict[str, tuple[Node, str]] = {}
        for node, r in nodes:
            at = node.get("id")
            if at is not None and first.setdefault(at.text, (at, r.f.name))[0] is not at:
                earlier, file = first[at.text]
                where = f"line {earlier.line}" if file == r.f.name else f"{file}, line {earlier.line}"
                r.f.add(at, "R002", f"rule id “{at.text[:60]}” used twice", f"it stands in {where} already")
        self.r.known.rules = tuple(first)
        read = [_RuleReader(r).read(node) for node, r in nodes]
        return tuple(rule for rule in read if rule is not None)

    def _scenes(self, parts: Collection[tuple[Mapping[str, Node], Reader]]) -> tuple[Scene, ...]:
        return tuple(scene for part, r in parts if "tests" in part for scene in scenes(part["tests"], r))


class _RuleReader:
    """Reads one rule."""

    def __init__(self, r: Reader) -> None:
        self._r = r

    def read(self, node: Node) -> Rule | None:
        """The rule; None when it is not enabled."""
        r, f = self._r, self._r.f
        k = reading.keys(node, RULE_KEYS, f)
        at = reading.required(node, "id", k, "a rule", f)
        name = self._id(at) if at else "?"
        events = self._events(node, name, k)
        r = replace(r, rule=name, on=events)
        conditions = Conditions(r)
        when = conditions.read(k["when"]) if "when" in k else Group("all", ())
        r.captures = None if conditions.bad_pattern else captures_of(when)
        actions = Actions(r)
        do = reading.required(node, "do", k, f"rule “{name}”", f)
        done = actions.read(do) if do else ()
        if actions.catch_all is not None and not any(leaves(when, negated=False)):
            hint = "say when it applies, or add confirm: true to the action"
            f.add(actions.catch_all, "R025", f"rule “{name}” takes every mail away", hint)
        idle = self._idle(at or node, name, when) if "idle" in events else None
        once = reading.choice(k["once"], ONCE, "value", "values", f) if "once" in k else None
        default = "cycle" if events and all(e in _CYCLIC for e in events) else "never"
        rule = Rule(
            name, self._line("about", k), events, when, done, actions.stop, at.line if at else node.line, f.name,
            at.column if at else node.column, self._flag("shadow", k, default=False), once or default,  # type: ignore[arg-type]
            eager={t.key: t for t, _ in leaves(when, negated=False) if t.operator in EAGER},
            idle_for=idle, cron=self._cron(node, name, events, k), each=self._line("each", k),
        )  # fmt: skip
        return rule if self._flag("enabled", k, default=True) else None

    def _id(self, node: Node) -> str:
        value = reading.line(node, self._r.f) or "?"
        if not all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in value) and value != "?":
            self._r.f.add(node, "R030", f"“{value[:40]}” is no rule id", "small letters, digits and -")
        return value

    def _events(self, node: Node, name: str, k: Mapping[str, Node]) -> tuple[Event, ...]:
        on = reading.required(node, "on", k, f"rule “{name}”", self._r.f)
        found: dict[str, None] = {}
        for n in (reading.items(on, self._r.f) if on.kind == "list" else (on,)) if on else ():
            event = reading.choice(n, EVENTS, "event", "events", self._r.f)
            if event is not None:
                found[event] = None
        return tuple(found)  # type: ignore[arg-type]

    def _line(self, key: str, k: Mapping[str, Node]) -> str:
        return (reading.line(k[key], self._r.f) if key in k else None) or ""

    def _flag(self, key: str, k: Mapping[str, Node], *, default: bool) -> bool:
        given = reading.flag(k[key], self._r.f) if key in k else None
        return default if given is None else given

    def _idle(self, at: Node, name: str, when: Group) -> timedelta | None:
        """The one time of silence after which the rule is asked."""
        first, *later = sorted(idle_for(when))
        if not first:
            hint = "when: {ticket.idle: {gte: 5d}}"
            self._r.f.add(at, "R023", f"idle rule “{name}” has no lower bound on ticket.idle", hint)
        elif later:
            tests = leaves(when, negated=False)
            other = next((test for test, negated in tests if later[0] in _bound_of(test, holds=not negated)), at)
            hint = "write two rules"
            self._r.f.add(other, "R023", f"idle rule “{name}” has another lower bound on ticket.idle", hint)
        return first or None

    def _cron(self, node: Node, name: str, events: tuple[Event, ...], k: Mapping[str, Node]) -> str:
        for key in ("cron", "each"):
            if key in k and "schedule" not in events:
                self._r.f.add(k[key], "R030", f"“{key}” goes with on: schedule")
        if "schedule" not in events:
            return ""
        due = reading.required(node, "cron", k, f"rule “{name}”", self._r.f)
        text = reading.line(due, self._r.f) if due else None
        if text is not None and (wrong := cron_error(text)):
            self._r.f.add(due, "R026", f"cron: {wrong}", 'five fields, such as "0 8 * * mon-fri"')
        return text or ""


def leaves(group: Group, *, negated: bool) -> Iterator[tuple[Test, bool]]:
    """Every test of a group, and whether it stands inside a `none`."""
    inside = negated or group.kind == "none"
    for child in group.children:
        if isinstance(child, Test):
            yield child, inside
        else:
            yield from leaves(child, negated=inside)


def captures_of(when: Group) -> frozenset[str]:
    """The named groups of the patterns that may hold when the rule does."""
    held = (t.operand for t, negated in leaves(when, negated=False) if not negated)
    return frozenset(name for operand in held if isinstance(operand, Pattern) for name in operand.names)


def idle_for(when: Group, *, holds: bool = True) -> frozenset[timedelta]:
    """How long a ticket must have been idle for the condition to begin to hold, a time for each way; zero: at once.

    holds  False: how long for it to begin not to hold
    """
    parts = holds is (when.kind != "none")  # whether they are to hold, too
    each = [
        idle_for(child, holds=parts) if isinstance(child, Group) else _bound_of(child, holds=parts)
        for child in when.children
    ]
    if holds is (when.kind == "any"):  # one of them is enough
        return frozenset[timedelta]().union(*each) or frozenset({timedelta(0)})
    found = frozenset({timedelta(0)})
    for bounds in each:
        found = frozenset(max(one, other) for one in found for other in bounds)
    return found


def _bound_of(test: Test, *, holds: bool) -> frozenset[timedelta]:
    bound = timedelta(0)
    if test.field == "ticket.idle":
        match test.operator:
            case "gt" | "gte" if holds:
                bound = test.operand
            case "lt" | "lte" if not holds:
                bound = test.operand
            case "between" | "is" | "in" if holds:
                bound = min(test.operand)
            case "is_not" | "not_in" if not holds:
                bound = min(test.operand)
    return frozenset({bound})


def _items(node: Node, r: Reader) -> tuple[Node, ...]:
    return reading.items(node, r.f, may_be_empty=True)


def _note_scalars(root: Node, f: Findings) -> None:
    """Note what looks like a secret, and values that other readers of YAML take for true and false."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        if node.kind == "text" and _SECRET.search(node.text.encode("utf-8", "replace").decode()):
            f.add(node, "R024", "this looks like a password or key", "secrets belong to mailwicket.toml")
        if node.kind == "text" and node.plain and _YAML_1_1.fullmatch(node.text):
            f.add(node, "R019", f"other readers of YAML take {node.text} for true or false", f'write "{node.text}"')
        for child in (*node.items, *(v for _, v in node.pairs)):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)
