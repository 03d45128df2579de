"""What the README says to Postfix is all that it needs to hand over mail for the desk, and to refuse the rest."""

import asyncio
import pwd
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib

from tests.dialogue import RecordingDoor, listening, settings_for
from tests.outgoing import peers
from tests.outgoing.test_real_relays import MASTER, MASTER_CF, POSTFIX, folder, needs_postfix

__all__ = ["folder"]  # the fixture

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
# what Debian makes on installation; nobody is in our networks, so that recipients are judged as those of strangers
FRESH = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.acme.test
mydestination = $myhostname, localhost
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 192.0.2.0/24
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""


@asynccontextmanager
async def postfix(folder: Path, lines: str, services: str = "lmtp unix - - n - - lmtp\n") -> AsyncIterator[int]:
    """A fresh Postfix of our own with these lines more in main.cf and master.cf; its port."""
    port = peers.free_port()
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", pwd.getpwnam("postfix").pw_uid)
    fresh = FRESH.format(folder=folder, daemons=MASTER.parent)
    (folder / "conf" / "main.cf").write_text(f"{fresh}{lines}")
    (folder / "conf" / "master.cf").write_text(MASTER_CF.format(port=port) + services)
    check = await asyncio.create_subprocess_exec(str(POSTFIX), "-c", str(folder / "conf"), "check")
    assert await check.wait() == 0
    master = await asyncio.create_subprocess_exec(
        str(MASTER), "-c", str(folder / "conf"), "-d", start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await peers.listening(port)
        yield port
    finally:
        master.terminate()  # it ends the processes of its own group
        await master.wait()


async def answer(port: int, recipient: str) -> int:
    """What Postfix says to a mail for this recipient."""
    try:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            await client.sendmail("ann@example.com", [recipient], b"Subject: hello\r\n\r\nhello\r\n")
    except aiosmtplib.SMTPRecipientsRefused as e:
        return e.recipients[0].code
    return 250


@needs_postfix
async def test_the_lines_of_the_readme(folder: Path) -> None:
    found = re.search(r"<!-- tested with Postfix -->\n```text\n(.*?)```", README, re.DOTALL)
    assert found is not None
    door = RecordingDoor(frozenset({"support@acme.test", "billing@acme.test", "bounce@acme.test"}))
    async with listening(settings_for(folder, "lmtp"), door) as listeners:
        lines = found[1].replace("127.0.0.1:2424", listeners.addresses["lmtp"])
        async with postfix(folder, lines) as port:
            answers = {
                recipient: await answer(port, recipient)
                for recipient in (
                    "support@acme.test",
                    "Billing@ACME.test",
                    "bounce+b912.k2@acme.test",
                    "nobody@acme.test",
                    "ann@other.test",
                )
            }
            while len(door.accepted) < 3:
                door.arrived.clear()
                await asyncio.wait_for(door.arrived.wait(), 20)
    assert list(answers.values()) == [250, 250, 250, 550, 454]
    assert {path.lower() for envelope, _ in door.accepted for path in envelope.forward_paths} == {
        "support@acme.test", "billing@acme.test", "bounce+b912.k2@acme.test",
    }  # fmt: skip
