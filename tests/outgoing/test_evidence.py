"""Which lines of a relay's log show that it took a mail."""

from pathlib import Path

import pytest

from gateway.outgoing.evidence import queued_as

PATH = "bounce+q912.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test"
TAKEN = f"Nov 22 15:00:00 mx postfix/qmgr[42]: 4F2A9C0DE1: from=<{PATH}>, size=4711, nrcpt=1 (queue active)\n"


@pytest.mark.parametrize(
    ("log", "name"),
    [
        # the log, what the relay calls the mail
        (TAKEN, "4F2A9C0DE1"),
        (TAKEN.replace("4F2A9C0DE1", "4bKxRz1vYwzNnh").replace("postfix/", "postfix-out/"), "4bKxRz1vYwzNnh"),
        (TAKEN.strip(), "4F2A9C0DE1"),  # its last line is not written to its end
        (TAKEN.replace("q912", "q9123") + TAKEN, "4F2A9C0DE1"),
        ("x" * 100_000 + "\n" + TAKEN, "4F2A9C0DE1"),
        (f"2026-11-22 15:00:00 1tEh2B-00000001Ab-2C <= {PATH} H=[127.0.0.1] P=esmtp S=4711\n", "1tEh2B-00000001Ab-2C"),
        (f"Nov 22 15:00:00 mx smtpd[7]: 8a2 smtp message msgid=0a1b2c3d from=<{PATH}> to=<jan@x.test>\n", "0a1b2c3d"),
        (TAKEN.replace("q912", "q913"), None),
        (TAKEN.replace("(queue active)", "(queue deferred)"), None),
        (f"Nov 22 15:00:00 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT: 450; from=<{PATH}>\n", None),
        (f"Nov 22 15:00:00 mx postfix/cleanup[9]: 4F2A9C0DE1: message-id=<{PATH}>\n", None),  # its end may never come
        ("", None),
    ],
)  # fmt: skip
def test_what_shows_that_a_mail_was_taken(tmp_path: Path, log: str, name: str | None) -> None:
    (tmp_path / "mail.log").write_text(log)
    assert queued_as(tmp_path / "mail.log", PATH) == name


def test_no_log_shows_nothing(tmp_path: Path) -> None:
    assert queued_as(tmp_path / "mail.log", PATH) is None
