"""Each code of a finding: a file that has it, and nearly the same file that has not."""
# ruff: noqa: E501, ISC004 -- a row of a table is a rule, and stays one

from datetime import date
from pathlib import Path

import pytest

from gateway.errors import ConfigError, Problem
from gateway.rules.codes import CODES
from gateway.rules.lint import Surroundings
from gateway.rules.load import load_rules
from gateway.rules.reading import Mails

TODAY = date(2026, 11, 21)
HEAD = (
    "version: 1\ndefaults: {team: support}\n"
    "agents: {ana: {name: Ana, email: ana@acme.test}}\n"
    "teams: {support: {address: support@acme.test, members: [ana]}, billing: {address: billing@acme.test}}\n"
)
ESCALATING = (
    "version: 1\ndefaults: {{team: s, calendar: o}}\ncalendars: {{o: {{timezone: UTC, hours: {{mon-fri: '08:00-16:00'}}}}}}\n"
    "agents: {{l: {{name: L, email: l@a.test}}, b: {{name: B, email: b@a.test}}}}\n"
    "teams: {{s: {{address: s@a.test, members: [l], sla: gold, visibility: {visibility}}}, t: {{address: t@a.test, members: [b]}}}}\n"
    "sla: {{gold: {{first_response: 1h, escalation: [l, b]}}}}\n"
)
MAILS = Mails({"auto_ack": ("en", "de"), "nudge": ("en",)}, ("en", "de"))
AROUND = Surroundings(TODAY, {"a": date(2026, 11, 1), "old": date(2026, 1, 1)})


def findings(text: str) -> tuple[Problem, ...]:
    """Errors, or the warnings where there are none."""
    try:
        return load_rules(text, "rules.yaml", 1, MAILS, surroundings=AROUND).warnings
    except ConfigError as e:
        return e.problems


def file_of(part: str) -> str:
    """A whole file; a part gets the usual sections in front."""
    return part if part.startswith("version") else HEAD + part


def one(*entries: str) -> str:
    return "rules:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


