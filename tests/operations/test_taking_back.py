"""What `#undo` takes back beside the fields of tickets: own settings, words that were held, a language, what was given
away; what it refuses, and which mails it names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from gateway.config import Settings
from gateway.operations.agents import Away, Back
from gateway.operations.own import SetOwn
from gateway.operations.people import TakePart
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Done
from gateway.operations.undoing import Undo
from gateway.store import absences, audit, customers, own_settings, sla, undoing
from gateway.store.schema import ticket_message
from gateway.store.store import Store
from gateway.ticket.saying import saying
from gateway.ticket.types import SetField
from tests.operations.orders import EVA, JAN, Agents
from tests.processing import mail, verdict

CARL = "carl@x.test"


@pytest.fixture
def desk(store: Store, settings: Settings) -> Agents:
    """Tickets 1, 2 and 3, of which Ana sees the first two."""
    return Agents(store, settings)


def done(desk: Agents, name: str, arguments: object) -> tuple[Done, ...]:
    """What the command line does, a minute later."""
    desk.now += timedelta(minutes=1)
    found: tuple[Done, ...] = desk.write(lambda c: OPERATIONS[name].perform(c, arguments, desk.duty))
    return found


def settled(desk: Agents, who: str = "ana") -> tuple[str | None, str | None, str]:
    """What somebody settled: digest, receipts; and how he is away."""
    with desk.reading() as c:
        own, away = own_settings.of_agent(c, who), absences.absent(c, desk.now).get(who)
    cover = f", {away.cover}" if away is not None and away.cover else ""
    return own.get("digest"), own.get("receipts"), f"{away}{cover}" if away is not None else "there"


SETTINGS = [
    # what was settled before, the command, what is settled by it, what `#undo` says of it
    ("", "#digest 7:15", ("07:15", None, "there"), "digest 07:15 -> as the rules say"),
    ("#digest off", "#digest 7:15", ("07:15", None, "there"), "digest 07:15 -> off"),
    ("", "#receipts all", (None, "all", "there"), "receipts all -> as the rules say"),
    ("", "#away", (None, None, "away"), "is back"),
    ("", "#away until mon 9:00 cover eve", (None, None, "away until Mon 2026-11-23 08:00 UTC, eve"), "is back"),
    ("#away cover eve", "#away until mon 9:00", (None, None, "away until Mon 2026-11-23 08:00 UTC"), "away"),
    ("#away until mon 9:00 cover eve", "#back", (None, None, "there"), "away until 2026-11-23 08:00 UTC"),
]


@pytest.mark.parametrize(("before", "command", "settles", "said"), SETTINGS)
def test_what_an_agent_settled_is_taken_back(
    desk: Agents, before: str, command: str, settles: tuple[str | None, str | None, str], said: str
) -> None:
    """`#dry` settles nothing, and takes nothing back; taken back once, it is not taken back again."""
    if before:
        desk.orders(before, number=None)
    was = settled(desk)
    desk.orders(f"#dry\n{command}", number=None)
    assert settled(desk) == was
    given = desk.orders(command, number=None).undo
    assert given == ("u-2" if before else "u-1")
    assert settled(desk) == settles
    assert desk.said("#dry\n#undo", number=None)[0] == f"would: ana {said}"
    assert settled(desk) == settles
    assert desk.said("#undo", number=None) == [f"ok: ana {said}", f"ok: {given} was taken back"]
    assert settled(desk) == was
    assert desk.said(f"#undo {given}", number=None)[0].startswith(f"bad-value: {given}: it was taken back")
    assert settled(desk) == was


@pytest.mark.parametrize(("command", "since", "said"), [
    # what she settled, what happened to it since, why it is not taken back
    ("#digest 7:15", lambda d: d.orders("#digest off", number=None), "ana: #digest changed since, by agent:ana"),
    ("#digest 7:15", lambda d: done(d, "agent.set", SetOwn("ana", "digest", "on")),
     "ana: #digest changed since, by agent:ana"),
    ("#away", lambda d: d.orders("#back", number=None), "ana: #away changed since, by agent:ana"),
    ("#away", lambda d: done(d, "agent.back", Back("ana")), "ana: #away changed since, by operator"),
    ("#away", lambda d: done(d, "agent.away", Away("ana")), "ana: #away changed since, by operator"),
    ("#away", lambda d: d.orders("#back who=ana", "bob", number=None), "ana: #away changed since, by agent:bob"),
])  # fmt: skip
def test_what_was_settled_otherwise_since_stays(
    desk: Agents, command: str, since: Callable[[Agents], object], said: str
) -> None:
    given = desk.orders(f"{command}\n#high 2", number=None).undo
    since(desk)
    was = settled(desk)
    assert desk.said(f"#undo {given}", number=None) == [f"bad-value: {said}"]
    assert settled(desk) == was
    assert desk.ticket(2).priority == "high"  # all, or nothing


def test_a_digest_that_the_rules_move_since_is_theirs_again(desk: Agents) -> None:
    desk.orders("#digest off", number=None)
    rules = desk.deps.rules
    moved = replace(rules.agents["ana"], digest="06:00")
    desk.deps = replace(desk.deps, rules=replace(rules, agents={**rules.agents, "ana": moved}))
    assert desk.said("#undo", number=None)[0] == "ok: ana digest off -> as the rules say"
    with desk.reading() as c:
        assert own_settings.as_settled(moved, own_settings.of_agent(c, "ana")).digest == "06:00"


def test_an_absence_that_is_over_meanwhile_does_not_come_back(desk: Agents) -> None:
    desk.orders("#away until today 12:00", number=None)
    desk.orders("#away until mon 9:00", number=None)
    desk.now = desk.now.replace(hour=13)
    assert desk.said("#undo", number=None)[0] == "ok: ana is back"


def test_two_settings_of_one_mail_go_back_in_their_order(desk: Agents) -> None:
    desk.orders("#digest 7:00\n#digest off\n#receipts all", number=None)
    assert desk.said("#undo", number=None)[-1] == "ok: u-1 was taken back"
    assert settled(desk) == (None, None, "there")


def test_what_a_mail_took_back_is_not_taken_back_with_what_else_it_did(desk: Agents) -> None:
    desk.orders("#away", number=None)
    desk.orders("#undo\n#high 2", number=None)
    assert desk.said("#undo", number=None)[0] == "ok: #2 as before: status, priority"
    assert settled(desk)[2] == "there"


@pytest.mark.parametrize(("command", "who", "said"), [
    # what Ana settled, who would take it back, the answer
    ("#digest 7:15", "bob", "u-1 ist, was"),
    ("#receipts all", "eve", "u-1 is about what ana settled alone: only ana takes it back."),
    ("#away", "eve", "u-1 is about what ana settled alone: only ana takes it back."),
    ("#remind mon 9:00 call the bank", "eve", "u-1 is about what ana settled alone: only ana takes it back."),
    ("#away", "bob", None),  # her lead
])  # fmt: skip
def test_what_somebody_else_settled_is_his(desk: Agents, command: str, who: str, said: str | None) -> None:
    desk.orders(command, number=None)
    was = settled(desk)
    (first, *_) = desk.said("#undo u-1", who, number=None)
    if said is None:
        assert first.startswith("ok: ")
        assert settled(desk) == (None, None, "there")
        return
    assert first.startswith("bad-value: u-1 ")
    assert who == "bob" or first == f"bad-value: {said}"
    assert settled(desk) == was


@pytest.mark.parametrize("command", ["#digest 7:15", "#away", "#remind 3d call the bank"])
def test_what_was_settled_more_than_a_day_ago_stays(desk: Agents, command: str) -> None:
    desk.orders(command, number=None)
    desk.now += timedelta(hours=25)
    was = settled(desk)
    assert desk.said("#undo", number=None) == ["bad-value: You did nothing in the last 24 hours that could be undone."]
    assert desk.said("#undo u-1", number=None)[0].startswith("bad-value: u-1: it is too old")
    assert settled(desk) == was
    assert [each.outcome for each in done(desk, "ticket.undo", Undo("u-1"))][-1] == "done"  # on this machine


def test_who_is_light_has_no_undo_and_is_offered_none(desk: Agents) -> None:
    assert desk.orders("#receipts all", "jana", number=None).undo is None
    assert desk.said("#undo", "jana", number=None) == ["bad-value: #undo is not for the role “light”."]


def test_a_lead_takes_back_what_he_said_of_a_member(desk: Agents) -> None:
    desk.orders("#away who=ana cover eve", "bob", number=None)
    assert settled(desk)[2] == "away, eve"
    desk.orders("#undo", "bob", number=None)
    assert settled(desk)[2] == "there"


def given_out(desk: Agents) -> None:
    """Support gives its tickets away, and Ana alone takes them."""
    rules = desk.deps.rules
    team = replace(rules.teams["support"], assign="round_robin")
    desk.deps = replace(desk.deps, rules=replace(rules, teams={**rules.teams, "support": team}))


def test_who_was_not_back_after_all_has_again_what_nobody_touched(desk: Agents) -> None:
    given_out(desk)
    desk.orders("#away", number=None)
    assert desk.said("#back", number=None) == ["ok: is back; 2 of the tickets that waited found an owner"]
    desk.orders("Hello Eva", number=2)
    assert desk.said("#undo u-2", number=None) == [
        "ok: ana away",
        "ok: #2 stays with ana: something happened in it since",
        "ok: #1 is nobody's again, and waits",
        "ok: u-2 was taken back",
    ]
    assert (desk.ticket(1).assignee, desk.ticket(2).assignee, settled(desk)[2]) == (None, "ana", "away")


def test_who_is_no_longer_away_gets_what_waited(desk: Agents) -> None:
    given_out(desk)
    desk.orders("#away", number=None)
    assert desk.said("#undo", number=None)[0] == "ok: ana is back; 2 of the tickets that waited found an owner"


def test_a_reminder_about_nothing_is_taken_back(desk: Agents) -> None:
    desk.orders("#remind mon 9:00 call the bank", number=None)
    reminder = desk.mails()[-1]
    assert desk.said("#undo", number=None) == [
        f"ok: q-{reminder.id} is not sent to ana@agents.test", "ok: u-1 was taken back",
    ]  # fmt: skip
    assert desk.outbox()[-1].state == "dropped"
    assert desk.said("#undo u-1", number=None)[0].startswith("bad-value: u-1: it was taken back")


# --- words that were held ---------------------------------------------------------------------------------------------


def held(desk: Agents, **fields: str) -> int:
    """The entry of Carl, who answers with what Jan was given."""
    words = mail(f"Carl <{CARL}>", "Re: [#1] Zwrot", "Me, too", **fields)
    desk.take(verdict("pass", words), to=desk.reply_address(JAN, 1))
    return desk.entries(1)[-1].id


def as_it_is(desk: Agents, id: int) -> tuple[str | None, bool, int | None, set[str], int, list[str]]:
    """An entry and who takes part: held, public, its revision, people, lines of the ledger, Message-IDs of Carl's."""
    entry = next(e for e in desk.entries(1) if e.id == id)
    with desk.reading() as c:
        known = undoing.snapshot(c, 1)
        lines = sum(line.entry == id for line in sla.ledger(c, 1))
        ids = c.execute(select(ticket_message.c.message_id).where(ticket_message.c.address == CARL)).scalars().all()
    assert known is not None
    return entry.held, entry.public, entry.revision, {p.address for p in known.people}, lines, list(ids)


