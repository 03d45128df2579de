"""Commands below which only a signature stands send nothing, whatever a program or a company puts into it."""

import re

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, link, newest, reply_address, text_of
from tests.agents.test_choices import alone, expire_all, item
from tests.processing import Desk, mail

_SIGNED = "Kind regards,\n\nAnn Agent\nAcme Support\n+48 22 555 00 00"
_FOOTERS = (
    "This e-mail and any attachments are confidential and intended solely\nfor the addressee.",
    "Please consider the environment before printing this e-mail.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der Adressat sind, löschen Sie sie bitte.",
    "Diese E-Mail wurde von Avast-Antivirussoftware auf Viren geprüft.\nwww.avast.com",
    "Niniejsza wiadomość jest poufna i przeznaczona wyłącznie dla adresata.",
    "Tato zpráva je důvěrná a je určena výhradně adresátovi.",
    "Esta mensagem é confidencial e destina-se exclusivamente ao destinatário.",
    "Ova poruka je povjerljiva i namijenjena isključivo primatelju.",
    "Это сообщение конфиденциально и предназначено только адресату.",
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


def tapped(desk: Desk, words: str) -> str:
    """How a mail of Ann's ends that a button begins."""
    return alone(desk, words, reply_address(newest(desk, ANN))).reason


def answers(desk: Desk) -> list[str]:
    return [m.forward_path for m in desk.mails() if m.template == "answer"]


@pytest.mark.p0
@pytest.mark.parametrize(
    "below",
    [
        *(f"{_SIGNED}\n\n{footer}" for footer in _FOOTERS),
        *_FOOTERS,
        f"{_SIGNED}\n\n\n{_FOOTERS[1]}\n\n{_FOOTERS[0]}",
        f"Best regards, Ann\n\n{_FOOTERS[0]}",
        f"Ann Agent | Acme\n\n{_FOOTERS[0]}",
        "Ann Agent\nSupport Engineer\nAcme Ltd | +48 22 555 00 00 | www.acme.test\n[cid:image001.png@01DA.123]",
        "Mit freundlichen Grüßen\n\nAnn Agent\nAcme GmbH\n\nGeschäftsführer: Max Muster · Amtsgericht Berlin HRB 12345",
        "Thanks,\nAnn",
        "Best regards",
    ],
)
def test_below_commands_a_signature_is_no_answer(desk: Desk, below: str) -> None:
    tapped(desk, f"#mine\n\n{below}")
    assert (desk.ticket(1).assignee, desk.ticket(1).status) == ("ann", "open")
    assert answers(desk) == []
    assert [e.kind for e in desk.entries(1)] == ["mail"]


@pytest.mark.p0
@pytest.mark.parametrize(
    "words",
    [
        # real words, above how Ann signs and without
        f"Dear Jan, it is done.\n\n{_SIGNED}\n\n{_FOOTERS[0]}",
        "Done.",
        "Your order is on its way.\nThis message is confidential.",
        "See www.acme.test",
        "Hello Jan\nAnn",
        "+48 22 555 00 00",
    ],
)
def test_words_above_a_signature_are_sent_as_ever(desk: Desk, words: str) -> None:
    assert tapped(desk, f"#mine\n\n{words}").startswith("ann: #mine")
    assert answers(desk) == [JAN]


_UNCLEAR = "Kind regards\nAnn Agent\nYour order 4711 will leave our house on Monday."


@pytest.mark.p0
@pytest.mark.parametrize(
    ("below", "choice", "status", "kind"),
    [
        # what stands below the command, what its writer chooses, what becomes of it
        (_UNCLEAR, "#send", "solved", "answer"),
        (_UNCLEAR, "#note", "solved", "note"),
        (_UNCLEAR, "#confirm", "solved", "mail"),
        (_UNCLEAR, "#discard", "new", "mail"),
        (_UNCLEAR, "", "open", "note"),
        ("Thank you!", "#send", "solved", "answer"),
        ("Thank you\nYour order ships today", "#send", "solved", "answer"),
    ],
)
def test_what_may_be_an_answer_is_asked_about(desk: Desk, below: str, choice: str, status: str, kind: str) -> None:
    assert tapped(desk, f"#solved\n\n{below}") == "held: signs (h-1)"
    asked = newest(desk, ANN, "hold")
    assert "whether there is an answer below the commands" in " ".join(text_of(asked).split())
    assert re.findall(r"body=%23(\w+)", text_of(asked)) == ["send", "note", "confirm", "discard"]
    expire_all(desk) if choice == "" else alone(desk, choice, link(asked, "+h"))
    entry = desk.entries(1)[-1]
    assert (desk.ticket(1).status, entry.kind) == (status, kind)
    assert kind == "mail" or below in entry.text
    assert answers(desk) == [JAN] * (kind == "answer")
    assert item(desk).state != "waiting"


def test_a_corrected_command_sends_no_signature(desk: Desk) -> None:
    tapped(desk, f"#sloved\n\n{_SIGNED}\n\n{_FOOTERS[0]}")
    alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h"))
    assert (desk.ticket(1).status, answers(desk)) == ("solved", [])


def test_a_footer_below_a_choice_is_none_of_it(desk: Desk) -> None:
    tapped(desk, "#sloved\nDear Jan, it is done.")
    alone(desk, f"#discard\n\n{_SIGNED}\n\n{_FOOTERS[0]}", link(newest(desk, ANN, "hold"), "+h"))
    assert item(desk).state == "discarded"
