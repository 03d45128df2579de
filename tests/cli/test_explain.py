"""`mailwicket explain`: how a mail in a file is understood, with the evidence, and nothing written."""

import json
from pathlib import Path

import pytest

from tests.cli.desk import Desk, mailwicket_beside

MAILS = Path(__file__).parent / "mails"
Furnished = tuple[Path, Desk]


def files_below(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-shm", "-wal"))}


@pytest.mark.parametrize(
    ("mail", "shown"),
    [
        ("refund.eml", ("Kind      person: ", "New words (", "Threading ", "nothing was saved or sent")),
        ("absent.eml", ("Kind      auto-reply: ", "is not answered: ")),
        ("hostile.eml", ("1.2   application/octet-stream", "Defect    ")),
    ],
)
async def test_the_evidence_is_shown_and_nothing_is_written(
    mail: str, shown: tuple[str, ...], furnished: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    before = files_below(config.parent)
    assert await mailwicket_beside(config, "explain", str(MAILS / mail), clock=desk.clock) == 0
    out = capsys.readouterr().out
    assert [text for text in shown if text not in out] == []
    assert files_below(config.parent) == before


async def test_json(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    assert await mailwicket_beside(config, "explain", str(MAILS / "absent.eml"), "--json", clock=desk.clock) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["schema"] == "mailwicket.explain/1"
    assert (values["mail"]["kind"], values["mail"]["may_respond"]) == ("auto-reply", False)
    assert {"text", "quoted", "signature", "attachments", "defects"} <= set(values["mail"])
