"""What the file says beside its rules: defaults, agents, teams, lists, fields and limits.

Sources  rules.md §3. Keys that a later version will know are told apart from words that nobody knows.
"""

import re
from dataclasses import replace

from gateway.message.address import normal
from gateway.rules import pattern, quantities, reading
from gateway.rules.findings import Findings
from gateway.rules.reading import Known
from gateway.rules.statuses import BUILT_IN, OF_COMMANDS, TYPES, StatusType
from gateway.rules.tree import Node
from gateway.rules.types import Agent, Defaults, FieldInfo, Limits, Rate, Team

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_DEFAULTS = (
    "team", "language", "after_reply", "reopen_window", "thanks_reopens", "subject_tag", "subject_prefix", "cross_team",
    "ack_limit",
)  # fmt: skip
_DEFAULTS_LATER = ("calendar", "sla", "close_after", "chase", "forward_ack")
_AGENT = ("name", "email", "also", "role", "languages")
_AGENT_LATER = ("skills", "max_open", "timezone", "calendar", "notify", "digest", "receipts")
_TEAM = ("address", "members", "lead", "auto_ack", "signature", "follow_up", "reopen_window")
_TEAM_LATER = (
    "aliases", "assign", "language_match", "calendar", "sla", "visibility", "escalates_to",
    "participants", "unlock_after", "chase", "close_after", "max_waiting",
)  # fmt: skip
_FIELD = ("type", "values", "pattern", "public")
_FIELD_LATER = ("from", "label")
_SCOPES = {
    "ack": "sender",
    "auto_per_thread": "thread",
    "auto_per_recipient": "recipient",
    "auto_per_domain": "domain",
    "auto_total": "",
    "auto_per_ticket": "ticket",
}
_LIMITS_LATER = ("new_per_sender", "updates_per_sender", "cc_max", "redirect_domains")
_FOLLOW_UPS = ("new", "reopen")
_ROLES = ("agent", "lead", "admin", "light", "auditor")
_TYPES = ("text", "number", "date", "bool", "enum")


def named(node: Node | None, kind: str, f: Findings) -> dict[str, Node]:
    """The entries of a section by their id; an id that is none is noted."""
    found: dict[str, Node] = {}
    for key, value in reading.pairs(node, f) if node else ():
        if not _ID.fullmatch(key.text):
            f.add(key, "R030", f"“{key.text[:40]}” is no id for a {kind}", "small letters, digits, - and _")
        else:
            found.setdefault(key.text, value)
    return found


def agents(section: dict[str, Node], f: Findings) -> dict[str, Agent]:
    """The people who work on tickets, by id."""
    found: dict[str, Agent] = {}
    taken: dict[str, str] = {}
    for name, node in section.items():
        k = reading.keys(node, _AGENT, f, later=_AGENT_LATER)
        shown = reading.required(node, "name", k, f"agent “{name}”", f)
        email = reading.required(node, "email", k, f"agent “{name}”", f)
        addresses = tuple(a for n in (email, k.get("also")) if n for a in _addresses(n, f))
        for address in addresses:
            if taken.setdefault(address, name) != name:
                f.add(node, "R030", f"address {address} belongs to agent “{taken[address]}” already")
        role = reading.choice(k["role"], _ROLES, "role", "roles", f) if "role" in k else None
        found[name] = Agent(
            name,
            (reading.line(shown, f) if shown else None) or name,
            addresses[0] if addresses else "",
            addresses[1:],
            role or "agent",  # type: ignore[arg-type]
            _languages(k["languages"], f) if "languages" in k else (),
        )
    return found


def teams(section: dict[str, Node], known: Known, f: Findings) -> dict[str, Team]:
    """The teams, by id, in the order of the file."""
    found: dict[str, Team] = {}
    taken: dict[str, str] = {}
    for name, node in section.items():
        k = reading.keys(node, _TEAM, f, later=_TEAM_LATER)
        at = reading.required(node, "address", k, f"team “{name}”", f)
        addresses = _addresses(at, f) if at else ()
        for address in addresses:
            if taken.setdefault(address, name) != name:
                f.add(at, "R030", f"address {address} belongs to team “{taken[address]}” already")
        auto_ack = reading.flag(k["auto_ack"], f) if "auto_ack" in k else None
        found[name] = Team(
            name,
            addresses,
            reading.choices(k["members"], known.agents, "agent", "agents", f) if "members" in k else (),
            reading.choice(k["lead"], known.agents, "agent", "agents", f) if "lead" in k else None,
            auto_ack is not False,
            (reading.text(k["signature"], f) or "").strip() if "signature" in k else "",
            (reading.choice(k["follow_up"], _FOLLOW_UPS, "value", "values", f) if "follow_up" in k else None) or "new",  # type: ignore[arg-type]
            reading.duration(k["reopen_window"], f) if "reopen_window" in k else None,
        )
    return found


