"""What a mail orders that somebody moved in its mailbox: done as a command would, in the name of the mailbox.

Transaction  that which notes the order as carried out, durable.
Not here     which folders stand for what, and which mails are new in them (intake/).
"""

from collections.abc import Callable, Collection

import structlog
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.intake.imap_orders import Order
from gateway.operations.tickets import OPERATIONS, Change
from gateway.operations.types import Duty
from gateway.store import inbound, mailbox_orders, tickets
from gateway.ticket.saying import worded

log = structlog.get_logger("imap")


class Moving:
    """Carries out orders of mailboxes: whoever can move mails in the account may give them."""

    def __init__(self, deps: Callable[[], Deps], woken: Callable[[], None]) -> None:
        """`woken` is called after each commit."""
        self._deps, self._woken = deps, woken

    def teams(self) -> Collection[str]:
        """The ids of all teams."""
        return self._deps().rules.teams.keys()

    def carry_out(self, c: Connection, mailbox: str, order: Order, key: str) -> str | None:
        """Why the ticket of a mail was not changed, empty: it was; None: the mail is not processed yet."""
        mail = inbound.find(c, key)
        if mail is None:
            return "the mail is not kept any more"
        if mail.state != "done":
            return None
        number = mailbox_orders.part_of(c, key)  # what strangers, machines and agents wrote beside it orders nothing
        ticket = tickets.goes_on_in(c, number) if number is not None else None
        if ticket is None:
            return "the mail is in no ticket"
        fields = (("team", order.team),) if order.team is not None else ()
        change = Change((ticket.number,), fields=fields, status=order.status)
        who = f"mailbox:{mailbox}"
        duty = Duty(self._deps().now(), self._deps, basis=who, asker=who)
        (done,) = OPERATIONS["ticket.change"].perform(c, change, duty)
        said = worded(done.said, duty.deps.desk.templates.english)
        log.info("imap.order", mailbox=mailbox, ticket=ticket.number, outcome=done.outcome, said=said)
        return "" if done.outcome == "done" else f"{done.name}: {said}"

    def carried_out(self) -> None:
        """What orders led to may be sent."""
        self._woken()
