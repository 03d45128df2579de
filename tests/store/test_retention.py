"""What is deleted when its time is over, what is left of it, and what stays whatever its age."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select, update

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.errors import TransientError
from gateway.message.types import Attachment
from gateway.retaining import Retaining
from gateway.rules.desk import Retention
from gateway.store import changes, customers, holds, inbound, kept_files, linked, merges, retention, undoing
from gateway.store.audit import add_audit, find_rows
from gateway.store.audit_verify import verify
from gateway.store.listing import find_tickets
from gateway.store.schema import (
    entry,
    happening,
    held_mail,
    kept_file,
    metadata,
    receipt,
    situation,
    ticket,
    webhook_call,
)
from gateway.store.schema import inbound as inbound_table
from gateway.store.schema import outbox as outbox_table
from gateway.store.store import Store
from gateway.store.undoing import Kept, Setting
from gateway.ticket.query import parse_query
from gateway.ticket.types import AddEntry, OpenTicket, Participant
from tests.processing import BOUNDARY, RULES, Desk, mail, verdict

DAY = timedelta(days=1)
KEPT = Retention()
JAN = "jan@bigbank.test"
DROPPING = f"""{RULES}rules:
  - {{id: noise, on: received, when: {{subject: {{contains: noise}}}}, do: [{{drop: {{reason: noise}}}}]}}
  - {{id: fishy, on: received, when: {{subject: {{contains: fishy}}}}, do: [{{quarantine: fishy}}]}}
"""
REPORT = (
    b"From: MAILER-DAEMON@x.test\r\nTo: support@gw.test\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nNo.\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.test\r\n\r\n"
    b"Final-Recipient: rfc822; eve@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
)


class Old(Desk):
    """A desk with one ticket of Jan and, so that it is not the newest, one of Eva."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(store, settings, DROPPING)
        self.first = self.take(verdict("pass", mail()))
        self.settle()
        self.take(verdict("pass", mail("Eva <eva@x.test>", "Account", "An account, please.")))

    def settle(self) -> None:
        """What is to leave has left."""
        self.write(
            lambda c: c.execute(
                update(outbox_table)
                .where(outbox_table.c.state == "queued")
                .values(state="sent", stage="done", settled_at=self.now, next_attempt_at=None)
            )
        )

    def close(self, number: int = 1, status: str = "closed") -> None:
        self.set_status(number, status, "closed")

    def after(self, days: float) -> dict[str, int]:
        """Counts of what is ended when so many days have passed, by what it is; nothing is left out of it."""
        self.now += days * DAY
        done: dict[str, int] = {}
        for kind in retention.ALL:
            before = self.now - getattr(KEPT, kind.key)
            with self.reading() as c:
                ids, said = retention.due(c, kind, before, 1000), retention.count(c, kind, before)
            assert said == len(ids)
            if ids:
                done[kind.what] = self.write(lambda c, k=kind, b=before, i=ids: retention.end(c, k, b, i, self.now))
        return done

    def count(self, table) -> int:  # type: ignore[no-untyped-def]
        with self.reading() as c:
            return int(c.execute(select(func.count()).select_from(table)).scalar_one())

    def row(self, key: str):  # type: ignore[no-untyped-def]
        with self.reading() as c:
            return c.execute(select(inbound_table).where(inbound_table.c.key == key)).mappings().one()


@pytest.fixture
def desk(store: Store, settings: Settings) -> Old:
    return Old(store, settings)


