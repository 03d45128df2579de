"""After a restore mail that was fetched since the backup comes again, and none becomes ours twice."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.config import Settings
from gateway.store import mailboxes
from gateway.store.backup import take_backup
from gateway.store.opening import open_store
from gateway.store.restore import restore
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Folder, Server


@pytest.mark.parametrize(
    ("after", "again"),
    [
        # what is done with a mail that is ours, which come again
        ("seen", [2, 3]),
        ("move:Done", [2, 3]),
        ("delete", []),  # nobody has them any more
    ],
)
async def test_what_came_since_the_backup_comes_again(
    after: str, again: list[int], settings: Settings, tmp_path: Path
) -> None:
    server, store = Server(), open_store(settings)
    server.folders["Done"] = Folder()
    server.folders["Done"].put(mail(77), at=NOW - timedelta(days=300))  # of long ago
    async with server.running():
        box = box_of(server, tmp_path, after=after)
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            server.deliver(mail(1))
            await seen.until(lambda: store.read_now(_states) == {"settled": 1})
            manifest = take_backup(settings, tmp_path / "b", {}, NOW)
            server.deliver(mail(2), mail(3))
            await seen.until(lambda: store.read_now(_states) == {"settled": 3})
        store.close()
        restore(settings, tmp_path / "b", manifest, NOW + timedelta(hours=1), resend=False, replace=True)
        store = open_store(settings)
        server.heard.clear()
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            assert [seen.raw(row) for row in seen.mails()] == [mail(1), *map(mail, again)]
            server.deliver(mail(4))
            await seen.until(lambda: [seen.raw(row) for row in seen.mails()][-1] == mail(4))
    store.close()


def _states(c: Connection) -> dict[str, int]:
    return mailboxes.counted(c, "support")
