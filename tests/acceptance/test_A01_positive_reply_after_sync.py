"""A-01: between the write of a mail and its 250 stands a successful sync of the store, seen from outside."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.acceptance.traced import free_port, sent, started, write_config
from tests.running import mail

_STRACE = ("-y", "-s", "200000", "-e", "trace=pwrite64,fdatasync,fsync,sendto,write", "-o")
pytestmark = [pytest.mark.p0, pytest.mark.sqlite]


@pytest.mark.parametrize("sessions", [1, pytest.param(16, marks=pytest.mark.push)])
async def test_A01_each_250_follows_the_sync_of_its_own_row(tmp_path: Path, sessions: int) -> None:
    port, trace = free_port(), tmp_path / "trace"
    with started(write_config(tmp_path, port), port, (*_STRACE, str(trace))):
        marks = [f"MARK{number:04d}END" for number in range(sessions)]
        replies = await asyncio.gather(*(sent(port, mail(body=mark)) for mark in marks))
    assert all(reply.startswith("250 2.") for reply in replies), replies
    lines = trace.read_text("utf-8", "replace").splitlines()
    syncs = [number for number, line in enumerate(lines) if _synced(line)]
    for mark, reply in zip(marks, replies, strict=True):
        key = re.search(r"[0-9a-f]{32}", reply)
        assert key is not None
        written = next(n for n, line in enumerate(lines) if "pwrite64(" in line and "-wal>" in line and mark in line)
        told = next(n for n, line in enumerate(lines) if "sendto(" in line and "250 2." in line and key[0] in line)
        assert any(written < sync < told for sync in syncs), mark
    if sessions > 1:
        first, last = (
            next(n for n, line in enumerate(lines) if "pwrite64(" in line and marks[0] in line),
            max(n for n, line in enumerate(lines) if "sendto(" in line and "250 2." in line and "mail" not in line),
        )
        assert sum(first < sync < last for sync in syncs) < sessions  # sessions shared their commits


def _synced(line: str) -> bool:
    """A sync of the write-ahead log that ended well: on one line, or on the line that resumes it."""
    return ("-wal>" in line or "resumed" in line) and re.search(r"fdatasync|fsync", line) is not None and "= 0" in line
