"""What people do to tickets, on each database: what it says, what it leaves, and that nothing gets lost on the way."""

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from gateway.message.parse import parse
from gateway.operations.answers import MOST_FILE_OCTETS, MOST_FILES, Answer, Note
from gateway.operations.held_entries import Accept
from gateway.operations.merges import Merge, Split
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change, Link, NewTicket
from gateway.operations.tongue import told
from gateway.operations.types import Duty, Told
from gateway.operations.undoing import Undo
from gateway.parsing.pool import parse_limits
from gateway.store import audit, customers, outbox, tickets
from gateway.store.schema import entry, kept_file, participant, receipt, ticket, ticket_link, ticket_message
from gateway.ticket.types import File
from gateway.waking import wake
from tests.cli.desk import Desk

_STATUSES = "new, open, pending, on_hold, solved, closed, answered"
MORE_RULES = """statuses: {answered: {type: waiting_customer}}
fields: {order: {type: text, pattern: '[A-Z]{2}-[0-9]{5}'}}
"""


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """Jan's ticket 1 of two mails with team billing, and Eva's ticket 2."""
    path = desk.settings.paths.state.parent / "rules.yaml"
    path.write_text(path.read_text("utf-8") + MORE_RULES, "utf-8")
    made = Desk(desk.store, desk.settings, path)
    await made.take("refund.eml")
    await made.take("follow_up.eml")
    await made.take("stranger.eml", sender="eva@x.test")
    return made


async def done(desk: Desk, name: str, arguments: object) -> tuple[Told, ...]:
    duty = Duty(desk.clock.now(), lambda: desk.deps)
    done = await desk.store.write(lambda c: OPERATIONS[name].perform(c, arguments, duty), durable=True)
    return tuple(told(each, duty) for each in done)


def found(desk: Desk, number: int) -> Any:
    return desk.store.read_now(lambda c: tickets.find_ticket(c, number))


def rows(desk: Desk) -> dict[str, list[Any]]:
    """All that merge and split may touch; without the counters, the time of the last change, and who left again."""
    columns = [c for c in ticket.c if c.name not in ("version", "revision", "updated_at")]
    entries = select(entry.c.id, entry.c.ticket, entry.c.held, entry.c.public).where(~entry.c.text.like("#%: − %"))
    return desk.store.read_now(
        lambda c: {
            "tickets": sorted(map(tuple, c.execute(select(*columns)))),
            "entries": sorted(map(tuple, c.execute(entries))),
            "people": sorted(map(tuple, c.execute(select(participant)))),
            "links": sorted(map(tuple, c.execute(select(ticket_link)))),
            "messages": sorted(map(tuple, c.execute(select(ticket_message)))),
        }
    )


@pytest.mark.parametrize(("change", "outcome", "said"), [
    # what is asked for, what comes of it, in words
    (Change((1,), (("priority", "urgent"),)), "done", "priority high -> urgent"),
    (Change((1,), (("assignee", "ana"),), by="ana"), "done", "assignee none -> ana"),
    (Change((1,), (("responsible", "ana"), ("order", "PL-10442"))), "done",
     "responsible none -> ana; field.order none -> PL-10442"),
    (Change((1,), (("due", "2026-12-01T09:00:00+00:00"),)), "done", "due none -> 2026-12-01 09:00 UTC"),
    (Change((1,), (("due", "2020-12-01T09:00:00+00:00"),)), "refused", "“2020-12-01 09:00 UTC” is over."),
    (Change((1,), (("due", "9999-12-31T09:00:00+00:00"),)), "refused", "a due time lies within ten years"),
    (Change((1,), add_tags=("vip",), remove_tags=("refund",)), "done", "tags refund -> vip"),
    (Change((1,), status="answered", reason="wants a photo"), "done", "status new -> answered"),
    (Change((1,), status="spam"), "done", "status new -> spam"),
    (Change((1,), (("priority", "high"),)), "done", "is so already; nothing was changed"),
    (Change((1,), (("assignee", "bob"),)), "refused", "Nobody here is called “bob”. Agents: ana"),
    (Change((1,), (("assignee", "ana"),), by="bob"), "refused", "Nobody here is called “bob”. Agents: ana"),
    (Change((1,), (("language", "de"),)), "done", "language pl -> de"),
    (Change((1,), (("language", "klingon"),)), "refused",
     "“klingon” does not fit here. Possible: en, de, pl, cs, pt, hr, ru"),
    (Change((1,), (("team", "sales"),)), "refused", "There is no team “sales”. Teams: support, billing"),
    (Change((1,), (("order", "nonsense"),)), "refused", "“nonsense” does not fit order. Expected: [A-Z]{2}-[0-9]{5}"),
    (Change((1,), (("subject", " \n "),)), "refused", "a ticket has a subject"),
    (Change((1,), (("team", "none"),)), "refused", "There is no team “none”. Teams: support, billing"),
    (Change((1,), add_tags=("two words",)), "refused", "a tag is one word of at most 64 characters"),
    (Change((1,), status="merged"), "refused", f"“merged” does not fit here. Possible: {_STATUSES}"),
    (Change((99,), status="closed"), "not-found", "there is no such ticket"),
])  # fmt: skip
async def test_changes(desk: Desk, change: Change, outcome: str, said: str) -> None:
    before = found(desk, 1)
    (answer,) = await done(desk, "ticket.change", change)
    touched = "; status new -> open" if outcome == "done" and change.status is None and "already" not in said else ""
    assert (answer.outcome, answer.said) == (outcome, said + touched)
    if outcome != "done":
        assert found(desk, 1) == before


