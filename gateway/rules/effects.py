"""What an action means for the run: its strings filled, the overlay written, and in words for the trace.

Sources  rules.md §5.
Not here  what the desk makes of an action (ticket/apply.py and notify.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from gateway.rules import placeholders
from gateway.rules.action_forms import is_tag, misfit
from gateway.rules.overlay import Overlay
from gateway.rules.quantities import in_words
from gateway.rules.types import (
    ALIASES,
    Action,
    AddCc,
    Assign,
    Dispose,
    Effect,
    Escalate,
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
    RuleSet,
    Set,
    Snooze,
    Tag,
    UseSla,
    Value,
    Webhook,
)

NOTHING = "∅"  # no value, in an effect
_SETS = {"language": "language"}  # the others are ticket.NAME

Written = Mapping[str, Value]


class NotPossible(ValueError):  # noqa: N818  (a rule that fails is an outcome, told by its hit)
    """An action cannot be carried out with the values of this mail."""


def ready(action: Action, captures: Mapping[str, str], overlay: Overlay, rules: RuleSet) -> Action:
    """The action with its `{{ … }}` filled.

    Raises  ValueError  a value is absent, or what comes out may not stand there
    """

    def one(text: str) -> str:
        if not placeholders.is_template(text):
            return text
        return placeholders.compiled(text).filled(lambda name: _named(name, captures, overlay))

    match action:
        case Later():
            inner = ready(action.action, captures, overlay, rules)
            return action if isinstance(inner, Later) else replace(action, action=inner)
        case Set(name=name, value=value) if name.startswith("field."):
            filled = " ".join(one(value).split()) if placeholders.is_template(value) else value
            if wrong := misfit(rules.fields[name.removeprefix("field.")], filled):
                raise NotPossible(wrong)
            return replace(action, value=filled)
        case Tag(add=add, remove=remove):
            return replace(action, add=tuple(map(_tag, map(one, add))), remove=tuple(map(one, remove)))
        case Note(text=text):
            return replace(action, text=one(text))
        case Dispose(reason=reason) | Hold(reason=reason):
            return replace(action, reason=" ".join(one(reason).split()))
        case Reply(values=values) if values:
            return replace(action, values=tuple((name, one(value)) for name, value in values))
        case MergeInto(same=same):
            return replace(action, values=tuple(_own_value(name, captures, overlay, rules) for name in same))
        case _:
            return action


def effects(action: Action, overlay: Overlay, rules: RuleSet) -> Iterator[tuple[Effect, Written]]:
    """What an action changes, in words and as values for the overlay. What is for later changes nothing now."""
    if isinstance(action, Later):
        when = f" in {in_words(action.after)}{f' ({action.calendar})' if action.calendar else ''}"
        unless = f" unless {' or '.join(action.unless)}" if action.unless else ""
        for effect, _ in effects(action.action, overlay, rules):
            yield replace(effect, after=f"{effect.after}{when}{unless}"), {}
        return
    yield from _now(action, overlay, rules)


def _now(action: Immediate, overlay: Overlay, rules: RuleSet) -> Iterator[tuple[Effect, Written]]:
    match action:
        case Route(team=team):
            yield _set("team", "ticket.team", team, overlay)
        case Assign(agent=agent):
            yield _set("assignee", "ticket.assignee", agent, overlay)
        case Set(name="status", value=value):
            yield _status(value, overlay, rules)
        case Set(name="due", value=value):
            yield Effect("due", "", value), {}
        case Set(name=name, value=value):
            yield _set(name, _SETS.get(name, f"ticket.{name}"), value, overlay)
        case Tag(add=add, remove=remove):
            yield _tags(add, remove, overlay)
        case UseSla(policy=policy):
            yield _set("sla", "sla.policy", policy, overlay)
        case Snooze(length=length):
            effect, written = _status("snoozed", overlay, rules)
            yield replace(effect, after=f"snoozed for {in_words(length)}"), written
        case Escalate():
            yield from _escalated(action, overlay, rules)
        case PrivacyRequest(kind=kind):
            yield Effect("privacy_request", "", kind), {}
            yield _tags(("gdpr",), (), overlay)
            if "privacy" in rules.sla:
                yield _set("sla", "sla.policy", "privacy", overlay)
        case _:
            yield Effect(*_told(action)), {}


def said(action: Immediate) -> str:
    """An action in words, without what it changes: for what is still to come."""
    match action:
        case Route(team=team):
            return f"team: {team}"
        case Assign(agent=agent):
            return f"assignee: {or_nothing(agent)}"
        case Set(name=name, value=value):
            return f"{name}: {value}"
        case Tag(add=add, remove=remove):
            return " ".join(["tag:", *(f"+{t}" for t in add), *(f"-{t}" for t in remove)])
        case UseSla(policy=policy):
            return f"sla: {or_nothing(policy)}"
        case Snooze(length=length):
            return f"snoozed for {in_words(length)}"
        case Escalate(to=to):
            return f"escalate: {to}" if to else "escalate"
        case PrivacyRequest(kind=kind):
            return f"privacy_request: {kind}"
        case _:
            name, _, what = _told(action)
            return f"{name}: {what}"


def _told(
    action: Needs | Reply | Notify | Note | AddCc | Follow | Link | Hold | Webhook | Dispose | Redirect | MergeInto,
) -> tuple[str, str, str]:
    """An action that writes nothing into the overlay: its name, nothing before, and what it does."""
    match action:
        case Needs(skills=skills):
            return "needs", "", ", ".join(skills)
        case Reply():
            return "reply", "", _mail(action)
        case Notify(to=to, template=template):
            return "notify", "", f"{template} to {', '.join(to)}"
        case Note(text=text):
            return "note", "", text
        case AddCc(addresses=addresses):
            return "cc", "", ", ".join(addresses)
        case Follow(agents=agents):
            return "follow", "", ", ".join(agents)
        case Link(to=to, kind=kind):
            return "link", "", f"{kind} {to}"
        case Hold(reason=reason):
            return "hold", "", reason
        case Webhook(name=name):
            return "webhook", "", name
        case Dispose(disposition=disposition, reason=reason):
            return disposition, "", reason
        case Redirect(address=address):
            return "redirect", "", address
        case MergeInto(same=same, within=within, values=values):
            named = [f"{name} {value}" for name, value in zip(same, values, strict=True)] if values else same
            return "merge_into", "", f"same {', '.join(named)} within {in_words(within)}"
        case _:
            assert_never(action)


def _mail(action: Reply) -> str:
    variant = f"/{action.variant}" if action.variant else ""
    outside = f" outside {action.outside}" if action.outside else ""
    return f"{action.template}{variant}{outside}{f' ({action.language})' if action.language else ''}"


def _set(word: str, name: str, value: Value, overlay: Overlay) -> tuple[Effect, Written]:
    return Effect(word, or_nothing(overlay.value(name)), or_nothing(value)), {name: value}


def _status(status: str, overlay: Overlay, rules: RuleSet) -> tuple[Effect, Written]:
    effect, written = _set("status", "ticket.status", status, overlay)
    return effect, {**written, "ticket.status_type": rules.statuses[status]}


def _tags(add: tuple[str, ...], remove: tuple[str, ...], overlay: Overlay) -> tuple[Effect, Written]:
    kept = tuple(t for t in overlay.tags() if t not in remove)
    words = [f"+{t}" for t in add] + [f"-{t}" for t in remove]
    return Effect("tag", "", " ".join(words)), {"ticket.tags": (*kept, *(t for t in add if t not in kept))}


def _escalated(action: Escalate, overlay: Overlay, rules: RuleSet) -> Iterator[tuple[Effect, Written]]:
    team = rules.teams.get(str(overlay.value("ticket.team")))
    to = action.to or (team.escalates_to if team is not None else None)
    level = overlay.value("ticket.escalation")
    yield _set("escalation", "ticket.escalation", 1 + (level if isinstance(level, int) else 0), overlay)
    if to in rules.teams:
        yield _set("team", "ticket.team", to, overlay)
    elif to is not None:
        yield _set("assignee", "ticket.assignee", to, overlay)


def _tag(value: str) -> str:
    if not is_tag(value):
        raise NotPossible(f"“{value[:40]}” is no tag")
    return value


def _own_value(name: str, captures: Mapping[str, str], overlay: Overlay, rules: RuleSet) -> str:
    """What a custom field would be for this mail: what a pattern of the rule caught under its name, or its look-up."""
    field = name.removeprefix("field.")
    caught = captures.get(field)
    value = " ".join(str(caught if caught is not None else overlay.value(f"ticket.{name}") or "").split())
    if not value:
        raise NotPossible(f"the mail says nothing for {name}")
    if wrong := misfit(rules.fields[field], value):
        raise NotPossible(wrong)
    return value


def _named(name: str, captures: Mapping[str, str], overlay: Overlay) -> Value:
    if name.startswith(placeholders.CAPTURES):
        caught = captures.get(name.removeprefix(placeholders.CAPTURES))
        return caught.strip() if caught is not None else None
    value = overlay.value(ALIASES.get(name, name))
    return in_words(value) if isinstance(value, timedelta) else value


def or_nothing(value: Value) -> str:
    """A value in an effect."""
    return NOTHING if value is None else str(value)
