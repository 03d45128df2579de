"""D-14: an automatic answer of an agent's mailbox is an event for our own people."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, answer, newest, reply, reply_address, text_of
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
AWAY = "I am out of the office until Monday. In urgent cases please contact bob@agents.test."


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (AWAY, {"Auto_Submitted": "auto-replied"}),
        (AWAY, {"X_Auto_Response_Suppress": "All", "Subject": "Automatic reply: Zwrot"}),
        (AWAY, {"Subject": "Automatic reply: Zwrot"}),
        (AWAY, {"Subject": "Out of Office: Zwrot", "Precedence": "auto_reply"}),
    ],
    ids=["field", "exchange", "subject alone", "precedence"],
)
def test_D14_an_absence_goes_to_no_customer(
    store: Store, settings: Settings, words: str, fields: dict[str, str]
) -> None:
    desk = Desk(store, settings, RULES)
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    before = len(desk.mails())
    reply(desk, newest(desk, ANN), words, **fields)
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]
    assert not [e for e in desk.entries(1)[1:] if e.public]
    assert desk.ticket(1).status == "new"


UNOWNED = RULES.partition("rules:")[0].replace("members: [ann", "assign: manual, lead: bob, members: [ann")


@pytest.mark.parametrize("way", ["answer", "team", "held"])
def test_D14_of_an_absence_the_lead_hears_once_and_has_nothing_to_answer(
    store: Store, settings: Settings, way: str
) -> None:
    desk = Desk(store, settings, UNOWNED)
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    notice = newest(desk, ANN, "agent_notice")
    reply(desk, notice, "#solvd\r\n\r\nGotowe.")
    asked, before = newest(desk, ANN, "hold"), len(desk.mails())
    answered = asked if way == "held" else notice
    for words in (AWAY, f"{AWAY} Ann"):
        raw, to = answer(answered, words, Auto_Submitted="auto-replied")
        outcome = desk.take(raw, to="support@gw.test" if way == "team" else to)
        assert outcome.ticket == 1
    assert [e.kind for e in desk.entries(1)[1:]] == ["event", "event"]
    (told,) = desk.mails()[before:]
    assert (told.template, told.forward_path) == ("agent_notice", "bob@agents.test")
    assert "+n1-" in reply_address(told)
    assert "%23solved" not in text_of(told)
    assert "%23mine" not in text_of(told)
    assert JAN not in text_of(told).partition("\n")[0]
