"""A-04: a store that cannot keep the promise forbids the start, and says why."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from gateway.config import Settings
from gateway.errors import ConfigError, TransientError
from gateway.store import engine as engine_module
from gateway.store.engine import check_durable, file_system_of, open_engine
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in

pytestmark = pytest.mark.p0


@pytest.mark.parametrize("file_system", ["nfs4", "cifs", "fuse.sshfs"])
@pytest.mark.sqlite
def test_A04_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_system: str
) -> None:
    monkeypatch.setattr(engine_module, "file_system_of", lambda _folder: file_system)
    with pytest.raises(ConfigError, match=f"the state folder is on {file_system}") as refused:
        open_store(settings_in(tmp_path))
    assert refused.value.exit_code == 78


@pytest.mark.sqlite
def test_A04_data_loss_can_only_be_accepted_in_so_many_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "file_system_of", lambda _folder: "nfs")
    settings = settings_in(tmp_path)
    accepting = settings.database.model_copy(update={"i_accept_data_loss": True})
    open_store(settings.model_copy(update={"database": accepting})).close()


@pytest.mark.sqlite
def test_A04_a_second_gateway_on_one_sqlite_state_waits_outside(tmp_path: Path) -> None:
    first = open_store(settings_in(tmp_path))
    with pytest.raises(TransientError, match="another mailwicket works on") as refused:
        open_store(settings_in(tmp_path))
    assert refused.value.exit_code == 75
    first.close()
    open_store(settings_in(tmp_path)).close()


@pytest.mark.postgres
def test_A04_postgres_without_flushed_commits_is_refused(tmp_path: Path, postgres: str) -> None:
    url = make_url(postgres).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"mw_unsafe_{tmp_path.name[-8:]}".replace("-", "_").lower()
    with admin.connect() as c:
        c.exec_driver_sql(f'CREATE DATABASE "{name}"')
        c.exec_driver_sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    try:
        unsafe = url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
        with pytest.raises(ConfigError, match="synchronous_commit=off"):
            open_store(settings_in(tmp_path, unsafe))
    finally:
        with admin.connect() as c:
            c.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


def test_A04_the_setting_is_read_back_before_a_commit(settings: Settings, store: Store) -> None:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = open_engine(url, connections=1)
    with engine.connect() as c, c.begin():
        check_durable(c)
    with (
        engine.connect().execution_options(relaxed=True) as c,
        c.begin(),
        pytest.raises(TransientError, match="would not flush"),
    ):
        check_durable(c)
    engine.dispose()


@pytest.mark.sqlite
def test_A04_readers_can_change_nothing(tmp_path: Path) -> None:
    opened = open_store(settings_in(tmp_path))
    with pytest.raises(TransientError):
        opened.read_now(lambda c: c.exec_driver_sql("DELETE FROM inbound"))
    opened.close()


def test_A04_the_file_system_is_read_from_the_kernel() -> None:
    assert file_system_of(Path("/proc/self")) == "proc"
