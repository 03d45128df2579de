"""The last check before a mail is stored: it knows nothing of how the mail came about (acceptance F-01, F-03)."""

import email
import random

import pytest

from gateway.errors import PoisonError
from gateway.outgoing.wire import check, text_part
from gateway.ticket.types import File
from tests.outgoing.letters import desk, letter, mail_of, read, templates, text_of

GOOD = letter().raw


def test_a_real_mail_passes() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # a change to a good mail, what the check says
        (b"Subject: ", b"Subject: x\r\nBcc: evil@x.test\r\nX-y: ", "field bcc"),
        (b"Subject: ", b"Subject: x\r\nSubject: ", "field subject twice"),
        (b"Subject: ", b"Subject: x\r\nfrom: a@b\r\nSubject: ", "field from twice"),
        (b"Subject: ", b"Subject: x\nBcc: y ", "bare line end"),
        (b"Subject: ", b"Subject: x\rBcc: y ", "bare line end"),
        (b"Subject: ", b"Subject: \xc5\xbc", "octet 0xc5"),
        (b"Subject: ", b"Subject: \x00", "octet 0x00"),
        (b"Subject: ", b"Subject: " + b"x" * 999, "line over 998"),
        (b"Subject: ", b"Subject: x\r\nno field\r\nX: ", "is no field"),
        (b"Subject: ", b"Subject: x\r\n \t\r\nX: ", "is no field"),  # a fold of nothing, RFC 5322 §3.2.2
        (b"Date: ", b"Subject: ", "no field date"),
        (b"quoted-printable", b"8bit", "7-bit transfer encoding"),
        (b"Content-Transfer-Encoding: base64", b"X: y", "7-bit transfer encoding"),
        (b"boundary=", b"bound=", "no boundary"),
        (b"--\r\n", b"\r\n", "not closed"),
    ],
)
def test_what_must_not_leave(old, new, problem) -> None:
    raw = letter(language="ru").raw if b"base64" in old else GOOD
    changed = raw[: -len(old)] + new if old == b"--\r\n" else raw.replace(old, new, 1)
    with pytest.raises(PoisonError, match=problem) as caught:
        check(changed)
    assert caught.value.code == 0


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # a change to a good mail with a file, what the check says
        (b"--\r\n\r\n--", b"\r\n\r\n--", "not closed"),  # the two texts inside
        (b"quoted-printable", b"8bit", "part without"),  # one of them
        (b"Transfer-Encoding: base64\r\nContent-Disposition", b"Disposition", "part without"),  # the file
    ],
)
def test_what_must_not_leave_beside_a_file(old, new, problem) -> None:
    raw = letter(files=(File("a.pdf", "application/pdf", bytes(range(256))),)).raw
    check(raw)
    with pytest.raises(PoisonError, match=problem):
        check(raw.replace(old, new, 1))


def test_the_end_is_a_line_end() -> None:
    with pytest.raises(PoisonError, match="no line end"):
        check(GOOD[:-2])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "quoted-printable"),
        ("żółw, and so on in words that are mostly of plain letters", "quoted-printable"),
        ("Мы получили Ваше сообщение", "base64"),
        ("日本語", "base64"),
        ("", "quoted-printable"),
    ],
)
def test_the_shorter_encoding_is_taken(text, encoding) -> None:
    part = email.message_from_string(text_part("text/plain", text))
    assert part["Content-Transfer-Encoding"] == encoding
    assert part.get_payload(decode=True).decode().replace("\r\n", "\n").rstrip("\n") == text


def test_any_text_survives_the_way_and_keeps_to_the_lines() -> None:
    dice = random.Random(4812)
    alphabet = "ab .=-_\t\n\n>ąж日😀"
    for _ in range(300):
        text = "".join(dice.choice(alphabet) for _ in range(dice.randrange(400))) + "\n"
        part = text_part("text/plain", text)
        assert email.message_from_string(part).get_payload(decode=True).decode().replace("\r\n", "\n").rstrip(
            "\n"
        ) == text.rstrip("\n")
        assert max(map(len, part.split("\r\n"))) <= 78
        assert "\n" not in part.replace("\r\n", "")


@pytest.mark.parametrize(
    "line",
    [".", "..", "From me", "--=_mw_4812_x3k7p2qa", "-- ", "Content-Transfer-Encoding: 8bit", "\x00\x1b[2J", "Bcc: x"],
)
def test_odd_lines_in_a_text_harm_nothing(line) -> None:
    written = templates({"auto_ack/pl.md.j2": mail_of("{{ line }}\n\nend")})
    raw = letter(desk(templates=written), values={"line": line}).raw
    check(raw)
    assert len(list(read(raw).iter_parts())) == 2
    assert line.strip("\x00\x1b ") in text_of(raw)
