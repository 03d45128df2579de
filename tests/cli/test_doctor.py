"""What `doctor` finds, and says to do; `status` without a daemon."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from gateway.rules.written import written
from gateway.store.restraint import not_delivered
from gateway.store.revisions import keep_revision
from tests.cli.desk import NOW, RULES, Desk, mailwicket_beside


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is checked is the same on both databases."""
    return f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}"


@pytest.fixture
async def config(desk: Desk, config: Path) -> Path:
    """Of a desk under revision 1."""
    text, now = written(desk.deps.rules), desk.clock.now()
    await desk.store.write(lambda c: keep_revision(c, text, author="eva", message="", now=now), durable=True)
    for path in (config.parent / "state").glob("*.db*"):
        path.chmod(0o600)  # as the gateway makes it; this one is copied
    return config


def others_may_read_the_mail(config: Path) -> None:
    (config.parent / "state" / "mailwicket.db").chmod(0o644)


def a_rule_is_wrong(config: Path) -> None:
    (config.parent / "rules.yaml").write_text(RULES.replace("route: billing", "route: biling"), "utf-8")


def a_test_fails(config: Path) -> None:
    test = "tests: [{name: a, mail: {from: a@x.test}, expect: {team: billing}}]\n"
    (config.parent / "rules.yaml").write_text(f"{RULES}{test}", "utf-8")


def the_file_was_edited(config: Path) -> None:
    (config.parent / "rules.yaml").write_text(f"{RULES}# a remark\n", "utf-8")


def a_query_has(query: str) -> Callable[[Path], None]:
    """A look-up whose query is this one."""

    def done(config: Path) -> None:
        lookup = "lookups: {crm: {sql: crm, give: {floor: floor}}}\n"
        (config.parent / "rules.yaml").write_text(f"{RULES}{lookup}", "utf-8")
        url = f"sqlite:///{config.parent / 'state' / 'mailwicket.db'}"
        config.write_text(f'{config.read_text()}[[lookup]]\nname = "crm"\nurl = "{url}"\nquery = "{query}"\n')

    return done


def a_maildir(*files: str, team: str = "billing") -> Callable[[Path], None]:
    """One that is watched, with these empty files in it."""

    def done(config: Path) -> None:
        box = config.parent / "box"
        for name in ("cur", "new"):
            (box / name).mkdir(parents=True)
        for name in files:
            (box / "new" / name).touch()
            os.utime(box / "new" / name, (0, 0))
        config.write_text(f'{config.read_text()}[[maildir]]\nname = "inbox"\npath = "{box}"\nteam = "{team}"\n')

    return done


def mail_to_an_agent_fails(times: int) -> Callable[[Path], None]:
    """So many came back."""

    def done(config: Path) -> None:
        engine = create_engine(f"sqlite:///{config.parent / 'state' / 'mailwicket.db'}")
        with engine.begin() as c:
            for number in range(times):
                not_delivered(c, number, "ana@acme.test", NOW, "550 5.1.1 no such user", hard=True)
        engine.dispose()

    return done


def the_disk_is_full(config: Path) -> None:
    config.write_text(config.read_text() + '[intake]\nmin_free = "8000000000 MiB"\n')


def a_password_is_not_there(config: Path) -> None:
    config.write_text(config.read_text() + '[outbound]\nuser = "u"\npassword = {file = "/nowhere"}\n')


def nothing(config: Path) -> None:
    """All is well."""


@pytest.mark.parametrize(
    ("wrong", "group", "verdict", "said", "fix"),
    [
        # what is wrong, in which group, how bad, what is said, what to do
        (nothing, "rules", "ok", "revision 1 loaded", ""),
        (nothing, "database", "ok", "commits are flushed, pages are sound", ""),
        (nothing, "security", "ok", "nobody else can read the mail and the keys", ""),
        (nothing, "runtime", "warning", "no daemon answers at", "mailwicket serve"),
        (others_may_read_the_mail, "security", "problem", "others may read", "chmod go= "),
        (a_rule_is_wrong, "rules", "problem", "1 error in", "mailwicket rules check"),
        (a_test_fails, "rules", "problem", "1 error in", "mailwicket rules test"),
        (the_file_was_edited, "rules", "warning", "the file is not what is in force, revision 1", "rules diff"),
        (
            a_query_has("SELECT 'a@x.test' AS mail, 1 AS floor"),
            "rules",
            "warning",
            "the file is not what is in force",
            "",
        ),
        (
            a_query_has("SELECT 'a@x.test' AS mail"),
            "rules",
            "problem",
            "gives no column “floor”; columns are: mail",
            "",
        ),
        (a_query_has("SELECT 1 FROM nowhere"), "rules", "problem", "query “crm”: no such table: nowhere", "[[lookup]]"),
        (nothing, "agents", "ok", "no mail to 1 agent came back", ""),
        (
            mail_to_an_agent_fails(1),
            "agents",
            "warning",
            "ana, ana@acme.test: mail did not arrive 1 time, at last: 550 5.1.1 no such user",
            "mailwicket agent back ana",
        ),
        (mail_to_an_agent_fails(3), "agents", "problem", "gets no more mail and no new tickets", "the address in"),
        (the_disk_is_full, "disk", "problem", "mail is refused for now", "make room"),
        (a_maildir(), "maildir", "ok", "inbox: 0 mails in", ""),
        (a_maildir("1.a"), "maildir", "problem", "inbox: new/1.a is no mail: it has no header", "take it away"),
        (a_maildir(team="sailing"), "maildir", "problem", "there is no team “sailing”", ""),
        (a_password_is_not_there, "config", "problem", "outbound.password", ""),
    ],
)
async def test_a_finding_says_what_is_wrong_and_what_to_do(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: Callable[[Path], None],
    group: str,
    verdict: str,
    said: str,
    fix: str,
) -> None:
    wrong(config)
    capsys.readouterr()
    code = await mailwicket_beside(config, "doctor", "--only", group, "--json")
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    assert code == (1 if verdict == "problem" else 0)
    fitting = [f for f in found if (f["group"], f["verdict"]) == (group, verdict) and said in f["said"]]
    assert (bool(fitting), found) == (True, found)
    assert fix in fitting[0]["fix"]


async def test_a_database_that_is_not_there_is_a_finding_and_no_end(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace("mailwicket.db", "another.db"), "utf-8")
    capsys.readouterr()
    assert await mailwicket_beside(config, "doctor") == 1
    marks = {line.split()[1]: line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]}
    assert {group: marks[group] for group in ("config", "rules", "templates", "store", "database", "disk")} == {
        "config": "✓", "rules": "✗", "templates": "✓", "store": "✗", "database": "✗", "disk": "✓"
    }  # fmt: skip


async def test_status_without_a_daemon_tells_what_waits(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert await mailwicket_beside(config, "status") == 6
    out = capsys.readouterr().out
    assert "Daemon  no daemon answers at" in out
    assert "revision 1, loaded 2026-11-21 21:10:00 UTC by eva" in out
    assert "0 not processed yet; 0 in quarantine" in out
    a_maildir("1.a")(config)
    assert await mailwicket_beside(config, "status") == 6
    assert "Maildir inbox  1 mail not taken yet, the oldest for " in capsys.readouterr().out
    assert await mailwicket_beside(config, "status", "--ready") == 6
    assert capsys.readouterr().out == ""
