"""The rules at a glance: events, their rules, conditions in words, effects; as a tree or as a Mermaid chart.

Sources  rules.md §7, `rules tree`.
Not here the reasons of one mail (explain.py).
"""

from collections.abc import Iterator, Sequence

from gateway.rules.quantities import in_words
from gateway.rules.sample import sample
from gateway.rules.types import (
    EVENTS,
    Action,
    Assign,
    Dispose,
    Event,
    Group,
    Later,
    Note,
    Notify,
    PrivacyRequest,
    Reply,
    Route,
    Rule,
    RuleSet,
    Set,
    Snooze,
    Tag,
    Test,
    UseSla,
)

_EVENT_WIDTH = 8  # of the usual events; a longer name moves its own line
_CONDITION_WIDTH = 45

_BARE = ("ticket.status", "ticket.status_type", "from.domain", "from.address", "from.name")  # values say it all
_FLAGS = {
    "mail.is_bounce": "report", "mail.is_auto_reply": "auto-reply", "mail.is_list": "list mail",
    "mail.is_forward": "forward", "mail.is_thanks": "thanks", "mail.is_encrypted": "encrypted",
    "mail.is_calendar": "invitation", "from.ambiguous": "ambiguous author", "auth.trusted": "trusted verdicts",
    "customer.known": "known customer", "customer.first_contact": "first contact", "customer.muted": "muted",
    "spam.flag": "spam", "ticket.waiting": "nobody free",
}  # fmt: skip
_NAMES = {
    "mail.subject": "subject", "body.new_text": "new text", "body.text": "text", "body.html": "HTML",
    "auth.dmarc": "DMARC", "auth.dkim": "DKIM", "auth.spf": "SPF", "mail.size": "size", "mail.via": "via",
}  # fmt: skip
_ORDER = {"gt": "more than {}", "gte": "{} or more", "lt": "less than {}", "lte": "{} or less"}


def tree_lines(rules: RuleSet, team: str | None = None) -> Iterator[str]:
    """The flat list of rules as a tree; a rule that stands under several events is described once."""
    shown = [rule for rule in rules.rules if team is None or _concerns(rule, team)]
    widest = max((len(rule.id) for rule in shown), default=0) + 2
    told: set[str] = set()
    for event in EVENTS:
        candidates = [rule for rule in shown if event in rule.on]
        for number, rule in enumerate(candidates):
            yield _line(event, number, len(candidates), rule, widest, described=rule.id in told, rules=rules)
            told.add(rule.id)


def mermaid_lines(rules: RuleSet, team: str | None = None) -> Iterator[str]:
    """The same as a flow chart."""
    yield "flowchart LR"
    for event in EVENTS:
        candidates = [r for r in rules.rules if event in r.on and (team is None or _concerns(r, team))]
        if candidates:
            yield f'  {event}(["{event}"])'
        for rule in candidates:
            words = f"{rule.id}<br>{in_short(rule, rules)}<br>→ {', '.join(_effects(rule))}"
            yield f'  {event} --> {event}_{rule.id}["{_quoted(words)}"]'


def in_short(rule: Rule, rules: RuleSet) -> str:
    """The conditions of a rule in words."""
    return _words_of(rule.when, rule, rules) or "always"


def _line(event: Event, number: int, count: int, rule: Rule, widest: int, *, described: bool, rules: RuleSet) -> str:
    dashes = "─" * max(1, _EVENT_WIDTH + 1 - len(event))
    if count == 1:
        head = f"  {event} {dashes}{'──' if len(event) <= _EVENT_WIDTH else ''} "
    elif number == 0:
        head = f"  {event} {dashes}┬─ "
    else:
        indent = " " * (3 + len(event) + len(dashes))
        head = f"{indent}{'└' if number == count - 1 else '├'}─ "
    if described:
        return f"{head}{rule.id}"
    name = f"{rule.id:<{max(widest + _EVENT_WIDTH + 7 - len(head), len(rule.id) + 1)}}"
    condition = in_short(rule, rules)
    if len(condition) > _CONDITION_WIDTH - 1:
        condition = f"{condition[: _CONDITION_WIDTH - 2]}…"
    shadow = "(in shadow) " if rule.shadow else ""
    return f"{head}{name}{condition:<{_CONDITION_WIDTH}}→ {shadow}{', '.join(_effects(rule))}"


# --- conditions -------------------------------------------------------------------------------------------------


def _words_of(group: Group, rule: Rule, rules: RuleSet) -> str:
    """A group in words; that the effect of the rule is not there yet goes without saying."""
    if group.kind == "none":
        said = [_child(c, rule, rules) for c in group.children if not _own_effect(c, rule)]
        return f"not {_joined(said, 'or')}" if said else ""
    if group.kind == "any":
        return _joined(_merged(group.children, rule, rules), "or")
    status = [_child(c, rule, rules) for c in group.children if isinstance(c, Test) and c.field in _BARE[:2]]
    others = [_child(c, rule, rules) for c in group.children if not (isinstance(c, Test) and c.field in _BARE[:2])]
    return ", ".join(filter(None, (*status, " and ".join(filter(None, others)))))


def _child(child: Test | Group, rule: Rule, rules: RuleSet) -> str:
    if isinstance(child, Test):
        return _said(child, rules)
    words = _words_of(child, rule, rules)
    return f"({words})" if child.kind != "none" and len(child.children) > 1 and " and " in words else words


