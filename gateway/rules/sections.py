"""What the file says beside its rules: people, teams, working time, promises, lists, fields, budgets.

Sources  rules.md §3. Each table below is the one place where a key is known: reading, schema and documents use it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.rules import reading
from gateway.rules.calendars import CALENDAR_KEYS, ZONE
from gateway.rules.desk import Calendar, FieldInfo, Limits, Lookup, Rate, Retention, Sla
from gateway.rules.findings import Findings
from gateway.rules.forms import (
    ADDRESS,
    AGENT,
    CALENDAR,
    DOMAIN,
    DURATION,
    FLAG,
    KEPT,
    LANGUAGE,
    LINE,
    PATTERN,
    SETTABLE,
    SLA,
    TEAM,
    TEXT,
    TIME_OF_DAY,
    WORKING_DAYS,
    Form,
    Key,
    Keys,
    Reader,
    list_of,
    name_of,
    one_of,
    or_never,
    rate,
    record,
    whole,
)
from gateway.rules.lookups import csv_table
from gateway.rules.promises import SLA_KEYS, policy
from gateway.rules.statuses import BUILT_IN, TYPES, StatusType
from gateway.rules.tree import Node
from gateway.rules.types import REGISTRY, Agent, Defaults, Team

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_OF_RECORDS = ("tier", "organisation")  # facts of a customer that a table may give, too
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CHASE = or_never(list_of(WORKING_DAYS, single=True), ())

DEFAULTS: Keys = {
    "team": Key(TEAM, "gets what no rule routes", required=True),
    "language": Key(LANGUAGE, "of our mails when the customer's is not known"),
    "calendar": Key(CALENDAR, "opening hours where nothing says otherwise"),
    "sla": Key(SLA, "policy of a ticket where nothing chose another"),
    "after_reply": Key(SETTABLE, "status set by an agent's answer"),
    "reopen_window": Key(DURATION, "a reply to a ticket closed longer ago opens a new one"),
    "close_after": Key(WORKING_DAYS, "working days from solved to closed"),
    "chase": Key(_CHASE, "working days after which a waiting customer is reminded; then solved"),
    "csat": Key(FLAG, "ask customers a day after their ticket was solved how we did"),
    "thanks_reopens": Key(FLAG, "a mere thank-you opens a solved ticket again"),
    "cross_team": Key(one_of("first", "each"), "one mail to two of our addresses: one ticket, or one each"),
    "subject_tag": Key(one_of("left", "right", "auto", "none"), "where the number stands in a subject"),
    "subject_prefix": Key(TEXT, "before the number in a subject"),
    "forward_ack": Key(FLAG, "send automatic mail to the first author of a mail that an agent forwards"),
    "ack_limit": Key(rate("sender"), "short for limits.ack"),
}
AGENTS: Keys = {
    "name": Key(LINE, "as customers see it", required=True),
    "email": Key(ADDRESS, "where notifications go", required=True),
    "also": Key(list_of(ADDRESS, single=True), "other addresses this person writes from"),
    "role": Key(one_of("agent", "lead", "admin", "light", "auditor", kind="role", plural="roles"), "what may be done"),
    "languages": Key(list_of(LANGUAGE, single=True), "spoken, best first"),
    "skills": Key(list_of(LINE, single=True), "what `needs` asks for"),
    "max_open": Key(whole(), "open tickets at most; none is no limit"),
    "timezone": Key(ZONE, "else that of the calendar"),
    "calendar": Key(CALENDAR, "own opening hours"),
    "notify": Key(
        one_of("all", "assigned", "none"),
        "whose customers to hear of: of all his teams; of tickets that he owns or answers for, and of those that "
        "nobody owns in his teams with `assign: manual`; of none",
    ),
    "digest": Key(TIME_OF_DAY, "a summary every day at this time"),
    "receipts": Key(one_of("failures", "all"), "which commands by mail are answered"),
}
TEAMS: Keys = {
    "address": Key(
        list_of(ADDRESS, single=True), "whose mail it gets; its own mails come from the first", required=True,
        name="addresses",
    ),
    "aliases": Key(list_of(ADDRESS, single=True), "more addresses, for incoming mail only"),
    "members": Key(list_of(AGENT, single=True), "who works for it"),
    "lead": Key(AGENT, "hears of breaches and escalations"),
    "assign": Key(
        one_of("manual", "round_robin", "least_busy", "skills"),
        "how an owner is found; `manual`: somebody takes it, and until then all members hear of each mail to it",
    ),
    "language_match": Key(one_of("prefer", "require"), "whether the owner must speak the customer's language"),
    "calendar": Key(CALENDAR, "its opening hours"),
    "sla": Key(SLA, "its policy"),
    "visibility": Key(one_of("members", "all"), "who may read its tickets"),
    "follow_up": Key(one_of("new", "reopen"), "a reply after `reopen_window` opens a new ticket, or the old one"),
    "reopen_window": Key(DURATION, "as in defaults"),
    "escalates_to": Key(TEAM, "where `escalate` sends"),
    "auto_ack": Key(FLAG, "acknowledge a new ticket when no rule replied"),
    "participants": Key(one_of("agents_only", "customer_cc"), "who is in copy of answers"),
    "unlock_after": Key(or_never(DURATION, None), "an untouched ticket loses its owner"),
    "chase": Key(_CHASE, "as in defaults"),
    "close_after": Key(WORKING_DAYS, "as in defaults"),
    "csat": Key(FLAG, "as in defaults"),
    "signature": Key(Form(lambda n, r: _stripped(n, r), TEXT.schema, TEXT.words), "under its mails"),
    "max_waiting": Key(whole(1), "waiting tickets before the lead is told"),
}  # fmt: skip
STATUSES: Keys = {
    "type": Key(one_of(*TYPES, kind="status type", plural="types"), "on which all logic rests", required=True)
}
FIELDS: Keys = {
    "type": Key(
        one_of("text", "number", "date", "bool", "enum", kind="type", plural="types"), "of its values", required=True
    ),
    "values": Key(list_of(TEXT, single=True), "of an enum"),
    "pattern": Key(PATTERN, "that a whole value must fit"),
    "public": Key(FLAG, "may be shown to customers"),
    "required": Key(FLAG, "has to have a value before a person solves or closes a ticket"),
    "from": Key(
        name_of("fact", "facts of customers", lambda k: [f"customer.{name}" for name in (*k.customer, *_OF_RECORDS)]),
        "customer.NAME, whose value it begins with",
        name="origin",
    ),
    "label": Key(
        Form(lambda n, r: _labels(n, r), {"type": "object"}, "mapping of language to text"), "shown to people"
    ),
}
LOOKUPS: Keys = {
    "file": Key(LINE, "a CSV file beside the rules, at most 1 MiB; its first line names the columns"),
    "sql": Key(LINE, "a [[lookup]] of mailwicket.toml"),
    "key": Key(one_of("address", "domain"), "what of the customer is looked up in the first column"),
    "give": Key(
        Form(lambda n, r: _given(n, r), {"type": "object"}, "mapping of name to column"), "as customer.NAME",
        required=True,
    ),
}  # fmt: skip
LIMITS: Keys = {
    "ack": Key(rate("sender"), "acknowledgements"),
    "auto_per_thread": Key(rate("thread"), "automatic mails to one person in one ticket"),
    "auto_per_recipient": Key(rate("recipient"), "automatic mails to one person"),
    "auto_per_domain": Key(rate("domain"), "automatic mails to one domain"),
    "auto_total": Key(rate(""), "automatic mails: so many to agents, and so many to everybody else"),
    "auto_per_ticket": Key(rate("ticket"), "automatic mails of one ticket to customers, and to each agent"),
    "new_per_sender": Key(rate("sender"), "tickets opened; more are tagged `flood` and not answered"),
    "updates_per_sender": Key(rate("sender"), "entries added; more are not answered"),
    "cc_max": Key(whole(), "participants of a ticket"),
    "redirect_domains": Key(list_of(DOMAIN, single=True, may_be_empty=True), "where `redirect` may send"),
}
RETENTION: Keys = {
    name: Key(KEPT, about)
    for name, about in {
        "raw_mail": "original mails, after their ticket was closed",
        "closed": "closed tickets",
        "spam": "spam",
        "quarantine": "mails in quarantine",
        "dropped": "mails that a rule dropped",
        "backscatter": "reports about mail that is not ours",
        "trace": "the reasons of decisions",
        "audit": "the audit log",
    }.items()
}
LISTS_FILE: Keys = {
    "file": Key(LINE, "a text file beside the rules: one entry a line, # begins a remark", required=True)
}


def named(node: Node | None, kind: str, r: Reader) -> dict[str, Node]:
    """The entries of a section by their id; an id that is none is noted."""
    found: dict[str, Node] = {}
    for key, value in reading.pairs(node, r.f) if node else ():
        if not _ID.fullmatch(key.text):
            r.f.add(key, "R030", f"“{key.text[:40]}” is no id for a {kind}", "small letters, digits, - and _")
        else:
            found.setdefault(key.text, value)
            r.known.places[f"{kind} {key.text}"] = (r.f.name, key)
    return found


def agents(section: Mapping[str, Node], r: Reader) -> dict[str, Agent]:
    """The people who work on tickets, by id."""
    taken: dict[str, str] = {}
    found = {}
    for name, node in section.items():
        given = record(node, AGENTS, r, f"agent “{name}”")
        agent = replace(Agent(name, name, ""), **given)
        _note_taken((agent.email, *agent.also), name, "agent", node, taken, r)
        found[name] = agent
    return found


def teams(section: Mapping[str, Node], r: Reader) -> dict[str, Team]:
    """The teams, by id, in the order of the file."""
    taken: dict[str, str] = {}
    found = {}
    for name, node in section.items():
        given = record(node, TEAMS, r, f"team “{name}”")
        team = replace(Team(name, ()), **given)
        _note_taken((*team.addresses, *team.aliases), name, "team", node.get("address") or node, taken, r)
        found[name] = team
    return found


def statuses(section: Mapping[str, Node], r: Reader) -> dict[str, StatusType]:
    """Every status by its name: those that there always are, and those that the file adds."""
    found = dict(BUILT_IN)
    for name, node in section.items():
        given = record(node, STATUSES, r, f"status “{name}”")
        if name in BUILT_IN:
            r.f.add(node, "R030", f"status “{name}” is there already, of type {BUILT_IN[name]}", "take another name")
        elif "type" in given:
            found[name] = given["type"]
    return found


def calendars(section: Mapping[str, Node], r: Reader) -> dict[str, Calendar]:
    """The calendars, by id."""
    found = {}
    for name, node in section.items():
        given = record(node, CALENDAR_KEYS, r, f"calendar “{name}”")
        free = given.pop("holidays", {})
        found[name] = replace(Calendar(name, "UTC"), **given, **free)
    return found


def policies(section: Mapping[str, Node], r: Reader) -> dict[str, Sla]:
    """The SLA policies, by id."""
    return {name: policy(name, node, r) for name, node in section.items()}


def lists(
    section: Mapping[str, Node], read: Callable[[Node, Reader], str | None], r: Reader
) -> dict[str, tuple[str, ...]]:
    """The named lists of texts.

    read  gives the text of a file that a node names; None when there is none, which it notes
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, node in section.items():
        if node.kind == "map":
            record(node, LISTS_FILE, r, f"list “{name}”")
            at = node.get("file")
            text = read(at, r) if at else None
            lines = (line.partition("#")[0].strip() for line in (text or "").splitlines())
            found[name] = tuple(filter(None, lines))
        else:
            found[name] = tuple(v for n in reading.items(node, r.f) if (v := reading.line(n, r.f)) is not None)
    return found


