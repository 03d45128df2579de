"""A watched Maildir: each mail is accepted and then moved; what cannot be stays, is told, and delays no other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.config import Maildir, load_settings
from gateway.errors import PermanentError, TransientError
from gateway.intake.handed_over import HandedOver
from gateway.intake.maildir import Surroundings, WatchedMaildir, stuck_in, unfit, waiting
from tests.dialogue import RecordingDoor
from tests.processing import START

MAIL = b"Return-Path: <jan@x.test>\nTo: support@gw.test\nSubject: a\n\nhello\n"


class Box:
    """A Maildir, the door before it, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "box"
        for name in ("cur", "new", "tmp"):
            (self.path / name).mkdir(parents=True)
        self.door, self.clock = RecordingDoor(), FakeClock(START)
        self.told: list[str] = []
        sections = {"paths": {"state": folder, "runtime": folder}, "intake": {"max_size": 100_000}}
        self.settings = load_settings(None, sections)
        self.around = Surroundings(self.settings, self.door, self.clock, self.recipients, self.alarm)  # type: ignore[arg-type]
        self.watched = self.again()

    def again(self) -> WatchedMaildir:
        """As after a restart."""
        return WatchedMaildir(Maildir(name="inbox", path=self.path, team="support"), self.around)

    @staticmethod
    def recipients(found: HandedOver, team: str | None) -> tuple[str, ...]:
        return (f"{team}@gw.test", *found.recipients)

    async def alarm(self, about: str, key: str, said: str) -> None:
        self.told.append(f"{about} {key} {said}")

    def put(self, name: str, octets: bytes = MAIL) -> Path:
        path = self.path / "new" / name
        path.write_bytes(octets)
        return path

    def names(self) -> list[str]:
        return sorted(p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if not p.is_dir())


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_a_mail_is_accepted_and_then_moved(box: Box) -> None:
    box.put("1.a:2,")
    moved_too_early: list[str] = []

    async def before() -> None:
        moved_too_early.extend(name for name in box.names() if name.startswith("cur"))

    box.door.before_commit = before
    assert await box.watched.look() == 1
    assert (box.names(), moved_too_early) == (["cur/1.a:2,"], [])
    box.door.before_commit = None
    box.put("2.b")
    box.put("3.c")
    assert await box.watched.look() == 2
    assert box.names() == ["cur/1.a:2,", "cur/2.b:2,S", "cur/3.c:2,S"]
    envelope, raw = box.door.accepted[0]
    assert (envelope.reverse_path, envelope.forward_paths) == ("jan@x.test", ("support@gw.test", "support@gw.test"))
    assert (envelope.via, envelope.peer, envelope.received_at) == ("pipe", "unix", START)
    assert raw == MAIL.replace(b"\n", b"\r\n")
    assert await box.watched.look() == 0


def unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def large(path: Path) -> None:
    path.write_bytes(MAIL + b"x\n" * 50_000)


def grown(path: Path) -> None:
    """Below the limit as it is there, above it with CRLF."""
    path.write_bytes(MAIL + b"\n" * 60_000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def words(path: Path) -> None:
    path.write_bytes(b"no header at all\n")


def nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        # what stands in new/, what the door says, why it stays
        (unreadable, None, "is a link"),
        (fifo, None, "is no plain file"),
        (folder, None, "is no plain file"),
        (large, None, "is larger than intake.max_size, 100000 octets"),
        (grown, None, "is larger than intake.max_size, 100000 octets"),
        (empty, None, "is no mail: it has no header"),
        (words, None, "is no mail: it has no header"),
        (nothing, PermanentError("a loop", code=554, status="5.4.6"), "is not accepted: a loop"),
    ],
)
async def test_what_cannot_be_accepted_stays_and_is_told(
    box: Box, make: Callable[[Path], None], error: Exception | None, said: str
) -> None:
    make(box.put("1.bad\n\x1b[2J\udcff"))
    if error is None:
        box.put("2.good")
    else:
        box.door.fails = {"accept": error}
    assert await box.watched.look() == (error is None)
    assert await box.watched.look() == 0
    assert (box.path / "new" / "1.bad\n\x1b[2J\udcff").exists() or make is unreadable
    assert box.told == [f"maildir inbox inbox: 1.bad\n\x1b[2J\ufffd {said}"]
    if error is None:
        assert list(stuck_in(box.path, box.settings)) == [("1.bad\n\x1b[2J\ufffd", said)]


async def test_it_is_tried_again_later(box: Box) -> None:
    path = box.put("1.a", b"")
    assert await box.watched.look() == 0
    path.write_bytes(MAIL)
    assert await box.watched.look() == 0
    await box.clock.advance(601)
    assert await box.watched.look() == 1


async def test_more_in_trouble_than_are_looked_at_keep_no_mail_waiting(box: Box) -> None:
    for number in range(40):
        box.put(f"1.{number}", b"")
    box.put("2.good")
    assert sum([await box.watched.look() for _ in range(4)]) == 1


@pytest.mark.parametrize("where", ["check_room", "accept"])
async def test_no_room_leaves_everything_where_it_is(box: Box, where: str) -> None:
    box.put("1.a")
    box.door.fails = {where: TransientError("disk", code=452, status="4.3.1")}
    assert await box.watched.look() == 0
    assert (box.names(), box.told) == (["new/1.a"], [])
    box.door.fails = {}
    assert await box.watched.look() == 1


async def test_what_cannot_be_moved_is_accepted_once(box: Box) -> None:
    box.put("1.a")
    (box.path / "cur").rmdir()
    assert await box.watched.look() == 0
    await box.clock.advance(601)
    assert await box.watched.look() == 0
    assert box.told[0] == "maildir inbox inbox: 1.a is accepted, and cannot be moved to cur: No such file or directory"
    (box.path / "cur").mkdir()
    await box.clock.advance(601)
    assert await box.watched.look() == 1
    assert len(box.door.accepted) == 1


async def test_nothing_in_cur_is_overwritten(box: Box) -> None:
    (box.path / "cur" / "1.a:2,S").write_bytes(b"another mail")
    box.put("1.a")
    assert await box.watched.look() == 1
    assert (box.path / "cur" / "1.a:2,S").read_bytes() == b"another mail"
    assert len(box.names()) == 2


async def test_what_somebody_else_took_away_is_no_trouble(box: Box) -> None:
    path = box.put("1.a")

    async def before() -> None:
        path.unlink()

    box.door.before_commit = before
    assert await box.watched.look() == 0
    assert box.told == []


async def test_a_folder_that_is_away_is_told_once_in_ten_minutes(box: Box) -> None:
    (box.path / "new").rmdir()
    for _ in range(3):
        assert await box.watched.look() == 0
    assert box.told == ["maildir inbox inbox: new/ cannot be read: No such file or directory"]
    await box.clock.advance(601)
    await box.watched.look()
    assert len(box.told) == 2


def test_what_doctor_and_status_ask(box: Box) -> None:
    assert (unfit(box.path), waiting(box.path)) == ("", (0, None))
    os.utime(box.put("1.a"), (1, START.timestamp()))
    box.put("2.b")
    assert waiting(box.path) == (2, START)
    (box.path / "cur").rmdir()
    assert unfit(box.path) == f"there is no folder {box.path}/cur"
