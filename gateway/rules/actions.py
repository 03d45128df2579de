"""`do:` as actions: the registry of what a rule may do.

Sources  rules.md §5. One entry here is all that check, schema and documents know of an action.
Not here what an action changes (evaluate.py), what is inside a string (placeholders.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.rules import quantities, reading
from gateway.rules.action_forms import (
    DISPOSAL,
    ELSEWHERE,
    ENDPOINT,
    ESCALATE,
    FILLED,
    LINK,
    MERGE,
    NOTIFY,
    REPLY,
    SETTINGS,
    SLA_OR_NONE,
    TAGS,
)
from gateway.rules.canned import CANNED_REPLY, canned
from gateway.rules.desk import Span
from gateway.rules.forms import ADDRESS, AGENT, FLAG, LINE, SLEEP, TEAM, Form, Reader, list_of, one_of
from gateway.rules.tree import Node
from gateway.rules.types import (
    EVENTS,
    TICKET_EVENTS,
    Action,
    AddCc,
    Assign,
    Dispose,
    Escalate,
    Event,
    Follow,
    Hold,
    Immediate,
    Later,
    Link,
    MergeInto,
    Needs,
    Note,
    Notify,
    PrivacyRequest,
    Redirect,
    Reply,
    Route,
    Set,
    Snooze,
    Tag,
    UseSla,
    Webhook,
)

_RECEIVED: tuple[Event, ...] = ("received",)
_MAIL: tuple[Event, ...] = ("new", "reply")
_MODIFIERS = ("after", "unless")


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One entry of the registry of actions."""

    events: tuple[Event, ...]
    form: Form
    about: str
    example: str
    make: Callable[[str, Any], tuple[Immediate, ...]]  # rule, what the form read


def _one(make: Callable[[str, Any], Immediate]) -> Callable[[str, Any], tuple[Immediate, ...]]:
    return lambda rule, value: (make(rule, value),)


ACTIONS: Mapping[str, ActionInfo] = {
    "route": ActionInfo(EVENTS, TEAM, "gives the ticket to a team", "{route: billing}", _one(Route)),
    "assign": ActionInfo(TICKET_EVENTS, AGENT, "makes an agent the owner", "{assign: ana}", _one(Assign)),
    "unassign": ActionInfo(
        TICKET_EVENTS, FLAG, "takes the owner away", "{unassign: true}", lambda r, v: (Assign(r, None),) if v else ()
    ),
    "needs": ActionInfo(
        TICKET_EVENTS, list_of(LINE), "skills that an owner must have", "{needs: [refunds]}", _one(Needs)
    ),
    "set": ActionInfo(
        TICKET_EVENTS, SETTINGS, "sets fields of the ticket", "{set: {priority: high, field.order: PL-10442}}",
        lambda r, v: tuple(Set(r, name, value) for name, value in v.items()),
    ),
    "tag": ActionInfo(TICKET_EVENTS, TAGS, "adds tags", "{tag: [vip]}", _one(Tag)),
    "untag": ActionInfo(TICKET_EVENTS, TAGS, "takes tags away", "{untag: [vip]}", _one(lambda r, v: Tag(r, (), v))),
    "sla": ActionInfo(
        TICKET_EVENTS, SLA_OR_NONE, "puts the ticket under a policy, or none", "{sla: gold}",
        _one(lambda r, v: UseSla(r, None if v == "none" else v)),
    ),
    "snooze": ActionInfo(TICKET_EVENTS, SLEEP, "lets the ticket sleep, a year at most", "{snooze: 2d}", _one(Snooze)),
    "escalate": ActionInfo(
        TICKET_EVENTS, ESCALATE, "routes to `to` or the team's `escalates_to`, and tells the lead",
        "{escalate: {to: support}}", _one(lambda r, v: Escalate(r, v.get("to"))),
    ),
    "reply": ActionInfo(
        TICKET_EVENTS, REPLY, "an automatic mail to the requester, through the send guard", "{reply: auto_ack}",
        _one(lambda r, v: Reply(r, **v)),
    ),
    "canned": ActionInfo(
        TICKET_EVENTS, CANNED_REPLY,
        "a canned reply to the requester, with its files, through the send guard; sets what the reply sets. It goes "
        "to people that a person answered, or whose DMARC passed",
        "{canned: {name: photos-wanted, with: {order: PL-10442}}}",
        lambda r, v: canned(r, **v),
    ),
    "notify": ActionInfo(
        TICKET_EVENTS, NOTIFY, "a mail to agents", "{notify: {to: [assignee, team.lead], template: sla_warning}}",
        _one(lambda r, v: Notify(r, **v)),
    ),
    "note": ActionInfo(
        TICKET_EVENTS, FILLED, "writes an internal note", '{note: "Order {{ captures.order }}"}', _one(Note)
    ),
    "cc": ActionInfo(
        TICKET_EVENTS, list_of(ADDRESS), "makes addresses participants", "{cc: [eva@bigbank.test]}", _one(AddCc)
    ),
    "follow": ActionInfo(
        TICKET_EVENTS, list_of(AGENT), "makes agents watch the ticket", "{follow: [ana]}", _one(Follow)
    ),
    "link": ActionInfo(
        TICKET_EVENTS, LINK, "links to another ticket", "{link: {to: 4711, kind: related}}",
        _one(lambda r, v: Link(r, **v)),
    ),
    "hold": ActionInfo(
        _MAIL, FILLED, "every mail of this event waits for release", "{hold: first mail of a new contract}", _one(Hold)
    ),
    "webhook": ActionInfo(
        TICKET_EVENTS, ENDPOINT, "tells the endpoint of that name in mailwicket.toml what happened, as signed JSON",
        "{webhook: billing}", _one(Webhook)
    ),
    "record": ActionInfo(
        _RECEIVED, DISPOSAL, "keeps the mail without a ticket", "{record: newsletter}",
        _one(lambda r, v: Dispose(r, "record", v["reason"])),
    ),
    "drop": ActionInfo(
        _RECEIVED, DISPOSAL, "like record, under the rule's id; kept until `retention.dropped`",
        "{drop: {reason: noise}}",
        _one(lambda r, v: Dispose(r, "record", f"drop:{r}: {v['reason']}")),
    ),
    "quarantine": ActionInfo(
        _RECEIVED, DISPOSAL, "keeps the mail for a person to look at", "{quarantine: spoofed sender}",
        _one(lambda r, v: Dispose(r, "quarantine", v["reason"])),
    ),
    "redirect": ActionInfo(
        _RECEIVED, ELSEWHERE, "passes the mail on as an attachment, up to 10 MiB; no ticket",
        "{redirect: desk@other.test}",
        _one(Redirect),
    ),
    "merge_into": ActionInfo(
        _RECEIVED, MERGE,
        "appends to the newest open ticket with equal fields; those of the mail are what a pattern catches under "
        "their names, or what look-ups give. Without such a ticket the rules for `new` are asked, of which one sets "
        "them",
        "{merge_into: {same: [field.host], within: 7d}}", _one(lambda r, v: MergeInto(r, **v)),
    ),
    "privacy_request": ActionInfo(
        _MAIL, one_of("access", "erase"), "tags `gdpr`, starts policy `privacy` if there is one; erases nothing",
        "{privacy_request: access}", _one(PrivacyRequest),
    ),
    "stop": ActionInfo(EVENTS, FLAG, "ends the list for this event", "{stop: true}", lambda r, v: ()),
}  # fmt: skip


