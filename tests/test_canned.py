"""Canned replies at work: a person answers with one, a rule sends one, and an agent is told which would fit."""

from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.operations.answers import Answer
from gateway.operations.canned import Use
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.store import Store
from gateway.ticket.canned import Suggestion
from gateway.ticket.saying import worded
from gateway.ticket.types import File
from tests.processing import RULES, Desk, mail, verdict

PHOTOS = """---
title: Photos wanted
vars: {order: text}
sets: {status: on_hold, priority: high, tags: [photos], field.order: "[[order]]"}
suggest: [paczka, "damaged parcel"]
attach: [guide.pdf]
---
Proszę o **dwa zdjęcia** do zamówienia [[order]].
"""
THANKS = "---\ntitle: Thanks\nsets: {tags: [thanked]}\n---\nDziękujemy, [[customer.name]]!\n"
FIELDS = "fields:\n  order: {type: text, pattern: 'PL-[0-9]+'}\n"
SEND = "rules:\n  - {id: ask, on: new, do: [{canned: {name: photos, with: {order: PL-7}}}]}\n"


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a folder of canned replies."""
    for name, text in (("answers/photos/pl.md", PHOTOS), ("snippets/thanks/pl.md", THANKS)):
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    (tmp_path / "own/answers/photos/files").mkdir()
    (tmp_path / "own/answers/photos/files/guide.pdf").write_bytes(b"%PDF-1.7")
    return settings.model_copy(update={"paths": settings.paths.model_copy(update={"templates": tmp_path / "own"})})


def answered(desk: Desk, wanted: Answer) -> tuple[str, str]:
    """What became of it, and what is said of that."""
    (done,) = desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    return done.outcome, worded(done.said, desk.deps.desk.templates.english)


def test_a_person_answers_with_a_snippet_and_a_whole_answer(store: Store, site: Settings) -> None:
    desk = Desk(store, site, RULES + FIELDS)
    desk.take(mail())
    uses = (Use("thanks"), Use("photos", (("order", "PL-10442"),)))
    outcome, said = answered(
        desk, Answer(1, "Jeszcze jedno:", by="ann", files=(File("a.txt", "text/plain", b"a"),), canned=uses)
    )
    assert (outcome, said.endswith("status new -> on_hold; with thanks, photos")) == ("done", True)
    ticket, entry = desk.ticket(1), desk.entries(1)[-1]
    assert (ticket.status, ticket.priority, dict(ticket.fields)) == ("on_hold", "high", {"order": "PL-10442"})
    assert set(ticket.tags) >= {"photos", "thanked"}
    assert entry.text == "Dziękujemy, Jan!\n\nJeszcze jedno:\n\nProszę o dwa zdjęcia do zamówienia PL-10442."
    (sent,) = (m for m in desk.mails() if m.template == "answer")
    parts = {p.get_content_type(): p for p in message_from_bytes(sent.raw, policy=SMTP).walk()}
    assert [parts["text/plain"].get_filename(), parts["application/pdf"].get_filename()] == ["a.txt", "guide.pdf"]
    assert [a.name for a in entry.attachments] == ["a.txt", "guide.pdf"]
    assert "<strong>dwa zdjęcia</strong>" in parts["text/html"].get_content()


@pytest.mark.parametrize(("wanted", "outcome", "said"), [
    # an answer, what becomes of it, and why
    (Answer(1, "x", canned=(Use("photos"),)), "refused", "“photos” needs a value for [[order]]"),
    (Answer(1, "", canned=(Use("photos", (("order", "7"),)),)), "refused", "“7” does not fit order. Expected: "),
    (Answer(1, "", canned=(Use("foto"),)), "refused", "there is no canned reply “foto”; known: photos, thanks"),
    (Answer(1, "", canned=(Use("photos", (("order", "PL-1"),)),) * 2), "refused", "are two whole answers"),
    (Answer(1, "", canned=(Use("thanks", (("x", "y"),)),)), "refused", "“thanks” has no [[x]]"),
    (Answer(1, ""), "refused", "there are no words"),
])  # fmt: skip
def test_what_does_not_fit_sends_nothing_and_changes_nothing(store, site, wanted, outcome, said) -> None:
    desk = Desk(store, site, RULES + FIELDS)
    desk.take(mail())
    before = desk.ticket(1), desk.outbox()
    found, why = answered(desk, wanted)
    assert (found, said in why) == (outcome, True), why
    assert (desk.ticket(1), desk.outbox()) == before


def test_the_language_of_the_customer_is_asked(store: Store, site: Settings) -> None:
    desk = Desk(store, site, RULES + FIELDS)
    desk.take(mail(body="Good morning, I would like to have my money back for this order, thank you."))
    assert answered(desk, Answer(1, "", canned=(Use("thanks"),))) == (
        "refused",
        "“thanks” is not written in “en”; it is in pl",
    )


@pytest.mark.parametrize(("raw", "states"), [
    # a mail, what becomes of the reply of the rule
    (verdict("pass", mail()), ["canned queued"]),
    (verdict("none", mail()), ["canned suppressed unauthenticated"]),  # a stranger gets no files, whatever the setting
    (verdict("fail", mail()), ["canned suppressed unauthenticated"]),
    (verdict("pass", mail(body="Good morning, I would like to have my money back, thank you.")), ["canned failed"]),
])  # fmt: skip
def test_a_rule_sends_one_to_people_who_are_who_they_say(store, site, raw, states) -> None:
    desk = Desk(store, site, RULES + FIELDS + SEND)
    desk.take(raw)
    found = [f"{m.template} {m.state} {m.reason if m.state == 'suppressed' else ''}".strip() for m in desk.outbox()]
    assert found == states
    assert (desk.ticket(1).priority, desk.ticket(1).tags) == ("high", ("photos",))
    if states == ["canned queued"]:
        sent = message_from_bytes(desk.mails()[0].raw, policy=SMTP)
        assert (sent["Auto-Submitted"], sent["Subject"]) == ("auto-replied", "Re: [#1] Zwrot")
        assert "PL-7" in sent.get_body(("plain",)).get_content()
        assert [a.get_filename() for a in sent.iter_attachments()] == ["guide.pdf"]


@pytest.mark.parametrize(("action", "said"), [
    # what a rule says, why it is refused
    ("foto", "unknown canned reply “foto”"),
    ("photos", "“photos” needs a value for order"),
    ("{name: photos, with: {order: PL-1, carrier: x}}", "unknown variable “carrier”"),
    ("{name: photos, with: {order: 'x y'}}", "what the canned reply sets: field “order” does not take “x y”"),
])  # fmt: skip
def test_a_rule_that_names_a_reply_wrongly_is_refused(store, site, action, said) -> None:
    with pytest.raises(ConfigError) as refused:
        Desk(store, site, f"{RULES}{FIELDS}rules:\n  - {{id: ask, on: new, do: [{{canned: {action}}}]}}\n")
    assert said in str(refused.value)


def test_an_agent_is_told_which_reply_may_fit(store: Store, site: Settings) -> None:
    notify = "rules:\n  - {id: tell, on: new, do: [{notify: {to: ann, template: agent_notice}}]}\n"
    desk = Desk(store, site, RULES + FIELDS + notify)
    desk.take(mail(body="Moja PACZKA przyszła uszkodzona."))
    assert desk.deps.notifying.suggestions == (Suggestion("#answer photos", "photos", ("paczka", "damaged parcel")),)
