"""What is told of promises: to whom, once, after a downtime, by two at a time."""

import email
import email.policy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.digests import digest_day, send_digest
from gateway.due import Due
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.reminders import remind
from gateway.store import audit, delayed, jobs, sla_lists
from gateway.store.opening import open_store
from gateway.store.schema import sla_told
from gateway.store.sla_lists import Reached
from gateway.store.store import Store
from tests.agents.mails import link, newest, read, text_of
from tests.conftest import settings_in
from tests.processing import Desk, mail, verdict

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, notify: none, digest: "08:30", timezone: Europe/Zagreb}
  bob: {name: Bob, email: bob@agents.test, notify: none}
  eva: {name: Eva Boss, email: eva@agents.test}
teams:
  support: {address: support@gw.test, members: [ann, bob], lead: eva, auto_ack: false}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
sla:
  standard: {first_response: 4h, warn_at: [50%, 75%], escalation: [bob]}
limits: {auto_total: 100000 per 1h}
"""


def ticking(desk: Desk, clock: FakeClock) -> Due:
    return Due(desk.store, lambda: desk.deps, clock, lambda: None)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Jan's ticket 1 of Monday 08:00, which belongs to Ann."""
    store = open_store(settings_in(tmp_path))
    made = Desk(store, settings_in(tmp_path), RULES)
    yield opened(made)
    store.close()


def opened(desk: Desk, count: int = 1) -> Desk:
    for number in range(1, count + 1):
        desk.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"), at=MONDAY)
        do(desk, "ticket.change", Change((number,), fields=(("assignee", "ann"),), by="ann"))
    return desk


def do(desk: Desk, name: str, wanted: object) -> None:
    (done,) = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done", done.said


async def tick(desk: Desk, minutes: int) -> None:
    """The tick, so many minutes after Monday 08:00."""
    desk.now = MONDAY + timedelta(minutes=minutes)
    await ticking(desk, FakeClock(desk.now)).remind()


def sent(desk: Desk) -> list[tuple[str, str]]:
    return [(item.template, item.forward_path.partition("@")[0]) for item in desk.mails()]


WARNED, BROKEN = "sla_warning", "sla_breached"
LADDER = [
    # minutes after the opening, mails that are new then; four hours are promised, two ticks a time
    (119, []),
    (120, [(WARNED, "ann")]),
    (180, [(WARNED, "ann"), (WARNED, "eva")]),
    (239, []),
    (240, [(BROKEN, "ann"), (BROKEN, "eva"), (BROKEN, "bob")]),
    (400, []),
    (4000, []),
]


async def test_each_stage_is_told_once_and_to_more_people(desk: Desk) -> None:
    expected: list[tuple[str, str]] = []
    for minutes, fresh in LADDER:
        await tick(desk, minutes)
        await tick(desk, minutes)
        expected += fresh
        assert sent(desk) == expected, minutes
    with desk.reading() as c:
        told = [(r.action, r.detail) for r in audit.find_rows(c, ticket=1) if r.action.startswith("sla.")]
    assert told == [
        ("sla.warning", "first_response at 50 %"),
        ("sla.warning", "first_response at 75 %"),
        ("sla.breached", "first_response, due 2026-11-23 12:00 UTC"),
    ]


async def test_a_reminder_shows_no_code_of_a_programs_mail(desk: Desk) -> None:
    raw = mail(
        "no-reply@service.test", "482913 is your code", "Your verification code:\r\n\r\n482913\r\n\r\nOrder 7731."
    )
    assert desk.take(raw, at=MONDAY).ticket == 2
    do(desk, "ticket.change", Change((2,), fields=(("assignee", "ann"), ("sla", "standard")), by="ann"))
    await tick(desk, 120)
    await tick(desk, 240)
    about = [item for item in desk.mails() if item.ticket == 2]
    assert {item.template for item in about} == {WARNED, BROKEN}
    for item in about:
        message = email.message_from_bytes(item.raw, policy=email.policy.default)
        texts = [part.get_content() for part in message.walk() if not part.is_multipart()]
        assert all("••••••" in text and "Order 7731." in text and "A code is hidden here" in text for text in texts)
        assert not any("482913" in text for text in (*texts, str(message["Subject"])))


