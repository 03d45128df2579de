"""A phrase says the same in every language, with the same in its places, and nothing that stands in one is a place."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gateway
from gateway.ticket.saying import Sayable, Tongue, english, saying, worded
from tests.ticket.strings import STRINGS

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GERMAN = Tongue(STRINGS["de"], lambda at: f"{at:%d.%m. %H:%M}")


@pytest.mark.parametrize(("what", "said", "in_german"), [
    # what is said, in English, in German
    ("q-1", "q-1", "q-1"),
    (saying("done_same"), "is so already; nothing was changed", "ist schon so; nichts wurde geändert"),
    (saying("done_away_until", time=NOON), "away until 2026-11-23 12:00 UTC", "abwesend bis 23.11. 12:00"),
    (saying("done_beyond", who="bo", why=saying("done_full", count=2, most=2)), "bo: 2 of 2 open", "bo: 2 von 2 offen"),
    ((saying("done_noted"), "x"), "noted; no customer sees it; x", "notiert; kein Kunde sieht es; x"),
    (saying("done_takes_part", who="{who}{x}"), "{who}{x} takes part", "{who}{x} ist beteiligt"),  # never read again
])  # fmt: skip
def test_it_is_said_in_the_words_of_its_reader(what: Sayable, said: str, in_german: str) -> None:
    assert (worded(what, english(STRINGS["en"])), worded(what, GERMAN)) == (said, in_german)


@pytest.mark.parametrize("language", sorted(STRINGS))
def test_every_language_has_every_phrase_with_the_same_places(language: str) -> None:
    def places(phrase: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", phrase))

    differ = [
        name for name, phrase in STRINGS["en"].items() if places(STRINGS[language].get(name, "")) != places(phrase)
    ]
    assert differ == []


def test_every_phrase_is_said_somewhere() -> None:
    sources = "".join(path.read_text("utf-8") for path in Path(gateway.__path__[0]).rglob("*.py"))
    said = set(re.findall(r"\"((?:done|query)_\w+)\"", sources))
    assert said ^ {name for name in STRINGS["en"] if name.startswith(("done_", "query_"))} == set()
