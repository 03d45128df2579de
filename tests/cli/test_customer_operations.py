"""What people do to customers, on each database: who is one and the same, who gets no automatic mail."""

import pytest
from sqlalchemy import select

from gateway.operations.customers import Merge, Mute, Undo
from gateway.operations.registry import OPERATIONS
from gateway.operations.tongue import told
from gateway.operations.types import Duty, Told
from gateway.store import audit, customers, tickets
from gateway.store.schema import customer as customer_table
from gateway.store.schema import customer_address, ticket
from gateway.ticket.types import Customer
from tests.cli.desk import Desk


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """Jan with ticket 1 and Eva with ticket 2."""
    await desk.take("refund.eml")
    await desk.take("stranger.eml", sender="eva@x.test")
    return desk


async def done(desk: Desk, arguments: Merge | Mute | Undo) -> tuple[Told, ...]:
    name = f"customer.{type(arguments).__name__.lower()}"
    duty = Duty(desk.clock.now(), lambda: desk.deps)
    done = await desk.store.write(lambda c: OPERATIONS[name].perform(c, arguments, duty), durable=True)
    return tuple(told(each, duty) for each in done)


def customer(desk: Desk, name: str) -> Customer:
    found = desk.store.read_now(lambda c: customers.named(c, name))
    assert found is not None
    return found


async def test_a_merged_customer_has_the_addresses_and_tickets_of_both(desk: Desk) -> None:
    jan, eva = customer(desk, "jan@bigbank.test"), customer(desk, "eva@x.test")
    (answer,) = await done(desk, Merge("eva@x.test", "jan@bigbank.test", by="ana"))
    assert (answer.name, answer.outcome) == (f"c-{jan.id}", "done")
    both = customer(desk, "eva@x.test")
    assert (both.id, both.name, both.language) == (jan.id, jan.name, jan.language)
    assert desk.store.read_now(lambda c: customers.addresses(c, jan.id)) == ("eva@x.test", "jan@bigbank.test")
    assert sorted(t.number for t in desk.store.read_now(lambda c: tickets.of_customer(c, jan.id, 9))) == [1, 2]
    assert customer(desk, f"c-{eva.id}").merged_into == jan.id
    for id in (jan.id, eva.id):
        (row,) = [
            r for r in desk.store.read_now(lambda c, i=id: audit.find_rows(c, customer=i)) if "merged" in r.action
        ]
        assert (row.actor, row.action) == ("agent:ana", "customer.merged")


@pytest.mark.parametrize(("one", "other", "by", "outcome", "said"), [
    # who goes into whom, who asks, what comes of it
    ("jan@bigbank.test", "JAN@bigbank.test", None, "done", "is one customer already; nothing was changed"),
    ("nobody@x.test", "jan@bigbank.test", None, "not-found", "names no customer: an address, or c-12"),
    ("jan@bigbank.test", "c-999", None, "not-found", "names no customer: an address, or c-12"),
    ("eva@x.test", "jan@bigbank.test", "bob", "refused", "Nobody here is called “bob”. Agents: ana"),
])  # fmt: skip
async def test_merges_that_change_nothing(
    desk: Desk, one: str, other: str, by: str | None, outcome: str, said: str
) -> None:
    (answer,) = await done(desk, Merge(one, other, by))
    assert (answer.outcome, answer.said) == (outcome, said)
    assert customer(desk, "eva@x.test").id != customer(desk, "jan@bigbank.test").id


async def test_who_was_merged_is_not_merged_again(desk: Desk) -> None:
    jan, eva = customer(desk, "jan@bigbank.test"), customer(desk, "eva@x.test")
    await done(desk, Merge("eva@x.test", "jan@bigbank.test"))
    (answer,) = await done(desk, Merge(f"c-{eva.id}", f"c-{jan.id}"))
    assert (answer.outcome, answer.said) == ("conflict", f"was merged: he is c-{jan.id} now")