@dataclass(slots=True)
class Actions:
    """Reads the actions of one rule."""

    r: Reader
    stop: bool = False
    catch_all: Node | None = None  # a drop or quarantine that nobody has confirmed

    def read(self, node: Node) -> tuple[Action, ...]:
        """The actions, in order; `stop` and `catch_all` are set on the way."""
        return tuple(action for item in reading.items(node, self.r.f) for action in self._item(item))

    def _item(self, node: Node) -> Iterator[Action]:
        names = [k for k, _ in reading.pairs(node, self.r.f) if k.text not in ("confirm", *_MODIFIERS)]
        if len(names) != 1 and node.kind == "map":
            self.r.f.add(node, "R030", "an entry of “do” holds one action", "write [{route: a}, {stop: true}]")
        confirm = node.get("confirm")
        confirmed = reading.flag(confirm, self.r.f) if confirm else False
        delay = self._delay(node)
        for key in names:
            value = node.get(key.text)
            if value is None or not self._may(key):
                continue
            if key.text == "stop":
                self.stop = reading.flag(value, self.r.f) is True or self.stop
            elif (given := ACTIONS[key.text].form.read(value, self.r)) is not None:
                made = ACTIONS[key.text].make(self.r.rule, given)
                yield from (Later(action, *delay) for action in made) if delay else made
            if key.text in ("drop", "quarantine") and not confirmed and not _confirmed(value):
                self.catch_all = self.catch_all or key

    def _may(self, key: Node) -> bool:
        if key.text not in ACTIONS:
            self.r.f.unknown(key, "action", key.text, tuple(ACTIONS))
            return False
        events = ACTIONS[key.text].events
        if missing := [e for e in self.r.on if e not in events]:
            hint = f"it works in {reading.named_events(events)}"
            self.r.f.add(key, "R017", f"action “{key.text}” does not exist for event “{missing[0]}”", hint)
        return True

    def _delay(self, node: Node) -> tuple[timedelta | Span, str | None, tuple[Event, ...]] | None:
        """`after` and `unless`; None when the action is not for later."""
        at, unless = node.get("after"), node.get("unless")
        events = reading.choices(unless, EVENTS, "event", "events", self.r.f) if unless else ()
        if at is None:
            if unless is not None:
                self.r.f.add(unless, "R030", "“unless” goes with “after”", "such as after: 3d")
            return None
        length, _, calendar = at.text.partition(" in ")
        read = quantities.span if calendar else quantities.duration
        wait = read(length) if at.kind == "text" else None
        if wait is None:
            self.r.f.add(at, "R030", f"no delay: “{at.text[:40]}”", "such as 3d, or 3d in office")
        elif calendar and calendar not in self.r.known.calendars:
            self.r.f.unknown(at, "calendar", calendar, self.r.known.calendars, "calendars")
        return (wait or timedelta(0), calendar or None, events)  # type: ignore[return-value]


def _confirmed(node: Node) -> bool:
    confirm = node.get("confirm")
    return confirm is not None and confirm.value is True
