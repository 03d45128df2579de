"""Our mails that did not arrive: reports come home to the very mail and recipient, and an agent hears of it once.

Sources      mails-out.md §9; RFC 3464 §2.3 (status of each recipient), RFC 3463 §3 (which status names the mailbox).
             A report is believed because its recipient is the reverse-path of the mail (VERP); no text of it counts.
Transaction  that of the report, or of the look for mails that failed.
Not here     what a report says (message/report.py), addresses we leave alone (store/restraint.py), retries (outgoing/).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.deciding.decide import reported_mail
from gateway.deciding.types import Deps
from gateway.events import happened, owners_after, tell_linked
from gateway.message.address import normal
from gateway.message.types import Accepted, Message, RecipientStatus
from gateway.outgoing.enqueue import enqueue
from gateway.pipeline import process
from gateway.rules.desk import Rate
from gateway.rules.types import Agent
from gateway.satisfaction import rated
from gateway.status_asked import status_asked
from gateway.store import budgets, outbox, restraint, tickets
from gateway.store.outbox import OutboxItem
from gateway.store.view import StoreView
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.guard import SendBudget
from gateway.ticket.types import Notification, Outcome, ThreadMatch, Ticket
from gateway.ticket.visibility import answers

DELAYED_AFTER = timedelta(hours=4)
_FAILED_SINCE = timedelta(days=1)  # mails that failed before are known, or too old to do something about
_TOLD = Rate(20, timedelta(hours=1))  # mails about such mails, to one agent


def received(
    inbound: Accepted,
    message: Message,
    d: Deps,
    c: Connection,
    *,
    found: ThreadMatch | None = None,
    forwarded: Callable[[Ticket], None] | None = None,
    by_machine_of: str | None = None,
) -> Outcome:
    """One accepted mail; its ticket finds an owner, a report about one of ours is told to whoever should know. [T1]

    found      the ticket, where that is known already
    forwarded, by_machine_of  as in `process`
    """
    fresh = found is None and inbound.stub is None and inbound.imported is None and not inbound.released
    if fresh:
        for settled in (status_asked, rated):
            if (ended := settled(inbound, message, d, c)) is not None:
                return ended
    outcome = process(inbound, message, d, c, found=found, forwarded=forwarded, by_machine_of=by_machine_of)
    if outcome.disposition in ("ticket", "entry") and inbound.imported is None:
        taken = tickets.find_ticket(c, outcome.ticket or 0)
        if taken is not None:
            owners_after(c, None, taken, d, d.now())
            if taken.status_at == inbound.envelope.received_at:  # by this mail
                tell_linked(c, taken, d, d.now())
    report = message.report
    told = outcome.disposition == "report" and inbound.imported is None
    if told and report is not None and report.kind == "delivery":
        about = reported_mail(message, inbound, d, StoreView(c))
        item = outbox.find(c, about) if about is not None else None
        if item is not None:
            _came_home(item, report.recipients, d, c)
    return outcome


def tell_undelivered(c: Connection, d: Deps, now: datetime) -> int:
    """Tell agents of answers that failed here, or have not left for hours; how many are known. Each is told once."""
    items = outbox.troubled(c, failed_since=now - _FAILED_SINCE, waiting_since=now - DELAYED_AFTER)
    for item in items:
        _tell(item, item.last_reply or item.reason, d, c, now, what="failed" if item.state == "failed" else "delayed")
    return len(items)


def _came_home(item: OutboxItem, recipients: Iterable[RecipientStatus], d: Deps, c: Connection) -> None:
    """The first final failure counts; what is still being tried, and success, change nothing."""
    final = next((status for status in recipients if status.permanent), None)
    if final is None:
        return
    now, address = d.now(), normal(item.forward_path)
    named = final.status is None or final.status in final.diagnostic
    said = final.diagnostic if named else f"{final.status} {final.diagnostic}".rstrip()
    hard = restraint.names_no_mailbox(final.status)
    if not restraint.not_delivered(c, item.id, address, now, said, hard=hard):
        return
    outbox.mark_undelivered(c, item, said, now)
    _tell(item, said or "no reason given", d, c, now, what="failed")
    ticket = tickets.goes_on_in(c, item.ticket) if item.ticket is not None else None
    if ticket is not None:
        happened(c, ticket, ticket, ("bounced",), d, now, actor="system", text=said)


def _tell(item: OutboxItem, said: str, d: Deps, c: Connection, now: datetime, *, what: str) -> None:
    """A mail to the owner of the ticket, else to the lead of its team; nobody hears of mail to agents.

    Beyond so many in an hour it stands on the ticket alone: anybody can write from an address that does not exist.
    """
    ticket = tickets.goes_on_in(c, item.ticket) if item.ticket is not None else None
    if ticket is None or normal(item.forward_path) in d.takes_no_part:
        return
    for agent in _who(ticket, d):
        notice = _notice(item, ticket, agent, said, d, now, what)
        budget = SendBudget("recipient-limit", _TOLD, {"recipient": normal(agent.email), "template": notice.template})
        if budgets.used(c, (budget,), now) == (_TOLD.count,):
            notice = replace(notice, suppressed=budget.code)
        enqueue(notice, d.desk, c, now)


def _who(ticket: Ticket, d: Deps) -> tuple[Agent, ...]:
    team = d.rules.teams.get(ticket.team)
    ids = (ticket.assignee, team.lead if team is not None else None, *(team.members if team is not None else ()))
    return next(((d.rules.agents[id],) for id in ids if id is not None and id in d.rules.agents), ())


def _notice(
    item: OutboxItem, ticket: Ticket, agent: Agent, said: str, d: Deps, now: datetime, what: str
) -> Notification:
    requester = ticket.requester
    name = requester.name if requester is not None and normal(requester.address) == normal(item.forward_path) else ""
    until = (item.tried_since or now) + d.desk.give_up if what == "delayed" else None
    told = {
        "happened": what,
        "automatic": item.auto,
        "to": item.forward_path,
        "who": name or item.forward_path,
        "sent_at": item.queued_at.isoformat(),
        "said": said,
        "until": until.isoformat() if until is not None else None,
        "ticket": {"subject": ticket.told_subject},
    }
    key = f"delivery_{what}:{item.id}"
    notice = to_agent(agent, "delivery_failed", told, d.rules, key=key, cause=f"q-{item.id}", about=ticket)
    return replace(notice, revision=ticket.revision, purpose=None if answers(agent) else "n")
