"""What the commands of the rules print, command for command as the manual shows it; the golden files are theirs."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.rules.load import load_rules
from gateway.rules.written import written
from gateway.store.revisions import keep_revision
from tests.cli.desk import Desk, mailwicket_beside

EXAMPLE = Path(__file__).parent / "example"
TEXT = (Path(__file__).parents[1] / "rules" / "example" / "rules.yaml").read_text("utf-8")
WRONG = (
    TEXT.replace("none: [{ticket.team: billing}]", "none: [{ticket.taem: billing}]")
    .replace("route: billing", "route: biling")
    .replace("(?P<order>", "(?P<order")
)
FAILS = TEXT.replace("Auto-Submitted", "Auto-Submited")
NARROW = TEXT.replace("zwrot, ", "")
MORE = TEXT.replace("[refund,", "[storno, refund,")
COMMANDS = (
    # golden file, command, exit code
    ("rules_check_wrong.txt", "rules check wrong.yaml", 1),
    ("rules_check.txt", "rules check", 0),
    ("rules_check_strict.txt", "rules check --strict", 3),
    ("rules_test.txt", "rules test --coverage", 0),
    ("rules_test_fails.txt", "--rules fails.yaml rules test", 1),
    ("rules_explain.txt", "rules explain sample.eml --at 2026-11-21T22:10:00+01:00", 0),
    ("rules_explain_stages.txt", "rules explain sample.eml --at 2026-11-21T22:10:00+01:00 -v", 0),
    ("rules_explain_diff.txt", "rules explain sample.eml --at 2026-11-21T22:10:00+01:00 --diff narrow.yaml", 0),
    ("rules_tree.txt", "rules tree", 0),
    ("rules_tree_team.txt", "rules tree --team billing", 0),
    ("rules_tree_mermaid.txt", "rules tree --mermaid", 0),
    ("rules_fmt.txt", "rules fmt --diff", 1),
    ("rules_history.txt", "rules history", 0),
    ("rules_diff.txt", "rules diff 1", 0),
    ("rules_diff_file.txt", "rules diff more.yaml", 0),
    ("rules_apply.txt", "rules apply more.yaml --dry-run", 0),
    ("rules_rollback.txt", "rules rollback --dry-run", 0),
    ("doctor_rules.txt", "doctor --only rules", 0),
)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is printed is the same on both databases."""
    return f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}"


async def test_what_is_printed(
    desk: Desk, config: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(config.parent)
    config.write_text(f'{config.read_text()}[auth]\ntrusted_authserv_ids = ["mx.acme.test"]\n', "utf-8")
    for name, text in (
        ("rules.yaml", TEXT),
        ("wrong.yaml", WRONG),
        ("fails.yaml", FAILS),
        ("more.yaml", MORE),
        ("narrow.yaml", NARROW),
    ):
        Path(name).write_text(text, "utf-8")
    Path("sample.eml").write_bytes((EXAMPLE / "sample.eml").read_bytes())
    earlier = TEXT.replace("[bigbank.test, hospital.test]", "[bigbank.test]")
    for number, (text, message) in enumerate(((earlier, ""), (TEXT, "hospitals are VIPs"))):
        made, now = written(load_rules(text, "rules.yaml", 0)), desk.clock.now() + timedelta(hours=number)
        await desk.store.write(
            lambda c, m=made, s=message, t=now: keep_revision(c, m, author="eva", message=s, now=t), durable=True
        )
    capsys.readouterr()
    for name, command, code in COMMANDS:
        ended = await mailwicket_beside(config, *command.split(), clock=desk.clock)
        out, err = capsys.readouterr()
        shown = re.sub(r" +[0-9]+ ms$", "  N ms", out, flags=re.MULTILINE)
        golden(name, f"$ mailwicket {command}\n{shown}{err}")
        assert ended == code, command