MERGE = "fields: {host: {type: text}}\n" + one(
    "id: a, on: received, when: {subject: {matches: '(?P<host>w.b)'}}, "
    "do: [{merge_into: {same: [field.host], within: 7d}}]"
)
CASES = [
    # code, a part that has it, a part that has not
    ("R001", one("id: a, on: new, do: [{rout: billing}]"), one("id: a, on: new, do: [{route: billing}]")),
    ("R002", one("id: a, on: new, do: [{tag: x}]", "id: a, on: new, do: [{tag: y}]"),
     one("id: a, on: new, do: [{tag: x}]", "id: b, on: new, do: [{tag: y}]")),
    ("R003", one("id: a, on: new, when: {subject: {matches: '(a)\\1'}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {matches: '(a)'}}, do: [{tag: x}]")),
    ("R003", one("id: a, on: new, when: {subject: {matches: '(?=a)b'}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {matches: '(?:a)b'}}, do: [{tag: x}]")),
    ("R003", one("id: a, on: new, when: {subject: {matches: '((a{1,1000}){1,1000})'}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {matches: 'a{1,1000}'}}, do: [{tag: x}]")),
    ("R004", one("id: a, on: new, when: {subject: {matches: 'x*'}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {matches: '^$'}}, do: [{tag: x}]")),
    ("R005", one("id: a, on: new, when: {ticket.team: billing, none: [{ticket.team: billing}]}, do: [{tag: x}]"),
     one("id: a, on: new, when: {ticket.team: billing, none: [{ticket.team: support}]}, do: [{tag: x}]")),
    ("R005", one("id: a, on: new, when: {all: [{ticket.priority: low}, {ticket.priority: high}]}, do: [{tag: x}]"),
     one("id: a, on: new, when: {all: [{ticket.tags: low}, {ticket.tags: high}]}, do: [{tag: x}]")),
    ("R005", one("id: a, on: new, when: {mail.size: {gt: 2 MiB, lt: 1 MiB}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {mail.size: {gt: 1 MiB, lt: 2 MiB}}, do: [{tag: x}]")),
    ("R005", one("id: a, on: new, when: {subject: {exists: false, contains: x}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {exists: true, contains: x}}, do: [{tag: x}]")),
    ("R005", one("id: a, on: new, when: {ticket.team: billing, any: [{ticket.team: support}, {ticket.team: {is_not: billing}}]}, do: [{tag: x}]"),
     one("id: a, on: new, when: {ticket.team: billing, any: [{ticket.team: support}, {subject: x}]}, do: [{tag: x}]")),
    ("R006", one("id: a, on: new, do: [{stop: true}]", "id: b, on: new, do: [{tag: x}]"),
     one("id: a, on: new, do: [{stop: true}]", "id: b, on: [new, reply], do: [{tag: x}]")),
    ("R006", one("id: a, on: new, when: {subject: {contains: [x, y]}}, do: [{stop: true}]",
                 "id: b, on: new, when: {subject: {contains: y}, from.name: z}, do: [{tag: x}]"),
     one("id: a, on: new, when: {subject: {contains: [x, y]}}, do: [{stop: true}]",
         "id: b, on: new, when: {subject: {contains: z}}, do: [{tag: x}]")),
    ("R007", one("id: a, on: new, when: {subject: {contains: x}}, do: [{route: billing}]",
                 "id: b, on: new, when: {subject: {contains: [x, y]}}, do: [{route: support}]"),
     one("id: a, on: new, when: {subject: {contains: x}}, do: [{route: billing}]",
         "id: b, on: new, when: {subject: {contains: y}}, do: [{route: support}]")),
    ("R007", one("id: a, on: new, when: {subject: x}, do: [{set: {priority: low}}]",
                 "id: b, on: new, when: {subject: x, from.name: y}, do: [{set: {priority: high}}]"),
     one("id: a, on: new, when: {subject: x}, do: [{set: {priority: low}}, {stop: true}]",
         "id: b, on: new, when: {subject: y, from.name: y}, do: [{set: {priority: high}}]")),
    ("R007", one("id: a, on: new, do: [{assign: ana}]", "id: b, on: new, do: [{unassign: true}]"),
     one("id: a, on: new, do: [{assign: ana}]", "id: b, on: new, do: [{assign: ana}]")),
    ("R008", one("id: a, on: new, when: {any: [{subject: {is_not: a}}, {subject: {is_not: b}}]}, do: [{tag: x}]"),
     one("id: a, on: new, when: {none: [{subject: a}, {subject: b}]}, do: [{tag: x}]")),
    ("R009", one("id: a, on: reply, do: [{reply: auto_ack}]"), one("id: a, on: reply, once: cycle, do: [{reply: auto_ack}]")),
    ("R009", one("id: a, on: reply, when: {none: [{ticket.tags: other}]}, do: [{reply: auto_ack}, {tag: told}]"),
     one("id: a, on: reply, when: {none: [{ticket.tags: told}]}, do: [{reply: auto_ack}, {tag: told}]")),
    ("R010", one("id: a, on: new, when: {mail.is_auto_reply: true}, do: [{reply: auto_ack}]"),
     one("id: a, on: new, when: {mail.is_auto_reply: false}, do: [{reply: auto_ack}]")),
    ("R010", one("id: a, on: new, when: {from.address: support@acme.test}, do: [{reply: auto_ack}]"),
     one("id: a, on: new, when: {from.address: other@acme.test}, do: [{reply: auto_ack}]")),
    ("R011", one("id: a, on: new, do: [{reply: nudge}]"), one("id: a, on: new, do: [{reply: auto_ack}]")),
    ("R012", "sla: {gold: {first_response: 1h}}\n", "sla: {gold: {first_response: 1h, calendar: c}}\n"
     "calendars: {c: {timezone: UTC, hours: {mon: '08:00-17:00'}}}\n"),
    ("R013", "calendars: {c: {timezone: UTC}}\n", "calendars: {c: {timezone: UTC, hours: {mon: '08:00-17:00'}}}\n"),
    ("R014", "calendars: {c: {timezone: UTC, hours: {mon: '08:00-17:00'}, holidays: [2026-12-25]}}\n",
     "calendars: {c: {timezone: UTC, hours: {mon: '08:00-17:00'}, holidays: [2026-12-25, 2027-12-25]}}\n"),
    ("R015", "version: 1\ndefaults: {team: s}\nteams: {s: {address: s@a.test, assign: round_robin, members: [l]}}\n"
             "agents: {l: {name: L, email: l@a.test, role: light}}\n",
     "version: 1\ndefaults: {team: s}\nteams: {s: {address: s@a.test, assign: round_robin, members: [l]}}\n"
     "agents: {l: {name: L, email: l@a.test}}\n"),
    ("R016", "lists: {w: [a]}\n", "lists: {w: [a]}\n" + one("id: a, on: new, when: {subject: {contains: $w}}, do: [{tag: x}]")),
    ("R017", one("id: a, on: received, when: {ticket.team: billing}, do: [{record: x}]"),
     one("id: a, on: received, when: {subject: x}, do: [{record: x}]")),
    ("R017", one("id: a, on: received, do: [{tag: x}]"), one("id: a, on: received, do: [{route: billing}]")),
    ("R017", one("id: a, on: sla-warning, do: [{note: '{{ mail.subject }}'}]"),
     one("id: a, on: sla-warning, do: [{note: '{{ ticket.team }}'}]")),
    ("R018", one("id: a, on: new, when: {subject: {matches: '(?P<n>x)'}}, do: [{tag: '{{ captures.m }}'}]"),
     one("id: a, on: new, when: {subject: {matches: '(?P<n>x)'}}, do: [{tag: '{{ captures.n }}'}]")),
    ("R018", MERGE.replace("(?P<host>", "("), MERGE),
    ("R019", "lists: {w: [yes]}\n" + one("id: a, on: new, when: {subject: {contains: $w}}, do: [{tag: x}]"),
     "lists: {w: ['yes']}\n" + one("id: a, on: new, when: {subject: {contains: $w}}, do: [{tag: x}]")),
    ("R020", one("id: old, on: new, do: [{tag: x}]"), one("id: a, on: new, do: [{tag: x}]")),
    ("R021", "tests: [{name: t, mail: {from: a@x.test}, expect: {rules: [a]}}]\n",
     one("id: a, on: new, do: [{tag: x}]") + "tests: [{name: t, mail: {from: a@x.test}, expect: {rules: [a]}}]\n"),
    ("R022", one("id: a, on: new, do: [{tag: x}]"),
     one("id: a, on: new, do: [{tag: x}]") + "tests: [{name: t, mail: {from: a@x.test}, expect: {rules: [a]}}]\n"),
    ("R023", one("id: a, on: idle, when: {ticket.status: pending}, do: [{tag: x}]"),
     one("id: a, on: idle, when: {ticket.status: pending, ticket.idle: {gte: 5d}}, do: [{tag: x}]")),
    ("R023", one("id: a, on: idle, when: {any: [{ticket.idle: {gt: 5d}}, {ticket.status: open}]}, do: [{tag: x}]"),
     one("id: a, on: idle, when: {any: [{ticket.idle: {gt: 1d}}, {ticket.idle: {between: [1d, 2d]}}]}, do: [{tag: x}]")),
    ("R023", one("id: a, on: idle, when: {any: [{ticket.idle: {gt: 5d}}, {ticket.idle: {gt: 9d}}]}, do: [{tag: x}]"),
     one("id: a, on: idle, when: {ticket.idle: {gt: 9d}, any: [{ticket.idle: {gt: 5d}}, {ticket.status: open}]}, do: [{tag: x}]")),
    ("R023", one("id: a, on: idle, when: {ticket.idle: {gt: 2d}, any: [{ticket.status: open}, {ticket.idle: {gt: 9d}}]}, do: [{tag: x}]"),
     one("id: a, on: idle, when: {ticket.idle: {gt: 9d}, any: [{ticket.status: open}, {ticket.status: new}]}, do: [{tag: x}]")),
    ("R024", one("id: a, on: new, do: [{note: 'ghp_" + "a" * 36 + "'}]"), one("id: a, on: new, do: [{note: ghp_a}]")),
    ("R025", one("id: a, on: received, do: [{drop: x}]"), one("id: a, on: received, do: [{drop: x, confirm: true}]")),
    ("R026", one("id: a, on: schedule, cron: '61 8 * * *', do: [{tag: x}]"),
     one("id: a, on: schedule, cron: '*/5 8-17 1,15 jan mon-fri', do: [{tag: x}]")),
    ("R026", one("id: a, on: schedule, cron: '* * * * * *', do: [{tag: x}]"),
     one("id: a, on: schedule, cron: '* * * * *', do: [{tag: x}]")),
    ("R027", one("id: a, on: status-changed, when: {ticket.status: open}, do: [{set: {status: pending}}]",
                 "id: b, on: status-changed, when: {ticket.status: pending}, do: [{set: {status: open}}]"),
     one("id: a, on: status-changed, when: {ticket.status: open}, do: [{set: {status: pending}}]",
         "id: b, on: status-changed, when: {ticket.status: solved}, do: [{set: {status: open}}]")),
    ("R028", one("id: a, on: new, when: {from.domain: {ends_with: bank.test}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {from.domain: {under: bank.test}}, do: [{tag: x}]")),
    ("R028", one("id: a, on: new, when: {from.address: {ends_with: bank.test}}, do: [{tag: x}]"),
     one("id: a, on: new, when: {from.address: {ends_with: '@bank.test'}}, do: [{tag: x}]")),
    ("R029", "version: 1\ndefaults: {team: s}\nteams: {s: {address: s@a.test}}\nagents: {l: {name: L, email: l@a.test}}\n",
     "version: 1\ndefaults: {team: s}\nteams: {s: {address: s@a.test}}\nagents: {l: {name: L, email: l@a.test, role: light}}\n"),
    ("R031", ESCALATING.format(visibility="members"), ESCALATING.format(visibility="all")),
    ("R030", "limits: {ack: 5}\n", "limits: {ack: 5 per 1h}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wrong", "right"), CASES)
