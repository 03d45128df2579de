"""`do:` as actions, compiled; and the one form of `{{ … }}` that this version knows.

Sources  rules.md §5. Text of a mail is never a template: a value of the file holds `{{ captures.NAME }}` and nothing
         else, checked here, and what is put in its place is not read again.
Not here what an action changes (evaluate.py).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.rules import pattern, reading
from gateway.rules.findings import Findings
from gateway.rules.reading import Known
from gateway.rules.statuses import OF_COMMANDS
from gateway.rules.tree import Node
from gateway.rules.types import (
    PRIORITIES,
    Action,
    Assign,
    Dispose,
    Event,
    FieldInfo,
    Reply,
    Route,
    Set,
    Tag,
)

_RECEIVED: tuple[Event, ...] = ("received",)
_TICKET: tuple[Event, ...] = ("new", "reply")
_MAIL: tuple[Event, ...] = ("received", "new", "reply")
ACTIONS: Mapping[str, tuple[Event, ...]] = {
    "route": _MAIL,
    "assign": _TICKET,
    "unassign": _TICKET,
    "set": _TICKET,
    "tag": _TICKET,
    "untag": _TICKET,
    "reply": _TICKET,
    "record": _RECEIVED,
    "drop": _RECEIVED,
    "quarantine": _RECEIVED,
    "stop": _MAIL,
}
LATER = (
    "needs", "sla", "snooze", "escalate", "notify", "note", "cc", "follow", "link", "hold", "webhook", "redirect",
    "merge_into", "privacy_request",
)  # fmt: skip
_MODIFIERS_LATER = ("after", "unless")
_SET = ("status", "priority", "language")
_SET_LATER = ("responsible", "due")
_CAPTURE = re.compile(r"\{\{ *captures\.([A-Za-z_][A-Za-z0-9_]*) *\}\}")
_TEMPLATE = re.compile(r"\{[{%#]")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TAG = re.compile(r"[^\s,\"']{1,64}")


@dataclass(slots=True)
class Actions:
    """Reads the actions of one rule."""

    rule: str
    on: tuple[Event, ...]
    captures: Collection[str] | None  # what the patterns of the rule define; None when one of them is broken
    known: Known
    f: Findings
    stop: bool = False
    catch_all: Node | None = None  # a drop or quarantine that nobody has confirmed

    def read(self, node: Node) -> tuple[Action, ...]:
        """The actions, in order; `stop` and `catch_all` are set on the way."""
        return tuple(action for item in reading.items(node, self.f) for action in self._item(item))

    def _item(self, node: Node) -> Iterator[Action]:
        names = [k for k, _ in reading.pairs(node, self.f) if k.text not in ("confirm", *_MODIFIERS_LATER)]
        for key in (k for k, _ in node.pairs if k.text in _MODIFIERS_LATER):
            self.f.later(key, "key", key.text)
        if len(names) != 1 and node.kind == "map":
            self.f.add(node, "R030", "an entry of “do” holds one action", "write [{route: a}, {stop: true}]")
        confirm = node.get("confirm")
        confirmed = reading.flag(confirm, self.f) if confirm else False
        for key in names:
            value = node.get(key.text)
            if value is not None and self._may(key):
                yield from self._actions(key.text, value)
                if key.text in ("drop", "quarantine") and not confirmed and not _confirmed(value):
                    self.catch_all = self.catch_all or key

    def _may(self, key: Node) -> bool:
        if key.text in LATER:
            self.f.later(key, "action", key.text)
            return False
        if key.text not in ACTIONS:
            self.f.unknown(key, "action", key.text, (*ACTIONS, *LATER))
            return False
        if missing := [e for e in self.on if e not in ACTIONS[key.text]]:
            hint = f"it works in: {', '.join(ACTIONS[key.text])}"
            self.f.add(key, "R017", f"action “{key.text}” does not exist for event “{missing[0]}”", hint)
        return True

    def _actions(self, name: str, node: Node) -> Iterator[Action]:
        if name == "set":
            yield from self._sets(node)
            return
        readers: Mapping[str, Callable[[Node], Action | None]] = {
            "route": self._route,
            "assign": self._assign,
            "unassign": self._unassign,
            "tag": self._tag,
            "untag": self._untag,
            "reply": self._reply,
            "record": lambda n: self._dispose("record", "", n),
            "drop": lambda n: self._dispose("record", f"drop:{self.rule}: ", n),
            "quarantine": lambda n: self._dispose("quarantine", "", n),
            "stop": self._stop,
        }
        action = readers[name](node)
        if action is not None:
            yield action

    def _route(self, node: Node) -> Action | None:
        team = reading.choice(node, self.known.teams, "team", "teams", self.f)
        return Route(self.rule, team) if team else None

    def _assign(self, node: Node) -> Action | None:
        agent = reading.choice(node, self.known.agents, "agent", "agents", self.f)
        return Assign(self.rule, agent) if agent else None

    def _unassign(self, node: Node) -> Action | None:
        return Assign(self.rule, None) if reading.flag(node, self.f) else None

    def _stop(self, node: Node) -> None:
        self.stop = self.stop or reading.flag(node, self.f) is True

    def _tag(self, node: Node) -> Action | None:
        return Tag(self.rule, add=self._tags(node))

    def _untag(self, node: Node) -> Action | None:
        return Tag(self.rule, remove=self._tags(node))

    def _tags(self, node: Node) -> tuple[str, ...]:
        found = []
        for n in reading.items(node, self.f) if node.kind == "list" else (node,):
            word = self._literal(n)
            if word is not None and not _TAG.fullmatch(word):
                self.f.add(n, "R030", f"no tag: “{word[:40]}”", "one word, at most 64 characters")
            elif word is not None:
                found.append(word)
        return tuple(dict.fromkeys(found))

    def _reply(self, node: Node) -> Action | None:
        if node.kind != "map":
            name = self._template(node)
            return Reply(self.rule, name) if name else None
        k = reading.keys(node, ("template", "variant", "language"), self.f, later=("with",))
        at = reading.required(node, "template", k, "action “reply”", self.f)
        name = self._template(at) if at else None
        variant = k.get("variant")
        if variant is not None and variant.kind == "map":
            reading.keys(variant, (), self.f, later=("outside", "use"))
            variant = None
        language = reading.line(k["language"], self.f) if "language" in k else None
        chosen = self._variant(name, variant) if variant else None
        return Reply(self.rule, name, chosen, language) if name else None

    def _template(self, node: Node) -> str | None:
        name = reading.line(node, self.f)
        if name is not None and self.known.templates and name not in self.known.templates:
            plain = [t for t in self.known.templates if "/" not in t]
            self.f.unknown(node, "template", name, plain, "templates")
            return None
        if name is not None and not _NAME.fullmatch(name):
            self.f.unknown(node, "template", name, self.known.templates, "templates")
            return None
        return name

    def _variant(self, template: str | None, node: Node) -> str | None:
        name = reading.line(node, self.f)
        every = [t for t in self.known.templates if "/" in t]
        known = [t for t in every if template and t.startswith(f"{template}/")]
        if name is not None and every and f"{template}/{name}" not in known:
            self.f.unknown(node, "variant", name, [t.partition("/")[2] for t in known], "variants")
            return None
        return name

    def _dispose(self, how: str, before: str, node: Node) -> Action | None:
        at: Node | None = node
        if node.kind == "map":
            k = reading.keys(node, ("reason", "confirm"), self.f)
            at = reading.required(node, "reason", k, f"action “{'drop' if before else how}”", self.f)
        reason = self._literal(at) if at else None
        return Dispose(self.rule, how, before + reason) if reason else None  # type: ignore[arg-type]

    def _literal(self, node: Node) -> str | None:
        """One line without `{{ … }}`."""
        value = reading.line(node, self.f)
        if value is not None and _TEMPLATE.search(value):
            self.f.add(node, "R001", "“{{ … }}” is not available here in this version", "it fills field.NAME only")
        return value

    def _sets(self, node: Node) -> Iterator[Action]:
        """`set:` gives one action for each of its keys."""
        custom = tuple(f"field.{n}" for n in self.known.fields)
        for name, value in reading.keys(node, (*_SET, *custom), self.f, later=_SET_LATER).items():
            given = self._setting(name, value)
            if given is not None:
                yield Set(self.rule, name, given)

    def _setting(self, name: str, node: Node) -> str | None:
        match name:
            case "status":
                return reading.choice(node, self._settable(), "status", "statuses", self.f)
            case "priority":
                return reading.choice(node, PRIORITIES, "priority", "priorities", self.f)
            case "language":
                return self._literal(node)
            case _:
                return self._field_value(self.known.fields[name.removeprefix("field.")], node)

    def _settable(self) -> tuple[str, ...]:
        return tuple(s for s in self.known.statuses if s not in OF_COMMANDS)

    def _field_value(self, info: FieldInfo, node: Node) -> str | None:
        if (info.type, node.kind) in (("number", "number"), ("bool", "bool")):
            return node.text
        value = reading.line(node, self.f)
        if value is None:
            return None
        rest = _CAPTURE.sub("", value)
        if _TEMPLATE.search(rest):
            self.f.add(node, "R001", "this “{{ … }}” is not available in this version", "there is {{ captures.NAME }}")
            return None
        for found in _CAPTURE.finditer(value):
            if self.captures is not None and found[1] not in self.captures:
                self.f.add(node, "R018", f"no pattern of the rule defines “{found[1]}”", "write (?P<NAME>…) into it")
        if rest == value and (wrong := misfit(info, value)):
            self.f.add(node, "R030", wrong)
            return None
        return value


def filled(value: str, captures: Mapping[str, str]) -> str:
    """The value with each `{{ captures.NAME }}` replaced, once.

    Raises  ValueError  a group took no part in the match
    """

    def one(found: re.Match[str]) -> str:
        if found[1] not in captures:
            raise ValueError(f"captures.{found[1]} has no value")
        return captures[found[1]].strip()

    return _CAPTURE.sub(one, value)


def misfit(info: FieldInfo, value: str) -> str | None:
    """Why a value may not stand in a custom field; None when it may."""
    fits = True
    match info.type:
        case "enum":
            fits = value in info.values
        case "bool":
            fits = value in ("true", "false")
        case "number":
            fits = re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value) is not None
        case "date":
            fits = _is_date(value)
        case "text":
            fits = bool(value)
    if fits and info.pattern:
        fits = pattern.compiled(rf"\A(?:{info.pattern})\z").search(value.encode("utf-8", "replace")) is not None
    wanted = ", ".join(info.values) or info.pattern or info.type
    return None if fits else f"field “{info.id}” does not take “{value[:40]}” ({wanted})"


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _confirmed(node: Node) -> bool:
    confirm = node.get("confirm")
    return confirm is not None and confirm.value is True
