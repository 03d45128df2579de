"""Start a gateway from a configuration file, whole or with one planted fault; what the torture kills.

Faults   early-250: the store says yes before the commit, which a kill -9 must bring to light.
"""

import asyncio
import sys
from pathlib import Path

from gateway.cli.logs import configure_logs
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.daemon import serve
from gateway.store.inbound import Arriving, Receipt
from gateway.store.store import Store


async def early_250(self: Store, mail: Arriving) -> Receipt:
    """A promise before the commit; a third of a second later the row is written."""

    async def later() -> None:
        await asyncio.sleep(0.3)
        await asyncio.wrap_future(self._writers["accept"].submit("accept", mail, mail.size))

    mail.raw.close = lambda: None  # type: ignore[method-assign]
    self.late = [*getattr(self, "late", [])[-500:], asyncio.ensure_future(later())]  # type: ignore[attr-defined]
    return Receipt(mail.key, duplicate=False)


if __name__ == "__main__":
    if "early-250" in sys.argv[2:]:
        Store.accept = early_250  # type: ignore[method-assign]
    settings = load_settings(Path(sys.argv[1]))
    configure_logs(settings.log)
    asyncio.run(serve(settings, SystemClock(), {}))
