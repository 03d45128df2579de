"""DKIM, SPF and DMARC of real mails, asked of a name server that the test is."""

import time
from collections.abc import Mapping, Sequence

import dkim
import pytest

from gateway.message.types import OURSELVES, Auth
from gateway.verifying.dns import Questions, resolver
from gateway.verifying.origin import Client, checked
from tests.nameserver import Nameserver

REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"
STRICT = "v=DMARC1; p=quarantine; adkim=s; aspf=s"
PEER = "192.0.2.10"
MAIL = b"From: Jan <jan@bigbank.test>\r\nTo: support@acme.test\r\nSubject: Zwrot\r\n\r\nProsze o zwrot.\r\n"


def signed(raw: bytes, private: bytes, domain: str = "bigbank.test", **options: object) -> bytes:
    made = dkim.sign(raw, b"s1", domain.encode(), private, **({"include_headers": [b"from", b"subject"]} | options))
    return bytes(made) + raw


def verdicts(
    raw: bytes,
    zone: Mapping[tuple[str, str], Sequence[str]],
    *,
    author: str = "bigbank.test",
    sender: str | None = None,
    silent: Sequence[str] = (),
    within: float = 5,
) -> Auth:
    """sender  the reverse-path of a mail that came from PEER; None came by a relay of ours"""
    client = Client(PEER, "mx.bigbank.test", sender) if sender is not None else None
    with Nameserver(zone, silent) as server:
        return checked(raw, author, client, Questions(resolver(server.place), time.monotonic() + within))


def zone_of(public: str, policy: str | None, signer: str = "bigbank.test") -> dict[tuple[str, str], Sequence[str]]:
    """The key of the signer, and the policy of bigbank.test."""
    made: dict[tuple[str, str], Sequence[str]] = {(f"s1._domainkey.{signer}", "TXT"): [public]}
    return made | ({("_dmarc.bigbank.test", "TXT"): [policy]} if policy else {})


@pytest.mark.parametrize(
    ("signer", "author", "policy", "dkim_result", "dmarc", "aligned"),
    [
        # d= of the signature, domain of the author, record of bigbank.test, DKIM, DMARC, whether it is the author's
        ("bigbank.test", "bigbank.test", REJECT, "pass", "pass", True),
        ("bigbank.test", "bigbank.test", NONE, "pass", "pass", True),
        ("bigbank.test", "bigbank.test", None, "pass", "none", True),
        ("mail.bigbank.test", "bigbank.test", REJECT, "pass", "pass", True),  # relaxed: the same organisation
        ("mail.bigbank.test", "bigbank.test", STRICT, "pass", "fail", False),
        ("bigbank.test", "branch.bigbank.test", REJECT, "pass", "pass", True),  # the policy of the organisation
        ("evil.test", "bigbank.test", REJECT, "pass", "fail", False),
        ("evil.test", "bigbank.test", NONE, "pass", "fail", False),  # it publishes a policy
        ("evil.test", "bigbank.test", None, "pass", "none", False),
        ("notbigbank.test", "bigbank.test", REJECT, "pass", "fail", False),
        ("bank.test", "big-bank.test", None, "pass", "none", False),
        ("bigbank.test", "bigbank.test", "v=DMARC2; p=reject", "pass", "none", True),
    ],
)
def test_a_signature_speaks_for_the_domain_of_the_author(key, signer, author, policy, dkim_result, dmarc, aligned):
    found = verdicts(signed(MAIL, key[0], signer), zone_of(key[1], policy, signer), author=author)
    assert found == Auth(dmarc=dmarc, dkim=dkim_result, spf="none", by=OURSELVES, aligned=aligned)


@pytest.mark.parametrize(
    ("how", "dkim_result"),
    [
        # what happened to the mail or its key, DKIM; DMARC is a failure in every row
        ("no signature", "none"),
        ("the body was changed", "fail"),
        ("a mailing list added its footer", "fail"),
        ("a mailing list changed the subject", "fail"),
        ("a second From was put above it", "fail"),
        ("a part of the body is signed", "none"),
        ("From is not signed", "none"),
        ("there is no key", "fail"),
        ("the key was withdrawn", "fail"),
        ("the record of the key is huge", "fail"),
        ("the signature is garbage", "fail"),
    ],
)
def test_a_signature_that_does_not_hold_proves_nothing(key, how, dkim_result):
    raw, zone = signed(MAIL, key[0]), zone_of(key[1], REJECT)
    name = ("s1._domainkey.bigbank.test", "TXT")
    match how:
        case "no signature":
            raw = MAIL
        case "the body was changed":
            raw = raw.replace(b"zwrot", b"ZWROT")
        case "a mailing list added its footer":
            raw += b"-- \r\nlist@lists.test\r\n"
        case "a mailing list changed the subject":
            raw = raw.replace(b"Subject: ", b"Subject: [list] ")
        case "a second From was put above it":
            raw = b"From: ceo@bigbank.test\r\n" + raw
        case "a part of the body is signed":
            raw = signed(MAIL, key[0], length=True) + b"More words.\r\n"
        case "From is not signed":
            raw = raw.replace(b"h=from : ", b"h=")
        case "there is no key":
            del zone[name]
        case "the key was withdrawn":
            zone[name] = ["v=DKIM1; p="]
        case "the record of the key is huge":
            zone[name] = [f"{key[1]}; n={'x' * 5000}"]
        case "the signature is garbage":
            raw = b"DKIM-Signature: v=1; a=rsa-sha256; d=bigbank.test; s=s1; h=from; bh=!; b=!\r\n" + MAIL
    found = verdicts(raw, zone)
    assert (found.dkim, found.dmarc) == (dkim_result, "fail")


