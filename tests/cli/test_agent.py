"""Who is there and how much everybody has, as the operator sees it and says it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.store.opening import open_store
from tests.cli.desk import Desk, mailwicket_beside, printed, write_config
from tests.conftest import settings_in

RULES = """version: 1
defaults: {team: support}
calendars: {nights: {timezone: UTC, hours: {mon-sun: "22:00-24:00"}}}
agents:
  ana: {name: Ana, email: ana@acme.test, role: lead, languages: [hr, en], max_open: 1}
  piotr: {name: Piotr, email: piotr@acme.test, languages: [pl], skills: [refunds]}
  nick: {name: Nick, email: nick@acme.test, calendar: nights}
teams:
  support: {address: support@acme.test, members: [ana, piotr, nick], assign: least_busy, auto_ack: false}
  billing: {address: billing@acme.test, members: [piotr], auto_ack: false}
"""


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    """Two tickets of Saturday night, and no owner yet: they came before anybody distributed."""
    settings = settings_in(tmp_path, f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}")
    write_config(tmp_path, settings)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    store = open_store(settings)
    made = Desk(store, settings, tmp_path / "rules.yaml")
    await made.take("refund.eml")
    await made.take("stranger.eml", sender="eva@x.test")
    store.close()  # the commands open it
    return made


COMMANDS = (
    "agent away piotr --until 2d --cover ana --as ana",
    "agent list",
    "agent list --team billing",
    "agent back piotr --dry-run",
    "agent back piotr",
    "ticket list",
    "ticket assign 2 ana",
    "ticket assign 1 ana",
    "agent list",
    "agent back piotr",
)


async def test_printed(
    desk: Desk, tmp_path: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    golden("agent.txt", await printed(COMMANDS, desk, tmp_path / "mailwicket.toml", capsys))


async def test_json(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = await mailwicket_beside(tmp_path / "mailwicket.toml", "agent", "list", "--json", clock=desk.clock)
    found = json.loads(capsys.readouterr().out)
    assert (code, found["schema"].rpartition("/")[0][-10:]) == (0, "agent-list")
    assert [(agent["id"], agent["gets_tickets"]) for agent in found["agents"]] == [
        ("ana", True),
        ("piotr", True),
        ("nick", False),
    ]


async def test_an_unknown_agent_is_said(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = await mailwicket_beside(tmp_path / "mailwicket.toml", "agent", "away", "anna", clock=desk.clock)
    assert (code, "Nobody here is called “anna”. Agents: ana, piotr, nick" in capsys.readouterr().out) == (2, True)