def fields(section: Mapping[str, Node], r: Reader) -> dict[str, FieldInfo]:
    """The custom ticket fields, by id."""
    found = {}
    for name, node in section.items():
        given = record(node, FIELDS, r, f"field “{name}”")
        if given.get("type") == "enum" and node.get("values") is None:
            r.f.add(node, "R030", f"field “{name}” is an enum without “values”")
        found[name] = replace(FieldInfo(name, "text"), **given)
    return found


def lookups(
    section: Mapping[str, Node], read: Callable[[Node, Reader], tuple[str, Findings] | None], r: Reader
) -> dict[str, Lookup]:
    """Where values of customers come from, by id.

    read  gives the text of a file that a node names, and who notes what is wrong with it; None when there is none
    """
    found = {}
    for name, node in section.items():
        given = record(node, LOOKUPS, r, f"lookup “{name}”")
        if node.kind == "map" and ("file" in given) == ("sql" in given):
            r.f.add(node, "R030", f"lookup “{name}” has either “file” or “sql”")
        found[name] = lookup = replace(Lookup(name), **given)
        at = node.get("file") if "file" in given else None
        if at is not None and (table := read(at, r)) is not None:
            columns, rows = csv_table(table[0], lookup.key, table[1])
            _check_columns(node.get("give"), columns, lookup.file, r)
            found[name] = replace(lookup, rows=rows)
    return found


