"""Whatever the octets are: a Message, soon, and text that every store takes."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.message.charset import clean
from gateway.message.types import Message
from tests.message.read import body_of, codes, mail, read

HEAD = b"From: Ann <ann@x.test>\r\nSubject: s\r\n"
SEEDS = [p.read_bytes() for p in sorted(Path(__file__).parents[1].joinpath("mails").glob("*.eml"))]
TOKENS = (
    b'"', b"<", b">", b"@", b",", b";", b":", b"(", b")", b"[", b"\\", b"\r\n", b"\r\n ", b"\r", b"\n", b"\0",
    b"=?utf-8?q?", b"?=", b"*0*=", b"''", b"%", b"\xff", b"=0D=0A", b"--b--", b'boundary=""', b"charset=",
    b"\xed\xa0\x80",
    b"charset=utf-16", b"\xe2\x80\xa8", b"Content-Type: multipart/mixed; boundary=b\r\n",
)  # fmt: skip


def is_sound(message: Message) -> bool:
    """Every text is clean, the whole can be sent to the daemon, and no step of ours has failed."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from texts(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from texts(inner)

    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=Message)
    return (
        decoded == message
        and "unreadable" not in codes(message)
        and all(clean(text) == text for text in texts(msgspec.to_builtins(message)))
    )


@pytest.mark.p0
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=4000))
def test_a14_any_octets_are_a_message(raw: bytes):
    assert is_sound(read(raw))


@pytest.mark.p0
@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([*TOKENS, b"a", b"From: ", b"To: ", b"Subject: ", b"\r\n\r\n", b"--b\r\n"]), max_size=60)
)
def test_a14_any_row_of_tokens_is_a_message(tokens: list[bytes]):
    assert is_sound(read(b"".join(tokens)))


@pytest.mark.p0
@pytest.mark.parametrize("seed", range(4))
def test_c05_damaged_mails_are_messages(seed: int):
    chance = random.Random(seed)
    for _ in range(150):
        raw = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(raw) + 1)
            match chance.randrange(5):
                case 0 | 1 | 2:
                    raw[at:at] = chance.choice(TOKENS)
                case 3:
                    del raw[at : at + chance.randint(1, 6)]
                case 4:
                    raw[at : at + 1] = chance.randbytes(1)
        assert is_sound(read(bytes(raw))), bytes(raw)


def nested(depth: int, kind: str) -> bytes:
    if kind == "message":
        return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nx"
    name = (lambda n: b"b" * (n + 1)) if kind == "prefixes" else (lambda n: b"b%d" % n)
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (name(n), name(n)) for n in range(depth)
    )


@pytest.mark.p0
@pytest.mark.parametrize("kind", ["multipart", "message", "prefixes"])
@pytest.mark.parametrize("depth", [10, 29, 30, 31, 100, 1000])
def test_c01_nesting(depth: int, kind: str):
    began = time.process_time()
    found = read(nested(depth, kind))
    assert time.process_time() - began < 1
    assert is_sound(found)
    if kind == "multipart":
        assert ("mime-depth" in codes(found)) is (depth > 30)
        assert [a.part.count(".") for a in found.attachments] == ([30] if depth > 30 else [])


