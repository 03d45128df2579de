"""Times, spans, counts and amounts as whole phrases of a language: the filters of templates.

Sources  mails-out.md §7; CLDR by Babel (plural categories, months, amounts, names of zones).
         Values are plain: a time is ISO 8601 text, a span is seconds. `when` carries its preposition, so that no
         template glues one to a date. The zone is named where the reader's is not known, or is another one.
Not here  the words (grammar.py), who calls these (sandbox.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, get_timezone_name
from babel.numbers import format_currency

from gateway.outgoing.grammar import GRAMMARS, Grammar

_ANY_COUNT = 201  # whole numbers from 0 to here reach every category of our languages
_SPEAKS_LAST = "en"
_KEPT = 1024  # days and times as they were written: a mail says its own several times, and so do others of the hour


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one mail: its language, now, and the zone its times are told in."""

    language: str
    now: datetime  # aware
    zone: str = "UTC"  # IANA
    zone_is_told: bool = False

    def when(self, time: str) -> str:
        """`do poniedziałku, 23 listopada, 9:00`; for what is over `od piątku, 20 listopada, 14:00`."""
        at, grammar = self._at(time), self._grammar
        days = (at.date() - self._here(self.now).date()).days
        over = at < self.now
        near = {-1: grammar.since_yesterday, 0: grammar.since_today} if over else {0: grammar.by_today}
        near |= {} if over else {1: grammar.by_tomorrow}
        pattern = near.get(days, grammar.since if over else grammar.by)
        weekday = (grammar.since_weekday if over else grammar.by_weekday)[at.weekday()]
        return pattern.format(weekday=weekday, date=self._date(at), time=self._clock(at)) + self._zone_of(at)

    def moment(self, time: str) -> str:
        """`Mon 23 Nov 09:00`, for tables; of today only the time."""
        at, grammar = self._at(time), self._grammar
        if at.date() == self._here(self.now).date():
            return self._clock(at) + self._zone_of(at)
        pattern = f"EEE {self._pattern(at)}".replace("MMMM", "MMM")
        return f"{_written(at.date(), pattern, grammar.locale)} {self._clock(at)}{self._zone_of(at)}"

    def day(self, time: str) -> str:
        """`Monday 23 November`, the name of a day."""
        at, grammar = self._at(time), self._grammar
        beside = grammar.by.partition("{date}")[0]  # as it stands in a phrase, so with a comma where there is one
        return beside.format(weekday=_written(at.date(), "EEEE", grammar.locale)) + self._date(at)

    def hours(self, week: Sequence[Sequence[Sequence[str]]]) -> str:
        """`Monday to Friday, 09:00–17:00`, of the opening hours of each weekday, Monday first."""
        grammar = self._grammar
        days = [tuple((opens, closes) for opens, closes in day) for day in week]
        if all(day == (("00:00", "24:00"),) for day in days):
            return grammar.always
        told = [
            f"{self._days(numbers)}, {' / '.join(self._span(*span) for span in spans)}"
            for spans, numbers in _runs(days)
            if spans
        ]
        if not told:
            raise ValueError("a calendar without opening hours")
        return "; ".join(told) + self._zone_of(self.now)

    def plural(self, count: int, **forms: str) -> str:
        """The form that goes with the number."""
        return forms[_category(self._grammar.locale, count)]

    def duration(self, seconds: float) -> str:
        """`2 days 3 h`, `1 h 30 min`, at most two units, never less than a minute."""
        grammar = self._grammar
        minutes = max(1, round(seconds / 60))
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        day = grammar.day[_category(grammar.locale, days)]
        units = ((days, day), (hours, grammar.hour), (minutes, grammar.minute))
        told = [f"{count} {unit}" for count, unit in units if count]
        return " ".join(told[:2])

    def money(self, amount: float | str, currency: str) -> str:
        """`129,50 zł`."""
        return format_currency(Decimal(str(amount)), currency, locale=_locale(self._grammar.locale))

    @property
    def _grammar(self) -> Grammar:
        return GRAMMARS.get(self.language, GRAMMARS[_SPEAKS_LAST])

    def _at(self, time: str) -> datetime:
        at = datetime.fromisoformat(time)
        if at.tzinfo is None:
            raise ValueError(f"a time without its offset: {time}")
        return self._here(at)

    def _here(self, at: datetime) -> datetime:
        return at.astimezone(_zone(self.zone))

    def _date(self, at: datetime) -> str:
        return _written(at.date(), self._pattern(at), self._grammar.locale)

    def _pattern(self, at: datetime) -> str:
        grammar = self._grammar
        return grammar.date if at.year == self._here(self.now).year else grammar.date_of_year

    def _clock(self, at: datetime) -> str:
        return self._grammar.clock.format(hour=at.hour, minute=at.minute)

    def _zone_of(self, at: datetime) -> str:
        """The abbreviation in the language, or the offset."""
        if not self.zone_is_told:
            return ""
        return f" ({_zone_name(self._here(at), self.zone, self._grammar.locale)})"

    def _span(self, opens: str, closes: str) -> str:
        begins, ends = (
            self._grammar.clock.format(hour=int(clock[:2]), minute=int(clock[3:])) for clock in (opens, closes)
        )
        return self._grammar.hours.format(opens=begins, closes=ends)

    def _days(self, numbers: Sequence[int]) -> str:
        grammar = self._grammar
        if len(numbers) == 1:
            return grammar.on_weekday[numbers[0]]
        return f"{grammar.from_weekday[numbers[0]]} {grammar.to_weekday[numbers[-1]]}"


def categories(language: str) -> frozenset[str]:
    """The plural categories that whole numbers reach in a language."""
    locale = GRAMMARS.get(language.partition("-")[0], GRAMMARS[_SPEAKS_LAST]).locale
    return frozenset(_category(locale, count) for count in range(_ANY_COUNT))


def phrases_of(values: Mapping[str, Any], language: str) -> Phrases:
    """The phrases for the values of a mail: `clock.now`, and of its reader `clock.zone`, `clock.told`."""
    clock = values["clock"]
    return Phrases(language.partition("-")[0], datetime.fromisoformat(clock["now"]), clock["zone"], clock["told"])


def clock_values(now: datetime, readers_zone: str | None, our_zone: str) -> dict[str, Any]:
    """What `phrases_of` reads.

    readers_zone  None is unknown: then times are ours, and say so
    """
    return {
        "now": now.isoformat(),
        "zone": readers_zone or our_zone,
        "told": readers_zone is None,
    }


def span(length: timedelta) -> int:
    """A span as templates take it: seconds."""
    return round(length.total_seconds())


def _runs(days: Sequence[tuple[tuple[str, str], ...]]) -> list[tuple[tuple[tuple[str, str], ...], list[int]]]:
    """Days in a row with the same hours, as their numbers."""
    return [(spans, [n for n, _ in found]) for spans, found in groupby(enumerate(days), key=lambda pair: pair[1])]


@cache
def _category(locale: str, count: int) -> str:
    return str(_locale(locale).plural_form(count))


@lru_cache(_KEPT)
def _written(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale=_locale(locale))


@lru_cache(_KEPT)  # equal times of two zones are told apart by the zone
def _zone_name(here: datetime, zone: str, locale: str) -> str:
    return str(get_timezone_name(here, "short", locale=_locale(locale)))


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


@cache
def _zone(name: str) -> ZoneInfo | Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
