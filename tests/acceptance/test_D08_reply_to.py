"""D-08: the author is the From; Reply-To and Sender change nothing but what an agent is warned of."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
CUSTOMER, VICTIM = "cust@a.test", "victim@b.test"


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"Reply_To": VICTIM}, ("reply-to-differs",)),
        ({"Reply_To": ", ".join(f"v{n}@b.test" for n in range(50))}, ("reply-to-differs",)),
        ({"Sender": VICTIM}, ("sender-differs",)),
        ({"Reply_To": "cust@mail.a.test"}, ()),
        ({"Reply_To": VICTIM, "Return_Path": f"<{VICTIM}>", "Errors_To": VICTIM}, ("reply-to-differs",)),
    ],
)
def test_D08_the_author_is_the_from(
    store: Store, settings: Settings, fields: dict[str, str], flags: tuple[str, ...]
) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(mail(CUSTOMER, **fields), sender=CUSTOMER)
    assert outcome.ticket is not None
    ticket = desk.ticket(outcome.ticket)
    assert ticket.requester is not None
    assert ticket.requester.address == CUSTOMER
    assert desk.participants(outcome.ticket) == {CUSTOMER}
    assert {m.forward_path for m in desk.mails()} == {CUSTOMER}  # one, to the envelope
    assert ticket.flags == flags


def test_D08_an_envelope_of_somebody_else_gets_no_answer(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    desk.take(mail(CUSTOMER, Reply_To=VICTIM), sender=VICTIM)
    assert desk.mails() == []