@pytest.mark.p0
@pytest.mark.parametrize(
    ("count", "whole"), [(400, False), (600, True), (1_000, True), (10_000, True), (200_000, True)]
)
def test_c02_many_parts(count: int, whole: bool):
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    began = time.process_time()
    found = read(head + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n")
    assert time.process_time() - began < 1
    assert [(a.part, a.name) for a in found.attachments] == ([("0", "original.eml")] if whole else [])
    assert ("mime-parts" in codes(found)) is whole


def field(name: str, value: str) -> Callable[[], Message]:
    return lambda: mail(f"{name}: {value}")


def part(content: bytes, content_type: str = "text/plain", encoding: str = "8bit") -> Callable[[], Message]:
    return lambda: body_of(content, content_type, f"Content-Transfer-Encoding: {encoding}")


def html(content: str) -> Callable[[], Message]:
    return part(content.encode(), "text/html; charset=utf-8")


# a shape, and the seconds of CPU it may take here; each is many times what it needs, and far below what hanging would
FLOODS: dict[str, tuple[Callable[[], Message], float]] = {
    "parameters": (field("Content-Type", "text/plain" + "".join(f"; a*{n}*=x" for n in range(4000))), 0.5),
    "addresses": (field("To", ", ".join(f"u{n}@x.test" for n in range(20_000))), 0.5),
    "encoded words": (field("Subject", " ".join(["=?utf-8?q?a?="] * 50_000)), 0.5),
    "unknown charsets": (field("Subject", " ".join(["=?foo?q?=ff?="] * 5_000)), 0.5),
    "nested comments": (field("To", "(" * 5_000 + ")" * 5_000), 0.5),
    "open comments": (field("From", "(" * 100_000), 0.5),
    "quotes": (field("From", '"\\' * 30_000), 0.5),
    "groups": (field("To", "G:" * 10_000), 0.5),
    "folds": (field("Subject", "a\n " * 100_000), 0.5),
    "references": (field("References", " ".join(f"<{n}@x>" for n in range(100_000))), 0.5),
    "one field": (field("X", "a" * 10_000_000), 0.5),
    "fields": (lambda: read(HEAD + b"X: y\r\n" * 100_000 + b"\r\nHello"), 0.5),
    "no empty line": (lambda: read(b"X: y\r\n" * 1_000_000), 0.5),
    "a long name": (lambda: read(b"X" * 1_000_000 + b": y\r\n\r\nHello"), 0.5),
    "empty lines": (lambda: read(b"\r\n" * 40_000 + HEAD + b"\r\nHello"), 0.5),
    "8-bit fields": (lambda: read(b"".join(b"X: \xe4\xf6\xfc\r\n" for _ in range(990)) + b"\r\n"), 0.5),
    "boundary-like lines": (lambda: read(nested(29, "multipart") + b"\r\n--b2x\r\n" * 500_000), 1.0),
    "base64 of nothing": (part(b"\n" * 5_000_000, "a/b", "base64"), 0.5),
    "base64 of ends": (part(b"A=" * 2_500_000, "a/b", "base64"), 0.5),
    "quoted-printable of =": (part(b"=" * 5_000_000, "a/b", "quoted-printable"), 0.5),
    "uuencode": (part(b"begin 644 x\r\n" + b"M\r\n" * 500_000, "a/b", "uuencode"), 1.0),
    "quote marks": (part(b"> " * 2_500_000), 1.0),
    "quoted lines": (part(b">\n" * 500_000), 2.0),
    "newlines": (part(b"\n" * 1_000_000), 3.0),
    "dashes": (part(b"-" * 1_000_000), 0.5),
    "separators": (part(b"---- a ----\n" * 80_000), 1.0),
    "introductions": (part(b"a@b.c 2026-11-02 10:00:\n" * 40_000), 2.0),
    "labels": (part(b"From: a@b.c 2026\n" * 60_000), 1.0),
    "letters": (part(b"a" * 1_000_000), 1.0),
    "flowed": (part(b"a \n" * 300_000, "text/plain; format=flowed"), 1.0),
    "shifts of iso-2022": (part(b"\x1b$B" * 300_000, "text/plain; charset=iso-2022-jp"), 1.0),
    "divs": (html("<div>" * 100_000), 1.0),
    "attributes": (html("<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x"), 1.0),
    "links": (html("<a href=http://x>y</a>" * 60_000), 3.0),
    "ampersands": (html("&" * 1_000_000), 1.0),
    "open tags": (html("<a" * 500_000), 1.0),
    "open comments in HTML": (html("<!--" * 100_000), 1.0),
    "styles": (html("<style>" + "a{b:c}" * 300_000), 1.0),
    "quotes in HTML": (html("<blockquote>" * 190 + "x<br>" * 100_000), 3.0),
    "templates": (html("<div><template></div></template>" * 20_000), 1.0),
    "plaintext": (html("<plaintext>" + "<b>x" * 100_000), 1.0),
    "zeros": (lambda: read(b"\0" * 1_000_000), 1.0),
}  # fmt: skip


@pytest.mark.p0
@pytest.mark.parametrize("name", FLOODS)
def test_c03_floods_are_read_in_time(name: str):
    make, seconds = FLOODS[name]
    began = time.process_time()
    found = make()
    assert time.process_time() - began < seconds
    assert is_sound(found)


@pytest.mark.parametrize("name", ["open comments", "groups", "addresses", "folds", "references", "encoded words"])
def test_c03_what_is_cut_out_of_a_field_does_not_lose_the_mail(name: str):
    found = FLOODS[name][0]()
    assert found.text == "Hello"
    assert found.fields
