"""What the daemon says of itself, when one runs."""

from dataclasses import dataclass

from gateway.config import Settings
from gateway.control import ask_daemon
from gateway.errors import GatewayError
from gateway.operations.revisions import AskState


@dataclass(frozen=True, slots=True)
class State:
    """Whether a daemon answers, and which rules are in force there."""

    why_not: str = ""  # why none answers; empty when one does
    revision: int | None = None
    stale: str = ""  # why the last reload changed nothing; empty when all is well


def state_of(settings: Settings) -> State:
    """The state of the daemon of these settings."""
    try:
        told = {done.name: done.said for done in ask_daemon(settings, "rules.state", AskState())}
    except GatewayError as e:
        return State(why_not=e.text)
    stale = told.pop("stale", "")
    return State("", next((int(name) for name in told if name.isdecimal()), None), stale)
