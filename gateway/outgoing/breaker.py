"""Which destinations, and whether the relay itself, are left alone for a while because nothing went through.

Sources  mails-out.md §9: five in a row. Kept in memory: after a restart it is found out again.
Not here when a single mail is tried again (schedule.py).
"""

from dataclasses import dataclass

from gateway.clock import Clock
from gateway.outgoing.smtp import Deferred, DeliveryResult

_BREAK_AFTER = 5  # attempts in a row
_BREAK_S = 60  # of the relay
_BREAK_DOMAIN_S = 300


@dataclass(slots=True)
class _Trouble:
    """How often in a row a destination deferred mail, and until when it gets none."""

    times: int = 0
    until: float = 0.0


class Breaker:
    """What the attempts of one process told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._no_relay = 0
        self._broken_until = 0.0
        self._domains: dict[str, _Trouble] = {}

    @property
    def broken_s(self) -> float:
        """How many seconds the relay is left alone; not above 0: it is not."""
        return self._broken_until - self._clock.monotonic()

    @property
    def avoided(self) -> tuple[str, ...]:
        """The domains that deferred one mail after the other, for a while."""
        now = self._clock.monotonic()
        return tuple(domain for domain, trouble in self._domains.items() if trouble.until > now)

    def note(self, domain: str, result: DeliveryResult) -> None:
        """What came of an attempt: the others need not find out one by one."""
        unreachable = isinstance(result, Deferred) and result.unreachable
        self._no_relay = self._no_relay + 1 if unreachable else 0
        if self._no_relay >= _BREAK_AFTER:
            self._broken_until = self._clock.monotonic() + _BREAK_S
        if unreachable or not isinstance(result, Deferred) or result.reply is None:
            self._domains.pop(domain, None)
            return
        trouble = self._domains.setdefault(domain, _Trouble())
        trouble.times += 1
        if trouble.times >= _BREAK_AFTER:
            trouble.until = self._clock.monotonic() + _BREAK_DOMAIN_S