async def test_what_is_wrong_in_one_value_changes_none(desk: Desk) -> None:
    before = found(desk, 1)
    await done(desk, "ticket.change", Change((1,), (("priority", "low"), ("order", "x"))))
    assert found(desk, 1) == before


async def test_a_ticket_that_moves_stays_new_and_loses_an_owner_who_is_no_member(desk: Desk) -> None:
    await done(desk, "ticket.change", Change((2,), (("team", "support"), ("assignee", "ana"))))
    (answer,) = await done(desk, "ticket.change", Change((2,), (("team", "billing"),)))
    assert answer.said == "team support -> billing; assignee ana -> none"
    (answer,) = await done(desk, "ticket.change", Change((1,), (("team", "support"),)))
    assert found(desk, 1).status == "new"


async def test_a_snooze_ends_once_as_it_was_before(desk: Desk) -> None:
    await done(desk, "ticket.change", Change((1,), status="answered"))
    until = desk.clock.now() + timedelta(hours=2)
    (answer,) = await done(desk, "ticket.change", Change((1,), status="snoozed", until=until))
    assert answer.said == f"status answered -> snoozed until {until:%Y-%m-%d %H:%M} UTC"
    woken = [
        await desk.store.write(lambda c, at=at: wake(c, 1, desk.deps, at))
        for at in (until - timedelta(1), until, until)
    ]
    assert woken == [False, True, False]
    assert (found(desk, 1).status, found(desk, 1).status_type) == ("answered", "waiting_customer")
    (answer,) = await done(desk, "ticket.change", Change((1,), status="snoozed", until=desk.clock.now()))
    assert answer.outcome == "refused"


async def test_an_answer_goes_into_the_customers_thread(desk: Desk) -> None:
    (answer,) = await done(desk, "ticket.answer", Answer(1, "Zwrot zlecony.\n\n<b>Ana</b>", by="ana"))
    (item,) = desk.store.read_now(lambda c: outbox.find_many(c, states=("queued",), ticket=1, recipient=None, limit=1))
    assert (answer.outcome, answer.said) == ("done", f"to jan@bigbank.test (q-{item.id}); status new -> pending")
    raw = desk.store.read_now(lambda c: outbox.find(c, item.id))
    assert raw is not None
    mail = email.message_from_bytes(raw.raw, policy=email.policy.default)
    seen = [e.message_id for e in desk.store.read_now(lambda c: tickets.entries(c, 1)) if e.kind == "mail"]
    assert mail["From"] == '"Ana (Acme Support)" <billing@acme.test>'
    assert mail["In-Reply-To"] == seen[-1]
    assert str(mail["References"]).split()[-1] == seen[-1]
    assert mail["Message-ID"].startswith("<mw.1.")
    assert mail["Reply-To"].addresses[0].addr_spec.startswith("billing+t1.")
    assert mail["Auto-Submitted"] is None
    assert mail["Content-Language"] == "pl"
    text, html = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert "Zwrot zlecony.\n\n<b>Ana</b>" in text
    assert "&lt;b&gt;Ana&lt;/b&gt;" in html
    known = desk.store.read_now(lambda c: customers.find_customer(c, "jan@bigbank.test"))
    assert known is not None
    assert known.answered
    last = desk.store.read_now(lambda c: tickets.entries(c, 1))[-1]
    assert (last.kind, str(last.author), last.public) == ("answer", "Ana <ana@acme.test>", True)
    assert [row.actor for row in desk.store.read_now(lambda c: audit.find_rows(c, ticket=1))[-2:]] == ["agent:ana"] * 2


