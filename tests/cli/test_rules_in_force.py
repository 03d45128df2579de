"""Rules come into force on a running gateway, by signal and by command, and what is wrong never does."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from gateway.config import Settings
from gateway.errors import TransientError
from gateway.rules.load import load_rules
from gateway.rules.written import written
from gateway.store.revisions import keep_revision, newest_revision, revisions
from tests.cli.desk import mailwicket_beside
from tests.conftest import settings_in
from tests.running import Gateway, mail

RULES = """version: 1
# the desk of Acme
defaults: {team: support}
include: [rules.d/*.yaml]
teams:
  support: {address: support@acme.test}
  billing: {address: billing@acme.test}
lists:
  refund_words: [refund, zwrot]
rules:
  - id: refunds-to-billing  # money
    on: new
    when: {subject: {contains: $refund_words}}
    do: [{route: billing}]
tests:
  - name: a refund
    mail: {from: a@x.test, subject: A refund please}
    expect: {team: billing}
"""
INCLUDED = "rules:\n  - {id: tagged, on: new, do: [{tag: [seen]}]}\n"
BROKEN = RULES.replace("route: billing", "route: biling")
UNTRUE = RULES.replace("expect: {team: billing}", "expect: {team: support}")
STAFFED = RULES.replace(
    "teams:\n  support: {address: support@acme.test}",
    "agents:\n  ana: {name: Ana, email: ana@agents.test}\n  eve: {name: Eve, email: eve@agents.test}\n"
    "teams:\n  support: {address: support@acme.test, members: [ana, eve], assign: round_robin}",
)
STORNO = RULES.replace("zwrot]", "zwrot, storno]")


class Site:
    """A gateway that runs on rules of its own, and commands beside it."""

    def __init__(self, gateway: Gateway, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.gateway, self.config, self._capsys = gateway, config, capsys
        self.rules, self.new = config.parent / "rules.yaml", config.parent / "new.yaml"
        self.included = config.parent / "rules.d" / "tags.yaml"
        self.logged: Sequence[Mapping[str, Any]] = ()

    async def do(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output, and what is said beside it."""
        self._capsys.readouterr()
        code = await mailwicket_beside(self.config, *words)
        told = self._capsys.readouterr()
        return code, told.out, told.err

    async def asked(self, *words: str) -> dict[str, Any]:
        """What a command that succeeds says in JSON."""
        code, out, err = await self.do(*words, "--json")
        assert (code, err) == (0, "")
        return dict(json.loads(out))

    async def apply(self, text: str, *words: str) -> tuple[int, str, str]:
        """`rules apply` of another file."""
        self.new.write_text(text, "utf-8")
        return await self.do("rules", "apply", str(self.new), "-y", *words)

    async def team(self, subject: str) -> str:
        """Where a new mail goes now."""
        await self.gateway.send(mail(subject, body=subject))
        await self.gateway.quiet()
        return self.gateway.tickets()[-1].team

    def history(self) -> list[tuple[int, str]]:
        """Number and message, oldest first."""
        return [(r.number, r.message) for r in self.gateway.store.read_now(lambda c: revisions(c, 99))][::-1]


@pytest.fixture
async def site(tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Site]:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "tags.yaml").write_text(INCLUDED)
    with capture_logs() as logged:  # the gateway runs in this process, and what it logs is no output of a command
        async with Gateway(settings, RULES) as gateway:
            made = Site(gateway, write_config(tmp_path, settings), capsys)
            made.logged = logged
            yield made


def write_config(folder: Path, settings: Settings) -> Path:
    config = folder / "mailwicket.toml"
    config.write_text(
        f'[site]\ndomain = "acme.test"\n[paths]\nstate = "{folder}/state"\nruntime = "{folder}/run"\n'
        f'rules = "{folder}/rules.yaml"\n[database]\nurl = "{settings.database.url}"\n'
    )
    return config


async def test_a_new_word_is_applied_and_rolled_back(site: Site) -> None:
    assert await site.team("Storno") == "support"
    code, out, _ = await site.apply(STORNO, "--message", "Storno goes to billing")
    assert (code, out.splitlines()[:2]) == (
        0,
        ["  ✓ 2 rules, 1 test passed, 2 warnings", "  ~ list     refund_words: + storno"],
    )
    assert out.splitlines()[-1] == "  ✓ revision 2 is in force   undo: mailwicket rules rollback"
    assert site.rules.read_text() == STORNO
    assert await site.team("Storno again") == "billing"
    code, out, _ = await site.do("rules", "rollback")
    assert (code, out.splitlines()[0]) == (0, "  ~ list     refund_words: - storno")
    assert site.rules.read_text() == RULES
    assert await site.team("Storno at last") == "support"
    assert site.history() == [(1, ""), (2, "Storno goes to billing"), (3, "back to revision 1")]
    traced = [await site.asked("why", f"m-{number}") for number in (1, 2, 3)]
    assert [why["mails"][0]["explanation"]["rules"]["revision"] for why in traced] == [1, 2, 3]


@pytest.mark.parametrize(("text", "said"), [
    # what is to be applied, why it is not
    (BROKEN,      "unknown team “biling”"),
    (UNTRUE,      "“a refund” fails"),
    ("rules: [",  "R030"),
    (RULES[:300], ""),  # half a file
])  # fmt: skip
async def test_what_is_wrong_changes_nothing(site: Site, text: str, said: str) -> None:
    code, out, err = await site.apply(text)
    assert (code, said in out) == (1, True)
    assert "Nothing was loaded; revision 1 (loaded " in err
    assert site.rules.read_text() == RULES
    assert site.history() == [(1, "")]


async def test_what_the_daemon_refuses_leaves_the_files_as_they_were(site: Site) -> None:
    """The command finds the tests good; the daemon reads other templates, or another clock."""
    site.gateway.daemon.reload = _refusing  # type: ignore[method-assign]
    code, out, err = await site.apply(STORNO)
    assert (code, out.splitlines()[-1]) == (75, "the database is away")
    assert "the files are as they were" in err
    assert site.rules.read_text() == RULES


async def _refusing(*_: object, **__: object) -> object:
    return TransientError("the database is away")


async def test_a_test_that_fails_can_be_passed_over(site: Site) -> None:
    code, out, _ = await site.apply(UNTRUE, "--no-test")
    assert (code, out.splitlines()[0]) == (0, "  ✓ 2 rules, not tested, 2 warnings")
    assert site.history() == [(1, ""), (2, "")]


async def test_a_dry_run_says_it_and_changes_nothing(site: Site) -> None:
    code, out, err = await site.apply(STORNO, "--dry-run")
    assert (code, "refund_words: + storno" in out, "nothing was changed" in err) == (0, True, True)
    assert (site.rules.read_text(), site.history()) == (RULES, [(1, "")])


async def test_agents_who_are_gone_are_named_with_their_open_tickets_before_it(site: Site) -> None:
    await site.apply(STAFFED)
    for subject in ("One", "Two", "A refund"):
        await site.team(subject)
    await site.do("ticket", "assign", "3", "ana")
    without = STAFFED.replace("  ana: {name: Ana, email: ana@agents.test}\n", "").replace("[ana, eve]", "[eve]")
    code, out, _ = await site.apply(without, "--dry-run")
    said = "  ! agent    ana owns 2 open tickets (billing: 1, to be taken; support: 1, given to others)"
    assert (code, out.splitlines()[-1]) == (0, said)
    code, out, _ = await site.apply(STAFFED, "--dry-run")
    assert "! agent" not in out


async def test_a_bad_reload_is_told_and_kept_until_a_good_one(site: Site) -> None:
    site.rules.write_text(BROKEN)
    code, out, err = await site.do("reload")
    assert (code, "unknown team “biling”" in out) == (1, True)
    assert "nothing was loaded" in err
    assert site.gateway.daemon.revision == 1
    assert "! STALE: the last reload changed nothing" in (await site.do("rules", "history"))[1]
    assert "biling" in (await site.asked("rules", "history"))["stale"]
    assert "biling" in (await site.asked("status"))["stale"]
    assert "! STALE: the last reload changed nothing, because" in (await site.do("status"))[1]
    code, out, _ = await site.do("doctor", "--only", "rules")
    assert (code, "✗ rules       STALE: the last reload changed nothing:" in out) == (1, True)
    assert (await site.do("rules", "rollback"))[0] == 0  # the file becomes again what is in force
    assert site.rules.read_text() == RULES
    assert site.history() == [(1, "")]
    code, out, _ = await site.do("reload")
    assert (code, out.splitlines()[-1]) == (0, "✓ revision 1 is in force")
    assert "STALE" not in (await site.do("rules", "history"))[1]
    assert {e["operation"] for e in site.logged if e["event"] == "control.done"} == {"rules.load"}  # no questions


@pytest.mark.parametrize(("state", "words", "rests"), [
    ("disable", "enabled: false", True),
    ("shadow",  "shadow: true",   True),
    ("enable",  "",               False),
])  # fmt: skip
async def test_one_rule_is_switched(site: Site, state: str, words: str, *, rests: bool) -> None:
    code, _, _ = await site.do("rules", state, "refunds-to-billing")
    text = site.rules.read_text()
    assert (code, words in text, "# the desk of Acme" in text, "# money" in text) == (0, True, True, True)
    assert await site.team("refund") == ("support" if rests else "billing")
    assert site.history()[1:] == ([(2, f"{state} refunds-to-billing")] if rests else [])


async def test_a_rule_of_an_included_file_is_switched_there(site: Site) -> None:
    assert (await site.do("rules", "disable", "tagged"))[0] == 0
    assert site.included.read_text() == INCLUDED.replace("{id: tagged,", "{id: tagged, enabled: false,")
    assert site.rules.read_text() == RULES
    code, _, err = await site.do("rules", "disable", "nobody")
    assert (code, "rules are: refunds-to-billing, tagged" in err) == (4, True)


async def test_rolling_back_takes_included_files_with_it(site: Site) -> None:
    """One that changed is as it was; one that came since is put aside under a name that nothing includes."""
    added = site.included.with_name("more.yaml")
    added.write_text("rules:\n  - {id: more, on: new, do: [{tag: [more]}]}\n")
    site.included.write_text(INCLUDED.replace("seen", "looked-at"))
    assert (await site.do("reload"))[0] == 0
    code, out, _ = await site.do("rules", "rollback", "1")
    assert (code, "more.yaml was not included then: it becomes more.yaml.revision-2" in out) == (0, True)
    assert site.included.read_text() == INCLUDED
    assert sorted(path.name for path in site.included.parent.iterdir()) == ["more.yaml.revision-2", "tags.yaml"]
    assert "revision 1 and revision 3 do not differ" in (await site.do("rules", "diff", "1"))[1]


async def test_differences_are_told_in_words_and_in_lines(site: Site) -> None:
    site.new.write_text(STORNO)
    code, out, _ = await site.do("rules", "diff", str(site.new))
    assert (code, out.splitlines()[0]) == (0, "~ list     refund_words: + storno")
    assert "+  refund_words: [refund, zwrot, storno]" in out.splitlines()
    assert (await site.do("rules", "diff"))[1] == "revision 1 and the file now do not differ\n"
    assert (await site.do("rules", "diff", "7"))[0] == 4


async def test_a_mail_in_flight_ends_with_the_revision_it_began_with(site: Site) -> None:
    """Reloads, good, bad and half written, while mail comes in: each mail is decided by one whole revision."""
    texts = [RULES, BROKEN, STORNO, RULES[:200]] * 5

    async def reloads() -> None:
        for text in texts:
            site.rules.write_text(text)
            await site.gateway.daemon.reload()

    async def comes(number: int) -> None:
        await site.gateway.send(mail(f"storno {number}", body=str(number)))

    await asyncio.gather(reloads(), *(comes(number) for number in range(30)))
    assert (await site.gateway.quiet())["received"] == 30
    known = {r.number: r.written.text for r in site.gateway.store.read_now(lambda c: revisions(c, 99))}
    teams = {ticket.number: ticket.team for ticket in site.gateway.tickets()}
    for row in site.gateway.mails():
        why = await site.asked("why", f"m-{row.id}")
        revision = why["mails"][0]["explanation"]["rules"]["revision"]
        assert teams[row.ticket or 0] == ("billing" if "storno]" in known[revision] else "support")


async def test_what_another_gateway_put_in_force_is_followed(site: Site) -> None:
    store, daemon = site.gateway.store, site.gateway.daemon
    elsewhere = written(load_rules(STORNO, "rules.yaml", 0, beside=lambda pattern: {"rules.d/tags.yaml": INCLUDED}))

    def put(c: Connection) -> int:
        return keep_revision(c, elsewhere, author="eva", message="", now=datetime.now(UTC))

    assert await store.write(put, durable=True) == 2
    await daemon.follow()
    assert (daemon.revision, daemon.stale) == (2, "")
    assert await site.team("Storno") == "billing"
    assert site.rules.read_text() == RULES  # the file is this machine's own


async def test_who_waits_for_another_reload_follows_what_is_newest_then(site: Site) -> None:
    store, daemon = site.gateway.store, site.gateway.daemon
    beside = {"rules.d/tags.yaml": INCLUDED}

    async def put(text: str) -> int:
        elsewhere = written(load_rules(text, "rules.yaml", 0, beside=lambda pattern: beside))
        kept = {"author": "eva", "message": "", "now": datetime.now(UTC)}
        return await store.write(lambda c: keep_revision(c, elsewhere, **kept), durable=True)  # type: ignore[arg-type]

    assert await put(STORNO) == 2
    async with daemon._reloading:
        following = asyncio.ensure_future(daemon.follow())
        assert await store.read(newest_revision)
        assert await put(STORNO.replace("storno", "storno, reso")) == 3
    await following
    assert daemon.revision == 3


@pytest.mark.sqlite
async def test_without_a_daemon_the_next_start_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path, f"sqlite:///{tmp_path}/state/mailwicket.db")
    text = RULES.replace("include: [rules.d/*.yaml]\n", "")
    config = write_config(tmp_path, settings)
    (tmp_path / "rules.yaml").write_text(text)
    assert await mailwicket_beside(config, "reload") == 6
    assert await mailwicket_beside(config, "rules", "apply") == 0  # there is no history yet
    async with Gateway(settings, text) as gateway:
        assert gateway.daemon.revision == 1
    (tmp_path / "new.yaml").write_text(text.replace("zwrot]", "zwrot, storno]"))
    assert await mailwicket_beside(config, "rules", "apply", str(tmp_path / "new.yaml"), "-y", "-m", "later") == 0
    assert "revision 2 comes into force at the next start" in capsys.readouterr().out
    async with Gateway(settings, (tmp_path / "rules.yaml").read_text()) as gateway:
        assert gateway.daemon.revision == 2
        found = gateway.store.read_now(lambda c: revisions(c, 1))
        assert found[0].message == "later"
