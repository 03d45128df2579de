"""Who writes commands at this desk, and what each word means there.

Not here  the words (ticket/command_table.py, templates/_strings), reading them (ticket/commands.py).
"""

from zoneinfo import ZoneInfo

from gateway.agents.types import AgentMail
from gateway.deciding.types import Deps
from gateway.ticket.command_table import Vocabulary
from gateway.ticket.command_values import Writer


def writer_of(mail: AgentMail) -> Writer:
    """The agent, with his clock and what his words can name."""
    rules, agent = mail.d.rules, mail.agent
    calendar = rules.calendars.get(agent.calendar or rules.defaults.calendar or "")
    zone = ZoneInfo(agent.timezone or (calendar.timezone if calendar is not None else "UTC"))
    return Writer(agent, rules, mail.now, zone, mail.d.languages, mail.d.notifying.own_addresses)


def vocabulary(d: Deps) -> Vocabulary:
    """Every word of a command, in every language that we write."""
    templates = d.desk.templates
    return Vocabulary({language: templates.words(language) for language in d.languages}, d.rules.statuses)
