"""Conversations with a desk, and for each mail the right answer: which ticket its words belong to, and whose they are.

A story yields the mails of one matter, one after another, and is told what became of each. The right answer is what a
person would say who knows how the mail was made; it is never taken from the gateway.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from sqlalchemy import insert

from gateway.rules.statuses import StatusType
from gateway.store.schema import ticket_alias
from gateway.ticket.types import Outcome
from tests.conversations.damage import Answer, Ours, answer
from tests.conversations.words import FORWARD_WORDS, REPLY_WORDS, SUBJECTS, TEXTS
from tests.processing import Desk, verdict

Trust = Literal["own", "third-party"]  # the words of one who takes part; of somebody else, kept from customers
Telling = Generator["Mail", Outcome, None]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, and what is right."""

    what: str
    raw: bytes
    to: str
    at: datetime
    sender: str | None
    ticket: int | None  # None: a ticket of its own
    trust: Trust = "own"
    mentions: int | None = None  # the ticket that the new one should name


class Teller:
    """One matter: who writes, in which language, and the ticket that it has become."""

    def __init__(self, desk: Desk, number: int, chance: Random, start: datetime) -> None:
        self.desk, self.chance, self.now, self._number = desk, chance, start, number
        self.language = chance.choice(sorted(SUBJECTS))
        self.subject = chance.choice(SUBJECTS[self.language])
        self.jan = f"jan{number}@{chance.choice(('bigbank', 'hospital', 'shop'))}.test"
        self._count, self._sent = 0, 0
        self.ids: list[str] = []

    def person(self, name: str) -> str:
        """The address of somebody else in this story."""
        return f"{name}{self._number}@elsewhere.test"

    def opening(self, what: str = "opening", **fields: str) -> Mail:
        """The first mail of the matter."""
        return self.mail(what, self.subject, None, **fields)

    def mail(
        self,
        what: str,
        subject: str,
        ticket: int | None,
        *,
        author: str = "",
        to: str = "support@gw.test",
        quoted: str = "",
        trust: Trust = "own",
        mentions: int | None = None,
        dmarc: str = "",
        later: timedelta = timedelta(minutes=7),
        automatic: bool = False,
        **fields: str,
    ) -> Mail:
        """A mail of this story, its words its own."""
        self._count += 1
        self.now += later
        who = author or self.jan
        id = f"<{self._number}.{self._count}@mail.test>"
        head = {"From": who, "To": "support@gw.test", "Subject": subject, "Message-ID": id} | fields
        head |= {"Auto-Submitted": "auto-replied"} if automatic else {}
        head["Content-Type"] = "text/plain; charset=utf-8"
        words = f"{TEXTS[self.language].format(f'{self._number}-{self._count}')}\r\n{quoted}"
        raw = ("".join(f"{name}: {value}\r\n" for name, value in head.items()) + f"\r\n{words}\r\n").encode()
        if who == self.jan:
            self.ids.append(id)
        if dmarc:
            raw = verdict(dmarc, raw)
        return Mail(what, raw, to, self.now, who if "<" not in who else self.jan, ticket, trust, mentions)

    def ours(self, ticket: int, who: str = "") -> Ours:
        """A mail of ours in the ticket, as an agent's answer carries its tokens."""
        self._sent += 1
        nonce = "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz234567", k=8))
        tag, whom = f"[#{ticket}]", who or self.jan
        return Ours(
            subject=f"{tag} {self.subject}",
            tag=tag,
            reply_address=self.desk.reply_address(whom, ticket),
            message_id=self.desk.our_id(whom, ticket, nonce),
            earlier=tuple(self.ids[-2:]),
            body_token=self.desk.ring.body_token(ticket, whom),
        )

    def answered(self, what: str, ticket: int | None, ours: Ours, **different: object) -> Mail:
        """An answer to a mail of ours, damaged on its way."""
        return self.with_answer(what, ticket, answer(ours, self.language, self.chance), **different)

    def with_answer(self, what: str, ticket: int | None, made: Answer, **different: object) -> Mail:
        """The mail of an answer."""
        return self.mail(what, made.subject, ticket, to=made.to, quoted=made.quoted, **made.fields, **different)  # type: ignore[arg-type]

    def reply_word(self) -> str:
        """What a program puts before the subject of an answer."""
        return self.chance.choice(REPLY_WORDS[self.language])

    def status(self, ticket: int, name: str, kind: StatusType) -> None:
        """An agent sets it."""
        self.desk.now = self.now
        self.desk.set_status(ticket, name, kind)


