"""A file is guarded by what it says when it is decoded, whatever form it has; and quickly, whatever it holds."""

import base64
import email.policy
import time
from email.message import EmailMessage

import pytest

from gateway.message.file_words import MOST_OCTETS, file_words
from gateway.ticket.leak import Internal, fault_of
from gateway.ticket.types import File

NOTE = "Er zahlt die Miete für März nie vor dem zehnten, aber das weiß er."
TOKEN = "support+n4812-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test"
INTERNAL = Internal((NOTE,))
PLAIN = "Alles ist gut, Ihr Paket kommt morgen früh bei Ihnen an."


def a_mail(text: str, cte: str, charset: str = "utf-8", subtype: str = "plain", subject: str = "x") -> bytes:
    """A mail that says it."""
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"], made["Subject"] = "ann@agents.test", subject
    made.set_content(text, cte=cte, charset=charset, subtype=subtype)
    return made.as_bytes()


def within(inner: bytes, kind: str = "message/rfc822", encoding: str = "8bit") -> bytes:
    """A mail with another one attached."""
    head = f"From: a@x.test\r\nSubject: y\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + inner


@pytest.mark.p0
@pytest.mark.parametrize(
    ("octets", "media_type", "name"),
    [
        # what the file holds, its type, its name
        (NOTE.encode(), "text/plain", "a.txt"),
        (NOTE.encode(), "application/octet-stream", "a"),
        (NOTE.encode("latin-1"), "application/octet-stream", "a.log"),
        (NOTE.encode("utf-16"), "text/plain", "a.txt"),
        (NOTE.encode("utf-16-le"), "text/plain", "a.txt"),
        (NOTE.encode("utf-16-be"), "application/octet-stream", "a.txt"),
        (b"\xfe\xff" + NOTE.encode("utf-16-be"), "application/octet-stream", "a.txt"),
        (NOTE.encode("utf-32"), "text/plain", "a.txt"),
        (f'{{"said": "{NOTE}"}}'.encode(), "application/json", "a.json"),
        (f"<p>{NOTE.replace(' ', '<b> </b>')}</p>".encode(), "text/html", "a.html"),
        (base64.encodebytes(NOTE.encode()), "application/octet-stream", "a.b64"),
        (base64.encodebytes(a_mail(NOTE, "base64")), "application/octet-stream", "a.b64"),
        (a_mail(NOTE, "base64"), "message/rfc822", "a.eml"),
        (a_mail(NOTE, "quoted-printable"), "message/rfc822", "a.eml"),
        (a_mail(NOTE, "base64", "utf-16"), "message/rfc822", "a.eml"),
        (a_mail(NOTE, "base64", "iso-8859-15"), "message/rfc822", "a.eml"),
        (a_mail(f"<p>{NOTE}</p>", "base64", subtype="html"), "message/rfc822", "a.eml"),
        (a_mail("Hello.", "7bit", subject=NOTE), "message/rfc822", "a.eml"),
        (a_mail(NOTE, "base64"), "application/octet-stream", "a.bin"),
        (within(a_mail(NOTE, "base64")), "message/rfc822", "a.eml"),
        (within(base64.encodebytes(a_mail(NOTE, "base64")), encoding="base64"), "message/rfc822", "a.eml"),
        (within(base64.encodebytes(NOTE.encode("utf-16")), "application/octet-stream", "base64"), "text/plain", "a"),
        (a_mail(f"<a href='mailto:{TOKEN.replace('+', '%2B')}'>x</a>", "base64"), "message/rfc822", "a.eml"),
    ],
)
def test_what_is_internal_is_seen_in_every_form(octets: bytes, media_type: str, name: str) -> None:
    assert fault_of(File(name, media_type, octets), INTERNAL) == "ours"


@pytest.mark.parametrize(
    ("octets", "media_type"),
    [
        # what the file holds, its type
        (PLAIN.encode("utf-16"), "text/plain"),
        (a_mail(PLAIN, "base64"), "message/rfc822"),
        (base64.encodebytes(PLAIN.encode()), "text/plain"),
        (bytes(range(256)) * 8, "application/octet-stream"),
        (bytes(range(256)) * 8, "text/plain"),
        (b"", "text/plain"),
        (b"\xff\xfe", "text/plain"),
        (b"=\r\n=3D=", "text/plain"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n", "application/pgp-keys"),
        (b"Write -----BEGIN PGP MESSAGE----- above it.", "text/plain"),
    ],
)
def test_a_file_that_says_nothing_of_the_kind_goes_out(octets: bytes, media_type: str) -> None:
    assert fault_of(File("a", media_type, octets), INTERNAL) is None


_DEEP = b"".join(
    b"From: a@x.test\r\nSubject: y\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    b"Content-Type: message/rfc822\r\n\r\n" % (n, n)
    for n in range(2000)
)


@pytest.mark.parametrize(
    "octets",
    [
        b"<" * (10 << 20),
        b"=3D" * (3 << 20),
        b"A" * (10 << 20),
        b"A" * 76 + b"\r\n" + b"A" * (10 << 20),
        (b"A" * 76 + b"\r\n") * 130_000,
        (b"word " * 20 + b"\r\n") * 100_000,
        (b"\x00w") * (5 << 20),
        b"\r\n".join(b"--b\r\nContent-Type: text/plain\r\n\r\nword" for _ in range(100_000)),
        within(b"\r\n".join(b"--b\r\n\r\n%d" % n for n in range(499)) + b"\r\n--b--", "multipart/mixed; boundary=b"),
        _DEEP,
        (b"\xe4\xf6\xfc \xdf" * 20 + b"\r\n") * 50_000,
    ],
    ids=lambda octets: octets[:12].hex(),
)
def test_a_file_is_read_within_bounds(octets: bytes) -> None:
    for media_type in ("text/plain", "message/rfc822", "application/octet-stream"):
        begun = time.process_time()
        words = file_words(octets, media_type, "a")
        fault_of(File("a", media_type, octets), INTERNAL)
        assert time.process_time() - begun < 5
        assert len(words.text) < 8 * MOST_OCTETS