@pytest.mark.parametrize(("promise", "words"), [
    # from Saturday 22:10 in Zagreb: what is promised, what customer and agent read; days begin when it opens
    ("4h", ("We will answer by Monday 23 November, 12:00", "answer due by Monday 23 November, 13:00")),
    ("2d", ("We will answer by Wednesday 25 November, 08:00", "answer due by Wednesday 25 November, 09:00")),
])  # fmt: skip
async def test_the_customer_reads_the_promise_that_the_agent_reads(
    tmp_path: Path, promise: str, words: tuple[str, str]
) -> None:
    told = "rules: [{id: tells, on: new, do: [{assign: ann}, {notify: {to: [ann], template: agent_notice}}]}]\n"
    rules = RULES.replace("4h", promise).replace("auto_ack: false", "auto_ack: true") + told
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), rules)
    desk.take(mail(subject="Refund", body="Where is it?"), at=datetime(2026, 11, 21, 21, 10, tzinfo=UTC))
    read = []
    for item in desk.mails():
        body = email.message_from_bytes(item.raw or b"", policy=email.policy.default).get_body(("plain",))
        assert body is not None
        read.append(body.get_content())
    assert [text in body for text, body in zip(words, read, strict=True)] == [True, True]
    store.close()


async def test_after_a_downtime_only_the_latest_stage_is_told(desk: Desk) -> None:
    await tick(desk, 10_000)
    assert sent(desk) == LADDER[4][1]


async def test_who_answered_meanwhile_is_not_reminded(desk: Desk) -> None:
    desk.now = MONDAY + timedelta(minutes=119)
    do(desk, "ticket.answer", Answer(1, "Here.", by="ann"))
    await tick(desk, 300)
    assert {template for template, _ in sent(desk)} == {"answer"}


async def test_nobodys_ticket_is_told_to_the_lead(desk: Desk) -> None:
    do(desk, "ticket.change", Change((1,), fields=(("assignee", "none"),)))
    await tick(desk, 120)
    assert sent(desk) == [(WARNED, "eva")]


async def test_the_mail_says_what_was_promised_and_where_the_time_went(desk: Desk) -> None:
    await tick(desk, 120)
    desk.now = MONDAY + timedelta(minutes=130)
    do(desk, "ticket.change", Change((1,), status="on_hold", by="ann"))
    desk.now = MONDAY + timedelta(minutes=190)
    do(desk, "ticket.change", Change((1,), status="open", by="ann"))
    await tick(desk, 300)  # four hours, and one in which it stood
    texts = []
    for item in (desk.mails()[0], desk.mails()[-1]):
        assert item.raw is not None
        said = email.message_from_bytes(item.raw, policy=email.policy.default)
        body = said.get_body(("plain",))
        assert body is not None
        texts.append((said["Subject"], body.get_content()))
    (subject, text), (subject_late, text_late) = texts
    assert subject == "[#1] Due in 2 h: Zwrot 1"
    assert "standard: 4 h of office time, 2 h used" in text
    assert "Proszę o zwrot." in text
    assert subject_late.startswith("[#1] Overdue, ")
    assert "waiting for an agent: 4 h" in text_late
    assert "waiting for somebody else: 1 h" in text_late
    assert "Told: Ann Agent, Eva Boss, Bob" in text_late


@pytest.mark.parametrize(("rule", "mails", "tags"), [
    # a rule, the mails at the first stage and at the breach, the tags afterwards
    ("on: sla-warning, do: [{notify: {to: [bob], template: agent_notice}}]",
     [("agent_notice", "bob"), (BROKEN, "ann"), (BROKEN, "eva"), (BROKEN, "bob")], ()),
    ("on: sla-warning, when: {sla.percent: {gte: 75}}, do: [{tag: [late]}]",
     [(WARNED, "ann"), (BROKEN, "ann"), (BROKEN, "eva"), (BROKEN, "bob")], ()),
    ("on: sla-breached, when: {sla.metric: first_response, sla.policy: standard}, do: [{tag: [late]}]",
     [(WARNED, "ann"), (BROKEN, "ann"), (BROKEN, "eva"), (BROKEN, "bob")], ("late",)),
])  # fmt: skip
async def test_rules_hear_of_it_and_their_mails_take_the_place_of_ours(
    tmp_path: Path, rule: str, mails: list[tuple[str, str]], tags: tuple[str, ...]
) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), f"{RULES}rules:\n  - {{id: r, {rule}}}\n"))
    await tick(desk, 120)
    await tick(desk, 240)
    assert (sent(desk), desk.ticket(1).tags) == (mails, tags)
    store.close()