def test_a_code_is_found_where_it_is_and_not_where_it_is_not(code: str, wrong: str, right: str) -> None:
    found = [p for p in findings(file_of(wrong)) if p.code == code]
    assert found
    assert all(p.line > 0 and p.severity == CODES[code].severity for p in found)
    assert code not in {p.code for p in findings(file_of(right))}
    assert all(CODES[p.code].severity == "warning" for p in findings(file_of(right))), findings(file_of(right))


def test_every_code_is_tried() -> None:
    assert {code for code, _, _ in CASES} == set(CODES)


def test_a_finding_names_file_line_and_column() -> None:
    (found,) = [p for p in findings(file_of("lists: {words: [a]}\n")) if p.code == "R016"]
    assert str(found) == (
        "rules.yaml:5:9: warning R016: list “words” is never used\n    lists: {words: [a]}\n            ^  in: $words"
    )


def test_a_second_time_of_silence_is_named_where_it_stands() -> None:
    text = one("id: a, on: idle, when: {any: [{ticket.idle: {gt: 5d}}, {ticket.idle: {gt: 9d}}]}, do: [{tag: x}]")
    (found,) = [p for p in findings(file_of(text)) if p.code == "R023"]
    assert file_of(text).splitlines()[found.line - 1][found.column - 1 :].startswith("gt: 9d}")
    assert (found.text, found.hint) == ("idle rule “a” has another lower bound on ticket.idle", "write two rules")


