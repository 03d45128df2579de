"""What the server answers, one dialogue a file."""

import asyncio
from pathlib import Path

import pytest

from tests.dialogue import DIALOGUES, play


@pytest.mark.parametrize("file", sorted(DIALOGUES.glob("*.txt")), ids=lambda file: file.stem)
def test_dialogue(file: Path, tmp_path: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    asyncio.run(play(file.name, lines, tmp_path))
