"""Moving a mail in a watched account orders something, once; what the gateway moves itself, or never had, does not."""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection

from gateway.agents.received import received
from gateway.config import Settings
from gateway.intake.imap_orders import Order, order_of
from gateway.message.parse import parse
from gateway.operations.moved import Moving
from gateway.parsing.pool import parse_limits
from gateway.store import inbound, mailboxes
from gateway.store.audit import find_rows
from gateway.store.store import Store
from tests.imap.fetched import Fetched, box_of, fetching, mail
from tests.imap.scripted import NOW, Folder, Server
from tests.processing import Desk
from tests.processing import mail as mail_to_desk

FROM_NOW = NOW + timedelta(days=3650)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        # where a mail is moved to, what that orders
        ("Closed", Order(status="closed")),
        ("INBOX/Spam", Order(status="spam")),
        ("Queues/Billing", Order(team="billing")),
        ("INBOX/queues/BILLING", Order(team="billing")),
        ("Queues/Sales", "there is no team “Sales”; teams are: billing, support"),
        ("Queues", None),
        ("Queues/Billing/2026", None),
        ("Projects/Closed", None),
        ("INBOX", None),
    ],
)
def test_which_folders_stand_for_what(path: str, order: object) -> None:
    assert order_of(path.split("/"), {"support", "billing"}) == order


@pytest.mark.parametrize(
    "more",
    [
        {"after": "delete"},
        {"after": "move:Closed"},
        {"after": "move:INBOX.Spam"},
        {"after": "move:queues/billing"},
        {"folders": ("INBOX", "Queues/Billing")},
    ],
)
def test_nothing_that_the_gateway_does_is_an_order(more: dict[str, object], tmp_path: Path) -> None:
    box_of(Server(), tmp_path, **more)
    with pytest.raises(ValidationError, match=r"order|deleted"):
        box_of(Server(), tmp_path, folder_commands=True, **more)


class Noted:
    """What is ordered, as long as its mail is processed."""

    def __init__(self) -> None:
        self.orders: list[tuple[Order, str]] = []
        self.processed = True
        self.woken = 0

    def teams(self) -> Collection[str]:
        return ("billing",)

    def carry_out(self, _c: Connection, _mailbox: str, order: Order, key: str) -> str | None:
        if self.processed:
            self.orders.append((order, key))
        return "" if self.processed else None

    def carried_out(self) -> None:
        self.woken += 1


def server_with_folders() -> Server:
    server = Server()
    server.folders |= {"Closed": Folder(), "Spam": Folder(), "Queues/Billing": Folder(), "Queues/Sales": Folder()}
    return server


def moved(server: Server, uid: int, to: str) -> None:
    """As a person moves it."""
    stored = server.inbox.mails.pop(uid)
    server.folders[to].put(stored.raw, at=stored.at)
    server.deliver()


async def two_came(server: Server, seen: Fetched) -> None:
    """Two mails are in the inbox, and ours."""
    await seen.until(lambda: "IDLE" in server.heard)
    server.inbox.put(mail(1), mail(2), at=FROM_NOW)
    server.deliver()
    await seen.until(lambda: all(stored.flags for stored in server.inbox.mails.values()))


async def test_a_mail_that_is_moved_is_an_order_once(settings: Settings, store: Store, tmp_path: Path) -> None:
    server, noted = server_with_folders(), Noted()
    server.folders["Closed"].put(mail(9), at=NOW)  # it was there before
    box = box_of(server, tmp_path, folder_commands=True)
    async with server.running():
        async with fetching(settings, store, box, ordering=noted) as seen:
            await two_came(server, seen)
            noted.processed = False
            await idle(seen, server)
            moved(server, 1, "Queues/Billing")
            await seen.until(lambda: states(store).get("ordered") == 1)
            noted.processed = True
            await idle(seen, server)
            moved(server, 2, "Closed")
            await seen.until(lambda: len(noted.orders) == 2)
            assert "there is no team “Sales”" in seen.trouble()
        server.folders["Closed"].renumber(7)
        async with fetching(settings, store, box, ordering=noted) as seen:
            await seen.until(lambda: cursor(store, "Closed") == 2 and server.heard[-1] == "IDLE")
    first, second = seen.mails()
    assert sorted(noted.orders, key=str) == [(Order(status="closed"), second.key), (Order(team="billing"), first.key)]
    assert noted.woken >= 2
    assert seen.alarms == [("mailbox_renumbered", "support/Closed")]
    assert all(stored.flags == set() for stored in server.folders["Closed"].mails.values())


