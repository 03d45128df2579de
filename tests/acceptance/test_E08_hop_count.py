"""E-08: a mail that went round too often is refused while its header is read; what stands in a body is no hop."""

import pytest

from gateway.config import Settings
from tests.running import Gateway, mail

pytestmark = pytest.mark.p1
HOP = "Received: from a.test by b.test; Sat, 21 Nov 2026 09:00:00 +0000\r\n"
FOLDED = "Received: from a.test\r\n\tby b.test;\r\n Sat, 21 Nov 2026 09:00:00 +0000\r\n"


async def test_E08_more_than_fifty_hops_are_a_loop(settings: Settings) -> None:
    loops = (
        # what stands before the mail, whether it is taken
        (HOP * 49, True),
        (HOP * 50, True),
        (HOP * 51, False),
        (HOP * 101, False),
        (HOP * 10_000, False),
        (FOLDED * 50, True),  # a folded one is one
        (FOLDED * 51, False),
        (HOP.lower() * 51, False),
        (HOP.upper() * 51, False),
        (HOP.replace("Received", "X-Received") * 60, True),
    )
    async with Gateway(settings) as gateway:
        for n, (hops, taken) in enumerate(loops):
            raw = hops.encode() + mail(f"Mail {n}")
            assert (await gateway.send(raw)).startswith("250" if taken else "554 5.4.6"), n
        body = mail("Quoted", HOP * 200)
        assert (await gateway.send(body)).startswith("250")
        await gateway.quiet()
        assert len(gateway.tickets()) == sum(taken for _, taken in loops) + 1
