"""What an address is, and who alone may be taken for the author of a mail."""

import pytest

from gateway.errors import PermanentError
from gateway.message.address import OwnAddresses, author, domain_of, mailboxes, normal, path_address, sub_address


@pytest.mark.parametrize(
    ("path", "smtputf8", "expected"),
    [
        # content of <>, SMTPUTF8, the address or the reply's code and status
        ("ann@x.test", False, "ann@x.test"),
        ("Ann@X.TEST", False, "Ann@x.test"),
        ("ann@x.test.", False, "ann@x.test"),
        ("ann@x", False, "ann@x"),
        ("@h1.test,@h2.test:ann@x.test", False, "ann@x.test"),
        ("@[127.0.0.1]:ann@x.test", False, "ann@x.test"),
        ('"ann"@x.test', False, "ann@x.test"),
        ('"a\\nn"@x.test', False, "ann@x.test"),
        ('"a b"@x.test', False, '"a b"@x.test'),
        ('"a@b"@x.test', False, '"a@b"@x.test'),
        ('"a\\"b"@x.test', False, '"a\\"b"@x.test'),
        ("a..b@x.test", False, '"a..b"@x.test'),  # no dot-string, but an address of a real provider
        ("a.@x.test", False, '"a."@x.test'),
        ("a@my_host.test", False, "a@my_host.test"),
        ("a@[127.0.0.1]", False, "a@[127.0.0.1]"),
        ("a@[ipv6:0:0:0:0:0:0:0:1]", False, "a@[IPv6:::1]"),
        ("jös@x.test", True, "jös@x.test"),
        ("ann@BÜCHER.test", True, "ann@xn--bcher-kva.test"),
        ("ann@faß.test", True, "ann@xn--fa-hia.test"),  # not fass.test: IDNA 2008
        ("jös@x.test", False, "553 5.1.3"),
        ("ann@bücher.test", False, "553 5.1.3"),
        ("", False, "501 5.1.3"),
        ("ann", False, "501 5.1.3"),
        ("@x.test", False, "501 5.1.3"),
        ('""@x.test', False, "501 5.1.3"),
        ('"a@x.test', False, "501 5.1.3"),
        ("a b@x.test", False, "501 5.1.3"),
        ("a@x.test>", False, "501 5.1.3"),
        ("a@x..test", False, "501 5.1.3"),
        ("a@-x.test", False, "501 5.1.3"),
        ("a@x y.test", False, "501 5.1.3"),
        ("a@[300.0.0.1]", False, "501 5.1.3"),
        ("a@[IPv6:zz]", False, "501 5.1.3"),
        ("a@[127.0.0.1", False, "501 5.1.3"),
        ("a@ⅹ.test", True, "501 5.1.3"),  # ⅹ is one character that others fold to x
        ("a@x。test", True, "501 5.1.3"),
        ("a@xn--\x80", True, "501 5.1.3"),
        ("a@xn--999999999999.test", False, "501 5.1.3"),
        ("a\0b@x.test", False, "501 5.1.3"),
        ("a\r@x.test", False, "501 5.1.3"),
        ("a\udcff@x.test", True, "501 5.1.3"),
        ("a" * 247 + "@x.test", False, "a" * 247 + "@x.test"),  # 254 octets
        ("a" * 248 + "@x.test", False, "501 5.1.3"),
        ("a" * 300 + "@x.test", False, "501 5.1.3"),
        ("a@" + "x." * 200 + "test", False, "501 5.1.3"),
        ("a@" + "x" * 64 + ".test", False, "501 5.1.3"),
    ],
)
def test_a_path_is_one_spelling_or_a_refusal(path: str, smtputf8: bool, expected: str):
    try:
        found = path_address(path, smtputf8=smtputf8)
    except PermanentError as e:
        found = e.reply[: len("501 5.1.3")]
    assert found == expected


