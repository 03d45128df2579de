"""Kinds of mail that are no plain text and no simple multipart: files in texts, containers, invitations, signatures."""

import base64
import binascii

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message import calendar
from gateway.message.flowed import unflowed
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.sniff import sniffed
from gateway.message.types import Message
from gateway.message.unpacked import Unpacked, UnpackedFile
from gateway.message.utf7 import utf7_letters
from gateway.message.uuencode import without_uuencode
from tests.message.read import FROM, LANGUAGES, body_of, codes, mail, read
from tests.message.test_structure import MIXED, PLAIN, names, parts


def encoded(octets: bytes, name: str = "notes.bin", mode: str = "644") -> str:
    lines = [binascii.b2a_uu(octets[i : i + 45]).decode() for i in range(0, len(octets), 45)]
    return f"begin {mode} {name}\n{''.join(lines)}`\nend"


@pytest.mark.parametrize(
    ("text", "kept", "files"),
    [
        (f"Hello\n\n{encoded(b'abc' * 40)}\nBye", "Hello\n\nBye", [("notes.bin", b"abc" * 40)]),
        (f"{encoded(b'a')}\n{encoded(b'bc', 'my file.txt')}", "", [("notes.bin", b"a"), ("my file.txt", b"bc")]),
        # no files: prose that looks like one, a block without an end, a line that is none
        ("begin 644 the work\nand\nend", "begin 644 the work\nand\nend", []),
        (encoded(b"abc").removesuffix("\nend"), encoded(b"abc").removesuffix("\nend"), []),
        ("begin the work\n`\nend", "begin the work\n`\nend", []),
        # blanks at line ends were lost on the way
        ("begin 644 z\n#86)C\n\nend", "", [("z", b"abc")]),
    ],
)
def test_uuencoded_files_leave_the_text(text: str, kept: str, files: list[tuple[str, bytes]]):
    left, found = without_uuencode(text)
    assert (left.strip(), [(f.name, f.octets) for f in found]) == (kept, files)


def test_a_uuencoded_file_is_an_attachment():
    found = body_of(f"See below.\n\n{encoded(b'%PDF-1.7 x', 'bill.pdf')}\n".encode())
    (attachment,) = found.attachments
    assert (found.text, attachment.part, attachment.name) == ("See below.", "1/1", "bill.pdf")
    assert (attachment.size, attachment.sniffed) == (10, "application/pdf")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"Fr+APY-sche", "Frösche"),
        (b"1 +- 1", "1 + 1"),
        (b"+ZeVnLIqe-", "日本語"),
        (b"+AOQ-rger und +APY-l", "ärger und öl"),
        # what could be markup, a control, or is no text, stays as it is written
        (b"+ADw-script+AD4-", "+ADw-script+AD4-"),
        (b"+ADwAcwBjAHIAaQBwAHQ-", "+ADwAcwBjAHIAaQBwAHQ-"),
        (b"+AAA-", "+AAA-"),
        (b"+2D0-", "+2D0-"),
        (b"a+b c+", "a+b c+"),
    ],
)
def test_of_utf7_only_the_letters_are_read(octets: bytes, text: str):
    assert utf7_letters(octets) == text


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png"),
        (b"PK\3\4" + bytes(26) + b"word/document.xml", "application/zip"),
        (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", "application/vnd.openxmlformats-officedocument"),
        (
            b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.textPK",
            "application/vnd.oasis.opendocument.text",
        ),
        (b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"\xef\xbb\xbf <!DOCTYPE HTML>", "text/html"),
        (b"Dear all", None),
        (b"", None),
    ],
)
def test_sniffed(start: bytes, media_type: str | None):
    assert sniffed(start) == media_type


def test_a_file_that_lies_about_its_type_is_known():
    lie = 'Content-Type: image/png; name="photo.png"\nContent-Transfer-Encoding: base64\n\n'
    (found,) = parts(lie + base64.b64encode(b"MZ\x90\0" + bytes(60)).decode()).attachments
    assert (found.media_type, found.sniffed) == ("image/png", "application/vnd.microsoft.portable-executable")


def invitation(*lines: str, method: str = "REQUEST") -> str:
    return "\n".join(("BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"))


