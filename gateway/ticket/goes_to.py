"""To whom an answer in a ticket goes, and how our people read that.

Sources  agents-by-mail.md §2: the requester and the participants; what a mail to an agent promises of its answers in
         its first line holds for that mail.
Not here  what is asked first where the promise does not hold any more (agents/answering.py), the first line itself
          (outgoing/render.py).
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from gateway.message.address import normal
from gateway.message.types import Mailbox

_NAMED = 3  # of those whom an answer reaches, in a line; the others are counted there
_NAME_CHARACTERS = 60


def recipients(requester: Mailbox | None, others: Iterable[Mailbox], ours: Container[str]) -> Iterator[Mailbox]:
    """The customer, then the others who take part; never we ourselves, nobody twice."""
    seen = set[str]()
    for person in (*((requester,) if requester is not None else ()), *others):
        address = normal(person.address)
        if address not in seen and address not in ours and "@" in address:
            seen.add(address)
            yield person


def beside(requester: Mailbox | None, others: Iterable[Mailbox], ours: Container[str]) -> int:
    """How many an answer reaches beside the customer.

    ours  as in `recipients`
    """
    customer = normal(requester.address) if requester is not None else None
    return sum(normal(person.address) != customer for person in recipients(requester, others, ours))


def named(person: Mailbox) -> str:
    """Somebody by name and address, on a line with others: no name looks like a second address."""
    name = "".join(letter for letter in person.name if letter not in "<>")[:_NAME_CHARACTERS].strip()
    return str(Mailbox(name, person.address))


def in_short(people: Sequence[str], words: Mapping[str, str]) -> str:
    """Three of them, and how many more there are, in the words of a language."""
    shown = ", ".join(people[:_NAMED])
    more = len(people) - _NAMED
    return words["and_more"].replace("{n}", str(more)).replace("{who}", shown) if more > 0 else shown


def and_others(called: str, more: int) -> str:
    """Somebody, and how many others an answer reaches, as short as it stands in a row or beside an address."""
    return f"{called} +{more}" if more > 0 else called


def is_shortened(people: Sequence[str]) -> bool:
    """Whether `in_short` leaves somebody out, so that all of them have to stand elsewhere, too."""
    return len(people) > _NAMED
