"""Which parts a mail has, what is read of them, and what stays an attachment."""

import base64
import hashlib

import pytest

from gateway.message.limits import ParseLimits
from gateway.message.types import Message
from tests.message.read import FROM, body_of, codes, mail, read

MIXED = 'Content-Type: multipart/mixed; boundary="b"'
ALTERNATIVE = 'Content-Type: multipart/alternative; boundary="a"'
PLAIN = "Content-Type: text/plain\n\n"
HTML = "Content-Type: text/html\n\n"
RFC822 = "Content-Type: message/rfc822\n\n"
DIGEST = "Content-Type: multipart/digest; boundary=b"
PDF = "Content-Type: application/pdf; name=x.pdf\n\n"


def parts(*contents: str, head: str = MIXED, end: str = "--b--\n") -> Message:
    """A multipart of these parts, each with its header."""
    return read(f"{FROM}\n{head}\n\nnot shown\n" + "".join(f"--b\n{c}\n" for c in contents) + end + "not shown\n")


def names(message: Message) -> list[tuple[str, str]]:
    return [(a.part, a.name) for a in message.attachments]


@pytest.mark.parametrize(
    ("message", "text", "attachments"),
    [
        (mail(body="Hello"), "Hello", []),
        (parts(PLAIN + "one", PLAIN + "two"), "one\n\ntwo", []),
        (parts(PLAIN + "one", PDF + "x"), "one", [("1.2", "x.pdf")]),
        (parts("\none"), "one", []),  # a part without header is text
        (parts(PLAIN + "one", end=""), "one\nnot shown", []),  # no closing boundary
        (parts(PLAIN + "one", head='Content-Type: multipart/mixed; boundary="other"'), "one", []),  # not the declared
        (parts(PLAIN + "one", head="Content-Type: multipart/mixed"), "one", []),
        (parts(PLAIN + "one", head="Content-Type: multipart/strange; boundary=b"), "one", []),
        (parts("Content-Type: text/plain; name=log.txt\n\nx"), "x", [("1.1", "log.txt")]),  # for want of another text
        (parts(PLAIN + "one", "Content-Type: text/plain; name=log.txt\n\nx"), "one", [("1.2", "log.txt")]),
        (parts("Content-Type: text/html; name=a.html\n\n<p>x</p>"), "x", [("1.1", "a.html")]),
        (parts(PDF + "x", "Content-Disposition: attachment; filename=log.txt\n\nx"), "",
         [("1.1", "x.pdf"), ("1.2", "log.txt")]),
        (parts("Content-Disposition: attachment\n\nx"), "", [("1.1", "part-1.1.txt")]),
        (parts("Content-Type: text/csv\n\na;b"), "", [("1.1", "part-1.1.csv")]),
        (parts("Content-Type: nonsense\n\none"), "one", []),
        (parts("Content-Type: text\n\none"), "one", []),
        (parts("Content-Type: image/png\n\nx"), "", [("1.1", "part-1.1.png")]),
        # another mail's text is not this mail's
        (parts(PLAIN + "one", f"{RFC822}Subject: s\n\nINNER"), "one", [("1.2", "part-1.2.eml")]),
        (parts("\nSubject: s\n\nINNER", head=DIGEST), "", [("1.1", "part-1.1.eml")]),
        (
            parts(PLAIN + "one", f"{RFC822}Content-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--"),
            "one",
            [("1.2", "part-1.2.eml")],
        ),
        # the same in two forms
        (parts(f"{ALTERNATIVE}\n\n--a\n{PLAIN}plain\n--a\n{HTML}<p>plain</p>\n--a--"), "plain", []),
        (parts(f"{ALTERNATIVE}\n\n--a\n{HTML}<p>rich</p>\n--a--"), "rich", []),
        (parts(f"{ALTERNATIVE}\n\n--a\n{PLAIN}\n \n--a\n{HTML}<p>rich</p>\n--a--"), "rich", []),
        (
            parts(f"{ALTERNATIVE}\n\n--a\n{PLAIN}Use an HTML reader\n--a\n{HTML}<p>The invoice is wrong</p>\n--a--"),
            "The invoice is wrong",
            [],
        ),
        (
            parts(f"{ALTERNATIVE}\n\n--a\n{PLAIN}Thanks!\n--a\n{HTML}<p>Thanks!</p><p>Ann Lee, ACME</p>\n--a--"),
            "Thanks!",
            [],
        ),
        (
            parts(f"{ALTERNATIVE}\n\n--a\n{PLAIN}one\n--a\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--a--"),
            "one",
            [("1.1.2", "part-1.1.2.ics")],
        ),
        # nothing in it
        (read(""), "", []),
        (read("\n\n\n"), "", []),
        (read(f"{FROM}\n"), "", []),
        (read("No header at all.\n\nSecond paragraph."), "No header at all.\n\nSecond paragraph.", []),
        (parts(), "not shown", []),  # no parts at all: then what stands before them is shown
        # encrypted content stays closed
        (
            parts("Content-Type: application/pgp-encrypted\n\nVersion: 1", PLAIN + "-----BEGIN PGP MESSAGE-----",
                  head="Content-Type: multipart/encrypted; boundary=b"),
            "",
            [("1.1", "part-1.1.bin"), ("1.2", "part-1.2.txt")],
        ),
    ],
)  # fmt: skip
def test_text_and_attachments(message: Message, text: str, attachments: list[tuple[str, str]]):
    assert (message.text, names(message)) == (text, attachments)


