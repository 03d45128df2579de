"""A desk where nothing happened yet, for what is only tried."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from gateway.ticket.assign import AtDesk
from gateway.ticket.guard import SendBudget
from gateway.ticket.sla import Promises
from gateway.ticket.types import Customer, Ticket


class EmptyView:
    """A desk without tickets, customers or mail, for what is only tried."""

    def ticket(self, number: int) -> Ticket | None:
        """None."""
        return None

    def participants(self, number: int) -> Sequence[str]:
        """Nobody."""
        return ()

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Nobody."""
        return {}

    def continued(self, number: int) -> Sequence[int]:
        """None."""
        return ()

    def alias(self, name: str) -> int | None:
        """None."""
        return None

    def alike(self, fields: Sequence[tuple[str, str]], since: datetime) -> Ticket | None:
        """None."""
        return None

    def recent(self, address: str, since: datetime) -> Sequence[Ticket]:
        """None."""
        return ()

    def customer(self, address: str) -> Customer | None:
        """Nobody."""
        return None

    def opened_last(self, customer: int, count: int) -> datetime | None:
        """None."""
        return None

    def written_last(self, address: str, count: int) -> datetime | None:
        """None."""
        return None

    def also_known_as(self, customer: int) -> Sequence[str]:
        """No others."""
        return ()

    def sent_as(self, ticket: int, message_id: str) -> int | None:
        """Nothing was sent."""
        return None

    def outbox_ticket(self, id: int) -> tuple[int | None] | None:
        """None."""
        return None

    def at_desk(self, promises: Promises, now: datetime) -> AtDesk:
        """Everybody is there and has nothing to do."""
        return AtDesk(now, {}, {}, {}, promises.is_open)

    def last_given(self, team: str) -> str | None:
        """Nobody."""
        return None

    def answered(self, ticket: int, message_ids: Sequence[str]) -> Sequence[str]:
        """None of ours."""
        return ()

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """None."""
        return ()

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """No budget is used."""
        return [0] * len(budgets)

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """Nothing stands against mail to anybody."""
        return ()
