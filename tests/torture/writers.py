"""One of several gateways that write into the same tickets of one PostgreSQL at once.

usage   python -m tests.torture.writers FOLDER DATABASE NAME ROUNDS [furnish]
Each round is a mail into ticket 1, a tag, a note and an answer there, a merge of ticket 2 with its undoing; who comes
second does as the worker and the control socket do: he tries again.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.errors import TransientError
from gateway.operations.answers import Answer, Note
from gateway.operations.merges import Merge
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Done, Duty
from gateway.operations.undoing import Undo
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.conversations.play import RULES_WITHOUT_BUDGETS
from tests.processing import Desk, mail

_TRIES = 50


def write(desk: Desk, name: str, rounds: int) -> None:
    """All rounds of one gateway."""
    to = desk.reply_address("jan@bigbank.test", 1)
    for number in range(rounds):
        words = f"{name} writes {number}"
        again(lambda words=words: desk.take(mail("Jan <jan@bigbank.test>", "Re: Zwrot", words), to=to))  # type: ignore[misc]
        done(desk, "ticket.change", Change((1,), add_tags=(f"{name}-{number}",)))
        done(desk, "ticket.note", Note(1, f"{name} notes {number}"))
        done(desk, "ticket.answer", Answer(1, f"{name} answers {number}"))
        merged = done(desk, "ticket.merge", Merge(2, 1))
        if merged.undo is not None:
            done(desk, "ticket.undo", Undo(merged.undo))


def done(desk: Desk, operation: str, arguments: object) -> Done:
    """What became of an operation, as the daemon has it done; a conflict is an answer, too."""

    def perform(c: Any) -> tuple[Done, ...]:
        return OPERATIONS[operation].perform(c, arguments, Duty(desk.now, lambda: desk.deps))

    answer: Done = again(lambda: desk.store.submit(perform, durable=True).result()[0])
    return answer


def again(work: Callable[[], Any]) -> Any:
    """Once more, as long as somebody else was faster."""
    for _ in range(_TRIES):
        try:
            return work()
        except TransientError:
            continue
    raise AssertionError(f"not done in {_TRIES} tries")


if __name__ == "__main__":
    folder, url, name, rounds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_in(folder, url)
    store = open_store(settings)
    desk = Desk(store, settings, RULES_WITHOUT_BUDGETS, first_id=1000 * (1 + sum(name.encode())))
    if name == "furnish":
        desk.take(mail("Jan <jan@bigbank.test>"))
        desk.take(mail("Eva <eva@x.test>", "Another matter", "Please look at it."))
    else:
        write(desk, name, rounds)
    store.close()
