"""Fixtures of the acceptance tests."""

from pathlib import Path

import pytest

from tests.dialogue import make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) for gw.test."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
