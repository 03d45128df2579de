"""`mailwicket agent list | away | back`: who is there, how much everybody has, who is away until when."""

from datetime import datetime

import click

from gateway.cli.change import Asked, asking
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.output import Column, counted, print_json, print_lines, table
from gateway.cli.rules_now import promises_now
from gateway.cli.time import Time
from gateway.operations.agents import Away, Back
from gateway.rules.types import Agent, RuleSet
from gateway.store import turns
from gateway.ticket.assign import AtDesk, limits

_LIST = (
    Column("Agent", least=6),
    Column("Name", least=8),
    Column("Role"),
    Column("Teams", least=8),
    Column("Speaks", least=6),
    Column("Open", right=True),
    Column("State", least=12),
)


@click.command("list", cls=Command, examples=("mailwicket agent list", "mailwicket agent list --team billing --json"))
@click.option("--team", metavar="T", help="Only members of this team.")
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, team: str | None, as_json: bool) -> None:
    """List the agents of the rules: their teams, the tickets they have to do, whether they get new ones now."""
    promises, now = promises_now(invocation), invocation.now()
    with reading(invocation) as c:
        desk = turns.at_desk(c, promises, now)
    rules = promises.rules
    found = [each for each in rules.agents.values() if team is None or team in _teams(each, rules)]
    if as_json:
        print_json("agent-list/1", {"agents": [_json(each, rules, desk) for each in found]})
        return
    print_lines(table(_LIST, (_row(each, rules, desk) for each in found), invocation.columns()))
    invocation.note(f"  {counted(len(found), 'agent')}")


@click.command(
    "away",
    cls=Command,
    examples=("mailwicket agent away ana --until 3d", "mailwicket agent away ana --until 2026-12-01 --cover piotr"),
)
@click.argument("agent")
@click.option("--until", type=Time(ahead=True), metavar="T", help="When it ends by itself; else with “agent back”.")
@click.option("--cover", metavar="AGENT", help="Who looks after the tickets meanwhile.")
@asking
def away(asked: Asked, agent: str, until: datetime | None, cover: str | None) -> None:
    """Give an agent no new tickets for a while; those there are stay.

    The time is 2h, 3d, 2026-12-01 or "2026-12-01 09:00" (UTC), or one with its zone.
    """
    asked.have_done("agent.away", Away(agent, until, cover, asked.by))


@click.command("back", cls=Command, examples=("mailwicket agent back ana", "mailwicket agent back ana --as eva"))
@click.argument("agent")
@asking
def back(asked: Asked, agent: str) -> None:
    """Give an agent new tickets again, first those that wait."""
    asked.have_done("agent.back", Back(agent, asked.by))


def _teams(agent: Agent, rules: RuleSet) -> list[str]:
    return [team.id for team in rules.teams.values() if agent.id in team.members]


def _row(agent: Agent, rules: RuleSet, desk: AtDesk) -> tuple[str, ...]:
    count = str(desk.counted.get(agent.id, 0))
    most = f"{count}/{agent.max_open}" if agent.max_open is not None else count
    speaks = " ".join(agent.languages)
    return (
        agent.id,
        agent.name,
        agent.role,
        " ".join(_teams(agent, rules)),
        speaks,
        most,
        str(limits(agent, desk) or "free"),
    )


def _json(agent: Agent, rules: RuleSet, desk: AtDesk) -> dict[str, object]:
    away = desk.absent.get(agent.id)
    absence = None if away is None else {name: getattr(away, name) for name in ("since", "until", "cover", "by")}
    return {
        "id": agent.id,
        "name": agent.name,
        "role": agent.role,
        "teams": _teams(agent, rules),
        "languages": agent.languages,
        "skills": agent.skills,
        "open": desk.counted.get(agent.id, 0),
        "max_open": agent.max_open,
        "away": absence,
        "gets_tickets": limits(agent, desk) is None,
    }
