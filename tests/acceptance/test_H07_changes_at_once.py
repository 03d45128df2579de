"""H-07: who changes one ticket at the same time as others loses nothing: its history is a line."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

from gateway.config import Settings
from gateway.errors import TransientError
from gateway.operations.answers import Answer, Note
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store import audit
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
AT_ONCE = 8  # of each kind
RULES = """version: 1
defaults: {team: support}
agents: {ann: {name: Ann Agent, email: ann@agents.test}, bob: {name: Bob, email: bob@agents.test}}
teams: {support: {address: support@gw.test, members: [ann, bob], auto_ack: false}}
limits: {auto_total: 100000 per 1h, auto_per_ticket: 1000 per 10m, updates_per_sender: 1000 per 1h}
"""


def until_done(work: Callable[[], object]) -> None:
    """As every caller does: what somebody else changed first is done again."""
    while True:
        try:
            work()
        except TransientError:
            continue
        return


def test_h07_changes_of_one_ticket_stand_in_a_line(store: Store, settings: Settings) -> None:
    stores = [store] if store.alone else [store, open_store(settings)]
    desks = [Desk(each, settings, RULES, first_id=1 + 1000 * place) for place, each in enumerate(stores)]
    desks[0].take(mail(), at=MONDAY)
    reference = desks[0].our_id("jan@bigbank.test", 1)

    def perform(desk: Desk, name: str, wanted: object) -> None:
        until_done(lambda: desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(MONDAY, lambda: desk.deps))))

    def writes(desk: Desk, place: int) -> None:
        for number in range(AT_ONCE):
            raw = mail(subject="Re: [#1] Zwrot", body=f"Words {place}.{number}", In_Reply_To=reference)
            until_done(lambda r=raw: desk.take(r, at=MONDAY))  # type: ignore[misc]

    def answers(desk: Desk, place: int) -> None:
        for number in range(AT_ONCE):
            perform(desk, "ticket.answer", Answer(1, f"Answer {place}.{number}", by="ann"))

    def changes(desk: Desk, place: int) -> None:
        for number in range(AT_ONCE):
            perform(desk, "ticket.change", Change((1,), add_tags=(f"t{place}x{number}",), by="bob"))
            perform(desk, "ticket.change", Change((1,), status=("solved", "open")[number % 2], by="bob"))
            perform(desk, "ticket.note", Note(1, f"Note {place}.{number}", by="bob"))

    threads = [
        threading.Thread(target=work, args=(desk, place))
        for place, desk in enumerate(desks)
        for work in (writes, answers, changes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made, ticket = len(desks) * AT_ONCE, desks[0].ticket(1)
    texts = [entry.text for entry in desks[0].entries(1)]
    assert {kind: len({t for t in texts if t.startswith(kind)}) for kind in ("Words", "Answer", "Note")} == {
        "Words": made,
        "Answer": made,
        "Note": made,
    }
    assert len(texts) == 1 + 3 * made
    assert set(ticket.tags) == {f"t{place}x{number}" for place in range(len(desks)) for number in range(AT_ONCE)}
    with desks[0].reading() as c:
        statuses = [row.detail.split(" -> ") for row in audit.find_rows(c, ticket=1) if row.action == "set.status"]
    assert all(one[1] == other[0] for one, other in pairwise(statuses))
    assert (statuses[0][0], statuses[-1][1]) == ("new", ticket.status)
    for each in stores[1:]:
        each.close()
