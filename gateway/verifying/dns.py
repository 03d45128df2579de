"""The questions that one mail may ask: bounded in number, in time and in the size of an answer.

Sources  RFC 7208 §4.6.4 (limits of SPF). Answers are kept as long as their TTL says, in a bounded cache.
Not here what is asked (origin.py).
"""

import time
from typing import Any

from dns.exception import DNSException, Timeout
from dns.name import Name, from_text
from dns.resolver import NXDOMAIN, LRUCache, NoAnswer, NoNameservers, Resolver

_CACHED = 4000  # answers
_MOST_QUESTIONS = 60
_LONGEST_S = 2.0  # one question
_MAX_OCTETS = 2048  # of one TXT record: an RSA key of 8192 bits has 1.4 KiB


class UnansweredError(Exception):
    """No answer in time, or none that can be used: another try may find one."""


def resolver(place: str) -> Resolver:
    """The one that the system is set up with, or the one at host:port.

    Raises  DNSException  the system names none
    """
    made = Resolver(configure=not place)
    made.cache = LRUCache(_CACHED)
    if place:
        host, _, port = place.rpartition(":")
        made.nameservers, made.port = [host.strip("[]")], int(port)
    return made


class Questions:
    """Of one mail, in one thread.

    until  monotonic seconds
    """

    def __init__(self, asked: Resolver, until: float) -> None:
        self._asked, self._until, self._left = asked, until, _MOST_QUESTIONS

    def ask(self, name: str, kind: str) -> list[Any]:
        """The records of a name, each as dnspython reads it; empty when there are none.

        Raises  UnansweredError
        """
        remaining = self._until - time.monotonic()
        if remaining <= 0 or self._left == 0:
            raise UnansweredError(f"{name} {kind}: no time or no questions left")
        self._left -= 1
        try:
            wanted = _name(name)
            return list(self._asked.resolve(wanted, kind, lifetime=min(_LONGEST_S, remaining)))
        except (NXDOMAIN, NoAnswer):
            return []
        except (Timeout, NoNameservers, OSError) as e:
            raise UnansweredError(f"{name} {kind}: {type(e).__name__}") from e
        except (DNSException, UnicodeError, ValueError):  # no name that can be asked for, or an answer in bad form
            return []

    def texts(self, name: str) -> list[bytes]:
        """The TXT records of a name, their pieces joined (RFC 7208 §3.3); too large ones are left out.

        Raises  UnansweredError
        """
        joined = (b"".join(getattr(record, "strings", ())) for record in self.ask(name, "TXT"))
        return [text for text in joined if len(text) <= _MAX_OCTETS]


def _name(text: str) -> Name:
    return from_text(text.rstrip(".") + ".")
