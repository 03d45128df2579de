"""Other rules on mail that came: what would have been different, and nothing but that."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.rules.written import written
from gateway.store.revisions import keep_revision
from gateway.store.schema import metadata
from tests.cli.desk import RULES, Desk, furnish, mailwicket, mailwicket_beside


@pytest.fixture
async def site(desk: Desk, config: Path) -> tuple[Path, Desk]:
    """A desk on each database on which mail has come, under revision 1."""
    await in_force(desk)
    await furnish(desk)
    return config, desk


async def in_force(desk: Desk) -> None:
    text, now = written(desk.deps.rules), desk.clock.now()
    await desk.store.write(lambda c: keep_revision(c, text, author="system", message="", now=now), durable=True)


Asked = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
def asked(site: tuple[Path, Desk], capsys: pytest.CaptureFixture[str]) -> Asked:
    """Exit code and result of `rules backtest --json` of a text."""
    config, _ = site

    async def ask(rules: str, *words: str) -> tuple[int, dict[str, Any]]:
        file = config.parent / "new.yaml"
        file.write_text(rules, "utf-8")
        capsys.readouterr()  # what the desk logged
        code = await mailwicket_beside(config, "rules", "backtest", str(file), "--json", *words)
        return code, json.loads(capsys.readouterr().out)

    return ask


@pytest.mark.parametrize(("old", "new", "groups"), [
    # what stands in the rules, what would stand there, what would have been different
    ("version: 1", "version: 1  # remark", []),
    ("contains: zwrot", "contains: login",
     [("team", "billing → support", 1, "old: refunds-to-billing (word “zwrot”)"),
      ("priority", "high → normal", 1, "old: refunds-to-billing (word “zwrot”)"),
      ("tags", "- refund", 1, "old: refunds-to-billing (word “zwrot”)"),
      ("team", "support → billing", 1, "new: refunds-to-billing (word “login”)"),
      ("priority", "normal → high", 1, "new: refunds-to-billing (word “login”)"),
      ("tags", "+ refund", 1, "new: refunds-to-billing (word “login”)")]),
    ("{record: newsletter}, {stop: true}", "{quarantine: newsletter}, {stop: true}",
     [("end", "record → quarantine", 1, "new: keep-newsletters")]),
    ("{mail.is_list: true}", "{mail.is_list: false, subject: nothing}",
     [("end", "record → ticket", 1, "old: keep-newsletters")]),
    ("{reply: auto_ack}", "{reply: auto_ack}, {set: {status: open}}",
     [("status", "new → open", 4, "new: acknowledge")]),
    ("defaults: {team: support}", "defaults: {team: billing}", []),  # every mail names a team
])  # fmt: skip
async def test_what_differs_is_told_with_its_reason(
    asked: Asked, old: str, new: str, groups: list[tuple[str, str, int, str]]
) -> None:
    assert old in RULES
    code, told = await asked(RULES.replace(old, new))
    found = [(g["kind"], g["change"], g["mails"], g["because"]) for g in told["groups"] if g["kind"] != "mail out"]
    assert (code, sorted(found)) == (0, sorted(groups))


async def test_mails_that_would_have_gone_into_one_ticket(asked: Asked) -> None:
    pattern = "when: {from.domain: {matches: '(?P<site>test)$'}}"
    rules = f"""fields: {{site: {{type: text}}}}
rules:
  - {{id: same-site, on: received, {pattern}, do: [{{merge_into: {{same: [field.site], within: 7d}}}}]}}
  - {{id: site, on: new, {pattern}, do: [{{set: {{field.site: test}}}}]}}
"""
    _, told = await asked(RULES.replace("rules:\n", rules))
    groups = {(g["kind"], g["change"], g["mails"], g["because"]) for g in told["groups"]}
    assert groups == {
        ("end", "ticket → merged into #1", 3, "new: same-site (word “site=test”)"),
        ("end", "record → merged into #1", 1, "new: same-site (word “site=test”)"),
        ("field.site", "∅ → test", 1, "new: site (word “site=test”)"),
        ("mail out", "- auto_ack", 2, "old: acknowledge"),
    }


async def test_a_mail_that_went_out_and_one_that_was_held(asked: Asked) -> None:
    _, told = await asked(RULES.replace("on: new\n    when: {none", "on: reply\n    when: {none"))
    found = {(g["change"], g["because"]) for g in told["groups"] if g["kind"] == "mail out"}
    assert found == {("- auto_ack", "old: acknowledge"), ("+ auto_ack", "new: acknowledge")}


async def test_a_ticket_goes_on_as_the_new_rules_left_it(asked: Asked) -> None:
    """The answer in ticket 1 finds it with the other team: what its first mail changed is counted once."""
    then = RULES + "  - {id: late, on: reply, when: {ticket.team: support}, do: [{tag: [late]}]}\n"
    _, told = await asked(then.replace("contains: zwrot", "contains: nothing"))
    groups = {(g["kind"], g["change"]): g["mails"] for g in told["groups"]}
    assert groups["team", "billing → support"] == 1
    assert groups["tags", "+ late"] == 1


async def test_nothing_is_written_and_nothing_sent(site: tuple[Path, Desk], asked: Asked) -> None:
    _, desk = site

    def everything(c: Connection) -> object:
        rows = (c.execute(table.select()).all() for table in metadata.sorted_tables if table.name != "heartbeat")
        return [sorted(map(str, found)) for found in rows]

    before = await desk.store.read(everything)
    await asked(RULES.replace("contains: zwrot", "contains: login"))
    assert await desk.store.read(everything) == before


@pytest.mark.parametrize(("words", "code", "count"), [
    ((),                                  0, 6),
    (("--fail-if-changed",),              1, 6),
    (("--sample", "2"),                   0, 2),
    (("--since", "2026-11-21T21:13:30Z"), 0, 2),  # the rest came before
])  # fmt: skip
async def test_how_much_is_asked(asked: Asked, words: tuple[str, ...], code: int, count: int) -> None:
    ended, told = await asked(RULES.replace("contains: zwrot", "contains: login"), *words)
    assert (ended, told["asked"]) == (code, count)


@pytest.mark.sqlite
async def test_what_is_shown(
    furnished: tuple[Path, Desk], golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    await in_force(desk)
    new = config.parent / "new.yaml"
    new.write_text(RULES.replace("contains: zwrot", "contains: login").replace("{mail.is_list: true}", "{subject: x}"))
    capsys.readouterr()
    assert mailwicket(config, "rules", "backtest", str(new), "--open") == 0
    golden("rules_backtest.txt", re.sub(r"\d+\.\d s", "0.0 s", capsys.readouterr().out))


@pytest.mark.sqlite
async def test_a_broken_file_and_a_desk_without_history(
    furnished: tuple[Path, Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    new = config.parent / "new.yaml"
    new.write_text("version: 2\n")
    assert mailwicket(config, "rules", "backtest", str(new)) == 4
    await in_force(desk)
    assert mailwicket(config, "rules", "backtest", str(new)) == 1
    assert "version 2 is not known" in capsys.readouterr().out
