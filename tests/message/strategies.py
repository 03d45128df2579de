"""Hypothesis strategies for whole mails: fields × structures × charsets × encodings, and damage done to them.

A made mail knows what it was made of, so that a test can ask for it back.
"""

import base64
import quopri
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

_CHARSETS = {
    "utf-8": "żółw, Ďábel, ção, Ж, 日本, Grüße €",
    "iso-8859-1": "Grüße, ação, àéî",
    "windows-1250": "Příliš žluťoučký kůň, źdźbło, đak",
    "iso-8859-2": "Příliš žluťoučký kůň",
    "koi8-r": "Принтер не печатает",
    "windows-1251": "Принтер не печатает",
    "iso-2022-jp": "日本語",
}
_ENCODINGS = ("8bit", "base64", "quoted-printable")
_TYPES = ("application/pdf", "image/png", "application/octet-stream", "text/csv")
DAMAGE = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b'"', b"<", b">", b"@", b";", b":", b"--b0--\r\n", b"--b0\r\n",
    b"=?utf-8?b?", b"?=", b"boundary=", b"charset=utf-7", b"Content-Type: multipart/mixed; boundary=b0\r\n", b"=",
    b"\xed\xa0\x80",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """The octets of a mail, and what they were made of."""

    raw: bytes
    subject: str
    text: str
    names: tuple[str, ...]  # of its files
    leaves: int


def words(charset: str) -> st.SearchStrategy[str]:
    """Lines of text that the charset has: no quotes, no signatures, nothing that reads as another mail."""
    line = st.lists(st.sampled_from((*_CHARSETS[charset].split(), "hello", "printer", "4711")), min_size=1, max_size=8)
    return st.lists(line.map(" ".join), min_size=1, max_size=6).map("\n".join)


@st.composite
def _text_part(draw: st.DrawFn) -> tuple[bytes, str]:
    charset = draw(st.sampled_from(sorted(_CHARSETS)))
    text = draw(words(charset))
    return _part("plain", text, charset, draw(st.sampled_from(_ENCODINGS))), text


def _part(kind: str, text: str, charset: str, encoding: str) -> bytes:
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + _encoded(text.replace("\n", "\r\n").encode(charset), encoding)


@st.composite
def _file_part(draw: st.DrawFn) -> tuple[bytes, str]:
    name = draw(st.text("abcžřпд 0123", min_size=1, max_size=12).map(_one_blank).filter(bool)) + ".bin"
    octets, media_type = draw(st.binary(max_size=60)), draw(st.sampled_from(_TYPES))
    extended = "".join(f"%{octet:02X}" for octet in name.encode())
    head = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{extended}\r\n\r\n"
    )
    return head.encode() + _encoded(octets, "base64"), name


@st.composite
def mails(draw: st.DrawFn) -> Made:
    """A mail as programs write them: a text, or a text and its HTML, alone or with files, up to five levels deep."""
    subject = draw(words("utf-8")).replace("\n", " ")
    part, text = draw(_text_part())
    leaves = 1
    if draw(st.booleans()):
        rich = _part("html", f"<p>{text}</p>", "utf-8", draw(st.sampled_from(_ENCODINGS)))
        part, leaves = _multipart("alternative", [part, rich], 0), 2
    files = draw(st.lists(_file_part(), max_size=4))
    if files:
        part = _multipart("mixed", [part, *(octets for octets, _ in files)], 1)
    for level in range(draw(st.integers(0, 3))):
        part = _multipart("mixed", [part], level + 2)
    encoded = base64.b64encode(subject.encode()).decode()
    pieces = [encoded[at : at + 40] for at in range(0, len(encoded), 40)]
    value = "\r\n ".join(f"=?utf-8?b?{piece}?=" for piece in pieces)
    head = f"From: Ann Lee <ann@customer.test>\r\nTo: support@gw.test\r\nSubject: {value}\r\nMIME-Version: 1.0\r\n"
    return Made(head.encode() + part, subject, text, tuple(name for _, name in files), leaves + len(files))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A mail with up to eight injuries: something put in, octets gone, octets changed."""
    raw = bytearray(draw(mails()).raw)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 6))] = draw(st.sampled_from((*DAMAGE, b"")))
    return bytes(raw)


def _one_blank(text: str) -> str:
    return " ".join(text.split())


def _multipart(kind: str, parts: Sequence[bytes], level: int) -> bytes:
    mark = f"--b{level}".encode()
    inner = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="b{level}"\r\n\r\n'.encode() + inner + mark + b"--\r\n"


def _encoded(octets: bytes, encoding: str) -> bytes:
    match encoding:
        case "base64":
            return base64.encodebytes(octets).replace(b"\n", b"\r\n")
        case "quoted-printable":
            return quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        case _:
            return octets
