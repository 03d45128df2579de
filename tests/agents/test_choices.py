"""What the answer to a hold mail does, and that no word of an agent is lost in silence."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.agents.received import received
from gateway.agents.types import HELD_FOR
from gateway.config import Settings
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope
from gateway.operations.held_mails import expire
from gateway.operations.types import Duty
from gateway.parsing.pool import parse_limits
from gateway.store import held_mail
from gateway.store.held_mail import HeldMail
from gateway.store.opening import open_store
from gateway.store.store import Store
from gateway.ticket.types import Outcome
from gateway.ticket.visibility import UNSEEN
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, read, reply, reply_address, text_of
from tests.conftest import own_database, settings_in
from tests.processing import Desk, mail

_FILE = (
    "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=s.png\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGFsbG8=\r\n--b--\r\n"
)

_DATES = ("Sat, 21 Nov 2026 10:01:00 +0100", "Sat, 21 Nov 2026 10:02:00 +0100")  # of two mails of the same words


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


def alone(desk: Desk, words: str, to: str, **fields: str) -> Outcome:
    """What became of a mail of Ann's that quotes nothing."""
    return desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: x", words, To=to, **fields)), to=to)


def with_file(desk: Desk, to: str, words: str = "", *, file: str = _FILE) -> Outcome:
    """What became of a mail of Ann's with a file."""
    head = f"From: Ann Agent <{ANN}>\r\nTo: {to}\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\n"
    body = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n{file}"
    return desk.take(proven((head + body).encode()), to=to)


def item(desk: Desk, id: int = 1) -> HeldMail:
    """A held mail."""
    with desk.reading() as c:
        found = held_mail.find(c, id)
    assert found is not None
    return found


def expire_all(desk: Desk) -> None:
    """The timer comes by a day later."""
    desk.now += HELD_FOR + timedelta(hours=1)
    desk.write(lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 10)])


@pytest.mark.parametrize(("before", "words", "reason", "told"), [
    # what was chosen before, what the agent writes, how his mail ends, the mail that he gets
    (None, "#solved\n\nDear Jan, done.", "held: instead (h-2)", "hold"),
    ("#discard", "#solved\n\nDear Jan, done.", "held: instead (h-2)", "hold"),
    ("#discard", "#send", "h-1 was discarded already", "command_result"),
    (None, "#confirm", "h-1 waits: no choice in the first line", "command_result"),
    (None, "", "h-1 waits: no choice in the first line", "command_result"),
    ("", "#send", "h-1 was noted already", "command_result"),
    ("late", "#send", "h-1 ended: its day is over", "command_result"),
    ("", "Dear Jan, done.", "held: instead (h-2)", "hold"),
])  # fmt: skip
def test_an_answer_that_decides_nothing_is_told(
    desk: Desk, before: str | None, words: str, reason: str, told: str
) -> None:
    reply(desk, newest(desk, ANN), "#sloved\nDear Jan, done.")
    to = link(newest(desk, ANN, "hold"), "+h")
    if before == "":
        expire_all(desk)
    elif before == "late":  # the timer has not come by
        desk.now += HELD_FOR
    elif before is not None:
        alone(desk, before, to)
    sent = len(desk.mails())
    assert alone(desk, words, to).reason == reason
    assert [(m.forward_path, m.template) for m in desk.mails()[sent:]] == [(ANN, told)]
    said = text_of(newest(desk, ANN))
    assert "Dear Jan, done." in said if told == "hold" else "h-1" in said


