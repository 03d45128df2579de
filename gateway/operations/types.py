"""An operation: what a person asks for by name, what it takes, and what becomes of it.

Transaction  the caller's, durable. An answer is a value for each name: a conflict changes nothing and says why.
Not here     the operations (mails.py and its neighbours), who may ask (control.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.types import Attachment, Mailbox
from gateway.store.undoing import Step
from gateway.ticket.saying import Sayable, saying

Outcome = Literal["done", "not-found", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Duty:
    """When an operation is done, and what is in force then."""

    now: datetime
    in_force: Callable[[], Deps]  # asked when it is needed: reading rules takes its time
    basis: str = "local"  # what the right of whoever asks rests on; else whoever may open the control socket
    asker: str = "operator"  # the word of the audit for whoever asks, where no agent does

    @property
    def deps(self) -> Deps:
        """Rules, templates and keys.

        Raises  ConfigError  they are wrong
        """
        return self.in_force()


@dataclass(frozen=True, slots=True)
class Came:
    """The mail of an agent that something was asked for by."""

    mail: str  # its key
    message_id: str | None = None
    attachments: tuple[Attachment, ...] = ()  # as they stand in it
    beside: tuple[Mailbox, ...] = ()  # whom he sent it to himself: they have it, and take part from now on
    html: str | None = None  # sanitised, in which his words may be set; None: there is none


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one name of an operation, in one sentence."""

    name: str
    outcome: Outcome
    said: Sayable  # plain English where only the command line hears of it
    undo: str | None = None  # what takes it back: u-318 or c-14; None where nothing does
    warns: bool = False  # whether it was done, and whoever asked for it may not have meant that
    waiting: tuple[int, ...] = ()  # numbers of mails that it wrote and that leave later
    steps: tuple[Step, ...] = ()  # what takes it back, beside the tickets as they were


@dataclass(frozen=True, slots=True)
class Told:
    """The same as the command line hears of it, in English."""

    name: str
    outcome: Outcome
    said: str
    undo: str | None = None
    warns: bool = False


NOTHING_CHANGED = saying("done_same")


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the registry: which arguments it takes, and what it does in the transaction of the caller."""

    arguments: type[Any]
    perform: Callable[[Connection, Any, Duty], tuple[Done, ...]]