@pytest.mark.parametrize(
    ("record", "sender", "spf", "dmarc"),
    [
        # record of the domain of the reverse-path, reverse-path, SPF, DMARC of bigbank.test that rejects
        ("v=spf1 ip4:192.0.2.10 -all", "jan@bigbank.test", "pass", "pass"),
        ("v=spf1 ip4:192.0.2.10 -all", "jan@news.bigbank.test", "pass", "pass"),
        ("v=spf1 ip4:192.0.2.10 -all", "jan@evil.test", "pass", "fail"),
        ("v=spf1 a mx -all", "jan@bigbank.test", "pass", "pass"),
        ("v=spf1 ip4:192.0.2.99 -all", "jan@bigbank.test", "fail", "fail"),
        ("v=spf1 ip4:192.0.2.99 ~all", "jan@bigbank.test", "fail", "fail"),
        ("v=spf1 ip4:192.0.2.99 ?all", "jan@bigbank.test", "none", "fail"),
        ("v=spf1 ip4:nonsense -all", "jan@bigbank.test", "permerror", "fail"),
        ("v=spf1 include:loop.test -all", "jan@bigbank.test", "permerror", "fail"),
        ("v=spf1 a:b1.test a:b2.test a:b3.test -all", "jan@bigbank.test", "permerror", "fail"),  # no such names
        ("v=spf1 include:dead.test -all", "jan@bigbank.test", "temperror", "temperror"),
        ("v=spf1 include:dead.test -all", "jan@evil.test", "temperror", "fail"),  # his own dead domain helps nobody
        ("no policy", "jan@bigbank.test", "none", "fail"),
    ],
)
def test_spf_speaks_for_the_reverse_path(record, sender, spf, dmarc):
    domain = sender.rpartition("@")[2]
    zone = {
        ("_dmarc.bigbank.test", "TXT"): [REJECT],
        (domain, "TXT"): [record],
        (domain, "MX"): [f"10 mx.{domain}."],
        (f"mx.{domain}", "A"): [PEER],
        ("loop.test", "TXT"): ["v=spf1 include:loop.test -all"],
    }
    found = verdicts(MAIL, zone, sender=sender, silent=("dead.test",), within=2)
    assert (found.spf, found.dmarc, found.dkim) == (spf, dmarc, "none")


def test_a_bomb_of_lookups_ends_after_ten() -> None:
    zone = {("bigbank.test", "TXT"): ["v=spf1 include:b0.test -all"], ("_dmarc.bigbank.test", "TXT"): [REJECT]}
    zone |= {(f"b{n}.test", "TXT"): [f"v=spf1 include:b{n + 1}.test include:c{n}.test -all"] for n in range(50)}
    with Nameserver(zone) as server:
        questions = Questions(resolver(server.place), time.monotonic() + 5)
        found = checked(MAIL, "bigbank.test", Client(PEER, "mx.test", "jan@bigbank.test"), questions)
    assert (found.spf, found.dmarc) == ("permerror", "fail")
    assert server.asked.total() <= 14


def test_five_signatures_are_asked_about_and_those_of_the_author_first(key) -> None:
    raw = signed(MAIL, key[0])
    for n in range(20):
        raw = signed(raw, key[0], f"d{n}.test")
    with Nameserver(zone_of(key[1], REJECT)) as server:
        found = checked(raw, "bigbank.test", None, Questions(resolver(server.place), time.monotonic() + 5))
    assert (found.dkim, found.dmarc) == ("pass", "pass")
    assert len([name for name in server.asked if "_domainkey" in name]) == 5


@pytest.mark.parametrize(
    ("silent", "dkim_result", "dmarc"),
    [
        # who gives no answer, DKIM, DMARC
        (("test",), "temperror", "temperror"),
        (("_dmarc.bigbank.test",), "pass", "temperror"),
        (("_domainkey.bigbank.test",), "temperror", "temperror"),
    ],
)
def test_without_an_answer_nothing_is_known(key, silent, dkim_result, dmarc) -> None:
    before = time.monotonic()
    found = verdicts(signed(MAIL, key[0]), zone_of(key[1], REJECT), silent=silent, within=0.4)
    assert (found.dkim, found.dmarc) in ((dkim_result, dmarc), ("temperror", dmarc))
    assert time.monotonic() - before < 2


def test_slow_domains_of_a_stranger_do_not_hide_that_he_fails(key) -> None:
    raw = MAIL
    for n in range(10):
        raw = signed(raw, key[0], f"d{n}.dead.test")
    found = verdicts(raw, zone_of(key[1], REJECT), sender="x@dead.test", silent=("dead.test",), within=0.5)
    assert found.dmarc == "fail"


def test_runs_of_blanks_cost_nothing(key) -> None:
    raw = signed(MAIL + b"x" + b" " * 100 + b"\r\n", key[0]).replace(b" " * 100, b" " * 500_000)
    before = time.monotonic()
    assert verdicts(raw, zone_of(key[1], REJECT)).dmarc == "fail"
    assert time.monotonic() - before < 2


def test_an_answer_is_kept_as_long_as_it_says() -> None:
    with Nameserver({("_dmarc.bigbank.test", "TXT"): [REJECT]}) as server:
        asked = resolver(server.place)
        for _ in range(3):
            checked(MAIL, "bigbank.test", None, Questions(asked, time.monotonic() + 5))
    assert server.asked["_dmarc.bigbank.test"] == 1
