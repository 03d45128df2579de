"""A furnished desk for golden outputs, and a store with its configuration on each database."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from gateway.config import Settings
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.cli.desk import Desk, furnish, write_config
from tests.conftest import settings_in

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def config(tmp_path: Path, settings: Settings) -> Path:
    """The configuration file of the store of this test."""
    return write_config(tmp_path, settings)


@pytest.fixture
def desk(store: Store, settings: Settings, config: Path) -> Desk:
    """A desk without any mail yet, on each database."""
    return Desk(store, settings, config.parent / "rules.yaml")


@pytest.fixture
async def furnished(tmp_path: Path) -> Iterator[tuple[Path, Desk]]:
    """A desk with a few of everything, and its configuration; SQLite alone, for outputs."""
    settings = settings_in(tmp_path, f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}")
    config = write_config(tmp_path, settings)
    store = open_store(settings)
    desk = Desk(store, settings, tmp_path / "rules.yaml")
    await furnish(desk)
    yield config, desk
    store.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, str], None]:
    """Compare an output with its file in golden/; --update-golden writes it anew."""

    def compare(name: str, output: str) -> None:
        shown = output.replace(str(tmp_path), "/srv/desk")
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(shown, "utf-8")
        assert shown == path.read_text("utf-8")

    return compare


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Where the log goes; as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = before
    structlog.reset_defaults()
