"""Two whole gateways on one PostgreSQL, one killed three times: nothing is lost, nothing doubled, one history."""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import own_database
from tests.torture.pair import Pair

pytestmark = [pytest.mark.push, pytest.mark.p0, pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("talks", "fault", "clean"), [(40, "none", True), (40, "early-250", False)])
def test_conversations_at_both_doors_are_whole(
    postgres: str, tmp_path: Path, talks: int, fault: str, clean: bool
) -> None:
    for url in own_database(postgres):
        findings = asyncio.run(Pair(tmp_path, url, seed=1, fault=fault).run(kills=3, talks=talks))
        assert (findings == []) is clean, findings[:20]
        assert clean or any(finding.startswith("lost:") for finding in findings)
