"""What is said in the language of whoever reads it: a phrase of the strings by its name, and what stands in its places.

Not here  the phrases (templates/_strings), which language and clock a reader has (operations/tongue.py).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Saying:
    """A phrase of the strings, with what stands in its places."""

    name: str
    places: tuple[tuple[str, "Sayable"], ...] = ()


Sayable: TypeAlias = str | int | datetime | Saying | tuple["Sayable", ...]  # text as it is; several one by one


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language of a reader."""

    strings: Mapping[str, str]
    moment: Callable[[datetime], str]  # a time by his clock


def english(strings: Mapping[str, str]) -> Tongue:
    """English, with these strings; times are UTC."""
    return Tongue(strings, lambda at: f"{at:%Y-%m-%d %H:%M} UTC")


def saying(name: str, /, **places: Sayable) -> Saying:
    """The phrase of this name."""
    return Saying(name, tuple(places.items()))


def worded(what: Sayable, tongue: Tongue) -> str:
    """What is said, in the words of a language."""
    match what:
        case Saying(name, places):
            return filled(tongue.strings[name], {place: worded(value, tongue) for place, value in places})
        case datetime():
            return tongue.moment(what)
        case tuple():
            return "; ".join(worded(each, tongue) for each in what)
    return str(what)


def filled(phrase: str, values: Mapping[str, str]) -> str:
    """The phrase with its places filled; what stands in one is never read as a place."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), phrase)
