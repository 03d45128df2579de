"""D-14: an automatic answer of an agent's mailbox is an event for our own people."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, newest, reply
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
