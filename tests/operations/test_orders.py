"""Orders of agents on a store: what each does, each refusal, what is only tried, what is taken back."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.message.types import Mailbox
from gateway.rules.lookups import LookedUp
from gateway.store import absences, customers, outbox, own_settings, undoing
from gateway.store.opening import open_store
from gateway.ticket.facts import standing
from gateway.ticket.types import File, SetField, Ticket
from gateway.ticket.visibility import sees
from tests.conftest import settings_in
from tests.operations.orders import EVA, JAN, Agents
from tests.processing import mail, verdict


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Agents]:
    store = open_store(settings_in(tmp_path))
    yield Agents(store, settings_in(tmp_path))
    store.close()


def counted(desk: Agents) -> int | None:
    """How many tickets of Eva are spam, as rules are told."""
    with desk.reading() as c:
        eva = customers.find_customer(c, EVA)
    return standing(eva, LookedUp(), None, "agent", "", desk.now).customer_spam_tickets


def state(desk: Agents, number: int = 1) -> tuple[Ticket, set[str], list[tuple[str, int]]]:
    """All that commands may change, without what every change changes."""
    with desk.reading() as c:
        found = undoing.snapshot(c, number)
    assert found is not None
    return found.ticket, {p.address for p in found.people}, list(found.links)


def differs(desk: Agents, before: tuple[Ticket, set[str], list[tuple[str, int]]]) -> list[str]:
    names = ("status", "team", "assignee", "responsible", "priority", "language", "due", "tags", "fields", "followers",
             "escalation", "requester", "snoozed_until", "subject")  # fmt: skip
    ticket, people, links = state(desk, before[0].number)
    found = [name for name in names if getattr(ticket, name) != getattr(before[0], name)]
    return found + ["people"] * (people != before[1]) + ["links"] * (links != before[2])


CHANGES = [
    # command, what the receipt says, what it changes
    ("#open", "status new -> open", ["status"]),
    ("#pending", "status new -> pending", ["status"]),
    ("#hold", "status new -> on_hold", ["status"]),
    ("#waiting-parts", "status new -> waiting_parts", ["status"]),
    ("#solved\n#silent", "status new -> solved", ["status"]),
    ("#closed", "status new -> closed", ["status"]),
    ("#spam", "status new -> spam", ["status"]),
    ("#assign bob", "assignee none -> bob; status new -> open", ["status", "assignee"]),
    ("#mine", "assignee none -> ana; status new -> open", ["status", "assignee"]),
    ("#responsible bob", "responsible none -> bob; status new -> open", ["status", "responsible"]),
    ("#team second", "team support -> second", ["team"]),
    ("#escalate he waits", "level 1, team second; its lead was told", ["team", "escalation"]),
    ("#urgent", "priority normal -> urgent; status new -> open", ["status", "priority"]),
    ("#tag a b", "tags none -> a, b; status new -> open", ["status", "tags"]),
    ("#set order=PL-10442", "field.order none -> PL-10442; status new -> open", ["status", "fields"]),
    ("#due mon 9:00", "due none -> 2026-11-23 08:00 UTC; status new -> open", ["status", "due"]),
    ("#snooze mon 9:00", "status new -> snoozed until 2026-11-23 08:00 UTC", ["status", "snoozed_until"]),
    ("#cc bo@bigbank.test", "bo@bigbank.test takes part", ["people"]),
    ("#follow", "ana watches it", ["followers"]),
    ("#customer eva@bigbank.test", f"customer {JAN} -> eva@bigbank.test", ["requester", "people"]),
    ("#lang de", "language pl -> de; status new -> open", ["status", "language"]),
    ("#link 2 duplicate", "duplicate #2", ["links"]),
    ("#causedby 2", "cause #2", ["links"]),
]


def test_each_change_is_done_tried_and_taken_back(desk: Agents) -> None:
    """`#dry` leaves nothing, the command does what it says, `#undo` leaves everything as it was."""
    for command, said, changed in CHANGES:
        before = state(desk)
        assert desk.said(f"#dry\n{command}")[0] == f"would: {said}", command
        assert differs(desk, before) == [], f"#dry {command}"
        assert desk.said(command)[0] == f"ok: {said}", command
        assert differs(desk, before) == changed, command
        told = command in ("#assign bob", "#team second", "#escalate he waits")
        left = "; cannot be undone: the mail to bob@agents.test" if told else ""
        assert desk.said("#undo")[-1].endswith(f"was taken back{left}"), command
        assert differs(desk, before) == [], f"#undo of {command}"
    assert desk.sent() == 3 * ["agent_notice bob@agents.test"]  # of #assign, #team and #escalate


def test_what_is_taken_away_comes_back_too(desk: Agents) -> None:
    desk.orders("#cc bo@bigbank.test\n#follow\n#link 2\n#tag a b\n#set order=PL-10442\n#due 2d\n#assign bob")
    before = state(desk)
    for command, changed in (
        ("#uncc bo@bigbank.test", ["people"]),
        ("#unfollow", ["followers"]),
        ("#unlink 2", ["links"]),
        ("#untag a", ["tags"]),
        ("#set order=none", ["fields"]),
        ("#due none", ["due"]),
        ("#assign none", ["assignee"]),
        ("#team second", ["team"]),  # Bob is a member of it, too
    ):
        desk.orders(command)
        assert differs(desk, before) == changed, command
        desk.orders("#undo")
        assert differs(desk, before) == [], command


REFUSED = [
    # who, command, what is said
    ("ana", "#why 3", "#3: no such ticket for you."),
    ("ana", "#show 99", "#99: no such ticket for you."),  # the same for one that there is not
    ("ana", "#merge 3", "#3: no such ticket for you."),
    ("ana", "#link 3", "#3: no such ticket for you."),
    ("ana", "#merge 1", "#1: #1 is the same ticket: nothing goes into itself"),  # before anybody is asked
    ("eve", "#mine", "#1: no such ticket for you."),
    ("ana", "#cc support@gw.test", "support@gw.test is an address of our own."),
    ("ana", "#cc support+foo@gw.test", "support+foo@gw.test is an address of our own."),  # and so is every sub-address
    ("ana", "#cc Bounce+q1.abc@GW.test", "Bounce+q1.abc@gw.test is an address of our own."),
    ("ana", "#customer support+t1-0.abc@gw.test", "support+t1-0.abc@gw.test is an address of our own."),
    ("ana", "#ask second+cmd@gw.test\n\nWhat now?", "second+cmd@gw.test is an address of our own."),
    ("ana", "#cc a@x.test b@x.test c@x.test", "#1: a ticket has at most 3 participants"),
    ("ana", f"#uncc {JAN}", "#1: the customer always takes part: change the customer first"),
    ("ana", "#tag " + " ".join(f"t{n}" for n in range(21)), "#1: a ticket has at most 20 tags"),
    ("ana", "#split", "#1: it is the only mail of the ticket"),
    ("ana", "#accept", "#1: nothing in it is held"),
    ("ana", "#reject e-99", "#1: nothing in it is held"),
    ("ana", "#undo u-99", "u-99: is no receipt, such as u-318"),
    ("ana", "#undo", "You did nothing in the last 24 hours that could be undone."),
    ("ana", "#assign otto", "#1: otto only reads: nothing can be given to an auditor"),
    ("ana", "#responsible otto", "#1: otto only reads: nothing can be given to an auditor"),
    ("ana", "#back who=bob", "#back who= is not for the role “agent”."),
    ("ana", "#back until mon", "“until mon” does not fit here. Possible: who=WHO"),
    ("bob", "#link 1", "#1: ein Ticket wird nicht mit sich selbst verknüpft"),
    ("jana", "#solved", "#solved is not for the role “light”."),
]


def test_one_that_cannot_be_done_leaves_all_undone(desk: Agents) -> None:
    before = state(desk)
    for who, command, said in REFUSED:
        assert desk.said(f"#tag first\n{command}\nHello Jan", who)[0].partition(": ")[2] in (
            said, "#tag is not for the role “light”.",
        ), command  # fmt: skip
        assert differs(desk, before) == [], command
    assert desk.sent() == []


def test_a_team_that_escalates_to_nobody_refuses(desk: Agents) -> None:
    desk.move(1, "second")
    assert desk.said("#escalate", "bob") == ["bad-value: #1: das Team second eskaliert an niemanden"]


@pytest.mark.parametrize(("text", "speaks", "kinds", "status", "mails"), [
    # new words, what the address they came to makes of them, entries, status, mails
    ("We look at it.", "answer", ["mail", "answer"], "pending", [f"answer {JAN}"]),
    ("#solved\nDone.", "answer", ["mail", "answer"], "solved", [f"answer {JAN}"]),
    ("#open\nWe look at it.", "answer", ["mail", "answer"], "open", [f"answer {JAN}"]),
    ("#waiting_parts\nOrdered.", "answer", ["mail", "answer"], "waiting_parts", [f"answer {JAN}"]),
    ("#snooze 2d\nAsk us on Monday.", "answer", ["mail", "answer"], "snoozed", [f"answer {JAN}"]),
    ("#note\nHe called.", "answer", ["mail", "note"], "open", []),
    ("He called.", "note", ["mail", "note"], "open", []),
    ("#solved\n#note\nHe called.", "answer", ["mail", "note"], "solved", [f"status_notice {JAN}"]),
    ("#mine", "answer", ["mail"], "open", []),
    ("#mine\nHello", "nothing", ["mail"], "open", []),
])  # fmt: skip
def test_what_the_text_becomes(
    desk: Agents, text: str, speaks: str, kinds: list[str], status: str, mails: list[str]
) -> None:
    assert desk.orders(text, speaks=speaks).refused is None  # type: ignore[arg-type]
    assert [entry.kind for entry in desk.entries(1)] == kinds
    assert desk.ticket(1).status == status
    assert desk.sent() == mails


def test_an_answer_that_solves_says_so_in_its_last_line(desk: Agents) -> None:
    desk.change(1, SetField("language", "en", "test"))
    desk.orders("#solved\nYour refund is on its way.")
    item = desk.mails()[-1]
    text = (item.raw or b"").decode()
    assert text.index("refund is on its way") < text.index("We marked your request as solved")


def test_without_words_the_customer_gets_a_notice_of_what_was_solved(desk: Agents) -> None:
    desk.now = desk.now.replace(hour=12)  # the acknowledgement was the one automatic mail of its hour
    assert desk.said("#solved Refund ordered.") == ["ok: status new -> solved", f"sent: to {JAN} (#1)"]
    assert desk.sent() == [f"status_notice {JAN}"]
    assert desk.said("#undo")[-1] == "ok: u-1 was taken back; cannot be undone: the notice"


@pytest.mark.parametrize(("command", "asked"), [
    # command, what is asked first
    ("#merge 2", "merge? #1, #2"),
    ("#customer x@elsewhere.test", "customer? #1"),
    ("#snooze 2027-06-01", "far? #1"),
    ("#due 100d", "far? #1"),
    ("#send in 100d\nHello", "far? #1"),
])  # fmt: skip
def test_what_is_confirmed_first(desk: Agents, command: str, asked: str) -> None:
    before = state(desk)
    assert desk.said(command) == [asked]
    assert desk.said(f"#dry\n{command}")[0].startswith("would: ")
    assert differs(desk, before) == []
    assert desk.said(command, confirmed=True)[0].startswith(("ok: ", "sent: "))


def test_spam_of_somebody_whom_we_answered_is_confirmed(desk: Agents) -> None:
    assert desk.said("#spam", number=2) == ["ok: status new -> spam"]
    assert counted(desk) == 1
    assert desk.said("#ham", number=2) == ["ok: status spam -> open"]
    assert counted(desk) == 0
    assert desk.said("#ham", number=2) == ["ok: #2 is no spam already"]
    desk.orders("Hello Jan")
    assert desk.said("#spam") == ["spam? #1"]


def test_spam_with_a_forged_sender_does_not_count_for_whose_name_it_bears(desk: Agents) -> None:
    desk.take(verdict("fail", mail(f"Eva <{EVA}>", "Casino", "Win a lot.")))
    assert desk.said("#spam", number=len(desk.tickets())) == ["ok: status new -> spam"]
    assert desk.tickets()[-1].requester == Mailbox("Eva", EVA)
    assert counted(desk) == 0


def test_many_tickets_at_once_are_confirmed(desk: Agents) -> None:
    for n in range(4):
        desk.take(verdict("pass", mail("Jan <jan@bigbank.test>", f"Another {n}", "Help")))
    numbers = "1 2 4 5 6 7"
    assert desk.said(f"#closed {numbers}", number=None) == ["many? #1, #2, #4, #5, #6, #7"]
    done = desk.orders(f"#closed {numbers}", number=None, confirmed=True)
    assert (len(done.lines), done.told) == (6, True)
    assert {desk.ticket(int(n)).status for n in numbers.split()} == {"closed"}
    assert len(desk.said("#undo", number=None)) == 7
    assert {desk.ticket(int(n)).status for n in numbers.split()} == {"new"}


def test_a_merge_is_taken_back_with_what_else_its_mail_did(desk: Agents) -> None:
    before, other = state(desk), state(desk, 2)
    done = desk.orders("#tag dup\n#merge 2", confirmed=True)
    assert done.undo is not None
    assert desk.ticket(1).merged_into == 2
    assert desk.said("#undo")[-1].endswith("was taken back")
    assert (differs(desk, before), differs(desk, other)) == ([], [])
    assert desk.said(f"#undo {done.undo}")[0].startswith(f"bad-value: {done.undo}: it was taken back")


def test_a_split_names_its_receipt(desk: Agents) -> None:
    more = mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "And another thing")
    desk.take(verdict("pass", more), to=desk.reply_address(JAN, 1))
    done = desk.orders("#split")
    assert done.undo is not None
    assert [e.kind for e in desk.entries(4)] == ["mail"]
    assert desk.ticket(4).subject == "Zwrot"  # its mails have a tag of their own
    desk.orders(f"#undo {done.undo}")
    assert len(desk.entries(1)) == 2


def test_what_somebody_changed_since_is_not_taken_back(desk: Agents) -> None:
    desk.orders("#high\n#tag a")
    desk.orders("#urgent", "bob")
    assert desk.said("#undo") == ["bad-value: #1: priority changed since, by agent:bob"]
    assert desk.ticket(1).tags == ("a",)
    desk.orders("#assign bob", "bob")  # something else
    desk.orders("#undo", "bob")
    desk.orders("#undo u-2", "bob")
    assert desk.said("#undo")[0] == "ok: #1 as before: status, priority, tags"


def test_nobody_takes_back_what_he_may_not_see(desk: Agents) -> None:
    done = desk.orders("#high", "eve", number=3)
    assert desk.said(f"#undo {done.undo}") == ["bad-value: #3: no such ticket for you."]
    assert desk.ticket(3).priority == "high"


def test_commands_are_taken_back_within_a_day(desk: Agents) -> None:
    desk.orders("#high")
    desk.now = desk.now.replace(day=23)
    assert desk.said("#undo u-1")[0].startswith("bad-value: u-1: it is too old")
    assert desk.said("#undo") == ["bad-value: You did nothing in the last 24 hours that could be undone."]


@pytest.mark.parametrize(("last", "number", "said"), [
    # what somebody did after `#high`, in which ticket, what `#undo` says
    ("#back", None, "what you did last cannot be undone: it changed nothing. Before that: #undo u-1"),
    ("#ask expert@lab.test\nWhat is this?", 1, "what you did last cannot be undone: #ask. Before that: #undo u-1"),
    ("#high", 1, "what you did last cannot be undone: it changed nothing. Before that: #undo u-1"),
    ("#high 1", None, "what you did last cannot be undone: it changed nothing. Before that: #undo u-1"),
    ("#note\nHe called.", 1, "what you did last cannot be undone: the note. Before that: #undo u-1"),
])  # fmt: skip
def test_what_cannot_be_taken_back_is_named_and_nothing_older_is_taken_in_its_place(
    desk: Agents, last: str, number: int | None, said: str
) -> None:
    desk.take(verdict("pass", mail("Carl <carl@x.test>", "Re: [#1] Zwrot", "Me, too")), to=desk.reply_address(JAN, 1))
    desk.orders("#high")
    assert desk.orders(last, number=number).refused is None
    assert desk.said("#undo", number=number) == [f"bad-value: {said}"]
    assert desk.ticket(1).priority == "high"
    desk.orders("#undo u-1", number=number)
    assert desk.ticket(1).priority == "normal"


def test_a_held_message_is_accepted_or_refused(desk: Agents) -> None:
    for who, command in (("carl", "#accept"), ("cora", "#reject")):
        forwarded = mail(f"{who} <{who}@x.test>", "Re: [#1] Zwrot", f"I am his colleague {who}")
        desk.take(verdict("pass", forwarded), to=desk.reply_address(JAN, 1))
        held = desk.entries(1)[-1]
        assert held.held == "third-party"
        assert desk.said(command)[0].startswith(f"ok: e-{held.id}")
        after = desk.entries(1)[-1]
        assert (after.held, after.public) == (None, command == "#accept")
    assert "carl@x.test" in desk.participants(1)
    assert "cora@x.test" not in desk.participants(1)


def test_what_is_only_tried_tells_the_rules_and_mails_and_leaves_nothing(desk: Agents) -> None:
    before = desk.outbox()
    done = desk.orders("#dry\n#urgent\nHello Jan")
    assert [(letter.to, "Hello Jan" in letter.lines) for letter in done.letters] == [(JAN, True)]  # as he would read it
    said = desk.said("#dry\n#urgent\nHello Jan")
    assert said[0] == "would: priority normal -> urgent; status new -> open"
    assert said[1].startswith("would: to jan@bigbank.test (q-")
    assert said[2] == "would: urgent-is-tagged"
    assert desk.outbox() == before
    assert [e.kind for e in desk.entries(1)] == ["mail"]


def test_commands_of_eva_do_not_touch_jan(desk: Agents) -> None:
    before = state(desk)
    desk.orders("#high\nHello Eva", number=2)
    assert differs(desk, before) == []
    assert desk.sent() == [f"answer {EVA}"]
    with desk.reading() as c:
        assert outbox.find_many(c, states=(), ticket=1, recipient=EVA, limit=10) == []


@pytest.mark.parametrize(("note", "followers"), [
    # the words of a note on a ticket of support; who follows it from then on
    ("@eve please look",            ("eve",)),
    ("Ask @EVE, or @bob.",          ("eve", "bob")),
    ("(@eve)",                      ("eve",)),
    ("@ana is me",                  ()),
    ("@evelyn, eve, eve@agents.test, x@eve", ()),
    ("@eve @eve",                   ("eve",)),
])  # fmt: skip
def test_a_colleague_whom_a_note_calls_hears_of_it_and_sees_the_ticket(
    desk: Agents, note: str, followers: tuple[str, ...]
) -> None:
    eve = desk.deps.rules.agents["eve"]
    assert not sees(eve, desk.ticket(1), desk.deps.rules)
    desk.orders(f"#note\n{note}")
    assert desk.ticket(1).followers == followers
    assert desk.sent() == [f"agent_notice {desk.deps.rules.agents[who].email}" for who in followers]
    assert sees(eve, desk.ticket(1), desk.deps.rules) is ("eve" in followers)


def test_no_customer_and_no_answer_calls_anybody(desk: Agents) -> None:
    desk.orders("Hello Jan, @eve looks after it.")
    desk.take(mail(f"Jan <{JAN}>", "Re: Zwrot", "@eve help me"), to=desk.reply_address(JAN, 1))
    assert desk.ticket(1).followers == ()


def test_a_question_to_somebody_outside_is_a_note_here_and_a_mail_there(desk: Agents) -> None:
    before = state(desk)
    assert desk.said("#ask expert@lab.test\nWhat is this?")[0].endswith("the answer comes back as a note")
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.text, entry.public) == ("note", "→ expert@lab.test\n\nWhat is this?", False)
    (mail_of_it,) = [m for m in desk.mails() if m.forward_path == "expert@lab.test"]
    raw = (mail_of_it.raw or b"").decode()
    assert "Reply-To: " in raw
    assert "+x1." in raw
    assert "Proszę" not in raw
    assert differs(desk, before) == []  # no customer, no participant, no status


def test_questions_to_somebody_outside_are_one_thread_and_say_who_asks(desk: Agents) -> None:
    desk.orders("#ask expert@lab.test\nWhat is this?")
    to = desk.ring.reply_address("support@gw.test", "+", "x", 1, None, "expert@lab.test")
    desk.take(verdict("pass", mail("expert@lab.test", "Re: Zwrot", "A parcel.", Message_ID="<e1@lab.test>")), to=to)
    desk.orders("#ask expert@lab.test\nAnd what does it cost?")
    first, second = (m for m in desk.mails() if m.forward_path == "expert@lab.test")
    header = email.message_from_bytes(second.raw or b"", policy=email.policy.default)
    assert header["In-Reply-To"] == "<e1@lab.test>"
    assert str(header["References"]).split() == [first.message_id, "<e1@lab.test>"]
    text = str(header.get_body(("plain",)).get_content())  # type: ignore[attr-defined]
    assert "asks you this, and gave us your address. Your reply goes to our own people alone." in " ".join(text.split())
    assert "wrote to us" not in text


def test_a_question_takes_its_files_along_unless_they_are_mails_to_agents(desk: Agents) -> None:
    desk.orders("#ask expert@lab.test\nWhat is this?", files=(File("part.jpg", "image/jpeg", b"jpeg"),))
    (asked,) = [m for m in desk.mails() if m.forward_path == "expert@lab.test"]
    assert b"part.jpg" in asked.raw
    notice = f"Reply-To: support+t1-1.{'a' * 27}@gw.test".encode()
    refused = desk.orders(
        "#ask other@lab.test\nWhat is this?", files=(File("x.eml", "message/rfc822", notice),)
    ).refused
    assert refused is not None
    assert not [m for m in desk.mails() if m.forward_path == "other@lab.test"]


_ASKED = "expert@lab.test"


@pytest.mark.parametrize(("who", "dmarc", "header", "takes_part", "kind"), [
    # who writes to the team, what our boundary says, what he answers (Q: the question, A: an answer to the customer, of
    # which he has a copy), whether he takes part by now, what it becomes in the ticket; None: a ticket of its own
    (_ASKED, "pass", {"In_Reply_To": "Q"}, False, "note"),
    (_ASKED, "none", {"In_Reply_To": "Q"}, False, "note"),
    (_ASKED, "pass", {"References": "<x@lab.test> Q"}, False, "note"),
    (_ASKED, "pass", {"In_Reply_To": "<own@lab.test>", "References": "Q <own@lab.test>"}, False, "note"),  # again
    (_ASKED, "pass", {"In_Reply_To": "Q", "Auto_Submitted": "auto-replied"}, False, "event"),
    (_ASKED, "pass", {"In_Reply_To": "Q"}, True, "note"),  # it is the question that he answers
    (_ASKED, "pass", {"In_Reply_To": "A", "References": "Q A"}, True, "mail"),
    (_ASKED, "fail", {"In_Reply_To": "Q"}, False, None),
    (_ASKED, "pass", {"Subject": "Re: [#1] Zwrot"}, False, None),  # his program lost it
    (_ASKED, "pass", {"Subject": "Fwd: Zwrot", "In_Reply_To": "Q"}, False, None),
    ("ed@home.test", "pass", {"In_Reply_To": "Q"}, False, None),  # another address is as good as a stranger's here
    (JAN, "pass", {"In_Reply_To": "Q"}, False, None),
])  # fmt: skip
def test_who_answers_a_question_to_the_team_is_known_by_the_question(
    desk: Agents, who: str, dmarc: str, header: dict[str, str], takes_part: bool, kind: str | None
) -> None:
    desk.orders(f"#ask {_ASKED}\nWhat is this?")
    (question,) = [m for m in desk.mails() if m.forward_path == _ASKED]
    ids = {"Q": question.message_id, "A": ""}
    if takes_part:
        desk.orders(f"#cc {_ASKED}\nHello to both of you.")
        ids["A"] = [m for m in desk.mails() if m.forward_path == _ASKED][-1].message_id
    before, count = state(desk), len(desk.entries(1))
    sent, head = len(desk.mails()), {"Subject": "Re: Zwrot"}
    head |= {name: " ".join(ids.get(word, word) for word in value.split(" ")) for name, value in header.items()}
    outcome = desk.take(verdict(dmarc, mail(who, body="It is a damaged parcel.", **head)))
    added = [(e.kind, e.text, e.public) for e in desk.entries(1)[count:] if not e.held]
    assert added == ([(kind, "It is a damaged parcel.", kind == "mail")] if kind else [])
    assert (outcome.ticket == 1) is (kind is not None)
    if kind in ("note", "event"):
        assert differs(desk, before) == []
        assert {m.forward_path for m in desk.mails()[sent:]} == ({"ana@agents.test"} if kind == "note" else set())


@pytest.mark.parametrize(("who", "dmarc", "extra", "kind"), [
    # who answers, what our boundary says, what else is in the header, what it becomes in the ticket
    ("expert@lab.test", "pass", {}, "note"),
    ("expert@lab.test", "none", {}, "note"),
    ("expert@lab.test", "pass", {"Auto_Submitted": "auto-replied"}, "event"),
    ("expert@lab.test", "fail", {}, None),
    ("ed@home.test", "pass", {}, "note"),  # another address of his, or a colleague
    ("ed@home.test", "fail", {}, None),
])  # fmt: skip
def test_the_answer_of_whom_one_asked_comes_back_as_a_note(
    desk: Agents, who: str, dmarc: str, extra: dict[str, str], kind: str | None
) -> None:
    desk.orders("#ask expert@lab.test\nWhat is this?")
    before, count = state(desk), len(desk.entries(1))
    to = desk.ring.reply_address("support@gw.test", "+", "x", 1, None, "expert@lab.test")
    outcome = desk.take(verdict(dmarc, mail(who, "Re: Zwrot", "It is a damaged parcel.", **extra)), to=to)
    added = [(e.kind, e.text, e.public) for e in desk.entries(1)[count:] if not e.held]
    assert added == ([(kind, "It is a damaged parcel.", False)] if kind else [])
    assert outcome.disposition == ("entry" if kind else outcome.disposition)
    assert differs(desk, before) == []
    assert not [m for m in desk.mails() if m.forward_path == JAN and m.template != "auto_ack"]
    told = [m for m in desk.mails() if (m.template, m.forward_path) == ("agent_notice", "ana@agents.test")]
    assert len(told) == (kind == "note")  # it was she who asked


@pytest.mark.parametrize(("text", "said"), [
    # orders, why not
    (f"#ask {JAN}\nHello", f"#1: {JAN} takes part in the ticket: an answer goes there"),
    ("#ask expert@lab.test", "#1: there are no words"),
    ("#internal second", "#1: there are no words"),
    ("#use KB-1\nHello", "#1: there is no article “KB-1”; perhaps: —"),
    ("#macro thanks\n#note\nHello", "#macro works in an answer to a customer."),
    ("#macro no-such\nHello", None),
])  # fmt: skip
def test_what_words_cannot_become(desk: Agents, text: str, said: str | None) -> None:
    (found,) = desk.said(text)
    assert found.startswith("bad-value: ")
    assert said is None or found == f"bad-value: {said}"
    assert desk.sent() == []


MISSING = "bad-value: #1: a value is missing: order. First #set order=[A-Z]{2}-[0-9]{5}"


@pytest.mark.parametrize(("text", "said"), [
    # what is written where `order` is required, what comes first of it
    ("#solved",                           MISSING),
    ("#closed",                           MISSING),
    ("#solved\nIt is on its way.",        MISSING),
    ("#set order=PL-10442\n#solved",      "ok: field.order none -> PL-10442; status new -> open"),
    ("#set order=PL-10442\n#solved\nOk.", "ok: field.order none -> PL-10442; status new -> open"),
    ("#pending",                          "ok: status new -> pending"),
    ("#spam",                             "ok: status new -> spam"),
])  # fmt: skip
def test_a_ticket_is_not_solved_before_its_required_fields_have_values(desk: Agents, text: str, said: str) -> None:
    order = replace(desk.deps.rules.fields["order"], required=True)
    desk.deps = replace(desk.deps, rules=replace(desk.deps.rules, fields={"order": order}))
    assert desk.said(text)[0] == said
    solved = desk.ticket(1).status_type == "solved"
    assert solved is ("#solved" in text and "#set" in text)


def test_an_answer_may_leave_later(desk: Agents) -> None:
    assert desk.said("#send in 10m\nHello Jan")[0].startswith("sent: ")
    assert desk.mails()[-1].next_attempt_at == desk.now + timedelta(minutes=10)
    for command in ("#send", "#send short", "#discard", "#confirm"):
        assert desk.said(command)[0].startswith("bad-value: Nothing is held here"), command


def test_an_answer_that_has_not_left_is_taken_back_with_what_it_changed(desk: Agents) -> None:
    before = state(desk)
    desk.said("#send in 10m\n#urgent\nHello Jan")
    waiting = desk.mails()[-1]
    assert desk.said("#undo")[-2:] == [f"ok: q-{waiting.id} is not sent to {JAN}", "ok: u-1 was taken back"]
    assert differs(desk, before) == []
    assert desk.outbox()[-1].state == "dropped"
    assert desk.entries(1)[-1].text == f"answer to {JAN} was taken back before it left"


def test_an_answer_that_has_left_is_named(desk: Agents) -> None:
    desk.said("#send in 10m\n#urgent\nHello Jan")
    desk.now += timedelta(minutes=11)
    *_, leaves = desk.write(lambda c: outbox.lease(c, now=desk.now, token="t", lease_s=60, limit=9))
    assert desk.write(
        lambda c: outbox.settle(c, leaves, "sent", now=desk.now, next_attempt_at=None, reply="250 ok", reason="")
    )
    assert desk.said("#undo")[-1] == "ok: u-1 was taken back; cannot be undone: the answer"


def test_work_for_another_team_is_a_child_that_no_customer_sees(desk: Agents) -> None:
    assert desk.said("#internal second\nPlease check the depot.") == [
        "ok: #4 opened in second, a child of #1; no customer sees it"
    ]
    child = desk.ticket(4)
    assert (child.team, child.requester, child.subject) == ("second", None, "Zwrot")
    assert [(e.kind, e.text) for e in desk.entries(4)] == [("note", "Please check the depot.")]
    assert desk.sent() == ["agent_notice bob@agents.test"]  # who is to do it hears of it
    assert state(desk)[2] == [("child", 4)]


def test_a_reminder_is_a_mail_to_oneself_that_leaves_at_its_time(desk: Agents) -> None:
    assert desk.said("#remind mon 9:00 call Jan")[0].endswith("at 2026-11-23 08:00 UTC")
    (reminder,) = [m for m in desk.mails() if m.forward_path == "ana@agents.test"]
    assert f"{reminder.next_attempt_at:%Y-%m-%d %H:%M}" == "2026-11-23 08:00"
    raw = (reminder.raw or b"").decode()
    assert "Date: Mon, 23 Nov 2026 08:00:00" in raw
    assert "call Jan" in raw
    assert desk.said("#undo") == [f"ok: q-{reminder.id} is not sent to ana@agents.test", "ok: u-1 was taken back"]
    assert desk.outbox()[-1].state == "dropped"
    assert desk.said("#remind mon 9:00 call Jan")[0].endswith("at 2026-11-23 08:00 UTC")


def test_a_reminder_needs_no_ticket(desk: Agents) -> None:
    assert desk.said("#remind mon 9:00 call the bank", number=None)[0].endswith("at 2026-11-23 08:00 UTC")
    assert "call the bank" in (desk.mails()[-1].raw or b"").decode()


def test_a_lead_says_that_somebody_is_back(desk: Agents) -> None:
    desk.orders("#away", number=None)
    assert desk.said("#back who=ana", "bob", number=None) == ["ok: is back"]
    with desk.reading() as c:
        assert absences.absent(c, desk.now) == {}


def test_what_an_agent_settles_holds_instead_of_the_rules(desk: Agents) -> None:
    ana = desk.deps.rules.agents["ana"]
    for command, digest in (("#digest on", "08:30"), ("#digest 7:15", "07:15"), ("#digest off", None)):
        desk.orders(command, number=None)
        with desk.reading() as c:
            found = own_settings.as_settled(ana, own_settings.of_agent(c, "ana"))
        assert found.digest == digest
    assert desk.said("#receipts all", number=None) == ["ok: receipts as the rules say -> all"]


def test_an_undo_that_frees_somebody_gives_him_what_waits(desk: Agents) -> None:
    rules = desk.deps.rules
    given = replace(rules.teams["support"], assign="round_robin")
    busy = replace(rules.agents["ana"], max_open=1)
    agents, teams = {**rules.agents, "ana": busy}, {**rules.teams, "support": given}
    desk.deps = replace(desk.deps, rules=replace(rules, agents=agents, teams=teams))
    desk.change(1, SetField("assignee", "ana", "test"))
    desk.set_status(1, "solved", "solved")
    desk.orders("#reopen")
    assert desk.ticket(2).assignee is None
    desk.orders("#undo")
    assert desk.ticket(2).assignee == "ana"


def test_who_is_away_gets_no_tickets_until_he_is_back(desk: Agents) -> None:
    assert desk.said("#away until mon 9:00 cover eve", number=None)[0].startswith("ok: ")
    with desk.reading() as c:
        (absence,) = absences.absent(c, desk.now).values()
    assert (absence.agent, absence.cover) == ("ana", "eve")
    assert desk.said("#back", number=None)[0].startswith("ok: is back")
    assert desk.said("#away who=ana", "bob", number=None)[0].startswith("ok: ")  # her lead
    assert desk.said("#away who=bob", "ana", number=None) == ["bad-value: #away who= is not for the role “agent”."]
