"""When to try again, and when to give up (acceptance F-05, L12)."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.config import Outbound
from gateway.outgoing.schedule import next_attempt, stale

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
DEFAULTS = Outbound()
UNIT = {"m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    return sum((timedelta(**{UNIT[word[-1]]: float(word[:-1])}) for word in text.split()), timedelta())


@pytest.mark.parametrize(
    ("attempts", "age", "wait"),
    [
        # attempts made, queued this long ago, next wait
        (1, "0m", "5m"),
        (2, "5m", "10m"),
        (3, "15m", "20m"),
        (4, "35m", "40m"),
        (5, "75m", "60m"),
        (6, "135m", "60m"),
        (99, "3d", "60m"),  # the last delay repeats
        (99, "4d 22h 59m", "60m"),
        (99, "4d 23h", None),  # next try would fall on day 5: give up
        (1, "6d", None),  # held for days, then deferred
    ],
)
def test_next_attempt(attempts, age, wait) -> None:
    due = next_attempt(NOW - span(age), attempts, NOW, DEFAULTS.retry, DEFAULTS.give_up)
    assert due == (None if wait is None else NOW + span(wait))


def test_the_delays_are_the_settings() -> None:
    assert next_attempt(NOW, 2, NOW, (span("1m"), span("2m")), span("1d")) == NOW + span("2m")
    assert next_attempt(NOW, 1, NOW, (span("2h"),), span("1h")) is None


def test_nothing_tried_yet_is_a_bug() -> None:
    with pytest.raises(ValueError, match="nothing has been tried"):
        next_attempt(NOW, 0, NOW, DEFAULTS.retry, DEFAULTS.give_up)


@pytest.mark.parametrize(
    ("template", "age", "old"),
    [
        ("auto_ack", "0m", False),
        ("auto_ack", "24h", False),
        ("auto_ack", "24h 1m", True),
        ("answer", "30d", False),  # what a person wrote is never too old
    ],
)
def test_stale(template, age, old) -> None:
    assert stale(template, NOW - span(age), NOW) is old