@pytest.mark.parametrize(("command", "left"), [
    # what is said of his words, what they are then
    ("#accept", (None, True, 3, {JAN, CARL}, 1, ["<c1@x.test>"])),
    ("#reject", (None, False, None, {JAN}, 0, [])),
])  # fmt: skip
def test_words_that_were_held_are_held_again(
    desk: Agents, command: str, left: tuple[str | None, bool, int | None, set[str], int, list[str]]
) -> None:
    id = held(desk, Message_ID="<c1@x.test>")
    was = as_it_is(desk, id)
    assert was == ("third-party", False, None, {JAN}, 0, [])
    desk.orders(f"#dry\n{command}")
    assert as_it_is(desk, id) == was
    desk.orders(command)
    found = as_it_is(desk, id)
    assert (found[:2], found[3:]) == (left[:2], left[3:])
    assert (found[2] is None) is (left[2] is None)
    desk.orders("#dry\n#undo")
    assert as_it_is(desk, id) == found
    again = (
        f"#1 e-{id} is held again" if command == "#reject" else f"#1 e-{id} is held again; {CARL} takes part no longer"
    )
    assert desk.said("#undo") == [f"ok: {again}", "ok: u-1 was taken back"]
    assert as_it_is(desk, id) == was
    assert desk.said("#undo u-1")[0].startswith("bad-value: u-1: it was taken back")
    assert desk.said(command)[0].startswith(f"ok: e-{id}")  # it waits for a word as ever