@pytest.mark.parametrize(
    ("subject", "days", "gone"),
    [
        # of a mail that makes no ticket: how long it is kept, as what it goes then
        ("noise", 29, None),
        ("noise", 31, "mails of no ticket"),
        ("fishy", 29, None),
        ("fishy", 31, "mails in quarantine"),
        ("report", 6, None),
        ("report", 8, "reports about mail that is not ours"),
    ],
)
def test_a_mail_of_no_ticket_leaves_its_hash_and_its_times(
    desk: Old, subject: str, days: float, gone: str | None
) -> None:
    raw = BOUNDARY.encode() + REPORT if subject == "report" else mail("Bo <bo@x.test>", subject)
    taken = desk.take(raw, sender=None if subject == "report" else "bo@x.test")
    before = desk.row(taken.key)
    done = desk.after(days)
    after = desk.row(taken.key)
    assert done == ({gone: 1} if gone else {})
    if gone is None:
        assert after == before
        return
    same = ("id", "key", "received_at", "via", "size", "sha256", "state", "finished_at")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["disposition"] == "record"
    assert after["gone_at"] == desk.now
    assert not re.search(r"bo@|x\.test", str(after))
    assert (after["author"], after["subject"], after["message_id"], after["explanation"]) == (None, None, None, "")
    with desk.reading() as c:
        assert inbound.pieces(c, taken.key, 0, 9) == []
        assert sum(n for name, n in inbound.account(c).items() if name != "received") == inbound.account(c)["received"]
        assert [r.detail for r in find_rows(c, action="retention")] == [f"1 {gone}, {after['id']} to {after['id']}"]
    assert desk.after(1000).get(gone) is None


def test_the_original_mails_of_a_closed_ticket_go_after_ninety_days_and_its_entries_stay(desk: Old) -> None:
    desk.close()
    said = desk.entries(1)
    assert desk.after(89) == {}
    assert desk.after(2) == {"original mails": 1, "mails to customers and agents": 1}
    assert desk.entries(1) == said
    row = desk.row(desk.first.key)
    assert (row["gone_at"], row["author"], row["disposition"]) == (desk.now, "Jan <jan@bigbank.test>", "ticket")
    with desk.reading() as c:
        assert inbound.pieces(c, desk.first.key, 0, 9) == []
    assert [len(item.raw) > 0 for item in desk.outbox() if item.ticket == 1] == [False]
    assert [len(item.raw) > 0 for item in desk.outbox() if item.ticket == 2] == [True]


@pytest.mark.parametrize(("status", "days"), [("closed", 721), ("spam", 31)])
def test_of_a_ticket_whose_time_is_over_nothing_is_left_but_the_audit(desk: Old, status: str, days: int) -> None:
    desk.take(verdict("pass", mail(subject="Re: Zwrot", To=desk.reply_address(JAN, 1))), to=desk.reply_address(JAN, 1))
    desk.settle()
    octets = b"a file of a note"
    file = Attachment("1", "a.txt", "text/plain", len(octets), kept_files.sha256(octets).hexdigest())
    desk.write(lambda c: kept_files.keep(c, (octets,)))
    note = desk.entries(1)[-1]
    desk.change(1, AddEntry("note", note.author, desk.now, "Note.", "", "", None, None, False, None, (file,)))
    desk.close(status=status)
    assert desk.after(days - 2) == ({} if status == "spam" else {
        "original mails": 2, "mails to customers and agents": 1, "reasons of mails": 2,
    })  # fmt: skip
    assert (desk.count(kept_file), len(desk.entries(1))) == (1, 3)
    assert desk.after(2)["tickets of spam" if status == "spam" else "closed tickets"] == 1
    assert [t.number for t in desk.tickets()] == [2]
    assert desk.count(kept_file) == 0
    with desk.reading() as c:
        for table in metadata.sorted_tables:
            for name in ("ticket", "other"):
                if name in table.c and table.name not in ("inbound", "audit"):
                    assert 1 not in c.execute(select(table.c[name])).scalars().all(), f"{table.name}.{name}"
        words = parse_query("zwrot", desk.now, statuses=tuple(desk.deps.rules.statuses))
        assert find_tickets(c, words, 10) == []
        assert [row.action for row in find_rows(c, ticket=1)][-1] == "ticket.deleted"
        verdict_now = verify(c, b"k" * 64, ())
    assert verdict_now.findings == ()
    assert desk.row(desk.first.key)["author"] is None
    assert desk.take(
        verdict("pass", mail(subject="Re: Zwrot", To=desk.reply_address(JAN, 1))), to=desk.reply_address(JAN, 1)
    ).ticket == 3  # fmt: skip


