"""Which of our people hear of a customer's mail by themselves, and when its first author hears of a forward."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.idle import ask_idle
from gateway.operations.answers import Note
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Link, NewTicket
from gateway.operations.types import Duty
from gateway.store.absences import put_away
from gateway.store.store import Store
from gateway.ticket.assign import Absence
from gateway.ticket.types import AddPeople, Participant, SetField
from tests.agents.mails import ANN, BOB, JAN, RULES, newest, reply, text_of
from tests.agents.test_forwards import forward
from tests.processing import Desk, mail, verdict

_RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test}
  bob: {name: Bob, email: bob@agents.test, notify: NOTIFY}
  lia: {name: Lia, email: lia@agents.test, role: light}
  zed: {name: Zed, email: zed@agents.test, notify: all}
teams:
  support: {address: support@gw.test, members: [ann, bob, lia], lead: ann}
  billing: {address: billing@gw.test, members: [zed], assign: ASSIGN}
rules:
  - id: urgent
    on: [new, reply]
    when: {subject: {contains: urgent}}
    do: [{notify: {to: [team], template: agent_notice}}]
  - {id: bobs, on: new, when: {subject: invoice}, do: [{notify: {to: [bob], template: agent_notice}}]}
  - {id: anns, on: new, when: {subject: outage}, do: [{assign: ann}]}
  - {id: nothing-to-do, on: new, when: {subject: casino}, do: [{set: {status: closed}}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, _RULES.replace("NOTIFY", "assigned").replace("ASSIGN", "manual"))


def as_bob_wants(desk: Desk, notify: str) -> None:
    """The same desk, where the rules say otherwise of Bob."""
    rules = desk.deps.rules
    agents = {**rules.agents, "bob": replace(rules.agents["bob"], notify=notify)}
    rules = replace(rules, agents=agents)
    desk.deps = replace(desk.deps, rules=rules, notifying=replace(desk.deps.notifying, rules=rules))


def told(desk: Desk, since: int = 0) -> list[str]:
    """The people who were sent a notice, sorted."""
    return sorted(
        m.forward_path.partition("@")[0] for m in desk.mails() if m.template == "agent_notice" and m.id > since
    )


def write(desk: Desk, subject: str = "Zwrot") -> list[str]:
    """Who hears of another mail of Jan in his ticket."""
    since = max((m.id for m in desk.outbox()), default=0)
    address = desk.reply_address(JAN, 1)
    assert desk.take(verdict("pass", mail(subject=f"Re: {subject}", To=address)), to=address).disposition == "entry"
    return told(desk, since)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("notify", "ticket", "new", "reply"),
    [
        # what Bob wants, what he has to do with the ticket, whether he hears of a new one, and of a reply
        ("assigned", {}, True, True),  # nobody owns it, and his team gives nothing away
        ("assigned", {"assignee": "bob"}, True, True),
        ("assigned", {"responsible": "bob"}, True, True),
        ("assigned", {"assignee": "ann"}, True, False),
        ("assigned", {"team": "billing"}, True, False),
        ("all", {}, True, True),
        ("all", {"assignee": "bob"}, True, True),
        ("all", {"assignee": "ann"}, True, True),
        ("all", {"team": "billing"}, True, False),
        ("none", {}, False, False),
        ("none", {"assignee": "bob"}, False, False),
        ("none", {"followers": ("bob",)}, False, True),
    ],
)
def test_who_hears_of_a_customer(desk: Desk, notify: str, ticket: dict[str, object], new: bool, reply: bool) -> None:
    as_bob_wants(desk, notify)
    desk.take(verdict("pass", mail()))
    assert told(desk) == (["ann", "bob", "lia"] if new else ["ann", "lia"])
    desk.change(1, *(SetField(name, value, "ann") for name, value in ticket.items()))  # type: ignore[arg-type]
    owned, moved = "assignee" in ticket, "team" in ticket
    heard = write(desk)
    assert heard.count("bob") == reply
    assert heard.count("ann") == (ticket["assignee"] == "ann" if owned else not moved)
    assert heard.count("lia") == (not owned and not moved)
    assert heard.count("zed") == moved


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("what", "raw", "hear"),
    [
        # what comes to a team that gives nothing away -> which of Ann, Bob, and Lia, who only takes notes, hear of it
        ("a customer's", mail(), ["ann", "bob", "lia"]),
        ("a member's", mail(BOB), ["ann", "lia"]),
        ("what a rule tells Bob of", mail(subject="invoice"), ["bob"]),
        ("what a rule gives to Ann", mail(subject="outage"), ["ann"]),
        ("what a rule closes", mail(subject="casino"), []),
    ],
)
def test_who_hears_of_a_new_ticket_of_a_team_that_gives_nothing_away(
    desk: Desk, what: str, raw: bytes, hear: list[str]
) -> None:
    desk.take(verdict("pass", raw))
    assert told(desk) == hear


@pytest.mark.sqlite
def test_of_what_nobody_owns_those_hear_who_are_there(desk: Desk) -> None:
    desk.write(lambda c: put_away(c, Absence("bob", desk.now, None), desk.now))
    desk.take(verdict("pass", mail()))
    assert told(desk) == ["ann", "lia"]
    assert "Why you: it is for your team" in text_of(newest(desk, ANN, "agent_notice"))
    since = max(m.id for m in desk.outbox())
    stranger = mail("mia@else.test", subject="Re: Zwrot")
    address = desk.reply_address(JAN, 1)
    desk.take(verdict("pass", stranger), to=address)
    assert told(desk, since) == ["ann"]  # his words wait for one of ours: the lead


@pytest.mark.sqlite
def test_whom_a_rule_tells_hears_once(desk: Desk) -> None:
    as_bob_wants(desk, "all")
    desk.take(verdict("pass", mail(subject="urgent")))
    assert told(desk) == ["ann", "bob", "lia"]


@pytest.mark.sqlite
@pytest.mark.parametrize(("notify", "notices"), [("all", 1), ("assigned", 1), ("none", 0)])
def test_who_is_given_a_new_ticket_hears_of_it_once(
    store: Store, settings: Settings, notify: str, notices: int
) -> None:
    rules = _RULES.replace("notify: all", f"notify: {notify}").replace("NOTIFY", "none")
    desk = Desk(store, settings, rules.replace("ASSIGN", "least_busy"))
    desk.take(verdict("pass", mail(To="billing@gw.test")), to="billing@gw.test")
    assert desk.ticket(1).assignee == "zed"
    assert told(desk) == ["zed"] * notices


@pytest.mark.sqlite
@pytest.mark.parametrize(("wanted", "state", "word"), [(False, "suppressed", "forward"), (True, "queued", "")])
def test_the_first_author_of_a_forward_hears_of_it_only_where_the_rules_say_so(
    store: Store, settings: Settings, wanted: bool, state: str, word: str
) -> None:
    rules = RULES.replace("{team: support}", f"{{team: support, forward_ack: {str(wanted).lower()}}}", 1)
    desk = Desk(store, settings, rules, unauthenticated="auto")
    forward(desk)
    (ack,) = (m for m in desk.outbox() if m.template == "auto_ack")
    assert (ack.forward_path, ack.state, ack.reason) == (JAN, state, word)
    assert {ANN, BOB} <= {m.forward_path for m in desk.mails()}


_GIVING = _RULES.replace("NOTIFY", "none").replace("notify: all", "notify: assigned").replace("ASSIGN", "least_busy")
_PHOTO = 'Content-Type: image/jpeg; name="box.jpg"\r\nContent-Disposition: attachment; filename="box.jpg"\r\n\r\nJPG'


def given(desk: Desk, raw: bytes, *, to: str = "billing@gw.test", number: int = 1) -> str:
    """What the agent reads who is given the ticket of a mail; he is a member of billing alone."""
    assert desk.take(raw, to=to).ticket == number
    desk.change(number, SetField("assignee", None, "ann"))
    return text_of(newest(desk, "zed@agents.test", "agent_notice"))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("what", "raw", "told"),
    [
        # what comes in -> what its new owner reads of it, beside its words
        (
            "a file",
            mail(
                body=f"--b\r\n\r\nLook.\r\n--b\r\n{_PHOTO}\r\n--b--\r\n",
                Content_Type='multipart/mixed; boundary="b"',
            ),
            ("Look.", "Attachments: box.jpg"),
        ),
        ("a newsletter", mail(body="Seven ideas.", List_Id="<x.news.test>"), ("Seven ideas.",)),
        ("one of us, says From", mail("ann@agents.test"), ("one of us wrote it; nothing proves that",)),
        ("two senders", mail(Reply_To="x@else.test"), ("to go to another domain",)),
        (
            "a code",
            mail("noreply@x.test", body="Your code is 482913."),
            ("Your code is ••••••.", "A code is hidden here"),
        ),
    ],
)
def test_what_the_owner_of_a_new_ticket_reads(
    store: Store, settings: Settings, what: str, raw: bytes, told: tuple[str, ...]
) -> None:
    text = given(Desk(store, settings, _GIVING), raw)
    assert [word for word in told if word not in text] == [], what
    assert "Take it" not in text


@pytest.mark.sqlite
@pytest.mark.parametrize(("sees", "shown"), [("members", False), ("all", True)])
def test_other_tickets_are_named_to_whom_may_see_them(store: Store, settings: Settings, sees: str, shown: bool) -> None:
    rules = _GIVING.replace("lead: ann}", f"lead: ann, visibility: {sees}}}")
    desk = Desk(store, settings, rules)
    desk.take(verdict("pass", mail(subject="Zwrot")))
    stranger = verdict("pass", mail("eva@else.test", subject="Re: [#1] my money"))
    named, again = given(desk, stranger, number=2), given(desk, verdict("pass", mail(subject="Faktura")), number=3)
    assert ("Names another ticket" in named, "#1 “Zwrot” (new)" in named) == (shown, shown)
    assert ("Earlier:" in again, "#1 “Zwrot” (new)" in again) == (shown, shown)


@pytest.mark.p0
@pytest.mark.sqlite
def test_the_guard_knows_what_its_writer_was_told_however_many_others_were_told_less(
    store: Store, settings: Settings
) -> None:
    """The newest mails about the ticket went to colleagues who may not see the ticket that the mail names."""
    ids = [f"a{n}" for n in range(6)]
    people = "".join(f"  {id}: {{name: {id}, email: {id}@agents.test}}\n" for id in ids)
    rules = RULES.replace("teams:\n", f"{people}teams:\n").replace("ann, bob, lia", ", ".join(("ann", *ids)))
    desk = Desk(store, settings, rules.replace("members: [zed]", "members: [zed, ann]"))
    desk.take(mail("Eva <eva@lab.test>", "Umowa kredytowa"), to="billing@gw.test")
    desk.take(mail(f"Jan <{JAN}>", "Zapytanie #1"))
    line = "- #1 “Umowa kredytowa” (new)"
    assert line in text_of(newest(desk, ANN))
    assert line not in text_of(newest(desk, "a5@agents.test"))
    assert reply(desk, newest(desk, ANN), f"Dzień dobry,\n\n{line}\n\nZwrot zlecony.").reason == "held: leak (h-1)"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("what", "orders", "mails"),
    [
        # what is asked of the desk beside it -> how many mails of a customer each of fourteen agents hears of
        ("nothing else", "", 1),
        ("a customer who writes three times", "", 3),
        ("an agent who asks for much", "#show\n#history\n#original\n#why\n#help\n#stats", 3),
    ],
)
def test_neither_colleagues_nor_questions_use_up_what_an_agent_may_be_told(
    store: Store, settings: Settings, what: str, orders: str, mails: int
) -> None:
    ids = [f"a{n}" for n in range(14)]
    people = "".join(f"  {id}: {{name: {id}, email: {id}@agents.test}}\n" for id in ids)
    teams = f"teams:\n  support: {{address: support@gw.test, members: [{', '.join(ids)}]}}\n"
    desk = Desk(store, settings, f"version: 1\ndefaults: {{team: support}}\nagents:\n{people}{teams}")
    desk.take(verdict("pass", mail()))
    if orders:
        reply(desk, newest(desk, "a0@agents.test"), orders, "a0 <a0@agents.test>")
    for n in range(mails - 1):
        later(desk, f"And {n}")
    assert told(desk) == sorted(ids * mails)
    assert [m.template for m in desk.outbox() if m.state == "suppressed"] == []


def later(desk: Desk, words: str, minutes: float = 2) -> None:
    """Another mail of Jan in his ticket, so much later."""
    address = desk.reply_address(JAN, 1)
    raw = verdict("pass", mail(subject="Re: Zwrot", To=address, body=words))
    assert desk.take(raw, to=address, at=desk.now + timedelta(minutes=minutes)).disposition == "entry"


def anns(desk: Desk) -> list[tuple[str, float]]:
    """What notices to Ann say last of what they show, and when each leaves, in minutes after the first."""
    found = [m for m in desk.mails() if (m.template, m.forward_path) == ("agent_notice", ANN)]
    said = [[line.strip() for line in text_of(m).splitlines() if line.startswith("  ")][-1] for m in found]
    leaves = [((m.next_attempt_at or m.queued_at) - found[0].queued_at) / timedelta(minutes=1) for m in found]
    return list(zip(said, leaves, strict=True))


_FEW = "limits: {auto_per_ticket: 3 per 10m}\n"


def test_what_an_agent_is_told_too_often_he_is_told_later_in_one_mail(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _RULES.replace("NOTIFY", "none").replace("ASSIGN", "manual") + _FEW)
    desk.take(verdict("pass", mail(body="one")))
    for words in ("two", "three"):
        later(desk, words)
    at_once = [("one", 0), ("two", 2), ("three", 4)]
    assert anns(desk) == at_once
    later(desk, "four")
    assert anns(desk) == [*at_once, ("four", 16)]  # ten minutes after it would have left
    later(desk, "five")
    later(desk, "six", minutes=0.5)
    assert anns(desk) == [*at_once, ("six", 16)]  # the same mail, and no later for that
    text = text_of(newest(desk, ANN))
    assert [word for word in ("four", "five", "six") if text.count(word) != 1] == []
    assert "three" not in text
    later(desk, "seven", minutes=4)  # the first three were long enough ago
    assert anns(desk) == [*at_once, ("seven", 12.5)]
    assert "Jan <jan@bigbank.test>: six" in text_of(newest(desk, ANN))
    assert {m.reason.partition(":")[0] for m in desk.outbox() if m.state == "suppressed" and m.auto} <= {
        "joined",
        "thread-limit",
    }


@pytest.mark.parametrize(
    ("between", "waited"),
    [
        # who speaks between two mails of a minute; how long before all of it these came, in minutes
        ("jan", 0),
        ("jan", 5),  # the gateway had much to do
        ("bob", 0),  # a note
    ],
)
def test_a_mail_to_an_agent_says_all_that_came_since_the_one_before(
    store: Store, settings: Settings, between: str, waited: float
) -> None:
    desk = Desk(store, settings, _RULES.replace("NOTIFY", "none").replace("ASSIGN", "manual"))
    desk.take(verdict("pass", mail(body="The first.")))
    desk.change(1, SetField("assignee", "ann", "test"))
    start, address = desk.now, desk.reply_address(JAN, 1)
    for n, words in enumerate(("The first of three.", "The second of three.", "The third of three."), 1):
        desk.now = start + timedelta(minutes=10, seconds=n)
        if (between, n) == ("bob", 2):
            note = Note(1, words, "bob")
            desk.write(lambda c, n=note: OPERATIONS["ticket.note"].perform(c, n, Duty(desk.now, lambda: desk.deps)))
        else:
            raw = verdict("pass", mail(subject="Re: Zwrot", To=address, body=words))
            desk.take(raw, to=address, at=desk.now, envelope={"received_at": desk.now - timedelta(minutes=waited)})
    text = text_of(newest(desk, ANN, "agent_notice"))
    assert [text.count(word) for word in ("The first of", "The second of", "The third of")] == [0, 1, 1]


@pytest.mark.sqlite
@pytest.mark.parametrize(("reader", "addresses"), [("ann", True), ("lia", False)])
def test_who_only_takes_notes_reads_no_address_of_several_mails(
    store: Store, settings: Settings, reader: str, addresses: bool
) -> None:
    desk = Desk(store, settings, _RULES.replace("NOTIFY", "none").replace("ASSIGN", "manual"))
    for n, words in enumerate(("The first.", "The second.", "The third."), 1):
        to = desk.reply_address(JAN, 1) if n > 1 else "support@gw.test"
        raw = verdict("pass", mail(subject="Re: Zwrot", To=to, body=words, Message_ID=f"<{n}@bigbank.test>"))
        desk.take(raw, to=to, at=desk.now + timedelta(seconds=1))
    text = text_of(newest(desk, f"{reader}@agents.test", "agent_notice"))
    assert ("Earlier:" in text, "Jan" in text, "The second." in text) == (True, True, True)
    assert (JAN in text) is addresses


_MOVING = """version: 1
defaults: {team: support, calendar: always}
calendars: {always: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}}
agents:
  ann: {name: Ann Agent, email: ann@agents.test}
  bob: {name: Bob, email: bob@agents.test, notify: none}
  lia: {name: Lia, email: lia@agents.test, role: light}
  zed: {name: Zed, email: zed@agents.test}
  zoe: {name: Zoe, email: zoe@agents.test}
  zac: {name: Zac, email: zac@agents.test, notify: none}
  zia: {name: Zia, email: zia@agents.test}