@pytest.mark.parametrize(("words", "choice", "status", "kind", "choices"), [
    # a mail to the address for commands, what its writer chooses, what becomes of it, what he may choose
    ("#solved 1\n\nDear Jan, done.", "#send", "solved", "answer", "#send #note #confirm #discard"),
    ("#solved #1 refund sent\nDear Jan, done.", "#send", "solved", "answer", "#send #note #confirm #discard"),
    ("#solved 1\n\nDear Jan, done.", "#note", "solved", "note", "#send #note #confirm #discard"),
    ("#solved 1\n\nDear Jan, done.", "#confirm", "solved", "mail", "#send #note #confirm #discard"),
    ("#solved 1\n\nDear Jan, done.", "#discard", "new", "mail", "#send #note #confirm #discard"),
    ("#solved 1\n\nDear Jan, done.", "", "new", "mail", "#send #note #confirm #discard"),
    ("#solved 1\n#link 1 2\n\nDear Jan, done.", "#send", "solved", "answer", "#send #note #confirm #discard"),
    ("#solved 1 2\n\nDone.", "#confirm", "solved", "mail", "#confirm #discard"),
    ("#away\n\nI am at the sea.", "#confirm", "new", "mail", "#confirm #discard"),
    ("#solved 1\n\nAnn", None, "solved", "mail", None),  # how she signs
    ("#solved 1\n\nAnn Agent\nSupport", None, "solved", "mail", None),
    ("#solved 1\n\nSent from my iPhone", None, "solved", "mail", None),
])  # fmt: skip
def test_words_below_commands_that_name_tickets_are_asked_about(
    desk: Desk, words: str, choice: str | None, status: str, kind: str, choices: str | None
) -> None:
    desk.take(mail("Eva <eva@x.test>", "Account"))
    to = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    assert alone(desk, words, to).reason.startswith("held: unaddressed") is (choice is not None)
    if choice is None:
        assert desk.ticket(1).status == status
        return
    assert (desk.ticket(1).status, desk.entries(1)[-1].kind) == ("new", "mail")
    held = newest(desk, ANN, "hold")
    assert " ".join(re.findall(r"body=%23(\w+)", text_of(held))) == (choices or "").replace("#", "")
    expire_all(desk) if choice == "" else alone(desk, choice, link(held, "+h"))
    entry = desk.entries(1)[-1]
    assert (desk.ticket(1).status, entry.kind) == (status, kind)
    assert kind == "mail" or entry.text == "Dear Jan, done."
    assert [m.forward_path for m in desk.mails() if m.template == "answer"] == [JAN] * (kind == "answer")


def test_words_below_a_question_are_told_and_the_question_is_answered(desk: Desk) -> None:
    to, count = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN), len(desk.mails())
    alone(desk, "#list team\n\nDear Jan, done.", to)
    told, answered = desk.mails()[count:]
    assert "went to nobody" in text_of(told)
    assert "Dear Jan, done." in text_of(told)
    assert "1 / 1" in text_of(answered)


def collision(desk: Desk) -> str:
    """Where Ann decides about an answer that came too late."""
    reply(desk, newest(desk, BOB), "Bob was first.", f"Bob <{BOB}>")
    reply(desk, newest(desk, ANN), "Ann is second.\n\nAnn\nRefunds and returns")
    return link(newest(desk, ANN, "hold"), "+h")


@pytest.mark.p0
@pytest.mark.parametrize(("words", "state", "told"), [
    # the answer to the hold mail, what becomes of the item, what its writer reads
    ("#send tomorrow", "waiting", "“tomorrow” stands beside the choice"),
    ("#send not", "waiting", "“not” stands beside the choice"),
    ("#yes but change X", "waiting", "“but change X” stands beside the choice"),
    ("#no wait, send it", "waiting", "“wait, send it” stands beside the choice"),
    ("#send #note", "waiting", "“#note” stands beside the choice"),
    ("#send\n#note", "waiting", "“#note” stands beside the choice"),
    ("#new thing", "waiting", "“thing” stands beside the choice"),
    ("#note and keep", "waiting", "“and keep” stands beside the choice"),
    ("#send\n\nBut change the sum first.", "waiting", "h-1 waits on: “But change the sum first.”"),
    ("#discard\nI called him.", "waiting", "h-1 waits on: “I called him.”"),
    ("#send in 10m", "sent", ""),
    ("#Send!", "sent", ""),
    ("#wyślij.", "sent", ""),
    ("#send text", "sent", ""),
    ("#send\n\nBest regards\nAnn Agent", "sent", ""),
    ("#send\n\nAnn", "sent", ""),
    ("#send\n\nAnn\nRefunds and returns", "sent", ""),
    ("#send\n\nRefunds and returns", "sent", ""),  # it stands below the held answer, too
    ("#send\n\n> Since the notification that you answered:", "sent", ""),
    ("#note\n-- \nAnn\n+48 600 700 800", "noted", ""),
])  # fmt: skip
def test_a_choice_is_one_that_stands_alone(desk: Desk, words: str, state: str, told: str) -> None:
    to, sent = collision(desk), len(desk.mails())
    alone(desk, words, to)
    assert item(desk).state == state
    mails = desk.mails()[sent:]
    assert [m.forward_path for m in mails] == ([JAN] if state == "sent" else [ANN] if told else [])
    assert told == "" or told in " ".join(text_of(mails[0]).split())


