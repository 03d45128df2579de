"""What the server answers, one dialogue a file."""

from pathlib import Path

import pytest

from tests.dialogue import DIALOGUES, play


@pytest.mark.parametrize("file", sorted(DIALOGUES.glob("*.txt")), ids=lambda file: file.stem)
async def test_dialogue(file: Path, tmp_path: Path) -> None:
    await play(file, tmp_path)
