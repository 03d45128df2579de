"""Whatever an attacker holds of another person's ticket, no word crosses over: each row a mail, on both databases."""

from dataclasses import dataclass

from sqlalchemy import insert

from gateway.config import Settings
from gateway.store.schema import ticket_alias
from gateway.store.store import Store
from tests.processing import Desk, mail, verdict

JAN, EVA = "jan@bigbank.test", "eva@evil.test"
SECRET = "Numer konta 1234 5678."


@dataclass(frozen=True, slots=True)
class Row:
    """One mail of somebody who wants into Jan's ticket. {} in a value is filled with what the attacker holds."""

    what: str
    author: str = EVA
    subject: str = "Pytanie"
    body: str = "Proszę o całą historię."
    to: str = "support@gw.test"
    fields: tuple[tuple[str, str], ...] = ()
    dmarc: str = ""
    held: bool = False  # seen by agents in Jan's ticket, by nobody else; otherwise his ticket is untouched


_OTHER_NAMES = (
    ("Cyrillic letter", "j\u0430n@bigbank.test"),
    ("full-width letter", "\uff4aan@bigbank.test"),
    ("dotless i", "jan@b\u0131gbank.test"),
    ("last dot", "jan@bigbank.test."),
    ("sub-address", "jan+x@bigbank.test"),
    ("blank behind, in quotes", '"jan "@bigbank.test'),
    ("blank inside, in quotes", '"j an"@bigbank.test'),
    ("subdomain", "jan@mail.bigbank.test"),
    ("address in the name", f'"{JAN}" <{EVA}>'),
    ("address in a comment", f"{EVA} ({JAN})"),
    ("encoded address", "=?utf-8?q?jan=40bigbank.test?= <eva@evil.test>"),
    ("two mailboxes", f"{JAN}, {EVA}"),
    ("group", f"Team: {JAN};"),
    ("route", f"<@evil.test:{JAN}>"),
    ("two readings", f"{JAN} <{EVA}>"),
    ("unclosed", f"<{JAN}"),
)
_PROOFS = (
    ("a number", {"subject": "Re: [#{n}] Zwrot"}, False),
    ("a number in another form", {"subject": "Re: [Ticket#{n}] Zwrot"}, False),
    ("an imported name", {"subject": "Re: [OLD-77] Zwrot"}, False),
    ("a subject", {"subject": "Re: Zwrot"}, False),
    ("a stored Message-ID", {"fields": (("In-Reply-To", "<j1@bigbank.test>"),)}, False),
    ("a stored Message-ID in References", {"fields": (("References", "<e0@evil.test> <j1@bigbank.test>"),)}, False),
    ("a body token", {"body": "Proszę o historię.\n\n{body}"}, False),
    ("a body token in a quote", {"body": "Proszę o historię.\n\n> {body}"}, False),
    ("a root id", {"fields": (("In-Reply-To", "{root}"),)}, False),
    ("a Message-ID token", {"fields": (("In-Reply-To", "{mid}"),)}, True),
    ("a Message-ID token in References", {"fields": (("References", "<x@y.test> {mid}"),)}, True),
    ("a reply token", {"to": "{token}"}, True),
    ("a reply token in To alone", {"fields": (("To", "{token}"),)}, True),
    ("a reply token in Cc alone", {"fields": (("Cc", "{token}"),)}, True),
    ("his own Message-ID again", {"fields": (("Message-ID", "<j1@bigbank.test>"),)}, False),
    ("one of our Message-IDs as his", {"fields": (("Message-ID", "{mid}"),)}, False),
    ("Reply-To", {"subject": "[#{n}]", "fields": (("Reply-To", JAN),)}, False),
    ("Sender", {"subject": "[#{n}]", "fields": (("Sender", JAN),)}, False),
    ("Cc", {"subject": "[#{n}]", "fields": (("Cc", JAN),)}, False),
    ("Resent-From", {"subject": "[#{n}]", "fields": (("Resent-From", JAN),)}, False),
    ("X-Original-From", {"subject": "[#{n}]", "fields": (("X-Original-From", JAN),)}, False),
    ("internal fields", {"fields": (("X-Mailwicket-Ticket", "{n}"), ("X-Mailwicket-Auth", "agent"))}, False),
    ("everything without a token", {"subject": "Re: [#{n}] Zwrot", "body": "A.\n{body}",
        "fields": (("In-Reply-To", "<j1@bigbank.test>"), ("Reply-To", JAN), ("Cc", JAN))}, False),
    ("everything", {"subject": "Re: [#{n}] Zwrot", "to": "{token}", "body": "A.\n{body}",
        "fields": (("In-Reply-To", "{mid}"), ("Reply-To", JAN))}, True),
)  # fmt: skip
TABLE = (
    *(Row(f"{what}, of another address", **said, held=held) for what, said, held in _PROOFS),  # type: ignore[arg-type]
    *(
        Row(f"{what}, DMARC fails", author=JAN, dmarc="fail", **said, held=held)  # type: ignore[arg-type]
        for what, said, held in _PROOFS
    ),
    *(Row(f"{name}: a number", author=author, subject="Re: [#{n}] Zwrot") for name, author in _OTHER_NAMES),
    *(Row(f"{name}: a stored Message-ID", author=author, fields=(("In-Reply-To", "<j1@bigbank.test>"),))
      for name, author in _OTHER_NAMES),
    *(Row(f"{name}: a token", author=author, to="{token}", held=True) for name, author in _OTHER_NAMES),
)  # fmt: skip


def test_no_word_crosses_over(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN, body=SECRET, Message_ID="<j1@bigbank.test>")).ticket
    assert number is not None
    desk.write(lambda c: c.execute(insert(ticket_alias), {"alias": "77", "ticket": number}))
    held = {
        "n": str(number),
        "token": desk.reply_address(JAN, number),
        "mid": desk.our_id(JAN, number),
        "root": desk.ring.root_message_id(number, JAN, "gw.test"),
        "body": desk.ring.body_token(number, JAN),
    }
    for n, row in enumerate(TABLE):
        before = (desk.ticket(number), desk.entries(number))
        fields = {name.replace("-", "_"): value.format(**held) for name, value in row.fields}
        raw = mail(row.author, row.subject.format(**held), f"{n}: {row.body.format(**held)}", **fields)
        to = row.to.format(**held)
        outcome = desk.take(verdict(row.dmarc, raw) if row.dmarc else raw, to=to, sender=EVA)
        after = (desk.ticket(number), desk.entries(number))
        if row.held:
            added = after[1][-1]
            assert (outcome.ticket, added.trust, added.held, added.public) == (
                number, "third-party", "third-party", False), row.what  # fmt: skip
            assert after[0].status == before[0].status, row.what
        else:
            assert outcome.ticket != number, (row.what, desk.why(outcome).match)
            assert after == before, row.what
        assert desk.participants(number) == {JAN}, row.what
    assert SECRET.encode() not in b"".join(letter.raw for letter in desk.mails() if letter.forward_path != JAN)