def test_a_held_answer_leaves_later(desk: Desk) -> None:
    alone(desk, "#send in 10m", collision(desk))
    assert newest(desk, JAN, "answer").next_attempt_at == desk.now + timedelta(minutes=10)


SECRET = "He is our landlord and he never pays his rent before the tenth"
HEADER = (
    "From: Jan (via #1) <support@gw.test>\nSent: Saturday, November 21, 2026 10:01\nTo: Ann\nSubject: [#1] Zwrot\n\n"
)


def leaking(desk: Desk, words: str) -> None:
    """Ann writes what stands in a note of Bob's."""
    reply(desk, newest(desk, BOB), SECRET, f"Bob <{BOB}>", to=link(newest(desk, BOB), "+n"))
    to = desk.ring.reply_address("support@gw.test", "+", "t", 1, desk.ticket(1).revision, ANN)
    assert reply(desk, newest(desk, ANN), words, to=to).reason == "held: leak (h-1)"


def between_lines(desk: Desk) -> None:
    """Ann answers within a quote that has no marks."""
    notice = newest(desk, ANN)
    asked, his = "Proszę o zwrot za zamówienie PL-10442.", "Zwrot zlecony.\nPieniądze będą jutro."
    quote = text_of(notice).replace(asked, f"{asked}\n{his}")
    body, to = f"Dzień dobry.\n\n{HEADER}{quote}".replace("\n", "\r\n"), reply_address(notice)
    raw = mail(f"Ann Agent <{ANN}>", "Re: x", body, To=to, In_Reply_To=notice.message_id)
    assert desk.take(proven(raw), to=to).reason == "held: cut (h-1)"


@pytest.mark.p0
@pytest.mark.parametrize(("words", "to", "file", "told"), [
    # what Ann writes, the purpose of the address, what she attaches, what she reads: Bob's note holds SECRET
    (f"#solved {SECRET}", "t", "", "line 1 is for our own people only"),
    (f"#solved 1 {SECRET}", "c", "", "line 1 is for our own people only"),
    (f'#set subject="{SECRET}"', "t", "", "the subject says something that is for our own people only"),
    (f'#set subject="{SECRET}"\n\nDear Jan.', "t", "", "the subject says something that is for our own people only"),
    ("Here it is.", "t", f"text/plain\r\n\r\n{SECRET}.", "the file part-1.1.txt holds something"),
    ("", "t", f"text/plain\r\n\r\n{SECRET}.", "the file part-1.1.txt holds something"),
    ("Here it is.", "t", "text/calendar\r\n\r\nORGANIZER:mailto:ann@agents.test", ""),
])  # fmt: skip
def test_what_is_internal_leaves_in_no_other_way(desk: Desk, words: str, to: str, file: str, told: str) -> None:
    reply(desk, newest(desk, BOB), SECRET, f"Bob <{BOB}>", to=link(newest(desk, BOB), "+n"))
    desk.now += timedelta(hours=2)  # Jan may get an automatic mail again
    before, sent = desk.ticket(1), len(desk.mails())
    address = desk.ring.reply_address("support@gw.test", "+", "t", 1, before.revision, ANN)
    if to == "c":
        address = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    if file:
        kind, _, content = file.partition("\r\n\r\n")
        name = "part-1.1.txt" if kind == "text/plain" else "invitation.ics"
        head = f"Content-Type: {kind}\r\nContent-Disposition: attachment; filename={name}"
        with_file(desk, address, words, file=f"--b\r\n{head}\r\n\r\n{content}\r\n--b--\r\n")
    else:
        alone(desk, words, address)
    mails = desk.mails()[sent:]
    if not told:
        assert [m.forward_path for m in mails] == [JAN]
        return
    assert [(m.forward_path, m.template) for m in mails] == [(ANN, "hold")]
    assert told in text_of(mails[0])
    assert (desk.ticket(1).status, desk.ticket(1).subject) == (before.status, before.subject)
    assert [m.template for m in desk.outbox() if m.forward_path == JAN] == ["auto_ack"]


