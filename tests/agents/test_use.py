"""`#use KB-12` in a mail of an agent: what the customer gets, what he never gets, and what the agent reads."""

import re
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer, Note
from gateway.operations.canned import Use
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.store import Store
from gateway.ticket.saying import worded
from tests.agents.mails import ANN, JAN, RULES, answer, newest, reply, text_of
from tests.processing import Desk, mail

pytestmark = pytest.mark.sqlite  # no statement is new
DAMAGE = """---
title: Zdjęcia uszkodzenia
keywords: [uszkodz]
visibility: public
---
Prosimy o **trzy zdjęcia**, [[customer.name]]:

1. paczka
2. etykieta
"""
FORGED = """---
title: A mail that may be forged
keywords: [konta]
visibility: internal
---
Write to the address that the ticket had before, or call him on the phone.
"""
REFUNDS = """---
title: Zwrot pieniędzy
visibility: public
---
Pieniądze wracają na to samo konto, najpóźniej do dziesięciu dni roboczych od decyzji.
"""
ENGLISH = "---\ntitle: Returns\nvisibility: public\n---\nHow returns work.\n"


@pytest.fixture
def desk(store: Store, settings: Settings, tmp_path: Path) -> Desk:
    """With a ticket of Jan's, about which Ann was told, and four articles."""
    articles = {"KB-12/pl.md": DAMAGE, "KB-3/en.md": FORGED, "KB-4/en.md": ENGLISH, "KB-5/pl.md": REFUNDS}
    for name, text in articles.items():
        path = tmp_path / "kb" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    paths = settings.paths.model_copy(update={"kb": tmp_path / "kb"})
    made = Desk(store, settings.model_copy(update={"paths": paths}), RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Paczka jest uszkodzona, a numer konta jest nowy. Proszę o zwrot."))
    return made


@pytest.mark.p0
def test_an_article_stands_where_it_is_asked_for(desk: Desk) -> None:
    outcome = reply(desk, newest(desk, ANN), "#use kb-12\r\n#pending\r\n\r\nPozdrawiam, Ann")
    assert outcome.reason.endswith("status new -> pending; with KB-12")
    said = "Prosimy o trzy zdjęcia, Jan:\n\n1. paczka\n2. etykieta\n\nPozdrawiam, Ann"
    assert (desk.entries(1)[-1].text, desk.entries(1)[-1].kind) == (said, "answer")
    assert "1. paczka\n2. etykieta" in text_of(newest(desk, JAN, "answer")).replace("\r\n", "\n")
    assert desk.ticket(1).status == "pending"


@pytest.mark.parametrize(("words", "says"), [
    # an answer, why nothing of it is sent
    ("#use KB-3\r\n\r\nDzień dobry", "KB-3 is for our own people only: it may stand in a note"),
    ("#use KB-11", "there is no article “KB-11”; perhaps: KB-12 Zdjęcia uszkodzenia"),
    ("#use uszkodzenia", "there is no article “uszkodzenia”; perhaps: KB-12 Zdjęcia uszkodzenia"),
    ("#use ../../etc/passwd", "there is no article “../../etc/passwd”"),
    ("#use KB-4", "“KB-4” is not written in “pl”; it is in en"),
    ("Write to the address that the ticket had before, or call.", "Write to the address that the ticket had before"),
])  # fmt: skip
def test_what_cannot_be_inserted_is_held_with_the_reason(desk: Desk, words: str, says: str) -> None:
    before = desk.ticket(1)
    assert reply(desk, newest(desk, ANN), words).reason.startswith("held: ")
    assert desk.ticket(1) == before
    assert [m.template for m in desk.mails() if m.forward_path == JAN] == ["auto_ack"]
    assert says in " ".join(text_of(newest(desk, ANN, "hold")).split())


@pytest.mark.parametrize(("words", "text"), [
    # a note, as the ticket keeps it
    ("#note\r\n#use KB-4\r\n\r\nJan?", "How returns work.\n\nJan?"),
    ("#note\r\n#use KB-3", "Write to the address that the ticket had before, or call him on the phone."),
])  # fmt: skip
def test_a_note_takes_any_article_in_the_language_of_its_writer(desk: Desk, words: str, text: str) -> None:
    assert reply(desk, newest(desk, ANN), words).ticket == 1
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ("note", text)
    assert [m.template for m in desk.mails() if m.forward_path == JAN] == ["auto_ack"]


def test_a_public_article_goes_to_the_customer_though_it_stands_in_a_note_too(desk: Desk) -> None:
    notice = newest(desk, ANN)
    reply(desk, notice, "#note\r\n#use KB-5")
    reply(desk, notice, "#use KB-5")
    assert [entry.kind for entry in desk.entries(1)][-2:] == ["note", "answer"]
    assert "do dziesięciu dni roboczych" in text_of(newest(desk, JAN, "answer"))


def test_a_note_takes_no_canned_reply(desk: Desk) -> None:
    assert reply(desk, newest(desk, ANN), "#note\r\n#macro thanks\r\n\r\nx").reason == "held: bad-value (h-1)"


@pytest.mark.parametrize(("words", "template", "says"), [
    # a question, the mail that answers it, what stands in it
    ("#use? KB-3", "command_result", "Write to the address that the ticket had before, or call him on the phone."),
    ("#use? KB-12", "command_result", "Prosimy o trzy zdjęcia, Jan:"),
    ("#use? KB-99", "command_result", "there is no article “KB-99”"),
    ("#dry\r\n#use KB-12", "receipt", "Prosimy o trzy zdjęcia, Jan:"),
])  # fmt: skip
def test_it_is_shown_before_anything_happens(desk: Desk, words: str, template: str, says: str) -> None:
    before = desk.ticket(1)
    reply(desk, newest(desk, ANN), words)
    assert desk.ticket(1) == before
    assert [m.template for m in desk.mails() if m.forward_path == JAN] == ["auto_ack"]
    assert says in text_of(newest(desk, ANN, template))


def test_an_article_collides_as_own_words_do(desk: Desk) -> None:
    first = newest(desk, ANN)
    raw, to = answer(newest(desk, "bob@agents.test"), "Zwrot zlecony.", "Bob <bob@agents.test>")
    desk.take(raw, to=to)
    assert reply(desk, first, "#use KB-12").reason == "held: collision (h-1)"


def test_the_notification_suggests_what_fits(desk: Desk) -> None:
    said = text_of(newest(desk, ANN, "agent_notice"))
    assert re.findall("^(KB-.*): mailto:.*body=(.*)$", said.replace("\r", ""), re.MULTILINE) == [
        ("KB-3 A mail that may be forged", "%23use%3F%20KB-3"),
        ("KB-12 Zdjęcia uszkodzenia", "%23use%20KB-12"),
    ]


@pytest.mark.parametrize(("operation", "arguments", "outcome", "says"), [
    # what an operator asks for, what becomes of it, and why
    ("ticket.answer", Answer(1, "", canned=(Use("KB-12", kind="article"),)), "done", "with KB-12"),
    ("ticket.answer", Answer(1, "", canned=(Use("KB-3", kind="article"),)), "refused", "for our own people only"),
    ("ticket.answer", Answer(1, "", canned=(Use("KB-12"),)), "refused", "there is no canned reply “KB-12”"),
    ("ticket.note", Note(1, "", articles=(Use("KB-3", kind="article"),)), "done", "noted"),
    ("ticket.note", Note(1, "", articles=(Use("KB-6", kind="article"),)), "refused", "there is no article “KB-6”"),
])  # fmt: skip
def test_an_operator_inserts_them_too(desk: Desk, operation: str, arguments: object, outcome: str, says: str) -> None:
    (done,) = desk.write(lambda c: OPERATIONS[operation].perform(c, arguments, Duty(desk.now, lambda: desk.deps)))
    said = worded(done.said, desk.deps.desk.templates.english)
    assert (done.outcome, says in said) == (outcome, True), said
