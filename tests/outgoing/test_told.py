"""The ticket hears of a mail that does not arrive, or maybe twice (DESIGN §6, T3); the log holds no addresses."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from gateway.clock import FakeClock
from gateway.store import audit, changes, outbox, tickets
from gateway.store.store import Store
from gateway.ticket.types import Entry, OpenTicket
from tests.outgoing.letters import ANSWER, NOW, notice
from tests.outgoing.peers import CLOSE, peer
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.rules.desk import NO_PROMISES

ACK = "auto_ack to jan@bigbank.test"
EOF = "dot: Unexpected EOF received"
ONCE = f"{ACK} may have arrived, and may arrive twice, as it is sent once more: uncertain: {EOF}"
OPEN = f"{ACK} may have arrived or not: uncertain, waits for a person: {EOF}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


async def opened(store: Store) -> int:
    """A ticket without entries."""
    change = OpenTicket("Zwrot", "support", None, None, "mail", NOW)
    saved = await store.write(
        lambda c: changes.save(
            c, (change,), ticket_before=None, source="m1", actor="customer", now=NOW, promises=NO_PROMISES
        )
    )
    assert saved.ticket is not None
    return saved.ticket.number


def told(store: Store, number: int) -> list[Entry]:
    return store.read_now(lambda c: tickets.entries(c, number))


def audited(store: Store, number: int) -> list[tuple[str, str, str]]:
    """(who, did, what), without the opening."""
    rows = store.read_now(lambda c: audit.find_rows(c, ticket=number))[1:]
    return [(row.actor, row.action, row.detail) for row in rows]


@pytest.mark.parametrize(
    ("said", "policy", "words"),
    [
        # what the relay says, attempt by attempt, on_uncertain; what the ticket says in the end
        ({}, "resend", []),
        ({"RCPT": "450 4.2.0 grey"}, "resend", []),
        ({"RCPT": "550 5.1.1 unknown"}, "resend", [f"{ACK} failed for good: refused: 550 5.1.1 unknown"]),
        ({"DOT": [CLOSE, "250 ok"]}, "resend", [ONCE]),
        ({"DOT": CLOSE}, "hold", [OPEN]),
        ({"DOT": CLOSE}, "resend", [ONCE, OPEN]),
        (
            {"DOT": [CLOSE, "554 5.6.0 no"]},
            "resend",
            [ONCE, f"{ACK} failed for good: uncertain: {EOF}; refused: 554 5.6.0 no"],
        ),
    ],
)
async def test_the_ticket_says_once_what_became_of_a_mail(store, clock, said, policy, words) -> None:
    number = await opened(store)
    id = await queued(store, clock, ticket=number)
    async with peer(said) as server:
        working = sender(store, clock, server.port, on_uncertain=policy)
        for _ in range(4):
            await turn(working)
            await clock.advance(31 * 60)
        await rest(working)
    entries = told(store, number)
    assert [entry.text for entry in entries] == words
    assert all(
        (entry.kind, entry.public, entry.author, entry.trust) == ("event", False, None, None) for entry in entries
    )
    assert audited(store, number) == [
        ("system", "mail.failed" if "failed" in text else "mail.uncertain", f"q-{id}, {text}") for text in words
    ]


async def test_what_a_crash_left_uncertain_is_told_once(store, clock) -> None:
    number = await opened(store)
    id = await queued(store, clock, ticket=number)
    (dead,) = await store.lease_outbox(clock.now(), 1)
    await store.mark_dot(dead, clock.now())
    await clock.advance(700)
    async with peer() as server:
        working = sender(store, clock, server.port)
        for _ in range(3):
            await turn(working)
            await clock.advance(31 * 60)
        await rest(working)
    assert row(store, id).state == "sent"
    assert [entry.text for entry in told(store, number)] == [ONCE.replace(EOF, "stopped between dot and answer")]


async def test_after_five_days_the_ticket_says_so(store, clock) -> None:
    number = await opened(store)
    await queued(store, clock, template="answer", values=ANSWER, ticket=number)
    async with peer({"RCPT": "450 4.2.0 grey"}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await clock.advance(timedelta(days=4, hours=23, minutes=59).total_seconds())
        await turn(working)
        await rest(working)
    (entry,) = told(store, number)
    assert entry.text == "answer to jan@bigbank.test failed for good: given up: 450 4.2.0 grey"


async def test_a_mail_that_could_not_be_written_is_told(store, clock) -> None:
    number = await opened(store)

    def refused(c) -> None:
        (id,) = outbox.enqueue(c, (notice(ticket=number),), clock.now())
        outbox.refuse(c, id, "over-long line", clock.now())

    await store.write(refused)
    assert [entry.text for entry in told(store, number)] == [f"{ACK} failed for good: over-long line"]


@pytest.mark.parametrize("number", [None, 4812])
async def test_a_mail_without_a_ticket_that_is_there_fails_all_the_same(store, clock, number) -> None:
    id = await queued(store, clock, ticket=number)
    async with peer({"RCPT": "550 5.1.1 unknown"}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await rest(working)
    assert row(store, id).state == "failed"


async def test_what_the_relay_says_is_one_short_line(store, clock) -> None:
    number = await opened(store)
    await queued(store, clock, ticket=number)
    async with peer({"RCPT": "550-5.1.1 no \x1b[31m\x00\r\n550 5.1.1 " + "x" * 5000}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await rest(working)
    (entry,) = told(store, number)
    assert entry.text.isprintable()
    assert len(entry.text) < 1000
    assert "failed for good: refused: 550 5.1.1 no" in entry.text


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("said", "line"),
    [
        # what the relay says, the line in the log
        ({"RCPT": "550 5.1.1 <jan@bigbank.test>: unknown"}, ("mail.failed", "550 5.1.1")),
        ({"RCPT": "550 jan@bigbank.test is unknown"}, ("mail.failed", "550")),
        ({"RCPT": "450 4.2.0 <jan@bigbank.test>: grey"}, ("mail.deferred", "450 4.2.0")),
        ({"RCPT": "550-5.1.1 jan\r\n550 5.1.1 unknown"}, ("mail.failed", "550 5.1.1")),
        ({"MAIL": CLOSE}, ("mail.deferred", "Unexpected EOF received")),
        ({"RCPT": "<jan@bigbank.test>?"}, ("mail.deferred", "Malformed SMTP response line: …")),
        ({"DOT": '"jan k"@bigbank.test?'}, ("mail.uncertain", "dot: Malformed SMTP response line: …")),
        ({"DOT": "250 2.0.0 <jan@bigbank.test> queued as 4T9"}, ("mail.sent", "250 2.0.0 … queued as 4T9")),
    ],
)
async def test_the_log_holds_no_address(store, clock, said, line) -> None:
    id = await queued(store, clock)
    async with peer(said) as server:
        working = sender(store, clock, server.port)
        with capture_logs() as lines:
            await turn(working)
        await rest(working)
    (about,) = [found for found in lines if found["event"].startswith("mail.")]
    assert (about["event"], next(about[key] for key in ("reply", "reason", "stage") if key in about)) == line
    assert "jan" not in str(lines)
    assert said.keys() & {"MAIL"} or "jan" in row(store, id).last_reply + row(store, id).reason
