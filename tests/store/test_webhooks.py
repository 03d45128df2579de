"""What endpoints are told: kept with the change that caused it, tried again, given up, turned off and on."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection

from gateway.clock import FakeClock
from gateway.config import Settings, WebhookEndpoint
from gateway.due import Due
from gateway.events import happened
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.operations.webhooks import RetryEndpoint
from gateway.outgoing.webhook import Answer, Way
from gateway.policy import deps, templates_of
from gateway.rules.types import Webhook
from gateway.store import webhooks as calls
from gateway.store.alarms import since
from gateway.store.store import Store
from gateway.webhooks import Webhooks
from tests.processing import Desk, mail

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@gw.test, auto_ack: false}}
rules:
  - {id: tell, on: new, when: {subject: {starts_with: Zwrot}}, do: [{tag: [refund]}, {webhook: billing}]}
  - {id: later, on: new, when: {subject: slow}, do: [{webhook: billing, after: 1h, unless: reply}]}
"""


class Site:
    """A desk, and an endpoint whose answers the test gives."""

    def __init__(self, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.settings, self.answer = desk, settings, Answer("HTTP 204", taken=True)
        self.posted: list[tuple[str, dict[str, str], dict[str, object]]] = []
        monkeypatch.setattr("gateway.webhooks.post", self.post)

    async def post(self, url: str, body: bytes, fields: dict[str, str], way: Way) -> Answer:
        self.posted.append((url, fields, msgspec.json.decode(body)))
        return self.answer

    def at(self, now: datetime) -> list[str]:
        """The state of each call once what is due by then was done."""
        clock = FakeClock(now)
        self.desk.now = now
        asyncio.run(Due(self.desk.store, lambda: self.desk.deps, clock, lambda: None).do_delayed())
        asyncio.run(Webhooks(self.desk.store, self.settings, lambda: self.desk.deps, clock).post_events())
        with self.desk.reading() as c:
            return [
                f"{call.state} {call.attempts} {call.said}".strip() for n in (1, 2) for call in calls.of_ticket(c, n)
            ]

    def retry(self) -> str:
        wanted, duty = RetryEndpoint("billing"), Duty(self.desk.now, lambda: self.desk.deps)
        (done,) = self.desk.write(lambda c: OPERATIONS["webhooks.retry"].perform(c, wanted, duty))
        return f"{done.outcome}: {done.said}"


@pytest.fixture
def site(store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("key\n")
    endpoint = WebhookEndpoint.model_validate(
        {"name": "billing", "url": "https://hooks.acme.test/in", "secret": {"file": secret}}
    )
    settings = settings.model_copy(update={"webhook": (endpoint,)})
    return Site(Desk(store, settings, RULES), settings, monkeypatch)


@pytest.mark.sqlite
def test_an_endpoint_hears_of_what_it_wants_to_know_without_a_rule(site: Site) -> None:
    wanted = ("new", "reply", "status-changed", "assigned")
    desk = site.desk
    desk.deps = replace(desk.deps, subscribed={"billing": wanted})
    desk.take(mail("Jan <jan@x.test>", "Hello"), at=START)
    address = desk.reply_address("jan@x.test", 1)
    desk.take(mail("Jan <jan@x.test>", "Re: Hello", To=address), to=address)
    before = desk.ticket(1)
    desk.set_status(1, "open", "open")
    desk.write(lambda c: happened(c, before, desk.ticket(1), ("note",), desk.deps, desk.now, actor="agent"))
    site.at(START + timedelta(hours=1))
    assert [(told["events"], told["rule"], told["ticket"]["number"]) for _, _, told in site.posted] == [  # type: ignore[index]
        (["new"], None, 1),
        (["reply"], None, 1),
        (["status-changed"], None, 1),
    ]
    assert [told["ticket"]["status"] for _, _, told in site.posted] == ["new", "new", "open"]  # type: ignore[index]


@pytest.mark.sqlite
def test_events_of_the_settings_are_what_the_endpoint_hears_of(site: Site) -> None:
    (endpoint,) = site.settings.webhook
    own = site.desk.settings.model_copy(update={"webhook": (endpoint.model_copy(update={"events": ("new",)}),)})
    clock, rules = FakeClock(START), site.desk.deps.rules
    assert deps(own, rules, site.desk.ring, templates_of(own, clock), clock).subscribed == {"billing": ("new",)}
    with pytest.raises(ValueError, match="schedule"):
        WebhookEndpoint.model_validate({**endpoint.model_dump(), "events": ["schedule"]})


def test_an_endpoint_is_told_once_what_happened(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    site.desk.take(mail("Jan <jan@x.test>", "Something else"), at=START)
    assert site.at(START) == ["taken 1 HTTP 204"]
    assert site.at(START + timedelta(days=1)) == ["taken 1 HTTP 204"]
    ((url, fields, event),) = site.posted
    assert url == "https://hooks.acme.test/in"
    assert fields["X-Mailwicket-Signature"].startswith(f"t={int(START.timestamp())},v1=")
    ticket = event.pop("ticket")
    assert event == {
        "schema": "mailwicket.event/1", "id": "w-1", "at": "2026-11-23T08:00:00+00:00", "events": ["new"],
        "rule": "tell", "revision": 0,
    }  # fmt: skip
    assert isinstance(ticket, dict)
    assert (ticket["number"], ticket["tags"], ticket["requester"]) == (
        1,
        ["refund"],
        {"name": "Jan", "address": "jan@x.test"},
    )


def test_one_that_is_put_off_is_told_later_or_never(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "slow"), at=START)
    assert site.at(START + timedelta(minutes=59)) == []
    assert site.at(START + timedelta(minutes=61)) == ["taken 1 HTTP 204"]
    assert site.posted[0][2]["events"] == []


def test_what_is_not_taken_is_told_again_at_growing_intervals_and_then_given_up(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    site.answer, now = Answer("HTTP 500"), START
    (state,) = site.at(now)
    for tries, minutes in enumerate((1, 5, 30, 120, 360, 1440), 1):
        now += timedelta(minutes=minutes)
        site.at(now - timedelta(seconds=1))
        assert len(site.posted) == tries
        (state,) = site.at(now)
    assert (state, len(site.posted)) == ("failed 7 HTTP 500", 7)
    assert len({str(event) for *_, event in site.posted}) == 1
    assert len({fields["X-Mailwicket-Signature"] for _, fields, _ in site.posted}) == 7  # each of its own time
    assert site.retry() == "done: 1 failed events are told once more"
    site.answer = Answer("HTTP 200", taken=True)
    assert site.at(now) == ["taken 1 HTTP 200"]


def test_after_three_days_of_failure_it_is_off_with_an_alarm_until_a_person_turns_it_on(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    site.answer = Answer("HTTP 500")
    site.at(START)
    later = START + timedelta(days=3)
    assert site.at(later) == ["failed 2 the endpoint is off; last HTTP 500"]
    site.desk.take(mail("Eva <eva@x.test>", "Zwrot 2"), at=later)
    site.answer = Answer("HTTP 200", taken=True)
    assert site.at(later)[1] == "failed 0 the endpoint is off"
    with site.desk.reading() as c:
        assert [(alarm.about, alarm.key) for alarm in since(c, START)] == [("webhook", "billing")]
        assert [(e.name, e.failed, e.off) for e in calls.endpoints(c, ())] == [("billing", 2, True)]
    assert site.retry() == "done: it is on again; 2 failed events are told once more"
    assert site.at(later) == ["taken 1 HTTP 200", "taken 1 HTTP 200"]


def test_a_crash_in_an_attempt_costs_that_attempt(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    claimed = site.desk.write(lambda c: calls.claim(c, START, timedelta(minutes=1), 20, 5))
    assert [call.attempts for call in claimed] == [1]
    assert site.at(START + timedelta(seconds=59)) == ["waiting 1"]
    assert site.at(START + timedelta(seconds=60)) == ["taken 2 HTTP 204"]
    site.desk.write(
        lambda c: calls.settle(c, claimed[0], "failed", "too late", START)
    )  # who was claimed from settles nothing
    assert site.at(START + timedelta(seconds=60)) == ["taken 2 HTTP 204"]


def test_one_endpoint_does_not_take_the_turns_of_another(site: Site) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    wanted = Webhook("tell", "billing")

    def many(c: Connection) -> None:
        for _ in range(9):
            calls.add_call(c, wanted.name, wanted.rule, 1, {}, START)
        calls.add_call(c, "other", None, 1, {}, START)

    site.desk.write(many)
    found = site.desk.write(lambda c: calls.claim(c, START, timedelta(minutes=1), 20, 5))
    assert sorted(call.endpoint for call in found) == ["billing"] * 5 + ["other"]


def test_a_secret_that_cannot_be_read_is_told_and_tried_again(site: Site, tmp_path: Path) -> None:
    site.desk.take(mail("Jan <jan@x.test>", "Zwrot"), at=START)
    (tmp_path / "secret").chmod(0o644)
    (state,) = site.at(START)
    assert state.startswith("waiting 1")
    assert "can be read by others" in state
    assert site.posted == []
