"""Commands as programs and people really write them: what is asked about, what is offered, and what comes of that."""

import re

import pytest

from gateway.config import Settings
from gateway.store import held_mail
from gateway.store.store import Store
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, reply_address, text_of
from tests.processing import Desk, mail

_WITH_FIELD = RULES + "fields:\n  color: {type: enum, values: [red, blue]}\n"
HE = "He is nasty."


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, _WITH_FIELD)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


def write(desk: Desk, words: str, to: str, **fields: str) -> str:
    """The reason of how a mail of Ann's that quotes nothing ended."""
    raw = mail(f"Ann Agent <{ANN}>", "Re: x", words.replace("\n", "\r\n"), To=to, **fields)
    return desk.take(proven(raw), to=to).reason


def tap(desk: Desk, command: str = "send") -> str:
    """The reason of how the mail ended that a button of the newest hold mail writes; it is there."""
    held = newest(desk, ANN, "hold")
    bodies = re.findall(r"\?(?:subject=[^&\s]*&)?body=%23([^\s&)>]*)", text_of(held))
    assert command in bodies
    return write(desk, f"#{command.replace('%20', ' ')}", link(held, "+h"))


def answers(desk: Desk) -> list[str]:
    """To whom answers of people went."""
    return [m.forward_path for m in desk.mails() if m.template == "answer"]


def state(desk: Desk, id: int = 1) -> str:
    """Of a held mail."""
    with desk.reading() as c:
        found = held_mail.find(c, id)
    assert found is not None
    return found.state


