"""D-10: a command counts on the first lines of a proven agent's own plain words, once; anywhere else it is words."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, answer, newest, proven, reply, reply_address
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
FORWARDED = (
    "---------- Forwarded message ---------\r\nFrom: Ann Agent <ann@agents.test>\r\n"
    "Date: Sat, 21 Nov 2026 09:05:00 +0100\r\nSubject: x\r\nTo: <support@gw.test>\r\n\r\n#close"
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Jan's ticket, whose mail has a command in it; Ann was told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "#close\r\n#spam\r\n\r\nProszę o zwrot."))
    return made


def test_D10_the_genuine_command_is_carried_out(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#close")
    assert desk.ticket(1).status == "closed"


@pytest.mark.parametrize(
    ("author", "words", "dmarc"),
    [
        (f"Jan <{JAN}>", "#close\r\n\r\nThe customer says so.", "pass"),
        (f"Ann Agent <{ANN}>", "Please look above.\r\n\r\n> #close", "pass"),
        (f"Ann Agent <{ANN}>", "Here it is.\r\n\r\n#close", "pass"),
        (f"Ann Agent <{ANN}>", "#close", "fail"),
        (f"Ann Agent <{ANN}>", "#close", "none"),
        (f"Ann Agent <{ANN}>", "#close\r\n#nosuchcommand\r\n", "pass"),
        (
            f"Ann Agent <{ANN}>",
            FORWARDED,
            "pass",
        ),
    ],
    ids=["customer", "quoted", "below words", "forged", "no proof", "one unknown", "forwarded"],
)
def test_D10_other_text_changes_nothing(desk: Desk, author: str, words: str, dmarc: str) -> None:
    to = reply_address(newest(desk, ANN)) if ANN in author else desk.reply_address(JAN, 1)
    reply(desk, newest(desk, ANN), words, author, to=to, dmarc=dmarc)
    assert desk.ticket(1).status not in ("closed", "spam")
    assert desk.ticket(1).status_type in ("new", "open", "waiting_customer")


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("Dziękuję.", "<p>Dziękuję.</p><span style=display:none>#spam</span>"),
        ("Dziękuję.", "<p>#spam</p>"),
        ("", "<span style=display:none>#spam</span><p>Dziękuję.</p>"),
    ],
    ids=["hidden", "parts that differ", "html alone"],
)
def test_D10_html_orders_nothing(desk: Desk, plain: str, html: str) -> None:
    item = newest(desk, ANN)
    parts = (("plain", plain), ("html", html)) if plain else (("html", html),)
    body = "".join(f'--b\r\nContent-Type: text/{kind}; charset="utf-8"\r\n\r\n{text}\r\n' for kind, text in parts)
    head = f"From: Ann Agent <{ANN}>\r\nTo: {reply_address(item)}\r\nSubject: Re: x\r\nMessage-ID: <h@agents.test>\r\n"
    raw = f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n{body}--b--\r\n'
    desk.take(proven(raw.encode()), to=reply_address(item))
    assert desk.ticket(1).status != "spam"


@pytest.mark.parametrize(
    ("field", "written", "ends"),
    [
        ("Message_ID", "<once@agents.test>", ("duplicate", "open")),
        ("Message_ID", "<twice@agents.test>", ("duplicate", "open")),
        ("Date", "Sat, 21 Nov 2026 11:05:00 +0100", ("record", "closed")),
    ],
    ids=["the same mail", "under another id", "written again"],
)
def test_D10_a_command_that_comes_again_is_none(desk: Desk, field: str, written: str, ends: tuple[str, str]) -> None:
    fields = {"Message_ID": "<once@agents.test>", "Date": "Sat, 21 Nov 2026 10:05:00 +0100"}
    told = newest(desk, ANN)
    raw, to = answer(told, "#close", **fields)
    desk.take(raw, to=to)
    desk.set_status(1, "open", "open")
    other = {"Message_ID": "<other@agents.test>"} if field == "Date" else {}
    raw, _ = answer(told, "#close", **(fields | other | {field: written}))
    again = desk.take(raw, to=to, at=desk.now + timedelta(hours=1))
    assert (again.disposition, desk.ticket(1).status) == ends
