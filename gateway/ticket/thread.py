"""Which ticket a mail belongs to, by which evidence, and what that evidence is worth.

Sources  RFC 5322 §3.6.4 (In-Reply-To, References), RFC 5256 §2.1 (base subject). Order of evidence: reply token, our
         Message-ID or one that this author sent or was sent, body token, subject tag of a participant, guess. The first
         that holds decides; all others are recorded as refused, with the reason.
         A number in a subject is a hint, never a key. Whoever cannot be known for sure, because the From has two
         readings or DMARC says no, is a stranger, whatever he holds.
Not here  how tokens are made and verified (token.py), what the match changes (apply.py).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.message.address import normal
from gateway.message.subject import base_subject, is_answer
from gateway.message.types import Auth, Classification, Envelope, Message
from gateway.rules.types import RuleSet
from gateway.ticket.alias import AliasPatterns
from gateway.ticket.answered import addressed_tokens
from gateway.ticket.life import goes_on
from gateway.ticket.token import TokenRing
from gateway.ticket.token_forms import (
    MessageToken,
    ReplyToken,
    find_body_tokens,
    find_message_tokens,
    find_subject_numbers,
)
from gateway.ticket.types import Evidence, Refused, ThreadMatch, Ticket, Trust

GUESS_WITHIN = timedelta(days=14)
_KINDS = {  # of evidence, strongest first, in words
    "token": "reply token", "references": "References", "body-token": "body token", "subject-tag": "[#n]",
    "guess": "guess",
}  # fmt: skip
_MAX_IDS = 20  # the newest References; more are a flood
_MAX_NUMBERS = 5
_MAX_FIELD = 4000  # characters of a field that lost its brackets
_ANSWERING = ("In-Reply-To", "References")
_TRUST_ORDER: tuple[Trust | None, ...] = ("proven", "participant", "third-party", "stranger", None)


class ThreadIndex(Protocol):
    """The look-ups of threading; each is a query by index."""

    def ticket(self, number: int) -> Ticket | None:
        """The ticket in which the matter of this number goes on; None when there is no such number."""
        ...

    def participants(self, number: int) -> Sequence[str]:
        """Addresses, in normal form, of those who take part in the ticket, all of each of them."""
        ...

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Message-ID -> (ticket, address) of each who sent it or was sent it."""
        ...

    def continued(self, number: int) -> Sequence[int]:
        """The tickets that were opened to go on from the ticket, newest first, bounded."""
        ...

    def alias(self, name: str) -> int | None:
        """The number of the ticket that an imported system called so; None when it called none."""
        ...

    def recent(self, address: str, since: datetime) -> Sequence[Ticket]:
        """The customer's tickets that are not closed and changed since then, newest first, bounded."""
        ...


@dataclass(frozen=True, slots=True)
class ThreadPolicy:
    """What the site and the rules say about threading."""

    ring: TokenRing
    delimiter: str
    subject_prefix: str
    rules: RuleSet
    subject_aliases: AliasPatterns


@dataclass(frozen=True, slots=True)
class _Found:
    """One piece of evidence: it holds with a trust, or it is refused because."""

    by: Evidence
    ticket: int
    trust: Trust | None  # None is refused
    words: str  # what matched, or why it does not hold


def thread(
    message: Message,
    envelope: Envelope,
    verdict: Classification,
    auth: Auth,
    index: ThreadIndex,
    policy: ThreadPolicy,
    now: datetime,
    *,
    ours: bool = False,
) -> ThreadMatch:
    """The ticket of a mail, or that it opens a new one, with every piece of evidence that was found.

    A ticket that was finished longer than the reopen window ago is not continued but mentioned; where the author went
    on from it before, in a ticket that is not over itself, he goes on there.
    ours  a person of ours wrote it, and it comes from our own archive: it belongs to what it answers
    """
    desk = _Desk(message, auth, index, policy, ours=ours)
    taken: _Found | None = None
    over: int | None = None
    refused: dict[Refused, None] = {}
    for found in desk.evidence(envelope):
        ticket = desk.ticket(found.ticket)
        takes_part = found.trust in ("proven", "participant")
        if takes_part and ticket is not None and not goes_on(ticket, policy.rules, now):
            over = ticket.number if over is None else over
            if (after := desk.goes_on_from(ticket.number, now)) is not None:
                found = replace(
                    found, words=f"{found.words}; #{ticket.number} was over, and goes on in #{after.number}"
                )
                ticket = after
        if (because := _against(found, ticket, taken, policy, now)) is not None:
            refused.setdefault(Refused(found.by, found.ticket, because))
        elif taken is None and ticket is not None:
            taken = _Found(found.by, ticket.number, found.trust, found.words)
    if taken is None and all(desk.ticket(r.ticket) is None for r in refused):
        taken = _guess(desk, verdict, now, refused)
    if taken is not None and taken.trust is not None:
        return ThreadMatch(taken.ticket, taken.by, taken.trust, taken.words, (), tuple(refused))
    named = (ticket.number for r in refused if (ticket := desk.ticket(r.ticket)) is not None)
    mentions = tuple(dict.fromkeys(named))[:_MAX_NUMBERS]
    words = _nothing(message, {r.by for r in refused})
    return ThreadMatch(None, "none", "stranger", words, mentions, tuple(refused), over)