def plain(t: Teller) -> Telling:
    """A matter and its answers."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    for _ in range(t.chance.randint(1, 4)):
        yield t.answered("answer", ticket, t.ours(ticket))


def own_mails(t: Teller) -> Telling:
    """The customer answers his own mail, from the folder of what he sent."""
    ticket = (yield t.opening()).ticket
    yield t.mail("answer to himself", t.subject, ticket, **{"In-Reply-To": t.ids[0]})
    yield t.mail("the same, by References", f"{t.reply_word()}{t.subject}", ticket, References=" ".join(t.ids))


def guessed(t: Teller) -> Telling:
    """All evidence is lost but the subject."""
    ticket = (yield t.opening()).ticket
    yield t.mail("guess", f"{t.reply_word()}{t.subject}", ticket)
    yield t.mail("guess, a scanner's mark", f"[EXTERN] {t.reply_word()}{t.subject}", ticket)
    yield t.mail("guess, after two weeks", f"{t.reply_word()}{t.subject}", None, later=timedelta(days=15))


def two_of_one_subject(t: Teller) -> Telling:
    """Two matters of one person with one subject; an answer that lost everything cannot be placed."""
    first = (yield t.opening()).ticket
    second = (yield t.opening("the same subject, a new matter")).ticket
    assert first is not None
    assert second is not None
    yield t.answered("answer to the first", first, t.ours(first))
    yield t.answered("answer to the second", second, t.ours(second))
    if t.chance.random() < 0.05:
        yield t.mail("an answer that nobody can place", f"{t.reply_word()}{t.subject}", first)


def forwarded(t: Teller) -> Telling:
    """What is forwarded is new, and so is a copy of the subject without the word of an answer."""
    yield t.opening()
    yield t.mail("forward", f"{FORWARD_WORDS[t.language]}{t.subject}", None)
    yield t.mail("the same subject again", t.subject, None)


def strangers(t: Teller) -> Telling:
    """Somebody else knows the number, a Message-ID or the subject."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    eva = t.person("eva")
    yield t.mail("stranger with the number", f"Re: [#{ticket}] {t.subject}", None, author=eva, mentions=ticket)
    yield t.mail("stranger with the subject", f"Re: {t.subject}", None, author=t.person("ida"))
    given = {"In-Reply-To": t.ids[0]}
    yield t.mail("stranger with a Message-ID", "Re: x", None, author=t.person("uta"), mentions=ticket, **given)
    token = f"> {t.desk.ring.body_token(ticket, t.jan)}"
    yield t.mail("stranger with a body token", "y", None, author=t.person("ola"), mentions=ticket, quoted=token)
    yield t.answered("the customer goes on", ticket, t.ours(ticket))


def forged_tokens(t: Teller) -> Telling:
    """Tokens that were made up, changed, or made for something else."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    eva, other = t.person("eva"), ticket + 1
    address = t.desk.reply_address(t.jan, ticket)
    at = t.chance.randrange(address.index(".") + 1, address.index("@"))
    flipped = address[:at] + ("b" if address[at] == "a" else "a") + address[at + 1 :]
    yield t.mail("flipped token", "Hello", None, author=eva, to=flipped, mentions=ticket)
    yield t.mail("a token of another ticket", "Hi", None, author=eva, to=address.replace(f"+t{ticket}.", f"+t{other}."))
    yield t.mail("a token for another purpose", "Hey", None, author=eva, to=address.replace("+t", "+n"))
    made_up = f"<mw.{ticket}.abcdefgh.a{'q' * 26}@gw.test>"
    yield t.mail("made-up Message-ID", "Ho", None, author=eva, mentions=ticket, **{"In-Reply-To": made_up})
    yield t.mail("the customer, with a flipped token", "Co nowego", None, to=flipped, mentions=ticket)


def replayed_tokens(t: Teller) -> Telling:
    """A genuine token in the hands of somebody else: his words are kept apart."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    address, id = t.desk.reply_address(t.jan, ticket), t.desk.our_id(t.jan, ticket)
    eva = t.person("eva")
    yield t.mail("somebody else with the address", "Hello", ticket, author=eva, to=address, trust="third-party")
    answers = {"In-Reply-To": id}
    yield t.mail("somebody else with our Message-ID", "Hello", ticket, author=eva, trust="third-party", **answers)
    yield t.mail("he is not known by that", f"[#{ticket}]", None, author=eva, mentions=ticket)
    yield t.answered("the customer goes on", ticket, t.ours(ticket))