def test_a_refused_sender_gets_the_status_of_senders():
    with pytest.raises(PermanentError, match="syntax") as refused:
        path_address("a b@x.test", smtputf8=True, sender=True)
    assert refused.value.reply.startswith("501 5.1.7 ")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ann@X.Test", "ann@x.test"),
        ("ann@xn--BCHER-kva.test", "ann@xn--bcher-kva.test"),
        ("ann@Bücher.test", "ann@xn--bcher-kva.test"),
        ('"Ann"@x.test', "ann@x.test"),
        ("JÖS@x.test", "jÖs@x.test"),  # only ASCII letters lose their case
        ("KATE@x.test", "kate@x.test"),
        ("\u212aate@x.test", "\u212aate@x.test"),  # the Kelvin sign is no k
        ("No Address", "no address"),
        ("\udcff@", "\udcff@"),
    ],
)
def test_addresses_compare_by_one_spelling(address: str, expected: str):
    assert normal(address) == expected
    assert normal(expected) == expected


@pytest.mark.parametrize(("address", "domain"), [("a@X.Test", "x.test"), ("a", ""), ('"a@b"@c.test', "c.test")])
def test_the_domain_of_an_address(address: str, domain: str):
    assert domain_of(address) == domain


@pytest.mark.parametrize(
    ("address", "delimiter", "expected"),
    [
        ("support+t4812.T@x.test", "+", ("support@x.test", "t4812.T")),
        ("support+a+b@x.test", "+", ("support@x.test", "a+b")),
        ("support@x.test", "+", ("support@x.test", None)),
        ("support+@x.test", "+", ("support@x.test", "")),
        ("+t1@x.test", "+", ("+t1@x.test", None)),
        ("support--t1@x.test", "--", ("support@x.test", "t1")),
        ('"a b+t"@x.test', "+", ('"a b"@x.test', "t")),
        ("support+t@x.test", "", ("support+t@x.test", None)),
        ("support+t", "+", ("support+t", None)),
    ],
)
def test_a_sub_address_is_cut_at_the_first_delimiter(address: str, delimiter: str, expected: tuple[str, str | None]):
    assert sub_address(address, delimiter) == expected


BOB = "bob@evil.example"
ALICE = "alice@good.example"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("value", "name"),
    [
        (f'"{ALICE}" <{BOB}>', ALICE),
        (f"{BOB} ({ALICE})", ALICE),
        (f"=?utf-8?q?alice=40good.example?= <{BOB}>", ALICE),
        (f'"=?utf-8?q?x=22_=3Calice=40good.example=3E?=" <{BOB}>', f'x" <{ALICE}>'),
        (BOB, ""),
        (f"<{BOB}>", ""),
        (f"Bob B. <{BOB}>", "Bob B."),
        (f'"Bob, B" <{BOB}>', "Bob, B"),
        (f'"Bob \\"the\\" B" <{BOB}> (at work)', 'Bob "the" B'),
        (f"=?utf-8?q?B=C3=B6b?= =?utf-8?q?_B?= <{BOB}>", "Böb B"),
        (f"Böb <{BOB}>", "Böb"),
        (f"Bob <{BOB.upper()}>", "Bob"),
        (f"{BOB} <{BOB.upper()}>", BOB),  # the same twice is no second reading
    ],
)
def test_d03_certain_authors(value: str, name: str):
    found, ambiguous = author([value])
    assert found is not None
    assert (found.name, normal(found.address), ambiguous) == (name, BOB, False)


@pytest.mark.p0
@pytest.mark.parametrize(
    "values",
    [
        [f"{ALICE} <{BOB}>"],
        [f"{ALICE}, {BOB}"],
        [f"{ALICE}."],  # the domain's policy may be looked up under another name
        [f"Alice <{ALICE}.>"],
        [f"{ALICE}(<{BOB}>"],
        [f"<{ALICE}><{BOB}>"],
        ["alice@good.example@evil.example"],
        ["undisclosed:;"],
        [f'"a" <{BOB}>, {ALICE}'],
        [f"{ALICE}\0 <{BOB}>"],
        [f"Team: {ALICE}, {BOB};"],
        ["@evil.example:alice@good.example"],
        [f"<@evil.example:{ALICE}>"],
        [BOB, BOB],  # a second field, even an equal one
        [f"Bob {BOB}"],
        [f"Bob <{BOB}> {ALICE}"],
        [f"Bob <{BOB}> Alice"],
        [f"Smith, Bob <{BOB}>"],
        ["<=?utf-8?q?alice?=@good.example>"],
        ["=?utf-8?q?alice?=@good.example"],
        [f"=?utf-8?q?a<{ALICE}>?= <{BOB}>"],  # others split inside the word
        [f'"unclosed <{BOB}>'],
        [f"Bob <{BOB}"],
        ["Bob <b ob@evil.example>"],
        ["bob@evil..example"],
    ],
)
def test_d03_ambiguous_authors_are_nobody(values: list[str]):
    assert author(values) == (None, True)