def test_every_table_that_belongs_to_a_ticket_is_emptied_of_it() -> None:
    refers = {(t, c.name) for t in metadata.sorted_tables for c in t.columns if c.references(ticket.c.number)}
    assert refers <= set(retention.OF_A_TICKET)


def unsent(desk: Old) -> None:
    desk.write(lambda c: c.execute(update(outbox_table).where(outbox_table.c.ticket == 1).values(state="deferred")))


def untold(desk: Old) -> None:
    values = {
        "endpoint": "crm", "ticket": 1, "rule": "r", "event": "{}", "state": "waiting", "attempts": 0,
        "made_at": desk.now, "next_at": desk.now, "said": "",
    }  # fmt: skip
    desk.write(lambda c: c.execute(insert(webhook_call), values))


def undecided(desk: Old) -> None:
    values = {
        "at": desk.now, "expires_at": desk.now, "mail": desk.first.key, "ticket": 1, "agent": "ann", "code": "leak",
        "proposal": "{}", "state": "waiting", "decided_by": "",
    }  # fmt: skip
    desk.write(lambda c: c.execute(insert(held_mail), values))


def hold_of_the_ticket(desk: Old) -> None:
    desk.write(lambda c: holds.put(c, holds.Hold(1, None, desk.now, "operator", "court")))


def hold_of_the_customer(desk: Old) -> None:
    with desk.reading() as c:
        jan = customers.find_customer(c, JAN)
    assert jan is not None
    desk.write(lambda c: holds.put(c, holds.Hold(None, jan.id, desk.now, "operator", "court")))


@pytest.mark.parametrize("keep", [unsent, untold, undecided, hold_of_the_ticket, hold_of_the_customer])
def test_a_closed_ticket_that_is_still_needed_stays(desk: Old, keep: Callable[[Old], None]) -> None:
    desk.close()
    keep(desk)
    desk.after(10_000)
    assert [t.number for t in desk.tickets()] == [1, 2]
    if keep not in (unsent, untold):
        with desk.reading() as c:
            assert inbound.pieces(c, desk.first.key, 0, 9) != []
    if keep is unsent:
        assert desk.outbox()[0].raw


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("new", "new"),
        ("open", "open"),
        ("pending", "waiting_customer"),
        ("on_hold", "waiting_third"),
        ("solved", "solved"),
    ],
)
def test_of_a_ticket_that_is_not_closed_everything_stays(desk: Old, status: str, kind: str) -> None:
    desk.set_status(1, status, kind)  # type: ignore[arg-type]
    assert desk.after(10_000) == {}
    assert desk.why(desk.first).rules is not None


@pytest.mark.sqlite
def test_the_newest_ticket_stays_so_that_no_number_is_given_twice(desk: Old) -> None:
    desk.settle()
    desk.close(1, "spam")
    desk.close(2, "spam")
    assert desk.after(31)["tickets of spam"] == 1
    assert [t.number for t in desk.tickets()] == [2]
    assert desk.take(verdict("pass", mail(subject="New"))).ticket == 3
    assert desk.after(1)["tickets of spam"] == 1


def test_a_merged_ticket_goes_with_the_one_it_went_into_and_not_before(desk: Old) -> None:
    desk.settle()
    desk.take(verdict("pass", mail("Bo <bo@x.test>", "Third")))
    desk.merge(1, 2)
    assert desk.after(10_000) == {}
    assert [e.kind for e in desk.entries(2)].count("mail") == 2
    desk.close(2)
    assert desk.after(721)["closed tickets"] == 1
    assert [t.number for t in desk.tickets()] == [3]
    assert desk.row(desk.first.key)["author"] is None


