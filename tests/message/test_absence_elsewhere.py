"""Absences in many languages, as mail programs, people and small robots write them: the table is absences.txt."""

from pathlib import Path

import pytest

from tests.message.test_absence import kind_of

LINES = (Path(__file__).parent / "absences.txt").read_text("utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.split(" | ")] for line in LINES if line and not line.startswith("#")]


def rows(kind: str) -> list[list[str]]:
    return [row for row in ROWS if row[0].startswith(kind)]


@pytest.mark.parametrize(("language", "subject", "text"), rows("auto-reply"))
def test_an_automatic_answer_to_a_mail_is_known_without_fields(language: str, subject: str, text: str):
    assert kind_of(subject, text.replace(" / ", "\n\n"), answers=True) == "auto-reply", language


@pytest.mark.p0
@pytest.mark.parametrize(("language", "subject", "text"), rows("person"))
def test_a_person_who_is_away_asks_or_tells_of_it_is_a_person(language: str, subject: str, text: str):
    assert kind_of(subject, text.replace(" / ", "\n\n"), answers=True) == "person", language
    assert kind_of(subject, text.replace(" / ", "\n\n")) == "person", language
