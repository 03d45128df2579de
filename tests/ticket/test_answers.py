"""What an answer does to its ticket, and who gets an acknowledgement: from octets to what is stored and sent."""

import email
import email.policy
from collections.abc import Callable
from textwrap import wrap

import pytest

from gateway.config import Settings
from gateway.message.html import html_text, sanitised
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

JAN, EVA = "jan@bigbank.test", "eva@evil.test"


def _rewrapped(text: str) -> str:
    return "\n".join(wrap(" ".join(text.split()), 50, break_long_words=False))


def _in_another_charset(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _as_html(text: str) -> str:
    lines = text.replace(" ", "&nbsp; ").split("\n")
    return "".join(f"<div><span>{line}</span></div>" for line in lines)


@pytest.mark.parametrize(
    ("written", "media_type"),
    [
        # what his mail program makes of our mail, which it neither marks nor introduces
        (str, "plain"),
        (_rewrapped, "plain"),
        (_in_another_charset, "plain"),
        (_as_html, "html"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "html"])
def test_what_he_repeats_of_our_mail_is_folded(
    store: Store, settings: Settings, form: str, written: Callable[[str], str], media_type: str
) -> None:
    desk = Desk(store, settings)
    desk.take(mail(Message_ID="<a1@bigbank.test>"))
    (ack,) = desk.mails()
    ours = email.message_from_bytes(ack.raw, policy=email.policy.default).get_body((form,)).get_content()  # type: ignore[attr-defined]
    if form == "html":
        ours = html_text(sanitised(ours))
    ours = "\n".join(line for line in ours.split("\n") if "—" not in line)  # not even our marker is left
    body = "\n\n".join(map(written, ("But where is it?", "Jan", ours)))
    fields = {"In_Reply_To": ack.message_id, "Content_Type": f"text/{media_type}; charset=utf-8"}
    desk.take(mail(subject="Re: Zwrot", body=body, **fields))
    answer = desk.entries(1)[1]
    assert answer.text.split() == ["But", "where", "is", "it?", "Jan"]
    assert "#1" in answer.quoted


def test_a_third_party_stays_one_whatever_he_answers(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    desk.take(mail())
    eva = {"author": EVA, "subject": "Re: Zwrot"}
    desk.take(mail(**eva, body="I have his address.", Message_ID="<e1@evil.test>"), to=desk.reply_address(JAN, 1))
    desk.take(mail(**eva, body="And now my own words.", In_Reply_To="<e1@evil.test>"))
    assert [(e.trust, e.public) for e in desk.entries(1)] == [("participant", True), ("third-party", False)]
    assert [t.number for t in desk.tickets()] == [1, 2]  # a reference alone gives him a ticket of his own


_MOVES = RULES + (
    "rules:\n  - {id: every-reply, on: reply, do: [{set: {status: solved}}, {tag: [seen]}, {reply: auto_ack}]}\n"
)


@pytest.mark.parametrize(
    ("who", "fields", "moves"),
    [
        # who writes to Jan's reply address, with which fields: do the rules for replies see it
        (JAN, {}, True),
        (EVA, {}, False),  # a third party
        (JAN, {"Auto_Submitted": "auto-replied"}, False),  # his machine
    ],
)
def test_only_a_participants_own_words_are_a_reply(
    store: Store, settings: Settings, who: str, fields: dict[str, str], moves: bool
) -> None:
    desk = Desk(store, settings, _MOVES)
    desk.take(mail())
    desk.take(mail(who, "Re: Zwrot", "words", **fields), to=desk.reply_address(JAN, 1))
    (ticket,) = desk.tickets()
    assert ticket.tags == (("seen",) if moves else ())
    assert ticket.status == ("solved" if moves else "new")
    assert [item.forward_path for item in desk.mails()] == [
        JAN
    ]  # his second one is over his budget; nobody else gets one


@pytest.mark.parametrize(
    ("raw", "sender", "code"),
    [
        (mail(Auto_Submitted="auto-replied"), JAN, "machine-sender"),
        (mail(List_Id="<news.x.test>"), JAN, "machine-sender"),
        (mail(), None, "null-sender"),
        (mail(), "somebody@else.test", "envelope-differs"),
    ],
)
def test_who_gets_no_acknowledgement(
    store: Store, settings: Settings, raw: bytes, sender: str | None, code: str
) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(raw, sender=sender)
    assert [(item.state, item.reason) for item in desk.outbox()] == [("suppressed", code)], outcome


def test_who_writes_as_ourselves_is_recorded_and_gets_nothing(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(mail("support@gw.test"), sender="support@gw.test")
    assert (outcome.disposition, desk.outbox()) == ("record", [])
    assert outcome.reason.startswith("own mail")
