"""Who leads hears once a day of what nobody looked at, and at once of mail that could not be read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.attention import tell_unread
from gateway.clock import FakeClock
from gateway.due import Due
from gateway.store import alarms
from gateway.store.opening import open_store
from gateway.store.outbox import OutboxItem
from tests.conftest import settings_in
from tests.processing import Desk, mail, verdict

FRIDAY = datetime(2026, 11, 20, 6, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, notify: none}
  eva: {name: Eva Boss, email: eva@agents.test, digest: "08:00"}
  ivo: {name: Ivo Admin, email: ivo@agents.test, role: admin, languages: [pl]}
teams:
  support: {address: support@gw.test, members: [ann], lead: eva, auto_ack: false}
  legal: {address: legal@gw.test, members: [ann], auto_ack: false}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
rules:
  - {id: odd, on: received, when: {mail.subject: {contains: odd}}, do: [{quarantine: looks odd}]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = settings_in(tmp_path)
    store = open_store(settings)
    yield Desk(store, settings, RULES)
    store.close()


def stranger_in(desk: Desk, team: str, at: datetime) -> int:
    """The ticket of a mail that somebody else answers with a token that was made for its author."""
    number = desk.take(mail(subject=f"About {team}"), to=f"{team}@gw.test", at=at).ticket
    assert number is not None
    address = desk.ring.reply_address(f"{team}@gw.test", "+", "t", number, None, "jan@bigbank.test")
    desk.take(verdict("pass", mail("Mallory <mallory@x.test>", body="Pay me.")), to=address, at=at)
    return number


async def told(desk: Desk, at: datetime, since: datetime | None = None) -> dict[str, list[OutboxItem]]:
    """The mails of everybody, when the clock looked since a time until another."""
    desk.now = at
    due = Due(desk.store, lambda: desk.deps, FakeClock(since or at - timedelta(minutes=1)), lambda: None)
    due._clock = FakeClock(at)
    await due.send_digests()
    found: dict[str, list[OutboxItem]] = {}
    for item in desk.mails():
        if item.template == "attention":
            found.setdefault(item.forward_path.partition("@")[0], []).append(item)
    return found


def text(item: OutboxItem) -> tuple[str, str]:
    made = message_from_bytes(item.raw, policy=default)
    body = made.get_body(("plain",))
    assert body is not None
    return made["Subject"], body.get_content()


async def test_what_nobody_looked_at_is_told_once_to_those_who_lead(desk: Desk) -> None:
    kept = desk.take(mail("Eve <eve@x.test>", "Very odd"), at=FRIDAY)
    number = stranger_in(desk, "support", FRIDAY)
    desk.write(lambda c: alarms.note(c, "backscatter", "", "212 reports", FRIDAY))
    found = await told(desk, FRIDAY.replace(hour=8))
    assert [len(mails) for mails in found.values()] == [1]
    subject, said = text(found["eva"][0])
    assert subject == "Needs attention, Friday 20 November: 3 items"
    for line in ("m-1", "looks odd", "Very odd", f"#show {number}", "mallory@x.test", "212 reports"):
        assert line in said, line
    assert kept.disposition == "quarantine"
    assert len((await told(desk, FRIDAY.replace(hour=8, minute=1)))["eva"]) == 1


async def test_a_code_in_the_subject_of_a_programs_mail_is_not_told(desk: Desk) -> None:
    for author in ("no-reply@x.test", "eve@x.test"):
        desk.take(mail(author, f"Odd: 482913 is your Acme code, {author}"), at=FRIDAY)
    _, said = text((await told(desk, FRIDAY.replace(hour=8)))["eva"][0])
    assert "Odd: •••••• is your Acme code, no-reply@x.test" in said
    assert "Odd: 482913 is your Acme code, eve@x.test" in said


async def test_much_of_one_kind_hides_no_other(desk: Desk) -> None:
    for number in range(20):
        desk.take(mail(subject=f"Odd {number}", body=str(number)), at=FRIDAY)
    number = stranger_in(desk, "support", FRIDAY)
    subject, said = text((await told(desk, FRIDAY.replace(hour=8)))["eva"][0])
    assert subject.endswith(": 16 items")
    assert f"#show {number}" in said
    assert "There are more: mailwicket mail list --needs-attention" in said


async def test_an_admin_without_a_digest_is_told_in_the_morning_in_his_language(desk: Desk) -> None:
    desk.take(mail(subject="Very odd"), at=FRIDAY)
    found = await told(desk, FRIDAY.replace(hour=9), FRIDAY)
    assert {name: len(mails) for name, mails in found.items()} == {"eva": 1, "ivo": 1}
    assert text(found["ivo"][0])[0] == "Wymaga uwagi, piątek, 20 listopada: 1 sprawa"


async def test_words_in_a_ticket_that_somebody_does_not_see_are_not_told_to_him(desk: Desk) -> None:
    number = stranger_in(desk, "legal", FRIDAY)
    found = await told(desk, FRIDAY.replace(hour=9), FRIDAY)
    assert list(found) == ["ivo"]
    assert f"#show {number}" in text(found["ivo"][0])[1]


async def test_nothing_to_say_is_no_mail(desk: Desk) -> None:
    desk.take(mail(), at=FRIDAY)
    assert await told(desk, FRIDAY.replace(hour=9), FRIDAY) == {}


async def test_monday_tells_of_the_weekend_and_how_much_is_older(desk: Desk) -> None:
    desk.take(mail(subject="Odd 1"), at=FRIDAY)
    await told(desk, FRIDAY.replace(hour=8))
    desk.take(mail(subject="Odd 2", body="2"), at=FRIDAY + timedelta(days=1, hours=3))
    assert len((await told(desk, FRIDAY + timedelta(days=1, hours=2)))["eva"]) == 1  # nobody is there on a Saturday
    _, monday = (await told(desk, FRIDAY + timedelta(days=3, hours=2)))["eva"]
    assert "Odd 2" in text(monday)[1]
    assert "Odd 1" not in text(monday)[1]
    assert "Older ones that still wait: 1" in text(monday)[1]


async def test_mail_that_was_not_sent_is_counted_by_the_guards_word(desk: Desk) -> None:
    acknowledging = Desk(desk.store, desk.settings, RULES.replace("lead: eva, auto_ack: false", "lead: eva"))
    acknowledging.take(mail("daemon@x.test", Precedence="bulk"), at=FRIDAY)
    found = await told(acknowledging, FRIDAY.replace(hour=8))
    assert "Automatic mail that was not sent: 1 machine-sender" in text(found["eva"][0])[1]


def test_a_mail_that_could_not_be_read_is_told_at_once_and_once_an_hour(desk: Desk) -> None:
    def given_up(subject: str, at: datetime) -> None:
        outcome = desk.take(mail(subject=subject, body=subject), at=at, retried=True)
        desk.write(lambda c: tell_unread(c, outcome.key, desk.deps, desk.now))

    for minutes in (0, 10, 70):
        given_up(f"Mail {minutes}", FRIDAY + timedelta(minutes=minutes))
    mails = [item for item in desk.mails() if item.template == "attention"]
    assert [item.forward_path for item in mails] == ["eva@agents.test", "ivo@agents.test"] * 2
    assert "Mail 0" in text(mails[0])[1]