def test_words_of_a_day_ago_or_of_a_ticket_that_is_not_his_stay(desk: Agents) -> None:
    id = held(desk)
    desk.orders("#accept")
    assert desk.said("#undo u-1", "eve") == ["bad-value: #1: no such ticket for you."]
    desk.now += timedelta(hours=25)
    assert desk.said("#undo u-1")[0].startswith("bad-value: u-1: it is too old")
    assert as_it_is(desk, id)[0] is None


def test_a_colleague_takes_words_back_that_she_took_in(desk: Agents) -> None:
    id = held(desk)
    desk.orders("#accept")
    assert desk.said("#undo u-1", "bob")[0].startswith(f"ok: #1 e-{id} ")
    assert as_it_is(desk, id)[0] == "third-party"


@pytest.mark.parametrize(("since", "stays"), [
    # what happened since his words were taken in, whether he goes on taking part
    (lambda d: d.take(verdict("pass", mail(CARL, "Re: [#1] Zwrot", "More")), to=d.reply_address(CARL, 1)), True),
    (lambda d: d.orders(f"#customer {CARL}", confirmed=True), True),
    (lambda d: d.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "More"), to=d.reply_address(JAN, 1)), False),
])  # fmt: skip
def test_who_has_more_to_do_with_it_goes_on_taking_part(
    desk: Agents, since: Callable[[Agents], object], stays: bool
) -> None:
    id = held(desk)
    desk.orders("#accept")
    since(desk)
    said = f"{CARL} goes on taking part" if stays else f"{CARL} takes part no longer"
    assert desk.said("#undo u-1")[0] == f"ok: #1 e-{id} is held again; {said}"
    assert (CARL in desk.participants(1)) is stays


