"""Who a token was made for: reply addresses, Message-IDs, body tokens, bounces, loop marks, links.

Sources  RFC 5233 (sub-address), RFC 5322 §3.6.4 (Message-ID), RFC 2104 (HMAC), RFC 4648 §6 (base32).
         A token is HMAC-SHA-256 cut to 128 bit, in lower-case base32, behind one letter that names the key of the ring.
         It says nothing about the recipient; it can only be verified for an address that somebody names.
         Relays fold case, so everything is compared in lower case, in constant time.
Not here  how a token is found (token_forms.py), what evidence is worth (thread.py), where the keys are (config.py).
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
from gateway.ticket.token_forms import B32, TOKEN, BodyToken, MessageToken, ReplyToken, reply_detail, said

VERIFIES_FOR = timedelta(days=400)  # after a newer key began to sign
_TOKEN_OCTETS = 16
_BODY_OCTETS = 10

_NAME = re.compile("[a-z]")
_BOUNCE = re.compile(rf"q([1-9][0-9]{{0,17}})\.({TOKEN})")


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
        token = self._token(purpose, said(ticket), said(revision), normal(recipient), generation)
        return f"{local}{delimiter}{reply_detail(purpose, ticket, revision)}.{token}@{domain}"

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

    def message_id(
        self, ticket: int | None, recipient: str, nonce: str, domain: str, detail: str = "", generation: int = 0
    ) -> str:
        """The Message-ID of a mail of this ticket to this recipient, with angle brackets.

        ticket      None makes one that names no ticket
        nonce       8 random characters a-z2-7, made outside
        detail      of the reply address that it stands in the place of; empty: it proves nothing but that it is ours
        generation  as of a reply address
        """
        if not re.fullmatch(f"{B32}{{8}}", nonce):
            raise ValueError(f"nonce {nonce!r} is not 8 characters of a-z2-7")
        number, own = str(ticket or 0), _own(detail, nonce)
        return f"<mw.{number}.{own}.{self._token('mid', number, own, normal(recipient), generation)}@{domain}>"

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
        return re.fullmatch(TOKEN, folded) is not None and self._same(folded, ("loop", "", "", message_id.lower(), "0"))

    # --- links ---

    def leave_token(self, recipient: str, generation: int = 0) -> str:
        """What a link carries by which the recipient ends what he gets regularly; no reply address reads as it."""
        return self._token("leave", "", "", normal(recipient), generation)

    def leaver(self, token: str, generations: Mapping[str, int]) -> str | None:
        """Which of these addresses, each with its generation, a link was made for; None when none, or its key ended."""
        folded = token.lower()
        if re.fullmatch(TOKEN, folded) is None:
            return None
        about = {who: ("leave", "", "", normal(who), str(number)) for who, number in generations.items()}
        return next((who for who in about if self._same(folded, about[who])), None)

    # --- inside ---

    def _verifier(self, token: ReplyToken | MessageToken | BodyToken, generation: int) -> Callable[[str], bool]:
        match token:
            case ReplyToken(message=MessageToken() as message):
                return self._verifier(message, generation)
            case ReplyToken(purpose, ticket, revision, text):
                about = (purpose, said(ticket), said(revision))
                return lambda who: self._same(text, (*about, who, str(generation)))
            case MessageToken(ticket, nonce, text, detail):
                own = _own(detail, nonce)
                return lambda who: not token.root and self._same(text, ("mid", str(ticket), own, who, str(generation)))
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


def _own(detail: str, nonce: str) -> str:
    """What a Message-ID says between the ticket and the token."""
    return f"{detail}.{nonce}" if detail else nonce


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()
