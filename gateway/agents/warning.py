"""What an agent, and who leads, should know of mail in his name: told to the addresses that we know, so often an hour.

Sources      agents-by-mail.md §1. A forger decides how often he writes, never how many mails our people get.
Transaction  that of the mail.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from gateway.agents.reading import writer_of
from gateway.agents.types import AgentMail
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.alarming import alarm
from gateway.outgoing.compose import Watcher, address_in_list
from gateway.outgoing.enqueue import enqueue
from gateway.rules.desk import Rate
from gateway.store import agent_keys, alarms, budgets
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.guard import SendBudget
from gateway.ticket.types import Notification, Ticket
from gateway.ticket.visibility import answers

_HOUR = timedelta(hours=1)
_AT_ONCE = 3  # in an hour: then it is no accident
_MOST_ANSWERS = 5  # of somebody else with an agent's token, each of which he is told of in an hour


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
    """Somebody else wrote to a reply address that only the agent should have: most often he himself, from elsewhere.

    ticket  as it is with that mail in it
    """
    author, strings = mail.message.author, mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    who = normal(author.address) if author is not None else "—"
    about = f" #{ticket.number}" if ticket is not None else ""
    alarms.note(mail.c, "other_author", mail.agent.id, f"{who}{about}", mail.now)
    at = f"{mail.now.astimezone(writer_of(mail).zone):%H:%M}"
    to: str | None = None
    if ticket is not None:
        generation = agent_keys.generation(mail.c, normal(mail.agent.email))
        purpose = "t" if answers(mail.agent) else "n"
        to = address_in_list(mail.d.desk, ticket, purpose, mail.agent.email, generation)
        title = strings["told_unlisted"].format(time=at, number=ticket.number, address=who)
    else:
        title = strings["told_unlisted_orders"].format(time=at, address=who)
    again = strings["told_unlisted_again"].format(address=mail.agent.email)
    ways = [f"{again}: mailto:{to}" if to is not None else f"{again}."]
    if author is not None:
        rule = f"agents: {mail.agent.id}: also: [{', '.join((*mail.agent.also, who))}]"
        ways.append(strings["told_unlisted_also"].format(rule=rule))
    lines = (*ways, strings["told_unlisted_kept"]) if ticket is not None else tuple(ways)
    values = {"title": title, "lines": lines, "heads": (), "rows": ()}
    key = f"unlisted:{mail.inbound.key}"
    notice = to_agent(mail.agent, "command_result", values, mail.d.rules, key=key, cause="unverified-reply", about=None)
    more = {**values, "title": strings["told_more"], "lines": ()}
    _tell_some(mail, notice, more, _MOST_ANSWERS)


def warn_of_commands(mail: AgentMail) -> None:
    """Commands came under the agent's From, and nobody vouches for their origin."""
    said = f"{mail.agent.email}, m-{mail.inbound.id}"
    alarms.note(mail.c, "commands", mail.agent.id, said, mail.now)
    _tell(mail, "commands", mail.agent.id, said)


def _tell(mail: AgentMail, about: str, key: str, said: str) -> None:
    agent, rules = mail.agent, mail.d.rules
    language = rules.language_of(agent)
    watcher = Watcher(Mailbox(agent.name, agent.email), language, agent.timezone, rules.defaults.team)
    notice = alarm(watcher, about, key, said, mail.now)
    more = {**notice.values, "lines": (said, mail.d.desk.templates.words(language)["told_more"])}
    _tell_some(mail, notice, more, 1)


def _tell_some(mail: AgentMail, notice: Notification, more: Mapping[str, object], most: int) -> None:
    """The first so many of an hour are told at once; of all others one mail says an hour later that there were more."""
    scope = {"recipient": normal(mail.agent.email), "cause": notice.cause}
    budget = SendBudget("recipient-limit", Rate(most + 1, _HOUR), scope)  # within an hour, whatever the clock says
    (told,) = budgets.used(mail.c, (budget,), mail.now)
    if told < most:
        enqueue(replace(notice, auto_submitted="auto-replied"), mail.d.desk, mail.c, mail.now)
    elif told == most:
        later = replace(notice, values=more, not_before=mail.now + _HOUR, auto_submitted="auto-replied")
        later = replace(later, dedupe_key=f"{notice.dedupe_key}:more:{mail.inbound.key}")
        enqueue(later, mail.d.desk, mail.c, mail.now)
