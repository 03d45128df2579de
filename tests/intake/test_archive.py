"""Maildirs, mbox files and .eml files are listed as the mails they hold; what is none is told from them."""

import mailbox
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.intake.archive import ArchiveError, Kept, Kind, Skipped, listed, octets
from gateway.intake.mail_file import UnusableError

LINE = b"From jan@x.test Mon Mar  4 10:00:00 2019\n"
MAIL = b"From: jan@x.test\nSubject: a\n\nhello\n"
MOST = 1000


def found(kind: Kind, *paths: Path) -> list[bytes | str]:
    """Each mail that is listed: its octets, or why it is skipped."""
    return [each.reason if isinstance(each, Skipped) else octets(each, kind, MOST) for each in listed(kind, paths)]


@pytest.mark.parametrize(
    ("file", "mails"),
    [
        # an mbox, the mails in it
        (LINE + MAIL, [MAIL]),
        (LINE + MAIL + b"\n" + LINE + MAIL, [MAIL, MAIL]),
        (LINE + MAIL + b"\r\n" + LINE + MAIL, [MAIL, MAIL]),
        ((LINE + MAIL).replace(b"\n", b"\r\n"), [MAIL.replace(b"\n", b"\r\n")]),
        (LINE + MAIL + b"\nFrom here on it is said\nplainly\n", [MAIL + b"\nFrom here on it is said\nplainly\n"]),
        # a line that looks like a separator, quoted in a text: no field follows it
        (LINE + MAIL + b"\n" + LINE + b"wrote he.\n", [MAIL + b"\n" + LINE + b"wrote he.\n"]),
        (LINE + MAIL + LINE + b"To: x\n", [MAIL + LINE + b"To: x\n"]),  # no empty line before it
        (LINE + MAIL + b"\n>From the start\n>>From it\n", [MAIL + b"\nFrom the start\n>From it\n"]),  # mboxrd
        (LINE + MAIL[:-3], [MAIL[:-3]]),  # cut off
        (LINE + MAIL + b"\n" + LINE + b"To", [MAIL + b"\n" + LINE + b"To"]),  # cut off in the header of the last
        (b"From - Mon Mar  4 10:00:00 2019\nX-Mozilla-Status: 0001\n" + MAIL, [b"X-Mozilla-Status: 0001\n" + MAIL]),
        (b"From 123@xxx Mon Mar 04 10:00:00 +0000 2019\n" + MAIL, [MAIL]),  # as large services export it
        (LINE + MAIL + b"x" * MOST, ["is larger than intake.max_size, 1000 octets"]),
    ],
)
def test_mbox(tmp_path: Path, file: bytes, mails: list[bytes | str]) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(file)
    read = []
    for each in listed("mbox", (path,)):
        assert isinstance(each, Kept)
        try:
            read.append(octets(each, "mbox", MOST))
        except UnusableError as e:
            read.append(str(e))
    assert read == mails


@settings(max_examples=30)
@given(st.lists(st.text("Fromab: >\n.", max_size=60), max_size=4))
def test_mbox_as_another_program_writes_it(tmp_path_factory: pytest.TempPathFactory, bodies: list[str]) -> None:
    path = tmp_path_factory.mktemp("mbox") / "old"
    box = mailbox.mbox(path)
    for number, body in enumerate(bodies):
        box.add(f"Subject: {number}\n\n{body}\n")
    box.close()
    if bodies:
        mails = found("mbox", path)
        assert [bytes(mail).splitlines()[0] for mail in mails] == [b"Subject: %d" % n for n in range(len(bodies))]


@pytest.mark.parametrize(
    ("kind", "made", "what", "instead"),
    [
        # asked for, what is there, what is said
        ("mbox", b"", "is empty", "leave it out"),
        ("mbox", MAIL, "is no mbox: it does not begin with a line “From …”", "import eml"),
        ("mbox", b"\x1f\x8b\x08\x00" + bytes(900), "is no mbox", "import eml"),
        ("mbox", b"From here on\n" + MAIL, "is no mbox", "import eml"),
        ("mbox", None, "there is no ", "import eml"),
        ("mbox", "folder", "is no file", "cur and new"),
        ("maildir", "folder", "is no Maildir: there are no folders cur and new", "cur and new"),
        ("maildir", MAIL, "is no Maildir", "import eml"),
        ("eml", None, "there is no ", "name a file"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, kind: Kind, made: bytes | str | None, what: str, instead: str) -> None:
    path = tmp_path / "it"
    if isinstance(made, bytes):
        path.write_bytes(made)
    elif made is not None:
        path.mkdir()
    with pytest.raises(ArchiveError, match=what) as e:
        list(listed(kind, (path,)))
    assert instead in e.value.instead


def maildir(folder: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def test_maildir(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    names = ("cur/1.a:2,S", "cur/2.b:2,DS", "cur/3.c:2,ST", "new/4.d", "tmp/5.e", "cur/6.f:2,")
    for name in names:
        (box / name).write_bytes(MAIL)
    (box / "cur" / "6.f:2,").write_bytes(b"")
    (box / "cur" / "7.g").symlink_to("/etc/passwd")
    os.mkfifo(box / "cur" / "8.h")
    (box / "cur" / "9.i").write_bytes(b"no header\n")
    (box / "cur" / ".hidden").write_bytes(MAIL)
    (box / "new" / "9\udcff").touch()
    assert [e.name for e in listed("maildir", (box,)) if isinstance(e, Skipped)][-1] == f"{box}/new/9\ufffd"
    (box / "new" / "9\udcff").unlink()
    assert found("maildir", box) == [
        MAIL, "is a draft", "is in the trash", "is empty", "is a link", "is no plain file",
        "is no mail: it has no header", MAIL,
    ]  # fmt: skip


def test_eml_files_and_folders_of_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.eml", "a.EML", "note.txt", "deep/c.eml"):
        (tmp_path / name).write_bytes(MAIL)
    assert found("eml", tmp_path) == [MAIL] * 3
    assert found("eml", tmp_path / "note.txt") == [MAIL]  # who names it means it


@pytest.mark.parametrize(
    ("head", "at"),
    [
        # what the mail says, when it came
        (
            b"Received: from a by b; Mon, 4 Mar 2019 09:00:00 +0100\nDate: Sun, 3 Mar 2019 00:00:00 +0000\n",
            "2019-03-04T08",
        ),
        (b"Received: nonsense\nDate: Sun, 3 Mar 2019 00:00:00 +0000\n", "2019-03-03T00"),
        (b"Date: never\n", "2019-03-04T10"),  # that of the separator
        (b"Date: Thu, 1 Jan 1970 00:00:00 +0000\n", "2019-03-04T10"),
        (b"Date: Mon, 4 Mar 99999999999 10:00:00 +0000\n", "2019-03-04T10"),
    ],
)
def test_when_a_mail_came(tmp_path: Path, head: bytes, at: str) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(LINE + head + MAIL)
    (mail,) = listed("mbox", (path,))
    assert isinstance(mail, Kept)
    assert datetime.fromtimestamp(mail.at, UTC).isoformat()[:13] == at


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(MAIL)
    (mail,) = listed("eml", (path,))
    path.write_bytes(b"")
    assert isinstance(mail, Kept)
    with pytest.raises(UnusableError, match="became shorter"):
        octets(mail, "eml", MOST)


def test_lines_without_end_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(LINE + MAIL + b"x" * 300_000 + b"\n\n" + LINE + MAIL)
    assert [each.size for each in listed("mbox", (path,)) if isinstance(each, Kept)] == [len(MAIL) + 300_001, len(MAIL)]
