"""A rule passes a mail on: whole, to where the site allows, once, and never round in circles."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from gateway.config import Settings
from gateway.store.outbox import OutboxItem
from gateway.store.store import Store
from gateway.ticket.apply import REDIRECTED_OCTETS
from tests.processing import Desk, mail

RULES = """version: 1
defaults: {team: support}
teams:
  support: {address: support@gw.test}
  billing: {address: billing@gw.test}
limits: {redirect_domains: [partner.test, gw.test]}
rules:
  - {id: parcels, on: received, when: {subject: {contains: parcel}}, do: [{redirect: desk@partner.test}]}
  - {id: bounce, on: received, when: {subject: bounce}, do: [{redirect: bounce@gw.test}]}
  - {id: tags, on: new, do: [{tag: [seen]}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


def read(item: OutboxItem) -> EmailMessage:
    found = message_from_bytes(item.raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def original(sent: EmailMessage) -> bytes:
    """The attachment, as octets."""
    (part,) = sent.iter_parts()
    if part.get_content_type() == "message/rfc822":
        rest = sent.as_bytes().partition(b"filename*=utf-8''mail.eml")[2]
        return rest.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rpartition(b"\n--=_")[0].replace(b"\n", b"\r\n")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


PLAIN = mail(subject="a parcel", body="Where is it?")
GERMAN = mail(subject="a parcel", body="Wo bleibt das Päckchen?")
LARGE = mail(subject="a parcel", body="x" * REDIRECTED_OCTETS)
LONG = mail(subject="a parcel", body="x" * 2000)
PARTS = (
    b"From: jan@bigbank.test\r\nTo: support@gw.test\r\nSubject: a parcel\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nWhere?\r\n--b\r\nContent-Type: image/png\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
)


@pytest.mark.parametrize(("raw", "kind"), [
    # the mail, how it goes on
    (PLAIN, "message/rfc822"),
    (PARTS, "message/rfc822"),
    (GERMAN, "application/octet-stream"),  # 8 bit: it may not be encoded as message/rfc822 (RFC 2046 §5.2.1)
    (LONG, "application/octet-stream"),
])  # fmt: skip
def test_the_mail_goes_on_whole_and_opens_no_ticket(desk: Desk, raw: bytes, kind: str) -> None:
    outcome = desk.take(raw, to="billing@gw.test")
    assert (outcome.disposition, outcome.reason, outcome.ticket) == (
        "record",
        "redirect:parcels: desk@partner.test",
        None,
    )
    assert desk.tickets() == []
    (item,) = desk.mails()
    sent = read(item)
    assert (item.forward_path, item.state, item.cause, item.auto) == ("desk@partner.test", "queued", "parcels", False)
    assert (sent["From"], sent["Subject"], sent["Auto-Submitted"]) == (
        "Acme Support <billing@gw.test>",
        "Fwd: a parcel",
        "auto-generated",
    )
    assert [part.get_content_type() for part in sent.iter_parts()] == [kind]
    assert original(sent) == raw


@pytest.mark.parametrize(("raw", "reason"), [
    # what cannot go on, why
    (mail(subject="bounce"), "not redirected: bounce@gw.test is an address of ours"),
    (mail(subject="a parcel", X_Mailwicket_Loop="theirs", Auto_Submitted="auto-generated"),
     "not redirected: a gateway sent it by itself"),
    (LARGE,
     f"not redirected: {len(LARGE)} octets are more than {REDIRECTED_OCTETS}"),
])  # fmt: skip
def test_what_cannot_go_on_waits_for_a_person(desk: Desk, raw: bytes, reason: str) -> None:
    outcome = desk.take(raw)
    assert (outcome.disposition, outcome.reason) == ("quarantine", reason)
    assert desk.mails() == []


def test_what_comes_back_is_known_as_our_own(desk: Desk) -> None:
    desk.take(PLAIN)
    back = desk.take(desk.mails()[0].raw)
    assert (back.disposition, back.reason.split(":")[0]) == ("record", "own mail")
    assert len(desk.mails()) == 1
