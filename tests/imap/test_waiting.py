"""What a mailbox waits for between two looks, in which folder, and how often it logs in."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.clock import FakeClock, FastClock
from gateway.config import Settings
from gateway.intake.fetching import Fetching, unfetched_after
from gateway.intake.imap_login import Logins
from gateway.intake.imap_take import Shared
from gateway.store import mailboxes
from gateway.store.store import Store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Folder, Server


@pytest.mark.parametrize(
    ("first", "trouble"),
    [
        # the first folder of two, what is said of it
        ("Nowhere", "Nowhere: "),
        ("Shared", "Shared: Shared may only be read"),
    ],
)
async def test_a_first_folder_that_cannot_be_used_keeps_no_other_and_costs_no_login(
    first: str, trouble: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.folders["Shared"] = Folder()
    server.only_read = {"Shared"}
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, folders=(first, "INBOX"))) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1))
        await seen.until(lambda: server.heard.count("IDLE") == 2)
    assert [m.size for m in seen.mails()] == [len(mail(1))]
    assert seen.trouble().startswith(trouble)
    assert server.logins == 1


async def test_mail_that_comes_while_the_server_is_told_of_another_waits_for_no_poll(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    later = [mail(2)]

    def arrives(command: str) -> None:
        if command.startswith("UID STORE") and later:
            server.inbox.put(later.pop())

    server.before = arrives
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1))
        async with asyncio.timeout(10):  # the next poll is in twenty seconds
            await seen.until(lambda: len(seen.mails()) == 2)


async def test_a_server_that_hangs_up_after_each_look_is_left_alone_for_longer_and_longer(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, slept = Server(), list[float]()
    server.answers["IDLE"] = b"* BYE enough\r\n"
    server.before = lambda command: server.hang_up() if command == "IDLE" else None

    class Noting(FastClock):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            await super().sleep(seconds)

    async with server.running(), fetching(settings, store, box_of(server, tmp_path), Noting(NOW, 500)) as seen:
        await seen.until(lambda: len(slept) >= 3)
    assert slept[:3] == [1, 2, 5]


async def test_a_password_that_login_cannot_say_is_refused_in_words(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server(can="IDLE")
    server.password = "zażółć"
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "AUTH=PLAIN" in seen.trouble())
    assert server.logins == 0


@pytest.mark.parametrize("after", ["move:Done", "move:inbox"])
def test_no_mail_is_moved_into_a_folder_that_is_fetched(after: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="moves into a folder that is fetched itself"):
        box_of(Server(), tmp_path, folders=("INBOX", "Done"), after=after)


@pytest.mark.parametrize(("poll", "minutes"), [("60s", 15), ("7m", 15), ("28m", 56)])
def test_when_a_mailbox_is_missed(poll: str, minutes: int, tmp_path: Path) -> None:
    assert unfetched_after(box_of(Server(), tmp_path, poll=poll)) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("fetched", "trouble", "said"),
    [
        # minutes at which it was fetched, what is known to be wrong, what is told a quarter of an hour and a bit later
        ((), "", "support: not fetched so far"),
        ((), "no route", "support: not fetched so far: no route"),
        ((1,), "no route", "support: not fetched since 2026-11-22 09:01 UTC: no route"),
        ((1, 5), "", None),
    ],
)
async def test_a_mailbox_that_nobody_fetches_is_told(
    fetched: tuple[int, ...], trouble: str, said: str | None, settings: Settings, store: Store, tmp_path: Path
) -> None:
    clock, told = FakeClock(NOW), list[tuple[str, str, str]]()
    settings = settings.model_copy(update={"imap": (box_of(Server(), tmp_path),)})

    async def alarm(*words: str) -> None:
        told.append(words)  # type: ignore[arg-type]

    watching = Fetching(Shared(store, None, settings, clock, alarm, Logins(store, clock)))  # type: ignore[arg-type]
    await store.write(lambda c: mailboxes.health(c, "support", NOW))
    for minute in fetched:
        at = NOW + timedelta(minutes=minute)
        await store.write(lambda c, at=at: mailboxes.note_fetched(c, "support", "", "", at))  # type: ignore[misc]
    await store.write(lambda c: mailboxes.note_trouble(c, "support", trouble))
    await clock.advance(15 * 60)
    await watching.tell_unfetched()
    assert told == []
    await clock.advance(90)
    await watching.tell_unfetched()
    assert told == ([("mailbox", "support", said)] if said else [])
