"""What mail programs, relays and people do to an answer on its way: which evidence is left, and in which shape."""

from dataclasses import dataclass
from random import Random

from tests.conversations.words import REPLY_WORDS, WROTE


@dataclass(frozen=True, slots=True)
class Ours:
    """The mail of ours that is answered."""

    subject: str  # with the tag
    tag: str
    reply_address: str
    message_id: str
    earlier: tuple[str, ...]
    body_token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it arrives."""

    to: str  # of the envelope
    subject: str
    fields: dict[str, str]
    quoted: str


def answer(ours: Ours, language: str, chance: Random) -> Answer:
    """An answer that has lost something, but at least one piece of evidence is left that proves or names its thread."""
    word = chance.choice(REPLY_WORDS[language])
    left = {"address", "references", "token", "tag"}
    for piece in chance.sample(sorted(left), chance.choice((0, 0, 0, 1, 1, 2, 2, 3))):
        left.discard(piece)
    subject = f"{word}{ours.subject}" if "tag" in left else f"{word}{ours.subject.replace(ours.tag + ' ', '')}"
    if chance.random() < 0.1:
        subject = subject[: subject.index(ours.tag) + len(ours.tag) + 4] if "tag" in left else subject
    to, fields = "support@gw.test", {"To": "support@gw.test"}
    if "address" in left:
        to, fields["To"] = _addressed(ours.reply_address, chance)
    if "references" in left:
        fields |= _referring(ours, chance)
    elif chance.random() < 0.5:
        fields |= {"In-Reply-To": f"<{chance.getrandbits(64):x}@relay.example>"}  # rewritten on the way
    quoted = _quoting(ours.body_token if "token" in left else "", language, chance)
    return Answer(to, subject, fields, quoted)


def _addressed(address: str, chance: Random) -> tuple[str, str]:
    """(envelope, To) of a reply to the address that we gave."""
    match chance.randrange(6):
        case 0:
            return address.upper(), address
        case 1:
            return "support@gw.test", f"Acme Support <{address}>"  # the sub-address was stripped from the envelope
        case 2:
            return address, "support@gw.test"
        case 3:
            return "support@gw.test", f'"Acme, Support" <{address.upper()}>, other@x.test'
        case _:
            return address, f"Acme Support <{address}>"


def _referring(ours: Ours, chance: Random) -> dict[str, str]:
    id, earlier = ours.message_id, " ".join(ours.earlier)
    match chance.randrange(9):
        case 0:
            return {"In-Reply-To": id}
        case 1:
            return {"References": f"{earlier} {id}".strip()}
        case 2:
            return {"In-Reply-To": "<x@relay.example>", "References": f"{earlier} {id}".strip()}
        case 3:
            return {"In-Reply-To": id.strip("<>")}
        case 4:
            return {"References": f"{earlier}\r\n {id[:18]}\r\n {id[18:]}".strip()}
        case 5:
            return {"References": f"<a@b.test> {id[: id.index('@') + 3]}"}  # cut to a length
        case 6:
            return {"In-Reply-To": id.upper()}
        case 7:
            return {"In-Reply-To": f"Message from Acme of Sat, 21 Nov 2026 {id}"}
        case _:
            return {"In-Reply-To": id, "References": f"{earlier} {id}".strip()}


def _quoting(token: str, language: str, chance: Random) -> str:
    if not token:
        return ""
    match chance.randrange(6):
        case 0:
            last = f"> {token[:11]}\r\n> {token[11:]}"
        case 1:
            last = f"> {token.upper()}"
        case 2:
            last = f"> bo napisano do nas.   {token[:14]}=\r\n{token[14:]}"
        case 3:
            last = f"> {token.replace('-', chr(0x2011))}"
        case 4:
            return f"\r\n{token}\r\n"
        case _:
            last = f"> {token}"
    return f"\r\n{WROTE[language]}\r\n> Otrzymaliśmy wiadomość.\r\n{last}\r\n"