def forged_author(t: Teller) -> Telling:
    """Somebody writes as the customer, and our boundary says that it is not so."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    yield t.mail("forged, with the number", f"[#{ticket}]", None, dmarc="fail", mentions=ticket)
    yield t.mail("forged, with a reply word", f"Re: {t.subject}", None, dmarc="fail")
    address = t.desk.reply_address(t.jan, ticket)
    yield t.mail("forged, with the token", "Re: x", ticket, dmarc="fail", to=address, trust="third-party")
    two = f"{t.jan} <{t.person('eva')}>"
    yield t.mail("two readings of the From", f"[#{ticket}]", None, author=two, mentions=ticket)
    yield t.mail("genuine again", f"[#{ticket}]", ticket, dmarc="pass")


def in_copy(t: Teller) -> Telling:
    """People in Cc answer all: they have no part in the ticket until an agent says so."""
    pia = t.person("pia")
    ticket = (yield t.opening(Cc=pia)).ticket
    assert ticket is not None
    yield t.mail("Cc answers all", f"Re: {t.subject}", None, author=pia, mentions=ticket, **{"In-Reply-To": t.ids[0]})
    address = t.desk.reply_address(t.jan, ticket)
    yield t.mail("Cc answers our mail", f"Re: {t.subject}", ticket, author=pia, to=address, trust="third-party")
    yield t.answered("the customer goes on", ticket, t.ours(ticket))


def closed(t: Teller) -> Telling:
    """Answers to what was finished: soon they go on in it, late they begin anew."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    t.status(ticket, "solved", "solved")
    yield t.answered("answer to a solved one", ticket, t.ours(ticket), later=timedelta(days=3))
    t.status(ticket, "closed", "closed")
    yield t.answered("answer to a closed one", ticket, t.ours(ticket), later=timedelta(days=29))
    t.status(ticket, "closed", "closed")
    yield t.answered("answer much later", None, t.ours(ticket), later=timedelta(days=40), mentions=ticket)


def other_address(t: Teller) -> Telling:
    """The customer has two addresses, and an agent knows it."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    home = t.person("home")
    yield t.mail("from an address that nobody knows", f"[#{ticket}]", None, author=t.person("work"), mentions=ticket)
    t.desk.add_address(t.jan, home)
    yield t.mail("from his other address", f"Re: [#{ticket}] {t.subject}", ticket, author=home)
    token = t.ours(ticket)
    yield t.mail("a token of the first", "Re: x", ticket, author=home, to=token.reply_address)
    yield t.mail("guess from the other", f"Re: {t.subject}", ticket, author=home)


def old_desk(t: Teller) -> Telling:
    """A ticket that was imported, under the name that the old desk gave it."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    name = str(900_000 + ticket)
    t.desk.write(lambda c: c.execute(insert(ticket_alias), {"alias": name, "ticket": ticket}))
    yield t.mail("old name", f"{t.reply_word()}[OLD-{name}] {t.subject}", ticket)
    yield t.mail("old name, small letters", f"[old-{name}]", ticket)
    yield t.mail("old name, a stranger", f"[OLD-{name}]", None, author=t.person("eva"), mentions=ticket)


def moved(t: Teller) -> Telling:
    """The ticket goes to another team; the thread stays."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    t.desk.move(ticket, "billing")
    yield t.answered("answer after the move", ticket, t.ours(ticket))
    yield t.mail("to the other team", f"[#{ticket}] {t.subject}", ticket, to="billing@gw.test")


def robots(t: Teller) -> Telling:
    """Automatic answers follow their thread by evidence, and are never guessed into one."""
    ticket = (yield t.opening()).ticket
    assert ticket is not None
    ours = t.ours(ticket)
    yield t.mail("absence, with our Message-ID", "Abwesend", ticket, automatic=True, **{"In-Reply-To": ours.message_id})
    yield t.mail("absence, without anything", f"Re: {t.subject}", None, automatic=True)


def quoting_others(t: Teller) -> Telling:
    """Two own matters; in one answer the mail of the other is quoted."""
    first = (yield t.opening()).ticket
    second = (yield t.mail("another matter", f"{t.subject} 2", None)).ticket
    assert first is not None
    assert second is not None
    token = f"> {t.desk.ring.body_token(first, t.jan)}"
    address = t.desk.reply_address(t.jan, second)
    yield t.mail("quotes the first, answers the second", "Re: x", second, to=address, quoted=token)
    yield t.mail(
        "quotes the first, names the second", f"[#{second}]", second, **{"In-Reply-To": t.ids[1]}, quoted=token
    )
    yield t.mail("pastes the first into the first", "z", first, quoted=token)


def merged(t: Teller) -> Telling:
    """Two matters of one person become one; all that named the first leads to the second."""
    first = (yield t.opening()).ticket
    second = (yield t.mail("another matter", f"{t.subject} 2", None)).ticket
    assert first is not None
    assert second is not None
    t.desk.now = t.now
    t.desk.merge(first, second)
    for _ in range(t.chance.randint(1, 3)):
        yield t.answered("answer to the merged one", second, t.ours(first))
    yield t.answered("answer to the other", second, t.ours(second))
    yield t.mail("stranger with the merged number", f"[#{first}]", None, author=t.person("eva"), mentions=second)


STORIES: tuple[tuple[int, Callable[[Teller], Telling]], ...] = (
    # how often, which
    (30, plain), (6, own_mails), (6, guessed), (4, two_of_one_subject), (4, forwarded), (6, strangers),
    (5, forged_tokens), (5, replayed_tokens), (5, forged_author), (5, in_copy), (6, closed), (4, other_address),
    (3, old_desk), (3, moved), (3, robots), (3, quoting_others), (4, merged),
)  # fmt: skip
