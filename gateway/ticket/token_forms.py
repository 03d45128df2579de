"""Which tokens of ours stand in an address, a field or a text, by their form; nothing is verified yet.

Sources  RFC 5233 (sub-address), RFC 5322 §3.6.4 (Message-ID), RFC 4648 §6 (base32).
         What a reply address says stands in our Message-ID where mail to sub-addresses does not come back.
         Relays fold case, so everything is read in lower case. Programs that wrap, quote and encode break a token in a
         text into pieces; it is put together again.
Not here  whom they were made for (token.py), what evidence is worth (thread.py).
"""

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_MAX_BODY_TOKENS = 40  # more are somebody's log file, and each costs a look-up
_MAX_MESSAGE_TOKENS = 20

B32 = "[a-z2-7]"
TOKEN = f"[a-z]{B32}{{26}}"
_NUMBER = "[1-9][0-9]{0,8}"
_DETAIL = rf"[a-z](?:{_NUMBER})?(?:-(?:0|{_NUMBER}))?"  # purpose, what it is about, revision
_PARTS_OF_DETAIL = re.compile(rf"([a-z])({_NUMBER})?(?:-(0|{_NUMBER}))?")
_REPLY = re.compile(rf"({_DETAIL})\.({TOKEN})")
# the domain behind it and the brackets around it are nothing to rely on: programs cut and rewrite both
_MESSAGE_ID = re.compile(
    rf"(?<![a-z0-9.])mw\.(0|{_NUMBER})\.(?:({_DETAIL})\.)?({B32}{{8}}|root)\.({TOKEN})(?![a-z0-9])"
)
_BODY_PIECES = re.compile(r"\[\s*mw\s*:([^\[\]]{16,100})\]", re.IGNORECASE)
_BODY = re.compile(rf"({_NUMBER})-({B32}{{16}})")
# what wrapping, quoting and encoding put into the middle of a word; the dashes that a program makes of a hyphen
_BREAKS = re.compile(r"[\s>|=\u00ad\u200b-\u200d\u2060\ufeff]+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True)
class MessageToken:
    """One of our Message-IDs as read; nothing is verified yet. A root id never proves anything."""

    ticket: int  # 0: it is about none
    nonce: str
    text: str
    detail: str = ""  # what a reply address would say, where this stands in its place

    @property
    def root(self) -> bool:
        """Whether it is the made-up start of an agent's thread."""
        return self.nonce == "root"


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """What one of our mails is answered with, as read; nothing is verified yet."""

    purpose: str
    ticket: int | None  # None for purposes without one
    revision: int | None
    text: str
    message: MessageToken | None = None  # whose detail it is; None: it stood in an address


@dataclass(frozen=True, slots=True)
class BodyToken:
    """A token from the last line of one of our mails as read; nothing is verified yet."""

    ticket: int
    text: str


def reply_detail(purpose: str, ticket: int | None, revision: int | None) -> str:
    """What a reply address says before its token: `t4812-7`."""
    return f"{purpose}{said(ticket)}" + ("" if revision is None else f"-{revision}")


def said(number: int | None) -> str:
    """A number as it stands in a token; nothing where there is none."""
    return "" if number is None else str(number)


def read_reply(detail: str) -> ReplyToken | None:
    """The token in a sub-address (`t4812-7.ak7q…`); None when it is none of ours by its form."""
    found = _REPLY.fullmatch(detail.lower())
    return None if found is None else _reply_token(found[1], found[2])


def read_message_id(text: str) -> MessageToken | None:
    """The token in a Message-ID; None when it names no ticket, or is none of ours by its form."""
    return next(iter(find_message_tokens(text)), None)


def find_message_tokens(text: str) -> tuple[MessageToken, ...]:
    """The tokens of our Message-IDs in a field that name tickets, in order, each once.

    Whatever became of brackets and domains.
    """
    return tuple(token for token in _message_tokens(text) if token.ticket)


def is_ours(text: str) -> bool:
    """Whether a Message-ID is one of ours by its form, or made to look so."""
    return next(_message_tokens(text), None) is not None or text.lower().startswith("<mw.")


def find_reply_tokens(text: str) -> tuple[ReplyToken, ...]:
    """What our Message-IDs in a field hold in place of a reply address, in order, each once."""
    return tuple(_reply_token(token.detail, token.text, token) for token in _message_tokens(text) if token.detail)


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


def without_tags(subject: str, prefix: str = "", of: Collection[int] | None = None) -> str:
    """A subject without our tags of these tickets, wherever they stand; None is those of any."""
    tag = re.compile(rf"\[{re.escape(prefix)}#({_NUMBER})\]", re.IGNORECASE)
    return " ".join(tag.sub(lambda m: " " if of is None or int(m[1]) in of else m[0], subject).split())


def find_subject_numbers(subject: str, prefix: str = "") -> tuple[int, ...]:
    """The ticket numbers that a subject names, in order, each once: hints, never keys.

    Read are `[#4812]`, `(#4812)`, `#4812`, `[Ticket#4812]` and the tag with our prefix, in any case.
    """
    words = "|".join(["ticket", *([re.escape(prefix.lower())] if prefix else [])])
    tag = rf"\[(?:{words}) ?# ?({_NUMBER})\]|(?<![\w#&/])#({_NUMBER})(?!\w|[-.,]\d)"
    found = (int(m[1] or m[2]) for m in re.finditer(tag, subject.lower()))
    return tuple(dict.fromkeys(found))


def _message_tokens(text: str) -> Iterator[MessageToken]:
    found = (MessageToken(int(m[1]), m[3], m[4], m[2] or "") for m in _MESSAGE_ID.finditer(text.lower()))
    yield from dict.fromkeys(itertools.islice(found, _MAX_MESSAGE_TOKENS))


def _reply_token(detail: str, text: str, message: MessageToken | None = None) -> ReplyToken:
    found = _PARTS_OF_DETAIL.fullmatch(detail)
    assert found is not None  # noqa: S101  both patterns say the same
    ticket, revision = (int(each) if each else None for each in found.group(2, 3))
    return ReplyToken(found[1], ticket, revision, text, message)
