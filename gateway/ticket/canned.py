"""What a canned reply may say of a ticket: the closed list of its tokens, and their values.

Not here  the replies themselves (outgoing/canned.py), what an agent types for one (operations/answers.py).
"""

from collections.abc import Iterator
from itertools import islice

from gateway.message.fold import folded
from gateway.ticket.types import Ticket

TOKENS = ("ticket.number", "ticket.subject", "customer.name", "customer.address", "agent.name")
FIELD = "ticket.field."  # and the name of a custom field
_MOST_SUGGESTED = 3


def told_of(ticket: Ticket, agent: str | None) -> dict[str, str]:
    """Token -> value; those that are empty are not there.

    agent  the name of whoever writes; None is nobody
    """
    who = ticket.requester
    values = {
        "ticket.number": str(ticket.number),
        "ticket.subject": ticket.subject,
        "customer.name": who.name if who is not None else "",
        "customer.address": who.address if who is not None else "",
        "agent.name": agent or "",
        **{f"{FIELD}{name}": value for name, value in ticket.fields},
    }
    return {name: value for name, value in values.items() if value}


def suggested(words: str, suggestions: tuple[tuple[str, tuple[str, ...]], ...]) -> Iterator[str]:
    """The commands of those replies one of whose words occurs, in any case, at most three.

    suggestions  command, words
    """
    text = folded(words)
    fits = (command for command, signs in suggestions if any(folded(sign) in text for sign in signs))
    return islice(fits, _MOST_SUGGESTED)