ANN = 'ORGANIZER;CN="Ann Lee":mailto:ann@customer.test'


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (
            invitation("SUMMARY:Review\\, part 2", "DTSTART;TZID=Europe/Berlin:20261122T140000",
                       "DTEND;TZID=Europe/Berlin:20261122T150000", "LOCATION:Room 5", ANN),
            "Invitation: Review, part 2\nWhen: Sun 2026-11-22 14:00-15:00 (Europe/Berlin, UTC+0100)\nWhere: Room 5",
        ),
        (
            invitation("SUMMARY:Fair", "DTSTART;VALUE=DATE:20261122", "DTEND;VALUE=DATE:20261125", method="PUBLISH"),
            "Event: Fair\nWhen: Sun 2026-11-22 to Tue 2026-11-24 (all day)",
        ),
        (
            invitation("SUMMARY:Call", "DTSTART:20261122T230000Z", "DURATION:PT2H", "RRULE:FREQ=WEEKLY",
                       method="CANCEL"),
            "Cancelled: Call\nWhen: Sun 2026-11-22 23:00 to Mon 2026-11-23 01:00 (UTC)\nRepeated: FREQ=WEEKLY",
        ),
        (
            invitation("DTSTART:20261122T090000", "ATTENDEE;PARTSTAT=DECLINED:mailto:bob@x.test", method="REPLY"),
            "Answer to an invitation: (untitled)\nWhen: Sun 2026-11-22 09:00 (local time)\nbob@x.test: declined",
        ),
        (invitation("DTSTART:soon", "SUMMARY:x"), "Invitation: x"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nno colon", None),
        ("hello", None),
    ],
)  # fmt: skip
def test_a_calendar_in_a_few_lines(text: str, summary: str | None):
    found = calendar.summary(text)
    assert found == summary or (summary is not None and found is not None and found.startswith(summary))


def test_an_invitation_is_read_and_attached_once_told():
    event = invitation("SUMMARY:Visit", "DTSTART:20261122T090000Z", ANN)
    part = f"Content-Type: text/calendar; method=REQUEST\n\n{event}"
    found = parts(f"{PLAIN}Please come.", part, part)
    assert found.text.startswith("Invitation: Visit\nWhen: Sun 2026-11-22 09:00 (UTC)\nOrganiser: Ann Lee")
    assert found.text.endswith("Please come.")
    assert found.text.count("Invitation") == 1
    assert [a.media_type for a in found.attachments] == ["text/calendar"] * 2


SIGNED = "Content-Type: multipart/signed; boundary=b"
FORMS = MIXED.replace("mixed", "alternative")
SIGNATURE = "Content-Type: application/pgp-signature"


@pytest.mark.parametrize(
    ("message", "text", "attachments", "label"),
    [
        (parts(f"{PLAIN}Hello", f"{SIGNATURE}\n\nxx", head=SIGNED), "Hello", [], "signed"),
        (
            parts(f"{PLAIN}Hello", f"{SIGNATURE}; name=signature.asc\n\nxx", head=SIGNED),
            "Hello",
            [("1.2", "signature.asc")],
            "signed",
        ),
        (
            body_of(b"MIIB", "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"),
            "",
            [("1", "smime.p7m")],
            "encrypted",
        ),
        (body_of(b"MIIB", "application/pkcs7-mime; smime-type=signed-data"), "", [("1", "part-1.p7m")], "signed"),
    ],
)
def test_what_is_signed_or_encrypted_is_labelled(
    message: Message, text: str, attachments: list[tuple[str, str]], label: str
):
    assert (message.text, names(message)) == (text, attachments)
    assert label in codes(message)


@pytest.mark.parametrize(
    ("message", "text", "attachments"),
    [
        # a text of a type that nobody understands is a file, unless there is nothing else to read
        (parts(f"{PLAIN}Hello", "Content-Type: text/x-log\n\nlog"), "Hello", [("1.2", "part-1.2.bin")]),
        (parts("Content-Type: text/x-log\n\nlog"), "log", [("1.1", "part-1.1.bin")]),
        (body_of(b"<bold>Hi</bold>", "text/enriched"), "Hi", []),
        # several plain forms of one thing: all are shown, the same one once
        (parts(f"{PLAIN}one", f"{PLAIN}two", f"{PLAIN}one", head=FORMS), "one\n\ntwo", []),
        # a short answer is not a stub
        (parts(f"{PLAIN}k", "Content-Type: text/html\n\nk!", head=FORMS), "k", []),
    ],
)  # fmt: skip
def test_which_texts_are_read(message: Message, text: str, attachments: list[tuple[str, str]]):
    assert (message.text, names(message)) == (text, attachments)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"SGVsbG8=\r\n\r\n_____\r\nlist@lists.test\r\n", "Hello\n_____\nlist@lists.test"),
        (b"SGVsbG8=\r\nSGVsbG8=\r\n", "HelloHello"),
        (b"SGVsbG8= junk\r\n", "Hello"),
    ],
)
def test_what_lists_append_below_base64_is_read_as_it_is(content: bytes, text: str):
    found = body_of(content, "text/plain", "Content-Transfer-Encoding: base64")
    assert "\n".join(filter(None, (found.text, found.signature, found.quoted))) == text