def _nothing(message: Message, refused: Collection[str]) -> str:
    """What there was not; evidence that was found and refused is told beside it."""
    answers = message.in_reply_to or message.references
    kinds = _KINDS | ({"references": "References to mail that we know"} if answers else {})
    return ", ".join(f"no {words}" for by, words in kinds.items() if by not in refused) or "no evidence holds"


def is_answering(message: Message) -> bool:
    """Whether the mail looks like an answer to another one, whichever."""
    return bool(message.in_reply_to or message.references) or is_answer(message.subject)


def _against(
    found: _Found, ticket: Ticket | None, taken: _Found | None, policy: ThreadPolicy, now: datetime
) -> str | None:
    """Why a piece of evidence is not followed; None when it is, or agrees with the one that was."""
    if ticket is None:
        return "there is no such ticket"
    if found.trust is None:
        return found.words
    if taken is not None:
        return None if taken.ticket == ticket.number else f"the {taken.by} before it named #{taken.ticket}"
    if not goes_on(ticket, policy.rules, now):
        return f"it was {ticket.status} {(now - ticket.status_at).days} days ago"
    return None


def _guess(desk: "_Desk", verdict: Classification, now: datetime, refused: dict[Refused, None]) -> _Found | None:
    """The one recent ticket of this author with this base subject, for an answer that lost all evidence.

    What does not look like an answer is a new matter, whatever its subject (acceptance A-09).
    """
    message, author, base = desk.message, desk.author, base_subject(desk.message.subject)
    if author is None or verdict.kind != "person" or not is_answering(message) or not base:
        return None
    fitting = [t for t in desk.index.recent(author, now - GUESS_WITHIN) if base_subject(t.subject) == base]
    if len(fitting) == 1:
        return _Found("guess", fitting[0].number, "participant", "an answer of this author with this subject")
    for ticket in fitting[:_MAX_NUMBERS]:
        because = f"{len(fitting)} tickets of this author have this subject"
        refused.setdefault(Refused("guess", ticket.number, because))
    return None


