"""`why`: one rule alone, and a mail as a test that passes when it is pasted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.opening import open_store
from tests.cli.desk import RULES, Desk, mailwicket

pytestmark = pytest.mark.sqlite


async def test_one_rule_of_a_ticket(
    furnished: tuple[Path, Desk], golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = furnished
    capsys.readouterr()
    assert mailwicket(config, "why", "1", "--rule", "refunds-to-billing") == 0
    golden("why_rule.txt", capsys.readouterr().out)
    assert mailwicket(config, "why", "1", "--rule", "nobody") == 4


@pytest.mark.parametrize("name", ["1", "2", "3", "4", "m-2", "m-4"])
async def test_a_mail_as_a_test_passes_when_it_is_pasted(
    furnished: tuple[Path, Desk], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = furnished
    capsys.readouterr()
    assert mailwicket(config, "why", name, "--as-test") == 0
    entry = capsys.readouterr().out
    (config.parent / "rules.yaml").write_text(f"{RULES}tests:\n{entry}", "utf-8")
    assert mailwicket(config, "rules", "test") == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


async def test_what_ran_once_in_the_ticket_is_a_scene_of_the_test(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = f"{RULES}  - {{id: greet, on: [new, reply], once: ticket, do: [{{tag: [greeted]}}]}}\n"
    (config.parent / "rules.yaml").write_text(rules, "utf-8")
    store = open_store(settings)
    desk = Desk(store, settings, config.parent / "rules.yaml")
    await desk.take("refund.eml")
    await desk.take("follow_up.eml")
    store.close()
    capsys.readouterr()
    assert mailwicket(config, "why", "1", "--message", "2", "--as-test") == 0
    entry = capsys.readouterr().out
    assert "    history: {rules: [greet]}\n" in entry
    assert "      rules: []\n" in entry
    (config.parent / "rules.yaml").write_text(f"{rules}tests:\n{entry}", "utf-8")
    assert mailwicket(config, "rules", "test") == 0
    forgotten = entry.replace("    history: {rules: [greet]}\n", "")
    (config.parent / "rules.yaml").write_text(f"{rules}tests:\n{forgotten}", "utf-8")
    assert mailwicket(config, "rules", "test") == 1


async def test_a_mail_as_a_test_tells_what_the_rules_of_today_make_of_it(
    furnished: tuple[Path, Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = furnished
    (config.parent / "rules.yaml").write_text(RULES.replace("contains: zwrot", "contains: login"), "utf-8")
    capsys.readouterr()
    assert mailwicket(config, "why", "1", "--as-test") == 0
    told = capsys.readouterr()
    assert "      rules: [acknowledge]\n" in told.out
    assert "then the rules were: refunds-to-billing, acknowledge" in told.err


@pytest.mark.parametrize(("name", "words"), [
    ("m-7", "is not kept what a test needs"),  # it could not be read
])  # fmt: skip
async def test_a_mail_that_is_no_test(
    furnished: tuple[Path, Desk], name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = furnished
    assert mailwicket(config, "why", name, "--as-test") == 1
    assert words in capsys.readouterr().err


async def test_a_trace_names_its_form_and_is_there_when_nothing_matched(
    furnished: tuple[Path, Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = furnished
    (config.parent / "rules.yaml").write_text(RULES, "utf-8")
    capsys.readouterr()
    assert mailwicket(config, "why", "m-2", "--json") == 0
    said = json.loads(capsys.readouterr().out)["mails"][0]["explanation"]
    assert said["schema"] == "mailwicket.trace/1"
    assert [hit["outcome"] for hit in said["rules"]["hits"]] == ["not-matched"]
    assert said["rules"]["revision"] == 41