@pytest.mark.parametrize(("answer", "outcome", "said"), [
    (Answer(1, " \n"), "refused", "there are no words"),
    (Answer(1, "x", status="lost"), "refused", f"“lost” does not fit here. Possible: {_STATUSES}"),
    (Answer(9, "x"), "not-found", "there is no such ticket"),
    (Answer(1, "x\n" * 3000), "refused", "these are more than 100000 characters or 2000 lines"),
])  # fmt: skip
async def test_answers_that_are_none(desk: Desk, answer: Answer, outcome: str, said: str) -> None:
    before = rows(desk)
    assert await done(desk, "ticket.answer", answer) == (Told(f"#{answer.number}", outcome, said),)  # type: ignore[arg-type]
    assert rows(desk) == before


async def test_files_go_along_with_an_answer(desk: Desk) -> None:
    files = (
        File("../račun № 1.pdf", "application/pdf", b"%PDF" + bytes(range(256)) * 40),
        File("x\r\nBcc: eva@x.test.txt", "text/x\r\nBcc: eva@x.test", b"words"),
        File("empty", "text/plain", b""),
    )
    (answer,) = await done(desk, "ticket.answer", Answer(1, "Enclosed.", files=files))
    assert answer.outcome == "done"
    item = desk.store.read_now(lambda c: outbox.find_many(c, states=(), ticket=1, recipient=None, limit=1))[0]
    raw = desk.store.read_now(lambda c: outbox.find(c, item.id)).raw  # type: ignore[union-attr]
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    names = ["račun № 1.pdf", "xBcc: eva@x.test.txt", "empty"]
    assert [(p.get_filename(), p.get_content_type()) for p in mail.iter_attachments()] == list(
        zip(names, ["application/pdf", "application/octet-stream", "text/plain"], strict=True)
    )
    assert [p.get_payload(decode=True) for p in mail.iter_attachments()] == [file.octets for file in files]
    assert "Enclosed." in mail.get_body(("plain",)).get_content()
    entry = desk.store.read_now(lambda c: tickets.entries(c, 1))[-1]
    assert [(a.part, a.name, a.size) for a in entry.attachments] == list(
        zip(("1.2", "1.3", "1.4"), names, (len(file.octets) for file in files), strict=True)
    )
    message = parse(raw, parse_limits(desk.settings), languages=("en",))
    assert [(a.part, a.name, a.sha256) for a in message.attachments] == [
        (a.part, a.name, a.sha256) for a in entry.attachments
    ]


async def test_files_that_no_server_takes_are_refused(desk: Desk) -> None:
    large = File("a.bin", "application/octet-stream", bytes(MOST_FILE_OCTETS))
    for files in ((large, File("b", "text/plain", b"1")), (File("b", "text/plain", b""),) * (MOST_FILES + 1)):
        (answer,) = await done(desk, "ticket.answer", Answer(1, "Enclosed.", files=files))
        assert (answer.outcome, answer.said[:18]) == ("refused", "these are more tha")


