"""Probe mails: sent through the relay, they come back by a mailbox, become no ticket, and tell how long that takes.

Transaction  one for each mail.
Not here     the mail (outgoing/probe.py), taking it out of the mailbox (intake/imap_take.py), the time (pipeline.py).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.config import Imap, Settings
from gateway.deciding.types import Deps
from gateway.intake.fetching import unfetched_after
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.enqueue import enqueue
from gateway.outgoing.probe import PROBE
from gateway.store import mailboxes, probes, restraint
from gateway.store.mailboxes import Health
from gateway.store.store import Store
from gateway.ticket.types import Notification

LOST = "mailbox_canary"  # the word of an alarm
_STOPPED = "outbound-held"


class Probing:
    """Of one daemon; nothing is sent while sending is stopped, or where all mail goes elsewhere."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        deps: Callable[[], Deps],
        clock: Clock,
        queued: Callable[[], None],
        alarm: Callable[[str, str, str], Awaitable[None]],
    ) -> None:
        self._store, self._settings, self._deps, self._clock = store, settings, deps, clock
        self._queued, self._alarm = queued, alarm

    async def probe_mailboxes(self) -> None:
        """Mails go to mailboxes that want it, and should come back; one that does not is told."""
        if self._settings.outbound.redirect_all_to:
            return
        for account in self._settings.imap:
            if account.canary != "off":
                await self._look(account)

    async def _look(self, account: Imap) -> None:
        now, d = self._clock.now(), self._deps()
        health = await self._store.read(lambda c: mailboxes.healths(c).get(account.name))
        if health is not None and health.probe_out_since is not None and is_lost(health, account, now):
            said = f"{account.name}: the probe mail of {health.probe_out_since:%Y-%m-%d %H:%M} UTC did not come back"
            await self._alarm(LOST, account.name, said)
        if _is_due(health, account, now) and await self._store.write(lambda c: _sent(c, account, d, now)):
            self._queued()


def is_lost(health: Health, account: Imap, now: datetime) -> bool:
    """Whether a probe mail should have come back long ago."""
    since = health.probe_out_since
    return since is not None and now - since > unfetched_after(account)


def _is_due(health: Health | None, account: Imap, now: datetime) -> bool:
    """The next one is sent when the one before is back or lost, and has had its time."""
    if health is None or health.probe_sent_at is None:
        return True
    waits = health.probe_out_since is not None and not is_lost(health, account, now)
    return not waits and account.canary != "off" and now - health.probe_sent_at >= account.canary


def _sent(c: Connection, account: Imap, d: Deps, now: datetime) -> bool:
    address = normal(account.address)
    if _STOPPED in restraint.marks(c, address, now):
        return False
    team = d.rules.team_of(address)
    notice = Notification(
        recipient=Mailbox("", address),
        template=PROBE,
        variant=None,
        language=d.rules.defaults.language,
        ticket=None,
        team=team.id if team is not None else d.rules.defaults.team,
        subject=None,
        in_reply_to=None,
        references=(),
        auto_submitted="no",  # as for budgets; in its header it says what it is
        dedupe_key=f"{PROBE}:{account.name}:{now.isoformat()}",
        cause=PROBE,
        values={},
    )
    mailboxes.health(c, account.name, now)
    queued = enqueue(notice, d.desk, c, now)
    probes.note_sent(c, account.name, queued[1] if queued is not None else "", now)  # one that cannot go is lost, too
    return True
