"""A new mail of an agent to a team that begins with commands: they are for the ticket that it opens.

Sources      agents-by-mail.md §2 (a plain new mail), §3 (where commands are read), §6 (those above a forward).
             Words about another customer, or behind `#note`, are for our own people. Without words it opens nothing.
Transaction  that of the mail.
Not here     forwards (forwarding.py), replies (answering.py), addresses for commands (received.py).
"""

from dataclasses import replace

from gateway.agents.answering import Wanted, without_ticket
from gateway.agents.forwarding import mark_unproven
from gateway.agents.reading import vocabulary, writer_of
from gateway.agents.types import AgentMail
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Carried, Line
from gateway.operations.orders import carried_out
from gateway.returned import received as by_anybody
from gateway.store.held import as_note
from gateway.ticket.commands import Orders, looks_like_a_command, read_commands
from gateway.ticket.types import Outcome


def opens_with_orders(mail: AgentMail, wanted: Wanted) -> Outcome | None:
    """What became of it; None where it does not begin with a command."""
    if not looks_like_a_command(wanted.written.plain or ""):
        return None
    strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    orders = read_commands(wanted.written, writer_of(mail), vocabulary(mail.d), about_ticket=True)
    if isinstance(orders, Orders) and not orders.text.strip():
        return without_ticket(mail, wanted, queries_only=True)
    said = orders.text if isinstance(orders, Orders) else mail.message.text
    message = replace(mail.message, text=said, html=None) if isinstance(orders, Orders) else mail.message
    outcome = by_anybody(mail.inbound, message, mail.d, mail.c)
    if outcome.disposition != "ticket" or outcome.ticket is None:  # a rule ended it
        return outcome
    asker = Asker(mail.agent, outcome.ticket)
    if isinstance(orders, Orders):
        if orders.has("customer") or orders.has("note"):
            as_note(mail.c, mail.inbound.key)
        if orders.has("customer"):  # its writer stands in for him until then, as where he forwards
            mark_unproven(mail, outcome.ticket)
        commands = tuple(each for each in orders.commands if each.name != "note")
        done = carried_out(mail.c, Orders(commands, ""), asker, mail.duty)
        done = replace(done, told=done.told or orders.has("customer"))  # he sees whose it is, as with a forward
        if done.questions:  # what reaches far is asked for in the new ticket
            done = Carried(lines=(Line("failed", commands[0].written, strings["held_confirm"]),), told=True)
        refused = done.refused
    else:
        done, refused = Carried(), orders
    if refused is not None:
        done = Carried(lines=(Line("failed", refused.written, refused.wrong.said(strings)),), told=True)
    tell(mail.c, done, asker, mail.duty, mail.inbound.key)
    return outcome
