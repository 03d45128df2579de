"""E-02: an out-of-office answers nobody's question: it is an event, and nothing comes of it."""

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0
NOTIFYING = RULES + "rules:\n  - {id: tell, on: [new, reply], do: [{notify: {to: ann, template: agent_notice}}]}\n"
STYLES = (
    # what a machine says: its fields, its subject
    ({"Auto_Submitted": "auto-replied (vacation)"}, "Auto: {}"),  # sieve, RFC 5230
    ({"Auto_Submitted": "auto-generated", "X_Auto_Response_Suppress": "All"}, "Automatic reply: {}"),  # Exchange
    ({"X_Auto_Response_Suppress": "DR, OOF"}, "Automatische Antwort: {}"),
    ({"Precedence": "bulk", "X_Autoreply": "yes"}, "Re: {}"),  # Gmail before it knew RFC 3834
    ({"X_Autorespond": "vacation", "Precedence": "junk"}, "Re: {}"),
    ({"X_Autoreply_From": "jan@bigbank.test"}, "AutoReply: {}"),  # Notes
    ({}, "Out of Office: {}"),  # no field at all, in six languages
    ({}, "Abwesenheitsnotiz: {}"),
    ({}, "Autoodpowiedź: {}"),
    ({}, "Automatická odpověď: {}"),
    ({}, "Resposta automática: {}"),
    ({}, "Автоматический ответ: {}"),
)
ABROAD = (
    "I am currently out of the office and will be back on Monday, 30 November.",
    "Ich bin bis Montag, 30. November, nicht im Büro und habe keinen Zugriff auf meine E-Mails.",
    "Przebywam na urlopie do 30 listopada. Odpowiem po powrocie.",
    "Do 30. listopadu jsem mimo kancelář, na e-maily odpovím po návratu.",
    "Estou ausente do escritório até 30 de novembro e responderei quando voltar.",
    "Я в отпуске до 30 ноября и отвечу после возвращения.",
)


def storm(desk: Desk, people: int) -> None:
    """Each of so many customers wrote, was answered, and sends the answer of his machine into the ticket."""
    for n in range(people):
        who = f"p{n}@person{n}.test"
        desk.take(mail(who, f"Sprawa {n}"))
        duty = Duty(desk.now, lambda: desk.deps)
        desk.write(lambda c, n=n, duty=duty: OPERATIONS["ticket.answer"].perform(c, Answer(n + 1, "Tak."), duty))
    sent_ids = [item.message_id for item in desk.outbox() if item.template == "answer"]
    sent, states = len(desk.outbox()), [ticket.status for ticket in desk.tickets()]
    for n in range(people):
        fields, subject = STYLES[n % len(STYLES)]
        who, body = f"p{n}@person{n}.test", ABROAD[n % len(ABROAD)]
        raw = mail(who, subject.format(f"[#{n + 1}] Sprawa {n}"), body, **fields, In_Reply_To=sent_ids[n])
        outcome = desk.take(raw, to=desk.reply_address(who, n + 1), sender=None if n % 2 else who)
        assert (outcome.ticket, outcome.disposition) == (n + 1, "entry"), (n, subject)
        assert desk.entries(n + 1)[-1].kind == "event", (n, subject, desk.why(outcome).kind_reason)
    assert len([item for item in desk.outbox()[sent:] if item.state != "suppressed"]) == 0
    assert [ticket.status for ticket in desk.tickets()] == states


def test_E02_twelve_styles_are_silent_events(store: Store, settings: Settings) -> None:
    storm(Desk(store, settings, NOTIFYING), len(STYLES))


@pytest.mark.push
def test_E02_five_hundred_participants_are_away(store: Store, settings: Settings) -> None:
    storm(Desk(store, settings, NOTIFYING), 500)
