"""Whatever a value holds, it stays inside its field (acceptance F-01, F-02)."""

from email.header import decode_header, make_header

import pytest

from gateway.outgoing.header import clean_header, clean_text, ids_field, mailbox_field, text_field, usable_ids

EVIL = [
    # what somebody would like to have in a header
    "x\r\nBcc: evil@x.test",
    "x\nBcc: evil@x.test",
    "x\rBcc: evil@x.test",
    "x\r\n\r\n<html>body",
    "x\x00Bcc: evil",
    "x\x0bBcc: evil",
    "x\x0cBcc: evil",
    "x\x1cBcc: evil",
    "x\x85Bcc: evil",
    "x\u2028Bcc: evil",
    "x\u2029Bcc: evil",
    "x\ud800Bcc: evil",
    "x\udcffBcc: evil",
    "x\u202egro.live",
    "x\x7f",
    "=?utf-8?B?DQpCY2M6IGV2aWxAeC50ZXN0?=",  # decodes to a line end and Bcc
    "=?utf-8?q?x=0D=0ABcc:_evil?=",
    "\r\n",
    "a" * 5000,
    "ą" * 5000,
    "a b " * 400,
    '"><script>\\',
]


@pytest.mark.parametrize("value", EVIL)
def test_a_text_stays_in_its_field(value) -> None:
    assert_one_field(text_field("Subject", value), "Subject")


@pytest.mark.parametrize("value", EVIL)
def test_a_name_stays_in_its_field(value) -> None:
    written = mailbox_field("From", value, "support@acme.test")
    assert_one_field(written, "From")
    assert written.endswith("support@acme.test>\r\n") or written == "From: support@acme.test\r\n"


@pytest.mark.parametrize("value", EVIL)
def test_an_id_is_an_id_or_left_out(value) -> None:
    assert usable_ids((value, f"<{value}@x>", f"<x@{value}>")) == ()


def assert_one_field(written: str, name: str) -> None:
    raw = written.encode("ascii")
    assert raw.endswith(b"\r\n")
    first, *folded = raw[:-2].split(b"\r\n")
    assert first.startswith(name.encode() + b":")
    assert all(line[:1] == b" " and line.strip() for line in folded)
    assert max(len(line) for line in (first, *folded)) <= 998
    assert not set(raw) - set(range(0x20, 0x7F)) - {0x0D, 0x0A}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Zwrot\t10442 ", "Zwrot 10442"),
        ("a\r\n  b", "a b"),
        ("a\u2028b\x85c", "a b c"),
        ("👩‍💻 ok", "👩‍💻 ok"),  # joiners are letters' business
        ("\ud800", ""),
    ],
)
def test_clean_header(text, clean) -> None:
    assert clean_header(text) == clean


def test_clean_text_keeps_lines() -> None:
    assert clean_text("a\r\nb\n\tc\x00d\re") == "a\nb\n\tc d e"


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "Re: [#4812] Zwrot, order PL-10442",
        "Мы получили Ваше сообщение (#4812) и ответим на него как можно скорее, не позднее понедельника",
        "zażółć gęślą jaźń 😀 " * 8,
        "word " * 60,
        "x" * 200,
    ],
)
def test_a_subject_is_read_as_it_was_meant(text) -> None:
    written = text_field("Subject", text)
    value = written.removeprefix("Subject: ").replace("\r\n", "")
    assert str(make_header(decode_header(value))) == clean_header(text)
    assert max(map(len, written.split("\r\n"))) <= 78  # RFC 5322 §2.1.1


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "From: support@acme.test\r\n"),
        ("Acme Support", "From: Acme Support <support@acme.test>\r\n"),
        ("Acme, Inc.", 'From: "Acme, Inc." <support@acme.test>\r\n'),
        ('The "A" \\ team', 'From: "The \\"A\\" \\\\ team" <support@acme.test>\r\n'),
        ("Ana Kovač", "From: =?utf-8?B?QW5hIEtvdmHEjQ==?= <support@acme.test>\r\n"),
        ("support@bank.test", 'From: "support@bank.test" <support@acme.test>\r\n'),
    ],
)
def test_a_mailbox(name, written) -> None:
    assert mailbox_field("From", name, "support@acme.test") == written


def test_an_address_in_other_letters_is_not_written_into_a_field() -> None:
    assert mailbox_field("To", "", "żółw@x.test") == "To: undisclosed-recipients:;\r\n"


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        # ids that came, which are kept: the first and the last 9
        (0, []),
        (3, [0, 1, 2]),
        (10, list(range(10))),
        (30, [0, *range(21, 30)]),
    ],
)
def test_references_keep_the_first_and_the_last_nine(count, kept) -> None:
    ids = [f"<{n}@x.test>" for n in range(count)]
    assert list(usable_ids([*ids, *ids])) == [f"<{n}@x.test>" for n in kept]


def test_long_references_are_cut_after_the_first() -> None:
    ids = [f"<{n}{'x' * 200}@x.test>" for n in range(9)]
    kept = usable_ids(ids)
    assert kept[0] == ids[0]
    assert kept[-1] == ids[-1]
    assert len(ids_field("References", kept)) <= 998
    assert ids_field("References", ()) == ""
