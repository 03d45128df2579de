"""Every operation against every state: what is done, what stays, and the sentence that says why."""

from datetime import timedelta

import pytest

from gateway.message.types import Mailbox
from gateway.operations.mails import Letters, Mails
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Done, Duty
from gateway.store import inbound, outbox
from gateway.store.outbox import State, Written
from gateway.ticket.types import Notification, Outcome
from tests.cli.desk import NOW, Desk

_HEADING = {"message_id": None, "author": None, "subject": None}
DUTY = Duty(NOW, lambda: pytest.fail("these need no rules"))
_ENTRY = "it made an entry in ticket 7 already, and one mail makes one entry"


@pytest.mark.parametrize(
    ("became", "operation", "outcome", "said"),
    [
        # disposition of the mail, operation, what comes of it, in words
        ("pending", "mail.replay", "conflict", "it still waits to be processed"),
        ("pending", "mail.discard", "conflict", "it is not in quarantine: pending"),
        ("ticket", "mail.replay", "conflict", _ENTRY),
        ("ticket", "mail.release", "conflict", _ENTRY),
        ("entry", "mail.replay", "conflict", _ENTRY),
        ("entry", "mail.discard", "conflict", "it is not in quarantine: entry (because)"),
        ("duplicate", "mail.replay", "conflict", "it is a duplicate: because"),
        ("record", "mail.replay", "done", "is processed again; it was record (because)"),
        ("record", "mail.discard", "conflict", "it is not in quarantine: record (because)"),
        ("report", "mail.replay", "done", "is processed again; it was report (because)"),
        ("quarantine", "mail.replay", "done", "is processed again; it was quarantine (because)"),
        (
            "quarantine",
            "mail.release",
            "done",
            "goes through: no rule of “received” is asked again; it was quarantine (because)",
        ),
        ("quarantine", "mail.discard", "done", "is a record now; its raw bytes are kept until retention ends"),
    ],
)
async def test_mails(desk: Desk, became: str, operation: str, outcome: str, said: str) -> None:
    mail = await desk.accept(b"Subject: a\r\n\r\nb\r\n", to="support@acme.test", sender=None)
    assert mail is not None
    if became != "pending":
        end = Outcome(mail.key, became, "because", 7, None)  # type: ignore[arg-type]
        await desk.store.write(lambda c: inbound.finish(c, end, now=NOW, heading=_HEADING, explanation=""))
    perform = OPERATIONS[operation].perform
    (done,) = await desk.store.write(lambda c: perform(c, Mails(("m-1",)), DUTY), durable=True)
    assert done == Done("m-1", outcome, said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "operation", "outcome", "said"),
    [
        # state of the outgoing mail, operation, what comes of it, in words
        ("queued", "outbox.retry", "done", "is due now; it was queued"),
        ("deferred", "outbox.retry", "done", "is due now; it was deferred"),
        ("failed", "outbox.retry", "done", "is due now; it was failed"),
        ("held", "outbox.retry", "done", "is due now; it was held"),
        (
            "uncertain",
            "outbox.retry",
            "done",
            "is due now; it was uncertain; the relay may have it already, then it arrives twice",
        ),
        ("leased", "outbox.retry", "conflict", "it is being sent just now"),
        ("sent", "outbox.retry", "conflict", "it was sent already"),
        ("dropped", "outbox.retry", "conflict", "it was dropped already"),
        ("suppressed", "outbox.retry", "conflict", "it was never written, because the send guard said ack-limit"),
        ("refused", "outbox.retry", "conflict", "it could not be composed: too long"),
        ("queued", "outbox.drop", "done", "will never be sent; it was queued"),
        ("failed", "outbox.drop", "done", "will never be sent; it was failed"),
        ("uncertain", "outbox.drop", "done", "will never be sent; it was uncertain"),
        ("leased", "outbox.drop", "conflict", "it is being sent just now"),
        ("sent", "outbox.drop", "conflict", "it was sent already"),
        ("dropped", "outbox.drop", "conflict", "it was dropped already"),
    ],
)
async def test_letters(desk: Desk, state: str, operation: str, outcome: str, said: str) -> None:
    await _letter(desk, state)
    perform = OPERATIONS[operation].perform
    (done,) = await desk.store.write(lambda c: perform(c, Letters((1,)), DUTY), durable=True)
    assert done == Done("q-1", outcome, said)  # type: ignore[arg-type]
    item = await desk.store.read(lambda c: outbox.find(c, 1))
    assert item is not None
    expected = {"outbox.retry": "queued", "outbox.drop": "dropped"}[operation]
    before = "failed" if state == "refused" else state
    assert item.state == (expected if outcome == "done" else before)
    if outcome == "done":
        assert item.next_attempt_at == (NOW if operation == "outbox.retry" else None)


@pytest.mark.parametrize(
    ("operation", "arguments", "name", "said"),
    [
        ("mail.replay", Mails(("m-9",)), "m-9", "names no mail, or more than one"),
        ("mail.discard", Mails(("nonsense",)), "nonsense", "names no mail, or more than one"),
        ("outbox.retry", Letters((9,)), "q-9", "names no outgoing mail"),
        ("outbox.drop", Letters((9,)), "q-9", "names no outgoing mail"),
    ],
)
async def test_nothing_of_this_name(desk: Desk, operation: str, arguments: object, name: str, said: str) -> None:
    perform = OPERATIONS[operation].perform
    assert await desk.store.write(lambda c: perform(c, arguments, DUTY)) == (Done(name, "not-found", said),)


async def _letter(desk: Desk, state: str) -> None:
    """An outgoing mail q-1 in this state; `refused` is one that could not be composed."""
    guard = "ack-limit" if state == "suppressed" else None
    notice = Notification(
        Mailbox("", "jan@bigbank.test"), "auto_ack", None, "en", 7, "support", None, None, (), "auto-replied", "key",
        "acknowledge", {}, guard,
    )  # fmt: skip

    def make(c: object) -> None:
        outbox.enqueue(c, (notice,), NOW)  # type: ignore[arg-type]
        if state == "refused":
            outbox.refuse(c, 1, "too long", NOW)  # type: ignore[arg-type]
        elif state != "suppressed":
            outbox.attach(c, (Written(1, "<a@b>", None, b"x", NOW),))  # type: ignore[arg-type]

    await desk.store.write(make)
    if state in ("leased", "sent", "failed", "deferred", "uncertain", "dropped", "held"):
        (item,) = await desk.store.lease_outbox(NOW, 1)
        if state != "leased":
            later = NOW + timedelta(hours=1) if state == "deferred" else None
            settled: State = state  # type: ignore[assignment]
            await desk.store.settle(item, settled, now=NOW, next_attempt_at=later)
