"""Which rules are in force: what a running daemon is asked for, and what is noted for the next start.

Transaction  the caller's, durable.
Not here     taking rules over, which is no change of the store alone (daemon.py); the statements (store/revisions.py).
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operations.types import Done, Duty, Operation
from gateway.rules.written import RuleText
from gateway.store.revisions import keep_revision


@dataclass(frozen=True, slots=True)
class LoadRules:
    """Put the rule file in force, as it stands now."""

    author: str
    message: str = ""
    tests: bool = True  # whether a test in it that fails keeps it out


@dataclass(frozen=True, slots=True)
class AskState:
    """Which rules are in force."""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Note a text of the rules, and who wants it, for the next start."""

    written: RuleText
    author: str
    message: str


def _keep(c: Connection, rules: KeepRules, duty: Duty) -> tuple[Done, ...]:
    number = keep_revision(c, rules.written, author=rules.author, message=rules.message, now=duty.now)
    return (Done(str(number), "done", f"revision {number} comes into force at the next start"),)


OPERATIONS = {"rules.keep": Operation(KeepRules, _keep)}
