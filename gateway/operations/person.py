"""Who asks for a change, and the ticket it is for: what all changes by people begin with."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from gateway.message.types import Mailbox
from gateway.operations.types import Came, Done, Duty
from gateway.rules.types import RuleSet
from gateway.store import tickets
from gateway.store.changes import save
from gateway.ticket.saying import saying
from gateway.ticket.types import Change, Saved, Ticket

NO_TICKET = saying("done_no_ticket")
_OPERATOR = "operator"
_NAMED = ("agent", "team", "field")  # whose answers say what they are; of others it is plain


def actor(by: str | None, otherwise: str = _OPERATOR) -> str:
    """The word of the audit for whoever asks: an agent by id, or the operator of this machine."""
    return f"agent:{by}" if by else otherwise


def save_by(
    c: Connection,
    changes: Sequence[Change],
    before: Ticket | None,
    by: str | None,
    duty: Duty,
    came: Came | None = None,
) -> Saved:
    """What became of the changes that somebody asked for. `before` None opens a ticket.

    came  the mail that he asked by; None: on this machine
    """
    return save(
        c,
        changes,
        ticket_before=before,
        source=came.mail if came is not None else None,
        actor=actor(by, duty.asker),
        now=duty.now,
        promises=duty.deps.promises,
        basis=duty.basis,
    )


def unknown_agent(by: str | None, rules: RuleSet, name: str) -> Done | None:
    """The answer where the rules have no such agent; None when they have."""
    return None if by is None or by in rules.agents else unknown("agent", by, rules.agents, name)


def author(by: str | None, team: str, duty: Duty) -> Mailbox:
    """Who stands above the words: the agent, or the team."""
    if by is not None:
        agent = duty.deps.rules.agents[by]
        return Mailbox(agent.name, agent.email)
    teams = duty.deps.desk.teams
    return teams.get(team) or teams[duty.deps.rules.defaults.team]


def unknown(kind: str, word: str, known: Collection[str], name: str) -> Done:
    """The answer to a name that the rules do not have."""
    phrase = f"wrong_{kind if kind in _NAMED else 'choice'}"
    return Done(name, "refused", saying(phrase, word=word[:60], known=", ".join(known) or "—"))


def no_address(word: str, name: str) -> Done:
    """The answer to what is no address."""
    return Done(name, "refused", saying("wrong_address", word=word[:60]))


def own_address(word: str, name: str) -> Done:
    """The answer to an address that nobody outside has."""
    return Done(name, "refused", saying("wrong_own", word=word))


def open_ticket(c: Connection, number: int) -> Ticket | Done:
    """The ticket, locked for a change; else why nothing may change in it."""
    ticket = tickets.find_ticket(c, number, lock=True)
    if ticket is None:
        return Done(f"#{number}", "not-found", NO_TICKET)
    if ticket.merged_into is not None:
        into = tickets.goes_on_in(c, number)
        where = into.number if into else ticket.merged_into
        return Done(f"#{number}", "conflict", saying("done_merged", number=where))
    return ticket