def statuses(section: dict[str, Node], f: Findings) -> dict[str, StatusType]:
    """Every status by its name: those that there always are, and those that the file adds."""
    found = dict(BUILT_IN)
    for name, node in section.items():
        at = reading.required(node, "type", reading.keys(node, ("type",), f), f"status “{name}”", f)
        kind = reading.choice(at, TYPES, "status type", "status types", f) if at else None
        if name in BUILT_IN:
            f.add(node, "R030", f"status “{name}” is there already, of type {BUILT_IN[name]}", "take another name")
        elif kind is not None:
            found[name] = kind  # type: ignore[assignment]
    return found


def lists(section: dict[str, Node], f: Findings) -> dict[str, tuple[str, ...]]:
    """The named lists of texts."""
    found: dict[str, tuple[str, ...]] = {}
    for name, node in section.items():
        if node.kind == "map" and node.get("file"):
            f.later(node.pairs[0][0], "key", "file")
            found[name] = ()
        else:
            found[name] = tuple(v for n in reading.items(node, f) if (v := reading.line(n, f)) is not None)
    return found


def fields(section: dict[str, Node], f: Findings) -> dict[str, FieldInfo]:
    """The custom ticket fields, by id."""
    return {name: _field(name, node, f) for name, node in section.items()}


def _field(name: str, node: Node, f: Findings) -> FieldInfo:
    k = reading.keys(node, _FIELD, f, later=_FIELD_LATER)
    at = reading.required(node, "type", k, f"field “{name}”", f)
    kind = reading.choice(at, _TYPES, "type", "types", f) if at else None
    values = reading.texts(k["values"], f) if "values" in k else ()
    if kind == "enum" and "values" not in k:
        f.add(node, "R030", f"field “{name}” is an enum without “values”")
    source = reading.text(k["pattern"], f) if "pattern" in k else None
    if source is not None:
        try:
            pattern.compiled(source)
        except ValueError as e:
            f.add(k["pattern"], "R003", f"bad pattern: {e}")
    public = reading.flag(k["public"], f) if "public" in k else None
    return FieldInfo(name, kind or "text", values, source or "", public is True)  # type: ignore[arg-type]


def limits(node: Node | None, f: Findings) -> Limits:
    """The budgets of automatic mail; what is not named keeps its default."""
    found: dict[str, Rate] = {}
    for name, value in (reading.keys(node, _SCOPES, f, later=_LIMITS_LATER) if node else {}).items():
        given = _rate(value, _SCOPES[name], f)
        if given is not None:
            found[name] = given
    return replace(Limits(), **found)


def defaults(node: Node, known: Known, f: Findings) -> tuple[Defaults, Rate | None]:
    """What holds where no rule says otherwise, and `ack_limit`, which is short for `limits.ack`."""
    k = reading.keys(node, _DEFAULTS, f, later=_DEFAULTS_LATER)
    team = reading.required(node, "team", k, "section “defaults”", f)
    given: dict[str, object] = {}
    given["team"] = reading.choice(team, known.teams, "team", "teams", f) if team else None
    if "language" in k:
        given["language"] = next(iter(_languages(k["language"], f)), None)
    if "after_reply" in k:
        settable = tuple(s for s in known.statuses if s not in OF_COMMANDS)
        given["after_reply"] = reading.choice(k["after_reply"], settable, "status", "statuses", f)
    if "reopen_window" in k:
        given["reopen_window"] = reading.duration(k["reopen_window"], f)
    if "thanks_reopens" in k:
        given["thanks_reopens"] = reading.flag(k["thanks_reopens"], f)
    if "subject_tag" in k:
        given["subject_tag"] = reading.choice(k["subject_tag"], ("left", "right", "auto", "none"), "value", "values", f)
    if "subject_prefix" in k:
        given["subject_prefix"] = reading.text(k["subject_prefix"], f)
    if "cross_team" in k:
        given["cross_team"] = reading.choice(k["cross_team"], ("first", "each"), "value", "values", f)
    ack = _rate(k["ack_limit"], "sender", f) if "ack_limit" in k else None
    return replace(Defaults(""), **{n: v for n, v in given.items() if v is not None}), ack  # type: ignore[arg-type]


def _rate(node: Node, scope: str, f: Findings) -> Rate | None:
    given = quantities.rate(node.text) if node.kind == "text" else None
    if given is None:
        f.add(node, "R030", f"no rate: “{node.text[:40]}”", "a rate is N per DURATION, such as 5 per 24h")
        return None
    if given[1] not in ("", scope):
        f.add(node, "R030", f"this limit is not counted per {given[1]}", f"per {scope}" if scope else "")
    return given[0]


def _addresses(node: Node, f: Findings) -> tuple[str, ...]:
    found = []
    for n in reading.items(node, f) if node.kind == "list" else (node,):
        value = reading.line(n, f)
        if value is not None and not _ADDRESS.fullmatch(value):
            f.add(n, "R030", f"no address: “{value[:60]}”", "name@domain")
        elif value is not None:
            found.append(normal(value))
    return tuple(found)


def _languages(node: Node, f: Findings) -> tuple[str, ...]:
    values = reading.texts(node, f)
    for value in values:
        if not _LANGUAGE.fullmatch(value):
            f.add(node, "R030", f"no language: “{value[:40]}”", "such as en, de or pt-BR")
    return values
