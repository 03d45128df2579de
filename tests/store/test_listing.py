"""What a query finds: the same tickets in the same order on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from gateway.config import Settings
from gateway.message.types import Attachment, Mailbox
from gateway.rules.statuses import BUILT_IN
from gateway.store.changes import save
from gateway.store.listing import find_tickets, listing
from gateway.store.opening import open_store
from gateway.store.schema import customer, ticket
from gateway.store.store import Store
from gateway.store.tickets import find_ticket
from gateway.ticket.query import parse_query
from gateway.ticket.types import AddEntry, OpenTicket, SetField, SetStatus
from tests.conftest import own_database, settings_in
from tests.rules.desk import NO_PROMISES

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
PDF = Attachment("1", "Rechnung-März.pdf", "application/pdf", 10, "0" * 64)


@dataclass(frozen=True)
class Made:
    """A ticket as the table below writes it."""

    author: Mailbox
    subject: str
    texts: tuple[str, ...]
    team: str = "support"
    status: str = "new"
    priority: str = "normal"
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    days_ago: int = 0
    quoted: str = ""
    files: tuple[Attachment, ...] = ()
    held: str | None = None


_TICKETS = (
    Made(  # 1
        Mailbox("Jan Wiśniewski", "jan@bigbank.test"),
        "Zwrot, order PL-10442",
        ("Dzień dobry, proszę o zwrot.", "Łódź, ulica Źródłana"),
        team="billing",
        tags=("refund", "vip-customer"),
        fields=(("order", "PL-10442"),),
    ),
    Made(  # 2
        Mailbox("Max Müller", "max@shop.test"),
        "Login geht nicht",
        ("Die Straße heißt Größenweg. 100% kaputt!",),
        status="open",
        assignee="ana",
        priority="urgent",
        quoted="Ihre Bestellung Nr. 77-A",
    ),
    Made(  # 3
        Mailbox("Иван Петров", "ivan@почта.test"),
        "Не приходит письмо",
        ("Ещё раз: письмо не пришло, жду ответа",),
        status="pending",
        days_ago=10,
    ),
    Made(  # 4
        Mailbox("Jana Đorđević", "jana@hr.test"),
        "Povrat novca",
        ("Račun 2231, order pl 10442 nije moj", "hvala"),
        status="closed",
        tags=("refund",),
        days_ago=40,
        priority="low",
    ),
    Made(  # 5
        Mailbox("Wei", "wei@cn.test"),
        "退款申请 AND OR NOT NEAR",
        ("我要退款。 C:\\temp\\*.* \"quoted\" (a & b) | !c <-> d:* 'x' {y} ^z col:umn",),
        files=(PDF,),
    ),
    Made(  # 6
        Mailbox("Third", "third@other.test"),
        "Re: Umzug",
        ("Vertrauliches Wort: Eisvogel",),
        status="solved",
        held="third-party",
        team="billing",
        days_ago=3,
    ),
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the tickets of the table, for tests that only look."""
    folder = tmp_path_factory.mktemp("listing")
    if request.param == "sqlite":
        yield from _filled(settings_in(folder))
        return
    for url in own_database(request.getfixturevalue("postgres")):
        yield from _filled(settings_in(folder, url))


def _filled(settings: Settings) -> Iterator[Store]:
    store = open_store(settings)
    for number, made in enumerate(_TICKETS, 1):
        store.submit(lambda c, n=number, m=made: make(c, n, m), durable=True).result()  # type: ignore[misc]
    yield store
    store.close()


def make(c: Connection, number: int, made: Made) -> None:
    at = NOW - timedelta(days=made.days_ago)
    entries = [
        AddEntry(
            "mail", made.author, at, words, made.quoted, "", None, None,
            public=True, trust="participant", attachments=made.files, held=made.held,
        )
        for words in made.texts
    ]  # fmt: skip
    fields = [
        SetField("team", made.team, "rule:a"),
        SetField("priority", made.priority, "rule:a"),
        SetField("assignee", made.assignee, "rule:a"),
        SetField("tags", made.tags, "rule:a"),
        *(SetField(f"field.{name}", value, "rule:a") for name, value in made.fields),
        SetStatus(made.status, BUILT_IN[made.status], at, "rule:a"),
    ]
    opening = OpenTicket(made.subject, made.team, made.author, "de", "mail", at)
    saved = save(
        c,
        (opening, entries[0], *fields),
        ticket_before=None,
        source=f"{number}",
        actor="customer",
        now=at,
        promises=NO_PROMISES,
    )
    for place, entry in enumerate(entries[1:]):
        known = saved.ticket if place == 0 else find_ticket(c, number)
        save(
            c, (entry,), ticket_before=known, source=f"{number}.{place}", actor="customer", now=at, promises=NO_PROMISES
        )