async def test_files_of_a_note_are_kept_once_and_go_to_nobody(desk: Desk) -> None:
    file, before = File("../a\r\n.txt", "text/x y", b"inner words"), desk.store.read_now(outbox.counts)
    await done(desk, "ticket.note", Note(2, "See.", by="ana", files=(file,)))
    await done(desk, "ticket.note", Note(2, "See again.", by="ana", files=(file,)))
    notes = desk.store.read_now(lambda c: tickets.entries(c, 2))[-2:]
    kept = {(a.part, a.name, a.media_type, a.sha256) for each in notes for a in each.attachments}
    assert kept == {("1", "a.txt", "application/octet-stream", sha256(file.octets).hexdigest())}
    assert desk.store.read_now(lambda c: len(c.execute(select(kept_file)).all())) == 1
    assert desk.store.read_now(outbox.counts) == before
    await done(desk, "ticket.answer", Answer(2, "The answer."))
    item = desk.store.read_now(lambda c: outbox.find_many(c, states=(), ticket=2, recipient=None, limit=1))[0]
    raw = desk.store.read_now(lambda c: outbox.find(c, item.id)).raw  # type: ignore[union-attr]
    assert b"a.txt" not in raw
    assert not list(email.message_from_bytes(raw, policy=email.policy.default).iter_attachments())


async def test_a_note_is_seen_by_no_customer(desk: Desk) -> None:
    before = desk.store.read_now(outbox.counts)
    await done(desk, "ticket.note", Note(2, "He is angry.", by="ana"))
    last = desk.store.read_now(lambda c: tickets.entries(c, 2))[-1]
    assert (last.kind, last.public, found(desk, 2).status) == ("note", False, "open")
    assert desk.store.read_now(outbox.counts) == before


async def test_a_ticket_for_somebody_who_called(desk: Desk) -> None:
    wanted = NewTicket("Mia@Hotel.test", "Welche Größe?", "Haben Sie das grüne auch in der Größe 42? Danke und Gruß.")
    assert await done(desk, "ticket.new", wanted) == (
        Told("#3", "done", "opened in support for Mia@hotel.test, who gets no mail of it"),
    ) or found(desk, 3)
    made = found(desk, 3)
    assert (made.channel, made.language, made.status, made.messages) == ("cli", "de", "new", 1)
    for bad, said in (("nobody", "“nobody” is no address"), ("support@acme.test", "is an address of our own")):
        (answer,) = await done(desk, "ticket.new", replace(wanted, author=bad))
        assert answer.outcome == "refused"
        assert said in answer.said


async def test_links_read_from_both_sides(desk: Desk) -> None:
    await done(desk, "ticket.change", Change((2,), status="closed"))
    for kind, here, there in (("parent", "parent", "child"), ("blocks", "blocks", "blocked by")):
        await done(desk, "ticket.link", Link(1, 2, kind))
        assert (here, 2) in desk.store.read_now(lambda c: tickets.links(c, 1))
        assert (there, 1) in desk.store.read_now(lambda c: tickets.links(c, 2))
        (answer,) = await done(desk, "ticket.link", Link(1, 2, kind))
        assert answer.said == "is so already; nothing was changed"
        await done(desk, "ticket.link", Link(1, 2, kind, remove=True))
        assert (here, 2) not in desk.store.read_now(lambda c: tickets.links(c, 1))
    assert (await done(desk, "ticket.link", Link(1, 1)))[0].outcome == "refused"
    assert (await done(desk, "ticket.link", Link(1, 9)))[0].name == "#9"


async def test_a_merge_moves_everything_and_undoing_restores_it(desk: Desk) -> None:
    before = rows(desk)
    (answer,) = await done(desk, "ticket.merge", Merge(2, 1))
    assert answer.outcome == "done"
    assert [e.ticket for e in desk.store.read_now(lambda c: tickets.entries(c, 2))] == []
    assert found(desk, 1).messages == 3
    assert desk.store.read_now(lambda c: tickets.goes_on_in(c, 2)).number == 1  # type: ignore[union-attr]
    assert "eva@x.test" in desk.store.read_now(lambda c: tickets.participants(c, 1))
    assert (await done(desk, "ticket.note", Note(2, "x")))[0].said == "it was merged: the matter goes on in #1"
    assert (await done(desk, "ticket.undo", Undo(answer.undo or "")))[0].outcome == "done"
    assert rows(desk) == before
    assert (await done(desk, "ticket.undo", Undo(answer.undo or "")))[0].said.startswith("it was taken back 2026-")


