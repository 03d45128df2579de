"""The whole way on real SMTP: a mail becomes a ticket, its author gets an acknowledgement, his reply finds it again."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from gateway.config import Settings
from gateway.store import inbound
from tests.agents.mails import proven
from tests.agents.set_by_programs import PNG, answered
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


_HOLDS = RULES + (
    "rules:\n  - {id: spam-words, on: received, when: {subject: {contains: lottery}}, do: [{quarantine: lottery}]}\n"
)


async def test_what_a_rule_held_is_let_through_by_a_person(settings: Settings) -> None:
    async with Gateway(settings, _HOLDS) as gateway:
        await gateway.send(mail("You won the lottery"))
        assert (await gateway.quiet())["quarantine"] == 1
        key = gateway.mails()[0].key
        await gateway.store.write(lambda c: inbound.reopen(c, key, released=True), durable=True)
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}


_TOLD = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test}
teams:
  support: {address: support@acme.test, members: [ann], signature: Acme}
rules:
  - {id: tell, on: [new, reply], do: [{notify: {to: [team], template: agent_notice}}]}
"""


@pytest.mark.parametrize("program", ["Gmail", "Outlook", "Apple Mail"])
async def test_what_an_agent_sets_reaches_the_mailbox_of_the_customer_and_is_folded_in_his_reply(
    settings: Settings, program: str
) -> None:
    trusts = settings.auth.model_copy(update={"trusted_authserv_ids": ("mx.gw.test",)})
    async with Gateway(settings.model_copy(update={"auth": trusts}), _TOLD) as gateway:
        await gateway.send(mail(Message_ID="<a1@bigbank.test>"))
        await gateway.quiet()
        notice = parsed(next(raw for to, raw in gateway.relay.mails if to == "ann@agents.test"))
        address = str(notice["Reply-To"].addresses[0].addr_spec)
        raw = proven(answered(program, notice, address))
        assert (await gateway.send(raw, to=address, sender="ann@agents.test")).startswith("250 2.")
        await gateway.quiet()
        to, octets = gateway.relay.mails[-1]
        assert to == "jan@bigbank.test"
        sent = parsed(octets)
        related = next(part for part in sent.walk() if part.get_content_type() == "multipart/related")
        rich, picture = related.iter_parts()
        words = str(rich.get_content())
        assert "<li><strong>Restart</strong> the router" in words
        assert f'src="cid:{str(picture["Content-ID"]).strip("<>")}"' in words
        assert (picture["Content-ID"].endswith("@acme.test>"), picture.get_content()) == (True, PNG)
        assert related.get_param("type") == "text/html"
        plain = sent.get_body(("plain",))
        assert plain is not None
        quote = "\r\n".join(f"> {line}" for line in str(plain.get_content()).splitlines())
        line = "On Sat, 21 Nov 2026 at 09:05, Ann Agent (Acme) <support@acme.test> wrote:"
        reply = mail("Re: Zwrot", f"Dziękuję, działa.\r\n\r\n{line}\r\n{quote}", In_Reply_To=str(sent["Message-ID"]))
        await gateway.send(reply, to=str(sent["Reply-To"].addresses[0].addr_spec))
        await gateway.quiet()
        assert [entry.text for entry in gateway.entries(1)][2:] == ["Dziękuję, działa."]
