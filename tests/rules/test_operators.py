"""What each operator says about a value, an absent one included."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.rules.types import Check, Facts
from tests.rules.desk import evaluate, one_rule

FACTS = Facts(
    subject="Zwrot: ORDER PL-10442, prosím",
    body_new_text="Proszę o zwrot pieniędzy.\nReceipt is attached.",
    headers=(("X-Spam-Flag", "YES"), ("Received", "by one.test"), ("Received", "by two.test")),
    envelope_from="",
    is_bounce=False,
    is_list=True,
    size=70_000,
    via="lmtp",
    from_address="josé@mail.bigbank.test",
    from_domain="mail.bigbank.test",
    to=("support@acme.test", "boss@acme.test"),
    cc=(),
    attachments_count=2,
    attachments_names=("Invoice 2026.PDF", "photo.jpg"),
    language_confidence=0.97,
    customer_muted=False,
    ticket_priority="high",
    ticket_fields=(("order", "PL-10442"),),
    ticket_age=timedelta(days=2),
    now=datetime(2026, 11, 21, 21, 10, tzinfo=UTC),
)


def held(when: str, facts: Facts = FACTS) -> Check:
    decision = evaluate(one_rule(when), facts, ("new",))
    (hit,) = decision.trace.hits
    assert hit.outcome == ("applied" if hit.check and hit.check.held else "not-matched")
    assert hit.check is not None
    return hit.check


@pytest.mark.parametrize(("when", "holds"), [
    # a scalar is equality, a list is one of; case does not count
    ("{language.confidence: 0.97}", True),
    ("{ticket.priority: HIGH}", True),
    ("{ticket.priority: [low, normal]}", False),
    ("{ticket.priority: [low, high]}", True),
    ("{ticket.priority: {is: high}}", True),
    ("{ticket.priority: {is_not: high}}", False),
    ("{ticket.priority: {in: [low, high]}}", True),
    ("{ticket.priority: {not_in: [low, normal]}}", True),
    ("{headers.x-spam-flag: yes}", True),                        # header names in any case; `yes` is text
    ("{headers.X-Spam-Flag: {is: yes, case: true}}", False),
    ("{from.address: jose@mail.bigbank.test}", False),           # é is not e where identity is asked for
    ("{from.address: JOSÉ@mail.bigbank.test}", True),
    ("{envelope.from: ''}", True),                               # <>
    ("{mail.is_list: true}", True),
    ("{mail.is_bounce: true}", False),
    ("{attachments.count: 2}", True),
    ("{to: boss@acme.test}", True),                              # lists: any element
    ("{to: {is_not: boss@acme.test}}", False),
    ("{to: {in: [nobody@acme.test]}}", False),
    ("{cc: {is_not: boss@acme.test}}", True),                    # empty list: none of its elements is
    ("{ticket.field.order: PL-10442}", True),
    # words: case and accents do not count, unless asked
    ("{subject: {contains: zwrot}}", True),
    ("{subject: {contains: $words}}", True),
    ("{subject: {contains: [nothing, prosim]}}", True),
    ("{subject: {contains: prosim, fold: false}}", False),
    ("{subject: {contains: prosím, fold: false}}", True),
    ("{subject: {contains: order, fold: false}}", False),        # letter for letter
    ("{subject: {contains: ORDER, case: true}}", True),
    ("{subject: {contains: order, case: true}}", False),
    ("{subject: {contains: rot}}", True),
    ("{subject: {contains: rot, word: true}}", False),
    ("{subject: {contains: zwrot, word: true}}", True),
    ("{subject: {contains: pl-10442, word: true}}", True),       # a phrase with signs has ends as well
    ("{subject: {contains: pl-1044, word: true}}", False),
    ("{body.new_text: {contains: 'o zwrot', word: true}}", True),
    ("{body.new_text: {contains: 'e o zwro', word: true}}", False),
    ("{body.new_text: {contains_all: [prosze, receipt]}}", True),
    ("{body.new_text: {contains_all: [prosze, invoice]}}", False),
    ("{subject: {starts_with: zwrot}}", True),
    ("{subject: {starts_with: zwr, word: true}}", False),
    ("{subject: {starts_with: order}}", False),
    ("{subject: {ends_with: [nothing, prosim]}}", True),
    ("{subject: {ends_with: rosim, word: true}}", False),
    ("{attachments.names: {ends_with: .pdf}}", True),
    ("{attachments.names: {contains_all: [invoice, photo]}}", True),   # each in some element
    # patterns are taken as they stand
    (r"{subject: {matches: '[A-Z]{2}-\d{5}'}}", True),
    ("{subject: {matches: '^order'}}", False),
    ("{subject: {matches: '(?i)order'}}", True),
    ("{headers.Received: {matches: 'two'}}", True),              # a repeated field: any of its values
    # domains
    ("{from.domain: {under: bigbank.test}}", True),
    ("{from.domain: {under: mail.bigbank.test}}", True),
    ("{from.domain: {under: bank.test}}", False),                # not a label boundary
    ("{from.address: {under: BIGBANK.test}}", True),
    ("{to: {under: [x.test, acme.test]}}", True),
    # order
    ("{mail.size: {gt: 64 KiB}}", True),
    ("{mail.size: {lte: 64 KiB}}", False),
    ("{attachments.count: {gte: 2}}", True),
    ("{attachments.count: {lt: 2}}", False),
    ("{attachments.count: {between: [2, 3]}}", True),            # both ends count
    ("{attachments.count: {between: [0, 1]}}", False),
    ("{ticket.age: {gte: 2d}}", True),
    ("{ticket.age: 48h}", True),
    ("{ticket.age: {gt: 1w}}", False),
    ("{now: {lt: '2026-11-21T22:11:00+01:00'}}", True),
    ("{attachments.count: {gte: 1, lt: 3}}", True),              # two operators: both hold
    ("{attachments.count: {gte: 1, lt: 2}}", False),
    # is there anything?
    ("{subject: {exists: true}}", True),
    ("{envelope.from: {exists: true}}", True),
    ("{envelope.from: {empty: true}}", True),
    ("{cc: {empty: true}}", True),
    ("{to: {empty: true}}", False),
    ("{to: {empty: false}}", True),
])  # fmt: skip
def test_what_each_operator_says_about_a_value(when: str, *, holds: bool) -> None:
    assert held(when).held is holds


@pytest.mark.parametrize(("when", "holds"), [
    ("{subject: x}", False),
    ("{subject: [x]}", False),
    ("{subject: {is_not: x}}", True),
    ("{subject: {not_in: [x]}}", True),
    ("{subject: {contains: x}}", False),
    ("{subject: {contains_all: [x]}}", False),
    ("{subject: {starts_with: x}}", False),
    ("{subject: {ends_with: x}}", False),
    ("{subject: {matches: '.*'}}", False),
    ("{from.domain: {under: x.test}}", False),
    ("{mail.size: {gt: 0 B}}", False),
    ("{mail.size: {lte: 9 GiB}}", False),
    ("{attachments.count: {between: [0, 99]}}", False),
    ("{mail.is_bounce: false}", False),                          # unknown is not false
    ("{subject: {exists: true}}", False),
    ("{subject: {exists: false}}", True),
    ("{subject: {empty: true}}", True),
    ("{subject: {empty: false}}", False),
    ("{headers.X-None: {exists: false}}", True),
    ("{ticket.field.order: {is_not: PL-10442}}", True),
    ("{ticket.field.order: PL-10442}", False),
])  # fmt: skip
def test_an_absent_value_fails_all_but_four_tests(when: str, *, holds: bool) -> None:
    assert held(when, Facts()).held is holds


@pytest.mark.parametrize(("when", "holds"), [
    ("{any: [{mail.is_bounce: true}, {mail.is_list: true}]}", True),
    ("{any: [{mail.is_bounce: true}, {mail.is_list: false}]}", False),
    ("{all: [{mail.is_bounce: false}, {mail.is_list: true}]}", True),
    ("{none: [{mail.is_bounce: true}, {mail.is_list: false}]}", True),
    ("{none: [{mail.is_list: true}]}", False),
    ("{none: [{mail.is_list: true, mail.is_bounce: true}]}", True),          # not (both)
    ("{any: [{mail.is_list: true, mail.is_bounce: true}]}", False),          # two entries: both
    ("{any: [{all: [{mail.is_list: true}]}, {none: [{mail.is_list: true}]}]}", True),
    ("{mail.is_list: true, none: [{any: [{mail.is_bounce: true}]}]}", True),
    ("{}", True),
])  # fmt: skip
def test_groups_nest(when: str, *, holds: bool) -> None:
    assert held(when).held is holds


def test_text_operators_read_64_kib_and_say_that_more_existed() -> None:
    long = replace(FACTS, body_text="x" * 65_536 + " needle")
    check = held("{body.text: {contains: needle}}", long)
    assert not check.held
    assert check.children[0].cut
    assert (
        not held("{body.text: {contains: needle}}", replace(FACTS, body_text="x" * 65_529 + " needle")).children[0].cut
    )


def test_a_character_of_two_octets_is_not_cut_in_half() -> None:
    long = replace(FACTS, body_text="x" + "ž" * 40_000)
    assert held("{body.text: {ends_with: žž, fold: false}}", long).held


def test_many_searches_in_one_text_find_what_a_single_one_finds() -> None:
    words = ", ".join(f"word{i}" for i in range(800))
    rules = one_rule(f"{{body.text: {{contains_all: [{words}]}}}}")
    text = " ".join(f"word{i}" for i in range(800))
    assert evaluate(rules, Facts(body_text=text), ("new",)).actions
    assert not evaluate(rules, Facts(body_text=text.replace("word799", "wort799")), ("new",)).actions


@pytest.mark.parametrize(("when", "field", "wanted", "actual", "matched"), [
    # test, how the trace shows it
    ("{subject: {contains: $words}}", "subject", "$words", "'Zwrot: ORDER PL-10442, prosím'", "zwrot"),
    ("{ticket.priority: [low, high]}", "ticket.priority", "[low, high]", "high", "high"),
    ("{mail.is_bounce: true}", "mail.is_bounce", "true", "false", ""),
    ("{customer.first_contact: true}", "customer.first_contact", "true", "absent", ""),
    (r"{subject: {matches: '(?P<n>\d+)'}}", "subject", r"'(?P<n>\d+)'", "'Zwrot: ORDER PL-10442, prosím'", "n='10442'"),
    ("{body.new_text: {contains: zwrot}}", "body.new_text", "zwrot", "46 characters", "zwrot"),   # no body in a trace
    ("{to: boss@acme.test}", "to", "boss@acme.test", "[support@acme.test, boss@acme.test]", "boss@acme.test"),
    ("{ticket.age: {gte: 1d}}", "ticket.age", "1d", "2d", "2d"),
])  # fmt: skip
def test_the_trace_names_what_was_asked_seen_and_found(
    when: str, field: str, wanted: str, actual: str, matched: str
) -> None:
    (test,) = held(when).children
    assert (test.field, test.wanted, test.actual, test.matched) == (field, wanted, actual, matched)
