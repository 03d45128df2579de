"""B-13: a server that numbers its mails anew; nothing is lost, nothing comes twice."""

from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.imap.conftest import settings, store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import Server

__all__ = ["settings", "store"]  # the fixtures


@pytest.mark.p0
@pytest.mark.parametrize("after", ["seen", "move:Done", "delete"])
async def test_B13_a_hundred_mails_renumbered_after_sixty(
    after: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    box = box_of(server, tmp_path, after=after)
    async with server.running():
        box = box.model_copy(update={"port": server.port})
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            server.deliver(*(mail(number) for number in range(60)))
            await seen.until(lambda: len(seen.fresh()) == 60)
        server.inbox.put(*(mail(number) for number in range(60, 100)))
        server.inbox.renumber(77)
        server.inbox.put(*(mail(number) for number in range(100, 110)))
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: len(seen.fresh()) == 110)
            await seen.until(lambda: after != "seen" or all(m.flags for m in server.inbox.mails.values()))
    assert len({row.sha256 for row in seen.fresh()}) == len(seen.mails()) == 110
    assert [about for about, _ in seen.alarms] == ["mailbox_renumbered"]
