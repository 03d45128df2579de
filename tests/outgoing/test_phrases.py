"""Times, counts, spans and hours as whole phrases, in seven languages."""

from datetime import UTC, datetime

import pytest

from gateway.outgoing.grammar import GRAMMARS
from gateway.outgoing.phrases import Phrases, categories, clock_values, phrases_of

NOW = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)  # a Friday; 14:30 in Warsaw
WARSAW = "Europe/Warsaw"
WEEK = ([["09:00", "17:00"]],) * 5 + ([["09:00", "12:00"], ["13:00", "15:00"]], [])


def phrases(language: str, zone: str = WARSAW, *, told: bool = False) -> Phrases:
    return Phrases(language, NOW, zone, told)


@pytest.mark.parametrize(
    ("language", "next_week", "today", "tomorrow"),
    [
        ("en", "by Monday 23 November, 09:00", "today by 16:00", "tomorrow by 09:00"),
        ("de", "bis Montag, 23. November, 9:00 Uhr", "heute bis 16:00 Uhr", "morgen bis 9:00 Uhr"),
        ("pl", "do poniedziałku, 23 listopada, 9:00", "dzisiaj do 16:00", "jutro do 9:00"),
        ("cs", "do pondělí 23. listopadu, 9:00", "dnes do 16:00", "zítra do 9:00"),
        ("pt", "até segunda-feira, 23 de novembro, às 9:00", "hoje até às 16:00", "amanhã até às 9:00"),
        ("hr", "do ponedjeljka, 23. studenoga, 9:00", "danas do 16:00", "sutra do 9:00"),
        ("ru", "до понедельника, 23 ноября, 9:00", "сегодня до 16:00", "завтра до 9:00"),
    ],
)
def test_a_promise_is_a_whole_phrase(language, next_week, today, tomorrow) -> None:
    said = phrases(language)
    assert said.when("2026-11-23T08:00:00+00:00") == next_week
    assert said.when("2026-11-20T15:00:00+00:00") == today
    assert said.when("2026-11-21T08:00:00+00:00") == tomorrow


@pytest.mark.parametrize(
    ("language", "earlier", "today", "yesterday"),
    [
        ("en", "since Tuesday 17 November, 15:00", "since 14:00 today", "since 15:00 yesterday"),
        ("de", "seit Dienstag, 17. November, 15:00 Uhr", "seit heute, 14:00 Uhr", "seit gestern, 15:00 Uhr"),
        ("pl", "od wtorku, 17 listopada, 15:00", "dzisiaj od 14:00", "od wczoraj, 15:00"),
        ("cs", "od úterý 17. listopadu, 15:00", "dnes od 14:00", "od včerejška, 15:00"),
        ("pt", "desde terça-feira, 17 de novembro, às 15:00", "desde as 14:00 de hoje", "desde as 15:00 de ontem"),
        ("hr", "od utorka, 17. studenoga, 15:00", "danas od 14:00", "od jučer, 15:00"),
        ("ru", "со вторника, 17 ноября, 15:00", "сегодня с 14:00", "со вчерашнего дня, 15:00"),
    ],
)
def test_what_is_over_is_told_from_its_beginning(language, earlier, today, yesterday) -> None:
    said = phrases(language)
    assert said.when("2026-11-17T14:00:00+00:00") == earlier
    assert said.when("2026-11-20T13:00:00+00:00") == today
    assert said.when("2026-11-19T14:00:00+00:00") == yesterday


@pytest.mark.parametrize(
    ("language", "weekdays"),
    [
        # after the preposition, Monday first
        ("pl", "poniedziałku wtorku środy czwartku piątku soboty niedzieli"),
        ("cs", "pondělí úterý středy čtvrtka pátku soboty neděle"),
        ("hr", "ponedjeljka utorka srijede četvrtka petka subote nedjelje"),
        ("ru", "понедельника вторника среды четверга пятницы субботы воскресенья"),
    ],
)
def test_weekdays_stand_in_the_genitive(language, weekdays) -> None:
    days = [phrases(language).when(f"2026-12-{day:02}T08:00:00+00:00") for day in range(7, 14)]
    assert [words.split()[1].strip(",") for words in days] == weekdays.split()