def test_the_end_of_holidays_is_read_from_a_calendar_file() -> None:
    text = HEAD + "calendars: {c: {timezone: UTC, hours: {mon: '08:00-17:00'}, holidays: free.ics}}\n"

    def codes(ics: str) -> set[str]:
        found = load_rules(text, "rules.yaml", 1, beside=lambda name: {name: ics}, surroundings=AROUND)
        assert found.files == {"free.ics": ics}
        return {p.code for p in found.warnings}

    assert "R014" in codes("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n")
    assert "R014" not in codes("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20271225\nEND:VEVENT\n")
    assert "R014" not in codes("BEGIN:VEVENT\nDTSTART:20201225\nRRULE:FREQ=YEARLY\nEND:VEVENT\n")


def test_the_page_of_the_lints_has_a_section_for_each() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "lints.md").read_text("utf-8")
    assert [line.split()[1] for line in page.splitlines() if line.startswith("## R")] == list(CODES)


@pytest.mark.parametrize(("endpoints", "errors"), [
    # the endpoints of the site, what is wrong with the rule and where
    (None, ()),                  # nobody asked the site
    (("billing", "crm"), ()),
    (("biling",), ((6, "R001", "unknown webhook “billing”", "webhooks are: biling; did you mean “biling”?"),)),
    ((), ((6, "R001", "unknown webhook “billing”", "there are no webhooks"),)),
])  # fmt: skip
def test_a_webhook_is_one_of_the_site(
    endpoints: tuple[str, ...] | None, errors: tuple[tuple[int, str, str, str], ...]
) -> None:
    rule = "rules:\n  - {id: r, on: new, when: {subject: x}, do: [{webhook: billing}]}\n"
    found: tuple[Problem, ...] = ()
    try:
        load_rules(HEAD + rule, "rules.yaml", 1, surroundings=Surroundings(endpoints=endpoints))
    except ConfigError as e:
        found = e.problems
    assert tuple((p.line, p.code, p.text, p.hint) for p in found) == errors
