"""Whole mails as they are read, beside files that people have read; `pytest --update-golden` writes them anew."""

from pathlib import Path

import pytest

from gateway.message.classify import OwnMail, classify
from gateway.message.types import Message
from tests.message.read import envelope, read

MAILS = sorted(Path(__file__).parents[1].joinpath("mails").glob("*.eml"))
GOLDEN = Path(__file__).parent / "golden"
OWN = OwnMail(frozenset({"support@gw.test"}), lambda _message_id, _mark: False)


def told(message: Message) -> str:
    """What people and rules get to see of a mail, in words."""
    verdict = classify(message, envelope(message.author.address if message.author else None), OWN)
    lines = [
        f"author      {message.author}{' (ambiguous)' if message.ambiguous_author else ''}",
        f"to          {', '.join(map(str, message.to))}",
        f"cc          {', '.join(map(str, message.cc))}",
        f"subject     {message.subject}",
        f"date        {message.date.isoformat() if message.date else None}",
        f"message-id  {message.message_id}",
        f"references  {' '.join((*message.in_reply_to, *message.references))}",
        f"kind        {verdict.kind}: {verdict.reason}; answer: {verdict.no_response_code or 'yes'}",
        f"language    {message.language} ({message.language_source})",
        *(f"attachment  {a.part} {a.name} {a.media_type} {a.size}" for a in message.attachments),
        *(f"defect      {d.code} {d.detail}" for d in message.defects),
        *("--- new words", message.text, "--- quoted", message.quoted, "--- signature", message.signature),
        *("--- html", message.html or "none"),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("path", MAILS, ids=lambda p: p.stem)
def test_a_mail_is_read_as_it_was(path: Path, request: pytest.FixtureRequest):
    expected = GOLDEN / f"{path.stem}.txt"
    found = told(read(path.read_bytes()))
    if request.config.getoption("--update-golden"):
        expected.write_text(found, "utf-8")
    assert found == expected.read_text("utf-8")


def test_every_golden_file_has_its_mail():
    assert {p.stem for p in GOLDEN.glob("*.txt")} == {p.stem for p in MAILS}
    assert len(MAILS) >= 12