async def test_a_folder_that_came_back_from_a_backup_orders_nothing_again(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    """Its numbers begin anew under the same UIDVALIDITY."""
    server, noted = server_with_folders(), Noted()
    box = box_of(server, tmp_path, folder_commands=True)
    async with server.running():
        async with fetching(settings, store, box, ordering=noted) as seen:
            await two_came(server, seen)
            await idle(seen, server)
            moved(server, 1, "Closed")
            moved(server, 2, "Closed")
            await seen.until(lambda: len(noted.orders) == 2)
            await idle(seen, server)
        closed = server.folders["Closed"]
        del closed.mails[2]
        closed.uidnext = 2
        async with fetching(settings, store, box, ordering=noted) as seen:
            await seen.until(lambda: bool(seen.alarms))
            await idle(seen, server)
    assert len(noted.orders) == 2


async def test_what_was_never_fetched_goes_to_a_team_or_nowhere(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, noted = server_with_folders(), Noted()
    async with (
        server.running(),
        fetching(settings, store, box_of(server, tmp_path, folder_commands=True), ordering=noted) as seen,
    ):
        await seen.until(lambda: "IDLE" in server.heard)
        for folder, at in (("Spam", FROM_NOW), ("Closed", FROM_NOW), ("Queues/Billing", FROM_NOW)):
            server.folders[folder].put(mail(len(folder)), at=at)
        server.folders["Queues/Billing"].put(mail(99), at=NOW - timedelta(days=400))  # of the time before us
        server.deliver()
        await seen.until(lambda: len(noted.orders) == 2)
    fresh, old = await store.claim(now=FROM_NOW, limit=9, suspicious_after=9)
    assert [order for order, _ in noted.orders] == 2 * [Order(team="billing")]
    assert (fresh.imported, old.imported) == (None, "new")  # nobody is answered years later
    assert old.envelope.received_at == NOW - timedelta(days=400)
    assert states(store) == {"left": 2, "settled": 2}


async def processed(desk: Desk) -> None:
    """As the worker does it."""
    for each in await desk.store.claim(now=FROM_NOW, limit=9, suspicious_after=9):
        raw = b"".join(desk.store.read_now(lambda c, key=each.key: inbound.pieces(c, key, 0, 9)))  # type: ignore[misc]
        message = parse(raw, parse_limits(desk.settings), languages=("en",))
        desk.write(lambda c, e=each, m=message: received(e, m, desk.deps, c))  # type: ignore[no-untyped-call]


async def test_mails_show_how_their_tickets_stand(desk: Desk, settings: Settings, store: Store, tmp_path: Path) -> None:
    server, moving = server_with_folders(), Moving(lambda: desk.deps, lambda: None)
    desk.now = FROM_NOW  # what happens in tickets happens after the mailbox was looked at
    box = box_of(server, tmp_path, folder_commands=True, address="support@gw.test")
    async with server.running(), fetching(settings, store, box, ordering=moving) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.inbox.put(mail(1), mail(2), at=FROM_NOW)
        await wake(seen, server)
        await seen.until(lambda: len(seen.mails()) == 2)
        await processed(desk)
        await wake(seen, server)
        await seen.until(lambda: server.inbox.mails[2].flags == {"\\Seen", "mailwicket-new"})
        await idle(seen, server)
        desk.set_status(2, "pending", "waiting_customer")
        desk.set_status(1, "spam", "closed")
        await wake(seen, server)
        await seen.until(lambda: server.inbox.mails[2].flags == {"\\Seen", "mailwicket-waiting"})
        await seen.until(lambda: server.inbox.mails[1].flags == {"\\Seen", "mailwicket-spam"})
        await idle(seen, server)
        moved(server, 2, "Closed")
        await seen.until(lambda: server.folders["Closed"].mails[1].flags == {"mailwicket-closed"})
        told = await looked_again(seen, server)
        assert await looked_again(seen, server) == told  # each once
    assert desk.ticket(2).status == "closed"


async def idle(seen: Fetched, server: Server) -> None:
    await seen.until(lambda: server.heard[-1:] == ["IDLE"])


async def wake(seen: Fetched, server: Server) -> None:
    """All folders are looked at again."""
    await idle(seen, server)
    server.deliver()
    await seen.until(lambda: server.heard[-1] != "IDLE")


async def looked_again(seen: Fetched, server: Server) -> list[str]:
    """All keywords that the server was told, once all folders were looked at twice more."""
    await wake(seen, server)
    await wake(seen, server)
    await idle(seen, server)
    return [command for command in server.heard if "mailwicket" in command]


async def test_a_server_without_words_of_others_is_told_none(
    desk: Desk, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, moving = server_with_folders(), Moving(lambda: desk.deps, lambda: None)
    server.can += " NOKEYWORDS"
    box = box_of(server, tmp_path, folder_commands=True, address="support@gw.test")
    async with server.running(), fetching(settings, store, box, ordering=moving) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.inbox.put(mail(1), at=FROM_NOW)
        await wake(seen, server)
        await seen.until(lambda: len(seen.mails()) == 1)
        await processed(desk)
        await idle(seen, server)
        moved(server, 1, "Closed")
        await seen.until(lambda: desk.ticket(1).status == "closed")
    assert not any("mailwicket" in command for command in server.heard)


async def test_what_the_gateway_moves_is_no_order_however_the_server_parts_its_names(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, noted = Server(), Noted()
    server.delimiter = "|"
    server.folders |= {"INBOX|Closed": Folder(), "Queues|Billing": Folder()}
    box = box_of(server, tmp_path, folder_commands=True, after="move:INBOX|Closed")
    async with server.running(), fetching(settings, store, box, ordering=noted) as seen:
        await idle(seen, server)
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: len(server.folders["INBOX|Closed"].mails) == 2)
        server.folders["Queues|Billing"].put(server.folders["INBOX|Closed"].mails.pop(1).raw)
        await wake(seen, server)
        await seen.until(lambda: len(noted.orders) == 1)
        await wake(seen, server)
        await idle(seen, server)
    assert [order for order, _ in noted.orders] == [Order(team="billing")]


async def test_a_server_that_lists_no_folders_is_fetched_all_the_same(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = server_with_folders()
    server.answers["LIST"] = b"%s NO not here\r\n"
    box = box_of(server, tmp_path, folder_commands=True)
    async with server.running(), fetching(settings, store, box, ordering=Noted()) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(mail(1))
        await seen.until(lambda: bool(server.inbox.mails[1].flags))
        assert "orders are not looked for" in seen.trouble()


def states(store: Store) -> dict[str, int]:
    return store.read_now(lambda c: mailboxes.counted(c, "support"))


def cursor(store: Store, path: str) -> int:
    found = store.read_now(lambda c: mailboxes.folder(c, "support", path))
    return found.uid if found is not None and found.uidvalidity == 7 else 0


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings)


def key_of(desk: Desk, number: int) -> str:
    rows = desk.store.read_now(lambda c: inbound.of_ticket(c, number))
    return rows[0].key


@pytest.mark.parametrize(
    ("order", "changed", "said"),
    [
        # what is ordered, status and team of the ticket after it, why it was not done
        (Order(status="closed"), ("closed", "support"), ""),
        (Order(status="spam"), ("spam", "support"), ""),
        (Order(team="billing"), ("new", "billing"), ""),
        (Order(team="gone"), ("new", "support"), "#1: There is no team “gone”. Teams: support, billing"),
    ],
)
def test_what_an_order_does(order: Order, changed: tuple[str, str], said: str, desk: Desk) -> None:
    desk.take(mail_to_desk())
    moving = Moving(lambda: desk.deps, lambda: None)
    assert desk.write(lambda c: moving.carry_out(c, "support", order, key_of(desk, 1))) == said  # type: ignore[no-untyped-call]
    ticket = desk.ticket(1)
    assert (ticket.status, ticket.team) == changed
    rows = desk.store.read_now(lambda c: find_rows(c, ticket=1, limit=9))
    named = {(row.actor, row.basis) for row in rows if row.actor != "customer"}
    assert named == ({("mailbox:support", "mailbox:support")} if not said else set())


def test_an_order_reaches_the_ticket_that_the_matter_goes_on_in(desk: Desk) -> None:
    desk.take(mail_to_desk())
    desk.take(mail_to_desk("Eva <eva@x.test>", "Other"))
    desk.merge(1, 2)
    moving = Moving(lambda: desk.deps, lambda: None)
    key = key_of(desk, 1)
    assert desk.write(lambda c: moving.carry_out(c, "support", Order(status="closed"), key)) == ""  # type: ignore[no-untyped-call]
    assert desk.ticket(2).status == "closed"


def test_an_order_about_a_mail_without_a_ticket_changes_nothing(desk: Desk) -> None:
    key = desk.take(mail_to_desk("support@gw.test")).key
    moving = Moving(lambda: desk.deps, lambda: None)
    said = desk.write(lambda c: moving.carry_out(c, "support", Order(status="closed"), key))  # type: ignore[no-untyped-call]
    assert said == "the mail is in no ticket"


def test_a_report_beside_a_ticket_that_is_put_away_orders_nothing(desk: Desk) -> None:
    desk.take(mail_to_desk())
    to = desk.mails()[0].reverse_path or ""
    taken = desk.take(mail_to_desk("MAILER-DAEMON@relay.test", "Undelivered Mail"), to=to, sender=None)
    assert (taken.disposition, taken.ticket) == ("report", 1)
    moving = Moving(lambda: desk.deps, lambda: None)
    said = desk.write(lambda c: moving.carry_out(c, "support", Order(status="spam"), taken.key))  # type: ignore[no-untyped-call]
    assert (said, desk.ticket(1).status) == ("the mail is in no ticket", "new")


def test_the_same_mail_once_more_stands_for_its_ticket(desk: Desk) -> None:
    desk.take(mail_to_desk(Message_ID="<first@bigbank.test>"))
    taken = desk.take(b"X-List: copy\r\n" + mail_to_desk(Message_ID="<first@bigbank.test>"))
    assert (taken.disposition, taken.ticket) == ("duplicate", 1)
    moving = Moving(lambda: desk.deps, lambda: None)
    assert desk.write(lambda c: moving.carry_out(c, "support", Order(status="closed"), taken.key)) == ""  # type: ignore[no-untyped-call]
    assert desk.ticket(1).status == "closed"
