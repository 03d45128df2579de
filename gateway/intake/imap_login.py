"""Who we are to a mail server: the password as it stands now.

Not here  how it is said to the server (imap_link.py).
"""

from gateway.config import Imap
from gateway.errors import ConfigError, Problem
from gateway.intake.imap_link import Credentials


async def credentials(account: Imap) -> Credentials:
    """What to log in with now; a secret that was changed needs no restart.

    Raises  ConfigError  it is missing, or cannot be a part of a command
    """
    secret = account.password.read()
    if not secret.isprintable() or not secret:
        text = f"the password of mailbox {account.name} is empty or has control characters"
        raise ConfigError(Problem("mailwicket.toml", 0, 0, "C005", text, "one line"))
    return Credentials(account.user, secret)
