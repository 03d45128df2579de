"""Who may come in now: sessions are counted, in all and by address, and our own MTA always finds room.

Sources  acceptance L2. RFC 5321 §3.8 and §4.2.3 (421).
Not here  what is said to those who may not (smtp.py).
"""

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

UNIX = "unix"  # the address of a peer on a local socket
_RESERVED_SHARE = 5  # one session in five waits for the trusted


class Caps:
    """How many sessions of one listener live, by the address of the peer."""

    def __init__(self, total: int, per_address: int, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._total, self._per_address, self._trusted = total, per_address, tuple(trusted)
        reserved = max(1, total // _RESERVED_SHARE) if self._trusted and total > 1 else 0
        self._strangers_total = total - reserved
        self._live: Counter[str] = Counter()
        self._strangers = 0
        self._open = True

    def trusts(self, peer: str) -> bool:
        """Whether the peer is our own MTA: in a trusted network, or on this machine's unix socket."""
        if peer == UNIX:
            return True
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)

    def admit(self, peer: str) -> bool:
        """Count one more session, or refuse it. Each one admitted must `leave` once."""
        stranger = not self.trusts(peer)
        if not self._open or self._live.total() >= self._total:
            return False
        if stranger and (self._strangers >= self._strangers_total or self._live[peer] >= self._per_address):
            return False
        self._live[peer] += 1
        self._strangers += stranger
        return True

    def close(self) -> None:
        """Admit nobody any more."""
        self._open = False

    def leave(self, peer: str) -> None:
        """An admitted session is over."""
        self._strangers -= not self.trusts(peer)
        self._live[peer] -= 1
        if not self._live[peer]:
            del self._live[peer]


def peer_address(peername: object) -> str:
    """The address of a peer as asyncio names it; an IPv4 client of an IPv6 socket is an IPv4 client."""
    if not isinstance(peername, tuple) or not peername:
        return UNIX
    address = str(peername[0]).partition("%")[0]
    if address.startswith("::ffff:") and (mapped := IPv6Address(address).ipv4_mapped):
        return str(mapped)
    return address
