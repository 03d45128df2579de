"""Which tickets an agent sees, and whom he may write to."""

import pytest

from gateway.rules.load import load_rules
from gateway.rules.types import Agent
from gateway.ticket.visibility import answers, notes, sees
from tests.ticket.mails import ticket

RULES = load_rules(
    """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana, email: ana@acme.test}
  lea: {name: Lea, email: lea@acme.test}
teams:
  support: {address: support@acme.test, members: [ana]}
  billing: {address: billing@acme.test, lead: lea}
  news: {address: news@acme.test, visibility: all}
""",
    "r",
    1,
)


@pytest.mark.parametrize(
    ("who", "role", "team", "of_his", "seen"),
    [
        # agent, role, team of the ticket, what he is in it, whether he sees it
        ("ana", "agent", "support", "", True),
        ("ana", "agent", "billing", "", False),
        ("lea", "lead", "billing", "", True),
        ("lea", "lead", "support", "", False),
        ("ana", "agent", "billing", "assignee", True),
        ("ana", "agent", "billing", "responsible", True),
        ("ana", "light", "billing", "followers", True),
        ("ana", "light", "billing", "", False),
        ("ana", "agent", "news", "", True),
        ("root", "admin", "billing", "", True),
        ("paul", "auditor", "billing", "", True),
        ("ana", "agent", "a team that is gone", "", False),
    ],
)
def test_who_sees_a_ticket(who, role, team, of_his, seen):
    own = {of_his: (who,) if of_his == "followers" else who} if of_his else {}
    assert sees(Agent(who, who, f"{who}@acme.test", role=role), ticket(team=team, **own), RULES) is seen


@pytest.mark.parametrize(
    ("role", "to_customers", "at_all"),
    [
        # role, whether he answers customers, whether he writes at all
        ("agent", True, True),
        ("lead", True, True),
        ("admin", True, True),
        ("light", False, True),
        ("auditor", False, False),
    ],
)
def test_who_writes(role, to_customers, at_all):
    agent = Agent("ana", "Ana", "ana@acme.test", role=role)
    assert (answers(agent), notes(agent)) == (to_customers, at_all)
