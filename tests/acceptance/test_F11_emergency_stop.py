"""F-11: nothing leaves while sending is stopped, also across a restart; then each mail once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.operations.mails import OPERATIONS, Letters, Nothing, Reroute
from gateway.operations.types import Duty
from gateway.store import alarms, outbox
from gateway.store.restraint import stopped
from gateway.store.schema import heartbeat
from gateway.store.schema import outbox as rows
from gateway.store.store import Store
from tests.outgoing.letters import ANSWER
from tests.outgoing.peers import CLOSE, peer
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
_TELLING = """version: 1
defaults: {team: support}
agents: {ann: {name: Ann, email: ann@agents.test}}
teams: {support: {address: support@gw.test, members: [ann], lead: ann}}
rules:
  - {id: tell, on: new, do: [{reply: {template: auto_ack}}, {notify: {to: [team.lead], template: agent_notice}}]}
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


def asked(store: Store, clock: FakeClock, name: str, arguments: object) -> list[tuple[str, str]]:
    duty = Duty(clock.now(), lambda: None)  # type: ignore[arg-type, return-value]
    done = store.submit(lambda c: OPERATIONS[name].perform(c, arguments, duty), durable=True).result()
    return [(each.outcome, each.said) for each in done]


async def test_F11_nothing_leaves_while_it_is_held(store: Store, clock: FakeClock) -> None:
    ids = [await queued(store, clock, f"k{n}") for n in range(12)]
    assert asked(store, clock, "outbound.hold", Nothing())[0][0] == "done"
    assert asked(store, clock, "outbound.hold", Nothing())[0] == ("conflict", "nothing is sent already")
    async with peer() as server:
        for _ in range(2):  # a restart changes nothing
            working = sender(store, clock, server.port)
            await turn(working)
            await rest(working)
        assert server.mails == []
        assert await store.next_outbox_due() is None  # nobody wakes for it
        outcome, said = asked(store, clock, "outbound.release", Nothing())[0]
        assert (outcome, said) == ("done", "mail is sent again; 12 are due now")
        working = sender(store, clock, server.port)
        for _ in range(4):
            await turn(working)
        await rest(working)
    assert len(server.mails) == 12
    assert {row(store, id).state for id in ids} == {"sent"}


async def test_F11_automatic_mail_can_be_dropped_and_what_people_wrote_stays(store: Store, clock: FakeClock) -> None:
    automatic = await queued(store, clock, "a")
    written = await queued(store, clock, "w", auto_submitted="no")
    assert asked(store, clock, "outbound.drop-auto", Nothing())[0][1].startswith("1 automatic mails")
    assert (row(store, automatic).state, row(store, written).state) == ("dropped", "queued")


def test_F11_while_it_is_held_customers_get_no_automatic_mail_and_that_to_agents_waits(
    store: Store, settings: Settings
) -> None:
    desk = Desk(store, settings, rules=_TELLING)
    desk.write(lambda c: OPERATIONS["outbound.hold"].perform(c, Nothing(), Duty(desk.now, lambda: desk.deps)))
    desk.take(mail())
    made = sorted((m.template, m.state, m.reason) for m in desk.outbox())
    assert made == [("agent_notice", "queued", ""), ("auto_ack", "suppressed", "outbound-held")]


@pytest.mark.parametrize(
    ("away", "mails", "held"),
    [
        # how long the gateway was away, mails that would leave, whether it asks first
        (timedelta(hours=25), 101, True),
        (timedelta(hours=25), 100, False),
        (timedelta(hours=23), 101, False),
    ],
)
async def test_F11_after_a_long_stop_much_mail_waits_for_a_word(
    store: Store, clock: FakeClock, away: timedelta, mails: int, held: bool
) -> None:
    first = await queued(store, clock, "k")
    await store.write(lambda c: _copies(c, first, mails - 1))
    await store.write(lambda c: c.execute(update(heartbeat).values(at=clock.now() - away)))
    assert await store.write(lambda c: outbox.hold_after_long_stop(c, clock.now())) is held
    assert (await store.read(stopped) is not None) is held
    told = await store.read(lambda c: alarms.since(c, clock.now()))
    assert [alarm.about for alarm in told] == ["outbound"] * held


