"""The words of the rule language: each has one meaning, and those of a later version are not in use yet."""

import time

import pytest

from gateway.errors import ConfigError
from gateway.rules import actions, conditions, operators
from gateway.rules.types import LIVE_EVENTS, REGISTRY
from tests.rules.desk import HEAD, rules_of


@pytest.mark.parametrize(("now", "later"), [
    (operators.OPERATORS, operators.LATER),
    (actions.ACTIONS, actions.LATER),
    (REGISTRY, conditions._LATER),
])  # fmt: skip
def test_no_word_is_both_known_and_still_to_come(now: object, later: object) -> None:
    assert not set(now) & set(later)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", REGISTRY)
def test_each_field_has_an_example_and_an_event_that_raises_it(name: str) -> None:
    assert REGISTRY[name].example
    assert set(REGISTRY[name].events) <= set(LIVE_EVENTS)
    assert bool(REGISTRY[name].values) is (REGISTRY[name].type == "enum")


@pytest.mark.parametrize("word", actions.LATER)
def test_an_action_of_a_later_version_is_refused_as_such(word: str) -> None:
    with pytest.raises(ConfigError, match=f"action “{word}” is not available in this version"):
        rules_of(f"rules:\n  - {{id: r, on: new, do: [{{{word}: x}}]}}\n")


@pytest.mark.push
def test_ten_thousand_rules_load_in_seconds() -> None:
    text = "rules:\n" + "".join(
        f"  - {{id: r{i}, on: new, when: {{subject: {{contains: w{i}}}}}, do: [{{tag: t}}]}}\n" for i in range(10_000)
    )
    assert len(HEAD + text) < 1024 * 1024
    begun = time.process_time()
    assert len(rules_of(text).rules) == 10_000
    assert time.process_time() - begun < 30  # 5 s where nothing else runs
