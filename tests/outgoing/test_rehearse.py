"""A template of the site goes live only after a child that can be killed has rendered it (acceptance G-03)."""

import pytest

from gateway.outgoing import rehearse
from gateway.outgoing.rehearse import rehearsed
from tests.outgoing.letters import mail_of

GOOD = mail_of("Hallo {{ ticket.number }}")


def test_files_that_fail_are_named_and_the_others_are_good() -> None:
    wrong = rehearsed(
        {
            "auto_ack/de.md.j2": GOOD,
            "auto_ack/pl.md.j2": mail_of("{{ ticket.nope }}"),
            "hold/en.md.j2": mail_of("{% if reason == 'leak' %}{{ nope }}{% endif %}"),  # of one fixture alone
            "auto_ack/hr.md.j2": mail_of("{% if mail.variant == 'after_hours' %}{{ nope }}{% endif %}"),
            "vip/en.md.j2": mail_of("{% include 'x' %}"),
            "_strings/de.yaml": "reply_marker: Drüber!\n",
        },
        1.0,
        256 * 1024,
    )
    assert wrong.keys() == {"auto_ack/pl.md.j2", "auto_ack/hr.md.j2", "hold/en.md.j2", "vip/en.md.j2"}
    assert "nope" in wrong["auto_ack/pl.md.j2"]
    assert "nope" in wrong["hold/en.md.j2"]


def test_what_the_child_dies_of_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox has no bomb that is known; a child without memory stands for one that is not."""
    monkeypatch.setattr(rehearse, "_COMMAND", (*rehearse._COMMAND[:4], "-c", DYING))
    wrong = rehearsed({"auto_ack/de.md.j2": GOOD, "auto_ack/pl.md.j2": GOOD}, 1.0, 1000)
    assert wrong.keys() == {"auto_ack/pl.md.j2"}


DYING = """
import json, os, sys
for path in json.load(sys.stdin)[0]:
    print(json.dumps([path, None]), flush=True)
    if "pl" in path:
        os.abort()
    print(json.dumps([path, ""]), flush=True)
"""


def test_a_child_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearse, "_COMMAND", (*rehearse._COMMAND[:4], "-c", DYING.replace("os.abort()", "input()")))
    wrong = rehearsed({"auto_ack/pl.md.j2": GOOD}, 1.0, 1000, wall_s=0.3)
    assert "takes more than" in wrong["auto_ack/pl.md.j2"]
