"""The whole way on real SMTP: a mail becomes a ticket, its author gets an acknowledgement, his reply finds it again."""

import asyncio
import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from textwrap import wrap

import pytest

from gateway.config import Settings
from gateway.message.html import html_text, sanitised
from gateway.store import inbound
from tests.running import RULES, Gateway, mail


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


async def test_a_mail_becomes_a_ticket_and_its_author_hears_of_it(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        reply = await gateway.send(mail(Message_ID="<a1@bigbank.test>", References="<a0@bigbank.test>"))
        assert reply.startswith("250 2.")
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}
        (ticket,) = gateway.tickets()
        assert (ticket.subject, ticket.team, ticket.status, ticket.messages) == ("Zwrot", "support", "new", 1)
        ((to, raw),) = gateway.relay.mails
        ack = parsed(raw)
        assert to == "jan@bigbank.test"
        assert ack["In-Reply-To"] == "<a1@bigbank.test>"
        assert ack["References"].split() == ["<a0@bigbank.test>", "<a1@bigbank.test>"]
        assert ack["Auto-Submitted"] == "auto-replied"
        assert f"#{ticket.number}" in ack["Subject"]
        assert "Zwrot" not in raw.decode()  # nothing that a stranger wrote comes back
        assert {part.get_content_type() for part in ack.iter_parts()} == {"text/plain", "text/html"}


@pytest.mark.parametrize(
    ("way", "by"),
    [
        ("reply-to", "token"),  # what mail programs do
        ("in-reply-to", "references"),  # a client that lost the address
        ("subject", "subject-tag"),  # a client that lost everything but the subject
    ],
)
async def test_his_reply_finds_the_ticket(settings: Settings, way: str, by: str) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail(Message_ID="<a1@bigbank.test>"))
        await gateway.quiet()
        ack = parsed(gateway.relay.mails[0][1])
        to = str(ack["Reply-To"].addresses[0].addr_spec) if way == "reply-to" else "support@acme.test"
        fields = {"In_Reply_To": str(ack["Message-ID"])} if way == "in-reply-to" else {}
        subject = "Re: [#1] Zwrot" if way == "subject" else "Re: Zwrot"
        await gateway.send(mail(subject, "A gdzie moje pieniądze?", **fields), to=to)
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 1, "entry": 1}
        (ticket,) = gateway.tickets()
        assert ticket.messages == 2
        trust = "participant" if by == "subject-tag" else "proven"
        assert [e.trust for e in gateway.entries(1)] == ["participant", trust]
        assert len(gateway.relay.mails) == 1  # one acknowledgement a ticket


def _rewrapped(text: str) -> str:
    return "\n".join(wrap(" ".join(text.split()), 50))


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
async def test_what_he_repeats_of_our_mail_is_folded(
    settings: Settings, form: str, written: Callable[[str], str], media_type: str
) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail(Message_ID="<a1@bigbank.test>"))
        await gateway.quiet()
        ack = parsed(gateway.relay.mails[0][1])
        ours = ack.get_body((form,)).get_content()
        if form == "html":
            ours = html_text(sanitised(ours))
        ours = "\n".join(line for line in ours.split("\n") if "—" not in line)  # not even our marker is left
        body = "\n\n".join(map(written, ("But where is it?", "Jan", ours)))
        fields = {"In_Reply_To": str(ack["Message-ID"]), "Content_Type": f"text/{media_type}; charset=utf-8"}
        await gateway.send(mail("Re: Zwrot", body, **fields))
        await gateway.quiet()
        answer = gateway.entries(1)[1]
        assert answer.text.split() == ["But", "where", "is", "it?", "Jan"]
        assert "#1" in answer.quoted


