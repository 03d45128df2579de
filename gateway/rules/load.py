"""A rule file as one compiled revision, or every problem in it at once.

Sources  rules.md §1, §3, §8. The text is all that is read: no file, no clock, no network.
Not here how a mail is decided (evaluate.py).
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import get_args

import re2

from gateway.errors import ConfigError
from gateway.rules import reading, sections
from gateway.rules.actions import Actions
from gateway.rules.conditions import Conditions
from gateway.rules.findings import Findings
from gateway.rules.pattern import Pattern
from gateway.rules.reading import Known
from gateway.rules.scenes import scenes
from gateway.rules.tree import Node, note_duplicates, read_tree
from gateway.rules.types import LIVE_EVENTS, Defaults, Event, Group, Limits, Rule, RuleSet, Scene, Test

_SECTIONS = ("version", "defaults", "agents", "teams", "statuses", "lists", "fields", "limits", "rules", "tests")
_SECTIONS_LATER = ("include", "calendars", "sla", "lookups", "retention")
_RULE = ("id", "about", "on", "when", "do", "enabled")
_RULE_LATER = ("shadow", "once", "cron", "each")
_EVENTS_LATER = tuple(e for e in get_args(Event) if e not in LIVE_EVENTS)
_SECRET = re2.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}|\bxox[abprs]-[0-9A-Za-z-]{10}"
    r"|\bsk_live_[0-9A-Za-z]{16}|://[^/\s:@]+:[^/\s:@]+@"
)


def load_rules(text: str, name: str, revision: int, templates: Collection[str] = ()) -> RuleSet:
    """The revision, compiled.

    name       of the file, for messages.  revision  the number that traces will name
    templates  the mails there are, and their variants as NAME/VARIANT; where there is none of a kind, any is taken
    Raises     ConfigError  with all problems; the caller keeps what it has
    """
    findings = Findings(name, text)
    root = read_tree(text, findings)
    loaded = _Loader(findings, templates).read(root) if root else None
    if loaded is None or findings.problems:
        raise ConfigError(*findings.problems)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return replace(loaded, revision=revision, sha256=sha256, text=text)


class _Loader:
    def __init__(self, findings: Findings, templates: Collection[str]) -> None:
        self._f = findings
        self._known = Known(templates)

    def read(self, root: Node) -> RuleSet:
        note_duplicates(root, self._f)
        self._note_secrets(root)
        found = reading.keys(root, _SECTIONS, self._f, later=_SECTIONS_LATER, kind="section")
        self._version(root, found)
        known = self._known
        agent_nodes = sections.named(found.get("agents"), "agent", self._f)
        team_nodes = sections.named(found.get("teams"), "team", self._f)
        known.agents, known.teams = tuple(agent_nodes), tuple(team_nodes)
        known.lists = sections.lists(sections.named(found.get("lists"), "list", self._f), self._f)
        known.fields = sections.fields(sections.named(found.get("fields"), "field", self._f), self._f)
        known.statuses = sections.statuses(sections.named(found.get("statuses"), "status", self._f), self._f)
        agents = sections.agents(agent_nodes, self._f)
        teams = sections.teams(team_nodes, known, self._f)
        defaults, limits = self._policy(root, found)
        rules = tuple(self._rules(found["rules"])) if "rules" in found else ()
        tests = scenes(found["tests"], known, self._f) if "tests" in found else ()
        warnings = tuple(_untested(rules, tests))
        return RuleSet(
            0, "", "", defaults, agents, teams, limits, known.fields, rules, tests, warnings, known.lists,
            known.statuses,
        )  # fmt: skip

    def _version(self, root: Node, found: Mapping[str, Node]) -> None:
        node = reading.required(root, "version", found, "the file", self._f)
        if node is not None and node.text != "1":
            self._f.add(node, "R030", f"version {node.text[:20]} is not known", "version: 1")

    def _policy(self, root: Node, found: Mapping[str, Node]) -> tuple[Defaults, Limits]:
        node = reading.required(root, "defaults", found, "the file", self._f)
        defaults, ack = sections.defaults(node, self._known, self._f) if node else (Defaults(""), None)
        limits = sections.limits(found.get("limits"), self._f)
        return defaults, replace(limits, ack=ack) if ack else limits

    def _rules(self, node: Node) -> Iterator[Rule]:
        nodes = reading.items(node, self._f, may_be_empty=True)
        first: dict[str, Node] = {}
        for item in nodes:
            at = item.get("id")
            if at is not None and first.setdefault(at.text, at) is not at:
                hint = f"it stands in line {first[at.text].line} already"
                self._f.add(at, "R002", f"rule id “{at.text[:60]}” used twice", hint)
        self._known.rules = tuple(first)
        for item in nodes:
            rule, enabled = self._rule(item)
            if enabled:
                yield rule

    def _rule(self, node: Node) -> tuple[Rule, bool]:
        k = reading.keys(node, _RULE, self._f, later=_RULE_LATER)
        at = reading.required(node, "id", k, "a rule", self._f)
        name = self._id(at) if at else "?"
        events = self._events(node, name, k)
        about = reading.line(k["about"], self._f) if "about" in k else None
        conditions = Conditions(self._known, events, self._f)
        when = conditions.read(k["when"]) if "when" in k else Group("all", ())
        tests = tuple(leaves(when, negated=False))
        captures = {
            n for t, negated in tests if not negated and isinstance(t.operand, Pattern) for n in t.operand.names
        }
        actions = Actions(name, events, None if conditions.bad_pattern else captures, self._known, self._f)
        do = reading.required(node, "do", k, f"rule “{name}”", self._f)
        done = actions.read(do) if do else ()
        if actions.catch_all is not None and not tests:
            hint = "say when it applies, or add confirm: true to the action"
            self._f.add(actions.catch_all, "R025", f"rule “{name}” takes every mail away", hint)
        enabled = reading.flag(k["enabled"], self._f) is not False if "enabled" in k else True
        line = at.line if at else node.line
        return Rule(name, about or "", events, when, done, actions.stop, line, self._f.name), enabled

    def _id(self, node: Node) -> str:
        value = reading.line(node, self._f) or "?"
        if not all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in value) and value != "?":
            self._f.add(node, "R030", f"“{value[:40]}” is no rule id", "small letters, digits and -")
        return value

    def _events(self, node: Node, name: str, k: Mapping[str, Node]) -> tuple[Event, ...]:
        on = reading.required(node, "on", k, f"rule “{name}”", self._f)
        found: dict[Event, None] = {}
        for n in (reading.items(on, self._f) if on.kind == "list" else (on,)) if on else ():
            word = reading.text(n, self._f)
            event = next((e for e in LIVE_EVENTS if e == word), None)
            if event:
                found[event] = None
            elif word in _EVENTS_LATER:
                self._f.later(n, "event", n.text)
            elif word is not None:
                self._f.unknown(n, "event", word, LIVE_EVENTS, "events")
        return tuple(found)

    def _note_secrets(self, root: Node) -> None:
        waiting, seen = [root], {id(root)}
        while waiting:
            node = waiting.pop()
            if node.kind == "text" and _SECRET.search(node.text.encode("utf-8", "replace").decode()):
                self._f.add(node, "R024", "this looks like a password or key", "secrets belong to mailwicket.toml")
            for child in (*node.items, *(v for _, v in node.pairs)):
                if id(child) not in seen:
                    seen.add(id(child))
                    waiting.append(child)


def leaves(group: Group, *, negated: bool) -> Iterator[tuple[Test, bool]]:
    """Every test of a group, and whether it stands inside a `none`."""
    inside = negated or group.kind == "none"
    for child in group.children:
        if isinstance(child, Test):
            yield child, inside
        else:
            yield from leaves(child, negated=inside)


def _untested(rules: tuple[Rule, ...], tests: tuple[Scene, ...]) -> Iterator[str]:
    named = {rule for scene in tests for rule in scene.expect.get("rules", ())}
    missing = [r.id for r in rules if r.id not in named]
    if missing:
        yield f"R022 rules without test: {', '.join(missing)}"
