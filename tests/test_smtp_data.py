"""The reader of DATA against a reference that holds everything and knows no pieces."""

import asyncio
import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.intake.data import SPILL_OCTETS, Data, read_data
from tests.dialogue import entries

END = b"\r\n.\r\n"
FOLDER = Path("/nowhere")  # small mails never touch it


def reference(stream: bytes) -> tuple[bytes, bytes]:
    """(content with dots unstuffed, what follows the end)."""
    text = b"\r\n" + stream
    end = text.index(END)
    lines = text[: end + 2].split(b"\r\n")[1:]
    return b"\r\n".join(line.removeprefix(b".") for line in lines), text[end + len(END) :]


async def read_in_pieces(
    pieces: list[bytes], limit: int, max_octets: int = 1 << 20, folder: Path = FOLDER
) -> tuple[Data, bytes]:
    """What the reader makes of the segments, and what it leaves."""
    stream = asyncio.StreamReader(limit=limit)
    reading = asyncio.ensure_future(read_data(stream, max_octets, folder))
    for piece in pieces:
        stream.feed_data(piece)
        await asyncio.sleep(0)
    stream.feed_eof()
    return await reading, await stream.read()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(p % (len(stream) + 1) for p in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges) if a < b]


HOSTILE = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n..", b"a", b"\x00", b"Received: x", b"bcdefghijkl"]),
    max_size=40,
).map(b"".join)


@settings(max_examples=200)
@given(HOSTILE, st.lists(st.integers(0, 1000), max_size=12), st.integers(8, 70))
def test_any_split_gives_what_was_sent(text: bytes, places: list[int], limit: int) -> None:
    stream = text + END + b"QUIT\r\n"
    data, rest = asyncio.run(read_in_pieces(cut(stream, places), limit))
    content, expected_rest = reference(stream)
    assert data.raw is not None
    assert data.raw.read() == content
    assert rest == expected_rest
    assert data.size == len(content)
    assert data.sha256 == hashlib.sha256(content).hexdigest()
    stuffed = stream[: len(stream) - len(expected_rest) - 3].replace(b"\r\n", b"")
    assert data.bare == (b"\r" in stuffed or b"\n" in stuffed)


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([b"Received: x", b"RECEIVED: y", b" Received: z", b"To: t", b".Received: q"]), max_size=12
    ),
    st.lists(st.integers(0, 1000), max_size=8),
    st.integers(8, 70),
)
def test_hops_are_the_received_fields_of_the_header(fields: list[bytes], places: list[int], limit: int) -> None:
    header = b"".join(field + b"\r\n" for field in fields)
    stream = header + b"\r\nReceived: in the body\r\n.\r\n"
    data, _ = asyncio.run(read_in_pieces(cut(stream, places), limit))
    assert data.hops == sum(f.removeprefix(b".").lower().startswith(b"received:") for f in fields)


@pytest.mark.parametrize(
    ("size", "max_octets", "kept", "complete"),
    [
        # octets of the mail, limit, are they kept, was the end read
        (1000, 1000, True, True),
        (1001, 1000, False, True),
        (2000, 1000, False, True),
        (20_000, 1000, False, False),  # over twice the limit: nobody waits for the end
    ],
)
async def test_the_limit(size: int, max_octets: int, kept: bool, complete: bool) -> None:
    stream = b"x" * (size - 2) + END
    data, _ = await read_in_pieces([stream], 64, max_octets)
    assert (data.raw is not None, data.complete) == (kept, complete)
    assert not complete or data.size == size


async def test_a_large_mail_waits_in_a_file_without_a_name(tmp_path: Path) -> None:
    data, _ = await read_in_pieces([b"x" * 1000] * (SPILL_OCTETS // 1000 + 1) + [END], 65_536, folder=tmp_path)
    assert data.raw is not None
    assert data.raw.fileno() > 0
    assert entries(tmp_path) == []
    assert data.raw.read() == b"x" * (data.size - 2) + b"\r\n"
    data.raw.close()


async def test_a_full_disk_is_told_after_the_end(tmp_path: Path) -> None:
    data, rest = await read_in_pieces([b"x" * SPILL_OCTETS, END, b"NOOP"], 65_536, folder=tmp_path / "missing")
    assert data.raw is None
    assert data.complete
    assert rest == b"NOOP"


async def test_a_client_that_goes_away_keeps_its_mail() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read_in_pieces([b"Subject: x\r\n\r\nhel"], 64)
