"""`mailwicket retention`, and what commands say of mail whose time was over."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.retaining import Retaining
from gateway.rules.desk import Retention
from gateway.store.audit import find_rows
from gateway.store.opening import open_store
from tests.cli.desk import NOW, Desk, furnish, mailwicket_beside

_LATER = FakeClock(NOW + timedelta(days=40))


async def typed(config: Path, command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code, and all that was printed."""
    capsys.readouterr()  # what the log said meanwhile
    code = await mailwicket_beside(config, *command.split(), clock=_LATER)
    out, err = capsys.readouterr()
    return code, f"$ mailwicket {command}\n{out}{err}"


async def all_typed(config: Path, capsys: pytest.CaptureFixture[str], *commands: tuple[str, int]) -> str:
    """What these commands print, each of which ends with its code."""
    said = []
    for command, ends in commands:
        code, out = await typed(config, command, capsys)
        assert code == ends, out
        said.append(out)
    return "\n".join(said)


@pytest.mark.sqlite
async def test_what_would_go_and_what_is_gone(
    settings: Settings, config: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(settings)
    await furnish(Desk(store, settings, config.parent / "rules.yaml"))
    code, would = await typed(config, "retention run --dry-run", capsys)
    golden("retention_dry_run.txt", would)
    assert code == 0
    await Retaining(store, Retention, _LATER).delete_old()
    store.close()
    said = await all_typed(
        config,
        capsys,
        ("mail show m-4", 0),
        ("mail raw m-4", 4),
        ("why m-4", 0),
        ("mail replay m-4", 5),
        ("mail show m-1", 0),
    )
    golden("retention_gone.txt", said)


@pytest.mark.sqlite
async def test_holds_are_made_seen_and_lifted(
    settings: Settings, config: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(settings)
    await furnish(Desk(store, settings, config.parent / "rules.yaml"))
    store.close()
    said = await all_typed(
        config,
        capsys,
        ("retention hold 1 jan@bigbank.test 999 --reason P-17/26", 4),
        ("retention hold #1", 0),
        ("retention hold c-1 --as nobody", 2),
        ("retention holds", 0),
        ("retention lift 1 --as ana --reason over", 0),
        ("retention lift 1", 0),
        ("retention holds --json", 0),
    )
    golden("retention_holds.txt", said)
    store = open_store(settings)
    rows = store.read_now(lambda c: find_rows(c, action="hold"))
    store.close()
    assert [(row.action, row.actor, row.ticket, row.customer, row.detail) for row in rows] == [
        ("hold.made", "operator", 1, None, "P-17/26"),
        ("hold.made", "operator", None, 1, "P-17/26"),
        ("hold.lifted", "agent:ana", 1, None, "over"),
    ]
