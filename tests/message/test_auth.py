"""Only the field that our own boundary wrote is believed (RFC 8601 §5)."""

import pytest

from gateway.message.auth import authenticate
from tests.message.read import mail

OURS = "Received: from relay.test by mx.gw.test (Postfix); Mon, 2 Nov 2026 08:00:00 +0000"
FOREIGN = "Received: from a.test by relay.test; Mon, 2 Nov 2026 07:59:00 +0000"
FORGED = "Authentication-Results: mx.gw.test; dmarc=pass header.from=customer.test"
FAIL = "Authentication-Results: mx.gw.test; dmarc=fail header.from=customer.test; spf=softfail; dkim=none"
PASS = "Authentication-Results: mx.gw.test 1; dmarc=pass; dkim=fail; dkim=pass header.d=customer.test; spf=pass"
NONE = ("none", "none", "none", None)


@pytest.mark.p0
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # fields from the top, dmarc dkim spf by
        ([PASS, OURS, FOREIGN], ("pass", "pass", "pass", "mx.gw.test")),
        ([FAIL, OURS, FOREIGN, FORGED], ("fail", "none", "fail", "mx.gw.test")),
        ([FAIL, PASS, OURS], ("fail", "none", "fail", "mx.gw.test")),  # the topmost one, never joined
        (["Authentication-Results: other.test; dmarc=pass", FAIL, OURS], ("fail", "none", "fail", "mx.gw.test")),
        (["AUTHENTICATION-results: MX.GW.Test;\n dmarc=pass", OURS], ("pass", "none", "none", "mx.gw.test")),
        (["Authentication-Results: mx.gw.test; none", OURS], ("none", "none", "none", "mx.gw.test")),
        # what stands below our Received field came from outside
        ([OURS, FORGED], NONE),
        ([OURS, FOREIGN, FORGED], NONE),
        ([OURS, *[FORGED] * 50], NONE),
        ([OURS, "Authentication-Results: mx.gw.test (x);\n dmarc=pass"], NONE),
        ([OURS, "authentication-results:\n MX.GW.TEST; dmarc=pass"], NONE),
        # nobody of ours has seen the mail
        ([FORGED], NONE),
        ([FORGED, FOREIGN], NONE),
        # other names, other spellings, other letters
        (["Authentication-Results: evil-mx.gw.test; dmarc=pass", OURS], NONE),
        (["Authentication-Results: (mx.gw.test) evil.test; dmarc=pass", OURS], NONE),
        (["Authentication-Results: =?utf-8?q?mx.gw.test=3B_dmarc=3Dpass?=", OURS], NONE),
        (["Authentication-Results: mx.gw.test\u037e dmarc=pass", OURS], NONE),  # NFC makes this character a semicolon
        (["X-Authentication-Results: mx.gw.test; dmarc=pass", OURS], NONE),
        # what cannot be read is not believed
        (["Authentication-Results: mx.gw.test; " + "(" * 5000 + " dmarc=pass", OURS], NONE),
        (["Authentication-Results: mx.gw.test; " + "x=pass; " * 5000 + "dmarc=pass", OURS], NONE),
        (["Authentication-Results: mx.gw.test; dmarc", OURS], NONE),
        (["Authentication-Results: mx.gw.test; dmarc=pass; dmarc=fail", OURS], ("fail", "none", "none", "mx.gw.test")),
    ],
)
def test_d02_who_is_believed(fields: list[str], expected: tuple[str, str, str, str | None]):
    found = authenticate(mail(*fields), ("MX.gw.test",))
    assert (found.dmarc, found.dkim, found.spf, found.by) == expected


def test_without_trusted_hosts_nothing_is_believed():
    assert authenticate(mail(PASS, OURS), ()).by is None


@pytest.mark.parametrize(
    ("author", "about", "dmarc"),
    [
        # our From, the domain that the verdict is about
        ("jan@customer.test", "customer.test", "pass"),
        ("jan@mail.customer.test", "Customer.Test", "pass"),  # its organisational domain
        ("jan@customer.test", "jan@customer.test", "pass"),
        ("eva@evil.test", "customer.test", "fail"),
        ("jan@customer.test", "evilcustomer.test", "fail"),
        ("jan@evilcustomer.test", "customer.test", "fail"),
        ("jan@customer.test, eva@evil.test", "customer.test", "fail"),
    ],
)
def test_a_verdict_about_another_from_than_ours_is_a_failure(author: str, about: str, dmarc: str):
    verdict = f"Authentication-Results: mx.gw.test; dmarc=pass header.from={about}"
    assert authenticate(mail(verdict, OURS, author=f"From: {author}"), ("mx.gw.test",)).dmarc == dmarc


@pytest.mark.parametrize(
    ("said", "aligned"),
    [
        # what the trusted host found, whether it proves the author's own domain, for jan@customer.test
        ("dkim=pass header.d=customer.test", True),
        ("dkim=pass header.d=Customer.Test", True),
        ("dkim=pass header.d=evil.test; dkim=pass header.d=customer.test", True),
        ("dkim=fail header.d=customer.test; dkim=pass header.d=evil.test", False),
        ("dkim=pass header.d=mail.customer.test", False),  # a machine below the domain speaks for itself
        ("dkim=pass", False),
        ("spf=pass smtp.mailfrom=bounce@customer.test", True),
        ("spf=pass smtp.mailfrom=customer.test", True),
        ("spf=pass smtp.helo=customer.test", False),
        ("spf=softfail smtp.mailfrom=customer.test", False),
        ("auth=pass smtp.auth=Jan@customer.test", True),
        ("auth=pass smtp.auth=ola@customer.test", False),
        ("auth=pass smtp.auth=jan", False),
        ("auth=fail smtp.auth=jan@customer.test", False),
        ("none", False),
    ],
)
def test_what_proves_the_author_without_dmarc(said: str, aligned: bool):
    verdict = f"Authentication-Results: mx.gw.test; {said}"
    found = authenticate(mail(verdict, OURS, author="From: jan@customer.test"), ("mx.gw.test",))
    assert found.aligned is aligned
