"""Tokens that log in to a mailbox: asked for with a refresh token, by the application itself, or by a person once.

Sources  RFC 6749 §4.4, §5, §6 (client credentials, answers, refresh); RFC 8628 (the device grant).
         Nothing is followed elsewhere: an answer that redirects is a failure, because what we say is secret. No word of
         an answer but `error` and `error_description` is ever told.
Not here keeping what is got (imap_login.py), saying it to a mail server (imap_link.py).
"""

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from gateway.config import OAuth
from gateway.errors import TransientError
from gateway.message.charset import clean_line

_MOST_OCTETS = 1 << 20
_TIMEOUT_S = 20.0  # of each step, and of all of them once there is a connection
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S = 5.0  # RFC 8628 §3.2, where the server names none
_LEAST_S, _MOST_S = 60.0, 86_400.0  # how long an access token is believed to last


class NoLeaveError(Exception):
    """The token server says that we may not, and will not change its mind; a person has to do something."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token server gave."""

    access: str = field(repr=False)
    lasts_s: float
    refresh: str | None = field(default=None, repr=False)  # None: the one before stays good
    refresh_lasts_s: float | None = None  # None: it does not say


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a person is told to do: go there, and type this."""

    address: str
    code: str
    device_code: str = field(repr=False)
    lasts_s: float
    interval_s: float


def tokens(oauth: OAuth, refresh_token: str | None) -> Tokens:
    """New tokens.

    refresh_token  None for the grant `client`
    Raises  NoLeaveError    a person has to act
            TransientError  the server is away, or makes no sense
    """
    fields = {"scope": oauth.scope} if oauth.scope else {}
    if oauth.grant == "client":
        fields["grant_type"] = "client_credentials"
    elif refresh_token is None:
        raise NoLeaveError("nobody agreed yet: mailwicket auth login")
    else:
        fields |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _tokens(_asked(oauth, oauth.token_url, fields))


def invitation(oauth: OAuth) -> Invitation:
    """The beginning of the device grant (RFC 8628 §3.1).

    Raises  NoLeaveError    the application may not do this, or there is no address for it
            TransientError  the server is away, or makes no sense
    """
    if oauth.device_url is None:
        raise NoLeaveError("the mailbox has no oauth.device_url")
    said = _asked(oauth, oauth.device_url, {"scope": oauth.scope} if oauth.scope else {})
    where = said.get("verification_uri") or said.get("verification_url")  # Google's own word
    device, code = said.get("device_code"), said.get("user_code")
    if not (isinstance(where, str) and isinstance(device, str) and isinstance(code, str)):
        raise TransientError("the token server sent no code for a person")
    lasts, interval = _seconds(said.get("expires_in"), 600), _seconds(said.get("interval"), _INTERVAL_S)
    return Invitation(clean_line(where), clean_line(code), device, lasts, interval)


def agreed(oauth: OAuth, invited: Invitation, sleep: Callable[[float], None]) -> Tokens:
    """Wait until the person agreed (RFC 8628 §3.4, §3.5).

    Raises  NoLeaveError    he did not, or not in time
            TransientError  the server is away, or makes no sense
    """
    waited, interval = 0.0, invited.interval_s
    while waited < invited.lasts_s:
        sleep(interval)
        waited += interval
        fields = {"grant_type": _DEVICE_GRANT, "device_code": invited.device_code}
        try:
            return _tokens(_asked(oauth, oauth.token_url, fields))
        except _PendingError as e:
            interval += _INTERVAL_S if e.slower else 0
    raise NoLeaveError("nobody agreed in time")


class _PendingError(Exception):
    def __init__(self, *, slower: bool) -> None:
        self.slower = slower


def _asked(oauth: OAuth, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    secret = {"client_secret": oauth.client_secret.read()} if oauth.client_secret is not None else {}
    status, said = _post(url, urlencode({"client_id": oauth.client_id, **secret, **fields}))
    error = said.get("error")
    if error in ("authorization_pending", "slow_down"):
        raise _PendingError(slower=error == "slow_down")
    if 400 <= status < 500 and isinstance(error, str) and status != 429:
        about = str(said.get("error_description") or "")
        raise NoLeaveError(clean_line(f"{error} {about}")[:200].strip())
    if status != 200:
        raise TransientError(f"the token server answers {status}")
    return said


def _post(url: str, body: str) -> tuple[int, dict[str, Any]]:
    """(status, what it says). Raises TransientError when nothing sensible comes."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    link: http.client.HTTPConnection
    if parts.scheme == "https":
        link = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
    else:
        link = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT_S)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        link.connect()
        over = threading.Timer(_TIMEOUT_S, _cut, (link.sock,))  # who sends an octet now and then is not waited for
        over.start()
        try:
            link.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, form)
            answer = link.getresponse()
            said = json.loads(answer.read(_MOST_OCTETS))
        finally:
            over.cancel()
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as e:
        raise TransientError(f"the token server {host} cannot be asked: {type(e).__name__}") from e
    finally:
        link.close()
    return answer.status, said if isinstance(said, dict) else {}


def _cut(sock: socket.socket) -> None:
    """End what another thread waits for; its TLS object is not touched."""
    with contextlib.suppress(OSError):  # it was over
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _tokens(said: Mapping[str, Any]) -> Tokens:
    access, refresh = said.get("access_token"), said.get("refresh_token")
    if not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise TransientError("the token server sent no token")
    lasts = min(max(_seconds(said.get("expires_in"), 300), _LEAST_S), _MOST_S)
    ends = said.get("refresh_token_expires_in")
    return Tokens(access, lasts, refresh if isinstance(refresh, str) else None, _seconds(ends, 0) or None)


def _seconds(value: object, otherwise: float) -> float:
    """A number, also where it is written as a text; what is none, or below zero, is something else."""
    try:
        found = float(value) if isinstance(value, int | float | str) else otherwise
    except ValueError:
        return otherwise
    return found if 0 < found < 10**9 else otherwise