@pytest.mark.parametrize(
    ("content", "encoding", "octets"),
    [
        (base64.encodebytes(b"\0\1\2" * 100), "base64", b"\0\1\2" * 100),
        (b"AAEC", "BASE64 (comment)", b"\0\1\2"),
        (b"A A\r\nE*C!", "base64", b"\0\1\2"),  # garbage inside
        (b"AAE", "base64", b"\0\1"),  # the end is missing
        (b"AA==\r\nAAE=", "base64", b"\0\0\1"),  # two texts glued together
        (b"a=3D=\r\nb=zz", "quoted-printable", b"a=b=zz"),
        (b'begin 644 x\r\n#``$"\r\n`\r\nend\r\n', "x-uuencode", b"\0\1\2"),
        (b"\0\1\2", "8bit", b"\0\1\2"),
        (b"\0\1\2", "nonsense", b"\0\1\2"),
    ],
)
def test_attachments_are_decoded_octets(content: bytes, encoding: str, octets: bytes):
    message = body_of(content, "application/x", f"Content-Transfer-Encoding: {encoding}")
    (found,) = message.attachments
    assert (found.size, found.sha256) == (len(octets), hashlib.sha256(octets).hexdigest())


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_large_attachments_are_the_same_octets(encoding: str):
    octets = bytes(range(33, 127)) * 20_000
    written = {
        "base64": base64.encodebytes(octets),
        "quoted-printable": octets.replace(b"=", b"=3D").replace(b"~", b"~=\r\n"),
        "8bit": octets,
    }[encoding]
    (found,) = body_of(written, "application/x", f"Content-Transfer-Encoding: {encoding}").attachments
    assert (found.size, found.sha256) == (len(octets), hashlib.sha256(octets).hexdigest())


def test_attachments_know_how_the_text_refers_to_them():
    message = parts(
        "Content-Type: text/html\n\n<img src=cid:logo@x>",
        "Content-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline; filename=logo.png\n\nx",
        head="Content-Type: multipart/related; boundary=b",
    )
    (found,) = message.attachments
    assert (found.content_id, found.inline, found.name, found.media_type) == ("logo@x", True, "logo.png", "image/png")
    assert message.html == '<img src="cid:logo@x">'


def test_flowed_text_becomes_paragraphs():
    text = "One two \r\nthree.\r\n\r\n> quoted \r\n> words\r\n>> older \r\n-- \r\nAnn"
    message = body_of(text.encode(), "text/plain; format=flowed")
    assert (message.text, message.quoted) == ("One two three.", "> quoted words\n>> older")
    assert message.signature == "-- \nAnn"
    assert body_of(b"long \r\nword", "text/plain; format=flowed; delsp=yes").text == "longword"


def test_html_left_unread_is_an_attachment():
    raw = f"{FROM}\n{ALTERNATIVE}\n\n--a\n{PLAIN}plain\n--a\n{HTML}<p>x</p>\n--a--"
    message = read(raw, without_html=True)
    assert (message.text, message.html, names(message)) == ("plain", None, [("1.2", "part-1.2.html")])
    assert "html-not-read" in codes(message)


@pytest.mark.p0
def test_a08_the_body_hash_is_that_of_the_content_not_of_the_way():
    body = "Grüße\n\nAnn\n"
    direct = body_of(body.encode(), "text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
    routed = body_of(
        b"Gr=C3=BC=C3=9Fe\n\nAnn\n\n", "text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
        "Received: by x.test", "Delivered-To: support@gw.test",
    )  # fmt: skip
    other = body_of("Grüße\n\nBob\n".encode(), "text/plain; charset=utf-8")
    assert direct.body_sha256 == routed.body_sha256 != other.body_sha256


def test_a09_attachments_count_in_the_body_hash():
    one, two = (parts(PLAIN + "see", "Content-Type: application/pdf\n\n" + c) for c in "xy")
    assert one.body_sha256 != two.body_sha256


@pytest.mark.p0
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("<a@x.test>", "<a@x.test>"),
        (" <a@x.test> (comment)", "<a@x.test>"),
        ("<a\n @x.test>", "<a@x.test>"),
        ("a@x.test", "<a@x.test>"),
        ("<>", None),
        ("", None),
        ("=?utf-8?q?=3Ca@x.test=3E?=", "<=?utf-8?q?=3Ca@x.test=3E?=>"),  # never decoded: no id of ours can appear
    ],
)
def test_a09_the_message_id(field: str, expected: str | None):
    assert mail(f"Message-ID: {field}").message_id == expected


