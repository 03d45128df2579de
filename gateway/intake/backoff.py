"""When to try a mailbox again, a log-in, or a single mail.

Sources  acceptance B-17: at most six log-ins an hour while they are refused; sixty seconds at most from the recovery of
         a server to the next attempt. B-15: one mail that cannot be fetched keeps no other waiting.
Not here jitter (the caller adds it), which failure is which (imap.py).
"""

from datetime import timedelta

ALARM_AFTER = 3  # attempts at one mail
_SERVER_S = (1, 2, 5, 10, 20, 40)  # after failure 1, 2, ... in a row; the last repeats
_LOGIN_MIN = (10, 20, 40, 60)
_MAIL_MIN = (0, 1, 60, 60, 60, 360)


def server_pause(failures: int) -> timedelta:
    """How long to leave a server alone after so many failures in a row; at least one."""
    return timedelta(seconds=_at(_SERVER_S, failures))


def login_pause(refused: int) -> timedelta:
    """How long not to log in after so many refusals in a row; at least one."""
    return timedelta(minutes=_at(_LOGIN_MIN, refused))


def mail_pause(attempts: int) -> timedelta:
    """How long to leave a mail alone that could not be fetched so many times; at least once."""
    return timedelta(minutes=_at(_MAIL_MIN, attempts))


def _at(waits: tuple[int, ...], times: int) -> int:
    if times < 1:  # our bug, not the server's
        raise ValueError(f"{times}: nothing has failed yet")
    return waits[min(times, len(waits)) - 1]
