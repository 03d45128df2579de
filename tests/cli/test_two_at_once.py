"""Several writers at one ticket (H-07): on PostgreSQL as several processes have it, each with a store of its own."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from gateway.config import Settings
from gateway.operations.answers import Note
from gateway.operations.merges import Merge
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change, NewTicket
from gateway.operations.types import Done, Duty
from gateway.store import audit, tickets
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.cli.desk import NOW, Desk

_TIMES = 8


@pytest.fixture
def stores(store: Store, settings: Settings) -> Iterator[tuple[Store, Store]]:
    """Two of them where the database has room for two."""
    if store.alone:
        yield store, store
        return
    other = open_store(settings)
    yield store, other
    other.close()


def perform(store: Store, desk: Desk, name: str, arguments: object) -> Done:
    """One operation, as the control socket has it done."""

    def work(c: Connection) -> tuple[Done, ...]:
        return OPERATIONS[name].perform(c, arguments, Duty(NOW, lambda: desk.deps))

    return store.submit(work, durable=True).result()[0]


def at_once(*works: list[tuple[Store, str, object]], desk: Desk) -> list[Done]:
    """Each list in a thread of its own, all begun together."""
    gate, answers = threading.Barrier(len(works)), list[Done]()

    def run(work: list[tuple[Store, str, object]]) -> None:
        gate.wait(10)
        answers.extend(perform(store, desk, name, arguments) for store, name, arguments in work)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_no_change_of_two_people_is_lost(stores: tuple[Store, Store], desk: Desk) -> None:
    perform(stores[0], desk, "ticket.new", NewTicket("jan@bigbank.test", "Zwrot", "Proszę."))
    begun = stores[0].read_now(lambda c: tickets.find_ticket(c, 1))
    tagging, noting = (
        [(stores[0], "ticket.change", Change((1,), add_tags=(f"tag{n}",), by="ana")) for n in range(_TIMES)],
        [(stores[1], "ticket.note", Note(1, f"note {n}")) for n in range(_TIMES)],
    )
    answers = at_once(tagging, noting, desk=desk)
    assert {answer.outcome for answer in answers} == {"done"}
    ticket = stores[0].read_now(lambda c: tickets.find_ticket(c, 1))
    assert begun is not None
    assert ticket is not None
    assert ticket.tags == tuple(f"tag{n}" for n in range(_TIMES))
    assert [e.text for e in stores[0].read_now(lambda c: tickets.entries(c, 1))][1:] == [
        f"note {n}" for n in range(_TIMES)
    ]
    assert ticket.version == begun.version + 2 * _TIMES
    history = [row.detail for row in stores[0].read_now(lambda c: audit.find_rows(c, ticket=1, action="set.tags"))]
    assert [detail.partition(" -> ")[0] for detail in history[1:]] == [d.partition(" -> ")[2] for d in history[:-1]]


def test_two_merges_against_each_other_make_no_circle(stores: tuple[Store, Store], desk: Desk) -> None:
    for author in ("jan@bigbank.test", "eva@x.test"):
        perform(stores[0], desk, "ticket.new", NewTicket(author, "Zwrot", "Proszę."))
    one, other = [(stores[0], "ticket.merge", Merge(1, 2))], [(stores[1], "ticket.merge", Merge(2, 1))]
    answers = at_once(one, other, desk=desk)
    assert sorted(answer.outcome for answer in answers) in (["conflict", "done"], ["done", "refused"])
    merged = [stores[0].read_now(lambda c, n=n: tickets.find_ticket(c, n)) for n in (1, 2)]
    assert sorted(t.status for t in merged if t) == ["merged", "new"]