async def test_a_chain_of_merges_resolves_and_a_circle_is_impossible(desk: Desk) -> None:
    for author in ("mia@hotel.test", "leo@hotel.test"):
        await done(desk, "ticket.new", NewTicket(author, "Size", "Which size?"))
    before = rows(desk)
    first, second, third = [(await done(desk, "ticket.merge", Merge(n, n - 1)))[0] for n in (4, 3, 2)]
    assert {n: desk.store.read_now(lambda c, n=n: tickets.goes_on_in(c, n)).number for n in (1, 2, 3, 4)} == {  # type: ignore[union-attr]
        1: 1, 2: 1, 3: 1, 4: 1,
    }  # fmt: skip
    for into in (1, 2, 3, 4):
        assert (await done(desk, "ticket.merge", Merge(1, into)))[0].said == (
            f"#{into} is the same ticket: nothing goes into itself"
        )
    assert (await done(desk, "ticket.undo", Undo(first.undo or "")))[0].outcome == "conflict"
    for receipt_id in (third.undo, second.undo, first.undo):
        assert (await done(desk, "ticket.undo", Undo(receipt_id or "")))[0].outcome == "done"
    assert rows(desk) == before


async def test_a_reply_to_a_merged_number_lands_where_the_matter_goes_on(desk: Desk) -> None:
    await done(desk, "ticket.merge", Merge(1, 2))
    raw = b"From: Jan <jan@bigbank.test>\r\nSubject: Re: [#1] Zwrot\r\nMessage-ID: <late@x>\r\n\r\nI jeszcze jedno.\r\n"
    outcome = await desk.take_raw(raw)
    assert outcome is not None
    assert (outcome.disposition, outcome.ticket) == ("entry", 2)


async def test_a_split_mail_is_a_ticket_of_its_writer_until_it_is_undone(desk: Desk) -> None:
    before = rows(desk)
    newest = desk.store.read_now(lambda c: tickets.entries(c, 1))[-1]
    (answer,) = await done(desk, "ticket.split", Split(1))
    made = found(desk, 3)
    assert (answer.name, made.messages, found(desk, 1).messages) == ("#3", 1, 1)
    assert made.requester == newest.author
    assert ("split from", 1) in desk.store.read_now(lambda c: tickets.links(c, 3))
    ids = desk.store.read_now(lambda c: tickets.holders(c, [newest.message_id or ""]))
    assert {number for held in ids.values() for number, _ in held} == {3}
    assert (await done(desk, "ticket.split", Split(1)))[0].said == "it is the only mail of the ticket"
    assert (await done(desk, "ticket.undo", Undo(answer.undo or "")))[0].outcome == "done"
    after = rows(desk)
    assert (after.pop("tickets")[:2], after.pop("people")[:-1]) == (before.pop("tickets"), before.pop("people"))
    assert after == before
    assert desk.store.read_now(lambda c: tickets.goes_on_in(c, 3)).number == 1  # type: ignore[union-attr]


async def test_a_split_that_was_answered_since_is_not_undone(desk: Desk) -> None:
    (answer,) = await done(desk, "ticket.split", Split(1))
    await done(desk, "ticket.answer", Answer(3, "Here it goes on."))
    (refused,) = await done(desk, "ticket.undo", Undo(answer.undo or ""))
    assert (refused.outcome, refused.said) == ("conflict", "#3 has 1 more since: merge it into #1 instead")


async def test_a_held_entry_is_accepted_and_its_writer_takes_part(desk: Desk) -> None:
    newest = desk.store.read_now(lambda c: tickets.entries(c, 2))[-1]
    assert (await done(desk, "ticket.accept", Accept(2)))[0].said == "nothing in it is held"
    await desk.store.write(
        lambda c: c.execute(entry.update().where(entry.c.id == newest.id).values(held="third-party", public=False))
    )
    await desk.store.write(lambda c: c.execute(participant.delete().where(participant.c.ticket == 2)))
    (answer,) = await done(desk, "ticket.accept", Accept(2, by="ana"))
    assert answer.said == f"e-{newest.id} is a part of it; eva@x.test takes part"
    last = desk.store.read_now(lambda c: tickets.entries(c, 2))[-1]
    assert (last.held, last.public) == (None, True)
    assert desk.store.read_now(lambda c: tickets.participants(c, 2)) == ("eva@x.test",)


async def test_receipts_that_are_none(desk: Desk) -> None:
    for id in ("u-9", "318", "u-", ""):
        assert (await done(desk, "ticket.undo", Undo(id)))[0].outcome == "not-found"
    assert desk.store.read_now(lambda c: c.execute(select(receipt)).all()) == []
