"""Orders, their receipts and what agents settle, on each database: the statements behind them are the same."""

from gateway.config import Settings
from gateway.operations.order_answers import answer_to
from gateway.operations.order_types import Asker
from gateway.store import own_settings
from gateway.store.store import Store
from gateway.store.tickets import of_participant
from gateway.ticket.commands import Command
from tests.operations.orders import Agents


def test_orders_are_carried_out_and_taken_back(store: Store, settings: Settings) -> None:
    desk = Agents(store, settings)
    desk.orders("#tag a\n#cc bo@bigbank.test\n#link 2\n#customer eva@bigbank.test\nHello Jan", confirmed=True)
    assert desk.said("#dry\n#uncc bo@bigbank.test")[0].startswith("would: ")
    assert desk.said("#uncc bo@bigbank.test") == ["ok: bo@bigbank.test takes part no longer"]
    assert desk.said("#undo")[-1] == "ok: u-2 was taken back"
    assert desk.said("#undo")[-1] == "ok: u-1 was taken back; cannot be undone: the answer"
    assert desk.participants(1) == {"jan@bigbank.test"}
    assert desk.said("#merge 2", confirmed=True)[0].startswith("ok: goes on in #2")
    assert desk.said("#undo u-3")[-1].endswith("was taken back")


def test_settings_and_counts(store: Store, settings: Settings) -> None:
    desk = Agents(store, settings)
    for value in ("all", "failures"):
        desk.orders(f"#receipts {value}", number=None)
    with desk.reading() as c:
        assert own_settings.of_all(c) == {"ana": {"receipts": "failures"}}
        asker = Asker(desk.deps.rules.agents["ana"], None)
        said = answer_to(c, Command("stats", None, 1, "#stats"), asker, desk.duty, desk.words)
    assert said.lines[1:] == ("New: 2", "Answered: 0", "Solved: 0", "Open now: 2", "Late: 0")


def test_the_tickets_that_somebody_takes_part_in(store: Store, settings: Settings) -> None:
    desk = Agents(store, settings)
    desk.orders("#cc bo@bigbank.test\nHello Jan")
    with desk.reading() as c:
        found = {who: [t.number for t in of_participant(c, None, (who,), 9)] for who in ("bo@bigbank.test", "x@x.test")}
    assert found == {"bo@bigbank.test": [1], "x@x.test": []}