def _check_columns(give: Node | None, columns: tuple[str, ...], file: str, r: Reader) -> None:
    for _, column in reading.pairs(give, r.f) if give is not None and columns else ():
        if column.text not in columns:
            r.f.unknown(column, f"column of {file}", column.text, columns, "columns")


def limits(node: Node | None, r: Reader) -> Limits:
    """The budgets of automatic mail; what is not named keeps its default."""
    return replace(Limits(), **(record(node, LIMITS, r) if node else {}))


def retention(node: Node | None, r: Reader) -> Retention:
    """How long what is kept; what is not named keeps its default."""
    return replace(Retention(), **(record(node, RETENTION, r) if node else {}))


def defaults(node: Node, r: Reader) -> tuple[Defaults, Rate | None]:
    """What holds where no rule says otherwise, and `ack_limit`, which is short for `limits.ack`."""
    given = record(node, DEFAULTS, r, "section “defaults”")
    ack = given.pop("ack_limit", None)
    return replace(Defaults(""), **given), ack


def _note_taken(addresses: tuple[str, ...], name: str, kind: str, at: Node, taken: dict[str, str], r: Reader) -> None:
    for address in filter(None, addresses):
        if taken.setdefault(address, name) != name:
            r.f.add(at, "R030", f"address {address} belongs to {kind} “{taken[address]}” already")


