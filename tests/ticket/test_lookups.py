"""What look-up tables say reaches rules, and the custom fields of a new ticket."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.operations.tickets import OPERATIONS, Change, NewTicket
from gateway.operations.types import Duty
from gateway.store import audit
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import RULES, Desk, mail

MORE = """lookups:
  firms: {file: firms.csv, key: domain, give: {contract: no, tier: level}}
  crm: {sql: crm, give: {floor: floor}}
fields:
  contract: {type: text, pattern: 'C-[0-9]+', from: customer.contract}
  floor: {type: number, from: customer.floor}
rules:
  - {id: gold, on: [new, status-changed], when: {customer.tier: gold}, do: [{note: "{{ customer.contract }}"}]}
  - {id: other, on: new, when: {ticket.field.contract: C-3}, do: [{set: {field.contract: C-4}}]}
"""
TABLE = "domain,no,level\nbigbank.test,C-7,gold\nodd.test,seven,\nthird.test,C-3,\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Its rules have a table, and a query that somebody else answers."""
    (tmp_path / "firms.csv").write_text(TABLE)
    settings: Settings = settings_in(tmp_path)
    return Desk(open_store(settings), settings, RULES + MORE)


def answering(desk: Desk, rows: dict[str, dict[str, str]] | None) -> None:
    desk.deps = replace(desk.deps, tables=lambda: {} if rows is None else {"crm": rows})


@pytest.mark.parametrize(("way", "author", "query", "fields", "flags"), [
    # by a mail or by a person, of whom, what the query gave, the custom fields, what people should know
    *((way, *row) for way in ("mail", "person") for row in (
        ("jan@bigbank.test", {}, "contract=C-7", ""),
        ("jan@bigbank.test", {"jan@bigbank.test": {"floor": "3"}}, "contract=C-7 floor=3", ""),
        ("jan@bigbank.test", {"jan@bigbank.test": {"floor": "third"}}, "contract=C-7", "lookup-misfit:floor"),
        ("eva@odd.test", {}, "", "lookup-misfit:contract"),
        ("eva@x.test", None, "", "lookup-failed:crm"),       # and the mail is a ticket all the same
    )),
    ("mail", "eva@third.test", {}, "contract=C-4", ""),      # a rule has the last word
    ("person", "eva@third.test", {}, "contract=C-3", ""),    # what a person opens raises no event
])  # fmt: skip
def test_a_new_ticket_begins_with_what_is_known_of_its_customer(
    way: str, author: str, query: dict[str, dict[str, str]] | None, fields: str, flags: str, desk: Desk
) -> None:
    answering(desk, query)
    if way == "mail":
        desk.take(mail(f"Somebody <{author}>"))
    else:
        open_as_a_person(desk, author)
    ticket = desk.tickets()[0]
    assert sorted(f"{name}={value}" for name, value in ticket.fields) == fields.split()
    assert list(ticket.flags) == flags.split()
    with desk.reading() as c:
        said = [row.detail for row in audit.find_rows(c, ticket=1) if row.actor == "lookup"]
    assert len(said) == len(fields.split())


def open_as_a_person(desk: Desk, author: str) -> None:
    wanted = NewTicket(author, "Zwrot", "Proszę o zwrot.")
    desk.write(lambda c: OPERATIONS["ticket.new"].perform(c, wanted, duty(desk)()))


def duty(desk: Desk) -> Callable[[], Duty]:
    return lambda: Duty(desk.now, lambda: desk.deps)


def test_rules_hear_of_it_from_any_address_of_the_customer_and_from_what_people_do(desk: Desk) -> None:
    answering(desk, {})
    desk.take(mail("Jan <jan@bigbank.test>"))
    desk.add_address("jan@bigbank.test", "jan@home.test")
    desk.take(mail("Jan <jan@home.test>", "Another matter"))
    assert [t.fields for t in desk.tickets()] == [(("contract", "C-7"),)] * 2
    desk.write(lambda c: OPERATIONS["ticket.change"].perform(c, Change((2,), status="on_hold"), duty(desk)()))
    notes = [e.text for e in desk.entries(2) if e.kind == "note"]
    assert notes == ["C-7", "C-7"]  # of the mail, and of the new status
