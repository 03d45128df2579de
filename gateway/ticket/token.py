"""Who a token was made for: reply addresses, Message-IDs, body tokens, bounces, loop marks, links, subject tags.

Sources  RFC 5233 (sub-address), RFC 5322 §3.6.4 (Message-ID), RFC 2104 (HMAC), RFC 4648 §6 (base32).
         A token is HMAC-SHA-256 cut to 128 bit, in lower-case base32, behind one letter that names the key of the ring.
         It says nothing about the recipient; it can only be verified for an address that somebody names.
         Relays fold case, so everything is compared in lower case, in constant time. Programs that wrap, quote and
         encode break a token in a text into pieces; it is put together again before it is compared.
Not here  what evidence is worth (thread.py), where the keys are (config.py).
"""

import base64
import hashlib
import hmac
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.message.address import normal

VERIFIES_FOR = timedelta(days=400)  # after a newer key began to sign
_TOKEN_OCTETS = 16
_BODY_OCTETS = 10
_MAX_BODY_TOKENS = 40  # more are somebody's log file, and each costs a look-up
_MAX_MESSAGE_TOKENS = 20

_B32 = "[a-z2-7]"
_T = f"[a-z]{_B32}{{26}}"
_NAME = re.compile("[a-z]")
_NUMBER = "[1-9][0-9]{0,8}"
_REPLY = re.compile(rf"([a-z])({_NUMBER})?(?:-(0|{_NUMBER}))?\.({_T})")
_BOUNCE = re.compile(rf"q([1-9][0-9]{{0,17}})\.({_T})")
# the domain behind it and the brackets around it are nothing to rely on: programs cut and rewrite both
_MESSAGE_ID = re.compile(rf"(?<![a-z0-9.])mw\.({_NUMBER})\.({_B32}{{8}}|root)\.({_T})(?![a-z0-9])")
_BODY_PIECES = re.compile(r"\[\s*mw\s*:([^\[\]]{16,100})\]", re.IGNORECASE)
_BODY = re.compile(rf"({_NUMBER})-({_B32}{{16}})")
# what wrapping, quoting and encoding put into the middle of a word; the dashes that a program makes of a hyphen
_BREAKS = re.compile(r"[\s>|=\u00ad\u200b-\u200d\u2060\ufeff]+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """The detail of a reply address as read; nothing is verified yet."""

    purpose: str
    ticket: int | None  # None for purposes without one
    revision: int | None
    text: str


@dataclass(frozen=True, slots=True)
class MessageToken:
    """One of our Message-IDs as read; nothing is verified yet. A root id never proves anything."""

    ticket: int
    nonce: str
    text: str

    @property
    def root(self) -> bool:
        """Whether it is the made-up start of an agent's thread."""
        return self.nonce == "root"


@dataclass(frozen=True, slots=True)
class BodyToken:
    """A token from the last line of one of our mails as read; nothing is verified yet."""

    ticket: int
    text: str


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of the ring. It signs from `since` until the next one does, and verifies for 400 days more."""

    name: str  # one letter a-z
    key: bytes
    since: datetime  # aware UTC


class TokenRing:
    """The keys by their letter; the newest that has begun signs, those not long ago replaced verify."""

    def __init__(self, keys: Sequence[RingKey], now: Callable[[], datetime]) -> None:
        """`now` tells the time, aware UTC: a ring lives longer than a key may."""
        ordered = sorted(keys, key=lambda k: k.since)
        if not ordered or len({k.name for k in keys}) < len(keys) or not all(_NAME.fullmatch(k.name) for k in keys):
            raise ValueError("each key is named by one letter a-z of its own")
        self._keys = {k.name: k for k in ordered}
        self._until = {k.name: following.since + VERIFIES_FOR for k, following in itertools.pairwise(ordered)}
        self._now = now

    @classmethod
    def of(cls, key: bytes) -> "TokenRing":
        """The ring of one key."""
        return cls((RingKey("a", key, datetime.min.replace(tzinfo=UTC)),), lambda: datetime.max.replace(tzinfo=UTC))

    # --- reply addresses ---

    def reply_address(
        self,
        team_address: str,
        delimiter: str,
        purpose: str,
        ticket: int | None,
        revision: int | None,
        recipient: str,
        generation: int = 0,
    ) -> str:
        """The address whose mail is the recipient's answer: `support+t4812-7.T@acme.test`.

        purpose     one letter: t message, n note, c command, h held item, k satisfaction, x side thread
        ticket      None where the purpose has none.  revision  of the ticket as an agent saw it
        generation  counts up when a recipient's tokens are withdrawn
        """
        local, _, domain = team_address.rpartition("@")
        number = "" if ticket is None else str(ticket)
        seen = "" if revision is None else f"-{revision}"
        token = self._token(purpose, number, seen[1:], normal(recipient), generation)
        return f"{local}{delimiter}{purpose}{number}{seen}.{token}@{domain}"

    def holder(
        self, token: ReplyToken | MessageToken | BodyToken, candidates: Iterable[str], generation: int = 0
    ) -> str | None:
        """The candidate address that the token was made for; None when it is none of them."""
        verifies = self._verifier(token, generation)
        return next((c for c in candidates if verifies(normal(c))), None)

    def refusal(self, token: ReplyToken | MessageToken | BodyToken) -> str:
        """Why a token that has no holder has none, for people."""
        if not isinstance(token, BodyToken):
            name = token.text[:1]
            if name not in self._keys:
                return f"its key “{name}” is not in the ring"
            if not self._verifying(name):
                return f"its key “{name}” verified until {self._until[name]:%Y-%m-%d}"
        return "it was not made for anybody who takes part in this ticket"

    # --- Message-IDs ---

    def message_id(self, ticket: int | None, recipient: str, nonce: str, domain: str) -> str:
        """The Message-ID of a mail of this ticket to this recipient, with angle brackets.

        ticket  None makes one that names no ticket, and is read as none of ours
        nonce   8 random characters a-z2-7, made outside
        """
        if not re.fullmatch(f"{_B32}{{8}}", nonce):
            raise ValueError(f"nonce {nonce!r} is not 8 characters of a-z2-7")
        number = str(ticket or 0)
        return f"<mw.{number}.{nonce}.{self._token('mid', number, nonce, normal(recipient))}@{domain}>"

    def root_message_id(self, thread: int | str, recipient: str, domain: str) -> str:
        """The Message-ID that nobody sent and that holds an agent's mails about a ticket together.

        thread  the number of the ticket; of what comes every day or week, a word for the week
        """
        return f"<mw.{thread}.root.{self._token('mid', str(thread), 'root', normal(recipient))}@{domain}>"

    # --- body tokens ---

    def body_token(self, ticket: int, recipient: str) -> str:
        """The last words of a mail, `[mw:4812-k7q2m6dw3xh5ta4v]`: finds the thread, gives no authority."""
        mac = self._mac(self._signing(), ("body", str(ticket), "", normal(recipient), "0"))
        return f"[mw:{ticket}-{_base32(mac[:_BODY_OCTETS])}]"

    # --- envelope senders ---

    def bounce(self, outbox_id: int, base: str, delimiter: str = "+") -> str:
        """The reverse-path of one outbox row (VERP): `bounce+q912.T@acme.test`."""
        local, _, domain = base.rpartition("@")
        return f"{local}{delimiter}q{outbox_id}.{self._token('q', str(outbox_id), '', '')}@{domain}"

    def read_bounce(self, detail: str) -> int | None:
        """The outbox row that a report at this sub-address is about; None when we did not make it."""
        found = _BOUNCE.fullmatch(detail.lower())
        if found is None:
            return None
        return int(found[1]) if self._same(found[2], ("q", found[1], "", "", "0")) else None

    # --- loop marks ---

    def loop_mark(self, message_id: str) -> str:
        """What X-Mailwicket-Loop says in the mail with this Message-ID."""
        return self._token("loop", "", "", message_id.lower())

    def is_loop_mark(self, message_id: str, mark: str) -> bool:
        """Whether we wrote this mark into the mail with this Message-ID."""
        folded = mark.strip().lower()
        return re.fullmatch(_T, folded) is not None and self._same(folded, ("loop", "", "", message_id.lower(), "0"))

    # --- links ---

    def leave_token(self, recipient: str, generation: int = 0) -> str:
        """What a link carries by which the recipient ends what he gets regularly; no reply address reads as it."""
        return self._token("leave", "", "", normal(recipient), generation)

    def leaver(self, token: str, generations: Mapping[str, int]) -> str | None:
        """Which of these addresses, each with its generation, a link was made for; None when none, or its key ended."""
        folded = token.lower()
        if re.fullmatch(_T, folded) is None:
            return None
        about = {who: ("leave", "", "", normal(who), str(number)) for who, number in generations.items()}
        return next((who for who in about if self._same(folded, about[who])), None)

    # --- inside ---

    def _verifier(self, token: ReplyToken | MessageToken | BodyToken, generation: int) -> Callable[[str], bool]:
        match token:
            case ReplyToken(purpose, ticket, revision, text):
                number = "" if ticket is None else str(ticket)
                seen = "" if revision is None else str(revision)
                return lambda who: self._same(text, (purpose, number, seen, who, str(generation)))
            case MessageToken(ticket, nonce, text):
                return lambda who: not token.root and self._same(text, ("mid", str(ticket), nonce, who, "0"))
            case BodyToken(ticket, text):
                return lambda who: self._same_body(text, ("body", str(ticket), "", who, "0"))

    def _token(self, purpose: str, ticket: str, revision: str, recipient: str, generation: int = 0) -> str:
        name = self._signing()
        return name + _base32(self._mac(name, (purpose, ticket, revision, recipient, str(generation)))[:_TOKEN_OCTETS])

    def _signing(self) -> str:
        """The newest key that has begun; the oldest where none has."""
        now = self._now()
        begun = [name for name, key in self._keys.items() if key.since <= now]
        return begun[-1] if begun else next(iter(self._keys))

    def _verifying(self, name: str) -> bool:
        """Whether tokens of this key count; one that has not begun may sign elsewhere already."""
        return name in self._keys and (name not in self._until or self._now() < self._until[name])

    def _same(self, text: str, about: tuple[str, ...]) -> bool:
        if not self._verifying(text[:1]):
            return False
        wanted = _base32(self._mac(text[:1], about)[:_TOKEN_OCTETS])
        return hmac.compare_digest(text[1:].encode(), wanted.encode())

    def _same_body(self, text: str, about: tuple[str, ...]) -> bool:
        names = filter(self._verifying, self._keys)
        wanted = [_base32(self._mac(name, about)[:_BODY_OCTETS]) for name in names]
        return any(hmac.compare_digest(text.encode(), w.encode()) for w in wanted)

    def _mac(self, key: str, about: tuple[str, ...]) -> bytes:
        # The recipient is the only free text, and the count of fields is fixed: no two meanings share a text.
        words = "\0".join(("mw1", key, *about)).encode("utf-8", "backslashreplace")
        return hmac.digest(self._keys[key].key, words, hashlib.sha256)


def read_reply(detail: str) -> ReplyToken | None:
    """The token in a sub-address (`t4812-7.ak7q…`); None when it is none of ours by its form."""
    found = _REPLY.fullmatch(detail.lower())
    if found is None:
        return None
    ticket = int(found[2]) if found[2] else None
    revision = int(found[3]) if found[3] else None
    return ReplyToken(found[1], ticket, revision, found[4])


def read_message_id(text: str) -> MessageToken | None:
    """The token in a Message-ID; None when it is none of ours by its form."""
    return next(iter(find_message_tokens(text)), None)


def find_message_tokens(text: str) -> tuple[MessageToken, ...]:
    """The tokens of our Message-IDs in a field, in order, each once, whatever became of brackets and domains."""
    found = (MessageToken(int(m[1]), m[2], m[3]) for m in _MESSAGE_ID.finditer(text.lower()))
    return tuple(dict.fromkeys(itertools.islice(found, _MAX_MESSAGE_TOKENS)))


def find_body_tokens(text: str) -> tuple[BodyToken, ...]:
    """The body tokens in a text, in order, each once, at most 40; wrapped, quoted and encoded ones are made whole."""
    found: dict[BodyToken, None] = {}
    for pieces in itertools.islice(_BODY_PIECES.finditer(text), _MAX_BODY_TOKENS):
        whole = _BREAKS.sub("", pieces[1]).translate(_DASHES).lower()
        if (match := _BODY.fullmatch(whole)) is not None:
            found.setdefault(BodyToken(int(match[1]), match[2]))
    return tuple(found)


def subject_tag(number: int, prefix: str = "") -> str:
    """What a subject says: `[#4812]`, or `[Acme#4812]`."""
    return f"[{prefix}#{number}]"


def find_subject_numbers(subject: str, prefix: str = "") -> tuple[int, ...]:
    """The ticket numbers that a subject names, in order, each once: hints, never keys.

    Read are `[#4812]`, `(#4812)`, `#4812`, `[Ticket#4812]` and the tag with our prefix, in any case.
    """
    words = "|".join(["ticket", *([re.escape(prefix.lower())] if prefix else [])])
    tag = rf"\[(?:{words}) ?# ?({_NUMBER})\]|(?<![\w#&/])#({_NUMBER})(?!\w|[-.,]\d)"
    found = (int(m[1] or m[2]) for m in re.finditer(tag, subject.lower()))
    return tuple(dict.fromkeys(found))


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()