@pytest.mark.parametrize("values", [[], [""], ["<>"], ["Bob"], ['"Bob" <>'], ["root (Cron)"]])
def test_a_mail_may_name_nobody(values: list[str]):
    assert author(values) == (None, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@x.test", ["ann@x.test"]),
        ("Ann <ann@x.test>, bob@x.test", ["Ann <ann@x.test>", "bob@x.test"]),
        ('"Lee, Ann" <ann@x.test>', ["Lee, Ann <ann@x.test>"]),
        ("Team: Ann <ann@x.test>, bob@x.test;, carl@x.test", ["Ann <ann@x.test>", "bob@x.test", "carl@x.test"]),
        ("undisclosed-recipients:;", []),
        ("ann@x.test (Ann Lee)", ["Ann Lee <ann@x.test>"]),
        ('"ann "@x.test', ['"ann "@x.test']),  # somebody else
        ('"a nn"@x.test', ['"a nn"@x.test']),
        ("Ann ann@x.test", ["Ann <ann@x.test>"]),
        ("<@h1.test,@h2.test:ann@x.test>", ["ann@x.test"]),
        ("<<ann@x.test>>", ["ann@x.test"]),
        ("<ann@x.test, <bob@x.test>", ["ann@x.test", "bob@x.test"]),
        ("ann @ x.test", ["ann@x.test"]),
        ("'ann@x.test'; 'Bob' <bob@x.test>", ["ann@x.test", "'Bob' <bob@x.test>"]),
        ("ANN@x.test, ann@X.test", ["ANN@x.test"]),
        ("nobody, ann@x.test", ["ann@x.test"]),
        (",;,", []),
        ('"', []),
    ],
)
def test_the_mailboxes_of_a_field(value: str, expected: list[str]):
    assert [str(m) for m in mailboxes([value], 10)] == expected


def test_no_more_mailboxes_than_asked_for():
    many = ", ".join(f"u{n}@x.test" for n in range(50))
    assert [m.address for m in mailboxes([many, "late@x.test"], 3)] == ["u0@x.test", "u1@x.test", "u2@x.test"]


@pytest.mark.parametrize(
    ("address", "delimiter", "ours"),
    [
        ("support@gw.test", "+", True),
        ("Support@GW.test", "+", True),
        ("support+foo@gw.test", "+", True),
        ("SUPPORT+t20-1.abc@gw.test", "+", True),
        ("support+cmd@gw.test", "+", True),
        ("bounce+q12.abc@gw.test", "+", True),
        ("support-foo@gw.test", "+", False),
        ("support-foo@gw.test", "-", True),
        ("help-desk-t4.abc@gw.test", "-", True),  # the name has the delimiter itself
        ("help-line@gw.test", "-", False),
        ("support+foo@other.test", "+", False),
        ("ann@agents.test", "+", True),
        ("ann+lists@agents.test", "+", False),  # whose that is, is for its domain to say
        ("+foo@gw.test", "+", False),
        ("support", "+", False),
        ("", "+", False),
    ],
)
def test_an_address_of_ours_is_ours_with_all_its_sub_addresses(address: str, delimiter: str, ours: bool) -> None:
    bases = frozenset({"support@gw.test", "bounce@gw.test", "help-desk@gw.test"})
    assert (address in OwnAddresses(bases, delimiter, frozenset({"ann@agents.test"}))) is ours
