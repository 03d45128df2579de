"""What is taken in, in which order it is told to the server, and what stays."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import FastClock
from gateway.config import Settings
from gateway.store import mailboxes
from gateway.store.store import Store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Folder, Server

LATER = NOW + timedelta(days=3650)  # than first contact, whatever the clocks say
CHANGES = re.compile("UID (STORE|EXPUNGE|MOVE|COPY)|CREATE")
DELETED = "UID STORE 1,2 +FLAGS.SILENT (\\Deleted)"


async def test_mail_from_before_the_first_contact_is_left_alone(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.inbox.put(mail(1), mail(2))
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(3))
        await seen.until(lambda: bool(server.inbox.mails[3].flags))
    assert [m.size for m in seen.mails()] == [len(mail(3))]
    assert server.inbox.mails[1].flags == set()


async def test_an_archive_is_taken_in_silently_at_its_own_times(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, years_ago = Server(), NOW - timedelta(days=800)
    server.inbox.put(mail(1), mail(2), at=years_ago)
    box = box_of(server, tmp_path, first_run="archive")
    async with server.running(), fetching(settings, store, box) as seen:
        await seen.until(lambda: len(seen.mails()) == 2)
        server.deliver(mail(3))
        await seen.until(lambda: bool(server.inbox.mails[3].flags))
    waiting = await store.claim(now=datetime.now(UTC), limit=9, suspicious_after=9)
    assert [each.imported for each in waiting] == ["closed", "closed", None]
    assert [row.received_at == years_ago for row in seen.mails()] == [True, True, False]
    assert folder_of(store).old == "done"


async def test_old_mail_is_answered_only_after_a_word_for_it(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    server.inbox.put(*(mail(number) for number in range(1, 121)), at=NOW - timedelta(days=800))
    box = box_of(server, tmp_path, first_run="all")
    async with server.running(), fetching(settings, store, box, quick()) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(200))
        await seen.until(lambda: bool(server.inbox.mails[121].flags))
        assert (len(seen.mails()), folder_of(store).old, folder_of(store).old_count) == (1, "asked", 120)
        await store.write(lambda c: mailboxes.decide_old(c, "support", "wanted"), durable=True)
        server.deliver(mail(201))  # it would look at the next poll
        await seen.until(lambda: len(seen.mails()) == 122)
    waiting = await store.claim(now=NOW + timedelta(days=9), limit=200, suspicious_after=9)
    assert {each.imported for each in waiting} == {None}


@pytest.mark.parametrize(
    ("can", "after", "told", "left", "moved"),
    [
        # what the server can, what is done, which commands it hears, what is left and what was moved
        ("MOVE UIDPLUS", "seen", ["UID STORE 1,2 +FLAGS.SILENT (\\Seen)"], 2, 0),
        ("MOVE UIDPLUS", "delete", [DELETED, "UID EXPUNGE 1,2"], 0, 0),
        ("", "delete", [DELETED], 2, 0),  # EXPUNGE would take what others marked
        ("MOVE UIDPLUS", "move:Done", ['UID MOVE 1,2 "Done"'], 0, 2),
        ("UIDPLUS", "move:Done", ['UID COPY 1,2 "Done"', DELETED, "UID EXPUNGE 1,2"], 0, 2),
        ("", "move:Done", ['UID COPY 1,2 "Done"', DELETED], 2, 2),
        ("MOVE", "move:New", ['UID MOVE 1,2 "New"', 'CREATE "New"', 'UID MOVE 1,2 "New"'], 0, 2),
    ],
)  # fmt: skip
async def test_a_server_hears_in_its_own_words_that_a_mail_is_ours(
    can: str, after: str, told: list[str], left: int, moved: int, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server(can=f"{can} AUTH=PLAIN")
    server.folders["Done"] = Folder()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after=after), quick()) as seen:
        await seen.until(lambda: 'SELECT "INBOX"' in server.heard)
        before = len(server.heard)
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: server.heard[before:].count(told[-1]) == told.count(told[-1]))
        changes = [
            c for c in server.heard if c.split(" ")[:2][-1] in ("STORE", "EXPUNGE", "MOVE", "COPY") or "CREATE" in c
        ]
        await seen.until(lambda: not store.read_now(lambda c: mailboxes.unsettled(c, folder_of(store), 9)))
    assert changes == told
    assert len(seen.mails()) == 2
    assert len(server.inbox.mails) == left
    assert sum(len(folder.mails) for name, folder in server.folders.items() if name != "INBOX") == moved


async def test_a_server_that_does_not_say_what_number_comes_next(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server(can="NOUIDNEXT AUTH=PLAIN")
    server.inbox.put(mail(1))
    async with server.running(), fetching(settings, store, box_of(server, tmp_path), quick()) as seen:
        await seen.until(lambda: "UID SEARCH UID 2:*" in server.heard)
        server.deliver(mail(2))
        await seen.until(lambda: len(seen.mails()) == 1)


async def test_idle_that_is_promised_and_refused_becomes_looking_at_intervals(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.answers["IDLE"] = b"%s NO not today\r\n"
    async with server.running(), fetching(settings, store, box_of(server, tmp_path), quick()) as seen:
        await seen.until(lambda: server.heard.count('SELECT "INBOX"') > 2)
        server.deliver(mail(1))
        await seen.until(lambda: len(seen.mails()) == 1)
    assert server.heard.count("IDLE") == 1
    assert server.logins == 1


async def test_every_folder_is_fetched_and_one_that_is_not_there_keeps_no_other(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.folders["Zażółć"] = server.folders["Za&AXwA8wFCAQc-"] = Folder()
    folders = ("INBOX", "Nowhere", "Zażółć")
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, folders=folders)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.folders["Zażółć"].put(mail(1))
        server.deliver(mail(2))
        await seen.until(lambda: len(seen.mails()) == 2)
    health = store.read_now(mailboxes.healths)["support"]
    assert "Nowhere" in health.trouble
    assert health.fetched_at is None  # not all of it was


async def test_a_mail_that_is_too_large_stays_and_is_listed_with_its_beginning(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"intake": settings.intake.model_copy(update={"max_size": 3 << 20})})
    server = Server()
    large = mail(1) + b"x" * (4 << 20)
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(large, mail(2))
        await seen.until(lambda: bool(server.inbox.mails[2].flags))
    waiting = await store.claim(now=datetime.now(UTC), limit=9, suspicious_after=9)
    assert {(each.size, each.whole_octets) for each in waiting} == {(64 << 10, len(large)), (len(mail(2)), None)}
    assert server.inbox.mails[1].flags == set()
    assert sum("UID FETCH 1 " in command for command in server.heard) == 1  # not all of it is fetched to know that


async def test_what_is_kept_on_the_server_is_kept_here_once_however_it_is_numbered(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"intake": settings.intake.model_copy(update={"max_size": 1 << 20})})
    server = Server()
    box = box_of(server, tmp_path)
    async with server.running():
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            server.inbox.put(mail(1) + b"x" * (1 << 20), b"Received: by x\r\n" * 51 + mail(2), at=LATER)
            server.deliver()
            await seen.until(lambda: len(seen.mails()) == 2)
        server.inbox.renumber(7)
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: (folder_of(store).uidvalidity, folder_of(store).uid) == (7, 2))
    assert [m.reason for m in seen.mails()] == [None, "loop: too many hops"]
    assert store.read_now(lambda c: mailboxes.counted(c, "support")) == {"kept": 4}


async def test_a_mail_of_several_pieces_is_whole(settings: Settings, store: Store, tmp_path: Path) -> None:
    server, raw = Server(), mail(1) + bytes(range(256)) * (10 << 10) + b"end"
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(raw, mail(2) + b"x" * ((1 << 20) - len(mail(2))))  # the second is one piece exactly
        await seen.until(lambda: len(seen.mails()) == 2)
    assert seen.raw(seen.mails()[0]) == raw
    assert [m.size for m in seen.mails()] == [len(raw), 1 << 20]


async def test_a_mail_in_a_loop_is_kept_and_goes_no_further(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(b"Received: by x\r\n" * 51 + mail(1))
        await seen.until(lambda: len(seen.mails()) == 1)
    assert [(m.disposition, m.reason) for m in seen.mails()] == [("record", "loop: too many hops")]


@pytest.mark.parametrize(
    ("fields", "reverse", "forward"),
    [
        # the head of the mail, the return-path, the address it came to
        ("", "jan@bigbank.test", "support@acme.test"),
        ("Return-Path: <jan@bigbank.test>\r\n", "jan@bigbank.test", "support@acme.test"),
        ("Return-Path: <>\r\n", None, "support@acme.test"),
        ("Received: x\r\nreturn-path:\r\n <jan@x.test>\r\nReturn-Path: <>\r\n", "jan@x.test", "support@acme.test"),
        ("Delivered-To: support+t1.x@acme.test\r\n", "jan@bigbank.test", "support+t1.x@acme.test"),
        ("To: Support <Support+t1.X@ACME.test>, x@y.test\r\n", "jan@bigbank.test", "support+t1.x@acme.test"),
        ("Delivered-To: boss@acme.test\r\n", "jan@bigbank.test", "support@acme.test"),  # of another
        ("X-Original-To: bounce+b1.k@acme.test\r\n", "jan@bigbank.test", "bounce+b1.k@acme.test"),
        ("From: a@x.test\r\n\r\nTo: support+t1.x@acme.test\r\n", "a@x.test", "support@acme.test"),
    ],
)  # fmt: skip
async def test_what_can_still_be_seen_of_the_envelope(
    fields: str, reverse: str | None, forward: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(fields.encode() + mail(1))
        await seen.until(lambda: len(seen.mails()) == 1)
    assert (seen.mails()[0].reverse_path, seen.mails()[0].forward_paths) == (reverse, (forward,))


async def test_a_mail_that_a_server_showed_late_is_found_and_told(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1), mail(2))
        late = server.inbox.mails.pop(1)
        await seen.until(lambda: server.heard.count("IDLE") == 2)
        server.inbox.mails[1] = late
        seen.mailbox.compare()
        server.deliver(mail(3))  # it would look at the next poll
        await seen.until(lambda: bool(late.flags))
    assert len(seen.fresh()) == 3
    assert seen.alarms == [("mailbox_mail", "support/INBOX")]
    odd = store.read_now(lambda c: mailboxes.left_over(c, "support", 9))
    assert [(each.uid, each.said) for _, each in odd] == [(1, "it had been passed over, and was found later")]


async def test_numbers_that_went_back_lead_to_a_new_look(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1), mail(2), mail(3))
        await seen.until(lambda: bool(server.inbox.mails[3].flags))
        server.inbox.mails.clear()  # the server was restored from a copy of yesterday
        server.inbox.uidnext = 1
        server.deliver(mail(2), mail(4))
        await seen.until(lambda: bool(server.inbox.mails.get(2) and server.inbox.mails[2].flags))
    assert len(seen.mails()) == 4
    assert [about for about, _ in seen.alarms] == ["mailbox_renumbered"]


async def test_mail_that_the_server_knows_for_long_is_not_answered_after_it_numbers_anew(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.inbox.put(mail(1), at=NOW - timedelta(days=400))
    async with server.running():
        box = box_of(server, tmp_path)
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
        server.inbox.put(mail(2), at=NOW + timedelta(days=3650))
        server.inbox.renumber(7)
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: bool(server.inbox.mails[2].flags))
    assert [m.size for m in seen.mails()] == [len(mail(2))]
    assert server.inbox.mails[1].flags == set()


def quick() -> FastClock:
    """Nobody waits for twenty seconds."""
    return FastClock(NOW, 500)


def folder_of(store: Store) -> mailboxes.Folder:
    found = store.read_now(lambda c: mailboxes.folder(c, "support", "INBOX"))
    assert found is not None
    return replace(found)
