"""What got a 250 is there once after thirty kills, and a gateway that says 250 too early is found out."""

import asyncio
from pathlib import Path

import pytest

from tests.torture.kill import Torture

pytestmark = [pytest.mark.push, pytest.mark.p0, pytest.mark.sqlite, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("kills", "fault", "clean"), [(12, "none", True), (4, "early-250", False)])
def test_kill_under_load(tmp_path: Path, kills: int, fault: str, clean: bool) -> None:
    findings = asyncio.run(Torture(tmp_path, seed=kills, fault=fault).run(kills))
    assert (findings == []) is clean, findings[:20]
    if not clean:
        assert any(finding.startswith("lost:") for finding in findings)