async def test_a_stranger_with_a_number_gets_a_ticket_of_his_own(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        await gateway.send(mail("Re: [#1] Zwrot", From="eva@evil.test"), sender="eva@evil.test")
        await gateway.quiet()
        assert [t.number for t in gateway.tickets()] == [1, 2]
        assert len(gateway.entries(1)) == 1


async def test_a_third_party_stays_one_when_he_answers_himself(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail(Message_ID="<a1@bigbank.test>"))
        await gateway.quiet()
        to = str(parsed(gateway.relay.mails[0][1])["Reply-To"].addresses[0].addr_spec)
        eva = {"From": "eva@evil.test", "Message_ID": "<e1@evil.test>"}
        await gateway.send(mail("Re: Zwrot", "I have his address.", **eva), to=to, sender="eva@evil.test")
        await gateway.quiet()
        again = {"From": "eva@evil.test", "In_Reply_To": "<e1@evil.test>"}
        await gateway.send(mail("Re: Zwrot", "And now my own words.", **again), sender="eva@evil.test")
        await gateway.quiet()
        assert [(e.trust, e.public) for e in gateway.entries(1)] == [("participant", True), ("third-party", False)]
        assert [t.number for t in gateway.tickets()] == [1, 2]  # a reference alone gives him a ticket of his own


@pytest.mark.parametrize(
    ("raw", "sender", "code"),
    [
        (mail(Auto_Submitted="auto-replied"), "jan@bigbank.test", "machine-sender"),
        (mail(List_Id="<news.x.test>"), "jan@bigbank.test", "machine-sender"),
        (mail(), "", "null-sender"),
        (mail(), "somebody@else.test", "envelope-differs"),
        (mail(From="support@acme.test"), "support@acme.test", "own-address"),
    ],
)
async def test_who_gets_no_acknowledgement(settings: Settings, raw: bytes, sender: str, code: str) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(raw, sender=sender)
        numbers = await gateway.quiet()
        assert numbers["received"] == 1
        assert gateway.relay.mails == []
        assert [item.reason for item in gateway.outbox()] in ([code], [])
        assert all(item.state == "suppressed" for item in gateway.outbox())


async def test_our_own_mail_come_back_is_recorded_and_never_answered(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        await gateway.send(gateway.relay.mails[0][1])
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 1, "record": 1}
        assert len(gateway.relay.mails) == 1


async def test_a_report_about_our_mail_goes_to_its_ticket(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        bounce = gateway.outbox()[0].reverse_path
        assert bounce is not None
        report = mail("Undelivered", From="MAILER-DAEMON@bigbank.test", Content_Type="text/plain")
        await gateway.send(report, to=bounce, sender="")
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 1, "report": 1}
        assert gateway.mails()[1].ticket == 1


_MOVES = RULES + (
    "rules:\n"
    "  - {id: every-reply, on: reply, do: [{set: {status: solved}}, {tag: [seen]}, {reply: auto_ack}]}\n"
    "  - {id: spam-words, on: received, when: {subject: {contains: lottery}}, do: [{quarantine: lottery}]}\n"
)


@pytest.mark.parametrize(
    ("who", "fields", "moves"),
    [
        # who writes to Jan's reply address, with which fields: do the rules for replies see it
        ("jan@bigbank.test", {}, True),
        ("eva@evil.test", {}, False),  # a third party
        ("jan@bigbank.test", {"Auto_Submitted": "auto-replied"}, False),  # his machine
    ],
)
async def test_only_a_participants_own_words_are_a_reply(
    settings: Settings, who: str, fields: dict[str, str], moves: bool
) -> None:
    async with Gateway(settings, _MOVES) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        to = str(parsed(gateway.relay.mails[0][1])["Reply-To"].addresses[0].addr_spec)
        mine = {"From": who, "Message_ID": f"<own@{who.partition('@')[2]}>"}
        await gateway.send(mail("Re: Zwrot", "words", **mine, **fields), to=to, sender=who)
        await gateway.quiet()
        (ticket,) = gateway.tickets()
        assert ticket.tags == (("seen",) if moves else ())
        assert ticket.status == ("solved" if moves else "new")
        assert len(gateway.relay.mails) == 1  # the second one to Jan is over his budget; nobody else ever gets one
        assert {to for to, _ in gateway.relay.mails} == {"jan@bigbank.test"}


async def test_a_third_party_stays_one_whatever_he_quotes(settings: Settings) -> None:
    async with Gateway(settings, _MOVES) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        to = str(parsed(gateway.relay.mails[0][1])["Reply-To"].addresses[0].addr_spec)
        eva = {"From": "eva@evil.test"}
        await gateway.send(mail("1", "one", Message_ID="<e1@evil.test>", **eva), to=to, sender="eva@evil.test")
        await gateway.quiet()
        await gateway.send(mail("2", "two", In_Reply_To="<e1@evil.test>", **eva), sender="eva@evil.test")
        await gateway.quiet()
        assert [e.trust for e in gateway.entries(1)] == ["participant", "third-party"]
        assert [e.public for e in gateway.entries(1)] == [True, False]


async def test_a_mail_to_two_teams_is_one_ticket_that_names_both(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        recipients = "".join(f"RCPT TO:<{team}@acme.test>\r\n" for team in ("support", "billing"))
        writer.write(f"EHLO x\r\nMAIL FROM:<jan@bigbank.test>\r\n{recipients}DATA\r\n".encode())
        writer.write(mail() + b".\r\nQUIT\r\n")
        assert b"250 2.6.0" in await reader.read()
        await gateway.quiet()
        assert [(t.team, t.flags) for t in gateway.tickets()] == [("support", ("also-to:billing",))]
        writer.close()


async def test_what_a_rule_held_is_let_through_by_a_person(settings: Settings) -> None:
    async with Gateway(settings, _MOVES) as gateway:
        await gateway.send(mail("You won the lottery"))
        assert (await gateway.quiet())["quarantine"] == 1
        key = gateway.mails()[0].key
        await gateway.store.write(lambda c: inbound.reopen(c, key, released=True), durable=True)
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}