@pytest.mark.parametrize("moves", ["sla-warning", "sla-breached"])
async def test_a_status_that_a_promise_moved_is_asked_about_once(tmp_path: Path, moves: str) -> None:
    rules = f"""rules:
  - {{id: moves, on: {moves}, do: [{{set: {{status: on_hold}}}}]}}
  - {{id: hears, on: status-changed, when: {{ticket.status: on_hold}}, do: [{{note: Moved.}}]}}
"""
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), RULES + rules))
    await tick(desk, 300 if moves == "sla-breached" else 120)
    assert [entry.text for entry in desk.entries(1) if entry.kind == "note"] == ["Moved."]
    store.close()


@pytest.mark.parametrize(("unless", "minutes", "state"), [
    # what ends the action that waits since the ticket has its owner, the tick, and how it stands then
    ("sla-warning", 119, "waiting"),
    ("sla-warning", 120, "cancelled"),
    ("sla-breached", 120, "waiting"),
    ("sla-breached", 240, "cancelled"),
])  # fmt: skip
async def test_what_waits_unless_a_promise_is_in_danger_is_cancelled(
    tmp_path: Path, unless: str, minutes: int, state: str
) -> None:
    rule = f"rules:\n  - {{id: later, on: assigned, do: [{{tag: [calm], after: 9d, unless: {unless}}}]}}\n"
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), RULES + rule))
    await tick(desk, minutes)
    with desk.reading() as c:
        assert [each.state for each in delayed.of_ticket(c, 1)] == [state]
    store.close()


TWO_PROMISES = RULES.replace("first_response: 4h", "first_response: 4h, resolution: 4h")


@pytest.mark.parametrize(("first", "second", "stands", "mails"), [
    # what is done at the breach of the first response, and of the resolution at the same time; the ticket, its mails
    ("set: {priority: urgent}", "tag: [late]", ("open", "urgent", "ann", ("late",)), {"ann": 2, "eva": 2, "bob": 2}),
    ("assign: bob", "notify: {to: [assignee], template: sla_breached}", ("open", "normal", "bob", ()),
     {"ann": 1, "eva": 1, "bob": 2}),
    ("set: {status: solved}", "tag: [late]", ("solved", "normal", "ann", ()), {"ann": 1, "eva": 1, "bob": 1}),
])  # fmt: skip
async def test_what_one_promise_led_to_counts_for_the_other_of_its_ticket(
    tmp_path: Path, first: str, second: str, stands: tuple[object, ...], mails: dict[str, int]
) -> None:
    rules = f"""rules:
  - {{id: first, on: sla-breached, when: {{sla.metric: first_response}}, do: [{{{first}}}]}}
  - {{id: second, on: sla-breached, when: {{sla.metric: resolution}}, do: [{{{second}}}]}}
"""
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), TWO_PROMISES + rules))
    await tick(desk, 240)
    await tick(desk, 241)
    ticket = desk.ticket(1)
    assert (ticket.status, ticket.priority, ticket.assignee, ticket.tags) == stands
    assert Counter(name for _, name in sent(desk)) == mails
    store.close()


async def test_a_ticket_that_another_one_changed_holds_up_no_reminder(tmp_path: Path) -> None:
    rules = """rules:
  - {id: over, on: sla-breached, when: {ticket.number: 1}, do: [{set: {status: solved}}]}
  - {id: late, on: sla-breached, do: [{tag: [late]}]}
"""
    gives = RULES.replace("auto_ack: false", "auto_ack: false, assign: least_busy")
    for name in ("Ann Agent", "Bob"):
        gives = gives.replace(f"name: {name},", f"name: {name}, max_open: 1,")
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), gives + rules)
    for number in range(1, 5):
        desk.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"), at=MONDAY)
    assert [desk.ticket(n).assignee is not None for n in range(1, 5)] == [True, True, False, False]
    await tick(desk, 240)
    assert [desk.ticket(n).assignee is not None for n in range(1, 5)] == [True, True, True, False]
    assert [desk.ticket(n).tags for n in range(1, 5)] == [("late",)] * 4
    store.close()


