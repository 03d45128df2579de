"""Commands at the top of a mail by which an agent opens a ticket: they are for that ticket, or all of it is only tried.

Sources      agents-by-mail.md §3 (where commands are read), §4 (`#dry`), §6 (those above a forward).
Transaction  that of the mail; a savepoint takes back what was only tried.
Not here     which ticket that is, and what becomes of the words: of a forward forwarding.py, of a new mail ordering.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from gateway.agents.reading import vocabulary, writer_of
from gateway.agents.types import AgentMail
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Carried, Line
from gateway.operations.orders import carried_out
from gateway.operations.reasons import explanation_of
from gateway.operations.tried import letters, newest_mail
from gateway.store import inbound, tickets
from gateway.store.audit import attempt
from gateway.ticket.agent_mail import stands_in
from gateway.ticket.commands import Orders, Written, is_only_tried, read_commands
from gateway.ticket.saying import saying
from gateway.ticket.types import Outcome, Ticket
from gateway.ticket.visibility import sees


@dataclass(frozen=True, slots=True)
class Above:
    """What stands at the top of a mail."""

    orders: Orders  # without `#dry`; none of them where one was not understood
    failed: Line | None  # what was not understood; None: nothing
    only_tried: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a mail, and of what stands at its top."""

    outcome: Outcome
    lines: tuple[Line, ...] = ()  # what was done, and what could not be
    cc: tuple[Mailbox, ...] = ()  # whom the mail that was passed on went to beside


def read_above(mail: AgentMail, written: Written) -> Above:
    """The commands at the top, all of them understood or none."""
    words, strings = vocabulary(mail.d), mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    orders, tried = read_commands(written, writer_of(mail), words, about_ticket=True), is_only_tried(written, words)
    if not isinstance(orders, Orders):
        return Above(Orders((), ""), Line("failed", orders.written, orders.wrong.said(strings)), tried)
    commands = tuple(each for each in orders.commands if each.name != "dry")
    return Above(replace(orders, commands=commands), None, tried)


def obeyed(mail: AgentMail, asker: Asker, orders: Orders) -> tuple[Carried, Line | None]:
    """What came of commands for the ticket that is new, and what went wrong: nothing where it is None.

    What reaches far is not asked about here: it is asked for in the new ticket.
    """
    strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    done = carried_out(mail.c, orders, asker, mail.duty)
    if done.refused is not None:
        return done, Line("failed", done.refused.written, done.refused.wrong.said(strings))
    if done.questions:
        return done, Line("failed", orders.commands[0].written, strings["held_confirm"])
    return done, None


def opened(mail: AgentMail, above: Above, opens: Callable[[], Opened]) -> Outcome:
    """What became of it; where it is only tried nothing does, and its writer reads what would have."""
    if not above.only_tried:
        return opens().outcome
    with attempt(mail.c, only_tried=True):
        newest = newest_mail(mail.c)
        lines = tuple(_told(mail, opens()))
        would = letters(mail.c, newest, mail.d.desk.agents)
    done = Carried(lines, dry=True, told=True, letters=would)
    tell(mail.c, done, Asker(mail.agent, None), mail.duty, mail.inbound.key)
    return mail.end("record", f"{mail.agent.id}: only tried")


def _told(mail: AgentMail, found: Opened) -> Iterator[Line]:
    """What would be opened, for whom, what would be done, and which rules would do something."""
    outcome = found.outcome
    ticket = tickets.find_ticket(mail.c, outcome.ticket) if outcome.ticket is not None else None
    if ticket is None or outcome.disposition != "ticket":
        seen = ticket is not None and sees(mail.agent, ticket, mail.d.rules)
        why = f"#{ticket.number}" if ticket is not None and seen else outcome.reason or outcome.disposition
        yield Line("would", saying("done_new_ticket"), saying("done_opens_none", why=why))
    else:
        yield from _whose(mail, ticket, found.cc)
    yield from (replace(line, state="would" if line.state != "failed" else "failed") for line in found.lines)
    row = inbound.find(mail.c, mail.inbound.key)
    reasons = explanation_of(mail.c, row) if row is not None else None
    rules = reasons.rules.hits if reasons is not None and reasons.rules is not None else ()
    if fired := dict.fromkeys(hit.rule for hit in rules if hit.outcome == "applied"):
        yield Line("would", saying("done_rules"), ", ".join(fired))


def _whose(mail: AgentMail, ticket: Ticket, cc: tuple[Mailbox, ...]) -> Iterator[Line]:
    who = str(ticket.requester) if ticket.requester is not None else "—"
    said = saying("done_would_open", subject=ticket.subject, team=ticket.team, who=who)
    asked = (saying("done_whose"),) if stands_in(ticket, mail.d.rules) else ()
    yield Line("would", saying("done_new_ticket"), (said, *asked))
    people = [p.address for p in tickets.people(mail.c, ticket.number) if p.role == "cc"]
    if people:
        yield Line("would", "Cc", saying("done_takes_part", who=", ".join(people)))
    if others := [str(each) for each in cc if normal(each.address) not in people]:
        yield Line("would", "Cc", saying("done_by_cc", who=", ".join(others)))