class _Desk:
    """One mail before the tickets: its author, and each look-up made once."""

    def __init__(
        self, message: Message, auth: Auth, index: ThreadIndex, policy: ThreadPolicy, *, ours: bool = False
    ) -> None:
        self.message, self.index, self._policy, self._ours = message, index, policy, ours
        self._failed = auth.dmarc == "fail"
        self.author = normal(message.author.address) if message.author is not None and not self._failed else None
        self._tickets: dict[int, Ticket | None] = {}
        self._people: dict[int, Sequence[str]] = {}

    def ticket(self, number: int | None) -> Ticket | None:
        """The ticket that goes on under this number; None when there is none."""
        if number is None:
            return None
        if number not in self._tickets:
            self._tickets[number] = self.index.ticket(number)
        return self._tickets[number]

    def evidence(self, envelope: Envelope) -> Iterator[_Found]:
        """Every piece of evidence, strongest first."""
        yield from self._reply_tokens(envelope)
        yield from self._references()
        yield from self._body_tokens()
        yield from self._subject_tags()

    def goes_on_from(self, number: int, now: datetime) -> Ticket | None:
        """The ticket in which the author goes on from one that is over, however often; None where that is over, too."""
        to_look_at, seen = [number], {number}
        while to_look_at and len(seen) <= _MAX_NUMBERS:
            for each in self.index.continued(to_look_at.pop(0)):
                ticket = self.ticket(each)
                if ticket is None or ticket.number in seen or self.author not in self._participants(each):
                    continue
                if goes_on(ticket, self._policy.rules, now):
                    return ticket
                seen.add(ticket.number)
                to_look_at.append(ticket.number)
        return None

    def _participants(self, number: int) -> Sequence[str]:
        """Of the ticket, and of the one that it was merged into."""
        if number not in self._people:
            people = self.index.participants(number)
            goes_on = self._number(number)
            self._people[number] = people if goes_on == number else (*people, *self.index.participants(goes_on))
        return self._people[number]

    def _reply_tokens(self, envelope: Envelope) -> Iterator[_Found]:
        """Of several, those that the author holds himself, or may use, come first."""
        tokens = addressed_tokens(self.message, envelope, self._policy.delimiter)
        found = [self._held("token", t, t.ticket) for t in tokens if t.ticket is not None and t.purpose in ("t", "k")]
        yield from sorted(found, key=lambda f: _TRUST_ORDER.index(f.trust))

    def _references(self) -> Iterator[_Found]:
        """In-Reply-To first, then References from the newest back (RFC 5322 §3.6.4); then what lost its brackets."""
        message = self.message
        ids = tuple(dict.fromkeys((*message.in_reply_to, *reversed(message.references))))[:_MAX_IDS]
        stored = self.index.holders(ids) if ids else {}
        for id in ids:
            yield from (self._held("references", t, t.ticket) for t in find_message_tokens(id) if not t.root)
            yield from self._stored(id, stored.get(id, ()))
        fields = (value[:_MAX_FIELD] for name in _ANSWERING for value in message.values(name)[:1])
        bare = dict.fromkeys(token for field in fields for token in find_message_tokens(field))
        known = {token for id in ids for token in find_message_tokens(id)}
        yield from (self._held("references", t, t.ticket) for t in bare if not t.root and t not in known)

    def _stored(self, id: str, holders: Sequence[tuple[int, str]]) -> Iterator[_Found]:
        """A Message-ID that somebody sent or was sent: only those who did may answer it, while they take part."""
        for number in dict.fromkeys(number for number, _ in holders):
            if self._ours:
                yield _Found("references", number, "participant", f"{id}, which a person of ours answered")
            elif not any(n == number and address == self.author for n, address in holders):
                yield _Found("references", number, None, "this author neither sent nor was sent the mail it answers")
            elif self.author not in self._participants(number):
                yield _Found("references", number, None, self._no_part())
            else:
                yield _Found("references", number, "participant", f"{id}, which this author sent or was sent")

    def _body_tokens(self) -> Iterator[_Found]:
        """They find the thread where a client lost everything else; they never give authority.

        A text that holds tokens of several threads quotes the others; none can be told from them.
        """
        message = self.message
        tokens = find_body_tokens(f"{message.text}\n{message.quoted}\n{message.signature}")
        several = len({self._number(token.ticket) for token in tokens}) > 1
        for token in tokens:
            people = self._participants(token.ticket)
            if self._policy.ring.holder(token, people) is None:
                yield _Found("body-token", token.ticket, None, self._policy.ring.refusal(token))
            elif self.author is None or self.author not in people:
                yield _Found("body-token", token.ticket, None, self._no_part())
            elif several:
                yield _Found("body-token", token.ticket, None, "the text holds tokens of several threads")
            else:
                yield _Found("body-token", token.ticket, "participant", "a token in the text, from a participant")

    def _subject_tags(self) -> Iterator[_Found]:
        """A number, or a name of an imported system: a hint that counts for those who take part."""
        subject, policy = self.message.subject, self._policy
        tags = [(number, f"#{number}") for number in find_subject_numbers(subject, policy.subject_prefix)]
        names = ((self.index.alias(name), name) for name in policy.subject_aliases.found(subject))
        tags += [(number, f"“{name}”") for number, name in names if number is not None]
        for number, words in tags[:_MAX_NUMBERS]:
            if self._ours:
                yield _Found("subject-tag", number, "participant", f"{words} in the subject, from a person of ours")
            elif self.author is not None and self.author in self._participants(number):
                yield _Found("subject-tag", number, "participant", f"{words} in the subject, from a participant")
            else:
                yield _Found("subject-tag", number, None, self._no_part())

    def _held(self, by: Evidence, token: ReplyToken | MessageToken, number: int) -> _Found:
        people = self._participants(number)
        holder = self._policy.ring.holder(token, people)
        if holder is None:
            return _Found(by, number, None, self._policy.ring.refusal(token))
        if holder == self.author:
            return _Found(by, number, "proven", f"a token made for {holder}")
        if self.author is not None and self.author in people:
            return _Found(by, number, "participant", f"a token made for {holder}, used by another participant")
        return _Found(by, number, "third-party", f"a token made for {holder}, used by {self._who()}")

    def _number(self, number: int) -> int:
        ticket = self.ticket(number)
        return number if ticket is None else ticket.number

    def _who(self) -> str:
        if self._failed:
            return "somebody who fails DMARC"
        return "somebody else" if self.author is not None else "an author who cannot be known for sure"

    def _no_part(self) -> str:
        return f"{self._who()} takes no part in it" if self.author is None else "the author takes no part in it"
