"""The mail of a scene of the rule file, as RFC 5322 octets: it goes through the parser as any other.

Sources  rules.md §6, “Tests”; RFC 5322 §3.6, RFC 8601 §2.2.
Not here playing the scene (staged.py).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.rules.types import Scene

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday: the time of scenes that name none
AUTHSERV_ID = "rules.test"  # who says what the `auth` of a scene says
_BOUNDARY = "=_scene"


def scene_mail(scene: Scene, to: str) -> bytes:
    """The mail of a scene as RFC 5322 octets.

    to  where it goes when the scene does not say
    """
    mail = scene.mail
    fields = [*_verdicts(mail), *_fields(scene, to)]
    text, html = mail.get("text") or "", mail.get("html")
    if html is None:
        fields.append(("Content-Type", "text/plain; charset=utf-8"))
        body = text
    else:
        fields.append(("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"'))
        body = "".join(
            f"--{_BOUNDARY}\nContent-Type: text/{kind}; charset=utf-8\n\n{content}\n"
            for kind, content in (("plain", text), ("html", html))
            if content
        )
        body += f"--{_BOUNDARY}--\n"
    head = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields)
    return "\r\n".join(f"{head}\n{body}\n".splitlines()).encode("utf-8", "replace") + b"\r\n"


def _verdicts(mail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The verdicts, and below them the field of the host that gave them: without it nobody believes them."""
    if results := mail.get("auth"):
        said = "; ".join(f"{method}={result}" for method, result in results.items())
        yield "Authentication-Results", f"{AUTHSERV_ID}; {said}"
        yield "Received", f"from client.test by {AUTHSERV_ID} with LMTP"


def _fields(scene: Scene, to: str) -> Iterator[tuple[str, str]]:
    """The fields that the scene gives, and those that every mail has."""
    mail = scene.mail
    own: Mapping[str, Sequence[str]] = mail.get("headers", {})
    named = {name.lower() for name in own}
    now = scene.now or NOON
    usual = {
        "From": mail.get("from", ()),
        "To": mail.get("to", (to,)),
        "Cc": mail.get("cc", ()),
        "Reply-To": mail.get("reply_to", ()),
        "Subject": (mail.get("subject") or "",),
        "Date": (f"{now.astimezone(UTC):%a, %d %b %Y %H:%M:%S} +0000",),
        "Message-ID": (f"<{hashlib.sha256(scene.name.encode()).hexdigest()[:16]}@{AUTHSERV_ID}>",),
        "MIME-Version": ("1.0",),
    }
    for name, values in usual.items():
        if name.lower() not in named and values:
            yield name, ", ".join(values)
    for name, values in own.items():
        yield from ((name, value) for value in values)
