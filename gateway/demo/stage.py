"""The demo's gateway: a whole daemon on loopback, with its own folder, a fast clock and a relay that catches.

Everything it owns is in ./var/demo: database, key, rules (a copy of the packaged ones, to play with), the mails sent
and caught, and the configuration with which every other command looks at it.
Not here  who writes what (cast.py), what is made of it (play.py).
"""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from gateway.clock import FastClock, SystemClock
from gateway.config import Settings, load_settings, packaged
from gateway.daemon import Daemon
from gateway.demo.catcher import Catcher
from gateway.demo.customers import BOUNDARY
from gateway.errors import ConfigError, GatewayError, Problem
from gateway.store import inbound
from gateway.store.store import Store
from gateway.store.version import open_reader

FOLDER = Path("var") / "demo"
_MARK = "# Written by `mailwicket demo`, anew at each start. Other commands use it to look at the demo."
_HOST = "127.0.0.1"
_AFTER_LAST = timedelta(days=2)  # a later run begins when the budgets of the last one are over
_LONGEST_SOCKET = 90  # octets of a folder for unix sockets, whose paths may have 107


class Stage:
    """Up between `async with` and its end."""

    def __init__(self, folder: Path, speed: float, smtp_port: int) -> None:
        self._folder, self._speed, self._smtp_port = folder.absolute(), speed, smtp_port
        self._runtime = self._folder / "run"
        if len(str(self._runtime).encode()) > _LONGEST_SOCKET:
            self._runtime = Path(tempfile.mkdtemp(prefix="mailwicket-"))
        self.catcher = Catcher(self._folder / "caught")
        self.config, self.rules = self._folder / "mailwicket.toml", self._folder / "rules.yaml"
        self.sent = self._folder / "sent"

    async def __aenter__(self) -> "Stage":
        """Start.

        Raises  ConfigError     the rules or the folder cannot be used
                TransientError  another demo runs in this folder
        """
        for folder in (self._folder, self._runtime, self.sent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.rules.exists():
            shutil.copyfile(packaged("rules.yaml"), self.rules)
        relay = await self.catcher.start()
        written = self.config.with_suffix(".new")
        written.write_text(self._toml(relay), "utf-8")
        try:
            settings = load_settings(written)
            self.clock = self._clock(settings)
            self._daemon = Daemon(settings, self.clock)
            await self._daemon.start()
        except BaseException:
            self.catcher.stop()
            raise
        written.replace(self.config)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._daemon.stop()
        self.catcher.stop()
        if self._runtime.parent != self._folder:
            shutil.rmtree(self._runtime, ignore_errors=True)

    @property
    def store(self) -> Store:
        """Where everything ends."""
        return self._daemon.store

    @property
    def smtp_port(self) -> int:
        """Where customers may write to, on loopback."""
        return int(self._daemon.addresses["smtp"].rpartition(":")[2])

    @property
    def lmtp_socket(self) -> str:
        """Where `deliver` hands mail over."""
        return self._daemon.addresses["lmtp"].removeprefix("unix:")

    @property
    def own_rules(self) -> bool:
        """Whether somebody has changed the rules of the demo."""
        return self.rules.read_bytes() != packaged("rules.yaml").read_bytes()

    def _clock(self, settings: Settings) -> FastClock:
        """From now on; where an earlier run went further, from after its end."""
        now, last = SystemClock().now(), _last_mail(settings)
        return FastClock(now if last is None else max(now, last + _AFTER_LAST), self._speed)

    def _toml(self, relay_port: int) -> str:
        fast = max(1.0, self._speed)  # what is measured by our clock has to run for so many of its seconds
        return f"""{_MARK}
[site]
name = "Acme Support"
domain = "acme.test"

[paths]
state = "{self._folder}"
runtime = "{self._runtime}"
rules = "{self.rules}"
kb = "{packaged("kb")}"

[database]
auto_upgrade = true

[intake]
min_free = "64 MiB"

[smtp]
listen = "{_HOST}:{self._smtp_port}"

[http]
metrics_listen = ""

[auth]
trusted_authserv_ids = ["{BOUNDARY}"]

[acknowledge]
articles = true

[outbound]
relay = "{_HOST}:{relay_port}"
tls = "none"

[limits]
template_s = {fast:.1f}
lease_s = {int(300 * fast)}
"""


def clear(folder: Path) -> bool:
    """Remove what earlier demos left; False, and nothing is touched, when it is no demo's folder."""
    if not folder.exists():
        return True
    config = folder / "mailwicket.toml"
    if not config.is_file() or not config.read_text("utf-8").startswith(_MARK):
        return False
    shutil.rmtree(folder)
    return True


def forbid(settings: Settings, config: Path | None) -> None:
    """The demo never runs beside a real gateway.

    Raises  ConfigError  a configuration is in force, or a relay, a state folder or a database is set
    """
    usual = Settings.model_construct()
    if config is not None:
        raise _problem(str(config), "a gateway is configured here; the demo is not for such a machine")
    for section, key in (("outbound", "relay"), ("paths", "state"), ("database", "url")):
        if getattr(getattr(settings, section), key) != getattr(getattr(usual, section), key):
            raise _problem("environment", f"{section}.{key} is set; the demo has its own")


def _last_mail(settings: Settings) -> datetime | None:
    """When the newest mail of an earlier run came; None when there was none."""
    if not (settings.paths.state / "mailwicket.db").exists():
        return None
    try:
        engine = open_reader(settings)
    except GatewayError:  # an older schema: the daemon will upgrade it
        return None
    with engine.connect() as connection:
        newest = inbound.mails(connection, dispositions=(), since=None, limit=1)
    engine.dispose()
    return newest[0].received_at if newest else None


def _problem(file: str, text: str) -> ConfigError:
    return ConfigError(Problem(file, 0, 0, "C009", text, "run it elsewhere, without a configuration"))
