"""Each YAML file here is a rule file with a table below it: events, facts, which rules apply, what they do."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gateway.rules.load import load_rules
from gateway.rules.types import Decision, Event, Facts
from tests.rules.desk import evaluate

FOLDER = Path(__file__).parent


def rows() -> list[pytest.ParameterSet]:
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        rules, _, table = file.read_text("utf-8").partition("#| events")
        for row in table.splitlines()[1:]:
            cells = [cell.strip() for cell in row.removeprefix("#|").split("|")]
            assert len(cells) == 4, row
            found.append(pytest.param(file.name, rules, *cells, id=f"{file.stem}: {cells[1]}"))
    return found


def effects(decision: Decision) -> str:
    told = [f"{e.action}: {e.before} > {e.after}".replace(":  >", ":") for h in decision.trace.hits for e in h.effects]
    return "; ".join(told) or "-"


@pytest.mark.parametrize(("name", "rules", "events", "given", "applied", "does"), rows())
def test_the_table_below_the_rules_holds(
    name: str, rules: str, events: str, given: str, applied: str, does: str
) -> None:
    loaded = load_rules(rules, name, 7)
    values = YAML(typ="safe", pure=True).load("{" + given + "}")
    facts = Facts(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    wanted: tuple[Event, ...] = tuple(events.split())  # type: ignore[assignment]
    decision = evaluate(loaded, facts, wanted)
    did_apply = [h.rule for h in decision.trace.hits if h.outcome == "applied"]
    assert did_apply == ([] if applied == "-" else applied.split())
    assert effects(decision) == does
