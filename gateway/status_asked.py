"""A customer who asks how his matters stand gets a table of them, and opens no ticket by it.

Sources      agents-by-mail.md §10: the one word as the subject or the first line, DMARC pass, three an hour. Whoever
             writes more than that word has something to say, and his mail goes its way. No content of messages.
Transaction  that of the mail.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from gateway.deciding.decide import authenticated, language_for
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.classify import classify
from gateway.message.fold import words
from gateway.message.subject import base_subject
from gateway.message.types import Accepted, Mailbox, Message
from gateway.outgoing.enqueue import enqueue
from gateway.pipeline import ended, same_as_before
from gateway.rules.desk import Rate
from gateway.rules.statuses import BUILT_IN
from gateway.store import budgets, customers, tickets
from gateway.ticket.guard import SendBudget
from gateway.ticket.life import FINISHED
from gateway.ticket.types import Customer, Notification, Outcome, Ticket

_TEMPLATE = "customer_status"
_OFTEN = Rate(3, timedelta(hours=1))
_MOST_ROWS = 20
_MOST = 200  # tickets of somebody that are looked at
_BESIDE = 5  # words of a mail whose subject asks


def status_asked(inbound: Accepted, message: Message, d: Deps, c: Connection) -> Outcome | None:
    """What became of a mail that asks for nothing but the status; None when it is no such mail."""
    asked = {word for each in d.languages for word in words(d.desk.templates.words(each)["word_status"])}
    if message.author is None or message.attachments or not _is_asked(message, asked):
        return None
    verdict, auth = classify(message, inbound.envelope, d.own), authenticated(inbound, message, d)
    if verdict.kind != "person" or not verdict.may_respond or auth.dmarc != "pass":
        return None
    now, address = d.now(), normal(message.author.address)
    customer = customers.find_customer(c, address)
    who = customer.id if customer is not None else None
    his = tickets.of_participant(c, who, {address, *(customers.addresses(c, who) if who else ())}, _MOST)
    if customer is None and not his:
        return None
    if (duplicate := same_as_before(inbound, message, d, c, now)) is not None:
        return duplicate
    budget = SendBudget("status-limit", _OFTEN, {"recipient": address, "template": _TEMPLATE})
    too_often = budgets.used(c, (budget,), now) == (_OFTEN.count,)
    if not too_often:
        enqueue(_table(inbound, message, customer, his, d, c), d.desk, c, now)
    reason = f"asked how his tickets stand{', once too often' if too_often else ''}"
    return ended(Outcome(inbound.key, "record", reason, None, None), inbound, message, d, c, now, auth=auth)


def _is_asked(message: Message, asked: set[str]) -> bool:
    first, _, below = message.text.strip().partition("\n")
    by = set(words(message.author.name if message.author is not None else ""))
    said = words(first if set(words(below)) <= by else message.text)  # a name below it is no more than that
    if words(base_subject(message.subject)) in [[word] for word in asked] and len(said) <= _BESIDE:
        return "?" not in message.text
    return len(said) == 1 and said[0] in asked


def _table(
    inbound: Accepted, message: Message, customer: Customer | None, his: Sequence[Ticket], d: Deps, c: Connection
) -> Notification:
    found = [ticket for ticket in his if ticket.status_type not in FINISHED]
    chosen = (customer.chosen_language or customer.language) if customer is not None else None
    rules, author = d.rules, message.author or Mailbox("", "")
    team = next(filter(None, map(rules.team_of, inbound.envelope.forward_paths)), None)
    return Notification(
        recipient=Mailbox("", author.address),
        template=_TEMPLATE,
        variant=None,
        language=chosen or language_for(message, customer, rules)[0],
        ticket=None,
        team=team.id if team is not None else rules.defaults.team,
        subject=None,
        in_reply_to=message.message_id,
        references=(message.message_id,) if message.message_id is not None else (),
        auto_submitted="auto-replied",
        dedupe_key=f"{_TEMPLATE}:{inbound.key}",
        cause="customer.status",
        values={"tickets": tuple(_row(ticket, c) for ticket in found[:_MOST_ROWS])},
        zone=customer.zone if customer is not None else None,
    )


def _row(ticket: Ticket, c: Connection) -> dict[str, object]:
    answers = [entry.at for entry in tickets.entries(c, ticket.number) if entry.kind == "answer"]
    known = ticket.status
    if known not in BUILT_IN:  # the site's own: the word for what it means
        known = next(name for name, kind in BUILT_IN.items() if kind == ticket.status_type)
    return {
        "number": ticket.number,
        "subject": ticket.told_subject,
        "status": known,
        "answered": answers[-1].isoformat() if answers else None,
        "due": ticket.answer_due.isoformat() if ticket.answer_due is not None else None,
    }