@pytest.mark.sqlite
def test_who_goes_into_another_takes_the_hold_along(desk: Old) -> None:
    desk.settle()
    desk.take(verdict("pass", mail("Bo <bo@x.test>", "Third")))
    hold_of_the_ticket(desk)
    hold_of_the_customer(desk)
    with desk.reading() as c:
        jan, eva = customers.find_customer(c, JAN), customers.find_customer(c, "eva@x.test")
    assert jan is not None
    assert eva is not None
    desk.write(lambda c: customers.merge(c, jan, eva))
    desk.merge(1, 2)
    with desk.reading() as c:
        assert [(h.ticket, h.customer) for h in holds.all_holds(c)] == [
            (1, None),
            (None, jan.id),
            (None, eva.id),
            (2, None),
        ]


@pytest.mark.sqlite
@pytest.mark.parametrize("needless", [1, 3])
def test_an_entry_that_was_split_off_keeps_its_mail_and_so_does_the_ticket_it_came_from(
    desk: Old, needless: int
) -> None:
    again = desk.take(
        verdict("pass", mail(subject="Re: Zwrot", body="Another matter.", To=desk.reply_address(JAN, 1))),
        to=desk.reply_address(JAN, 1),
    )
    desk.settle()
    moving, source = desk.entries(1)[-1], desk.ticket(1)
    opening = OpenTicket("Another matter", "support", source.requester, None, "cli", desk.now)

    def split(c: Connection) -> None:
        saved = changes.save(
            c, (opening,), ticket_before=None, source=None, actor="ann", now=desk.now, promises=desk.deps.promises
        )
        assert saved.ticket is not None
        merges.split(c, source, saved.ticket, moving, actor="ann", now=desk.now)

    desk.write(split)
    desk.take(verdict("pass", mail("Bo <bo@x.test>", "Fourth")))
    desk.settle()
    desk.close(needless)
    desk.after(10_000)
    assert [t.number for t in desk.tickets()] == [n for n in (1, 2, 3, 4) if n != needless]
    with desk.reading() as c:
        assert inbound.pieces(c, again.key, 0, 9) != []
        assert (inbound.pieces(c, desk.first.key, 0, 9) == []) is (needless == 1)
    desk.close(4 - needless)
    desk.after(1000)
    assert desk.row(again.key)["author"] is None
    assert {t.number for t in desk.tickets()} == {2, 4}


def test_receipts_about_no_ticket_go_with_their_time_and_the_newest_stays(desk: Old) -> None:
    def settle(c: Connection, number: int | None) -> None:
        undoing.keep(c, Kept(steps=(Setting("ana", "digest", None, "off"),)), number, actor="agent:ana", now=desk.now)

    for number in (None, 1, None, None):
        desk.write(lambda c, n=number: settle(c, n))
    assert "receipts of what agents settled" not in desk.after(179)
    assert desk.after(2)["receipts of what agents settled"] == 2
    assert desk.count(receipt) == 2


def test_reasons_go_with_their_time_and_the_audit_keeps_its_chain(desk: Old) -> None:
    desk.close()
    desk.write(lambda c: c.execute(insert(happening), {"ticket": 1, "at": desk.now, "events": "idle", "reasons": "{}"}))
    assert desk.count(situation) == 2
    done = desk.after(181)
    assert (done["reasons of mails"], done["reasons of what rules did later"]) == (1, 1)
    assert (desk.count(situation), desk.count(happening)) == (1, 0)
    with desk.reading() as c:
        rows = find_rows(c, ticket=1)
    assert all(row.detail for row in rows)
    desk.settle()
    hold_of_the_ticket(desk)  # its rows are kept then; the others are over
    assert "details of the audit" not in desk.after(600)
    desk.write(lambda c: holds.lift(c, ticket=1))
    assert desk.after(1)["details of the audit"] >= len(rows)
    with desk.reading() as c:
        found = verify(c, b"k" * 64, ())
    assert found.findings == ()
    assert found.erased >= len(rows)


