"""How each of our languages puts times into sentences: the tables behind the filters of templates.

Sources  mails-out.md §7; names of months and plural categories come from CLDR (Babel), and so do short weekdays.
         A preposition takes another form of the weekday in most of our languages, so a phrase is a whole one: the
         tables hold weekdays together with what stands before them.
Not here  which phrase a time gets (phrases.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

Week = tuple[str, str, str, str, str, str, str]  # Monday first


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language. `{date}` is such as `23 listopada`, `{time}` such as `9:00`."""

    locale: str  # of CLDR
    clock: str  # {hour}, {minute}
    date: str  # pattern of CLDR, without and with a year
    date_of_year: str
    by_weekday: Week  # `do poniedziałku`
    by: str  # {weekday}, {date}, {time}
    by_today: str
    by_tomorrow: str
    since_weekday: Week
    since: str
    since_today: str
    since_yesterday: str
    from_weekday: Week  # the first day of several
    to_weekday: Week  # the last one
    on_weekday: Week  # a day alone
    hours: str  # {opens}, {closes}
    always: str
    day: Mapping[str, str]  # plural category: `days`
    hour: str
    minute: str


def _each(preposition: str, weekdays: str) -> Week:
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (f"{preposition}{w}" for w in weekdays.split())
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


_EN = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_DE = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"
_PL = "poniedziałku wtorku środy czwartku piątku soboty niedzieli"
_CS = "pondělí úterý středy čtvrtka pátku soboty neděle"
_PT = "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"
_HR = "ponedjeljka utorka srijede četvrtka petka subote nedjelje"
_RU = "понедельника вторника среды четверга пятницы субботы воскресенья"

