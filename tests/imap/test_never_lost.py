"""What a server says wrongly, or says anew, loses no mail of anybody, and has none answered that is old."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store import mailboxes
from gateway.store.store import Store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Server

LONG_AGO = NOW - timedelta(days=800)
FROM_NOW = datetime.now(UTC) + timedelta(days=1)  # no old mail, whatever the clocks say


def answer(size: int, piece: bytes) -> bytes:
    """To a command that fetches a piece of mail 1."""
    return b"* 1 FETCH (UID 1 RFC822.SIZE %d BODY[]<0> %s)\r\n" % (size, piece) + b"%s OK done\r\n"


@pytest.mark.parametrize(
    "said",
    [
        answer(5000, b"NIL"),
        answer(5000, b"{0}\r\n"),
        answer(0, b'""'),
    ],
)
async def test_a_mail_of_no_octets_is_not_fetched_and_not_deleted(
    said: bytes, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.answers["UID FETCH 1 "] = said
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after="delete")) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: 2 not in server.inbox.mails)
    assert [m.size for m in seen.mails()] == [len(mail(2))]
    assert list(server.inbox.mails) == [1]
    folder = store.read_now(mailboxes.folders)[0]
    assert "no octet" in store.read_now(lambda c: mailboxes.failing(c, folder))[0].said


async def test_a_server_that_gives_less_than_was_asked_for_is_asked_for_the_rest(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, raw = Server(), mail(1) + b"x" * 5000
    server.most_at_once = 999
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after="delete")) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(raw)
        await seen.until(lambda: not server.inbox.mails)
    assert [seen.raw(m) for m in seen.mails()] == [raw]


async def test_a_server_that_says_too_large_a_size_ends_with_no_more_octets(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.larger_by = 77
        server.deliver(mail(1))
        await seen.until(lambda: bool(seen.mails()))
    assert [seen.raw(m) for m in seen.mails()] == [mail(1)]


async def test_a_server_restored_from_a_copy_is_told_of_no_mail_under_a_number_from_before(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, at_store = Server(), list[list[bytes]]()

    def note(command: str) -> None:
        if command.startswith("UID STORE") and not server.answers:
            at_store.append([seen.raw(row) for row in seen.mails()])

    server.before = note
    server.answers["UID STORE"] = b"%s NO not now\r\n"
    box = box_of(server, tmp_path, after="delete")
    async with server.running():
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            server.deliver(mail(1), mail(2))
            await seen.until(lambda: "not told" in seen.trouble())
        server.answers.clear()
        server.inbox.mails.clear()
        server.inbox.uidnext = 1
        server.inbox.put(mail(77), at=FROM_NOW)
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: not server.inbox.mails)
    assert mail(77) in at_store[0]  # it was ours before the server heard that it is


@pytest.mark.parametrize("first_run", ["archive", "all"])
async def test_old_mail_that_failed_at_first_is_taken_in_as_old_mail_later(
    first_run: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.inbox.put(mail(1), mail(2), mail(3), at=LONG_AGO)
    server.fetches[2] = 10  # the connection ends within it
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, first_run=first_run)) as seen:
        if first_run == "all":
            await seen.until(lambda: "IDLE" in server.heard)
            await store.write(lambda c: mailboxes.decide_old(c, "support", "wanted"), durable=True)
            server.deliver(mail(4))  # it would look at the next poll
        await seen.until(lambda: {mail(1), mail(2), mail(3)} <= {seen.raw(row) for row in seen.mails()})
        await seen.until(lambda: store.read_now(mailboxes.folders)[0].old == "done")
    waiting = await store.claim(now=datetime.now(UTC), limit=9, suspicious_after=9)
    assert {each.imported for each in waiting} == ({"closed"} if first_run == "archive" else {None})


async def test_an_archive_whose_server_says_no_time_is_silent_at_the_times_of_its_headers(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.says_when = False
    server.inbox.put(b"Date: Tue, 05 Mar 2024 10:00:00 +0100\r\n" + mail(1), mail(2), at=LONG_AGO)
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, first_run="archive")) as seen:
        await seen.until(lambda: len(seen.mails()) == 2)
    waiting = await store.claim(now=datetime.now(UTC), limit=9, suspicious_after=9)
    assert [each.imported for each in waiting] == ["closed", "closed"]
    assert seen.mails()[0].received_at == datetime(2024, 3, 5, 9, tzinfo=UTC)


async def test_old_mail_stays_old_when_the_server_numbers_it_behind_what_is_new(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.inbox.put(mail(1), at=LONG_AGO)
    box = box_of(server, tmp_path)
    async with server.running():
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
        server.inbox.put(mail(2), at=FROM_NOW)
        server.inbox.mails = {1: server.inbox.mails[2], 2: server.inbox.mails[1]}
        server.inbox.uidvalidity = 7
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: bool(seen.mails()) and server.heard.count("IDLE") == 2)
    assert [seen.raw(m) for m in seen.mails()] == [mail(2)]
    assert server.inbox.mails[2].flags == set()
