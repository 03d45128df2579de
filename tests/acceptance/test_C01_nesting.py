"""C-01: deep structures are cut before anything recurses; what is deeper stays one opaque attachment."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


def nested(depth: int, kind: str, number: int) -> bytes:
    if kind == "messages":
        return hostile(b"Content-Type: message/rfc822\r\n\r\n" * depth + b"x", number=number)
    opened = b""
    for n in range(depth):
        name = b"b" * (n + 1) if kind == "prefixes" else b"b%d" % n
        opened += b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (name, name)
        if kind == "mixed" and n % 5 == 4:
            opened += b"Content-Type: message/rfc822\r\n\r\n"
    return hostile(opened + b"\r\nthe innermost words", number=number)


async def test_C01_any_depth_is_a_ticket(settings: Settings, tmp_path: Path) -> None:
    depths = (10, 29, 30, 31, 100, 1_000, 10_000)
    shapes = [(depth, kind) for depth in depths for kind in ("multiparts", "messages", "mixed")]
    shapes += [(depth, "prefixes") for depth in depths if depth <= 1_000]
    found = await through(settings, tmp_path, [nested(d, kind, n) for n, (d, kind) in enumerate(shapes)])
    for (depth, kind), read in zip(shapes, found, strict=True):
        if kind == "multiparts":
            assert bool({"mime-depth", "mime-parts"} & {*read.ticket.flags}) is (depth > 30)
            assert len(read.entry.attachments) == (depth > 30)
            assert ("innermost" in read.entry.text) is (depth <= 30)