@pytest.mark.p0
@pytest.mark.parametrize(
    "first", ["• #note", "   - #note", "1. #note", "“#note”", "＃note", "##note", "[#note]", "*#note*"]
)
def test_a_note_behind_a_decorated_command_reaches_no_customer(desk: Desk, first: str) -> None:
    assert write(desk, f"{first}\n{HE}", reply_address(newest(desk, ANN))) == "held: position (h-1)"
    assert "did you mean #note?" in " ".join(text_of(newest(desk, ANN, "hold")).split())
    assert tap(desk).startswith("h-1 sent")
    assert (answers(desk), desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ([], "note", HE)


@pytest.mark.p0
def test_a_decorated_command_is_asked_about_in_both_forms_of_a_mail(desk: Desk) -> None:
    body = (
        f"--b\nContent-Type: text/plain\n\n*#note*\n{HE}\n--b\n"
        f"Content-Type: text/html\n\n<div><b>#note</b></div><div>{HE}</div>\n--b--\n"
    )
    to = reply_address(newest(desk, ANN))
    assert write(desk, body, to, Content_Type="multipart/alternative; boundary=b") == "held: position (h-1)"
    tap(desk)
    assert (answers(desk), desk.entries(1)[-1].kind) == ([], "note")


def test_a_decorated_command_in_a_note_is_not_lost(desk: Desk) -> None:
    assert write(desk, f"• #solved\n{HE}", link(newest(desk, ANN), "+n")) == "held: position (h-1)"
    tap(desk)
    assert (desk.ticket(1).status, desk.entries(1)[-1].kind, answers(desk)) == ("solved", "note", [])


@pytest.mark.parametrize(("words", "status", "priority", "told"), [
    # what Ann writes, what becomes of the ticket when she taps Send with the command, what she reads before
    ("#solved; #high\nDone.", "solved", "high", "did you mean #solved ↵ #high?"),
    ("#so lved\nDone.", "solved", None, "did you mean #solved?"),
    ("#pending\n#priority=high\nDone.", "pending", "high", "did you mean #priority high?"),
    ("#set color=Red\n#solvd\nDone.", "solved", None, "did you mean #set color=red?"),
    ("#sloved\n#urgnt\nDone.", "solved", "urgent", "did you mean #urgent?"),
])  # fmt: skip
def test_what_is_offered_works_when_it_is_tapped(
    desk: Desk, words: str, status: str, priority: str | None, told: str
) -> None:
    before = desk.ticket(1).priority
    assert write(desk, words, reply_address(newest(desk, ANN))).startswith("held: ")
    assert told in " ".join(text_of(newest(desk, ANN, "hold")).split())
    assert tap(desk).startswith("h-1 sent")
    assert (desk.ticket(1).status, desk.ticket(1).priority) == (status, priority or before)
    assert (answers(desk), desk.entries(1)[-1].text) == ([JAN], "Done.")


def test_all_mistakes_are_told_and_nothing_is_offered_that_would_be_held_again(desk: Desk) -> None:
    write(desk, "#solvd\n#assign bobby\nDone.", reply_address(newest(desk, ANN)))
    told = " ".join(text_of(newest(desk, ANN, "hold")).split())
    assert all(words in told for words in ("#solvd — There is no command #solvd.", "Nobody here is called “bobby”"))
    assert "body=%23send" not in told


def test_a_text_that_is_cut_shows_how_much_and_its_end(desk: Desk) -> None:
    write(desk, "\n".join(["#mine"] * 60) + "\n\nThe last line.", reply_address(newest(desk, ANN)))
    told = text_of(newest(desk, ANN, "hold"))
    assert "… (+16)" in told
    assert "The last line." in told


def test_a_question_in_place_of_a_choice_is_answered_and_the_item_waits(desk: Desk) -> None:
    write(desk, f"• #note\n{HE}", reply_address(newest(desk, ANN)))
    to = link(newest(desk, ANN, "hold"), "+h")
    for words, says in (("#show", "Zwrot"), ("#list team", "1 / 1"), ("#why\n\nBest regards\nAnn Agent", "#why")):
        assert write(desk, words, to) == "h-1 was asked about"
        assert says in text_of(newest(desk, ANN, "command_result"))
        assert state(desk) == "waiting"
    write(desk, "#help", to)
    helped = newest(desk, ANN, "command_result")
    assert "h-1 waits on. It takes one of: #send · #send text · #discard" in " ".join(text_of(helped).split())[:400]
    assert write(desk, "#discard", reply_address(helped)) == "h-1 discarded"


def test_a_question_beside_a_choice_is_answered_and_it_is_done(desk: Desk) -> None:
    write(desk, f"• #note\n{HE}", reply_address(newest(desk, ANN)))
    assert write(desk, "#show\n#send\n\nAnn", link(newest(desk, ANN, "hold"), "+h")).startswith("h-1 sent")
    assert desk.entries(1)[-1].text == HE
    assert "#show" in text_of(newest(desk, ANN, "command_result"))
    sent = len(desk.mails())
    assert write(desk, "#why", link(newest(desk, ANN, "hold"), "+h")) == "h-1 was asked about"  # it is decided
    assert len(desk.mails()) == sent + 1


def test_a_wrong_question_and_a_decorated_choice_are_told(desk: Desk) -> None:
    write(desk, f"• #note\n{HE}", reply_address(newest(desk, ANN)))
    to = link(newest(desk, ANN, "hold"), "+h")
    write(desk, "#show nonsense", to)
    assert "“nonsense” is no ticket number" in " ".join(text_of(newest(desk, ANN, "command_result")).split())
    write(desk, "• #send", to)
    assert "“• #send” stands beside the choice" in " ".join(text_of(newest(desk, ANN, "command_result")).split())
    assert state(desk) == "waiting"


@pytest.mark.parametrize(("to", "told"), [
    # to which addresses Ann writes, why she is asked which ticket she means
    ("bob", "It came to a reply address that was made for somebody else"),
    ("both", "It came to the reply addresses of several tickets: #1, #2."),
    ("team", "It did not come to a reply address"),
    ("commands", "It came to your address for commands, and holds none."),
])  # fmt: skip
def test_why_it_is_unclear_which_ticket_is_meant_is_told_truly(desk: Desk, to: str, told: str) -> None:
    notice = newest(desk, ANN)
    desk.take(mail("Eva <eva@x.test>", "Other", "Something else entirely.", Message_ID="<e1@x.test>"))
    commands = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    paths = {
        "bob": (reply_address(newest(desk, BOB)),),
        "both": (reply_address(notice), reply_address(newest(desk, ANN))),
        "team": ("support@gw.test",),
        "commands": (commands,),
    }[to]
    raw = mail(f"Ann Agent <{ANN}>", "Re: [#1] Zwrot", "Zwrot.", To=", ".join(paths), In_Reply_To=notice.message_id)
    assert desk.take(proven(raw), to=paths if len(paths) > 1 else paths[0]).reason == "held: which (h-1)"
    assert told in " ".join(text_of(newest(desk, ANN, "hold")).split())


def test_commas_between_tickets_are_read_at_an_address_for_commands(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Other", "Something else entirely.", Message_ID="<e1@x.test>"))
    write(desk, "#urgent #1, 2", desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN))
    assert [desk.ticket(n).priority for n in (1, 2)] == ["urgent", "urgent"]
