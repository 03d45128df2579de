"""The DKIM signature of our mails, where no submission server makes it.

Sources  RFC 6376 §3.5 (the field), §5.4 (which fields are signed), §5.4.2 and §8.15 (From once more than it is there,
         so that nobody can add another); RFC 8058 §4 (what a click stands on is signed). Off by default: a submission
         server normally signs.
Not here  the signatures of others (verifying/).
"""

import importlib
from collections.abc import Callable
from typing import Any

from gateway.config import Secret, Settings
from gateway.errors import ConfigError, PoisonError, Problem

SIGNED = (
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
    "precedence", "list-id", "list-unsubscribe", "list-unsubscribe-post", "content-language", "mime-version",
    "content-type",
)  # fmt: skip
Sign = Callable[[bytes, str], bytes]
_RELAXED = (b"relaxed", b"relaxed")


def _library() -> Any:
    """Imported where mails are signed: it brings a resolver of names along, 0.15 s for every command."""
    try:
        return importlib.import_module("dkim")
    except ImportError as e:
        text = "outbound.dkim_selector needs the extra `dkim`"
        raise ConfigError(_problem(text, "pip install 'mailwicket[dkim]'")) from e


def signer(settings: Settings) -> Sign | None:
    """Puts a signature above a mail, for the domain of its author; None where none is wanted.

    Raises  ConfigError  the extra is missing, or the key cannot be read
    """
    selector = settings.outbound.dkim_selector
    if not selector:
        return None
    dkim = _library()
    key = (settings.outbound.dkim_key or Secret(credential="dkim-key")).read().encode()

    def signed(raw: bytes, domain: str) -> bytes:
        present = raw.partition(b"\r\n\r\n")[0].lower()
        fields = [name.encode() for name in SIGNED if b"\r\n%s:" % name.encode() in b"\r\n" + present]
        try:
            line = dkim.sign(
                raw, selector.encode(), domain.encode(), key, canonicalize=_RELAXED, include_headers=[b"from", *fields]
            )
        except dkim.DKIMException as e:
            raise PoisonError(f"the mail cannot be signed: {e}") from e
        return bytes(line) + raw

    try:
        signed(b"From: a@b.test\r\n\r\n", "b.test")  # a key that signs nothing is told now, not with the first mail
    except PoisonError as e:
        raise ConfigError(_problem("the key of outbound.dkim_selector cannot sign", "RSA, as PEM")) from e
    return signed


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C009", text, hint)