def test_what_went_to_him_meanwhile_is_named_and_what_did_not_never_does(desk: Agents) -> None:
    held(desk)
    desk.orders("#accept")
    desk.orders("Hello all")
    desk.orders("#send in 2h\nHello again")
    said = desk.said("#undo u-1")
    assert said[0].endswith(f"{CARL} takes part no longer; cannot be undone: the mail to {CARL}")
    assert said[1].endswith(f"is not sent to {CARL}")
    assert {(m.forward_path, m.state) for m in desk.mails() if m.template == "answer"} == {
        (JAN, "queued"), (CARL, "queued"), (CARL, "dropped"),
    }  # fmt: skip


def test_what_else_its_mail_did_is_taken_back_with_it(desk: Agents) -> None:
    held(desk)
    desk.orders("#accept\n#cc bo@bigbank.test\n#high")
    assert desk.participants(1) == {JAN, CARL, "bo@bigbank.test"}
    assert desk.said("#undo")[1] == "ok: #1 as before: status, priority, people"
    assert desk.participants(1) == {JAN}


def test_words_that_went_elsewhere_since_are_not_held_again(desk: Agents) -> None:
    id = held(desk)
    desk.orders("#accept")
    desk.orders(f"#split e-{id}", "bob")
    assert desk.said("#undo u-1") == [f"bad-value: #1: e-{id} changed since, by agent:bob"]
    desk.orders("#undo", "bob")
    desk.orders("#merge 2", "bob", confirmed=True)
    assert desk.said("#undo u-1") == ["bad-value: #1: it was merged since"]


# --- the language of a customer ---------------------------------------------------------------------------------------


def chosen(desk: Agents, address: str = JAN) -> str | None:
    """The language that was chosen for a customer."""
    with desk.reading() as c:
        found = customers.find_customer(c, address)
    assert found is not None
    return found.chosen_language


@pytest.mark.parametrize(("before", "since", "left"), [
    # what was chosen for him before, what happens after `#lang de`, what is chosen for him when that is taken back
    (None, None, None),
    ("hr", None, "hr"),
    (None, "cs", "cs"),  # he chose since
    ("de", None, "de"),  # for another ticket: nothing became different by it
])  # fmt: skip
def test_a_language_that_is_taken_back_is_none_that_was_chosen(
    desk: Agents, before: str | None, since: str | None, left: str | None
) -> None:
    def choose(c: Connection, language: str) -> None:
        customers.choose_language(c, 1, language)

    if before is not None:
        desk.write(lambda c: choose(c, before))
    assert desk.ticket(1).language == "pl"
    desk.orders("#dry\n#lang de")
    assert chosen(desk) == before
    desk.orders("#lang de")
    assert chosen(desk) == "de"
    if since is not None:
        desk.write(lambda c: choose(c, since))
    assert desk.said("#undo")[0] == "ok: #1 as before: status, language"
    assert (desk.ticket(1).language, chosen(desk)) == ("pl", left)


