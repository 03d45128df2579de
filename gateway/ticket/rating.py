"""What a customer's answer to the question how we did says: a verdict, and the words that come with it.

Sources  mails-out.md §4 (csat), tickets-and-sla.md §4: a word that a button wrote, the same word by hand, a number.
         Anything else is no verdict, and a mail like any other.
Not here  who may give one, and what it changes (satisfaction.py).
"""

import re
from collections.abc import Collection, Mapping
from typing import Literal

from gateway.message.fold import words

Rating = Literal["good", "ok", "bad"]
RATINGS: tuple[Rating, ...] = ("good", "ok", "bad")
_NUMBER = re.compile(r"#?(\d{1,2})(?:\s*/\s*(\d{1,2}))?[\s.!]*")
_FIVE, _TEN = 5, 10  # the scales: of one number alone the smallest that has it
_GOOD_TENTHS, _OK_TENTHS = 8, 5


def rating(text: str, known: Mapping[Rating, Collection[str]]) -> tuple[Rating, str] | None:
    """The verdict of the first line that says anything, and the words below it; None where it is no verdict.

    known  what each is called, in every language of the site
    """
    first, _, below = text.strip().partition("\n")
    alone = not below.partition("\n")[0].strip()
    said = words(first)
    for verdict in RATINGS:
        if said in ([verdict], *(words(name) for name in known.get(verdict, ()))):
            return verdict, below.strip()
    found = _NUMBER.fullmatch(first.strip()) if alone else None  # else it may be how a sentence, or a list, begins
    verdict_of_number = _of_number(int(found[1]), int(found[2] or 0)) if found is not None else None
    return None if verdict_of_number is None else (verdict_of_number, below.strip())


def _of_number(number: int, of: int) -> Rating | None:
    """Of `number` out of `of`; 0 is not said: five, or ten."""
    of = of or (_FIVE if number <= _FIVE else _TEN)
    if of not in (_FIVE, _TEN) or not 0 <= number <= of:
        return None
    tenths = number * _TEN // of
    return "good" if tenths >= _GOOD_TENTHS else "ok" if tenths >= _OK_TENTHS else "bad"
