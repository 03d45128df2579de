"""The words of the rule language as a page and as tables: made from the registries that also read the file.

Not here the codes of findings (codes.py), JSON Schema (schema.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from typing import Any

from gateway.rules.actions import ACTIONS
from gateway.rules.codes import CODES
from gateway.rules.desk import Calendar, FieldInfo, Limits, Lookup, Rate, Retention, Sla
from gateway.rules.forms import Keys
from gateway.rules.operators import OPERATORS
from gateway.rules.placeholders import FILTER_NAMES
from gateway.rules.quantities import in_words
from gateway.rules.scenes import CUSTOMER, EXPECT, HISTORY, SCENE, TICKET
from gateway.rules.sections import ENTRIES, SINGLE
from gateway.rules.types import ALIASES, EVENTS, REGISTRY, Agent, Defaults, Event, Team

ABOUT_EVENTS: Mapping[Event, str] = {
    "received": "a mail, before a ticket is made or touched",
    "new": "a new ticket",
    "reply": "the customer wrote",
    "agent-reply": "a public answer",
    "note": "an internal note",
    "status-changed": "another status; also queued by rules, at most three runs in a chain",
    "assigned": "another owner",
    "sla-warning": "a promise is near its end",
    "sla-breached": "a promise was broken",
    "idle": "nothing happened for a while; needs a lower bound on `ticket.idle`",
    "bounced": "a delivery report about one of our mails",
    "schedule": "`cron`, in the time of `defaults.calendar`; `each` runs it for every ticket of a search",
}
_TYPES: Mapping[str, Any] = {
    "defaults": Defaults, "limits": Limits, "retention": Retention, "agents": Agent, "teams": Team,
    "calendars": Calendar, "sla": Sla, "fields": FieldInfo, "lookups": Lookup,
}  # fmt: skip


def page() -> Iterator[str]:
    """docs/rules.md."""
    yield from _HEAD.splitlines()
    yield ""
    yield "## Events"
    yield ""
    yield from table(("event", "when"), ((f"`{e}`", text) for e, text in ABOUT_EVENTS.items()))
    yield ""
    yield "## Fields"
    yield ""
    aliases = ", ".join(f"`{a}` is `{n}`" for a, n in ALIASES.items())
    yield f"What `when` may test: {aliases}. A field that has no value fails every test but `exists: false`,"
    yield "`empty: true`, `is_not` and `not_in`. Text operators read the first 64 KiB."
    yield ""
    yield from table(("field", "type", "events", "example"), field_rows())
    yield ""
    yield "## Operators"
    yield ""
    yield "A value alone means `is`, a list means `in`; `$name` is a list of the file. Words are compared without case"
    yield "and accents; `fold: false` keeps accents, `case: true` keeps both, `word: true` wants whole words."
    yield ""
    yield from table(("operator", "of", "options", "holds when"), _operator_rows())
    yield ""
    yield "## Actions"
    yield ""
    filters = " ".join(f"`{name}`" for name in FILTER_NAMES)
    yield "`do` is a list, one action each. In texts `{{ name }}` is a field or `captures.NAME` of a pattern; filters:"
    yield f"{filters}. Every action takes `after: 3d` (`3d in office` counts opening hours) and `unless: EVENT`."
    yield ""
    yield from table(("action", "value", "events", "effect", "example"), action_rows())
    yield ""
    yield "## Sections"
    for name, keys in {**SINGLE, **ENTRIES}.items():
        yield ""
        yield f"### {name}.ID" if name in ENTRIES else f"### {name}"
        yield ""
        yield from table(("key", "value", "default", "what"), _key_rows(name, keys))
    yield ""
    yield "## Tests"
    yield ""
    yield "Tests stand in the file that they test. `mailwicket rules test` plays them on the stages that live mail goes"
    yield "through, in their own time, with no limit used up and all agents free; nothing is stored or sent. pytest"
    yield "collects them, too, from every `rules.yaml` below the folder that it looks at; `mailwicket_config = FILE` in"
    yield "pytest.ini names the site whose languages and addresses hold."
    yield ""
    yield from table(("key", "value", "what"), _test_rows(SCENE))
    yield ""
    yield "An event that no mail raises (`idle`, `sla-warning`, `note` …) needs none, only a `ticket`; its requester is"
    yield "the customer. Of a promise the one that falls due first is told. `customer`, `ticket` and `history` set the"
    yield "scene; what they do not name is as for a new customer and an open ticket:"
    yield ""
    parts = (("customer", CUSTOMER), ("ticket", TICKET), ("history", HISTORY))
    rows = ((f"`{part}.{k}`", v.form.words, v.about) for part, keys in parts for k, v in keys.items())
    yield from table(("key", "value", "what"), rows)
    yield ""
    yield "`expect` names what must come out; what it does not name is not looked at."
    yield ""
    yield from table(("key", "value", "what"), _test_rows(EXPECT))


def lints_page() -> Iterator[str]:
    """docs/lints.md."""
    yield "# Findings of `mailwicket rules check`"
    yield ""
    yield "Made from the code. An error keeps a file from being loaded; a warning ends with 3 under `--strict`."
    for code, what in CODES.items():
        yield ""
        yield f"## {code} {what.title}"
        yield ""
        yield f"*{what.severity}*. {what.why}"
        if what.example:
            yield ""
            yield "```yaml"
            yield from what.example.splitlines()
            yield "```"


def field_rows() -> Iterator[tuple[str, str, str, str]]:
    """Name, type, events and example of every field."""
    for name, info in REGISTRY.items():
        shown = " ".join(info.values) if info.values else info.example
        yield f"`{name}`", info.type, _events(info.events), shown


def action_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, events, effect and example of every action."""
    for name, info in ACTIONS.items():
        yield f"`{name}`", info.form.words, _events(info.events), info.about, f"`{info.example}`"


