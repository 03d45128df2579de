"""An uncertain mail that somebody answers, that comes back or is reported about, arrived: nothing is sent again."""

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.config import Settings
from gateway.store import outbox
from gateway.store.opening import open_store
from gateway.store.outbox import OutboxItem
from gateway.store.schema import outbox as rows
from tests.conftest import settings_in
from tests.processing import Desk, mail

JAN = "Jan <jan@bigbank.test>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Jan was acknowledged, and nobody knows whether that arrived."""
    settings: Settings = settings_in(tmp_path)
    store = open_store(settings)
    made = Desk(store, settings)
    made.take(mail(JAN))
    unsure = {"state": "uncertain", "stage": "dot", "reason": "uncertain: no answer", "next_attempt_at": made.now}
    made.write(lambda c: c.execute(update(rows).values(unsure)))
    yield made
    store.close()


def found(desk: Desk) -> OutboxItem:
    return next(item for item in desk.outbox() if item.id == 1)


def arrived(desk: Desk) -> str:
    """The state of the mail, and what its ticket says of it last."""
    said = [entry.text for entry in desk.entries(1) if "arrived after all" in entry.text]
    return f"{found(desk).state}{': ' + said[-1].rpartition(': ')[2] if said else ''}"


def test_who_answers_a_mail_has_it(desk: Desk) -> None:
    desk.take(mail(JAN, "Re: Zwrot", "And another thing.", In_Reply_To=found(desk).message_id))
    assert arrived(desk) == "sent: m-2 answers it"
    assert found(desk).reason == "uncertain: no answer; arrived: m-2 answers it"
    with desk.reading() as c:
        assert outbox.next_due(c) is None


def test_a_copy_in_a_journal_mailbox_is_proof(desk: Desk) -> None:
    desk.take(b"Received: from relay.test\r\n" + found(desk).raw, sender=None)
    assert arrived(desk) == "sent: its copy came back, m-2"


def test_a_report_is_about_a_mail_that_the_relay_had(desk: Desk) -> None:
    item = found(desk)
    report = (
        b"From: MAILER-DAEMON@relay.test\r\nSubject: Delayed\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.test\r\n\r\n"
        b"Final-Recipient: rfc822; jan@bigbank.test\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n--b--\r\n"
    )
    assert item.reverse_path is not None
    desk.take(report, to=item.reverse_path, sender=None)
    assert arrived(desk) == "sent: m-2 reports about it"


@pytest.mark.parametrize("field", ["In_Reply_To", "References"])
def test_what_names_no_mail_of_ours_proves_nothing(desk: Desk, field: str) -> None:
    guessed = desk.our_id("jan@bigbank.test", 1, "zzzzzzzz")
    desk.take(mail(JAN, "Re: Zwrot", "Hm.", **{field: guessed}))
    assert arrived(desk) == "uncertain"


def test_a_copy_with_another_mark_proves_nothing(desk: Desk) -> None:
    item = found(desk)
    mark = message_from_bytes(item.raw)["X-Mailwicket-Loop"].encode()
    desk.take(item.raw.replace(mark, b"a" * len(mark)), sender=None)
    assert arrived(desk) == "uncertain"


def test_what_a_later_mail_of_ours_names_need_not_have_arrived(desk: Desk) -> None:
    """We write there what we sent; who answers that mail has that one alone."""
    ours = found(desk).message_id
    later = desk.our_id("jan@bigbank.test", 1, "zzzzzzzz")
    desk.take(mail(JAN, "Re: Zwrot", "Hm.", In_Reply_To=later, References=f"{ours} {later}"))
    assert arrived(desk) == "uncertain"


def test_who_names_no_parent_answers_the_last_of_his_references(desk: Desk) -> None:
    ours = found(desk).message_id
    desk.take(mail(JAN, "Re: Zwrot", "Hm.", References=f"<first@bigbank.test> {ours}"))
    assert arrived(desk) == "sent: m-2 answers it"
