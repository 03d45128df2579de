"""Scenes of the rule file that are more than a mail: events that no mail raises, and what was before."""

from functools import cache
from pathlib import Path

import pytest

from gateway import policy
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.errors import ConfigError
from gateway.outgoing.render import Templates
from gateway.rules.load import load_rules
from gateway.rules.types import RuleSet
from gateway.trial import Stage
from tests.rules.desk import rules_of


@cache
def templates() -> Templates:
    return policy.templates_of(load_settings(None), SystemClock())


def load(text: str) -> RuleSet:
    return load_rules(text, "rules.yaml", 7)


def differences(rules: RuleSet) -> tuple[str, ...]:
    """Those of the only test of these rules."""
    (only,) = rules.scenes
    return Stage(load_settings(None), rules, templates(), SystemClock(), Path()).result(only).differences


BY_THE_CLOCK = """
version: 1
defaults: {team: support, calendar: always, sla: gold}
agents:
  ana: {name: Ana, email: ana@acme.test, languages: [hr]}
  piotr: {name: Piotr, email: piotr@acme.test, languages: [pl]}
teams:
  support: {address: support@acme.test, members: [ana, piotr], lead: ana}
calendars:
  always: {timezone: Europe/Zagreb, hours: {mon-sun: "00:00-24:00"}}
sla:
  gold: {calendar: always, first_response: 10h, warn_at: [50%, 90%]}
rules:
  - {id: late, on: sla-warning, when: {sla.percent: {gte: 90}}, do: [{set: {priority: urgent}}]}
  - {id: broken, on: sla-breached, when: {sla.metric: first_response},
     do: [{notify: {to: [team.lead], template: sla_breached}}]}
  - {id: asleep, on: idle, when: {ticket.status: pending, ticket.idle: {gte: 5d}},
     do: [{reply: nudge}, {tag: [nudged]}]}
  - {id: solved, on: status-changed, when: {ticket.status: {changed_to: solved}}, do: [{tag: [was-solved]}]}
  - {id: owned, on: assigned, when: {ticket.assignee: {changed_from: ana}}, do: [{tag: [handed-on]}]}
  - {id: answered, on: agent-reply, when: {actor: agent}, do: [{tag: [answered]}]}
  - {id: lost, on: bounced, do: [{set: {priority: high}}]}
  - {id: greet, on: reply, once: ticket, do: [{tag: [greeted]}]}
"""


@pytest.mark.parametrize(("scene", "expect"), [
    # what happens without a mail, and where; what comes out
    ("event: sla-warning, ticket: {age: 6h, assignee: piotr}", "rules: [], sla: gold, sent: [sla_warning.pl]"),
    ("event: sla-warning, ticket: {age: 9h, assignee: piotr}",
     "rules: [late], priority: urgent, sent: [sla_warning.pl, sla_warning.hr]"),     # later ones go to the lead, too
    ("event: sla-breached, ticket: {age: 11h, assignee: piotr}", "rules: [broken], sent: [sla_breached.hr]"),
    ("event: sla-warning, ticket: {status: closed}", "rules: [], sent: []"),         # nothing runs: nobody is told
    ("event: idle, ticket: {status: pending, idle: 5d}", "rules: [asleep], tags: [nudged], sent: [nudge.en]"),
    ("event: idle, ticket: {status: pending, idle: 5d, language: pl}", "sent: [nudge.pl]"),
    ("event: idle, ticket: {status: pending, idle: 4d}", "rules: [], tags: [], status: pending"),
    ("event: idle, ticket: {status: pending, idle: 5d}, customer: {muted: true}", "rules: [asleep], sent: []"),
    ("event: idle, ticket: {status: pending, idle: 5d}, history: {rules: [asleep]}", "rules: [], sent: []"),
    ("event: status-changed, ticket: {status: solved}, history: {ticket: {status: open}}",
     "rules: [solved], tags: [was-solved]"),
    ("event: status-changed, ticket: {status: solved}", "rules: []"),                # it was solved before
    ("event: assigned, ticket: {assignee: piotr}, history: {ticket: {assignee: ana}}",
     "rules: [owned], assignee: piotr"),
    ("event: agent-reply", "rules: [answered], ticket: 1, team: support, status: open, sent: []"),
    ("event: bounced, ticket: {number: 7}", "rules: [lost], ticket: 7, priority: high"),
])  # fmt: skip
def test_an_event_that_no_mail_raises_is_played_in_the_ticket_of_the_scene(scene: str, expect: str) -> None:
    rules = load(BY_THE_CLOCK + f"tests:\n  - {{name: t, {scene}, expect: {{{expect}}}}}\n")
    assert differences(rules) == ()


@pytest.mark.parametrize(("history", "expect"), [
    # what was before the mail, what comes out
    ("{}", "sent: [auto_ack.en]"),
    ("{sent: {auto_ack: 23h}}", "sent: []"),              # one a day
    ("{sent: {auto_ack: 25h}}", "sent: [auto_ack.en]"),
    ("{sent: {nudge: 2h}}", "sent: [auto_ack.en]"),       # another mail is no acknowledgement
    ("{opened: 19}", "sent: [auto_ack.en], tags: []"),
    ("{opened: 20}", "sent: [], tags: [flood]"),          # limits.new_per_sender
])  # fmt: skip
def test_what_was_sent_and_opened_before_counts_against_limits(history: str, expect: str) -> None:
    mail = "mail: {from: a@x.test, subject: Hi}"
    rules = rules_of(f"tests:\n  - {{name: t, {mail}, history: {history}, expect: {{{expect}}}}}\n")
    assert differences(rules) == ()


@pytest.mark.parametrize(("history", "expect"), [
    # what was before the reply, what comes out
    ("{}", "rules: [greet], tags: [greeted]"),
    ("{rules: [greet]}", "rules: [], tags: []"),          # once in a ticket
    ("{written: 60}", "rules: [greet], sent: [agent_notice.hr]"),
])  # fmt: skip
def test_rules_that_ran_in_the_ticket_before_do_not_run_again(history: str, expect: str) -> None:
    mail = "mail: {from: a@x.test, subject: Hi}, ticket: {status: pending}"
    rules = load(BY_THE_CLOCK + f"tests:\n  - {{name: t, {mail}, history: {history}, expect: {{{expect}}}}}\n")
    assert differences(rules) == ()


@pytest.mark.parametrize(("scene", "error"), [
    # a scene with or without a mail, what is wrong with it
    ("event: idle, mail: {from: a@x.test}", "no mail raises the event “idle”: leave it out"),
    ("event: sla-warning, file: a.eml", "no mail raises the event “sla-warning”: leave it out"),
    ("event: reply, ticket: {status: open}", "a test has either “mail” or “file”"),
    ("ticket: {status: open}", "a test has either “mail” or “file”"),
    ("event: idle, ticket: {requester: nobody}", "no address: “nobody”"),
    ("event: idle, history: {sent: {auto_ack: 5}}", "no duration: “5”"),
    ("event: idle, history: {rules: [nowhere]}", "the test names a rule that does not exist: “nowhere”"),
    ("event: idle, history: {what: 1}", "unknown key “what”"),
])  # fmt: skip
def test_a_scene_that_cannot_be_played_is_refused(scene: str, error: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(BY_THE_CLOCK + f"tests:\n  - {{name: t, {scene}, expect: {{rules: []}}}}\n")
    assert error in wrong.value.text
