"""What `backup`, `restore` and `verify` print, and how they end."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.clock import FakeClock
from gateway.store.opening import open_store
from tests.cli.desk import NOW, Desk, write_config
from tests.conftest import settings_in

_STEPS = [
    # command, exit code
    ("backup {b}", 0),
    ("backup {b}", 78),  # nothing is overwritten
    ("restore {b} --verify", 0),
    ("restore {b}", 78),  # there is a database
    ("restore {b} --replace", 2),  # nobody can be asked
    ("restore {b} --replace -y", 0),
    ("verify", 0),
    ("outbound status", 0),
    ("queue list --held", 0),
    ("outbound release", 0),
    ("audit verify", 0),
]


async def test_the_way_to_a_backup_and_back(
    tmp_path: Path, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(tmp_path, f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}")
    config, store = write_config(tmp_path, settings), open_store(settings)
    await Desk(store, settings, tmp_path / "rules.yaml").take("refund.eml")
    store.close()
    printed, ended = [], []
    for command, _ in _STEPS:
        words = command.format(b=tmp_path / "b").split()
        ended.append(run(["-c", str(config), *words], Invocation(clock=FakeClock(NOW), width=120)))
        out, err = capsys.readouterr()
        printed.append(f"$ mailwicket {' '.join(words)}\n{out}{err}")
    assert ended == [code for _, code in _STEPS]
    sizes = re.compile(r"schema \d+, 3 files, [\d.]+ KiB")  # they follow the schema
    golden("backup.txt", sizes.sub("schema …, 3 files, … KiB", "\n".join(printed)))


def test_a_backup_and_a_restore_are_told_to_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    config, told = write_config(tmp_path, settings), {}
    for command in (f"backup {tmp_path / 'b'}", f"restore {tmp_path / 'b'} --replace -y", "verify"):
        assert run(["-c", str(config), *command.split(), "--json"], Invocation(clock=FakeClock(NOW))) == 0
        told[command.split()[0]] = json.loads(capsys.readouterr().out)
    assert {name: list(values) for name, values in told.items()} == {
        "backup": ["schema", "folder", "manifest", "kept_apart"],
        "restore": ["schema", "folder", "manifest", "aside", "keys", "files"],
        "verify": ["schema", "rows", "wrong"],
    }
    assert told["backup"]["kept_apart"] == ["hmac-key", "audit-key"]
    store = open_store(settings)
    assert run(["-c", str(config), "restore", str(tmp_path / "b"), "--replace", "-y"]) == 75
    assert "the gateway stopped" in capsys.readouterr().err
    store.close()
