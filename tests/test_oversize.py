"""The author of a mail that is larger than we take is told once, and only if the send guard lets us."""

import email
from collections.abc import Iterator
from dataclasses import replace
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.intake.accept import new_key
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope
from gateway.oversize import tell_too_large
from gateway.parsing.pool import parse_limits
from gateway.store.inbound import needing_attention
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import START, Desk, mail, verdict

_MIB = 1 << 20
BEGINNING = mail(subject="Zdjęcia", Message_ID="<big@bigbank.test>", body="Dzień dobry, w załączniku")
PASSED = verdict("pass", BEGINNING)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = settings_in(tmp_path)
    store = open_store(settings)
    yield Desk(store, settings, unauthenticated="auto")
    store.close()


def found(desk: Desk, raw: bytes, *, sender: str | None = "jan@bigbank.test", **changed: object) -> bool:
    """The beginning of a mail of 27 MiB stands in the mailbox of support."""
    envelope = Envelope(sender, ("support@gw.test",), "", "imap.gw.test", "imap", START)
    inbound = replace(Accepted(1, new_key(START, bytes(10)), envelope, len(raw), str(hash(raw)), 1), **changed)
    beginning = parse(raw, parse_limits(desk.settings), languages=desk.settings.site.languages)
    return bool(
        desk.write(lambda c: tell_too_large(inbound, beginning, 26 * _MIB + 1, 25 * _MIB, desk.deps, c))  # type: ignore[no-untyped-call]
    )


def test_the_author_is_told_once_how_large_it_may_be(desk: Desk) -> None:
    assert [found(desk, PASSED), found(desk, PASSED)] == [True, False]
    (item,) = desk.mails()
    told = email.message_from_bytes(item.raw, policy=SMTP)
    assert (item.forward_path, item.template, item.state) == ("jan@bigbank.test", "too_large", "queued")
    assert (told["In-Reply-To"], told["Content-Language"]) == ("<big@bigbank.test>", "pl")
    assert told["Reply-To"].addresses[0].addr_spec == "support@gw.test"  # what comes back is a mail like any other
    text = told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert ("27 MB" in text, "25 MB" in text, "Zdjęcia" in text) == (True, True, False)


@pytest.mark.parametrize(
    ("raw", "sender", "word"),
    [
        # the beginning, the reverse-path, the guard's word
        (BEGINNING, "jan@bigbank.test", "unauthenticated"),
        (verdict("fail", BEGINNING), "jan@bigbank.test", "unauthenticated"),
        (PASSED, None, "null-sender"),
        (PASSED, "other@x.test", "envelope-differs"),
        (verdict("pass", mail(Precedence="bulk")), "jan@bigbank.test", "machine-sender"),
        (verdict("pass", mail("support@gw.test")), "support@gw.test", "own-address"),
        (verdict("pass", mail("no address at all")), "jan@bigbank.test", "no-recipient"),
    ],
)
def test_whoever_may_not_be_answered_is_not(desk: Desk, raw: bytes, sender: str | None, word: str) -> None:
    assert not found(desk, raw, sender=sender)
    assert [(item.state, item.reason) for item in desk.outbox()] == [("suppressed", word)]


def test_its_beginning_is_kept_for_people_and_opens_no_ticket(desk: Desk) -> None:
    outcome = desk.take(PASSED, envelope={"via": "imap"}, whole_octets=30 * _MIB)
    reason = "30 MiB, and we take 25 MiB: it stays in the mailbox, this is how it begins"
    assert (outcome.disposition, outcome.reason, desk.tickets()) == ("quarantine", reason, [])
    kept = desk.write(lambda c: needing_attention(c, since=None, limit=9))  # type: ignore[no-untyped-call]
    assert [(row.author, row.subject) for row in kept] == [("Jan <jan@bigbank.test>", "Zdjęcia")]
    assert [item.template for item in desk.outbox()] == ["too_large"]
    assert desk.take(PASSED, envelope={"via": "imap"}, whole_octets=30 * _MIB).disposition == "duplicate"
    assert len(desk.outbox()) == 1


def test_nobody_is_told_about_mail_of_an_archive(desk: Desk) -> None:
    assert not found(desk, PASSED, imported="closed")
    assert desk.outbox() == []
