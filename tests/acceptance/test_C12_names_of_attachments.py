"""C-12: a name is shown, never used: no path, nothing invisible, nothing that Windows reserves."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_NAMES = [
    # as a parameter, as it is shown
    (b'filename="../../etc/passwd"', "passwd"),
    (b'filename="C:\\x\\y.exe"', "y.exe"),
    (b'filename="..%2f..%2fetc%2fpasswd"', "passwd"),
    ("filename=\"ann\u202efdp.exe\"".encode(), "annfdp.exe"),
    ("filename=\"\u200b.htaccess\"".encode(), "htaccess"),
    (b'filename="a\0.txt"', "a.txt"),
    (b'filename*0="a"; filename*1="/../b"', "b"),
    (b'filename="=?utf-8?q?..=2Fx?="', "x"),
    (b'filename="con.txt"', "_con.txt"),
    (b"filename*=utf-16''%ff%fe", "\xff\xfe"),
    (b'filename=""', "part-1.bin"),
    (b'filename="' + "\U0001f600".encode() * 300 + b'.png"', "\U0001f600" * 49 + ".png"),
]  # fmt: skip


async def test_C12_names_are_only_shown(settings: Settings, tmp_path: Path) -> None:
    mails = [
        hostile(b"Content-Type: a/b\r\nContent-Disposition: attachment; %s\r\n\r\nx\r\n" % name, number=n)
        for n, (name, _) in enumerate(_NAMES)
    ]
    found = await through(settings, tmp_path, mails)
    assert [read.entry.attachments[0].name for read in found] == [shown for _, shown in _NAMES]
    names = {path.name for path in tmp_path.rglob("*")}
    assert not names & {"passwd", "y.exe", "annfdp.exe", "htaccess", "a.txt", "b", "x"}  # nothing is written by a name
