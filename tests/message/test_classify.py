"""Which mails are machines' mails, and which must not be answered (RFC 3834)."""

import pytest

from gateway.message.classify import OwnMail, classify, return_address
from tests.message.read import envelope, mail

OWN = OwnMail(frozenset({"support@gw.test"}), lambda message_id, mark: (message_id, mark) == ("<m1@gw.test>", "good"))
REPORT = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
NULL = "<>"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("fields", "reverse_path", "kind", "code"),
    [
        # fields of the mail, envelope sender, kind, why it is not answered
        ([], "ann@customer.test", "person", None),
        (["Auto-Submitted: no"], "ann@customer.test", "person", None),
        (["Auto-Submitted: No (really)"], "ann@customer.test", "person", None),
        (["Auto-Submitted: auto-replied"], "ann@customer.test", "auto-reply", "machine-sender"),
        (["auto-submitted: AUTO-REPLIED; owner-email=x@x.test"], "ann@customer.test", "auto-reply", "machine-sender"),
        (["Auto-Submitted: auto-generated (cron)"], "ann@customer.test", "auto-generated", "machine-sender"),
        (["Auto-Submitted: auto-notified"], "ann@customer.test", "auto-generated", "machine-sender"),
        (["X-Auto-Submitted: auto-replied"], "ann@customer.test", "person", None),  # not the field of RFC 3834
        (["X-Autoreply: yes"], "ann@customer.test", "auto-reply", "machine-sender"),
        (["X-Autorespond: Re: hi"], "ann@customer.test", "auto-reply", "machine-sender"),
        (["Precedence: auto_reply"], "ann@customer.test", "auto-reply", "machine-sender"),
        (["Precedence: bulk"], "ann@customer.test", "bulk", "machine-sender"),
        (["Precedence: LIST"], "ann@customer.test", "bulk", "machine-sender"),
        (["Precedence: first-class"], "ann@customer.test", "person", None),
        (["List-Id: <news.x.test>"], "ann@customer.test", "bulk", "machine-sender"),
        (["List-Unsubscribe: <mailto:u@x.test>"], "ann@customer.test", "bulk", "machine-sender"),
        (["Subject: Precedence: bulk", "X-Note: List-Id"], "ann@customer.test", "person", None),
        (["X-Auto-Response-Suppress: All"], "ann@customer.test", "auto-generated", "machine-sender"),
        (["X-Auto-Response-Suppress: DR, OOF"], "ann@customer.test", "auto-generated", "machine-sender"),
        (["X-Auto-Response-Suppress: DR, RN"], "ann@customer.test", "person", None),  # about receipts only
        (["X-Loop: other-desk"], "ann@customer.test", "auto-generated", "machine-sender"),
        (["X-FC-Machinegenerated: true"], "ann@customer.test", "auto-generated", "machine-sender"),
        ([], NULL, "auto-generated", "null-sender"),
        ([REPORT], NULL, "report", "null-sender"),
        ([REPORT], "ann@customer.test", "report", "machine-sender"),
        (["Auto-Submitted: auto-replied", "List-Id: <x>"], "ann@customer.test", "auto-reply", "machine-sender"),
        # answers would go to somebody else than the author
        ([], "other@customer.test", "person", "envelope-differs"),
        ([], "ann+desk@customer.test", "person", "envelope-differs"),
        ([], "ANN@Customer.test", "person", None),
        ([], "prvs=0123456789=ann@customer.test", "person", None),
        ([], "SRS0=HHHH=TT=customer.test=ann@forwarder.test", "person", None),
        # own mail come back
        (["Message-ID: <m1@gw.test>", "X-Mailwicket-Loop: good"], "ann@customer.test", "loop", "own-address"),
        (["Message-ID: <m2@gw.test>", "X-Mailwicket-Loop: good"], "ann@customer.test", "person", None),
        (["X-Mailwicket-Loop: good"], "ann@customer.test", "person", None),
        (["X-Mailwicket-Loop: no", "X-Mailwicket-Auth: agent"], "ann@customer.test", "person", None),
        # control fields of other systems mean nothing here
        (["X-Zammad-Ignore: true", "X-OTRS-Loop: 1", "RT-Send-Bcc: e@x.test"], "ann@customer.test", "person", None),
    ],
)
def test_kind_and_answer(fields: list[str], reverse_path: str, kind: str, code: str | None):
    found = classify(mail(*fields), envelope(None if reverse_path == NULL else reverse_path), OWN)
    assert (found.kind, found.no_response_code, found.may_respond) == (kind, code, code is None)
    assert found.reason


@pytest.mark.parametrize(
    ("address", "kind", "code"),
    [
        # author and envelope sender
        ("MAILER-DAEMON@mx.test", "report", "machine-sender"),
        ("mailer_daemon@mx.test", "report", "machine-sender"),
        ("postmaster@mx.test", "person", "machine-sender"),
        ("root@mx.test", "person", "machine-sender"),
        ("no-reply@shop.test", "auto-generated", "machine-sender"),
        ("donotreply@shop.test", "auto-generated", "machine-sender"),
        ("orders.noreply@shop.test", "auto-generated", "machine-sender"),
        ("noreply+4711@shop.test", "auto-generated", "machine-sender"),
        ("list-bounces@list.test", "person", "machine-sender"),
        ("owner-news@list.test", "person", "machine-sender"),
        ("nora.reply@shop.test", "person", None),
        ("notreplying@shop.test", "person", None),
        ("daemona@shop.test", "person", None),
        ("support@gw.test", "loop", "own-address"),
        ("Support@GW.test", "loop", "own-address"),
    ],
)
def test_names_that_machines_use(address: str, kind: str, code: str | None):
    found = classify(mail(author=f"From: {address}"), envelope(address), OWN)
    assert (found.kind, found.no_response_code) == (kind, code)


@pytest.mark.parametrize("author", ["From: a@x.test, b@x.test", "From: a@x.test\nFrom: b@x.test"])
def test_an_ambiguous_author_gets_no_answer(author: str):
    assert classify(mail(author=author), envelope("a@x.test"), OWN).no_response_code == "ambiguous-from"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ann@x.test", "ann@x.test"),
        ("prvs=4123abcdef=ann@x.test", "ann@x.test"),
        ("prvs=ann/4123abcdef@x.test", "ann@x.test"),
        ("btv1==012345abcdef==ann@x.test", "ann@x.test"),
        ("SRS0=xyz=9A=x.test=ann@fwd.test", "ann@x.test"),
        ("srs0+xyz=9A=x.test=ann@fwd.test", "ann@x.test"),
        ("SRS1=abc=fwd.test==xyz=9A=x.test=ann@fwd2.test", "ann@x.test"),
        ("SRS0=broken@fwd.test", "SRS0=broken@fwd.test"),
        ("ann+caf_=support=gw.test@x.test", "ann+caf_=support=gw.test@x.test"),
    ],
)
def test_tags_of_batv_and_srs_are_removed(path: str, expected: str):
    assert return_address(path) == expected
