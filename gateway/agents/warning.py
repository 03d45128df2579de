"""What an agent, and who leads, should know of mail in his name: told to the addresses that we know, once an hour.

Sources      agents-by-mail.md §1. A forger decides how often he writes, never how many mails our people get.
Transaction  that of the mail.
"""

from gateway.agents.types import AgentMail
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.alarming import alarm
from gateway.outgoing.compose import Watcher
from gateway.outgoing.enqueue import enqueue
from gateway.store import alarms
from gateway.ticket.types import Ticket

_AT_ONCE = 3  # in an hour: then it is no accident


def warn_of_spoofing(mail: AgentMail) -> None:
    """Somebody wrote with the agent's From, and its origin is false."""
    said = f"{mail.agent.email}, m-{mail.inbound.id}"  # no word of the forger
    alarms.note(mail.c, "spoofed", mail.agent.id, said, mail.now)
    _tell(mail, "spoofed", mail.agent.id, said)
    hour = mail.now.replace(minute=0, second=0, microsecond=0)
    if any(a.about == "spoofed" and a.key == mail.agent.id and a.count == _AT_ONCE for a in alarms.since(mail.c, hour)):
        for watcher in mail.d.desk.watchers:
            enqueue(
                alarm(watcher, "spoofed", f"{mail.agent.id}:at once", said, mail.now), mail.d.desk, mail.c, mail.now
            )


def warn_of_other_author(mail: AgentMail, ticket: Ticket | None) -> None:
    """Somebody else wrote to a reply address that only the agent should have."""
    author = mail.message.author
    who = normal(author.address) if author is not None else "—"
    about = f" #{ticket.number}" if ticket is not None else ""
    alarms.note(mail.c, "other_author", mail.agent.id, f"{who}{about}", mail.now)
    _tell(mail, "other_author", mail.agent.id, f"{who}{about} · agents: {mail.agent.id}: also: [{who}]")


def _tell(mail: AgentMail, about: str, key: str, said: str) -> None:
    agent, rules = mail.agent, mail.d.rules
    language = rules.language_of(agent)
    watcher = Watcher(Mailbox(agent.name, agent.email), language, agent.timezone, rules.defaults.team)
    enqueue(alarm(watcher, about, key, said, mail.now), mail.d.desk, mail.c, mail.now)
