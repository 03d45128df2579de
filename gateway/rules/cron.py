"""Whether five fields are a time table that cron knows.

Sources  crontab(5): minute, hour, day of month, month, weekday; *, lists, ranges, steps, names of months and weekdays.
"""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    # name, least, most, names
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?")


def cron_error(text: str) -> str | None:
    """What is wrong with the time table; None when nothing is."""
    words = text.split()
    if len(words) > len(_FIELDS):
        return "more than five fields: a minute is the shortest step"
    if len(words) < len(_FIELDS):
        return f"{len(words)} fields instead of five"
    for word, (name, least, most, names) in zip(words, _FIELDS, strict=True):
        for part in word.lower().split(","):
            if not _fits(part, least, most, names):
                return f"“{part}” is no {name}"
    return None


def _fits(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(part)
    if found is None or found[3] == "0":
        return False
    bounds = [_number(word, least, names) for word in found.groups()[:2] if word is not None]
    inside = all(bound is not None and least <= bound <= most for bound in bounds)
    return inside and (len(bounds) < 2 or (bounds[0] or 0) <= (bounds[1] or 0))


def _number(word: str, least: int, names: tuple[str, ...]) -> int | None:
    if word in names:
        return names.index(word) + least
    return int(word) if word.isdecimal() and len(word) < 3 else None