async def test_who_would_get_too_many_mails_gets_one(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), RULES), 25)
    await tick(desk, 1000)
    assert Counter(sent(desk)) == {("digest", name): 1 for name in ("ann", "eva", "bob")}
    await tick(desk, 1001)
    assert len(sent(desk)) == 3
    with desk.reading() as c:
        told = c.execute(select(sla_told.c.ticket).where(sla_told.c.stage == 100)).scalars().all()
    assert sorted(told) == list(range(1, 26))
    store.close()


TELLS_BOB = "rules: [{id: tells, on: sla-breached, do: [{notify: {to: [bob], template: sla_breached}}]}]\n"
HIDDEN = RULES.replace("members: [ann, bob]", "members: [ann]")


@pytest.mark.parametrize(("rules", "mails"), [
    # the rules, the mails about twenty-five breaches at once
    (RULES + TELLS_BOB, {("digest", "bob"): 1}),  # whoever a rule names instead of the usual readers
    (HIDDEN, {("digest", "ann"): 1, ("digest", "eva"): 1}),  # who does not see the tickets hears of none of them
])  # fmt: skip
async def test_whoever_would_get_too_many_mails_gets_one_of_what_he_sees(
    tmp_path: Path, rules: str, mails: dict[tuple[str, str], int]
) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), rules), 25)
    await tick(desk, 1000)
    assert Counter(sent(desk)) == mails
    store.close()


async def test_each_crowd_gets_its_digest_and_who_is_told_of_no_first_stage_none(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), RULES.replace("75%", "60%")), 21)
    for minutes in (120, 144, 240):  # of the first stage hears the owner, of the second the lead too, then all
        await tick(desk, minutes)
    assert Counter(sent(desk)) == {("digest", "ann"): 3, ("digest", "eva"): 2, ("digest", "bob"): 1}
    store.close()


HOURS = RULES.replace("timezone: Europe/Zagreb}", "timezone: Europe/Zagreb, calendar: late}").replace(
    "calendars: {", 'calendars: {late: {timezone: UTC, hours: {mon-fri: "11:00-19:00"}}, '
)


@pytest.mark.parametrize(("answered", "reasons"), [
    # whether Ann's ticket is answered before her day begins, what became of her mails
    (False, ["", "", "", ""]),
    (True, ["over", "answer"]),
])  # fmt: skip
async def test_a_reminder_waits_until_its_reader_is_there(tmp_path: Path, answered: bool, reasons: list[str]) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), HOURS))
    await tick(desk, 120)
    assert [item.next_attempt_at for item in desk.mails()] == [MONDAY + timedelta(hours=3)]
    if answered:
        do(desk, "ticket.answer", Answer(1, "Here.", by="eva"))
    await tick(desk, 240)
    found = desk.outbox()
    assert [item.reason if item.reason or item.template != "answer" else "answer" for item in found] == reasons
    store.close()


