"""The mails of one transaction: judged one after the other, and queued together.

Sources      mails-out.md §8: a mail counts in the budgets of those behind it.
Transaction  the caller's; nothing is queued before `queue`. What all of them ask of the store is looked up once.
Not here     the judgement (ticket/guard.py), how a mail is queued (enqueue.py).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.message.address import normal
from gateway.outgoing.compose import Desk
from gateway.outgoing.enqueue import enqueue_all
from gateway.store import budgets as spent
from gateway.store import restraint
from gateway.store.changes import remember_messages
from gateway.ticket.guard import SendBudget
from gateway.ticket.types import Notification


class Posting:
    """Fulfils the guard's `Sent`: what was queued before, and what it let pass since."""

    def __init__(self, c: Connection, tickets: Collection[int]) -> None:
        """`tickets` are those that the mails are about."""
        self._c, self._tickets = c, tickets
        self._notices: list[Notification] = []
        self._of_ticket: defaultdict[object, list[Notification]] = defaultdict(list)
        self._marks: dict[str, Collection[str]] = {}
        self._stored: dict[object, int] = {}
        self._counted: dict[object, tuple[int, int]] = {}  # how many were looked at, and counted

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """The mails of each budget in its time, at least up to its limit."""
        self._look_up([budget for budget in budgets if budget.key not in self._stored], now)
        return [self._stored[budget.key] + self._passed(budget) for budget in budgets]

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """What stands against automatic mail to an address."""
        if address not in self._marks:
            self._marks[address] = restraint.marks(self._c, address, now)
        return self._marks[address]

    def add(self, notice: Notification) -> None:
        """A mail that was judged, whatever the word."""
        self._notices.append(notice)
        self._of_ticket[notice.ticket].append(notice)

    def queue(self, desk: Desk, now: datetime) -> None:
        """Queue them, and know their answers."""
        queued = zip(self._notices, enqueue_all(self._notices, desk, self._c, now), strict=True)
        sent = [(made[1], normal(n.recipient.address), n.ticket) for n, made in queued if made is not None]
        remember_messages(self._c, ((id, address, number) for id, address, number in sent if number is not None))

    def _look_up(self, budgets: Sequence[SendBudget], now: datetime) -> None:
        """Those that count one ticket of many at once for all of these tickets."""
        of_one = [budget for budget in budgets if len(self._tickets) > 1 and "ticket" in budget.scope]
        scopes = [{name: value for name, value in budget.scope.items() if name != "ticket"} for budget in of_one]
        many = [replace(budget, scope=scope) for budget, scope in zip(of_one, scopes, strict=True)]
        for budget in {each.key: each for each in many}.values():
            of_each = spent.used_by_ticket(self._c, budget, self._tickets, now)
            for number, count in of_each.items():
                self._stored[replace(budget, scope={"ticket": number, **budget.scope}).key] = count
        alone = [budget for budget in budgets if budget.key not in self._stored]
        if alone:
            self._stored |= zip((budget.key for budget in alone), spent.used(self._c, alone, now), strict=True)

    def _passed(self, budget: SendBudget) -> int:
        among = self._of_ticket[budget.scope["ticket"]] if "ticket" in budget.scope else self._notices
        looked_at, count = self._counted.get(budget.key, (0, 0))
        count += sum(map(budget.counts, among[looked_at:]))
        self._counted[budget.key] = len(among), count
        return count