def found(store: Store, query: str, limit: int = 50) -> list[int]:
    parsed = parse_query(query, NOW, statuses=BUILT_IN, me="ana")
    assert not parsed.mistakes
    return [each.number for each in store.read_now(lambda c: find_tickets(c, parsed, limit))]


FOUND = pytest.mark.parametrize(
    ("query", "numbers"),
    [
        # what is asked for, the tickets in their order
        ("", [5, 2, 1, 6, 3, 4]),
        ("zwrot", [1]),
        ("ZWROT Łódź", [1]),  # in two entries of one ticket
        ("lodz zrodlana", [1]),
        ("strasse grossenweg", [2]),
        ("größe", [2]),  # the last word may go on
        ("größe kaputt", []),  # no other one may
        ("größe* kaputt", [2]),
        ('"größe"', []),  # nor one in quotes
        ("еще", [3]),
        ("ПИСЬМО", [3]),
        ("10442", [1, 4]),
        ('"order PL-10442"', [1, 4]),
        ("PL-10442", [1, 4]),
        ("10442-PL", []),
        ('"order pl" -zwrot', [4]),
        ("-zwrot -refund", [5, 2, 6, 3, 4]),  # a tag is no word
        ("from:jan", [1]),
        ("from:jan*", [1, 4]),
        ("from:wisniewski", [1]),
        ("from:jan@bigbank.test", [1]),
        ("from:bigbank", [1]),
        ("from:dordevic", [4]),
        ("from:ivan@почта.test", [3]),
        ("-from:jan* is:open", [5, 2, 3]),
        ("jana", [4]),
        ("subject:order", [1]),  # 4 has it in its text
        ('subject:"order PL"', [1]),
        ("subject:geht", [2]),
        ("umzug", [6]),
        ("eisvogel", [6]),  # held words are found
        ("bestellung 77-A", [2]),  # quoted words of the first mail are
        ("退款", [5]),
        ("款申", [5]),  # letters of one word, anywhere in it
        ("rechnung-marz.pdf", [5]),
        ("has:attachment", [5]),
        ("-has:attachment is:open", [2, 1, 3]),
        ("tag:refund", [1, 4]),
        ("tag:vip-customer", [1]),
        ("tag:vip", []),
        ("tag:nothing,REFUND", [1, 4]),
        ("-tag:refund", [5, 2, 6, 3]),
        ("is:open", [5, 2, 1, 3]),
        ("-is:open", [6, 4]),
        ("is:waiting", [3]),
        ("is:closed", [4]),
        ("is:pending", [3]),
        ("status:new,open", [5, 2, 1]),
        ("in:billing", [1, 6]),
        ("team:billing,support is:solved", [6]),
        ("-team:billing is:new", [5]),
        ("is:unassigned is:open", [5, 1, 3]),
        ("is:assigned", [2]),
        ("is:mine", [2]),
        ("assignee:me,none is:open", [5, 2, 1, 3]),
        ("owner:bob", []),
        ("-assignee:ana is:open", [5, 1, 3]),
        ("-assignee:none", [2]),
        ("priority:urgent,low", [2, 4]),
        ("lang:de,pl #3", [3]),
        ("#4", [4]),
        ("number:4,#1,77", [1, 4]),
        ("-#4 tag:refund", [1]),
        ("before:2026-11-11", [4]),
        ("before:2026-11-12", [3, 4]),
        ("after:2026-11-11", [5, 2, 1, 6]),
        ("since:2026-11-11", [5, 2, 1, 6, 3]),
        ("since:5d", [5, 2, 1, 6]),
        ("since:today", [5, 2, 1]),
        ("-since:5d", [3, 4]),
        ("sort:number", [6, 5, 4, 3, 2, 1]),
        ("sort:-number is:open", [1, 2, 3, 5]),
        ("sort:priority", [2, 5, 1, 6, 3, 4]),
        ("sort:-updated", [4, 3, 6, 1, 2, 5]),
        ("sort:due is:open", [5, 2, 1, 3]),
        ("sort:created", [6, 5, 4, 3, 2, 1]),
        ("sort:-created zwrot", [1]),
        # what is syntax to a database is words, or nothing
        ("AND", [5]),
        ("zwrot AND login", []),
        ("zwrot OR login", []),
        ("NOT zwrot", []),
        ("NEAR(zwrot dzien)", []),
        ("(a & b) | !c", [5]),
        ("d:* x", None),
        ("'x' {y} ^z", [5]),
        ("C:\\temp\\", None),
        ('"C:\\temp\\*.*"', [5]),
        ("100%", [2]),
        ("words : zwrot", []),
        ("zwrot; DROP TABLE ticket", []),
        ("s_order", []),  # a mark is no word
        ("has_attachment", []),
        ("_", None),
    ],
)


