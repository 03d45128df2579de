"""What a look-up table says of a customer: rows of CSV and of queries, and the order in which they are asked."""

import pytest

from gateway.rules.findings import Findings
from gateway.rules.load import load_rules
from gateway.rules.lookups import LookedUp, csv_table, looked_up, normal_key
from gateway.rules.types import RuleSet
from tests.rules.desk import HEAD

LOOKUPS = """lookups:
  people: {file: people.csv, give: {contract: no, floor: floor}}
  firms: {file: firms.csv, key: domain, give: {contract: no, tier: level}}
  crm: {sql: crm, give: {id: id, contract: no}}
"""
FILES = {
    "people.csv": "\ufeffmail,no,floor\r\nJan@BigBank.test,P-1,\r\n\r\nmax@home.test,P-2,3\r\n",
    "firms.csv": "domain;no;level\nbigbank.test;F-1;gold\nBÜCHER.test;F-2;\n",
}


def rules(lookups: str = LOOKUPS) -> RuleSet:
    return load_rules(HEAD + lookups, "rules.yaml", 1, beside=lambda name: {name: FILES[name]})


@pytest.mark.parametrize(("addresses", "query", "values", "away"), [
    # all addresses of a customer, what the query gave, what is known of him, whose table is not there
    ("jan@bigbank.test", {}, "contract=P-1 tier=gold", ""),
    ("eva@bigbank.test", {}, "contract=F-1 tier=gold", ""),
    ("eva@x.test", {}, "", ""),
    ("eva@x.test", {"eva@x.test": {"id": "7"}}, "id=7", ""),
    ("eva@x.test", None, "", "crm"),                                          # nobody could read it yet
    ("jan@home.test jan@bigbank.test", {}, "contract=P-1 tier=gold", ""),     # another address of his is known
    ("max@home.test jan@bigbank.test", {}, "contract=P-2 floor=3 tier=gold", ""),
    ("bo@xn--bcher-kva.test", {}, "contract=F-2", ""),                        # one domain, however it is written
    ("bo@mail.bigbank.test", {}, "", ""),                                     # another domain is another key
    ("", {}, "", ""),
])  # fmt: skip
def test_the_first_table_that_has_a_value_gives_it(
    addresses: str, query: dict[str, dict[str, str]] | None, values: str, away: str
) -> None:
    found = looked_up(addresses.split(), rules().lookups, {} if query is None else {"crm": query})
    assert found == LookedUp(tuple(tuple(pair.split("=")) for pair in values.split()), tuple(away.split()))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "rows"), [
    # a file, its rows but for the key itself
    ("k,a\njan@x.test,1\n", {"jan@x.test": {"a": "1"}}),
    ("k;a\njan@x.test;1,5\n", {"jan@x.test": {"a": "1,5"}}),            # a spreadsheet where commas are decimal
    ("k\ta\njan@x.test\t1", {"jan@x.test": {"a": "1"}}),
    ('k,a\njan@x.test,"one, ""two""\nthree"\n', {"jan@x.test": {"a": 'one, "two" three'}}),
    ("k,a\njan@x.test,\u2028one\n", {"jan@x.test": {"a": "one"}}),      # no line end of CSV
    ("k,a\n", {}),
])  # fmt: skip
def test_a_table_is_read_as_spreadsheets_write_it(text: str, rows: dict[str, dict[str, str]]) -> None:
    findings = Findings("t.csv", text)
    _, found = csv_table(text, "address", findings)
    assert {key: {"a": row["a"]} for key, row in found.items()} == rows
    assert not findings.problems


@pytest.mark.parametrize(("text", "line", "what"), [
    # a file, the line of its mistake, the mistake
    ("", 0, "the table is empty"),
    ("k,a,a\n", 1, "two columns are called “a”"),
    ("k,a\njan@x.test,\"1\n2\"\njan@x.test,1,2\n", 4, "3 cells where the first line names 2 columns"),
    ("k,a\njan@x.test,1\n\nJAN@x.test,2\n", 4, "address “jan@x.test” stands in line 2 already"),
    ("k,a\n,2\n", 2, "“” is no address"),
    ("k,a\njan@x.test,\"1\"2\n", 2, "no CSV: "),
])  # fmt: skip
def test_what_is_wrong_with_a_table_is_told_with_its_line(text: str, line: int, what: str) -> None:
    findings = Findings("t.csv", text)
    csv_table(text, "address", findings)
    assert [(p.line, p.text.startswith(what)) for p in findings.problems] == [(line, True)]


def test_a_domain_may_have_its_at_sign() -> None:
    assert normal_key(" @BigBank.test ") == "bigbank.test"


def test_a_table_is_a_part_of_its_revision() -> None:
    assert set(rules().files) == set(FILES)
