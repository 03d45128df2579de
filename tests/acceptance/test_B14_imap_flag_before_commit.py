"""B-14: the server hears of a mail only after it is ours, whenever either of us dies; others' mails are left alone."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.config import Settings
from gateway.intake import imap_take
from gateway.intake.imap_link import Link
from gateway.store import mailboxes
from gateway.store.store import Store
from tests.imap.conftest import settings, store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import Server

__all__ = ["settings", "store"]  # the fixtures
pytestmark = pytest.mark.p0


@pytest.mark.parametrize("octets", [0, 1, 2500, 4999])
async def test_B14_a_connection_that_breaks_within_a_mail_brings_nothing_of_it(
    octets: int, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, raw = Server(), mail(1) + b"x" * (5000 - len(mail(1)))
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.fetches[1] = octets
        server.deliver(raw)
        await seen.until(lambda: bool(server.inbox.mails[1].flags))
    assert [(row.size, seen.raw(row)) for row in seen.mails()] == [(5000, raw)]


@pytest.mark.parametrize(
    ("dies_at", "copies"),
    [
        # where we are killed, how many rows of the same mail that leaves
        ("written", 2),  # K20, K21: it is ours, and nothing but its bytes says so
        ("settle", 1),
    ],
)
async def test_B14_killed_before_the_server_knows_the_mail_comes_again_and_is_known(
    dies_at: str,
    copies: int,
    settings: Settings,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, real = Server(), getattr(imap_take, f"_{dies_at}")

    def dies(*given: object, **named: object) -> None:
        if server.logins == 1:
            raise OSError("killed")
        real(*given, **named)

    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        monkeypatch.setattr(imap_take, f"_{dies_at}", dies)
        server.deliver(mail(1))
        await seen.until(lambda: bool(server.inbox.mails[1].flags))
    assert len(seen.fresh()) == 1
    assert len(seen.mails()) == copies


async def test_B14_killed_between_the_mark_and_expunge(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(link: Link, uids: list[int]) -> None:  # K22
        monkeypatch.undo()
        link._client.add_flags(uids, [b"\\Deleted"])
        raise OSError("killed")

    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after="delete")) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.inbox.put(mail(8))
        server.inbox.mails[1].flags.add("\\Deleted")  # by somebody else, who may change his mind
        monkeypatch.setattr(Link, "delete", killed)
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: len(server.inbox.mails) == 0 or set(server.inbox.mails) == {1})
    assert len(seen.mails()) == 3
    assert not any(command.startswith("EXPUNGE") for command in server.heard)


async def test_B14_no_mail_of_others_is_deleted(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    server.inbox.put(mail(8), mail(9))  # from before
    server.inbox.mails[1].flags.add("\\Deleted")
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after="delete")) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: set(server.inbox.mails) == {1, 2})
    assert [c for c in server.heard if "EXPUNGE" in c] == ["UID EXPUNGE 3,4"]


async def test_B14_a_mail_that_somebody_else_takes_away_meanwhile_is_no_trouble(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()

    def expunge(command: str) -> None:
        if command.startswith("UID FETCH 1 "):
            server.inbox.mails.pop(2, None)

    server.before = expunge
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1), mail(2), mail(3))
        await seen.until(lambda: bool(server.inbox.mails[3].flags))
    assert (len(seen.mails()), seen.alarms, server.logins) == (2, [], 1)


async def test_B14_at_each_word_to_the_server_the_mails_are_on_stable_storage(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, at_each = Server(), []

    def known(c: Connection) -> list[str]:
        folder = mailboxes.folder(c, "support", "INBOX")
        assert folder is not None
        return list(mailboxes.known_bytes(c, "support", [row.sha256 for row in seen.mails()]))

    def look(command: str) -> None:
        if command.startswith("UID STORE"):
            at_each.append((command, len(store.read_now(known))))

    server.before = look
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(*(mail(number) for number in range(75)))
        await seen.until(lambda: all(m.flags for m in server.inbox.mails.values()))
    assert [count for _, count in at_each] == [50, 75]
