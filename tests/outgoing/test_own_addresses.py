"""No mail of ours goes to ourselves, whoever asked for it."""

from dataclasses import replace

import pytest

from gateway.config import Settings
from gateway.message.types import Mailbox
from gateway.outgoing.enqueue import enqueue
from gateway.outgoing.probe import PROBE
from gateway.store.store import Store
from gateway.ticket.agent_mail import to_agent
from tests.agents.mails import JAN, RULES
from tests.processing import Desk


@pytest.mark.parametrize(
    ("address", "template", "states", "alarms"),
    [
        # whom it is for, what it is, what becomes of it, alarms
        ("support@gw.test", "command_result", ["failed"], 1),
        ("Support+t1-0.abc@GW.test", "command_result", ["failed"], 1),
        ("billing+cmd@gw.test", "command_result", ["failed"], 1),
        ("bounce+q1.abc@gw.test", "command_result", ["failed"], 1),
        ("support@gw.test", PROBE, ["queued"], 0),  # it is meant to come back
        (JAN, "command_result", ["queued"], 0),
        ("support+foo@bigbank.test", "command_result", ["queued"], 0),
    ],
)
def test_a_mail_to_ourselves_never_leaves(
    store: Store, settings: Settings, address: str, template: str, states: list[str], alarms: int
) -> None:
    desk = Desk(store, settings, RULES.replace("email: bob@agents.test", "email: bob@agents.test, role: admin"))
    values = {"lines": (), "words": (), "title": "x", "commands": ()}
    notice = to_agent(desk.deps.rules.agents["ann"], template, values, desk.deps.rules, key="x", cause="x")
    notice = replace(notice, recipient=Mailbox("", address), audience="agent")
    desk.write(lambda c: enqueue(notice, desk.deps.desk, c, desk.now))
    assert [m.state for m in desk.mails() if (m.forward_path, m.template) == (address, template)] == states
    assert len([m for m in desk.mails() if m.cause == "alarm:own_address"]) == alarms