def test_a_language_of_several_tickets_goes_back_for_each_customer(desk: Agents) -> None:
    desk.orders("#lang 1 2 de", number=None)
    assert (chosen(desk), chosen(desk, EVA)) == ("de", "de")
    desk.orders("#undo", number=None)
    assert (chosen(desk), chosen(desk, EVA)) == (None, None)


# --- mails that left --------------------------------------------------------------------------------------------------


def test_the_notice_of_a_merge_and_of_a_split_is_named(desk: Agents) -> None:
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Other", "Another thing")))
    desk.now += timedelta(hours=2)
    merged = desk.orders("#merge 4", confirmed=True).undo
    assert desk.sent() == [f"status_notice {JAN}"]
    assert desk.said(f"#undo {merged}", number=4)[-1] == f"ok: {merged} was taken back; cannot be undone: the notice"
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "And more")), to=desk.reply_address(JAN, 1))
    desk.now += timedelta(hours=2)
    split = desk.orders("#split").undo
    assert desk.sent() == 2 * [f"status_notice {JAN}"]
    with desk.reading() as c:
        (own,) = [row.detail for row in audit.find_rows(c, ticket=1, action="ticket.split")]
    alone = str(own).rpartition(" ")[2]
    assert alone != split
    left = saying("done_left", what=saying("left_notice"))
    assert [each.said for each in done(desk, "ticket.undo", Undo(alone))][-1] == left


@pytest.mark.parametrize(("command", "to"), [
    # a command, to whom a mail goes because of it
    ("#assign bob", "bob@agents.test"),
    ("#escalate he waits", "bob@agents.test"),
    ("#note\n@bob, call him.", "bob@agents.test"),
])  # fmt: skip
def test_a_mail_to_a_colleague_is_named(desk: Agents, command: str, to: str) -> None:
    desk.orders(command)
    assert desk.said("#undo")[-1].endswith(f"the mail to {to}")


# --- what was given away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since", "back"), [
    # what happens in the ticket that Ana gave to a team she does not see, whether she may have it back
    (lambda d: None, True),
    (lambda d: d.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "More"), to=d.reply_address(JAN, 1)), True),
    (lambda d: d.orders("#note\nOurs.", "eve"), False),
    (lambda d: d.orders("#high", "eve"), False),
    (lambda d: d.orders("#mine", "eve"), False),
    (lambda d: done(d, "ticket.people", TakePart(1, ("bo@bigbank.test",))), False),
    (lambda d: d.change(1, SetField("assignee", "eve", "team.assign")), False),
    (lambda d: d.orders("#merge 3", "eve", confirmed=True), False),
])  # fmt: skip
def test_what_she_gave_away_she_may_have_back_while_nobody_touched_it(
    desk: Agents, since: Callable[[Agents], object], back: bool
) -> None:
    desk.orders("#mine")
    given = desk.orders("#team secret\n#silent").undo
    assert desk.said("#show 1", number=None) == ["bad-value: #1: no such ticket for you."]
    assert desk.said(f"#undo {given}", "jana", number=None)[0].startswith("bad-value: ")
    since(desk)
    was = desk.ticket(1)
    said = desk.said(f"#dry\n#undo {given}", number=None)
    assert desk.ticket(1) == was
    assert desk.said(f"#undo {given}", number=None) == [each.replace("would:", "ok:") for each in said]
    if back:
        assert said[0] == "would: #1 as before: team, assignee"
        assert (desk.ticket(1).team, desk.ticket(1).assignee) == ("support", "ana")
    else:
        assert said == ["bad-value: #1: others went on with it since"]
        assert desk.ticket(1) == was


def test_what_she_gave_away_a_day_ago_stays_there(desk: Agents) -> None:
    given = desk.orders("#team secret").undo
    desk.now += timedelta(hours=25)
    assert desk.said(f"#undo {given}", number=None) == ["bad-value: #1: no such ticket for you."]
