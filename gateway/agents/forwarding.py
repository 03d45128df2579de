"""A mail that an agent forwards to a team: a ticket of whoever wrote it first, with the agent's words as a note.

Sources      agents-by-mail.md §6. Whom it is from is what the forwarded mail says, so that nothing is sent there by
             itself; a wrong guess is taken back by one reply. It never lands in a ticket that is there: what it names
             is only mentioned.
Transaction  that of the mail.
Not here     whose mail was forwarded (message/forward.py), which mails speak for an agent (ticket/authority.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

from gateway.agents.reading import vocabulary, writer_of
from gateway.agents.types import HELD_FOR, AgentMail
from gateway.message.address import normal
from gateway.message.language import language_of
from gateway.message.types import Forward, Mailbox, Message
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Line
from gateway.operations.orders import carried_out
from gateway.operations.people import TakePart
from gateway.operations.person import actor
from gateway.operations.registry import OPERATIONS
from gateway.outgoing.enqueue import enqueue
from gateway.returned import received as opened
from gateway.store import held_mail, tickets
from gateway.store.changes import save
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.commands import Orders, read_commands, written_in
from gateway.ticket.notices import lines_of_words
from gateway.ticket.types import FROM_FORWARD, Notification, Outcome, SetField, SetRequester, ThreadMatch, Ticket

CODE = "forward"
_OF_FORWARDER = frozenset({"authentication-results", "sender", "reply-to", "auto-submitted", "content-language"})


def open_forwarded(mail: AgentMail, forward: Forward, mentions: tuple[int, ...]) -> Outcome:
    """The ticket of a forwarded mail; where nobody can be seen in it, of the agent, who is asked whose it is."""
    customer = _customer(mail, forward)
    message = _of_customer(mail, forward, customer or Mailbox(mail.agent.name, mail.agent.email))
    match = ThreadMatch(None, "none", "stranger", f"forwarded by {mail.agent.id}", mentions)
    inbound = replace(mail.inbound, verified=None)  # it was found out about the forwarder
    outcome = opened(inbound, message, mail.d, mail.c, found=match, forwarded=True)
    ticket = tickets.find_ticket(mail.c, outcome.ticket) if outcome.ticket is not None else None
    if ticket is None or outcome.disposition != "ticket":  # a rule ended it
        return outcome
    _save(mail, ticket, SetField("flags", (*ticket.flags, FROM_FORWARD), actor(mail.agent.id)))
    line = _said_above(mail, ticket.number)
    if customer is None:
        ask_for_customer(mail, ticket.number)
        return outcome
    _receipt(mail, ticket.number, customer, line)
    return outcome


def take_back(mail: AgentMail, held: HeldMail) -> str:
    """The ticket is the agent's own again, nobody else takes part, and he is asked whose it is; in a few words."""
    ticket = tickets.find_ticket(mail.c, held.ticket or 0, lock=True)
    if ticket is None or ticket.requester is None:
        return "it is gone"
    was = normal(ticket.requester.address)
    own = Mailbox(mail.agent.name, mail.agent.email)
    _save(mail, ticket, SetRequester(own, actor(mail.agent.id)))
    wanted = TakePart(ticket.number, (was,), remove=True, by=mail.agent.id)
    OPERATIONS["ticket.people"].perform(mail.c, wanted, mail.duty)
    ask_for_customer(mail, ticket.number)
    return f"{was} has nothing to do with #{ticket.number} any more"


def ask_for_customer(mail: AgentMail, number: int) -> None:
    """A mail that is answered with `#customer` and an address."""
    ticket = tickets.find_ticket(mail.c, number)
    words = lines_of_words(mail.message.forward.text) if mail.message.forward is not None else ()
    values = {"reason": "customer", "words": words, "choices": ()}
    revision = ticket.revision if ticket is not None else 0
    notice = _notice(mail, number, "hold", values, f"customer:{mail.inbound.key}")
    enqueue(replace(notice, purpose="t", revision=revision), mail.d.desk, mail.c, mail.now)


