"""Who we are to a mail server: the password as it stands now, or an access token that is still good.

Durable  a new refresh token is on the disk before the access token that came with it is used: the one before may be
         worth nothing any more.
Not here the token server (oauth.py), how it is said to the mail server (imap_link.py).
"""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import structlog

from gateway.clock import Clock
from gateway.config import Imap, OAuth
from gateway.errors import ConfigError, Problem
from gateway.intake.imap_link import Credentials, LoginRefusedError
from gateway.intake.oauth import NoLeaveError, Tokens, tokens
from gateway.intake.own_thread import OwnThread
from gateway.store.leaves import Leave, keep_leave, leave
from gateway.store.store import Store

FORETOLD = timedelta(days=21)
_EARLY = timedelta(seconds=60)  # before its end a token is not used any more
log = structlog.get_logger("imap")


class Logins:
    """Credentials for all mailboxes; access tokens are kept in memory as long as they are good."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._unwritten: dict[str, Leave] = {}  # the store was away when they came

    async def credentials(self, account: Imap) -> Credentials:
        """What to log in with now; a secret that was changed needs no restart.

        Raises  ConfigError        a secret is missing, or cannot be a part of a command
                LoginRefusedError  a person has to agree (anew)
                TransientError     the token server is away
        """
        if account.password is not None and account.auth == "login":
            return Credentials(account.user, _usable(account.password.read(), account.name))
        access, until = self._kept.get(account.name, ("", self._clock.now()))
        if self._clock.now() >= until - _EARLY:
            access = await self._asked(account)
        return Credentials(account.user, access, account.auth.upper())

    def forget(self, account: Imap) -> None:
        """The access token was not taken."""
        self._kept.pop(account.name, None)

    async def _asked(self, account: Imap) -> str:
        oauth, now = account.oauth, self._clock.now()
        if oauth is None:
            raise ConfigError(_problem(f"mailbox {account.name} has no oauth", "oauth = {…}"))
        kept = await self._leave(account.name)
        leaves = [kept] if kept is not None else []
        if oauth.refresh_token is not None:  # a person may have written a new one, because the kept one is dead
            leaves.append(Leave(account.name, oauth.refresh_token.read(), now))
        thread = OwnThread(f"token-{account.name}")  # those of the loop are for all
        try:
            got, by = await thread.do(_tokens_by, oauth, leaves)
        except NoLeaveError as e:
            raise LoginRefusedError(f"{e}; mailwicket auth login {account.name}") from e
        finally:
            thread.end()
        other = by if kept is not None and by is not kept else None
        if (new := leave_of(account.name, got, by, now) or other) is not None:
            await self._write(new)
        self._kept[account.name] = got.access, now + timedelta(seconds=got.lasts_s)
        log.info("imap.token", mailbox=account.name, lasts_s=round(got.lasts_s), rotated=got.refresh is not None)
        return got.access

    async def _leave(self, name: str) -> Leave | None:
        kept, late = await self._store.read(lambda c: leave(c, name)), self._unwritten.get(name)
        if late is None or (kept is not None and kept.at > late.at):  # a person agreed since
            return kept
        await self._write(late)
        return late

    async def _write(self, new: Leave) -> None:
        self._unwritten[new.mailbox] = new
        await self._store.write(lambda c: keep_leave(c, new), durable=True)
        del self._unwritten[new.mailbox]


def _tokens_by(oauth: OAuth, leaves: Sequence[Leave]) -> tuple[Tokens, Leave | None]:
    """New tokens, and the first of these leaves that is good for them; None: it takes none.

    Raises  NoLeaveError    none is good
            TransientError  the server is away, or makes no sense
    """
    for each in leaves[:-1]:
        with contextlib.suppress(NoLeaveError):
            return tokens(oauth, each.refresh_token), each
    last = leaves[-1] if leaves else None
    return tokens(oauth, last.refresh_token if last is not None else None), last


def leave_of(name: str, got: Tokens, before: Leave | None, now: datetime) -> Leave | None:
    """The leave as it is after these tokens came; None: as before."""
    token = got.refresh or (before.refresh_token if before is not None else None)
    ends = now + timedelta(seconds=got.refresh_lasts_s) if got.refresh_lasts_s is not None else None
    if token is None or (got.refresh is None and ends is None):
        return None
    return Leave(name, token, now, ends)


def leave_ends(account: Imap, kept: Leave | None) -> datetime | None:
    """When the mailbox cannot be fetched any more, unless a person acts; None: nobody said."""
    written = account.oauth.ends if account.oauth is not None else None
    known = [
        kept.ends_at if kept is not None else None,
        datetime.combine(written, time(), UTC) if written is not None else None,
    ]
    return min((moment for moment in known if moment is not None), default=None)


def _usable(secret: str, name: str) -> str:
    if not secret.isprintable() or not secret:
        raise ConfigError(_problem(f"the password of mailbox {name} is empty or has control characters", "one line"))
    return secret


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C005", text, hint)
