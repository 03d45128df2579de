"""A real server: what is in its mailbox becomes tickets, whoever dies meanwhile."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.config import Imap, load_settings, write_secret
from gateway.errors import GatewayError
from gateway.store import inbound, mailboxes
from gateway.store.audit import find_rows
from gateway.store.opening import open_store
from gateway.store.schema import inbound as mail_table
from gateway.store.schema import mailbox_mail
from gateway.store.schema import ticket as ticket_table
from gateway.store.version import open_reader
from tests.conftest import settings_in
from tests.imap.dovecot import PASSWORD, Dovecot, needs_dovecot
from tests.running import Gateway, mail

pytestmark = [needs_dovecot, pytest.mark.sqlite]
_CONFIG = """\
[site]
domain = "acme.test"
[paths]
state = "{folder}/state"
runtime = "{folder}"
rules = "{folder}/rules.yaml"
[lmtp]
listen = "off"
[intake]
min_free = "1 MiB"
[outbound]
relay = "127.0.0.1:9"
concurrency = 0
[[imap]]
name = "support"
address = "support@acme.test"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "support"
password = {{file = "{folder}/imap-password"}}
poll = "2s"
timeout = "5s"
after = "{after}"
first_run = "{first_run}"
folder_commands = {orders}
[log]
level = "warning"
"""


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    home = Path(tempfile.mkdtemp(prefix="mw-dovecot-"))
    home.chmod(0o755)  # its processes are users of their own
    with Dovecot(home) as running:
        yield running
    shutil.rmtree(home, ignore_errors=True)


async def test_mail_becomes_a_ticket_and_is_moved(dovecot: Dovecot, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    write_secret(tmp_path / "password", PASSWORD)
    account = Imap.model_validate(
        {
            "name": "support", "address": "support@acme.test", "host": "127.0.0.1", "port": dovecot.port,
            "tls": "none", "user": "support", "password": {"file": tmp_path / "password"}, "after": "move:Done here",
        }
    )  # fmt: skip
    await asyncio.to_thread(dovecot.put, [mail("from before")])
    async with Gateway(settings.model_copy(update={"imap": (account,)})) as gateway, asyncio.timeout(30):
        while not await gateway.store.read(mailboxes.folders):  # noqa: ASYNC110 - it happens in a store
            await asyncio.sleep(0.01)
        await asyncio.to_thread(dovecot.put, [mail("Zwrot", Delivered_To="support+x@acme.test")])
        while not gateway.tickets():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await gateway.quiet()
        row = gateway.mails()[0]
        while await asyncio.to_thread(count_in, dovecot, "Done here") != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (row.via, row.forward_paths) == ("imap", ("support+x@acme.test", "support@acme.test"))
    assert count_in(dovecot, "INBOX") == 1


@pytest.mark.push
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("after", "count"), [("seen", 400), ("move:Done", 400), ("delete", 2000)])
def test_a_backlog_with_everybody_dying(dovecot: Dovecot, tmp_path: Path, after: str, count: int) -> None:
    chance = random.Random(count)
    config = written(tmp_path, dovecot, after=after, first_run="all")
    with dovecot.client() as somebody:
        somebody.append("INBOX", mail("of somebody else"), flags=[b"\\Deleted"])
    start_and_stop(config, lambda: count_of(config, mailboxes.folders) == 1)  # first contact
    store = open_store(load_settings(config))
    asyncio.run(store.write(lambda c: mailboxes.decide_old(c, "support", "left"), durable=True))
    store.close()
    dovecot.put([numbered(number) for number in range(count // 2)])
    process, put, deadline = started(config), count // 2, time.monotonic() + 800
    try:
        while fetched(config) < count:
            assert time.monotonic() < deadline
            goal = min(fetched(config) + chance.randint(1, 250), put)
            until(lambda: fetched(config) >= goal, deadline)  # noqa: B023 - asked at once
            if chance.random() < 0.6:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                process = started(config)
            else:
                dovecot.stop()
                dovecot.start()
            if put < count:
                dovecot.put([numbered(number) for number in range(put, put + 100)])
                put += 100
        until(lambda: count_of(config, pending) == 0 and count_of(config, untold) == 0, deadline)
    finally:
        process.terminate()
        process.wait()
    with open_reader(load_settings(config)).connect() as c:
        assert c.execute(select(func.count()).select_from(ticket_table)).scalar_one() == count
        told = set(c.execute(select(mail_table.c.disposition)).scalars())
    assert told <= {"ticket", "duplicate"}
    with dovecot.client() as client:
        client.select_folder("INBOX")
        assert client.search("DELETED") == [1]  # it is still there, as it was
        assert b"\\Seen" not in client.get_flags([1])[1]
        assert len(client.search("ALL")) == (1 + count if after == "seen" else 1)
        assert len(client.search("UNSEEN")) == 1
        if after == "move:Done":
            assert client.folder_status("Done", ["MESSAGES"]) == {b"MESSAGES": count}


@pytest.mark.push
@pytest.mark.timeout(300)
def test_orders_with_everybody_dying(dovecot: Dovecot, tmp_path: Path) -> None:
    count, chance = 40, random.Random(5)
    config = written(tmp_path, dovecot, after="seen", first_run="from_now", orders="true")
    ends = {"Closed": "closed support", "Spam": "spam support", "Queues/Billing": "new billing"}
    with dovecot.client() as somebody:
        for folder in ends:
            somebody.create_folder(folder)
    start_and_stop(config, lambda: count_of(config, mailboxes.folders) == 4)  # first contact
    dovecot.put([numbered(number) for number in range(count)])
    process, deadline = started(config), time.monotonic() + 200
    wanted: dict[str, str] = {}
    try:
        until(lambda: count_of(config, processed) == count, deadline)
        for turn in range(4):
            with dovecot.client() as somebody:
                somebody.select_folder("INBOX")
                for uid in range(10 * turn + 1, 10 * turn + 11):
                    folder = chance.choice(list(ends))
                    somebody.move([uid], folder)
                    wanted[f"Nr {uid - 1}"] = ends[folder]
            if turn == 3:
                until(lambda: count_of(config, numberings_of_closed) == 1, deadline)
            if turn % 2:
                dovecot.stop()
                if turn == 3:  # it numbers the folder anew
                    for file in (dovecot.home / "mail" / "support" / ".Closed").glob("dovecot*"):
                        file.unlink()
                dovecot.start()
            else:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                process = started(config)
        until(lambda: count_of(config, ordered) == count, deadline)
        until(lambda: count_of(config, numberings_of_closed) == 2, deadline)
        until(lambda: keywords(dovecot, "Queues/Billing") == {b"mailwicket-new"}, deadline)
        assert keywords(dovecot, "Closed") == {b"mailwicket-closed"}
    finally:
        process.terminate()
        process.wait()
    with open_reader(load_settings(config)).connect() as c:
        assert {row.subject: f"{row.status} {row.team}" for row in c.execute(select(ticket_table))} == wanted
        assert ordered(c) == count  # each once


def processed(c: Connection) -> int:
    return inbound.account(c).get("ticket", 0)


def ordered(c: Connection) -> int:
    return len(find_rows(c, actor="mailbox"))


def numberings_of_closed(c: Connection) -> int:
    rows = select(func.count(mailbox_mail.c.uidvalidity.distinct())).where(mailbox_mail.c.folder == "Closed")
    return c.execute(rows).scalar_one()


def keywords(dovecot: Dovecot, folder: str) -> set[bytes]:
    with dovecot.client() as client:
        client.select_folder(folder, readonly=True)
        flags = client.get_flags(client.search("ALL"))
    return {flag for each in flags.values() for flag in each if flag.startswith(b"mailwicket")}


def written(folder: Path, dovecot: Dovecot, *, after: str, first_run: str, orders: str = "false") -> Path:
    """A configuration of one mailbox, with all that it names."""
    config = folder / "mailwicket.toml"
    config.write_text(_CONFIG.format(folder=folder, port=dovecot.port, after=after, first_run=first_run, orders=orders))
    (folder / "rules.yaml").write_text(
        "version: 1\ndefaults: {team: support}\n"
        "teams: {support: {address: support@acme.test}, billing: {address: billing@acme.test}}\n"
    )
    write_secret(folder / "imap-password", PASSWORD)
    return config


def numbered(number: int) -> bytes:
    return mail(f"Nr {number}", From=f"jan{number}@x.test", Message_ID=f"<{number}@x.test>")


def count_in(dovecot: Dovecot, folder: str) -> int:
    with dovecot.client() as client:
        found = client.list_folders()
        if folder not in {name for _, _, name in found}:
            return 0
        return int(client.folder_status(folder, ["MESSAGES"])[b"MESSAGES"])


def started(config: Path) -> "subprocess.Popen[bytes]":
    log = (config.parent / "log").open("ab")
    command = [sys.executable, "-m", "tests.torture.start", str(config)]
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def start_and_stop(config: Path, done: Callable[[], bool]) -> None:
    process = started(config)
    try:
        until(done, time.monotonic() + 60)
    finally:
        process.terminate()
        process.wait()


def until(done: Callable[[], bool], deadline: float) -> None:
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def count_of(config: Path, query: Callable[[Connection], object]) -> int:
    """How many the query finds; none while there is no database."""
    try:
        with open_reader(load_settings(config)).connect() as c:
            found = query(c)
    except (GatewayError, SQLAlchemyError):  # it is made just now
        return -1
    return found if isinstance(found, int) else len(found)  # type: ignore[arg-type]


def fetched(config: Path) -> int:
    rows = select(func.count()).where(mail_table.c.duplicate_of.is_(None))
    return count_of(config, lambda c: c.execute(rows).scalar_one())


def pending(c: Connection) -> int:
    return inbound.account(c)["pending"]


def untold(c: Connection) -> int:
    return len(mailboxes.unsettled(c, mailboxes.folders(c)[0], 10_000))
