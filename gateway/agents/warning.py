"""What an agent, and who leads, should know of mail in his name: told to the addresses that we know, once an hour.

Sources      agents-by-mail.md §1. A forger decides how often he writes, never how many mails our people get.
Transaction  that of the mail.
"""

from datetime import timedelta

from gateway.agents.types import AgentMail
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.alarming import alarm
from gateway.outgoing.compose import Watcher
from gateway.outgoing.enqueue import enqueue
from gateway.rules.desk import Rate
from gateway.store import alarms, budgets
from gateway.ticket.guard import SendBudget
from gateway.ticket.types import Ticket

_HOUR = timedelta(hours=1)
_AT_ONCE = 3  # in an hour: then it is no accident
_MOST_AUTHORS = 5  # of mails with an agent's token, that he is told of in an hour


def warn_of_spoofing(mail: AgentMail) -> None:
    """Somebody wrote with the agent's From, and its origin is false."""
    said = f"{mail.agent.email}, m-{mail.inbound.id}"  # no word of the forger
    alarms.note(mail.c, "spoofed", mail.agent.id, said, mail.now)
    _tell(mail, "spoofed", mail.agent.id, said)
    found = alarms.since(mail.c, mail.now - _HOUR)  # they are counted by the hours of the clock: here two may meet
    if sum(a.count for a in found if a.about == "spoofed" and a.key == mail.agent.id) < _AT_ONCE:
        return
    for watcher in mail.d.desk.watchers:
        notice = alarm(watcher, "spoofed_agent", mail.agent.id, said, mail.now)
        enqueue(notice, mail.d.desk, mail.c, mail.now)


def warn_of_other_author(mail: AgentMail, ticket: Ticket | None) -> None:
    """Somebody else wrote to a reply address that only the agent should have; each address is told once in an hour."""
    author = mail.message.author
    who = normal(author.address) if author is not None else "—"
    about = f" #{ticket.number}" if ticket is not None else ""
    alarms.note(mail.c, "other_author", mail.agent.id, f"{who}{about}", mail.now)
    how = f" · agents: {mail.agent.id}: also: [{who}]" if author is not None else ""
    _tell(mail, "other_author", f"{mail.agent.id}:{who}", f"{who}{about}{how}", _MOST_AUTHORS)


def warn_of_commands(mail: AgentMail) -> None:
    """Commands came under the agent's From, and nobody vouches for their origin."""
    said = f"{mail.agent.email}, m-{mail.inbound.id}"
    alarms.note(mail.c, "commands", mail.agent.id, said, mail.now)
    _tell(mail, "commands", mail.agent.id, said)


def _tell(mail: AgentMail, about: str, key: str, said: str, most: int = 1) -> None:
    agent, rules = mail.agent, mail.d.rules
    language = rules.language_of(agent)
    watcher = Watcher(Mailbox(agent.name, agent.email), language, agent.timezone, rules.defaults.team)
    notice = alarm(watcher, about, key, said, mail.now)
    scope = {"recipient": normal(agent.email), "cause": notice.cause}
    budget = SendBudget("recipient-limit", Rate(most, _HOUR), scope)  # within an hour, whatever the clock says
    if budgets.used(mail.c, (budget,), mail.now) < (most,):
        enqueue(notice, mail.d.desk, mail.c, mail.now)
