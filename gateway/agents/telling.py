"""A few words to an agent about his own mail, where what it came to is not what he may think.

Sources      agents-by-mail.md: every refusal is answered.
Transaction  that of the mail.
Not here     mails that wait for his word (holding.py), mail of others in his name (warning.py), receipts (operations/).
"""

from datetime import datetime

from sqlalchemy import Connection

from gateway.agents.types import AgentMail
from gateway.message.types import Accepted
from gateway.operations.order_mails import told
from gateway.operations.order_types import Asker
from gateway.operations.orders import UNDO_WITHIN
from gateway.operations.undoing import given_away
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.store.audit import add_audit
from gateway.ticket.notices import lines_of_words
from gateway.ticket.types import Outcome, Ticket
from gateway.ticket.visibility import UNSEEN


def unseen(mail: AgentMail, ticket: Ticket) -> Outcome:
    """A proven mail about a ticket that its writer does not see, or not any more: kept, and he is told.

    Where he gave the ticket away himself he may have it back; else who leads its team hears of it, once an hour.
    """
    own = given_away(mail.c, mail.agent, ticket.number, mail.now - UNDO_WITHIN, mail.d.rules)
    words = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    offers = (f"#undo {own}",) if own is not None else ()
    lines = (*(words["told_given_away"].format(command=each) for each in offers), *lines_of_words(mail.message.text))
    title = words["told_unseen"].format(number=ticket.number)
    told(mail.c, title, lines, Asker(mail.agent, None), mail.duty, f"{mail.inbound.key}:unseen", offers)
    said = f"{mail.agent.id}, {UNSEEN}"
    if own is None:
        team = mail.d.rules.team(ticket.team)
        lead = mail.d.rules.agents.get(team.lead or "")
        watchers = [each for each in mail.d.desk.watchers if lead is not None and each.mailbox.address == lead.email]
        raise_alarm(mail.c, "no_right", mail.agent.id, said, mail.d.desk, mail.now, enqueue, watchers)
    note_refused(mail.c, mail.inbound, f"no-right: {said}", ticket.number, mail.now)
    return mail.end("quarantine", f"no-right: {said}", ticket.number)


def note_refused(c: Connection, inbound: Accepted, why: str, ticket: int | None, now: datetime) -> None:
    """That a mail in the name of an agent did nothing, and why."""
    add_audit(c, at=now, actor="mail", basis=None, action="mail.refused", ticket=ticket, source=inbound.key, detail=why)


def tell_of(mail: AgentMail, number: int | None, what: str, **places: str) -> None:
    """Queue a mail to the address that we know: `told_WHAT` of the strings, and his own words, so that he has them.

    number  of the ticket that it is about
    places  what stands in the places of the words
    """
    words = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    title = words[f"told_{what}"].format_map(places)
    asker = Asker(mail.agent, number)
    told(mail.c, title, lines_of_words(mail.message.text), asker, mail.duty, f"{mail.inbound.key}:{what}")
