"""What a canned reply may say of a ticket: the closed list of its tokens, and their values; which replies fit a mail.

Not here  the replies and articles themselves (outgoing/canned.py, outgoing/articles.py), what an agent types for one
          (operations/answers.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gateway.message.fold import words
from gateway.ticket.types import Ticket

TOKENS = ("ticket.number", "ticket.subject", "customer.name", "customer.address", "agent.name")
FIELD = "ticket.field."  # and the name of a custom field
_MOST_SUGGESTED = 3
_MOST_CHARACTERS = 10_000  # of a text that are looked at


def told_of(ticket: Ticket, agent: str | None) -> dict[str, str]:
    """Token -> value; those that are empty are not there.

    agent  the name of whoever writes; None is nobody
    """
    who = ticket.requester
    values = {
        "ticket.number": str(ticket.number),
        "ticket.subject": ticket.told_subject,
        "customer.name": who.name if who is not None else "",
        "customer.address": who.address if who is not None else "",
        "agent.name": agent or "",
        **{f"{FIELD}{name}": value for name, value in ticket.fields},
    }
    return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be offered to whoever reads a mail, and the words of a mail that speak for it."""

    command: str  # with which an agent uses it, or a customer says that it was enough
    text: str  # what it is called
    signs: tuple[str, ...]  # one of them suggests it
    also: tuple[str, ...] = ()  # these put it before others
    article: str | None = None  # its id; None: it is none
    says: str = ""  # all of it, for a customer; empty to an agent


def suggested(text: str, suggestions: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """The three of which most signs occur at the head of a text, those that come first before others of as many.

    A sign occurs where words begin with it, whatever their case and accents: “paczk” in “Paczka”, no “art” in “start”.
    """
    said = _begun(text[:_MOST_CHARACTERS])

    def count(signs: Iterable[str]) -> int:
        return sum(begun in said for begun in map(_sign, signs) if begun)

    fits = [(found, each) for each in suggestions if (found := count(each.signs))]
    fits.sort(key=lambda pair: -pair[0] - count(pair[1].also))
    return tuple(each for _, each in fits[:_MOST_SUGGESTED])


def _begun(text: str) -> str:
    """The words of a text, a blank before each; empty when it has none."""
    return "".join(f" {word}" for word in words(text))


_sign = lru_cache(20_000)(_begun)  # the same ones are looked for in each mail
