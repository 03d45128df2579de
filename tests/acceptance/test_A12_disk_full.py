"""A-12: a full disk is a 452, at MAIL, within DATA or at COMMIT; what was promised is there, and room is noticed."""

import asyncio
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from bench.client import Refused
from gateway.config import Settings
from gateway.intake import accept
from gateway.store.schema import inbound
from gateway.store.store import raw_sha256
from gateway.store.version import open_reader
from tests.conftest import settings_in
from tests.running import Gateway, mail

pytestmark = [
    pytest.mark.p0,
    pytest.mark.sqlite,
    pytest.mark.push,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a tmpfs"),
]

_DISK_MIB = 64


class Plenty:
    """What the door asks for room, when another process is about to take it."""

    free = total = 1 << 40

    @classmethod
    def disk_usage(cls, _path: Path) -> type["Plenty"]:
        """More than there is."""
        return cls


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds 64 MiB and no more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "mailwicket-test", str(folder))
    if subprocess.run(("mount", *options), capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    yield folder
    subprocess.run(("umount", "--lazy", str(folder)), check=True)


@pytest.fixture
def small(disk: Path, tmp_path: Path) -> Settings:
    """State on that disk; everything else beside it."""
    settings = settings_in(tmp_path)
    return settings.model_copy(update={"paths": settings.paths.model_copy(update={"state": disk / "state"})})


@pytest.mark.parametrize(
    ("where", "words", "octets"),
    [
        # who finds out, what it says, the size of the mails
        ("MAIL", "452 4.3.1 insufficient system storage", 1_000_000),
        ("DATA", "452 4.3.1 no room for this mail", 1_000_000),  # larger mails wait in a file
        ("COMMIT", "452 4.3.1 insufficient system storage", 200_000),
    ],
)
async def test_A12_refused_by_452_and_nothing_lost(
    small: Settings, disk: Path, monkeypatch: pytest.MonkeyPatch, where: str, words: str, octets: int
) -> None:
    small = small.model_copy(update={"intake": small.intake.model_copy(update={"min_free": 12 << 20})})
    if where != "MAIL":
        monkeypatch.setattr(accept, "shutil", Plenty)
    acked, refused, ballast = [], [], disk / "ballast"
    ballast.write_bytes(bytes(44 << 20))
    with capture_logs() as logs:
        async with Gateway(small) as gateway:
            if where == "DATA":  # two mails get in, and what is left is less than one
                acked += [
                    (digest(raw), await answered(gateway, raw)) for raw in (large(900, octets), large(901, octets))
                ]
                await gateway.quiet()
                with ballast.open("ab") as file:
                    file.write(bytes(shutil.disk_usage(disk).free - (600 << 10)))
            for number in range(150):
                raw = large(number, octets)
                answer = await answered(gateway, raw)
                (acked if answer.startswith("250") else refused).append((digest(raw), answer))
                if len(refused) >= 8:
                    break
            ballast.unlink()
            async with asyncio.timeout(30):
                while not answer.startswith("250"):
                    answer = await answered(gateway, large(999, octets))
            numbers = await gateway.quiet()
    assert len(refused) == 8
    assert all(answer.startswith("452 4.3.1 ") for _, answer in refused), refused
    assert words in {answer for _, answer in refused}
    failed = [line for line in logs if line["event"] == "store.commit_failed"]
    assert failed if where == "COMMIT" else not failed or where == "DATA"
    assert acked
    assert numbers["ticket"] == numbers["received"] == len(acked) + 1
    engine = open_reader(small)
    with engine.connect() as c:
        assert c.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        stored = {row.sha256: row.key for row in c.execute(select(inbound.c.sha256, inbound.c.key))}
        assert {sha256 for sha256, _ in acked} <= set(stored)
        assert all(raw_sha256(c, stored[sha256]) == sha256 for sha256, _ in acked)
    engine.dispose()


def digest(raw: bytes) -> str:
    """As the store names it."""
    return hashlib.sha256(raw).hexdigest()


def large(number: int, octets: int) -> bytes:
    """A mail of about so many octets."""
    return mail(f"large {number}", f"{number:>10} words\r\n" * (octets // 18))


async def answered(gateway: Gateway, raw: bytes) -> str:
    """The answer to one mail, wherever it came."""
    try:
        return await gateway.send(raw)
    except Refused as e:
        return str(e)
