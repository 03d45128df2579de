"""Killed at every statement of a merge, a split and their undoing: all of it is done or nothing, the audit whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import own_database

pytestmark = [pytest.mark.p0, pytest.mark.push]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@pytest.mark.timeout(900)
def test_nothing_is_half_done(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    urls = own_database(request.getfixturevalue("postgres")) if database == "postgres" else iter([""])
    for url in urls:
        command = [sys.executable, "-m", "tests.torture.operations", str(tmp_path / "gateway"), *filter(None, [url])]
        told = subprocess.run(command, check=False, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr[-2000:]
        assert int(told.stdout.split()[0]) > 60  # kills
