"""A Dovecot of the test's own: a folder of its own, ephemeral ports on loopback, ended by its process id."""

import grp
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tests.outgoing.peers import free_port

PASSWORD = 'a "secret\\ with blanks'
needs_dovecot = pytest.mark.skipif(shutil.which("dovecot") is None, reason="Dovecot: apt install dovecot-imapd")
_CONFIG = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_max_userip_connections = 200
mailbox_idle_check_interval = 1s
{more}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class Dovecot:
    """Runs between `start` and `stop`; what is in its mailboxes stays over a restart."""

    def __init__(self, home: Path, more: str = "", people: Sequence[str] = ()) -> None:
        """`more`: of its configuration; `people`: who has a mailbox, beside support and twenty others."""
        self.home, self.port, self._more, self._people = home, free_port(), more, people
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Up, and answering."""
        for name in ("mail", "home"):
            (self.home / name).mkdir(exist_ok=True)
            shutil.chown(self.home / name, *_mail_user())
        root = os.getuid() == 0
        own, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        users = ("support", *(f"box{number:02}" for number in range(20)), *self._people)
        (self.home / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in users))
        (self.home / "users").chmod(0o644)
        config = self.home / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                home=self.home,
                port=self.port,
                more=self._more,
                internal="dovecot" if root else own,
                internal_group="dovecot" if root else group,
                login="dovenull" if root else own,
                uid=_mail_user()[0],
                gid=_mail_user()[1],
            )
        )
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.client().shutdown()

    def stop(self) -> None:
        """All of its processes are gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def client(self, user: str = "support") -> IMAPClient:
        """Somebody else at the same mailbox; after a start not all of its processes are up at once."""
        for _ in range(400):
            try:
                client = IMAPClient("127.0.0.1", self.port, ssl=False)
                client.plain_login(user, PASSWORD)
            except (OSError, IMAPClientError):
                time.sleep(0.02)
            else:
                return client
        raise AssertionError((self.home / "log").read_text())

    def put(self, mails: Sequence[bytes], user: str = "support", folder: str = "INBOX") -> None:
        """As a delivery would, in one go."""
        with self.client(user) as client:
            client.multiappend(folder, mails)


def _mail_user() -> tuple[int, int]:
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
