"""A gateway's state on SQLite: that our SQL holds on PostgreSQL, too, is asked in tests/store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()
