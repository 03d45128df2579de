"""Each night: whether the store still holds what was accepted.

Sources  operations.md §12: a quick check of the pages, and the octets of every hundredth mail; all of them in a hundred
         nights.
Not here what is looked at (store/soundness.py), the same at once for all mails (`mailwicket verify`).
"""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.store.engine import damaged_pages
from gateway.store.soundness import unsound
from gateway.store.store import Store

ALARM = "damage"  # the word of the alarm
_EVERY = 100
log = structlog.get_logger("checking")


class Checking:
    """Looks at one store."""

    def __init__(self, store: Store, clock: Clock, alarm: Callable[[str, str, str], Awaitable[None]]) -> None:
        self._store, self._clock, self._alarm = store, clock, alarm

    async def check_store(self) -> None:
        """Pages of the database, rows that belong together, and the octets of every hundredth mail are looked at."""
        turn = self._clock.now().toordinal() % _EVERY
        found = await self._store.read(lambda c: _found(c, turn))
        log.info("store.checked", wrong=len(found), turn=turn)
        if found:
            await self._alarm(ALARM, "", f"{found[0]}; mailwicket verify shows all of it")


def _found(c: Connection, turn: int) -> list[str]:
    pages = damaged_pages(c, quick=True)
    return pages or [f"{each.name}: {each.said}" for each in unsound(c, every=_EVERY, turn=turn)]
