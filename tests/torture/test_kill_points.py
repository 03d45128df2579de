"""Killed at K8 and K10 to K13: after the restart there is one ticket, and who was not told sends a duplicate."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.config import load_settings
from gateway.store.schema import entry, inbound
from gateway.store.version import open_reader
from tests.acceptance.traced import free_port, sent, started, wait_for_the_end, wait_until_settled, write_config
from tests.running import mail

pytestmark = [pytest.mark.p0, pytest.mark.sqlite, pytest.mark.push]


@pytest.mark.parametrize(
    ("point", "told", "attempts"),
    [
        # where it is killed, did the client hear a 250, attempts counted in the end
        ("K8", False, 1),
        ("K10", None, 2),  # the 250 and the claim race each other
        ("K11", True, 2),
        ("K12", True, 2),
        ("K13", True, 1),
    ],
)
def test_one_ticket_whenever_it_was_killed(tmp_path: Path, point: str, told: bool | None, attempts: int) -> None:
    config, raw = write_config(tmp_path, port := free_port()), mail(body="once")
    with started(config, port, faults=[point]):
        first = asyncio.run(sent(port, raw))
        wait_for_the_end(port)
    assert told is None or first.startswith("250") is told
    with started(config, port):
        again = asyncio.run(sent(port, raw))
        assert again.startswith("250 2.6.0")
        wait_until_settled(config)
    with open_reader(load_settings(config)).connect() as c:
        rows = c.execute(select(inbound).order_by(inbound.c.id)).all()
        entries = Counter(c.execute(select(entry.c.source)).scalars())
    assert [row.disposition for row in rows] == ["ticket", "duplicate"]
    assert rows[0].key in again
    assert rows[0].attempts == attempts
    assert entries == {rows[0].key: 1}
