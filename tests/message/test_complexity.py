"""Twice the octets cost about twice the time: families of hostile mails, read whole, at n, 2n and 4n (acceptance C)."""

import time
from collections.abc import Callable

import pytest

from tests.message.read import read

HEAD = b"From: Ann <ann@x.test>\r\nSubject: s\r\n"


def field(name: bytes, content: bytes) -> bytes:
    return HEAD + name + b": " + content + b"\r\n\r\nHello\r\n"


def body(content: bytes, media_type: bytes = b"text/plain; charset=utf-8", encoding: bytes = b"8bit") -> bytes:
    return HEAD + b"Content-Type: " + media_type + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + content


def html(content: bytes) -> bytes:
    return body(content, b"text/html; charset=utf-8")


def nested(depth: int, name: Callable[[int], bytes]) -> bytes:
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (name(n), name(n)) for n in range(depth)
    )


def parts(count: int, each: bytes) -> bytes:
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + b"".join(b"--b\r\n" + each + b"\r\n" for _ in range(count)) + b"--b--\r\n"


# what grows with n, and an n that costs enough to be measured; where a limit cuts, four times the octets cost no more
FAMILIES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "C01 nested multiparts": (3_000, lambda n: nested(n, lambda i: b"b%d" % i)),
    "C01 chains of boundaries": (400, lambda n: nested(n, lambda i: b"b" * (i + 1))),
    "C01 nested messages": (3_000, lambda n: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * n + b"x"),
    "C02 empty parts": (20_000, lambda n: parts(n, b"\r\nx")),
    "C02 parts that are read": (60, lambda n: parts(n, b"Content-Type: text/html\r\n\r\n<p>x</p>")),
    "C02 lines like boundaries": (20_000, lambda n: parts(1, b"\r\n" + b"--bx\r\n" * n)),
    "C03 parameters": (4_000, lambda n: field(b"Content-Type", b"a/b" + b"".join(b"; a*%d*=x" % i for i in range(n)))),
    "C03 parts with parameters": (40, lambda n: parts(n, b"Content-Type: a/b" + b"; a=b" * 200 + b"\r\n\r\nx")),
    "C03 addresses": (3_000, lambda n: field(b"To", b", ".join(b"u%d@x.test" % i for i in range(n)))),
    "C03 authors": (3_000, lambda n: field(b"From", b", ".join(b"u%d@x.test" % i for i in range(n)))),
    "C03 encoded words": (5_000, lambda n: field(b"Subject", b"=?utf-8?q?a?= " * n)),
    "C03 encoded words glued": (5_000, lambda n: field(b"Subject", b"=?utf-8?q?a?=" * n)),
    "C03 starts of encoded words": (20_000, lambda n: field(b"Subject", b"=?a?q?" * n)),
    "C03 nested comments": (5_000, lambda n: field(b"To", b"(" * n + b")" * n)),
    "C03 open comments": (15_000, lambda n: field(b"From", b"(" * n)),
    "C03 open quotes": (15_000, lambda n: field(b"From", b'"\\' * n)),
    "C03 groups": (8_000, lambda n: field(b"To", b"G:" * n)),
    "C03 references": (5_000, lambda n: field(b"References", b" ".join(b"<%d@x>" % i for i in range(n)))),
    "C03 folds": (20_000, lambda n: field(b"Subject", b"a\r\n " * n)),
    "C04 one field": (500_000, lambda n: field(b"X", b"a" * n)),
    "C04 carriage returns in a field": (20_000, lambda n: field(b"X", b"a\r\n " + b"\r" * n)),
    "C04 fields": (10_000, lambda n: b"X: y\r\n" * n),
    "C04 lines that are no fields": (10_000, lambda n: HEAD + b"x\r\nX: y\r\n" * n),
    "C04 empty lines first": (50_000, lambda n: b"\r\n" * n + HEAD + b"\r\nx"),
    "C06 line ends in base64": (300_000, lambda n: body(b"\r\n" * n, b"a/b", b"base64")),
    "C06 ends of base64": (50_000, lambda n: body(b"A=" * n, b"a/b", b"base64")),
    "C06 padding of a text": (100_000, lambda n: body(b"=" * n, encoding=b"base64")),
    "C06 equals signs": (300_000, lambda n: body(b"=" * n, b"a/b", b"quoted-printable")),
    "C06 uuencoded part": (20_000, lambda n: body(b"begin 644 x\r\n" + b"M\r\n" * n, b"a/b", b"uuencode")),
    "C06 uuencoded files": (4_000, lambda n: body(b"begin 644 a\n" * n + b"\nend")),
    "C06 uuencoded lines": (1_500, lambda n: body(b"begin 644 a\n" + b"#86)C\n" * n)),
    "C06 events": (100, lambda n: body(
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * n + b"END:VCALENDAR", b"text/calendar")),
    "C07 letters of UTF-7": (8_000, lambda n: body(b"+APY-" * n, b"text/plain; charset=utf-7")),
    "C07 plus signs": (20_000, lambda n: body(b"+" * n, b"text/plain; charset=utf-7")),
    "C07 shifts": (50_000, lambda n: body(b"\x1b$B" * n, b"text/plain; charset=iso-2022-jp")),
    "C07 letters of a wrong charset": (6_000, lambda n: body(b"\xe4\xf6 \xe3\xa4 " * n, b"text/plain; charset=foo-8")),
    "C07 lines of two charsets": (2_000, lambda n: body("ä ö ü\n".encode() * n + b"\xe4 x\n" * (n // 2))),
    "C08 zeros": (100_000, lambda n: b"\0" * n),
    "C13 elements": (5_000, lambda n: html(b"<div>" * n)),
    "C13 attributes": (3_000, lambda n: html(b"<p " + b"".join(b"a%d=1 " % i for i in range(n)) + b">x")),
    "C13 links": (500, lambda n: html(b"<a href=http://x.test/>y</a> " * n)),
    "C13 blockquotes": (1_000, lambda n: html(b"<blockquote>x</blockquote>" * n)),
    "C13 ampersands": (8_000, lambda n: html(b"&" * n)),
    "C13 open tags": (20_000, lambda n: html(b"<a" * n)),
    "C13 open comments": (5_000, lambda n: html(b"<!--" * n)),
    "C13 ends of HTML": (10_000, lambda n: body(b"<html>" + b"</html>x" * n)),
    "C13 styles": (20_000, lambda n: html(b"<style>" + b"a{b:c}" * n)),
    "C13 quote marks on a line": (50_000, lambda n: body(b"> " * n)),
    "C13 quoted lines": (3_000, lambda n: body(b"> a\n" * n)),
    "C13 flowed lines": (5_000, lambda n: body(b"word \n" * n, b"text/plain; format=flowed")),
    "C13 signatures in the open": (5_000, lambda n: body(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n" * n)),
    "C13 open signatures": (1_000, lambda n: body(
        b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n" + b"-----BEGIN PGP SIGNATURE-----\n\nabcd\n" * n)),
}  # fmt: skip
PER_DOUBLING = 2.5
FIXED_S = 0.004  # what any mail costs, and what a clock cannot tell from nothing


def seconds(raw: bytes) -> float:
    """CPU time of the whole reading, the best of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        read(raw)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.p0
@pytest.mark.push
@pytest.mark.parametrize("family", FAMILIES)
def test_twice_the_octets_cost_about_twice_the_time(family: str):
    n, make = FAMILIES[family]
    mails = make(n), make(2 * n), make(4 * n)
    for _ in range(3):  # another process may have taken the caches of one measurement, not of three
        costs = [seconds(raw) + FIXED_S for raw in mails]
        if costs[2] < PER_DOUBLING**2 * costs[0]:
            return
    pytest.fail(f"{[round(1000 * cost) for cost in costs]} ms")