def test_a09_a_long_message_id_is_cut_and_stays_its_own():
    one, two = (mail(f"Message-ID: <{'x' * 10_000}{c}@x.test>").message_id for c in "ab")
    assert one is not None
    assert two is not None
    assert one != two
    assert len(one) <= 250


def test_references_keep_the_first_and_the_last():
    found = mail(
        "References: " + "\n ".join(f"<{n}@x>" for n in range(300)), "In-Reply-To: your mail <299@x> of Monday"
    )
    assert len(found.references) == 100
    assert (found.references[0], found.references[-1]) == ("<0@x>", "<299@x>")
    assert found.in_reply_to == ("<299@x>",)


@pytest.mark.p0
def test_d12_fields_that_look_like_ours_are_not_seen():
    found = mail("X-Mailwicket-Ticket: 5", "x-mailwicket-AUTH:\n agent", "X-Mailwicket-Loop: abc", "Subject: s")
    assert [f.name for f in found.fields] == ["From", "Subject"]
    assert found.loop_mark == "abc"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 2 Nov 2026 08:00:00 +0100", "2026-11-02T07:00:00+00:00"),
        ("2 Nov 26 08:00 EST", "2026-11-02T13:00:00+00:00"),
        ("Mon, 2 Nov 2026 08:00:60 +0000", "2026-11-02T08:01:00+00:00"),
        ("Thu, 32 Foo 2026 99:99:99 +9999", None),
        ("", None),
        ("1 Jan 0001 00:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Mon, 2 Nov 2026 08:00:00 +99999999999999999", None),
        ("Mon, 2 Nov 99999 08:00:00 +0000", None),
        ("(" * 5000, None),
    ],
)
def test_c09_dates(date: str, expected: str | None):
    found = mail(f"Date: {date}")
    assert (found.date.isoformat() if found.date else None) == expected
    assert found.text == "Hello"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (f"{FROM}\n{FROM}\nContent-Type: text/plain", "repeated-field"),
        (f"{FROM}\nContent-Type: text/plain\nContent-Type: text/html", "repeated-field"),
        (f"{FROM}\nno field at all\nSubject: s", "header-line"),
        (f"{FROM}\nno field at all\nnor this", "header-unfinished"),
        (f"{FROM}\nDate: Tue, 2 Nov 2026 08:00:00 +0000", "weekday-mismatch"),
        ("From: =?utf-8?b?A?= <a@x.test>\nDate: Mon, 2 Nov 2026 08:00:00 +0000", "invalid-encoded-word"),
        (f"{FROM}\nContent-Type: multipart/mixed; boundary=b", "mime-boundary"),
        (f"{FROM}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "mime-unfinished"),
    ],
)
def test_what_is_wrong_is_told(head: str, code: str):
    assert code in codes(read(f"{head}\n\nHello\n"))


@pytest.mark.p0
@pytest.mark.parametrize(
    ("raw", "limits", "code"),
    [
        ("X: y\n" * 20 + "\nHello", ParseLimits(header_fields=10), "header-cut"),
        (f"X: {'y' * 500}\n" * 3 + "\nHello", ParseLimits(header_block=1000), "header-cut"),
        (f"X: {'y' * 500}\n\nHello", ParseLimits(header_field=100), "field-cut"),
    ],
)
def test_l6_the_header_is_cut_and_the_body_still_found(raw: str, limits: ParseLimits, code: str):
    found = read(raw, limits=limits)
    assert code in codes(found)
    assert found.text == "Hello"
    assert len(found.fields) <= 10
    assert all(len(f.value) <= 500 for f in found.fields)


def test_l6_addresses_and_subject_are_cut():
    found = read(
        f"To: {', '.join(f'u{n}@x.test' for n in range(9))}\nSubject: {'s' * 5000}\n\n",
        limits=ParseLimits(header_addresses=4),
    )
    assert len(found.to) == 4
    assert found.subject == "s" * 997 + "…"


def test_a_long_text_is_cut_and_whole_as_an_attachment():
    found = read(f"{FROM}\n\n" + "word " * 100, limits=ParseLimits(text=50))
    assert found.text == ("word " * 10).strip()
    assert [(a.part, a.size) for a in found.attachments] == [("1", 500)]
