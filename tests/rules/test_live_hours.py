"""What rules do by the hours of a calendar: conditions, a variant of a mail, an action for later."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.store import delayed
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import Desk, mail

RULES = """version: 1
defaults: {team: support, calendar: office}
calendars:
  office: {timezone: Europe/Zagreb, hours: {mon-fri: "08:00-17:00"}, holidays: HR}
  never: {timezone: UTC, days: {2020-01-01: "08:00-09:00"}}  # not any more
teams: {support: {address: support@gw.test}}
rules:
  - {id: open, on: new, when: {time: {within: office}}, do: [{tag: open}]}
  - {id: late, on: new, when: {time: {outside: office}}, do: [{tag: late}]}
  - {id: weekend, on: new, when: {weekday: [sat, sun]}, do: [{tag: weekend}]}
  - {id: ack, on: new, do: [{reply: {template: auto_ack, variant: {outside: office, use: after_hours}}}]}
  - {id: later, on: new, do: [{tag: waited, after: 2h in office}, {tag: days, after: 1d in office}]}
  - {id: no-time, on: new, do: [{tag: never, after: 2h in never}]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "templates" / "auto_ack"
    folder.mkdir(parents=True)
    (folder / "after_hours.en.md.j2").write_text(
        '---\nsubject: "Closed now"\npreheader: "x"\n---\nTomorrow.\n', "utf-8"
    )
    settings = settings_in(tmp_path)
    settings = settings.model_copy(update={"paths": settings.paths.model_copy(update={"templates": folder.parent})})
    store = open_store(settings)
    yield Desk(store, settings, RULES)
    store.close()


@pytest.mark.parametrize(("at", "tags", "subject", "due"), [
    # when the mail comes (UTC; Zagreb is an hour ahead), tags, the acknowledgement, when the two actions are due
    ("2026-11-20T13:00", ("open",), "We received your message (#1)", ["2026-11-20T15:00", "2026-11-23T13:00"]),
    ("2026-11-20T16:00", ("late",), "Closed now", ["2026-11-23T09:00", "2026-11-23T16:00"]),
    ("2026-11-20T23:30", ("late", "weekend"), "Closed now", ["2026-11-23T09:00", "2026-11-22T23:30"]),
    ("2026-05-30T10:00", ("late", "weekend"), "Closed now", ["2026-06-01T08:00", "2026-06-01T10:00"]),
    ("2026-06-04T10:00", ("late",), "Closed now", ["2026-06-05T08:00", "2026-06-05T10:00"]),  # Corpus Christi
])  # fmt: skip
def test_a_mail_meets_the_hours_of_the_desk(
    desk: Desk, at: str, tags: tuple[str, ...], subject: str, due: list[str]
) -> None:
    desk.take(mail(body="Thank you for looking at this"), at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert desk.ticket(1).tags == tags
    (sent,) = desk.mails()
    assert sent.raw is not None
    assert f"Subject: {subject}".encode() in sent.raw
    with desk.reading() as c:
        waiting = sorted((a for a in delayed.of_ticket(c, 1) if a.state == "waiting"), key=lambda a: a.id)
        (failed,) = [a for a in delayed.of_ticket(c, 1) if a.state == "failed"]
    assert [f"{a.due_at:%Y-%m-%dT%H:%M}" for a in waiting] == due
    assert failed.reason == "calendar “never” never opens"
