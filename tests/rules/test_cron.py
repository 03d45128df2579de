"""When a time table was due last."""

from datetime import datetime

import pytest

from gateway.rules.cron import last_due


@pytest.mark.parametrize(("table", "after", "until", "last"), [
    # five fields, behind this clock time, not behind that one, the last of its times; 2026-11-23 is a Monday
    ("0 8 * * mon-fri", "2026-11-23T07:59", "2026-11-23T08:00", "2026-11-23T08:00"),
    ("0 8 * * mon-fri", "2026-11-23T08:00", "2026-11-23T23:59", None),
    ("0 8 * * mon-fri", "2026-11-20T08:00", "2026-11-22T23:59", None),
    ("0 8 * * mon-fri", "2026-11-19T07:00", "2026-11-22T23:59", "2026-11-20T08:00"),
    ("*/15 9-10 * * *", "2026-11-23T08:00", "2026-11-23T11:00", "2026-11-23T10:45"),
    ("5/20 9 * * *", "2026-11-23T08:00", "2026-11-23T11:00", "2026-11-23T09:45"),
    ("0 0 1 * *", "2026-11-23T08:00", "2026-12-05T00:00", "2026-12-01T00:00"),
    ("0 0 29 feb *", "2025-01-01T00:00", "2025-12-31T00:00", None),
    ("0 0 29 feb *", "2028-01-01T00:00", "2028-12-31T00:00", "2028-02-29T00:00"),
    ("30 6 * * 7", "2026-11-16T00:00", "2026-11-23T00:00", "2026-11-22T06:30"),
    ("30 6 * * sun", "2026-11-16T00:00", "2026-11-23T00:00", "2026-11-22T06:30"),
    ("0 9 13 * fri", "2026-11-14T00:00", "2026-11-19T00:00", None),
    ("0 9 13 * fri", "2026-11-12T00:00", "2026-11-13T12:00", "2026-11-13T09:00"),
    ("0 9 13 * fri", "2026-11-14T00:00", "2026-11-23T00:00", "2026-11-20T09:00"),   # a Friday, or a 13th
    ("0 9 * jan,nov *", "2026-11-14T00:00", "2026-12-23T00:00", "2026-11-30T09:00"),
    ("0 9 1 1 *", "2020-01-01T00:00", "2026-11-23T00:00", "2026-01-01T09:00"),      # of many that were missed the last
])  # fmt: skip
def test_the_last_time_of_a_table(table: str, after: str, until: str, last: str | None) -> None:
    found = last_due(table, datetime.fromisoformat(after), datetime.fromisoformat(until))
    assert found == (datetime.fromisoformat(last) if last is not None else None)