@FOUND
def test_found(desk: Store, query: str, numbers: list[int] | None) -> None:
    if numbers is None:
        assert parse_query(query, NOW, statuses=BUILT_IN).mistakes
    else:
        assert found(desk, query) == numbers


@pytest.mark.parametrize(("query", "numbers"), [row for row in FOUND.args[1] if row[1] is not None])
@pytest.mark.parametrize("newest", [3, *(pytest.param(n, marks=pytest.mark.push) for n in (1, 6))])
def test_the_same_is_found_where_every_word_is_in_many_tickets(
    desk: Store, query: str, numbers: list[int], newest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.listing._RARE", -1)
    monkeypatch.setattr("gateway.store.listing._FEW", -1)
    monkeypatch.setattr("gateway.store.listing._NEWEST", newest)
    for limit in (1, 2, 50):
        assert found(desk, query, limit) == numbers[:limit]


def test_tickets_of_a_restricted_customer_are_not_found_by_words(desk: Store) -> None:
    def owned(c: Connection, *, restricted: bool) -> None:
        theirs = select(ticket.c.customer).where(ticket.c.number == 4).scalar_subquery()
        c.execute(customer.update().where(customer.c.id == theirs).values(restricted=restricted))

    desk.submit(lambda c: owned(c, restricted=True), durable=True).result()
    try:
        assert [found(desk, query) for query in ("10442", "-zwrot -eisvogel", "tag:refund")] == [[1], [5, 2, 3], [1]]
        assert [found(desk, query) for query in ("#4", "is:closed")] == [[4], [4]]
    finally:
        desk.submit(lambda c: owned(c, restricted=False), durable=True).result()


@pytest.mark.parametrize(
    ("query", "on_sqlite", "on_postgresql"),
    [
        # what is asked for, the index that SQLite takes, the one that PostgreSQL takes
        ("zwrot", "SEARCH ticket USING INTEGER PRIMARY KEY", "pk_ticket"),
        ("-zwrot", "ix_ticket_listing", "ix_search_ticket"),
        ("is:open", "COVERING INDEX ix_ticket_listing", "ix_ticket_"),
        ("lang:hr before:7d sort:due", "COVERING INDEX ix_ticket_due", "Only Scan using ix_ticket_due"),
        ("is:open sort:-priority", "COVERING INDEX ix_ticket_priority", "ix_ticket_"),
        ("team:billing assignee:ana", "ix_ticket_listing", "ix_ticket_listing"),
        ("", "ix_ticket_listing", "ix_ticket_"),
        ("#4", "INTEGER PRIMARY KEY", "pk_ticket"),
    ],
)
def test_an_index_is_used(desk: Store, query: str, on_sqlite: str, on_postgresql: str) -> None:
    def plan(c: Connection) -> str:
        statement, _ = listing(c, parse_query(query, NOW, statuses=BUILT_IN), 50)
        explain = "EXPLAIN QUERY PLAN" if c.dialect.name == "sqlite" else "EXPLAIN"
        if explain == "EXPLAIN":
            c.exec_driver_sql("SET LOCAL enable_seqscan = off")  # six tickets are read faster without an index
        compiled = statement.compile(c.engine, compile_kwargs={"literal_binds": True})
        return "\n".join(str(row) for row in c.exec_driver_sql(f"{explain} {compiled}".replace("%%", "%")))

    shown = desk.read_now(lambda c: (c.dialect.name, plan(c)))
    assert {"sqlite": on_sqlite, "postgresql": on_postgresql}[shown[0]] in shown[1]
