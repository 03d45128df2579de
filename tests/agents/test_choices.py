"""What the answer to a hold mail does, and that no word of an agent is lost in silence."""

from datetime import timedelta

import pytest

from gateway.agents.types import HELD_FOR
from gateway.config import Settings
from gateway.operations.held_mails import expire
from gateway.operations.types import Duty
from gateway.store import held_mail
from gateway.store.held_mail import HeldMail
from gateway.store.store import Store
from gateway.ticket.types import Outcome
from tests.agents.mails import ANN, JAN, RULES, link, newest, proven, reply, reply_address, text_of
from tests.processing import Desk, mail

_FILE = (
    "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=s.png\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGFsbG8=\r\n--b--\r\n"
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


def alone(desk: Desk, words: str, to: str, **fields: str) -> Outcome:
    """What became of a mail of Ann's that quotes nothing."""
    return desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: x", words, To=to, **fields)), to=to)


def with_file(desk: Desk, to: str, words: str = "") -> Outcome:
    """What became of a mail of Ann's with a file."""
    head = f"From: Ann Agent <{ANN}>\r\nTo: {to}\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\n"
    body = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n{_FILE}"
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
    (None, "#solved\n\nDear Jan, done.", "held: which (h-2)", "hold"),
    ("#discard", "#solved\n\nDear Jan, done.", "held: which (h-2)", "hold"),
    ("#discard", "#send", "h-1 was discarded already", "command_result"),
    (None, "#confirm", "h-1 waits: no choice in the first line", "command_result"),
    (None, "", "h-1 waits: no choice in the first line", "command_result"),
    ("", "#send", "h-1 ended: its day is over", "command_result"),
    ("", "Dear Jan, done.", "held: which (h-2)", "hold"),
])  # fmt: skip
def test_an_answer_that_decides_nothing_is_told(
    desk: Desk, before: str | None, words: str, reason: str, told: str
) -> None:
    reply(desk, newest(desk, ANN), "#sloved\nDear Jan, done.")
    to = link(newest(desk, ANN, "hold"), "+h")
    if before == "":
        expire_all(desk)
    elif before is not None:
        alone(desk, before, to)
    sent = len(desk.mails())
    assert alone(desk, words, to).reason == reason
    assert [(m.forward_path, m.template) for m in desk.mails()[sent:]] == [(ANN, told)]
    said = text_of(newest(desk, ANN))
    assert "Dear Jan, done." in said if told == "hold" else "h-1" in said


def test_words_in_place_of_a_choice_go_out_or_open_a_ticket(desk: Desk) -> None:
    for word, last in (("#send", "answer"), ("#new", "answer")):
        reply(desk, newest(desk, ANN), "#sloved\nDear Jan.", Message_ID=f"<{word[1:]}@agents.test>")
        alone(desk, f"Dear Jan, {word[1:]}.", link(newest(desk, ANN, "hold"), "+h"))
        alone(desk, word, link(newest(desk, ANN, "hold"), "+h"))
        assert desk.entries(1)[-1].kind == last
    assert item(desk, 2).state == "sent"
    assert item(desk, 4).state == "opened"


@pytest.mark.parametrize(("words", "to", "reason"), [
    # what stands above the file, the address, how it ends
    ("", "n", "ann: #note: noted; no customer sees it"),
    ("#note", "t", "ann: #note: noted; no customer sees it"),
    ("", "t", "held: refused (h-1)"),
])  # fmt: skip
def test_a_file_is_as_good_as_words(desk: Desk, words: str, to: str, reason: str) -> None:
    notice = newest(desk, ANN)
    outcome = with_file(desk, link(notice, "+n") if to == "n" else reply_address(notice), words)
    assert outcome.reason.startswith(reason)
    if reason.startswith("held"):
        assert alone(desk, "#note", link(newest(desk, ANN, "hold"), "+h")).reason.startswith("h-1 noted")
    entry = desk.entries(1)[-1]
    assert (entry.kind, [a.name for a in entry.attachments]) == ("note", ["s.png"])


@pytest.mark.parametrize(("files", "state", "kind"), [(True, "noted", "note"), (False, "expired", "mail")])
def test_the_timer_says_what_it_did(desk: Desk, files: bool, state: str, kind: str) -> None:
    to = reply_address(newest(desk, ANN))
    with_file(desk, to) if files else alone(desk, "", to)
    expire_all(desk)
    assert (item(desk).state, desk.entries(1)[-1].kind) == (state, kind)


def test_a_note_that_cannot_be_kept_is_told(desk: Desk) -> None:
    alone(desk, "", reply_address(newest(desk, ANN)))
    to = link(newest(desk, ANN, "hold"), "+h")
    assert alone(desk, "#note", to).reason.startswith("h-1 waits")
    assert "there are no words" in text_of(newest(desk, ANN, "command_result"))
    assert item(desk).state == "waiting"


def test_words_behind_a_command_for_notes_are_the_note(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#note call him back\n#tag phone\n\nTomorrow.")
    alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h"))
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.text.split()) == ("note", ["call", "him", "back", "Tomorrow."])
    assert desk.ticket(1).tags == ("phone",)
