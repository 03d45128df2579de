"""The daemon's own promises: a part that dies ends it, a bad reload keeps what is loaded, SIGTERM ends it well."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.config import Settings, load_settings
from gateway.daemon import Daemon, serve
from gateway.errors import PoisonError, TransientError
from gateway.outgoing.outbox import Sender
from tests.acceptance.traced import free_port, sent, started, write_config
from tests.conftest import settings_in
from tests.running import RULES, Gateway, mail


@pytest.mark.sqlite
async def test_a_part_that_ends_by_itself_ends_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(_self: Sender) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(Sender, "run", dies)
    with pytest.raises(PoisonError, match="ended by itself"):
        await asyncio.wait_for(serve(settings_in(tmp_path), SystemClock(), {}), 20)


@pytest.mark.sqlite
async def test_a_bad_reload_keeps_the_rules_and_a_good_one_replaces_them(tmp_path: Path) -> None:
    async with Gateway(settings_in(tmp_path)) as gateway:
        rules = Path(str(gateway.settings.paths.rules))
        rules.write_text(RULES + "rules: [{id: x, on: nwe, do: [{tag: [a]}]}]\n")
        await gateway.daemon.reload()
        await gateway.send(mail("one"))
        await gateway.quiet()
        rules.write_text(RULES + "rules: [{id: x, on: new, do: [{tag: [a]}]}]\n")
        await gateway.daemon.reload()
        await gateway.send(mail("two", body="other words"))
        await gateway.quiet()
        assert [t.tags for t in gateway.tickets()] == [(), ("a",)]


@pytest.mark.sqlite
async def test_a_new_team_takes_mail_after_a_reload(tmp_path: Path) -> None:
    async with Gateway(settings_in(tmp_path)) as gateway:
        rules = Path(str(gateway.settings.paths.rules))
        rules.write_text(RULES.replace("  billing:", "  sales: {address: sales@acme.test}\n  billing:"))
        await gateway.daemon.reload()
        assert (await gateway.send(mail(), to="sales@acme.test")).startswith("250 ")


@pytest.mark.sqlite
async def test_signals(tmp_path: Path) -> None:
    """SIGHUP goes on, a second daemon waits outside, SIGTERM ends it, and the next one starts."""
    config = write_config(tmp_path, port := free_port())
    with started(config, port) as process:
        os.kill(process, signal.SIGHUP)
        assert (await sent(port, mail())).startswith("250 2.")
        with pytest.raises(TransientError, match="another mailwicket works on"):
            await Daemon(load_settings(config), SystemClock()).start()
    with started(config, port):
        assert (await sent(port, mail())).startswith("250 2.")


async def test_the_same_daemon_on_both_databases_stops_with_nothing_pending(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        for number in range(5):
            await gateway.send(mail(str(number), body=str(number)))
        numbers = await gateway.quiet()
        assert numbers == {"received": 5, "pending": 0, "ticket": 5}
