"""Folders of a watched account that stand for an order: moving a mail into one changes its ticket.

Whoever can move mails in the account may order by it. What the gateway moves itself never comes into one of them
(config.py), so that nothing it does is taken for an order; and what is moved there is moved nowhere else by us.
Sources  RFC 9051 §5.1 (hierarchy of names).
Not here which mails are new in them (imap_folder.py), what an order does (operations/moved.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from gateway.config import order_words


@dataclass(frozen=True, slots=True)
class Order:
    """What becomes of the ticket of a mail that is moved there: another status, or another team."""

    status: str | None = None
    team: str | None = None


class Ordering(Protocol):
    """What knows tickets."""

    def teams(self) -> Collection[str]:
        """The ids of all teams."""
        ...

    def carry_out(self, c: Connection, mailbox: str, order: Order, key: str) -> str | None:
        """Why the ticket of a mail was not changed, empty: it was; None: the mail is not processed yet."""
        ...

    def carried_out(self) -> None:
        """What orders led to may be sent."""
        ...


def order_of(parts: Sequence[str], teams: Collection[str]) -> Order | str | None:
    """What the folder of these parts stands for; a text: why for nothing, although it looks so; None: for nothing."""
    match order_words(parts):
        case (_, name):
            team = next((team for team in teams if team.casefold() == name), None)
            known = ", ".join(sorted(teams))
            return Order(team=team) if team is not None else f"there is no team “{parts[-1]}”; teams are: {known}"
        case (status,):
            return Order(status=status)
    return None
