"""The IP address that a mail claims to come from. Anybody can write these fields: it is shown as unverified.

Sources  RFC 5321 §4.4 (Received: from HELO (name [address])), X-Originating-IP of webmail.
"""

import re
from ipaddress import ip_address

from gateway.message.types import Message

_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]")
_CHARACTERS = 2000  # of a Received field that are looked at


def origin(message: Message) -> str | None:
    """The address of the webmail user, else of the first host that passed the mail on; None when no field says."""
    named = (message.value("X-Originating-IP") or "").strip().strip("[]")
    first = "".join(message.values("Received")[-1:])[:_CHARACTERS].partition(" by ")[0]
    for found in (named, *_LITERAL.findall(first)):
        try:
            return str(ip_address(found))
        except ValueError:
            continue
    return None
