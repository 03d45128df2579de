"""A-10: whatever breaks, the client hears 451 4.3.0 with an id; the words of the exception go to the log alone."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from gateway.errors import PoisonError, TransientError
from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

SECRET = "db password=hunter2"
ERRORS = [
    RuntimeError(SECRET),
    MemoryError(SECRET),
    ConnectionResetError(SECRET),  # the database's connection, not the client's
    TimeoutError(SECRET),
    sqlite3.OperationalError(SECRET),
    psycopg.OperationalError(SECRET),
    OperationalError(SECRET, None, RuntimeError(SECRET)),
    PoisonError(SECRET),
    TransientError("temporary failure in storage"),
]


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("method", ["check_room", "recipient", "accept"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
async def test_A10_every_failure_is_temporary_and_mute(
    tmp_path: Path, protocol: str, method: str, error: Exception
) -> None:
    door = RecordingDoor(fails={method: error})
    with capture_logs() as logs:
        async with listening(settings_for(tmp_path, protocol), door) as listeners:
            client = await Client.to(listeners, protocol)
            await client.greet("LHLO x" if protocol == "lmtp" else "EHLO x")
            said = await _mail(client)
            assert said[-1].startswith("451 4.3.0 temporary failure")
            assert not set("()") & set(said[-1])
            assert "hunter2" not in "".join(said)
            door.fails.clear()
            await client.ask("RSET")
            assert (await _mail(client))[-1].startswith("250 2.6.0")  # the session is still usable
            client.close()
    trouble = [line for line in logs if line["event"] == "smtp.trouble"]
    assert [line["id"] for line in trouble] == [said[-1].partition("id=")[2]]  # logged once, and found by the id


async def _mail(client: Client) -> list[str]:
    said = [await client.ask("MAIL FROM:<ann@example.com>")]
    if said[-1].startswith("250"):
        said.append(await client.ask("RCPT TO:<support@gw.test>"))
    if said[-1].startswith("250"):
        said += [await client.ask("DATA"), await client.ask(".")]
    return said