def _copies(c, id: int, count: int) -> None:
    c.execute(insert(heartbeat).values(name="writer", at=NOW)) if not list(c.execute(heartbeat.select())) else None
    item = dict(c.execute(rows.select().where(rows.c.id == id)).one()._mapping)
    del item["id"]
    c.execute(insert(rows), [{**item, "dedupe_key": f"copy {n}"} for n in range(count)])


async def test_a_mail_can_be_held_let_go_sent_elsewhere_and_tried_now(store: Store, clock: FakeClock) -> None:
    id = await queued(store, clock)
    assert asked(store, clock, "outbox.hold", Letters((id,)))[0][0] == "done"
    assert asked(store, clock, "outbox.hold", Letters((id,)))[0] == ("conflict", "it does not wait: held")
    assert asked(store, clock, "outbox.unhold", Letters((id,)))[0][0] == "done"
    assert asked(store, clock, "outbox.reroute", Reroute(id, "no address"))[0][0] == "refused"
    assert asked(store, clock, "outbox.reroute", Reroute(id, "Jan@New.test"))[0][0] == "done"
    async with peer({"RCPT": ["451 4.7.1 later", "250 ok"]}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        assert row(store, id).state == "deferred"
        assert asked(store, clock, "outbox.flush", Nothing()) == [("done", "1 deferred mails are due now")]
        await turn(working)
        await rest(working)
    assert row(store, id).state == "sent"
    assert [c for c in server.commands if c.startswith("RCPT")] == ["RCPT TO:<Jan@new.test>"] * 2
    assert asked(store, clock, "outbox.reroute", Reroute(id, "x@y.test"))[0] == ("conflict", "it was sent already")


@pytest.mark.parametrize("tried", [False, True])
async def test_F11_after_a_long_stop_one_deferral_fails_no_answer(store: Store, clock: FakeClock, tried: bool) -> None:
    id = await queued(store, clock, auto_submitted="no", template="answer", values=ANSWER)
    async with peer({"RCPT": "450 4.2.0 grey"}) as server:
        working = sender(store, clock, server.port)
        if tried:
            await turn(working)
        asked(store, clock, "outbound.hold", Nothing())
        await clock.advance(timedelta(days=6).total_seconds())
        asked(store, clock, "outbound.release", Nothing())
        await turn(working)
        assert row(store, id).state == "deferred"
        await clock.advance(timedelta(days=6).total_seconds())
        await turn(working)
        assert row(store, id).state == "failed"
        assert asked(store, clock, "outbox.retry", Letters((id,)))[0][0] == "done"
        await turn(working)
        await rest(working)
    assert row(store, id).state == "deferred"


async def test_an_uncertain_mail_that_was_held_stays_known_as_such(store: Store, clock: FakeClock) -> None:
    id = await queued(store, clock)
    async with peer({"DOT": CLOSE}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        assert asked(store, clock, "outbox.hold", Letters((id,)))[0][0] == "done"
        assert row(store, id).reason.startswith("uncertain: ")
        assert row(store, id).reason.endswith("; held by a person")
        said = asked(store, clock, "outbox.unhold", Letters((id,)))[0][1]
        assert said.endswith("the relay may have it already, then it arrives twice")
        for _ in range(2):
            await turn(working)
            await clock.advance(3600)
        await rest(working)
    assert (row(store, id).state, row(store, id).next_attempt_at) == ("uncertain", None)  # not a third time by itself
    assert len(server.mails) == 2


async def test_in_a_trial_every_mail_goes_to_one_address(store: Store, clock: FakeClock) -> None:
    await queued(store, clock)
    async with peer() as server:
        working = sender(store, clock, server.port, redirect_all_to="me@acme.test")
        await turn(working)
        await rest(working)
    assert [c for c in server.commands if c.startswith("RCPT")] == ["RCPT TO:<me@acme.test>"]