GRAMMARS: Mapping[str, Grammar] = {
    "en": Grammar(
        locale="en_GB",
        clock="{hour:02}:{minute:02}",
        date="d MMMM",
        date_of_year="d MMMM y",
        by_weekday=_each("by ", _EN),
        by="{weekday} {date}, {time}",
        by_today="today by {time}",
        by_tomorrow="tomorrow by {time}",
        since_weekday=_each("since ", _EN),
        since="{weekday} {date}, {time}",
        since_today="since {time} today",
        since_yesterday="since {time} yesterday",
        from_weekday=_each("", _EN),
        to_weekday=_each("to ", _EN),
        on_weekday=_each("", _EN),
        hours="{opens}–{closes}",
        always="around the clock",
        day={"one": "day", "other": "days"},
        hour="h",
        minute="min",
    ),
    "de": Grammar(
        locale="de",
        clock="{hour}:{minute:02}",
        date="d. MMMM",
        date_of_year="d. MMMM y",
        by_weekday=_each("bis ", _DE),
        by="{weekday}, {date}, {time} Uhr",
        by_today="heute bis {time} Uhr",
        by_tomorrow="morgen bis {time} Uhr",
        since_weekday=_each("seit ", _DE),
        since="{weekday}, {date}, {time} Uhr",
        since_today="seit heute, {time} Uhr",
        since_yesterday="seit gestern, {time} Uhr",
        from_weekday=_each("", _DE),
        to_weekday=_each("bis ", _DE),
        on_weekday=_each("", _DE),
        hours="{opens}–{closes} Uhr",
        always="rund um die Uhr",
        day={"one": "Tag", "other": "Tage"},
        hour="Std.",
        minute="Min.",
    ),
    "pl": Grammar(
        locale="pl",
        clock="{hour}:{minute:02}",
        date="d MMMM",
        date_of_year="d MMMM y",
        by_weekday=_each("do ", _PL),
        by="{weekday}, {date}, {time}",
        by_today="dzisiaj do {time}",
        by_tomorrow="jutro do {time}",
        since_weekday=_each("od ", _PL),
        since="{weekday}, {date}, {time}",
        since_today="dzisiaj od {time}",
        since_yesterday="od wczoraj, {time}",
        from_weekday=_each("od ", _PL),
        to_weekday=_each("do ", _PL),
        on_weekday=("w poniedziałek", "we wtorek", "w środę", "w czwartek", "w piątek", "w sobotę", "w niedzielę"),
        hours="{opens}–{closes}",
        always="całą dobę",
        day={"one": "dzień", "few": "dni", "many": "dni"},
        hour="godz.",
        minute="min",
    ),
    "cs": Grammar(
        locale="cs",
        clock="{hour}:{minute:02}",
        date="d. MMMM",
        date_of_year="d. MMMM y",
        by_weekday=_each("do ", _CS),
        by="{weekday} {date}, {time}",
        by_today="dnes do {time}",
        by_tomorrow="zítra do {time}",
        since_weekday=_each("od ", _CS),
        since="{weekday} {date}, {time}",
        since_today="dnes od {time}",
        since_yesterday="od včerejška, {time}",
        from_weekday=_each("od ", _CS),
        to_weekday=_each("do ", _CS),
        on_weekday=("v pondělí", "v úterý", "ve středu", "ve čtvrtek", "v pátek", "v sobotu", "v neděli"),
        hours="{opens}–{closes}",
        always="nepřetržitě",
        day={"one": "den", "few": "dny", "other": "dnů"},
        hour="h",
        minute="min",
    ),
    "pt": Grammar(
        locale="pt_PT",
        clock="{hour}:{minute:02}",
        date="d 'de' MMMM",
        date_of_year="d 'de' MMMM 'de' y",
        by_weekday=_each("até ", _PT),
        by="{weekday}, {date}, às {time}",
        by_today="hoje até às {time}",
        by_tomorrow="amanhã até às {time}",
        since_weekday=_each("desde ", _PT),
        since="{weekday}, {date}, às {time}",
        since_today="desde as {time} de hoje",
        since_yesterday="desde as {time} de ontem",
        from_weekday=_each("de ", _PT),
        to_weekday=_each("a ", _PT),
        on_weekday=(
            "à segunda-feira",
            "à terça-feira",
            "à quarta-feira",
            "à quinta-feira",
            "à sexta-feira",
            "ao sábado",
            "ao domingo",
        ),
        hours="das {opens} às {closes}",
        always="24 horas por dia",
        day={"one": "dia", "other": "dias"},
        hour="h",
        minute="min",
    ),
    "hr": Grammar(
        locale="hr",
        clock="{hour}:{minute:02}",
        date="d. MMMM",
        date_of_year="d. MMMM y.",
        by_weekday=_each("do ", _HR),
        by="{weekday}, {date}, {time}",
        by_today="danas do {time}",
        by_tomorrow="sutra do {time}",
        since_weekday=_each("od ", _HR),
        since="{weekday}, {date}, {time}",
        since_today="danas od {time}",
        since_yesterday="od jučer, {time}",
        from_weekday=_each("od ", _HR),
        to_weekday=_each("do ", _HR),
        on_weekday=_each("", "ponedjeljkom utorkom srijedom četvrtkom petkom subotom nedjeljom"),
        hours="{opens}–{closes}",
        always="danonoćno",
        day={"one": "dan", "few": "dana", "other": "dana"},
        hour="h",
        minute="min",
    ),
    "ru": Grammar(
        locale="ru",
        clock="{hour}:{minute:02}",
        date="d MMMM",
        date_of_year="d MMMM y 'г.'",
        by_weekday=_each("до ", _RU),
        by="{weekday}, {date}, {time}",
        by_today="сегодня до {time}",
        by_tomorrow="завтра до {time}",
        since_weekday=(
            "с понедельника",
            "со вторника",
            "со среды",
            "с четверга",
            "с пятницы",
            "с субботы",
            "с воскресенья",
        ),
        since="{weekday}, {date}, {time}",
        since_today="сегодня с {time}",
        since_yesterday="со вчерашнего дня, {time}",
        from_weekday=(
            "с понедельника",
            "со вторника",
            "со среды",
            "с четверга",
            "с пятницы",
            "с субботы",
            "с воскресенья",
        ),
        to_weekday=_each("по ", "понедельник вторник среду четверг пятницу субботу воскресенье"),
        on_weekday=(
            "в понедельник",
            "во вторник",
            "в среду",
            "в четверг",
            "в пятницу",
            "в субботу",
            "в воскресенье",
        ),
        hours="{opens}–{closes}",
        always="круглосуточно",
        day={"one": "день", "few": "дня", "many": "дней"},
        hour="ч",
        minute="мин",
    ),
}
