"""The words of the rule language: each has an example that is right."""

import time

import pytest

from gateway.rules.actions import ACTIONS
from gateway.rules.load import load_rules
from gateway.rules.reading import CannedReply, Mails
from gateway.rules.types import REGISTRY
from tests.rules.desk import HEAD, rules_of


@pytest.mark.parametrize("name", REGISTRY)
def test_each_field_has_an_example_and_an_event(name: str) -> None:
    assert REGISTRY[name].example
    assert REGISTRY[name].events
    assert bool(REGISTRY[name].values) is (REGISTRY[name].type == "enum")


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_has_an_example_that_is_right(name: str) -> None:
    head = HEAD.replace("fields:\n", "fields:\n  host: {type: text}\n") + (
        "calendars: {office: {timezone: UTC, hours: {mon: '08:00-17:00'}}}\n"
        "sla: {gold: {calendar: office, resolution: 2d}}\nlimits: {redirect_domains: [other.test]}\n"
    )
    when = "{subject: {matches: '(?P<order>x)(?P<host>y)'}}"
    rule = f"- {{id: r, on: {ACTIONS[name].events[0]}, when: {when}, do: [{ACTIONS[name].example}]}}"
    mails = Mails(canned={"photos-wanted": CannedReply(("en",), {"order": ("text",)}, (), ())})
    assert load_rules(f"{head}rules:\n  {rule}\n", "rules.yaml", 1, mails).rules


@pytest.mark.push
def test_ten_thousand_rules_load_in_seconds() -> None:
    text = "rules:\n" + "".join(
        f"  - {{id: r{i}, on: new, when: {{subject: {{contains: w{i}}}}}, do: [{{tag: t}}]}}\n" for i in range(10_000)
    )
    assert len(HEAD + text) < 1024 * 1024
    begun = time.process_time()
    assert len(rules_of(text).rules) == 10_000
    assert time.process_time() - begun < 30  # 5 s where nothing else runs