@pytest.mark.parametrize(
    ("delete_space", "text", "whole"),
    [
        (False, "one \ntwo\nthree", "one two\nthree"),
        (True, "be \ntween", "between"),
        (False, "> a \n> b\n>> c", "> a b\n>> c"),
        (False, " >no quote\n-- \nAnn", ">no quote\n-- \nAnn"),
        (False, "text \n-- \nAnn", "text\n-- \nAnn"),
    ],
)
def test_flowed(delete_space: bool, text: str, whole: str):
    assert unflowed(text, delete_space=delete_space) == whole


WINMAIL = "Content-Type: application/ms-tnef; name=winmail.dat\n\nxx"
HELD = Unpacked("Words", "", (UnpackedFile("a/../b.pdf", b"%PDF-1"), UnpackedFile("", b"", "text/plain")))


@pytest.mark.parametrize(
    ("parts_of_it", "unpacked", "without_html", "text", "attachments"),
    [
        ((WINMAIL,), HELD, False, "Words", [("1.1/1", "b.pdf"), ("1.1/2", "part-1.1-2.txt")]),
        ((f"{PLAIN}Plain", WINMAIL), HELD, False, "Plain", [("1.2/1", "b.pdf"), ("1.2/2", "part-1.2-2.txt")]),
        ((WINMAIL,), Unpacked("", "<p>Rich<script>x</script></p>", ()), False, "Rich", []),
        ((WINMAIL,), None, False, "", [("1.1", "winmail.dat")]),
        ((WINMAIL,), HELD, True, "", [("1.1", "winmail.dat")]),
    ],
)
def test_a_container_is_opened_by_whoever_may(
    parts_of_it: tuple[str, ...],
    unpacked: Unpacked | None,
    without_html: bool,
    text: str,
    attachments: list[tuple[str, str]],
):
    raw = f"{FROM}\n{MIXED}\n\n" + "".join(f"--b\n{p}\n" for p in parts_of_it) + "--b--\n"
    found = parse(
        raw.encode(), ParseLimits(), languages=LANGUAGES, without_html=without_html, unpack=lambda *_: unpacked
    )
    assert (found.text, names(found)) == (text, attachments)


@pytest.mark.parametrize(
    ("limits", "read_of_it"),
    [
        (ParseLimits(header_encoded_words=1), "one =?utf-8?q?two?="),
        (ParseLimits(), "onetwo"),
    ],
)
def test_l6_encoded_words(limits: ParseLimits, read_of_it: str):
    assert read(f"{FROM}\nSubject: =?utf-8?q?one?= =?utf-8?q?two?=\n\nx", limits=limits).subject == read_of_it


def test_l6_params_and_comments():
    many = "".join(f"; p{i}=x" for i in range(5)) + "; name=a.pdf"
    assert names(read(f"{FROM}\nContent-Type: application/pdf{many}\n\nx", limits=ParseLimits(header_params=5))) == [
        ("1", "part-1.pdf")
    ]
    deep = f"From: ann@customer.test {'(' * 3}x{')' * 3}\n\nx"
    assert read(deep).author is not None
    assert read(deep, limits=ParseLimits(header_comment_depth=2)).ambiguous_author


PIECES = st.sampled_from((
    "begin 644 a\n", "#86)C\n", "`\n", "end\n", "\n", "BEGIN:VCALENDAR\n", "BEGIN:VEVENT\n", "END:VEVENT\n",
    "END:VCALENDAR\n", "DTSTART", ";TZID=Europe/Berlin", ";VALUE=DATE", ":20261122", "T090000Z\n", "DURATION:PT1H\n",
    "SUMMARY:x\n", "ORGANIZER;CN=", "ATTENDEE;PARTSTAT=ACCEPTED:", "METHOD:REPLY\n", "RRULE:FREQ=DAILY\n", "+APY-", "+",
    "+2D3eAA-", "> a \n", "-- \n", "\0", "\ud800", "é", ":", ";", '"',
))  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=150)
def test_no_reader_of_a_kind_raises(text: str):
    octets = text.encode("utf-8", "surrogateescape" if "\ud800" not in text else "replace")
    assert without_uuencode(text)[0].count("\n") <= text.count("\n")
    assert calendar.summary(text) != ""
    assert "\0" not in utf7_letters(octets.replace(b"\0", b""))
    assert sniffed(octets) is None or "/" in str(sniffed(octets))
    assert unflowed(text, delete_space=True).count("\n") <= text.count("\n")
    assert isinstance(body_of(octets, "text/calendar"), Message)


LINK = '<a href="https://x.test/">b</a>'


def test_hidden_schemes_are_no_links():
    found = mail("Content-Type: text/html", body=f'<a href="&#1;java&#3;script:x()">a</a> {LINK}')
    assert found.html is not None
    assert "script" not in found.html
    assert 'href="https://x.test/"' in found.html