teams:
  support: {address: support@gw.test, members: [ann, bob, lia], lead: ann, escalates_to: billing}
  billing: {address: billing@gw.test, members: [ann, zed, zoe, zac, zia], lead: zed, visibility: all}
  giving: {address: giving@gw.test, members: [zed], assign: least_busy}
  full: {address: full@gw.test, members: [zia], lead: zoe, assign: least_busy}
  none: {address: none@gw.test, members: [zed, zia], assign: skills, language_match: require}
rules:
  - {id: goes, on: note, when: {ticket.priority: high}, do: [{route: billing}]}
  - {id: chosen, on: note, when: {ticket.tags: vip}, do: [{notify: {to: [zoe], template: agent_notice}}]}
"""


@pytest.mark.parametrize(
    ("orders", "hear"),
    [
        # what Ann orders who owns the ticket -> who hears of it
        ("#team billing", []),  # she keeps it
        ("#team billing\n#assign none", ["zed", "zoe"]),
        ("#assign none\n#team billing", ["lia", "zed", "zoe"]),  # it was nobody's in her team before
        ("#assign none", ["lia"]),
        ("#team giving", ["zed"]),  # he is given it
        ("#assign none\n#high\n#note\nIt is theirs.", ["lia", "zed", "zoe"]),  # a rule moves it
        ("#mine\n#high\n#tag vip\n#note\nIt is theirs.", ["zoe"]),  # and says who hears
        ("#assign none\n#escalate", ["lia", "zed", "zoe"]),  # Zed leads there, and hears once
        ("#assign zoe", ["zoe"]),
        ("#solved\n#team billing", []),
        ("#pending\n#assign none\n#team billing", ["zed", "zoe"]),  # where it waits for the customer
        ("#assign none\n#snooze 2d\n#team billing", ["lia", "zed", "zoe"]),
        ("#pending\n#assign none\n#team giving", ["zed"]),  # he is given it for later
        ("#pending\n#assign none\n#team full", ["zoe"]),  # nobody there can have it, and she leads
        ("#pending\n#assign none\n#team none", ["zed"]),  # and nobody leads
        ("#pending\n#team billing", []),  # she keeps it
        ("#pending\n#assign none\n#high\n#note\nIt is theirs.", ["zed", "zoe"]),  # a rule moves it
        ("#split", ["lia"]),  # of the new one, that nobody owns
        ("#high", []),
    ],
)
def test_a_team_hears_of_a_ticket_that_comes_to_it(
    store: Store, settings: Settings, orders: str, hear: list[str]
) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.write(lambda c: put_away(c, Absence("zia", desk.now, None), desk.now))
    desk.take(verdict("pass", mail()))
    later(desk, "And another matter.")
    desk.change(1, SetField("assignee", "ann", "test"))
    since = max(m.id for m in desk.outbox())
    assert not reply(desk, newest(desk, ANN, "agent_notice"), orders).reason.startswith("held")
    assert told(desk, since) == hear


@pytest.mark.sqlite
def test_a_team_hears_of_a_silent_ticket_that_a_rule_brings(store: Store, settings: Settings) -> None:
    when = "{ticket.idle: {gte: 3d}, ticket.status: pending}"
    idle = f"  - {{id: forgotten, on: idle, when: {when}, do: [{{route: billing}}]}}\n"
    desk = Desk(store, settings, _MOVING + idle)
    desk.take(verdict("pass", mail()))
    desk.set_status(1, "pending", "waiting_customer")
    for days in (1, 3):
        since = max(m.id for m in desk.outbox())
        desk.now += timedelta(days=days)
        desk.write(lambda c: ask_idle(c, desk.deps, desk.now))
    assert (desk.ticket(1).team, told(desk, since)) == ("billing", ["ann", "zed", "zia", "zoe"])


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("team", "by", "hear"),
    [
        # where somebody opens a ticket on this machine, as whom -> who hears of it
        ("support", None, ["ann", "lia"]),
        ("support", "ann", ["lia"]),
        ("giving", None, ["zed"]),
        ("giving", "zed", ["zed"]),  # it is his now
        ("eager", None, ["bea", "zed"]),  # she wants to hear of everything, and he is given it
        ("eager", "zed", ["bea", "zed"]),
        ("alone", None, ["bea"]),
        ("alone", "bea", ["bea"]),  # once
    ],
)
def test_a_team_hears_of_a_ticket_that_one_of_ours_opens(
    store: Store, settings: Settings, team: str, by: str | None, hear: list[str]
) -> None:
    rules = _MOVING.replace("teams:", "  bea: {name: Bea, email: bea@agents.test, notify: all}\nteams:").replace(
        "rules:",
        "  eager: {address: eager@gw.test, members: [zed], lead: bea, assign: least_busy}\n"
        "  alone: {address: alone@gw.test, members: [bea], assign: least_busy}\nrules:",
    )
    desk = Desk(store, settings, rules)
    new = NewTicket(JAN, "By phone", "Proszę o zwrot.", team=team, by=by)
    desk.write(lambda c: OPERATIONS["ticket.new"].perform(c, new, Duty(desk.now, lambda: desk.deps)))
    assert told(desk) == hear
    text = text_of(newest(desk, f"{hear[0]}@agents.test", "agent_notice"))
    assert "Proszę o zwrot." in text
    assert ("NEW · " in text) is (hear[0] != "zed")


@pytest.mark.sqlite
def test_what_a_team_reads_of_a_ticket_that_comes_to_it(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail()))
    reply(desk, newest(desk, ANN, "agent_notice"), "#team billing\n\nColleagues will write to you.")
    text = text_of(newest(desk, "zed@agents.test", "agent_notice"))
    for words in ("FOR YOUR TEAM · billing", "Why you: it is for your team", "Proszę o zwrot.", "Take it"):
        assert words in text


@pytest.mark.parametrize(
    ("days", "author", "ticket", "to_author", "to_ann"),
    [
        # when who answers a ticket that was solved -> in which ticket, what each of them hears of #1
        (40, JAN, 2, "Your earlier request #1", "Goes on from a ticket that was over:\n\n- #1 “Zwrot” (solved)"),
        (1, JAN, 1, None, None),
        (40, "eva@else.test", 2, None, "Names another ticket without belonging to it:\n\n- #1 “Zwrot” (solved)"),
    ],
)
def test_both_sides_hear_which_number_goes_on(
    store: Store,
    settings: Settings,
    days: int,
    author: str,
    ticket: int,
    to_author: str | None,
    to_ann: str | None,
) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(body="Please refund me.", Content_Language="en")))
    desk.set_status(1, "solved", "solved")
    again = mail(author, "Re: [#1] Zwrot", "It happened again, please help.", Content_Language="en")
    assert desk.take(verdict("pass", again), at=desk.now + timedelta(days=days)).ticket == ticket
    for reader, said, otherwise in ((author, to_author, "#1"), (ANN, to_ann, "“Zwrot”")):
        text = text_of([m for m in desk.mails() if m.forward_path == reader][-1]).replace("\r", "")
        assert said in text if said is not None else ticket == 1 or otherwise not in text


_AGAIN, _MONTHS = "Re: [#1] Zwrot", timedelta(days=40)


@pytest.mark.parametrize(
    ("who", "ended", "later", "ticket"),
    [
        # who answers the mail of #1 again, which was over when #2 went on from it; what became of #2 meanwhile, when;
        # in which ticket his words stand
        (JAN, None, 1, 2),
        (JAN, "solved", 1, 2),  # it opens again
        (JAN, "solved", 40, 3),
        ("mia@x.test", None, 1, 3),  # takes part in #1, and not in #2, which Jan opened
        ("eva@else.test", None, 1, 3),
    ],
)
def test_a_second_answer_to_what_was_over_goes_on_where_the_first_one_does(
    store: Store, settings: Settings, who: str, ended: str | None, later: int, ticket: int
) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(body="Please refund me.")))
    desk.change(1, AddPeople((Participant("mia@x.test", "", "cc"),), 10, "test"))
    desk.set_status(1, "solved", "solved")
    assert desk.take(verdict("pass", mail(JAN, _AGAIN, "Again!")), at=desk.now + _MONTHS).ticket == 2
    if ended:
        desk.set_status(2, ended, "solved")
    again = mail(who, _AGAIN, "And again!", Message_ID="<again@x.test>")
    assert desk.take(verdict("pass", again), at=desk.now + timedelta(days=later)).ticket == ticket
    assert desk.entries(ticket)[-1].text == "And again!"
    assert ticket == 3 or desk.ticket(2).status in ("new", "open")


def test_what_was_over_goes_on_at_the_end_of_the_line(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(body="Please refund me.")))
    for number in (2, 3):  # each is over when the next mail comes
        desk.set_status(number - 1, "solved", "solved")
        again = mail(JAN, _AGAIN, f"Again, {number}!", Message_ID=f"<{number}@bigbank.test>")
        assert desk.take(verdict("pass", again), at=desk.now + _MONTHS).ticket == number
    last = desk.take(verdict("pass", mail(JAN, _AGAIN, "Still!", Message_ID="<4@bigbank.test>")))
    assert (last.ticket, desk.mentions(3)) == (3, [1])
    assert "goes on in #3" in str(desk.why(last))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("metric", "promises"),
    [
        # what the team promises, whether a customer hears of it
        ("first_response", True),
        ("resolution", False),
    ],
)
def test_the_notice_which_number_goes_on_promises_what_an_acknowledgement_does(
    store: Store, settings: Settings, metric: str, promises: bool
) -> None:
    sla = f"sla: {{standard: {{{metric}: 4h}}}}"
    rules = _MOVING.replace("calendar: always}", "calendar: always, sla: standard}").replace("teams:", f"{sla}\nteams:")
    desk = Desk(store, settings, rules)
    desk.take(verdict("pass", mail(body="Please refund me.", Content_Language="en")))
    desk.set_status(1, "solved", "solved")
    again = mail(subject="Re: [#1] Zwrot", body="It happened again, please help.", Content_Language="en")
    assert desk.take(verdict("pass", again), at=desk.now + timedelta(days=40)).ticket == 2
    first, told = (m for m in desk.mails() if m.forward_path == JAN)
    assert (first.template, told.template) == ("auto_ack", "status_notice")
    assert ["We will answer today by 13:" in text_of(m) for m in (first, told)] == [promises, promises]


def linked(desk: Desk, kind: str, number: int = 2, other: int = 1) -> None:
    """What the other ticket is to one."""
    link = Link(number, other, kind)
    desk.write(lambda c: OPERATIONS["ticket.link"].perform(c, link, Duty(desk.now, lambda: desk.deps)))


@pytest.mark.parametrize(
    ("kind", "who", "how", "hear"),
    [
        # what #1 is to #2, who solves #1 and how, who hears of it in #2, which Zoe owns
        ("cause", "ann", "#solved", ["zoe"]),
        ("parent", "ann", "#solved", ["zoe"]),
        ("child", "ann", "#solved", ["zoe"]),  # #2 waited for its part
        ("cause", "jan", "#solved", ["zoe"]),
        ("cause", "ann", "#spam", []),
        ("cause", "ann", "#pending", []),
        ("related", "ann", "#solved", []),
        ("blocks", "ann", "#solved", []),
    ],
)
def test_owners_hear_that_what_their_tickets_waited_for_is_solved(
    store: Store, settings: Settings, kind: str, who: str, how: str, hear: list[str]
) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(subject="Umowa kredytowa")))
    desk.take(verdict("pass", mail("eva@else.test", "Inne", "Another matter.")), to="billing@gw.test")
    desk.change(2, SetField("assignee", "zoe", "test"))
    desk.change(1, SetField("assignee", "ann", "test"))
    linked(desk, kind)
    since = max(m.id for m in desk.outbox())
    for n in range(2):  # tapped twice
        if who == "jan":
            later(desk, f"{how}{chr(10) * n}", minutes=5)
        else:
            reply(desk, [m for m in desk.mails() if m.ticket == 1 and m.forward_path == ANN][-1], f"{how}{chr(10) * n}")
    assert [id for id in told(desk, since) if id != "ann"] == hear
    for item in (m for m in desk.mails() if m.id > since and m.forward_path == "zoe@agents.test"):
        text = text_of(item)
        assert ("LINKED TICKET SOLVED" in text, "Umowa kredytowa" in text) == (True, False)  # she does not see it
        assert item.ticket == 2


@pytest.mark.sqlite
def test_who_asked_another_team_hears_what_comes_of_it(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail()))
    reply(desk, newest(desk, ANN, "agent_notice"), "#internal billing\nPlease look into the depot.")
    zed = "Zed <zed@agents.test>"
    asked = newest(desk, "zed@agents.test", "agent_notice")
    reply(desk, asked, "#note\nThe depot is empty.", zed)
    assert "The depot is empty." in text_of(newest(desk, ANN, "agent_notice"))
    reply(desk, asked, "#solved", zed)
    text = text_of(newest(desk, ANN, "agent_notice"))
    assert [word for word in ("LINKED TICKET SOLVED", "#2 “Zwrot” (solved)", "you follow it") if word not in text] == []


@pytest.mark.sqlite
def test_a_mail_that_opens_a_ticket_again_says_so(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail()))
    desk.set_status(1, "solved", "solved")
    later(desk, "It is broken again.")
    assert "REOPENED · support" in text_of(newest(desk, ANN, "agent_notice"))
    later(desk, "Please help.", minutes=5)
    assert "REPLY · support" in text_of(newest(desk, ANN, "agent_notice"))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("orders", "other", "said"),
    [
        # what Ann orders about #1, whose #2 is -> what Jan reads
        ("#merge 2", JAN, "#1 goes on as #2"),
        ("#merge 2", "eva@else.test", None),
        ("#split", JAN, "about two things. One of them goes on as #3"),
        ("#split\n#silent", JAN, None),
        ("#solved\n#silent", JAN, None),
        ("#open", JAN, None),  # it is open
    ],
)
def test_a_customer_hears_what_became_of_his_tickets(
    store: Store, settings: Settings, orders: str, other: str, said: str | None
) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(Content_Language="en")))
    later(desk, "And another matter.")
    desk.take(verdict("pass", mail(other, "Inne", "Another one.")))
    desk.now += timedelta(hours=2)
    reply(desk, [m for m in desk.mails() if m.ticket == 1 and m.forward_path == ANN][-1], orders)
    if "merge" in orders:
        reply(desk, newest(desk, ANN, "confirm"), "#confirm")
    texts = [text_of(m) for m in desk.mails() if m.template == "status_notice"]
    assert len(texts) == (said is not None)
    assert all(said is not None and said in text for text in texts)


@pytest.mark.sqlite
def test_a_customer_hears_that_his_ticket_is_open_again(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, _MOVING)
    desk.take(verdict("pass", mail(Content_Language="en")))
    desk.set_status(1, "solved", "solved")
    desk.now += timedelta(hours=2)
    reply(desk, newest(desk, ANN, "agent_notice"), "#open")
    assert "is open again" in text_of(newest(desk, JAN, "status_notice"))