def mail_of(who: str) -> bytes:
    return f"From: <{who}>\r\nTo: support@acme.test\r\nSubject: Another matter\r\n\r\nPlease look at it.\r\n".encode()


def rows(desk: Desk) -> list[list[tuple[object, ...]]]:
    """All that a merge may touch."""
    wanted = (select(customer_table), select(customer_address), select(ticket.c.number, ticket.c.customer))
    return desk.store.read_now(lambda c: [sorted(map(tuple, c.execute(each)), key=str) for each in wanted])


async def test_a_merge_that_is_taken_back_leaves_nothing(desk: Desk) -> None:
    await done(desk, Mute(("eva@x.test",)))
    eva, before = customer(desk, "eva@x.test").id, rows(desk)
    (merged,) = await done(desk, Merge("eva@x.test", "jan@bigbank.test"))
    assert merged.undo == f"c-{eva}"
    assert rows(desk) != before
    (undone,) = await done(desk, Undo(f"c-{eva}", by="ana"))
    assert (undone.outcome, undone.said) == ("done", "is a customer of his own again, with eva@x.test and #2")
    assert rows(desk) == before
    assert desk.store.read_now(lambda c: [row.action for row in audit.find_rows(c, customer=eva)])[-1] == (
        "customer.unmerged"
    )


async def test_what_came_since_a_merge_goes_to_whom_it_belongs(desk: Desk) -> None:
    eva, jan = customer(desk, "eva@x.test").id, customer(desk, "jan@bigbank.test").id
    await done(desk, Merge("eva@x.test", "jan@bigbank.test"))
    await desk.take_raw(mail_of("eva@x.test"))
    await done(desk, Mute(("jan@bigbank.test",)))
    await done(desk, Undo(f"c-{eva}"))
    owned = {
        id: desk.store.read_now(lambda c, i=id: [t.number for t in tickets.of_customer(c, i, 9)]) for id in (eva, jan)
    }
    assert owned == {eva: [3, 2], jan: [1]}
    assert customer(desk, "jan@bigbank.test").muted  # what a person said of him since stays


async def test_merges_are_taken_back_from_the_newest(desk: Desk) -> None:
    await desk.take_raw(mail_of("max@x.test"))
    jan, eva, max_ = (customer(desk, f"{name}.test").id for name in ("jan@bigbank", "eva@x", "max@x"))
    await done(desk, Merge(f"c-{eva}", f"c-{jan}"))
    await done(desk, Merge(f"c-{max_}", f"c-{jan}"))
    for name, outcome, said in (
        (f"c-{eva}", "conflict", f"c-{max_} came after him: take that back first"),
        (f"c-{jan}", "conflict", "went into nobody"),
        ("c-99", "not-found", "names no customer: an address, or c-12"),
        (f"c-{max_}", "done", "is a customer of his own again, with max@x.test and #3"),
        (f"c-{eva}", "done", "is a customer of his own again, with eva@x.test and #2"),
        (f"c-{eva}", "conflict", "went into nobody"),
    ):
        (answer,) = await done(desk, Undo(name))
        assert (answer.outcome, answer.said) == (outcome, said)


async def test_who_is_muted_is_muted_once_and_heard_again(desk: Desk) -> None:
    said = [(await done(desk, Mute(("jan@bigbank.test", "nobody@x.test"), muted=m))) for m in (True, True, False)]
    assert [[each.outcome for each in answers] for answers in said] == [["done", "not-found"]] * 3
    assert said[1][0].said == "is so already; nothing was changed"
    jan = customer(desk, "jan@bigbank.test")
    assert not jan.muted
    actions = [row.action for row in desk.store.read_now(lambda c: audit.find_rows(c, customer=jan.id))]
    assert [action for action in actions if "mute" in action] == ["customer.muted", "customer.unmuted"]


async def test_a_merged_customer_is_muted_when_either_was(desk: Desk) -> None:
    await done(desk, Mute(("eva@x.test",)))
    await done(desk, Merge("eva@x.test", "jan@bigbank.test"))
    assert customer(desk, "jan@bigbank.test").muted
