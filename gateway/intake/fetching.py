"""All mailboxes of a gateway: they start, stop, and are looked after together.

Not here one mailbox (imap.py).
"""

import asyncio
import contextlib
from datetime import date, timedelta

from gateway.config import Imap
from gateway.errors import TransientError
from gateway.intake.imap import ALARM, Mailbox
from gateway.intake.imap_login import FORETOLD, leave_ends
from gateway.intake.imap_take import Shared
from gateway.store import mailboxes
from gateway.store.leaves import leave

_UNFETCHED_AFTER = timedelta(minutes=15)
LEAVE = "mailbox_leave"  # the word of an alarm


class Fetching:
    """The mailboxes of the settings; `run` ends after `stop`, when none takes in anything more."""

    def __init__(self, around: Shared) -> None:
        self._around, self._since = around, around.clock.now()
        self._mailboxes = [Mailbox(account, around) for account in around.settings.imap]
        self._over = asyncio.Event()
        self._foretold: dict[str, date] = {}  # the day on which it was told last

    async def run(self) -> None:
        """Fetch all of them, beside each other."""
        names = [account.name for account in self._around.settings.imap]
        with contextlib.suppress(TransientError):
            await self._around.store.write(lambda c: mailboxes.leave_out(c, names))
        await asyncio.gather(*(mailbox.run() for mailbox in self._mailboxes), self._over.wait())

    def stop(self) -> None:
        """Take in nothing more."""
        self._over.set()
        for mailbox in self._mailboxes:
            mailbox.stop()

    async def tell_unfetched(self) -> None:
        """An alarm for each mailbox that was not fetched for too long."""
        now, known = self._around.clock.now(), await self._around.store.read(mailboxes.healths)
        for account in self._around.settings.imap:
            health = known.get(account.name)
            last = health.fetched_at if health is not None else None
            if now - max(last or self._since, self._since) > unfetched_after(account):
                why = f": {health.trouble}" if health is not None and health.trouble else ""
                when = f"since {last:%Y-%m-%d %H:%M} UTC" if last is not None else "so far"
                await self._around.alarm(ALARM, account.name, f"{account.name}: not fetched {when}{why}")

    async def compare_mailboxes(self) -> None:
        """Each mailbox compares at its next look what its server has with what is known here."""
        for mailbox in self._mailboxes:
            mailbox.compare()

    async def foretell(self) -> None:
        """Three weeks before the leave to fetch a mailbox ends, once a day."""
        now = self._around.clock.now()
        for account in self._around.settings.imap:
            kept = await self._around.store.read(lambda c, name=account.name: leave(c, name))  # type: ignore[misc]
            ends = leave_ends(account, kept)
            if ends is not None and ends - now < FORETOLD and self._foretold.get(account.name) != now.date():
                self._foretold[account.name] = now.date()
                said = f"{account.name}: the leave to fetch it ends on {ends:%Y-%m-%d}; mailwicket auth login"
                await self._around.alarm(LEAVE, account.name, said)


def unfetched_after(account: Imap) -> timedelta:
    """How long a mailbox may not be fetched before somebody hears of it: a quarter of an hour, and two looks."""
    return max(_UNFETCHED_AFTER, 2 * account.poll)
