"""Mails look as they did when a person approved of them: in Chromium, light, dark and on a phone.

What changed is looked at with `make shots`; `pytest tests/shots --update-golden` approves of it.
"""

from pathlib import Path

import pytest

from tests.shots.screen import CHROMIUM, MAILS, blocks, shot

APPROVED = Path(__file__).parent / "approved"
_SCALE = 0.5
_BLOCK_OFF, _PICTURE_OFF = 60.0, 3.0  # of 255: letters of another version of the same font stay below

pytestmark = [
    pytest.mark.push,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium: apt-get install chromium fonts-dejavu-core"),
]


@pytest.mark.parametrize(("name", "mail", "language"), MAILS)
def test_a_mail_looks_as_it_was_approved(name, mail, language, tmp_path, request) -> None:
    made, approved = tmp_path / f"{name}.png", APPROVED / f"{name}.png"
    shot(mail, language, made, _SCALE)
    if request.config.getoption("--update-golden"):
        approved.write_bytes(made.read_bytes())
    columns, rows, found = blocks(made.read_bytes())
    assert (columns, rows) == blocks(approved.read_bytes())[:2]
    off = [abs(a - b) for a, b in zip(found, blocks(approved.read_bytes())[2], strict=True)]
    worst = off.index(max(off))
    assert max(off) <= _BLOCK_OFF, f"{made}: block {worst % columns}, {worst // columns} of 8 pixels"
    assert sum(off) / len(off) <= _PICTURE_OFF, f"{made} is another picture"


def test_another_picture_is_seen() -> None:
    first, second = (blocks((APPROVED / f"{name}.png").read_bytes())[2] for name in ("auto_ack", "hold"))
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > _BLOCK_OFF
