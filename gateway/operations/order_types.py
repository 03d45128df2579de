"""Orders on their way: whose they are, what is asked before, what came of them.

Not here  carrying them out (orders.py), telling of it (order_mails.py).
"""

from dataclasses import dataclass
from typing import Literal

from gateway.operations.tried import Letter
from gateway.operations.types import Came
from gateway.rules.types import Agent
from gateway.ticket.command_table import COMMANDS
from gateway.ticket.commands import Command, Refused
from gateway.ticket.saying import Sayable
from gateway.ticket.types import File, Ticket

State = Literal["ok", "sent", "failed", "would"]


@dataclass(frozen=True, slots=True)
class Item:
    """A held mail that waits, where its writer asks in an answer to it."""

    id: int  # h-77
    waits: str  # for what, in his language
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose orders they are, and where they came to."""

    agent: Agent
    number: int | None  # of the ticket; None: they name theirs
    speaks: Literal["answer", "note", "nothing"] = "nothing"  # what the text becomes where no command says otherwise
    files: tuple[File, ...] = ()
    confirmed: bool = False  # whether he was asked, and said yes
    came: Came | None = None  # the mail that they came by; None: none
    item: Item | None = None  # that waits for his word; None: he asks about none


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt."""

    state: State
    what: Sayable
    detail: Sayable


@dataclass(frozen=True, slots=True)
class Question:
    """What is confirmed first."""

    doing: Literal["merge", "customer", "spam", "many", "far"]
    tickets: tuple[Ticket, ...]
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of orders. With `refused` or `questions` nothing was done."""

    lines: tuple[Line, ...] = ()
    undo: str | None = None  # u-318; None: there is nothing to take back
    refused: Refused | None = None
    questions: tuple[Question, ...] = ()
    reaches: tuple[str, ...] = ()  # with questions: the addresses of all who would get the text
    text: str = ""  # that they would get
    asked: tuple[Command, ...] = ()  # questions, to be answered when all is done
    dry: bool = False
    letters: tuple[Letter, ...] = ()  # that would go out, where it was only tried
    answered: bool = False  # whether words of its writer go to the customer
    told: bool = False  # whether its writer hears of it even where he wants to hear of failures alone


def numbers_of(asker: Asker, command: Command) -> tuple[int, ...]:
    """The tickets that a command is about."""
    if command.numbers:
        return command.numbers
    info = COMMANDS.get(command.name)
    about = info is None or info.where != "any"
    return (asker.number,) if about and asker.number is not None else ()
