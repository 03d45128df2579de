"""H-05: working time in zones whose clocks do something: due times never go back, what lies between adds up.

That it equals a count of minutes, in ten thousand cases, is tests/ticket/test_calendar.py.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.rules.desk import Span
from gateway.ticket.calendar import WorkingTime
from tests.ticket.test_calendar import NIGHT, calendar

pytestmark = pytest.mark.p0

STEP = timedelta(minutes=17)


@pytest.mark.parametrize(("zone", "day"), [
    # zone, a date on which its clocks do something
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Africa/Casablanca", date(2027, 2, 7)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
])  # fmt: skip
@pytest.mark.parametrize("hours", [((480, 1020),), NIGHT])
def test_h05_due_times_never_go_back_and_working_time_adds_up(
    zone: str, day: date, hours: tuple[tuple[int, int]]
) -> None:
    when = WorkingTime(calendar(zone, *hours))
    first = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1)
    starts = [first + count * STEP for count in range(250)]
    for span in (Span(hours=timedelta(hours=3)), Span(days=1)):
        dues = [due for start in starts if (due := when.after(start, span)) is not None]
        assert all(one <= other for one, other in pairwise(dues)), span
    whole = when.between(starts[0], starts[-1])
    assert sum((when.between(one, other) for one, other in pairwise(starts)), timedelta(0)) == whole