def _merged(children: Sequence[Test | Group], rule: Rule, rules: RuleSet) -> list[str]:
    """Alternatives in words; the same question about two fields is asked once."""
    found: dict[str, list[str]] = {}
    for child in children:
        if isinstance(child, Test) and (asked := _about_text(child)):
            found.setdefault(asked, []).append(_NAMES.get(child.field, child.field))
        else:
            found[_child(child, rule, rules)] = []
    return [f"{_joined(fields, 'or')} {asked}" if fields else asked for asked, fields in found.items()]


def _about_text(test: Test) -> str:
    """What is asked of a text, without the name of the text; empty when it is no such question."""
    if test.field in _BARE:
        return ""
    verbs = {
        "contains": "has", "contains_all": "has all of", "matches": "has", "starts_with": "begins with",
        "ends_with": "ends with",
    }  # fmt: skip
    if test.operator not in verbs:
        return ""
    return f"{verbs[test.operator]} {_operand(test)}"


def _said(test: Test, rules: RuleSet) -> str:
    flag = _FLAGS.get(test.field)
    if flag is not None and test.operator == "is":
        return flag if True in test.operand else f"not {flag}"
    if asked := _about_text(test):
        return f"{_NAMES.get(test.field, test.field)} {asked}"
    if test.operator == "under":
        ours = {a.rpartition("@")[2] for team in rules.teams.values() for a in team.addresses}
        return f"from {'our domain' if {key for key, _ in test.operand} <= ours else test.wanted}"
    name = _NAMES.get(test.field, test.field.removeprefix("ticket.").removeprefix("customer.").removeprefix("field."))
    prefix = "" if test.field in _BARE else f"{name} "
    match test.operator:
        case "is" | "in":
            return f"{prefix}{_operand(test)}"
        case "is_not" | "not_in":
            return f"{prefix}not {_operand(test)}"
        case "matches" | "contains" | "contains_all" | "starts_with" | "ends_with":
            return _operand(test)
        case "gt" | "gte" | "lt" | "lte":
            return f"{prefix}{_ORDER[test.operator].format(test.wanted)}"
        case "between":
            return f"{prefix}{' to '.join(test.wanted.strip('[]').split(', '))}"
        case "exists" | "empty":
            there = (test.operator == "exists") is test.operand
            return f"{name}{'' if there else ' missing'}"
        case _:
            return f"{prefix}{test.operator.replace('_', ' ')} {_operand(test)}"


def _operand(test: Test) -> str:
    return sample(test.operand.source) if test.operator == "matches" else test.wanted


def _own_effect(child: Test | Group, rule: Rule) -> bool:
    if not isinstance(child, Test) or child.operator not in ("is", "in"):
        return False
    made = {"ticket.team": [a.team for a in rule.do if isinstance(a, Route)],
            "ticket.tags": [t for a in rule.do if isinstance(a, Tag) for t in a.add]}  # fmt: skip
    return set(child.operand) <= set(made.get(child.field, ()))


def _joined(words: Sequence[str], last: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


# --- effects ----------------------------------------------------------------------------------------------------


def _effects(rule: Rule) -> list[str]:
    words = [word for action in rule.do for word in _effect(action)]
    return [*words, "stop"] if rule.stop else words


def _effect(action: Action) -> Iterator[str]:
    match action:
        case Later(action=inner, after=after, calendar=calendar, unless=unless):
            hours = f" of {calendar}" if calendar else ""
            ends = f" unless {_joined(unless, 'or')}" if unless else ""
            yield from (f"{word} in {in_words(after)}{hours}{ends}" for word in _effect(inner))
        case Route(team=team):
            yield f"team {team}"
        case Assign(agent=agent):
            yield f"owner {agent or 'none'}"
        case Set(name="status", value=value):
            yield value
        case Set(name=name, value=value):
            yield f"field {name.removeprefix('field.')}" if name.startswith("field.") else f"{name} {value}"
        case Tag(add=add, remove=remove):
            yield from (f"tag {tag}" for tag in add)
            yield from (f"untag {tag}" for tag in remove)
        case UseSla(policy=policy):
            yield f"sla {policy or 'none'}"
        case Reply(template=template):
            yield f"mail {template}"
        case Notify(to=to, template=template):
            yield f"mail {template} to {', '.join(who.removeprefix('team.') for who in to)}"
        case Dispose(disposition=disposition):
            yield disposition
        case Snooze(length=length):
            yield f"snooze {in_words(length)}"
        case Note():
            yield "note"
        case PrivacyRequest(kind=kind):
            yield f"privacy {kind}"
        case _:
            yield _WORDS.get(type(action).__name__, type(action).__name__.lower())


_WORDS = {"AddCc": "cc", "MergeInto": "merge"}


def _concerns(rule: Rule, team: str) -> bool:
    """Whether a rule routes to a team or asks for it."""
    return any(isinstance(a, Route) and a.team == team for a in rule.do) or any(
        test.field == "ticket.team" and team in str(test.operand) for test in _all_tests(rule.when)
    )


def _all_tests(group: Group) -> Iterator[Test]:
    for child in group.children:
        if isinstance(child, Test):
            yield child
        else:
            yield from _all_tests(child)


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("&lt;br>", "<br>")
