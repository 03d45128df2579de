"""Which clocks a ledger starts, pauses and ends."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.ticket.ledger import Clock, Line, clocks, status_line

ZERO = datetime(2026, 11, 23, 8, tzinfo=UTC)
WAITING = ("waiting_customer", "waiting_third")


def lines(story: str) -> tuple[Line, ...]:
    """`0 opened; 10 open; 60 answer; 60 pending`: what happens so many minutes after the beginning."""
    types = {"pending": "waiting_customer", "on_hold": "waiting_third", "merged": "closed", "spam": "closed"}
    found = []
    for part in story.split(";"):
        minute, what = part.split()
        at = ZERO + timedelta(minutes=int(minute))
        plain = what in ("opened", "words", "answer")
        kind = types.get(what, what)
        found.append(Line(at, what) if plain else status_line(at, kind, what, "ann"))  # type: ignore[arg-type]
    return tuple(found)


def told(clock: Clock) -> str:
    """`0-60 met`, with pauses as `[10,20)`; minutes."""

    def minute(at: datetime | None) -> str:
        return "" if at is None else str(int((at - ZERO).total_seconds() // 60))

    pauses = "".join(f" [{minute(p.since)},{minute(p.until)})" for p in clock.pauses)
    return f"{clock.metric}.{clock.cycle} {minute(clock.started_at)}-{minute(clock.ended_at)}{pauses} {clock.state}"


@pytest.mark.parametrize(("story", "kind", "expected"), [
    # what happens, which clocks are looked at, what they did
    ("0 opened; 0 words", "first_response", ["first_response.1 0- running"]),
    ("0 opened; 60 answer; 60 pending", "first_response", ["first_response.1 0-60 met"]),
    ("0 opened; 10 on_hold; 30 open; 60 answer", "first_response", ["first_response.1 0-60 [10,30) met"]),
    ("0 opened; 10 on_hold", "first_response", ["first_response.1 0- [10,) paused"]),
    ("0 opened; 10 on_hold; 20 pending; 30 open", "first_response", ["first_response.1 0- [10,20) [20,30) running"]),
    ("0 opened; 10 solved", "first_response", ["first_response.1 0-10 stopped"]),
    ("0 opened; 10 solved; 50 open", "first_response", ["first_response.1 0- [10,50) running"]),
    # the customer's first words after an answer, until the next one; more words change nothing
    ("0 opened; 5 words", "next_response", []),
    ("0 opened; 10 answer; 10 pending; 30 words; 30 open; 40 words; 50 answer", "next_response",
     ["next_response.1 30-50 met"]),
    ("0 opened; 10 answer; 30 words; 50 answer; 70 words", "next_response",
     ["next_response.1 30-50 met", "next_response.2 70- running"]),
    ("0 opened; 10 answer; 10 solved; 30 words", "next_response", ["next_response.1 30-30 stopped"]),  # thanks
    # from word of ours to word of ours
    ("0 opened; 10 answer; 70 answer", "update", ["update.1 0-10 met", "update.2 10-70 met", "update.3 70- running"]),
    ("0 opened; 10 answer; 10 pending", "update", ["update.1 0-10 met", "update.2 10- [10,) paused"]),
    # until solved; what is opened again goes on
    ("0 opened; 90 solved; 200 closed", "resolution", ["resolution.1 0-90 met"]),
    ("0 opened; 90 solved; 100 open", "resolution", ["resolution.1 0- [90,100) running"]),
    ("0 opened; 90 solved; 100 open; 120 solved", "resolution", ["resolution.1 0-120 [90,100) met"]),
    ("0 opened; 30 pending; 90 solved", "resolution", ["resolution.1 0-90 [30,90) met"]),
    ("0 opened; 30 spam", "resolution", ["resolution.1 0-30 stopped"]),
    ("0 opened; 30 merged", "resolution", ["resolution.1 0-30 stopped"]),
])  # fmt: skip
def test_what_happens_starts_pauses_and_ends_clocks(story: str, kind: str, expected: list[str]) -> None:
    assert [told(c) for c in clocks(lines(story), WAITING) if c.metric == kind] == expected


def test_a_policy_says_in_which_statuses_its_clocks_stand() -> None:
    ledger = lines("0 opened; 10 on_hold; 20 pending; 30 open")
    (first,) = [c for c in clocks(ledger, ("waiting_customer",)) if c.metric == "resolution"]
    assert told(first) == "resolution.1 0- [20,30) running"
    (second,) = [c for c in clocks(ledger, ()) if c.metric == "resolution"]
    assert told(second) == "resolution.1 0- running"
