"""What agents may not expect of their mail programs, of strangers and of themselves: they hear of it, or it waits."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.config import Settings
from gateway.store.absences import absent, put_away
from gateway.store.store import Store
from gateway.ticket.assign import Absence
from gateway.ticket.types import SetField
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, reply, text_of
from tests.processing import Desk, mail, verdict

LIA = "lia@agents.test"


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Jan's ticket, of which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", Message_ID="<j1@bigbank.test>"))
    return made


def away(desk: Desk) -> list[str]:
    with desk.reading() as c:
        return [f"{each.agent} {each}" for each in absent(c, desk.now).values()]


def to_jan(desk: Desk) -> list[str]:
    return [m.template for m in desk.mails() if m.forward_path == JAN and m.template != "auto_ack"]


@pytest.mark.parametrize(
    ("to", "cc", "who", "said"),
    [
        # which address, in Cc, who writes, what he is told
        ("note", JAN, f"Ann Agent <{ANN}>", f"{JAN} got this directly from your mail program"),
        ("note", "eva@x.test", f"Ann Agent <{ANN}>", "eva@x.test got this directly"),
        ("reply", JAN, f"Lia <{LIA}>", f"{JAN} got this directly"),
        ("reply", "note", f"Ann Agent <{ANN}>", "to the address for answers and to the one for notes"),
        ("note", BOB, f"Ann Agent <{ANN}>", None),  # a colleague
        ("note", "", f"Ann Agent <{ANN}>", None),
    ],
)
def test_who_writes_a_note_to_others_as_well_is_told(desk: Desk, to: str, cc: str, who: str, said: str | None) -> None:
    notice = newest(desk, who.partition("<")[2].strip(">"))
    note = link(notice, "+n") if "ann" in who else ""
    fields = {"Cc": note if cc == "note" else cc} if cc else {}
    before = len(desk.mails())
    reply(desk, notice, "He is our landlord.", who, to=note if to == "note" else "", **fields)
    assert desk.entries(1)[-1].kind == "note"
    told = [text_of(m) for m in desk.mails()[before:] if m.template == "command_result"]
    assert len(told) == (said is not None)
    assert said is None or said in told[0]
    assert to_jan(desk) == []


@pytest.mark.parametrize(
    ("who", "dmarc", "fields", "is_away"),
    [
        # who writes it, what our boundary says, what it is, whether Ann gets no tickets
        (f"Ann Agent <{ANN}>", "pass", {"Auto_Submitted": "auto-replied"}, True),
        (f"Ann Agent <{ANN}>", "none", {"Auto_Submitted": "auto-replied"}, False),  # anybody can write that
        (f"Ann Agent <{ANN}>", "fail", {"Auto_Submitted": "auto-replied"}, False),
        ("Mallory <m@evil.test>", "pass", {"Auto_Submitted": "auto-replied"}, False),
        (f"Ann Agent <{ANN}>", "pass", {"Auto_Submitted": "auto-generated"}, False),
    ],
)
def test_an_own_out_of_office_keeps_tickets_away_for_a_day(
    desk: Desk, who: str, dmarc: str, fields: dict[str, str], *, is_away: bool
) -> None:
    reply(desk, newest(desk, ANN), "I am away until Monday.", who, dmarc=dmarc, **fields)
    assert away(desk) == ([f"ann away? until {desk.now + timedelta(days=1):%a %Y-%m-%d %H:%M} UTC"] if is_away else [])
    reply(desk, newest(desk, ANN), "Zwrot zlecony.")
    assert away(desk) == []  # he wrote himself


def test_what_an_agent_said_of_himself_holds(desk: Desk) -> None:
    said = Absence("ann", desk.now, None, "bob", "agent:ann")
    desk.write(lambda c: put_away(c, said, desk.now))
    reply(desk, newest(desk, ANN), "I am away.", Auto_Submitted="auto-replied")
    reply(desk, newest(desk, ANN), "#tag late")
    assert away(desk) == ["ann away"]


@pytest.mark.parametrize(("words", "to", "is_away", "again"), [
    # what an agent writes who said that he is away, as an answer or a note, whether he is still, what he is offered
    ("Zwrot zlecony.", "answer", [], "#away until 2026-11-23 09:00 cover bob"),
    ("#send in 10m\n\nZwrot zlecony.", "answer", [], "#away until 2026-11-23 09:00 cover bob"),
    ("He called me, too.", "note", ["ann away until Mon 2026-11-23 09:00 UTC"], None),
    ("#dry\n\nZwrot zlecony.", "answer", ["ann away until Mon 2026-11-23 09:00 UTC"], None),
    ("#away\n\nZwrot zlecony.", "answer", ["ann away"], None),  # what the same mail says holds
])  # fmt: skip
def test_an_answer_of_who_is_away_ends_that_and_he_is_asked(
    desk: Desk, words: str, to: str, is_away: list[str], again: str | None
) -> None:
    said = Absence("ann", desk.now, datetime(2026, 11, 23, 9, tzinfo=UTC), "bob", "agent:ann")
    desk.write(lambda c: put_away(c, said, desk.now))
    desk.now += timedelta(minutes=1)
    told = newest(desk, ANN, "agent_notice")
    reply(desk, told, words, to=link(told, "+n") if to == "note" else "")
    assert away(desk) == is_away
    asked = [m for m in desk.mails() if m.template == "command_result"]
    assert [again in " ".join(text_of(m).split()) for m in asked if again] == ([True] if again else [])
    if again is not None:
        reply(desk, newest(desk, ANN, "command_result"), again)
        assert away(desk) == ["ann away until Mon 2026-11-23 09:00 UTC"]


@pytest.mark.parametrize(
    ("words", "held"),
    [
        # the mail, why it waits
        ("#cc dan@studio.test\n\nDan looks after it.", "held: risk (h-1)"),
        (f"#cc {JAN}\n\nZwrot zlecony.", None),  # he takes part already
        ("#cc dan@studio.test", None),  # without words
        ("#note\n#cc dan@studio.test\n\nHe is our landlord.", None),
    ],
)
def test_words_to_somebody_new_are_asked_about(desk: Desk, words: str, held: str | None) -> None:
    outcome = reply(desk, newest(desk, ANN), words)
    assert (outcome.reason if outcome.reason.startswith("held") else None) == held
    if held is not None:
        assert to_jan(desk) == []
        reply(desk, newest(desk, ANN), "#send")
        assert [m.forward_path for m in desk.mails() if m.template == "answer"] == [JAN, "dan@studio.test"]


def test_words_of_somebody_else_are_told_to_who_works_on_the_ticket(desk: Desk) -> None:
    desk.change(1, SetField("assignee", "bob", "x"))
    before = len(desk.mails())
    raw = mail("Eva <eva@x.test>", "Re: Zwrot", "It is my money.", Message_ID="<e@x.test>")
    assert desk.take(raw, to=desk.reply_address(JAN, 1)).disposition == "entry"
    assert desk.entries(1)[-1].held == "third-party"
    (told,) = desk.mails()[before:]
    assert (told.forward_path, told.template) == (BOB, "agent_notice")
    assert "FROM SOMEBODY ELSE" in text_of(told)
    assert "It is my money." in text_of(told)
    assert "%23accept" in text_of(told)


def test_a_forged_choice_is_words_of_a_third_party(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#solvd\n\nZwrot zlecony.")
    outcome = reply(desk, newest(desk, ANN, "hold"), "#send", dmarc="fail")
    assert (outcome.disposition, outcome.ticket) == ("entry", 1)
    assert desk.entries(1)[-1].held == "third-party"
    assert to_jan(desk) == []


@pytest.mark.parametrize(("dmarc", "sent"), [("pass", ["status_notice"]), ("fail", [])])
def test_a_customer_hears_that_an_agent_solved_it_unless_his_mail_was_forged(
    store: Store, settings: Settings, dmarc: str, sent: list[str]
) -> None:
    desk = Desk(store, settings, RULES, unauthenticated="auto")
    desk.take(verdict(dmarc, mail(f"Jan <{JAN}>", "Zwrot")))
    desk.now += timedelta(hours=2)  # of the automatic mails of an hour there was one
    assert reply(desk, newest(desk, ANN), "#solved").disposition == "record"
    assert to_jan(desk) == sent
