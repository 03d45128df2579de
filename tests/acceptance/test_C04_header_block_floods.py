"""C-04: a header of any size is a ticket; without an empty line all of it is header."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


async def test_C04_floods_of_fields(settings: Settings, tmp_path: Path) -> None:
    found = await through(
        settings,
        tmp_path,
        [
            hostile(b"X: " + b"a" * 10_000_000 + b"\r\n\r\nwords\r\n", number=0),
            hostile(b"X: y\r\n" * 100_000 + b"\r\nwords\r\n", number=1),
            hostile(b"X: y\r\n" * 500_000, number=2),  # no empty line
            hostile(b"X" * 1_000_000 + b": y\r\n\r\nwords\r\n", number=3),
            hostile(b": no name\r\n\r\nwords\r\n", number=4),
            b"\r\n" * 40_000 + hostile(b"\r\nwords\r\n", number=5),
        ],
    )
    assert [read.ticket.subject for read in found] == [f"hostile {n}" for n in range(6)]
    assert [read.entry.text for n, read in enumerate(found) if n not in (2, 3)] == ["words"] * 4
    assert found[2].entry.text == ""