async def test_a_digest_says_how_many_there_are_and_what_is_due_later(tmp_path: Path) -> None:
    rules = RULES.replace("{first_response: 4h, warn_at: [50%, 75%]", "{first_response: 20h, warn_at: [10%]")
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), rules), 45)
    await tick(desk, 121)
    body = email.message_from_bytes(desk.mails()[0].raw, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Open" in text
    assert "Due today" not in text
    assert "More that are not listed here: 5." in text
    store.close()


async def test_two_at_a_time_tell_it_once(store: Store, settings: Settings) -> None:
    desk = opened(Desk(store, settings, RULES))
    now = MONDAY + timedelta(minutes=240)
    found = Reached(desk.ticket(1), "first_response", "standard", now, now)
    told = [desk.write(lambda c: remind(c, (found,), desk.deps, now)) for _ in range(3)]
    assert told == [1, 0, 0]
    assert sent(desk) == LADDER[4][1]
    with desk.reading() as c:
        assert sla_lists.reached(c, now + timedelta(days=9), 10) == []


@pytest.mark.parametrize(("before", "hours"), [
    # what was in force when open tickets were looked at last, the hours that are promised then
    ("4h", 1),
    ("1h", 4),  # nothing has changed since
    (None, 4),  # no memory of it: an upgrade changes no due time
])  # fmt: skip
async def test_open_tickets_have_the_due_times_of_policies_that_changed(
    tmp_path: Path, before: str | None, hours: int
) -> None:
    store = open_store(settings_in(tmp_path))
    desk = opened(Desk(store, settings_in(tmp_path), RULES))
    if before is not None:
        known = Desk(store, settings_in(tmp_path), RULES.replace("4h", before))
        await ticking(known, FakeClock(MONDAY)).renew_promises()
    changed = Desk(store, settings_in(tmp_path), RULES.replace("4h", "1h"))
    for _ in range(2):
        await ticking(changed, FakeClock(MONDAY)).renew_promises()
        assert desk.ticket(1).next_due == MONDAY + timedelta(hours=hours)
    with desk.reading() as c:
        assert jobs.promised_by(c) == changed.deps.promises.fingerprint
    store.close()


async def test_the_digest_of_the_day_comes_once_at_its_time(desk: Desk) -> None:
    desk.now = MONDAY + timedelta(hours=5)
    await ticking(desk, FakeClock(desk.now)).send_digests()
    await ticking(desk, FakeClock(desk.now)).send_digests()
    assert sent(desk) == [("digest", "ann")]


@pytest.mark.parametrize(("changed", "said"), [
    # what is done with a ticket that has no promise, what Ann's digest says of it; None: there is nothing to say
    (Change((1,), (("assignee", "ann"),)), "Open"),
    (Change((1,), (("assignee", "ann"),), status="pending"), "Waiting for customers: 1 ticket."),
    (Change((1,), (("assignee", "bob"),)), None),
    (Change((1,), (("assignee", "ann"),), status="solved"), None),
    (None, "Nobody's"),
])  # fmt: skip
def test_the_digest_of_the_day_tells_of_what_has_no_promise_too(
    tmp_path: Path, changed: Change | None, said: str | None
) -> None:
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), RULES.replace(", sla: standard", ""))
    desk.take(mail(), at=MONDAY)
    if changed is not None:
        do(desk, "ticket.change", changed)
    assert desk.write(lambda c: send_digest(c, desk.deps.rules.agents["ann"], desk.deps, desk.now, key="k")) is (
        said is not None
    )
    told = [text_of(item) for item in desk.mails() if item.template == "digest"]
    assert told == [] if said is None else said in told[0]
    store.close()


async def test_a_number_in_a_digest_is_where_its_ticket_is_answered(desk: Desk) -> None:
    desk.now = MONDAY + timedelta(hours=5)
    await ticking(desk, FakeClock(desk.now)).send_digests()
    address = link(newest(desk, "ann@agents.test", "digest"), "+t1-")
    raw = verdict("pass", mail("ann@agents.test", subject="Re: Zwrot 1", body="We are on it.", To=address))
    assert desk.take(raw, to=address).disposition == "entry"
    assert newest(desk, "jan1@bigbank.test", "answer").ticket == 1


@pytest.mark.parametrize(("since", "now", "day"), [
    # Ann's clock is an hour ahead of UTC, her time is 08:30; the office is closed at week-ends
    ("2026-11-23T07:29", "2026-11-23T07:30", "2026-11-23"),
    ("2026-11-23T07:30", "2026-11-23T07:31", None),
    ("2026-11-23T07:28", "2026-11-23T07:29", None),
    ("2026-11-22T19:31", "2026-11-23T07:31", "2026-11-23"),
    ("2026-11-22T07:29", "2026-11-22T07:30", None),
])  # fmt: skip
def test_a_digest_is_due_on_working_days_by_the_clock_of_its_reader(
    desk: Desk, since: str, now: str, day: str | None
) -> None:
    ann = desk.deps.rules.agents["ann"]
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, now)]
    assert digest_day(ann, desk.deps, *moments) == day
    assert digest_day(replace(ann, digest=None), desk.deps, *moments) is None


def test_a_digest_counts_nobodys_tickets_that_it_lists_and_marks_the_late_ones(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), RULES)
    desk.take(mail(), at=MONDAY)
    late = MONDAY + timedelta(hours=6)
    desk.write(lambda c: send_digest(c, desk.deps.rules.agents["ann"], desk.deps, late, key="k"))
    (told,) = [item for item in desk.mails() if item.template == "digest"]
    assert str(read(told)["Subject"]).endswith("0 due today, 1 overdue")
    assert "late" in text_of(told).partition("Nobody's")[2]
    store.close()
