"""C-03: long values are cut before anything reads them, and the words below are still found."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_FLOODS = (
    b"X-A: a\r\nContent-Type: text/plain" + b"".join(b"; a*%d*=x" % n for n in range(4_000)),
    b"To: " + b", ".join(b"u%d@x.test" % n for n in range(20_000)),
    b"Keywords: " + b" ".join([b"=?utf-8?q?a?="] * 50_000),
    b"To: " + b"(" * 5_000 + b")" * 5_000,
    b"Cc: " + b"(" * 100_000,
    b"References: " + b" ".join(b"<%d@x>" % n for n in range(100_000)),
    b"Comments: " + b"a\r\n " * 50_000,
    b"To: " + b"G:" * 10_000,
)


async def test_C03_the_words_are_found(settings: Settings, tmp_path: Path) -> None:
    mails = [hostile(flood + b"\r\n\r\nWhere is my order?\r\n", number=n) for n, flood in enumerate(_FLOODS)]
    for n, read in enumerate(await through(settings, tmp_path, mails)):
        assert (read.ticket.subject, read.entry.text) == (f"hostile {n}", "Where is my order?")
