"""The servers that are measured, each started as a process of its own: `python -m bench.servers NAME …`.

stock    aiosmtpd with an empty handler: what the accept rate is compared with
door     our intake and store without work on the mail: what a durable accept costs
gateway  the whole daemon; mails go out to a relay that the caller names, or wait when there is none
Each prints the port it listens on, and stops at SIGTERM.
"""

import argparse
import asyncio
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP

from gateway.cli.logs import configure_logs
from gateway.clock import SystemClock
from gateway.config import Settings, load_settings
from gateway.daemon import Daemon
from gateway.intake.accept import Door
from gateway.intake.addresses import Addresses
from gateway.intake.sockets import Listeners
from gateway.store.opening import open_store


class _Empty:
    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 -- aiosmtpd
        return "250 2.0.0 ok"


async def _stock() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Empty(), hostname="stock.test", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    await _until_stopped(server.sockets[0].getsockname()[1])
    server.close()


async def _door(settings: Settings) -> None:
    store, clock = open_store(settings), SystemClock()
    ours = Addresses(frozenset({"support@bench.test"}), frozenset({"bench.test"}))
    door = Door(store, settings, clock, lambda: ours, lambda: None)
    await door.look()
    listeners = Listeners(settings, door, clock)
    await listeners.start()
    await _until_stopped(int(listeners.addresses["smtp"].rpartition(":")[2]))
    await listeners.close()
    store.close()


async def _gateway(settings: Settings) -> None:
    daemon = Daemon(settings, SystemClock())
    await daemon.start()
    await _until_stopped(int(daemon.addresses["smtp"].rpartition(":")[2]))
    await daemon.stop()


async def _until_stopped(port: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(port, flush=True)
    await stopping.wait()


def main() -> None:
    """Start one."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("name", choices=["stock", "door", "gateway"])
    arguments.add_argument("config", nargs="?", type=Path)
    given = arguments.parse_args()
    settings = load_settings(given.config)
    configure_logs(settings.log)
    match given.name:
        case "stock":
            asyncio.run(_stock())
        case "door":
            asyncio.run(_door(settings))
        case _:
            asyncio.run(_gateway(settings))


if __name__ == "__main__":
    main()
