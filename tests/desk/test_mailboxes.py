"""The first hour of a day with real mailboxes: what the gateway sends lies in Dovecot, and is read there by IMAP."""

import asyncio
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from tests.conftest import settings_in
from tests.desk.day import MONDAY, Day, played
from tests.desk.people import PEOPLE
from tests.imap.dovecot import Dovecot
from tests.outgoing.peers import free_port
from tests.running import Gateway, Relay

pytestmark = [
    pytest.mark.push,
    pytest.mark.skipif(
        shutil.which("dovecot") is None or not Path("/usr/lib/dovecot/lmtp").exists(),
        reason="Dovecot with LMTP: apt install dovecot-imapd dovecot-lmtpd",
    ),
]
SCRIPT = Path(__file__).parent / "hour.txt"
_LMTP = """\
protocols = imap lmtp
auth_username_format = %Ln
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class ToMailboxes(Relay):
    """A submission server that puts each mail into the mailbox of its reader, by LMTP."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd
        """Ours are delivered before the gateway hears 250."""
        await asyncio.to_thread(self._deliver, envelope)
        return await super().handle_DATA(server, session, envelope)

    def _deliver(self, envelope: Any) -> None:
        with smtplib.LMTP("127.0.0.1", self._port) as lmtp:
            lmtp.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)


class DayAtMailboxes(Day):
    """Everybody looks into his own mailbox."""

    def __init__(self, gateway: Gateway, clock: FakeClock, dovecot: Dovecot) -> None:
        super().__init__(gateway, clock)
        self._dovecot = dovecot

    def new_mails(self) -> list[tuple[str, bytes]]:
        """What nobody has read yet."""
        found = []
        for person in PEOPLE.values():
            with self._dovecot.client(person.address.partition("@")[0]) as client:
                client.select_folder("INBOX")
                unseen = client.fetch(client.search(["UNSEEN"]), ["RFC822"])
                found += [(person.address, bytes(mail[b"RFC822"])) for _, mail in sorted(unseen.items())]
        return found


@pytest.fixture
def dovecot() -> Iterator[tuple[Dovecot, int]]:
    """It, and where it takes mail."""
    home, port = Path(tempfile.mkdtemp(prefix="mw-dovecot-")), free_port()
    home.chmod(0o755)  # its processes are users of their own
    users = [person.address.partition("@")[0] for person in PEOPLE.values()]
    with Dovecot(home, _LMTP.format(port=port), users) as server:
        yield server, port
    shutil.rmtree(home, ignore_errors=True)


async def test_an_hour_with_mailboxes(
    tmp_path: Path, dovecot: tuple[Dovecot, int], pytestconfig: pytest.Config
) -> None:
    server, port = dovecot
    clock = FakeClock(MONDAY)

    def day_at(gateway: Gateway) -> Day:
        return DayAtMailboxes(gateway, clock, server)

    update = bool(pytestconfig.getoption("--update-golden"))
    day = await played(settings_in(tmp_path), SCRIPT, clock, day_at, relay=ToMailboxes(port), update=update)
    for_jan = "\n".join(mail.as_string() for _, mail in day.mailboxes["jan"])
    assert "landlord" not in for_jan
    assert len(day.mailboxes["ana"]) > 3
