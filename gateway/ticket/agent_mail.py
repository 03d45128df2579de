"""A mail to somebody of ours: to the address that the rules name, in his language, whatever it is about.

Sources  mails to people of ours: never to whoever a mail says it is from.
Not here what it says, and whether it may go (notify.py, and whoever has something to say).
"""

from collections.abc import Mapping

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.rules.types import Agent, RuleSet
from gateway.ticket.types import FROM_FORWARD, GoesTo, Notification, Ticket


def to_agent(
    agent: Agent,
    template: str,
    values: Mapping[str, object],
    rules: RuleSet,
    *,
    key: str,
    cause: str,
    about: Ticket | None = None,
    team: str | None = None,
) -> Notification:
    """The mail, that nobody asked for by a mail of his; who takes part beside the customer is added when it is queued.

    key    by which it is queued once
    cause  the rule, or what else is to blame
    team   from whose address, where it is about no ticket; the default team's where the rules know none
    """
    who = about.requester if about is not None and not stands_in(about, rules) else None
    language = (about.language if about is not None else None) or rules.defaults.language
    return Notification(
        recipient=Mailbox(agent.name, agent.email),
        template=template,
        variant=None,
        language=rules.language_of(agent),
        ticket=about.number if about is not None else None,
        team=rules.team(about.team if about is not None else team).id,
        subject=None,
        in_reply_to=None,
        references=(),
        auto_submitted="auto-generated",
        dedupe_key=key,
        cause=cause,
        values=values,
        audience="agent",
        zone=agent.timezone,
        goes_to=GoesTo((who,) if who is not None else (), language, is_internal(about)) if about is not None else None,
    )


def is_internal(ticket: Ticket) -> bool:
    """Whether one of ours opened it for another team: it has no customer, and needs none."""
    return ticket.requester is None and ticket.channel == "cli"


def stands_in(ticket: Ticket, rules: RuleSet) -> bool:
    """Whether an agent is the customer of what he forwarded only until somebody says who is."""
    if FROM_FORWARD not in ticket.flags or ticket.requester is None:
        return False
    his = normal(ticket.requester.address)
    return any(his == normal(address) for agent in rules.agents.values() for address in agent.addresses)