def _customer(mail: AgentMail, forward: Forward) -> Mailbox | None:
    """Who wrote the forwarded mail; None when no address is shown, or one of ours."""
    who = forward.author
    return who if who is not None and "@" in who.address and normal(who.address) not in mail.d.takes_no_part else None


def _of_customer(mail: AgentMail, forward: Forward, who: Mailbox) -> Message:
    """The forwarded mail as if it had come by itself. What our boundary found out is about the forwarder."""
    language = language_of(None, forward.text, mail.d.languages)
    return replace(
        mail.message,
        fields=tuple(f for f in mail.message.fields if f.name.lower() not in _OF_FORWARDER),
        message_id=None,  # he never sent it
        in_reply_to=(),
        references=(),
        author=who,
        sender=None,
        reply_to=(),
        to=(),
        cc=(),
        subject=forward.subject or mail.message.subject,
        text=forward.text,
        quoted="",
        signature="",
        html=None,
        language=language.code,
        language_source=language.source,
        language_confidence=language.confidence,
        forward=None,
    )


def _said_above(mail: AgentMail, number: int) -> Line | None:
    """What stands above the forwarded mail: commands for the new ticket, and a note; what of it went wrong."""
    words, strings = vocabulary(mail.d), mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    orders = read_commands(written_in(mail.message), writer_of(mail), words, about_ticket=True)
    asker = Asker(mail.agent, number, "note")
    failed: Line | None = None
    if not isinstance(orders, Orders):
        comment = mail.message.forward.comment if mail.message.forward is not None else ""
        failed, orders = Line("failed", orders.written, orders.wrong.said(strings)), Orders((), comment)
    done = carried_out(mail.c, orders, asker, mail.duty)
    if done.questions:  # what reaches far is asked for in the new ticket
        failed = Line("failed", orders.commands[0].written, strings["held_confirm"])
        done = carried_out(mail.c, Orders((), orders.text), asker, mail.duty)
    if done.refused is not None:
        failed = Line("failed", done.refused.written, done.refused.wrong.said(strings))
        carried_out(mail.c, Orders((), orders.text), asker, mail.duty)
    tell(mail.c, replace(done, lines=()), asker, mail.duty, mail.inbound.key)
    return failed


def _receipt(mail: AgentMail, number: int, customer: Mailbox, failed: Line | None) -> None:
    """Where the forward went, with one tap to take it back."""
    id = held_mail.hold(
        mail.c,
        mail=mail.inbound.key,
        ticket=number,
        agent=mail.agent.id,
        code=CODE,
        proposal=Proposal(""),
        at=mail.now,
        expires_at=mail.now + HELD_FOR,
    )
    lines = [Line("ok", f"#{number}", str(customer)), *([failed] if failed is not None else [])]
    values = {
        "lines": tuple(map(asdict, lines)),
        "summary": f"#{number}",
        "undo": "#undo",
        "undo_until": (mail.now + HELD_FOR).isoformat(),
    }
    notice = _notice(mail, number, "receipt", values, f"forward:{id}")
    enqueue(replace(notice, purpose="h", item=id), mail.d.desk, mail.c, mail.now)


def _notice(mail: AgentMail, number: int, template: str, values: Mapping[str, object], key: str) -> Notification:
    ticket = tickets.find_ticket(mail.c, number)
    notice = to_agent(mail.agent, template, values, mail.d.rules, key=key, cause=actor(mail.agent.id), about=ticket)
    return replace(notice, auto_submitted="auto-replied")


def _save(mail: AgentMail, ticket: Ticket, change: SetField | SetRequester) -> None:
    save(
        mail.c,
        (change,),
        ticket_before=ticket,
        source=None,
        actor=actor(mail.agent.id),
        now=mail.now,
        promises=mail.d.promises,
        basis=mail.basis,
    )
