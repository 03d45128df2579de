"""What each code of a finding means: the registry behind `check`, SARIF and docs/lints.md.

Sources  rules.md §8.
Not here finding them (load.py and its neighbours for errors, lint.py for warnings).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: what it is, why it matters and what to do, and an example that has it."""

    severity: Literal["error", "warning"]
    title: str
    why: str
    example: str = ""


CODES: Mapping[str, Code] = {
    "R001": Code(
        "error", "unknown key, field, operator, action, event or name",
        "A word that nobody knows is mostly a slip of the pen, and a rule that silently ignored it would be wrong for "
        "months. The nearest known word stands beside the caret.",
        "when: {subject: {contain: refund}}",
    ),
    "R002": Code(
        "error", "rule id used twice",
        "Traces, tests and `mailwicket why` name rules by their id, so each id is given once.",
        "- {id: greet, on: new, do: [{tag: a}]}\n- {id: greet, on: new, do: [{tag: b}]}",
    ),
    "R003": Code(
        "error", "pattern invalid, or uses what RE2 lacks",
        "Patterns are RE2: linear in the text, whatever the text is. There is no look-around, no back-reference, and "
        "no repetition above 1000.",
        "subject: {matches: '(a)\\1'}",
    ),
    "R004": Code(
        "warning", "pattern matches the empty text, so always",
        "A pattern that matches nothing at all matches everywhere. Mostly a * should be a +.",
        "subject: {matches: 'x*'}",
    ),
    "R005": Code(
        "warning", "rule can never match",
        "Two tests that must both hold contradict each other.",
        "when: {ticket.team: billing, none: [{ticket.team: billing}]}",
    ),
    "R006": Code(
        "warning", "rule hidden behind an earlier stop",
        "An earlier rule of the same event asks no more than this one and ends the list, so this one is never reached.",
        "- {id: a, on: new, do: [{stop: true}]}\n- {id: b, on: new, do: [{tag: never}]}",
    ),
    "R007": Code(
        "warning", "two rules set one field under overlapping conditions",
        "Both can match one mail, and then the later one wins. Say so with a condition, or with stop in the first.",
        "- {id: a, on: new, when: {subject: {contains: x}}, do: [{route: billing}]}\n"
        "- {id: b, on: new, when: {subject: {contains: [x, y]}}, do: [{route: support}]}",
    ),
    "R008": Code(
        "warning", "any with only negative tests matches nearly everything",
        "“Not a, or not b” holds for all but what is both. Mostly none: [a, b] is meant.",
        "any: [{subject: {is_not: a}}, {subject: {is_not: b}}]",
    ),
    "R009": Code(
        "warning", "reply on event reply without a limit: loop risk",
        "A mail sent for each reply can be answered by a machine for ever. The budgets of `limits` stop it late; "
        "`once: ticket` or `once: cycle` stops it at once.",
        "- {id: thanks, on: reply, do: [{reply: auto_ack}]}",
    ),
    "R010": Code(
        "warning", "automatic mail to a robot or to ourselves is possible",
        "The conditions ask for an automatic mail, a report, a list, or one of our own addresses, and the rule answers "
        "it. The send guard will refuse it; the rule should not ask.",
        "when: {mail.is_auto_reply: true}\ndo: [{reply: auto_ack}]",
    ),
    "R011": Code(
        "warning", "translation of a used mail is missing",
        "A rule sends a mail that is not written in one of the languages of the site. Customers of that language get "
        "the nearest one there is.",
    ),
    "R012": Code(
        "error", "SLA policy without calendar",
        "Opening hours must come from somewhere: the policy, its teams, or `defaults.calendar`.",
        "sla: {gold: {first_response: 1h}}",
    ),
    "R013": Code(
        "error", "calendar without any opening hours",
        "In such a calendar no promise would ever be due, and nothing that waits for it ever done.",
        "calendars: {office: {timezone: Europe/Zagreb}}",
    ),
    "R014": Code(
        "warning", "holiday data end within 60 days",
        "After the last day that is listed, every holiday counts as a working day.",
        "holidays: [2020-12-25]",
    ),
    "R015": Code(
        "warning", "team without a member who can be assigned",
        "`assign` of the team is not manual, but nobody in it can own a ticket: members of role light or auditor, and "
        "those with max_open: 0, cannot.",
        "teams: {support: {address: s@acme.test, assign: round_robin}}",
    ),
    "R016": Code(
        "warning", "list is never used", "No condition names it as $name.", "lists: {old_words: [a, b]}"
    ),
    "R017": Code(
        "error", "field or action does not exist for this event",
        "There is no ticket in `received`, and no mail in `sla-warning`. The hint names the events where it exists.",
        "- {id: a, on: received, when: {ticket.team: billing}, do: [{record: x}]}",
    ),
    "R018": Code(
        "error", "captures.NAME used but no pattern defines it",
        "A named group (?P<NAME>…) of a pattern of the same rule, outside `none`, gives the value.",
        'do: [{set: {field.order: "{{ captures.ordr }}"}}]',
    ),
    "R019": Code(
        "warning", "unquoted value that YAML 1.1 reads as a boolean",
        "Here it is a text, but other tools that read the file take yes, no, on and off for true and false. Quote it.",
        "lists: {answers: [yes, no]}",
    ),
    "R020": Code(
        "warning", "rule had no hit in 90 days",
        "Perhaps its reason has gone. Only known where there is a history.",
    ),
    "R021": Code(
        "error", "a test names a rule that does not exist",
        "Mostly the rule was renamed, and the test proves nothing any more.",
        "expect: {rules: [acknowlege]}",
    ),
    "R022": Code(
        "warning", "rule has no test", "No entry of `tests` expects it in `rules`.",
    ),
    "R023": Code(
        "error", "idle rule without one lower bound on ticket.idle",
        "It would apply to every open ticket, all the time. Say how long: ticket.idle: {gte: 5d}. A rule is asked once "
        "in a silence, when that time is over: where there are two times, write two rules.",
        "- {id: nudge, on: idle, do: [{reply: nudge}]}",
    ),
    "R024": Code(
        "error", "value looks like a password or key",
        "The rules are shown in traces, in the console and in the history of revisions. Secrets belong where "
        "mailwicket.toml refers to them.",
        "do: [{note: ghp_…}]",
    ),
    "R025": Code(
        "error", "catch-all drop or quarantine without confirm: true",
        "Without a condition, or with one that holds for everything, it takes every mail away.",
        "- {id: a, on: received, do: [{drop: noise}]}",
    ),
    "R026": Code(
        "error", "cron invalid, or more often than once a minute",
        "Five fields: minute, hour, day, month, weekday. The minute is the shortest step.",
        'cron: "61 8 * * *"',
    ),
    "R027": Code(
        "warning", "status-changed rules can trigger each other",
        "One sets a status that the other waits for, and the other way round. A chain ends after three runs, and a "
        "rule runs once in it.",
        "- {id: a, on: status-changed, when: {ticket.status: open}, do: [{set: {status: pending}}]}\n"
        "- {id: b, on: status-changed, when: {ticket.status: pending}, do: [{set: {status: open}}]}",
    ),
    "R028": Code(
        "warning", "ends_with on a domain",
        "`ends_with: bank.test` also holds for notbank.test. Use `under`: the domain itself, or one below it.",
        "from.domain: {ends_with: bank.test}",
    ),
    "R029": Code(
        "warning", "agent who can never be assigned",
        "Not of role light or auditor, but in no team, or with max_open: 0.",
        "agents: {ana: {name: Ana, email: ana@acme.test, max_open: 0}}",
    ),
    "R030": Code(
        "error", "the file is not as it should be",
        "The structure of the YAML (duplicate key, tag, merge key, tab, size), a key that must be there, or a value of "
        "the wrong kind.",
        "version: 1\nversion: 1",
    ),
    "R031": Code(
        "warning", "escalation to somebody who does not see the ticket",
        "The policy stands for tickets of a team that does not show them to him: no mail tells him of a breach, unless "
        "the ticket is his own.",
        "teams: {billing: {address: b@acme.test, sla: gold}}\n"
        "agents: {bob: {name: Bob, email: bob@acme.test}}\n"
        "sla: {gold: {first_response: 1h, escalation: [bob]}}",
    ),
}  # fmt: skip
