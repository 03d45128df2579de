"""B-15: of 250 mails three cannot be fetched; the others come, and somebody hears of the three."""

from pathlib import Path

import pytest

from gateway.clock import FastClock
from gateway.config import Settings
from gateway.store import mailboxes
from gateway.store.store import Store
from tests.imap.conftest import settings, store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Server

__all__ = ["settings", "store"]  # the fixtures


@pytest.mark.p0
async def test_B15_one_unfetchable_mail_blocks_no_other(settings: Settings, store: Store, tmp_path: Path) -> None:
    server, clock = Server(can="AUTH=PLAIN"), FastClock(NOW, 2000)
    server.fetches = {7: "no", 9: "garbage", 11: "hang"}
    came_before_hang_was_tried_again = []

    def look(command: str) -> None:
        if command.startswith("UID FETCH 11 "):
            came_before_hang_was_tried_again.append(len(seen.mails()))

    server.before = look
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, timeout="300ms"), clock) as seen:
        await seen.until(lambda: 'SELECT "INBOX"' in server.heard)
        server.deliver(*(mail(number) for number in range(250)))
        await seen.until(lambda: len(seen.alarms) == 3)
        folder = store.read_now(lambda c: mailboxes.folder(c, "support", "INBOX"))
        assert folder is not None
        left = store.read_now(lambda c: mailboxes.left_over(c, "support", 10))
        del server.fetches[9]
        await seen.until(lambda: len(seen.mails()) == 248)  # it can be had again, an hour later
    assert {about for about, _ in seen.alarms} == {"mailbox_mail"}
    assert {key for _, key in seen.alarms} == {f"support/INBOX/{uid}" for uid in (7, 9, 11)}
    assert sorted(fetched.uid for _, fetched in left) == [7, 9, 11]
    assert came_before_hang_was_tried_again[:2] == [0, 247]
    assert len({row.sha256 for row in seen.fresh()}) == len(seen.mails()) == 248


@pytest.mark.p0
async def test_B15_a_server_that_gives_no_mail_at_all_is_left_alone_for_a_while(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, clock = Server(can="AUTH=PLAIN"), FastClock(NOW, 2000)
    server.fetches = dict.fromkeys(range(1, 41), "no")
    async with server.running(), fetching(settings, store, box_of(server, tmp_path), clock) as seen:
        await seen.until(lambda: 'SELECT "INBOX"' in server.heard)
        server.deliver(*(mail(number) for number in range(40)))
        await seen.until(lambda: server.logins > 2)
        assert sum(command.startswith("UID FETCH") for command in server.heard) <= 10 * server.logins
        server.fetches.clear()
        await seen.until(lambda: len(seen.mails()) == 40)
