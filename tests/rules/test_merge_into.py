"""A rule puts mail into the open ticket with the same custom fields: which one, and whose words they then are."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select

from gateway.config import Settings
from gateway.rules.statuses import BUILT_IN
from gateway.store import tickets
from gateway.store.schema import ticket
from gateway.store.store import Store
from gateway.ticket.types import SetField
from tests.processing import START, Desk, mail, verdict

RULES = """version: 1
defaults: {team: support}
teams:
  support: {address: support@gw.test}
  noc: {address: noc@gw.test}
fields:
  host: {type: text}
  site: {type: text}
rules:
  - id: same-host
    on: received
    when: {subject: {matches: '^(?P<host>[\\w."]+) at (?P<site>\\w+) is'}}
    do: [{merge_into: {same: [field.host, field.site], within: 7d}}, {route: noc}]
  - id: host
    on: new
    when: {subject: {matches: '^(?P<host>[\\w."]+) at (?P<site>\\w+) is'}}
    do: [{set: {field.host: "{{ captures.host }}", field.site: "{{ captures.site }}"}}]
  - {id: answered, on: reply, do: [{tag: [answered]}]}
  - {id: back, on: status-changed, once: ticket, when: {ticket.status: open}, do: [{set: {priority: high}}]}
"""
FIRST = mail(subject="web1 at paris is down")


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


@pytest.mark.parametrize(("subject", "status", "days", "number"), [
    # the second mail, what became of the first one's ticket, days later, where the second mail is
    ("web1 at paris is up", "open", 1, 1),
    ("web1 at paris is up", "pending", 6.9, 1),
    ("web1 at paris is up", "open", 7.1, 2),           # too old
    ("web1 at paris is up", "solved", 1, 2),           # no open one
    ("web1 at lyon is up", "open", 1, 2),              # one of two fields
    ("WEB1 at paris is up", "open", 1, 2),             # fields are as they are written
    ('web1"s at paris is up', "open", 1, 2),
    ("web_ at paris is up", "open", 1, 2),             # no pattern of the query
    ("something else", "open", 1, 2),
])  # fmt: skip
def test_it_is_the_newest_open_ticket_with_the_same_fields(
    desk: Desk, subject: str, status: str, days: float, number: int
) -> None:
    desk.take(FIRST)
    desk.set_status(1, status, BUILT_IN[status])
    outcome = desk.take(mail(subject=subject), at=desk.now + timedelta(days=days))
    assert (outcome.ticket, outcome.disposition) == (number, "entry" if number == 1 else "ticket")


def test_of_several_it_is_the_newest(desk: Desk) -> None:
    desk.take(FIRST)
    desk.set_status(1, "solved", "solved")
    desk.take(mail(subject="web1 at paris is down again"))
    desk.set_status(1, "open", "open")
    assert desk.take(mail(subject="web1 at paris is up")).ticket == 2


def test_few_rows_are_read_however_many_tickets_there_are(desk: Desk) -> None:
    shown: list[str] = []

    def explain(c: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith("SELECT"):
            sqlite = c.dialect.name == "sqlite"
            if not sqlite:  # an empty table is read faster without an index
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {statement}", parameters)
            shown.extend(map(str, cursor.fetchall()))

    with desk.reading() as c:
        event.listen(c, "before_cursor_execute", explain)
        assert tickets.alike(c, (("host", "web1"),), desk.now) is None
        index = "COVERING INDEX ix_ticket_listing (updated_at>?)" if c.dialect.name == "sqlite" else "ix_ticket_listing"
    plan = "\n".join(shown)
    assert index in plan
    assert "SCAN ticket" not in plan
    assert "Seq Scan" not in plan


def test_what_others_were_changed_after_is_not_looked_at(desk: Desk) -> None:
    """The bound is 2,000; here each ticket changes after the one that matches."""
    desk.take(FIRST)

    def others(c: Connection) -> None:
        (row,) = c.execute(select(ticket)).mappings()
        made = [{**row, "number": n, "fields": "{}", "updated_at": desk.now} for n in range(2, 2002)]
        c.execute(insert(ticket), made)

    desk.now += timedelta(minutes=1)
    since = START - timedelta(days=1)
    with desk.reading() as c:
        assert tickets.alike(c, (("host", "web1"),), since) is not None
    desk.write(others)
    with desk.reading() as c:
        assert tickets.alike(c, (("host", "web1"),), since) is None


@pytest.mark.parametrize(("raw", "trust", "public", "held", "status"), [
    # who writes the second mail, what he is worth, whether others see it, why it waits, the status of the ticket
    (mail(subject="web1 at paris is up"), "participant", True, None, "open"),
    (mail("Eva <eva@x.test>", "web1 at paris is up"), "third-party", False, "third-party", "pending"),
    (verdict("fail", mail(subject="web1 at paris is up")), "third-party", False, "third-party", "pending"),
    (mail(subject="web1 at paris is up", Auto_Submitted="auto-generated"), "participant", False, None, "pending"),
])  # fmt: skip
def test_a_rule_gives_nobody_a_right(
    desk: Desk, raw: bytes, trust: str, public: bool, held: str | None, status: str
) -> None:
    desk.take(FIRST)
    desk.set_status(1, "pending", "waiting_customer")
    outcome = desk.take(raw)
    entry = desk.entries(1)[-1]
    assert (entry.trust, entry.public, entry.held, desk.ticket(1).status) == (trust, public, held, status)
    match = desk.why(outcome).match
    assert match is not None
    assert (match.by, match.evidence) == ("rule", "rule same-host, the same host web1, site paris")


def test_nothing_else_is_done_with_the_ticket(desk: Desk) -> None:
    desk.take(FIRST)
    desk.set_status(1, "open", "open")
    desk.move(1, "support")
    before = len(desk.mails())
    desk.take(mail(subject="web1 at paris is up"))
    assert (desk.ticket(1).team, desk.ticket(1).tags) == ("support", ())
    assert len(desk.mails()) == before


def test_an_answer_stays_in_its_own_ticket(desk: Desk) -> None:
    desk.take(FIRST)
    desk.take(mail(subject="another", Message_ID="<two@bigbank.test>"))
    assert desk.take(mail(subject="web1 at paris is up", In_Reply_To="<two@bigbank.test>")).ticket == 2
    assert desk.ticket(2).tags == ("answered",)


def test_a_rule_that_runs_once_does_not_run_again_for_mail_that_is_moved(desk: Desk) -> None:
    desk.take(FIRST)
    found = []
    for word in ("up", "slow"):
        desk.set_status(1, "pending", "waiting_customer")
        desk.change(1, SetField("priority", "normal", "test"))
        desk.take(mail(subject=f"web1 at paris is {word}"))
        found.append((desk.ticket(1).status, desk.ticket(1).priority))
    assert found == [("open", "high"), ("open", "normal")]
