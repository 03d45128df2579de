"""A new mail of an agent to a team that begins with commands: they are for the ticket that it opens.

Sources      agents-by-mail.md §2 (a plain new mail), §3 (where commands are read), §6 (those above a forward).
             Words about another customer, or behind `#note`, are for our own people. Without words it opens nothing.
Transaction  that of the mail.
Not here     the commands (above.py), forwards (forwarding.py), replies (answering.py), addresses for commands
             (received.py).
"""

from dataclasses import replace

from gateway.agents.above import Above, Opened, obeyed, opened, read_above
from gateway.agents.answering import Wanted, without_ticket
from gateway.agents.forwarding import mark_unproven
from gateway.agents.reading import vocabulary
from gateway.agents.types import AgentMail
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Carried
from gateway.returned import received as by_anybody
from gateway.store.held import as_note
from gateway.ticket.commands import Orders, begins_with_a_command
from gateway.ticket.types import Outcome


def opens_with_orders(mail: AgentMail, wanted: Wanted) -> Outcome | None:
    """What became of it; None where it does not begin with a command."""
    if not begins_with_a_command(wanted.written.plain or "", vocabulary(mail.d)):
        return None
    above = read_above(mail, wanted.written)
    if above.failed is None and not above.orders.text.strip():
        return without_ticket(mail, wanted, queries_only=True)
    return opened(mail, above, lambda: _opened(mail, above))


def _opened(mail: AgentMail, above: Above) -> Opened:
    orders, failed = above.orders, above.failed
    message = replace(mail.message, text=orders.text, html=None) if failed is None else mail.message
    outcome = by_anybody(mail.inbound, message, mail.d, mail.c)
    if outcome.disposition != "ticket" or outcome.ticket is None:  # a rule ended it
        return Opened(outcome)
    if orders.has("customer") or orders.has("note"):
        as_note(mail.c, mail.inbound.key)
    if orders.has("customer"):  # its writer stands in for him until then, as where he forwards
        mark_unproven(mail, outcome.ticket)
    asker, done = Asker(mail.agent, outcome.ticket), Carried()
    if failed is None:
        commands = tuple(each for each in orders.commands if each.name != "note")
        done, failed = obeyed(mail, asker, Orders(commands, ""))
        done = replace(done, told=done.told or orders.has("customer"))  # he sees whose it is, as with a forward
    if failed is not None:
        done = Carried(lines=(failed,), told=True)
    tell(mail.c, done, asker, mail.duty, mail.inbound.key)
    return Opened(outcome, done.lines)