@pytest.mark.sqlite
def test_a_ticket_that_was_opened_again_in_the_meantime_stays(desk: Old) -> None:
    desk.close()
    desk.now += 800 * DAY
    closed = next(kind for kind in retention.ALL if kind.key == "closed")
    before = desk.now - KEPT.closed
    with desk.reading() as c:
        ids = retention.due(c, closed, before, 10)
    assert list(ids) == [1]
    desk.set_status(1, "open", "open")
    assert desk.write(lambda c: retention.end(c, closed, before, ids, desk.now)) == 0
    assert len(desk.entries(1)) == 1


@pytest.mark.sqlite
async def test_what_is_kept_for_ages_is_never_over(desk: Old, store: Store) -> None:
    ages = timedelta(days=365 * 3000)
    desk.close()
    desk.now += 10_000 * DAY
    kept = Retention(*(ages for _ in range(8)))
    done = await Retaining(store, lambda: kept, FakeClock(desk.now)).run()
    assert set(done.values()) == {0}
    assert [t.number for t in desk.tickets()] == [1, 2]


async def test_killed_in_the_middle_each_slice_is_whole_and_the_next_run_goes_on(
    desk: Old, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K27."""
    many = 6
    for number in range(many):
        desk.take(verdict("pass", mail(f"Bo <bo{number}@x.test>", f"Matter {number}")))
    desk.settle()
    for number in range(1, many + 2):
        desk.close(number, "spam")
    desk.now += 31 * DAY
    spam = next(kind for kind in retention.ALL if kind.key == "spam")
    whole = [(t.number, len(desk.entries(t.number))) for t in desk.tickets()]
    with desk.reading() as c:
        ids = retention.due(c, spam, desk.now - KEPT.spam, 100)
    assert len(ids) == many + 1
    desk.write(lambda c: retention.end(c, spam, desk.now - KEPT.spam, ids[:3], desk.now))

    def killed(*_: object) -> None:
        raise TransientError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(retention.search, "renew", killed)  # after all rows of the slice were deleted
        with pytest.raises(TransientError):
            desk.write(lambda c: retention.end(c, spam, desk.now - KEPT.spam, ids[3:], desk.now))
    assert [(t.number, len(desk.entries(t.number))) for t in desk.tickets()] == whole[3:]
    done = await Retaining(store, lambda: KEPT, FakeClock(desk.now)).run()
    assert done[spam] == many + 1 - 3
    assert [t.number for t in desk.tickets()] == [many + 2]
    assert desk.count(entry) == 1


@pytest.mark.sqlite
def test_the_newest_ticket_stays_though_it_went_into_an_older_one(desk: Old) -> None:
    desk.settle()
    desk.merge(2, 1)
    desk.close(1, "spam")
    desk.after(1000)
    assert [t.number for t in desk.tickets()] == [1, 2]
    assert desk.take(verdict("pass", mail(subject="New"))).ticket == 3
    assert desk.after(1)["tickets of spam"] == 1
    assert [t.number for t in desk.tickets()] == [3]


@pytest.mark.sqlite
def test_the_newest_mail_to_people_stays_so_that_a_late_report_is_about_no_other(desk: Old) -> None:
    desk.settle()
    desk.take(verdict("pass", mail("Bo <bo@x.test>", "Third")))
    newest = max(item.id for item in desk.outbox())
    desk.write(lambda c: c.execute(update(outbox_table).where(outbox_table.c.id == newest).values(ticket=1)))
    desk.settle()
    desk.close(1)
    assert "closed tickets" not in desk.after(1000)
    desk.take(verdict("pass", mail("Cy <cy@x.test>", "Fourth")))
    assert desk.after(1)["closed tickets"] == 1


@pytest.mark.parametrize("keep", [unsent, undecided, hold_of_the_customer])
def test_what_went_into_another_keeps_that_one_too(desk: Old, keep: Callable[[Old], None]) -> None:
    """1 goes into 2 and 2 into 3; then something of 1 is needed."""
    desk.settle()
    for number in (3, 4):
        desk.take(verdict("pass", mail(f"Bo <bo{number}@x.test>", f"Matter {number}")))
    desk.settle()
    desk.merge(1, 2)
    desk.merge(2, 3)
    desk.close(3)
    keep(desk)
    desk.after(10_000)
    assert [t.number for t in desk.tickets()] == [1, 2, 3, 4]
    assert [e.kind for e in desk.entries(3)].count("mail") == 3


def test_mails_to_people_stay_as_long_as_what_their_ticket_went_into_and_on(desk: Old) -> None:
    desk.take(verdict("pass", mail("Bo <bo@x.test>", "Third")))
    desk.settle()
    desk.merge(1, 2)
    desk.merge(2, 3)
    assert desk.after(10_000) == {}
    assert all(item.raw for item in desk.outbox())


@pytest.mark.sqlite
def test_a_hold_of_a_customer_keeps_the_words_of_the_audit_about_him(desk: Old) -> None:
    with desk.reading() as c:
        jan = customers.find_customer(c, JAN)
    assert jan is not None
    id, at = jan.id, desk.now
    desk.write(lambda c: add_audit(c, at=at, actor="operator", action="customer.changed", customer=id, detail="zone"))
    hold_of_the_customer(desk)
    assert "details of the audit" not in desk.after(1000)
    desk.write(lambda c: holds.lift(c, customer=jan.id))
    assert desk.after(1)["details of the audit"] == 1


def test_a_hold_of_a_customer_keeps_tickets_of_others_in_which_he_takes_part(desk: Old) -> None:
    desk.settle()
    for number in (3, 4):
        desk.take(verdict("pass", mail(f"Bo <bo{number}@x.test>", f"Matter {number}")))
    desk.settle()
    desk.close(3)
    desk.write(lambda c: linked.add_people(c, 3, (Participant(JAN, "Jan", "cc"),)))
    hold_of_the_customer(desk)
    assert desk.after(10_000) == {}


@pytest.mark.parametrize("field", ["author", "reverse_path"])
def test_a_hold_of_a_customer_keeps_his_mail_in_quarantine_though_nobody_could_read_it(desk: Old, field: str) -> None:
    desk.take(mail("Bo <bo@x.test>", "fishy"))
    taken = desk.take(mail("Bo <bo@x.test>", "fishy"), sender="bo@x.test", at=desk.now + DAY)
    named = {"author": None, "reverse_path": None, field: JAN}
    desk.write(lambda c: c.execute(update(inbound_table).where(inbound_table.c.key == taken.key).values(**named)))
    hold_of_the_customer(desk)
    desk.after(1000)
    with desk.reading() as c:
        assert inbound.pieces(c, taken.key, 0, 9) != []


@pytest.mark.sqlite
@pytest.mark.parametrize("imported", [None, "closed"])
def test_a_mail_that_comes_again_after_its_ticket_went_is_a_duplicate_of_it(desk: Old, imported: str | None) -> None:
    """`closed: 1d` may be shorter than a queue lives; an archive may be brought years later."""
    desk.settle()
    desk.close(1)
    closed = next(kind for kind in retention.ALL if kind.key == "closed")
    assert desk.write(lambda c: retention.end(c, closed, desk.now + DAY, [1], desk.now)) == 1
    again = desk.take(verdict("pass", mail()), imported=imported, to="billing@gw.test", at=desk.now + DAY)
    assert (again.disposition, again.ticket) == ("duplicate", 1)
    assert [t.number for t in desk.tickets()] == [2]


@pytest.mark.sqlite
async def test_a_night_makes_what_is_kept_two_days_older_at_most_whatever_the_clock_says(
    desk: Old, store: Store
) -> None:
    desk.close()
    closed = desk.now
    nights = [
        # day on the clock, and the tickets that are left after that night
        (717, [1, 2]),
        (717 + 3650, [1, 2]),  # 719: the clock is ten years ahead
        (718, [1, 2]),  # it is right again
        (760, [1, 2]),  # 720: nothing ran for six weeks
        (761, [2]),  # 722
    ]
    for day, left in nights:
        await Retaining(store, lambda: KEPT, FakeClock(closed + day * DAY)).delete_old()
        assert [t.number for t in desk.tickets()] == left, day