def test_what_is_wrong_with_a_canned_reply_is_told_beside_it(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#macro nosuch")
    told = text_of(newest(desk, ANN, "hold"))
    assert "The line in your mail: #macro nosuch" in told
    assert "there is no canned reply" in told


@pytest.mark.parametrize("by_timer", [False, True])
def test_a_note_has_all_words_of_its_writer(desk: Desk, by_timer: bool) -> None:
    words = f"Dear Jan.\n{SECRET}, so be quick.\nBest regards"
    leaking(desk, words)
    shown = text_of(newest(desk, ANN, "hold"))
    assert f"people: {SECRET}" in shown
    assert "Send the cleaned text" in shown
    expire_all(desk) if by_timer else alone(desk, "#note", link(newest(desk, ANN, "hold"), "+h"))
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ("note", words)


def test_of_a_text_that_leaks_as_a_whole_nothing_can_be_sent(desk: Desk) -> None:
    leaking(desk, f"#solved\n\n{SECRET}.")
    asked = newest(desk, ANN, "hold")
    assert "%23send" not in text_of(asked)
    assert f"  {SECRET}." in text_of(asked)
    assert alone(desk, "#send", link(asked, "+h")).reason.startswith("h-1 waits")
    assert (item(desk).state, desk.ticket(1).status) == ("waiting", "open")
    alone(desk, "#note", link(asked, "+h"))
    assert desk.entries(1)[-1].text == f"{SECRET}."


@pytest.mark.parametrize("by_timer", [False, True])
def test_where_the_end_is_not_sure_both_texts_are_shown_and_the_note_is_the_long_one(
    desk: Desk, by_timer: bool
) -> None:
    between_lines(desk)
    asked = newest(desk, ANN, "hold")
    short, long = text_of(asked).split("The short version:")[1].split("The long version:")
    assert ("Dzień dobry." in short, "Zwrot zlecony." in short) == (True, False)
    assert all(words in long for words in ("Dzień dobry.", "> Proszę o zwrot", "Pieniądze będą jutro."))
    expire_all(desk) if by_timer else alone(desk, "#note", link(asked, "+h"))
    assert "Pieniądze będą jutro." in desk.entries(1)[-1].text


@pytest.mark.p0
@pytest.mark.parametrize(("words", "why", "note"), [
    # what Ann writes, why it waits, the note that it is after a day; empty: it ends without effect
    ("#solvd\nYour money is on the way.", "unknown-command", "#solvd\nYour money is on the way."),
    ("#assign nobody\n\nYour money is on the way.", "bad-value", "#assign nobody\n\nYour money is on the way."),
    ("Your money is on the way.\n#solved", "position", "Your money is on the way.\n#solved"),
    ("#merge 77\nYour money is on the way.", "bad-value", "Your money is on the way."),  # it was understood
    ("#solvd", "unknown-command", ""),
    ("#solvd\n#mine", "unknown-command", ""),
    ("#solvd\n\nKind regards\nAnn Agent\nSupport", "unknown-command", ""),
])  # fmt: skip
def test_words_beside_a_wrong_command_are_a_note_after_a_day_and_commands_alone_are_none(
    desk: Desk, words: str, why: str, note: str
) -> None:
    assert reply(desk, newest(desk, ANN), words).reason == f"held: {why} (h-1)"
    asked = " ".join(text_of(newest(desk, ANN, "hold")).split())
    said = "after that your text becomes a note" if note else "after that nothing is done with it"
    assert (said in asked, "%23note" in asked) == (True, False)
    expire_all(desk)
    assert (item(desk).state, desk.ticket(1).status) == ("noted" if note else "expired", "open" if note else "new")
    assert [(e.kind, e.public, e.text) for e in desk.entries(1)[1:]] == ([("note", False, note)] if note else [])
    assert [m for m in desk.mails() if m.template == "answer"] == []


@pytest.mark.parametrize(("words", "found"), [
    # what a light agent writes, what he may choose
    ("#solved\nHe called.", "note discard"),
    ("#noet\nHe called.", "send note discard"),
    ("He called.\n#note", "send note discard"),
    ("#solved", "discard"),
    ("#noet", "send discard"),
])  # fmt: skip
def test_who_writes_notes_alone_may_keep_his_words_as_one(desk: Desk, words: str, found: str) -> None:
    reply(desk, newest(desk, "lia@agents.test"), words, "Lia <lia@agents.test>")
    asked = newest(desk, "lia@agents.test", "hold")
    assert " ".join(re.findall(r"body=%23(\w+)", text_of(asked))) == found
    if "note" in found:
        raw = mail("Lia <lia@agents.test>", "Re: x", "#note", To=link(asked, "+h"))
        desk.take(proven(raw), to=link(asked, "+h"))
        assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ("note", words)


def test_a_mail_of_commands_alone_is_no_note(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(mail(f"Jan <{JAN}>", "Re: Zwrot", "Halo?", Message_ID="<j2@bigbank.test>"), to=desk.reply_address(JAN, 1))
    assert reply(desk, notice, "#solved").reason == "held: collision (h-1)"
    asked = text_of(newest(desk, ANN, "hold"))
    assert "%23note" not in asked
    assert "after that nothing is done with it" in asked


def test_what_was_confirmed_is_told_so(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Other", "Something else entirely.", Message_ID="<e1@x.test>"))
    reply(desk, newest(desk, ANN), "#merge 1")
    to = link(newest(desk, ANN, "confirm"), "+h")
    for n in range(2):
        alone(desk, "#confirm", to, Date=_DATES[n])
    assert "h-1 was decided about already, by #confirm." in text_of(newest(desk, ANN, "command_result"))


@pytest.mark.p0
@pytest.mark.parametrize(("words", "shown", "who"), [
    # what Ann writes, whether her words are shown before, who gets them when she confirms
    ("#customer eva@hospital.test\n\nDear Eva, your contract is attached.", True, ["eva@hospital.test", JAN]),
    ("#customer eva@hospital.test\n#note\n\nShe is his boss.", False, []),
    ("#customer eva@hospital.test", False, []),
])  # fmt: skip
def test_before_a_customer_changes_it_is_said_who_will_get_which_words(
    desk: Desk, words: str, shown: bool, who: list[str]
) -> None:
    reply(desk, newest(desk, ANN), words)
    asked, text = newest(desk, ANN, "confirm"), words.rpartition("\n")[2]
    said = " ".join(text_of(asked).split())
    assert (f"Your text goes to: {', '.join(who)}" in said, text in said) == (shown, shown)
    assert [m for m in desk.mails() if m.template == "answer"] == []
    alone(desk, "#confirm", link(asked, "+h"))
    assert [m.forward_path for m in desk.mails() if m.template == "answer"] == who


def test_a_held_note_does_not_leave_later(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#nosuch\nwords", to=link(newest(desk, ANN), "+n"))
    assert alone(desk, "#send in 10m", link(newest(desk, ANN, "hold"), "+h")).reason.startswith("h-1 waits")


def test_a_file_beside_a_choice_is_not_lost(desk: Desk) -> None:
    assert with_file(desk, collision(desk), "#send").reason == "held: instead (h-2)"
    assert item(desk).state == "waiting"
    assert [a.name for a in item(desk, 2).proposal.attachments] == ["s.png"]


@pytest.mark.p0
@pytest.mark.parametrize("html", ["<p>#note</p><p>He is a crook.</p>", "<p>#nosuch</p><p>He is a crook.</p>"])
def test_a_command_in_formatted_words_is_asked_about_again(desk: Desk, html: str) -> None:
    rich = {"Content_Type": "text/html; charset=utf-8"}
    desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: [#1] Zwrot", html, **rich)))
    assert alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h")).reason == "held: html-only (h-2)"
    assert JAN not in [m.forward_path for m in desk.mails() if m.template == "answer"]


def test_a_choice_in_formatted_text_is_none(desk: Desk) -> None:
    rich = {"Content_Type": "text/html; charset=utf-8"}
    alone(desk, "<p>#send</p>", collision(desk), **rich)
    assert "formatted text alone" in text_of(newest(desk, ANN, "command_result"))
    assert item(desk).state == "waiting"


def test_words_in_place_of_a_choice_go_out_or_open_a_ticket(desk: Desk) -> None:
    for word, last in (("#send", "answer"), ("#new", "answer")):
        reply(desk, newest(desk, ANN), "#sloved\nDear Jan.", Message_ID=f"<{word[1:]}@agents.test>")
        alone(desk, f"Dear Jan, {word[1:]}.", link(newest(desk, ANN, "hold"), "+h"))
        alone(desk, word, link(newest(desk, ANN, "hold"), "+h"))
        assert desk.entries(1)[-1].kind == last
    assert item(desk, 2).state == "sent"
    assert item(desk, 4).state == "opened"


@pytest.mark.parametrize(("words", "to", "reason", "kind"), [
    # what stands above the file, the address, how it ends, what it became
    ("", "n", "ann: #note: noted; no customer sees it", "note"),
    ("#note", "t", "ann: #note: noted; no customer sees it", "note"),
    ("", "t", "ann: s.png: to jan@bigbank.test", "answer"),
    ("#solved", "t", "ann: #solved: with the answer; s.png: to jan@bigbank.test", "answer"),
])  # fmt: skip
def test_a_file_is_as_good_as_words(desk: Desk, words: str, to: str, reason: str, kind: str) -> None:
    notice = newest(desk, ANN)
    outcome = with_file(desk, link(notice, "+n") if to == "n" else reply_address(notice), words)
    assert outcome.reason.startswith(reason)
    entry = desk.entries(1)[-1]
    assert (entry.kind, [a.name for a in entry.attachments]) == (kind, ["s.png"])
    if kind == "answer":
        assert [f.get_filename() for f in read(newest(desk, JAN, "answer")).iter_attachments()] == ["s.png"]


def test_a_file_collides_as_words_do(desk: Desk) -> None:
    notice = newest(desk, ANN)
    reply(desk, newest(desk, BOB), "Bob was first.", f"Bob <{BOB}>")
    assert with_file(desk, reply_address(notice)).reason == "held: collision (h-1)"


def test_a_picture_alone_is_asked_about(desk: Desk) -> None:
    """It may be that of a signature."""
    to, picture = reply_address(newest(desk, ANN)), _FILE.replace("attachment;", "inline;")
    assert with_file(desk, to, file=picture).reason == "held: risk (h-1)"
    asked = newest(desk, ANN, "hold")
    assert f"Your reply to Jan <{JAN}> has not been sent" in text_of(asked)
    assert "There is no text in it, only a picture." in text_of(asked)
    assert alone(desk, "#send", link(asked, "+h")).reason.startswith("h-1 sent")
    assert [f.get_filename() for f in read(newest(desk, JAN, "answer")).iter_attachments()] == ["s.png"]


def test_a_picture_below_commands_is_no_answer(desk: Desk) -> None:
    with_file(desk, reply_address(newest(desk, ANN)), "#mine", file=_FILE.replace("attachment;", "inline;"))
    assert (desk.entries(1)[-1].kind, desk.ticket(1).assignee) == ("mail", "ann")


@pytest.mark.parametrize(("words", "to", "told"), [
    # what he writes, the purpose of the address, what he reads
    ("", "t", "There was nothing in your mail to send"),
    ("", "n", "There was nothing in your mail to send"),
    ("> Why you: rule tell", "t", "There was nothing in your mail to send"),
    ("#silent", "t", "There was nothing in your mail to send"),
    ("#note", "t", "There was nothing in your mail to send"),
    ("", "c", "There was nothing in your mail to send"),
    ("Dear Jan, done.", "c", "your words reached nobody"),
    ("Dear Jan, done.", "cmd", "your words reached nobody"),
])  # fmt: skip
def test_a_mail_that_does_nothing_is_told_why(desk: Desk, words: str, to: str, told: str) -> None:
    notice, sent = newest(desk, ANN), len(desk.mails())
    ways = {
        "t": reply_address(notice),
        "n": link(notice, "+n"),
        "c": desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN),
        "cmd": "support+cmd@gw.test",
    }
    assert alone(desk, words, ways[to], Subject="x").disposition == "record"
    (mail,) = desk.mails()[sent:]
    assert (mail.forward_path, mail.template) == (ANN, "command_result")
    assert told in text_of(mail)
    assert words in text_of(mail)
    assert [e.kind for e in desk.entries(1)] == ["mail"]


def test_words_to_a_mail_for_commands_may_be_meant_for_its_ticket(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#show")
    asked = newest(desk, ANN, "command_result")
    assert reply(desk, asked, "Zwrot zlecony.").reason == "held: which (h-1)"
    alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h"))
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ("answer", "Zwrot zlecony.")


def test_what_is_about_no_ticket_is_offered_no_note(desk: Desk) -> None:
    to = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    alone(desk, "#clsed 1", to)
    assert "%23note" not in text_of(newest(desk, ANN, "hold"))


def test_the_timer_makes_a_note_of_a_file(desk: Desk) -> None:
    to = reply_address(newest(desk, ANN))
    with_file(desk, to, file=_FILE.replace("attachment;", "inline;"))
    expire_all(desk)
    assert (item(desk).state, desk.entries(1)[-1].kind) == ("noted", "note")


def test_words_behind_a_command_for_notes_are_the_note(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#note call him back\n#tag phone\n\nTomorrow.")
    alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h"))
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.text.split()) == ("note", ["call", "him", "back", "Tomorrow."])
    assert desk.ticket(1).tags == ("phone",)


def test_an_answer_that_is_doubted_twice_comes_to_an_end(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(mail(f"Jan <{JAN}>", "Re: Zwrot", "Halo?", Message_ID="<j2@bigbank.test>"), to=desk.reply_address(JAN, 1))
    reply(desk, notice, "Your card 4111 1111 1111 1111 was refunded.")
    reasons = [alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h"), Date=_DATES[n]).reason for n in range(2)]
    assert reasons[0] == "held: risk (h-2)"
    assert reasons[1].startswith("h-2 sent")
    assert item(desk, 1).proposal.seen == 2  # what came since is shown in the hold mail


def test_who_wrote_to_two_tickets_may_open_a_third(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Other", "Something else entirely.", Message_ID="<e1@x.test>"))
    both = tuple(reply_address(m) for m in desk.mails() if m.forward_path == ANN)
    raw = proven(mail(f"Ann Agent <{ANN}>", "x", "Hello both.", To=", ".join(both)))
    assert desk.take(raw, to=both).reason == "held: which (h-1)"
    alone(desk, "#new", link(newest(desk, ANN, "hold"), "+h"))
    envelope = Envelope(ANN, both, "mx.gw.test", "unix", "lmtp", desk.now)
    accepted = Accepted(1000, item(desk).mail, envelope, len(raw), "x", 1, released=True)
    message = parse(raw, parse_limits(desk.settings), languages=desk.settings.site.languages)
    assert desk.write(lambda c: received(accepted, message, desk.deps, c)).ticket == 3


def test_a_late_word_does_nothing(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Other", "Something else entirely.", Message_ID="<e1@x.test>"))
    reply(desk, newest(desk, ANN), "#merge 1")
    to = link(newest(desk, ANN, "confirm"), "+h")
    desk.now += HELD_FOR
    assert alone(desk, "#confirm", to).reason == "h-1 ended: its day is over"
    assert desk.ticket(2).merged_into is None


def test_who_lost_his_right_leaves_no_note(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#nosuch\nwords")
    desk.move(1, "billing")
    assert alone(desk, "#note", link(newest(desk, ANN, "hold"), "+h")).reason == f"no-right: ann, {UNSEEN}"
    assert [e.kind for e in desk.entries(1)] == ["mail"]
    assert "#1 is not for you any more" in text_of(newest(desk, ANN))


ITS_TEAM_HEARD = "u-1 was taken back; cannot be undone: the mail to zed@agents.test"


@pytest.mark.parametrize(("word", "reason", "team", "told"), [
    # what an agent writes who gave the ticket to a team of others, how it ends, whose it is then, what she is told
    ("Dear Jan, done.", f"no-right: ann, {UNSEEN}", "billing", "#undo u-1"),
    ("#solved", f"no-right: ann, {UNSEEN}", "billing", "#undo u-1"),
    ("#undo", f"ann: #undo: #1 as before: team; #undo: {ITS_TEAM_HEARD}", "support", "was taken back"),
    ("#undo u-1", f"ann: #undo u-1: #1 as before: team; #undo u-1: {ITS_TEAM_HEARD}", "support", "was taken back"),
])  # fmt: skip
def test_who_gave_a_ticket_away_may_have_it_back_and_nobody_is_alarmed(
    desk: Desk, word: str, reason: str, team: str, told: str
) -> None:
    notice = newest(desk, ANN)
    reply(desk, notice, "#team billing", Message_ID="<m1@agents.test>")
    assert desk.ticket(1).team == "billing"
    count = len(desk.mails())
    assert reply(desk, notice, word, Message_ID="<m2@agents.test>").reason == reason
    mails = desk.mails()[count:]
    (mailed,) = (m for m in mails if m.forward_path == ANN)
    assert (desk.ticket(1).team, told in text_of(mailed)) == (team, True)
    assert all(m.template == "agent_notice" for m in mails if m is not mailed)  # the team has it again
    if team == "billing":
        assert reply(desk, mailed, "#undo u-1", Message_ID="<m3@agents.test>").disposition == "record"
        assert desk.ticket(1).team == "support"


def test_what_others_did_since_is_not_taken_back_by_who_gave_a_ticket_away(desk: Desk) -> None:
    notice = newest(desk, ANN)
    reply(desk, notice, "#high", Message_ID="<m1@agents.test>")
    desk.move(1, "billing")
    assert reply(desk, notice, "#undo", Message_ID="<m2@agents.test>").reason == "held: bad-value (h-1)"
    assert "#1: no such ticket for you" in text_of(newest(desk, ANN))
    assert (desk.ticket(1).team, desk.ticket(1).priority) == ("billing", "high")


def test_an_auditor_writes_nothing(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#nosuch\nwords")
    to = link(newest(desk, ANN, "hold"), "+h")
    auditor = replace(desk.deps.rules.agents["ann"], role="auditor")
    desk.deps = replace(desk.deps, rules=replace(desk.deps.rules, agents=desk.deps.rules.agents | {"ann": auditor}))
    assert alone(desk, "#note", to).disposition == "quarantine"
    assert [e.kind for e in desk.entries(1)] == ["mail"]


def test_status_is_answered_once(desk: Desk) -> None:
    raw = proven(mail(f"Jan <{JAN}>", "status", "", Message_ID="<s1@bigbank.test>"), "bigbank.test")
    sent = len(desk.mails())
    assert [desk.take(raw).disposition for _ in range(2)][1] == "duplicate"
    assert [m.forward_path for m in desk.mails()[sent:]] == [JAN]


def test_plain_text_has_no_choice_without_a_ticket(desk: Desk) -> None:
    to = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    alone(desk, "#clsed 1", to)
    assert "%23send%20text" not in text_of(newest(desk, ANN, "hold"))
    alone(desk, "#send text", link(newest(desk, ANN, "hold"), "+h"))
    assert (desk.ticket(1).status, item(desk).state) == ("new", "waiting")


def test_a_choice_that_nobody_vouched_for_is_told_to_the_agent(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#nosuch\nwords")
    asked, sent = newest(desk, ANN, "hold"), len(desk.mails())
    outcome = reply(desk, asked, "#send", dmarc="none")
    assert (outcome.disposition, outcome.reason) == ("quarantine", "no-proof: h-1 waits")
    assert [(m.forward_path, m.template) for m in desk.mails()[sent:]] == [(ANN, "command_result")]
    assert item(desk).state == "waiting"


@pytest.mark.postgres
def test_two_words_at_once_send_a_held_mail_once(postgres: str, tmp_path: Path) -> None:
    """Ann taps twice, and two gateways take one mail each at the same moment."""
    for url in own_database(postgres):
        settings = settings_in(tmp_path, url)
        stores = [open_store(settings) for _ in range(2)]
        desks = [Desk(store, settings, RULES, first_id=1000 * n + 1) for n, store in enumerate(stores)]
        for n in range(5):
            desks[0].take(mail(f"Jan <{JAN}>", f"Zwrot {n}", Message_ID=f"<{n}@bigbank.test>"))
            reply(desks[0], newest(desks[0], ANN), f"#solvd\n\nZwrot {n} zlecony.", Message_ID=f"<a{n}@agents.test>")
            held = newest(desks[0], ANN, "hold")
            with ThreadPoolExecutor(2) as threads:
                ways = [
                    threads.submit(reply, desk, held, "#send", Message_ID=f"<{n}.{at}@agents.test>")
                    for at, desk in enumerate(desks)
                ]
                outcomes = [way.result() for way in ways]
            assert sorted(o.reason.partition(": ")[0] for o in outcomes)[0].endswith("sent")
            assert [e.kind for e in desks[0].entries(n + 1)] == ["mail", "answer"]
        assert len([m for m in desks[0].mails() if m.template == "answer"]) == 5
        for store in stores:
            store.close()