@pytest.mark.parametrize(
    ("language", "hours"),
    [
        ("en", "Monday to Friday, 09:00–17:00; Saturday, 09:00–12:00 / 13:00–15:00"),
        ("de", "Montag bis Freitag, 9:00–17:00 Uhr; Samstag, 9:00–12:00 Uhr / 13:00–15:00 Uhr"),
        ("pl", "od poniedziałku do piątku, 9:00–17:00; w sobotę, 9:00–12:00 / 13:00–15:00"),
        ("cs", "od pondělí do pátku, 9:00–17:00; v sobotu, 9:00–12:00 / 13:00–15:00"),
        ("pt", "de segunda-feira a sexta-feira, das 9:00 às 17:00; ao sábado, das 9:00 às 12:00 / das 13:00 às 15:00"),
        ("hr", "od ponedjeljka do petka, 9:00–17:00; subotom, 9:00–12:00 / 13:00–15:00"),
        ("ru", "с понедельника по пятницу, 9:00–17:00; в субботу, 9:00–12:00 / 13:00–15:00"),
    ],
)
def test_office_hours(language, hours) -> None:
    assert phrases(language).hours(WEEK) == hours
    assert phrases(language).hours([[["00:00", "24:00"]]] * 7) == GRAMMARS[language].always


@pytest.mark.parametrize(
    ("language", "of_numbers"),
    [
        # the categories of 1, 2, 5, 21, 22
        ("en", "one other other other other"),
        ("de", "one other other other other"),
        ("pl", "one few many many few"),
        ("cs", "one few other other other"),
        ("pt", "one other other other other"),
        ("hr", "one few other one few"),
        ("ru", "one few many one few"),
    ],
)
def test_plurals_follow_cldr(language, of_numbers) -> None:
    forms = {category: category for category in categories(language)}
    assert " ".join(phrases(language).plural(n, **forms) for n in (1, 2, 5, 21, 22)) == of_numbers
    assert categories(language) == {*of_numbers.split()} == GRAMMARS[language].day.keys()


@pytest.mark.parametrize(
    ("seconds", "english", "polish"),
    [
        (5, "1 min", "1 min"),
        (1800, "30 min", "30 min"),
        (5400, "1 h 30 min", "1 godz. 30 min"),
        (86_400, "1 day", "1 dzień"),
        (5 * 86_400 + 3600 + 60, "5 days 1 h", "5 dni 1 godz."),
    ],
)
def test_spans(seconds, english, polish) -> None:
    assert (phrases("en").duration(seconds), phrases("pl").duration(seconds)) == (english, polish)


@pytest.mark.parametrize(
    ("time", "english", "russian"),
    [
        ("2026-11-20T08:00:00+00:00", "09:00", "9:00"),
        ("2026-11-23T08:00:00+00:00", "Mon 23 Nov 09:00", "пн 23 нояб. 9:00"),
        ("2027-01-05T08:00:00+00:00", "Tue 5 Jan 2027 09:00", "вт 5 янв. 2027 г. 9:00"),
        ("2026-10-25T00:30:00+00:00", "Sun 25 Oct 02:30", "вс 25 окт. 2:30"),  # twice that night: this is the first
    ],
)
def test_moments_of_tables(time, english, russian) -> None:
    assert (phrases("en").moment(time), phrases("ru").moment(time)) == (english, russian)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Monday 23 November"),
        ("de", "Montag, 23. November"),
        ("pl", "poniedziałek, 23 listopada"),
        ("cs", "pondělí 23. listopadu"),
        ("pt", "segunda-feira, 23 de novembro"),
        ("hr", "ponedjeljak, 23. studenoga"),
        ("ru", "понедельник, 23 ноября"),
    ],
)
def test_the_name_of_a_day(language: str, said: str) -> None:
    assert phrases(language).day("2026-11-23T08:00:00+00:00") == said


@pytest.mark.parametrize(
    ("readers", "ours", "promise"),
    [
        # the reader's zone, ours, what he is told
        ("Europe/Warsaw", "Europe/Warsaw", "by Monday 23 November, 09:00"),
        ("Europe/Lisbon", "Europe/Warsaw", "by Monday 23 November, 08:00"),
        (None, "Europe/Warsaw", "by Monday 23 November, 09:00 (CET)"),
        (None, "Asia/Kathmandu", "by Monday 23 November, 13:45 (+0545)"),
        (None, "Nowhere/Town", "by Monday 23 November, 08:00 (UTC)"),
    ],
)
def test_the_zone_is_named_where_the_readers_is_not_known(readers, ours, promise) -> None:
    said = phrases_of({"clock": clock_values(NOW, readers, ours)}, "en-GB")
    assert said.when("2026-11-23T08:00:00+00:00") == promise


def test_amounts() -> None:
    assert phrases("pl").money("129.5", "PLN") == "129,50\xa0zł"
    assert phrases("en").money(1299, "EUR") == "€1,299.00"