def _stripped(node: Node, r: Reader) -> str | None:
    value = reading.text(node, r.f)
    return value.strip() if value is not None else None


def _given(node: Node, r: Reader) -> dict[str, str] | None:
    """Names of facts by the column that gives them: those that the gateway knows by itself are no table's business."""
    for key, _ in reading.pairs(node, r.f):
        if f"customer.{key.text}" in REGISTRY and key.text not in _OF_RECORDS:
            r.f.add(key, "R030", f"customer.{key.text} is known without a table", "take another name")
        elif not _NAME.fullmatch(key.text):
            r.f.add(key, "R030", f"“{key.text[:40]}” is no name of a fact", "small letters, digits and _")
    return _labels(node, r)


def _labels(node: Node, r: Reader) -> dict[str, str] | None:
    found: dict[str, Any] = {key.text: reading.line(value, r.f) for key, value in reading.pairs(node, r.f)}
    return {name: value for name, value in found.items() if value is not None} or None


ENTRIES: Mapping[str, Keys] = {  # sections whose entries have ids
    "agents": AGENTS,
    "teams": TEAMS,
    "statuses": STATUSES,
    "calendars": CALENDAR_KEYS,
    "sla": SLA_KEYS,
    "fields": FIELDS,
    "lookups": LOOKUPS,
}
SINGLE: Mapping[str, Keys] = {"defaults": DEFAULTS, "limits": LIMITS, "retention": RETENTION}