def table(head: tuple[str, ...], rows: Any) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _operator_rows() -> Iterator[tuple[str, str, str, str]]:
    for name, info in OPERATORS.items():
        options = " ".join(f"`{o}`" for o in info.options)
        yield f"`{name}`", " ".join(info.types), options, info.about


def _key_rows(section: str, keys: Keys) -> Iterator[tuple[str, str, str, str]]:
    made = _TYPES.get(section)
    standard = {f.name: f.default for f in fields(made) if f.default is not MISSING} if made else {}
    for name, key in keys.items():
        default = "required" if key.required else _default(standard.get(key.name or name))
        yield f"`{name}`", key.form.words, default, key.about


def _test_rows(keys: Keys) -> Iterator[tuple[str, str, str]]:
    for name, key in keys.items():
        yield f"`{name}`", key.form.words, key.about


def _default(value: Any) -> str:
    match value:
        case None | "" | ():
            return ""
        case bool():
            return str(value).lower()
        case timedelta():
            return in_words(value)
        case Rate():
            return f"{value.count} per {in_words(value.per)}"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _events(events: tuple[Event, ...]) -> str:
    if events == EVENTS:
        return "all"
    others = [e for e in EVENTS if e not in events]
    return f"all but {', '.join(others)}" if len(others) < 4 else ", ".join(events)


_HEAD = """\
# The rule language

Made from the code: what `mailwicket rules check` accepts is what stands here. `mailwicket rules schema` writes the same
as JSON Schema for an editor; findings are explained in [lints.md](lints.md).

A rule has an `id`, one or more events (`on`), conditions (`when`) and actions (`do`). For an event, every rule of it is
tested in the order of the file; all that match apply, later rules see what earlier ones did, and `stop: true` ends the
list. `enabled: false` takes a rule out; `shadow: true` traces what it would do, and does not do it. A rule that fails
at run time is skipped, shown in the trace and flagged on the ticket (`rule-failed:ID`).

Durations are `90s 15m 8h 2d 1w 3mo 2y`, sizes `64 KiB 25 MiB`, rates `N per DURATION`. A number where a text belongs is
refused: `1.10` would lose its zero. `include: [rules.d/*.yaml]` takes files with more `rules`, `lists` and `tests`."""
