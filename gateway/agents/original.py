"""Whose mail an agent forwards: through the hands of colleagues, among several, never a machine's. A pure answer.

Sources  agents-by-mail.md §6: several or no candidates are asked about.
         Whoever wrote the outermost mail is the customer; what a colleague passed on is the mail that he passed on.
Not here  finding forwarded mails in texts (message/forward.py), the ticket (forwarding.py).
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain

from gateway.message.address import normal
from gateway.message.classify import takes_no_answers
from gateway.message.forward import forwarded
from gateway.message.types import Forward, Mailbox

_MOST_HANDS = 5  # of colleagues
_MOST_CANDIDATES = 4
_FEW_WORDS = 6
_TEXT_CHARACTERS = 4000  # in which addresses are looked for
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that was forwarded first, as far as it can be seen."""

    forward: Forward
    hands: str  # what colleagues said who passed it on before; empty: none did
    author: Mailbox | None  # None: of nobody, of several, or of somebody who cannot be answered
    candidates: tuple[str, ...]  # addresses that may be his, where he is not known


def original_of(forward: Forward, ours: Container[str]) -> Original:
    """The mail, and whose it is.

    ours  addresses of ours and of agents
    """
    hands: list[str] = []
    while _is_of(forward.author, ours) and len(hands) < _MOST_HANDS:
        inside = forwarded(forward.text, forward.subject)
        if inside is None:
            break
        hands.append("\n".join(filter(None, (f"From: {forward.author}", header_lines(forward), inside.comment))))
        forward = inside
    authors = {normal(who.address): who for who in _authors(forward) if "@" in who.address}
    answerable = {a: who for a, who in authors.items() if a not in ours and not takes_no_answers(a)}
    if not answerable and len(authors) == 1:  # a form on a web site says who filled it in
        wanted = {normal(who.address): who for who in forward.reply_to}
        answerable = {a: who for a, who in wanted.items() if a not in ours and not takes_no_answers(a)}
    author = next(iter(answerable.values())) if len(answerable) == 1 else None
    named = chain(answerable, (normal(who.address) for who in (*forward.cc, *forward.to)), _written(forward.text))
    others = dict.fromkeys(a for a in named if a not in ours and not takes_no_answers(a))
    return Original(forward, "\n\n".join(hands), author, () if author is not None else tuple(others)[:_MOST_CANDIDATES])


def header_lines(forward: Forward) -> str:
    """What the header of a forwarded mail says beside its author: when it was written, and to whom."""
    people = (("To", forward.to), ("Cc", forward.cc))
    shown = (("Date", forward.date), *((name, ", ".join(map(str, who))) for name, who in people))
    return "\n".join(f"{name}: {value}" for name, value in shown if value)


def sole_address(text: str) -> str | None:
    """The address that a few words consist of: `jan@bigbank.test`, `It is jan@bigbank.test.`; None: they say more."""
    found = {normal(match[0].rstrip(".")) for match in _ADDRESS.finditer(text[:_TEXT_CHARACTERS])}
    return found.pop() if len(found) == 1 and len(text.split()) <= _FEW_WORDS else None


def _authors(forward: Forward) -> Iterator[Mailbox]:
    yield from (forward.author,) if forward.author is not None else ()
    yield from forward.others
    yield from (each.author for each in forward.more if each.author is not None)


def _is_of(who: Mailbox | None, addresses: Container[str]) -> bool:
    return who is not None and normal(who.address) in addresses


def _written(text: str) -> Iterator[str]:
    yield from (normal(match[0].rstrip(".")) for match in _ADDRESS.finditer(text[:_TEXT_CHARACTERS]))
