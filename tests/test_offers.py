"""An acknowledgement offers articles where the site wants it, one reply says that it was enough, and all is counted."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.articles import Uses, uses
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, link, newest, read, reply, text_of
from tests.processing import Desk, mail, verdict

PHOTOS = """---
title: Zdjęcia
keywords: [uszkodz, paczk]
visibility: public
---
Prosimy o zdjęcia:

1. paczka
2. etykieta
"""
ARTICLES = {
    "KB-1": PHOTOS,
    "KB-2": PHOTOS.replace("uszkodz, paczk", "uszkodz").replace("Zdjęcia", "Zwroty"),
    "KB-3": PHOTOS.replace("public", "internal"),
    "KB-4": PHOTOS.replace("etykieta", "[[customer.name]]"),  # would repeat what a stranger wrote
    "KB-5": PHOTOS.replace("etykieta", "etykieta " * 50),  # too long to be sent whole
    "KB-6": PHOTOS.replace("uszkodz, paczk", "faktur"),
}
DAMAGED = verdict("pass", mail(f"Jan <{JAN}>", "Zwrot", "Moja paczka jest uszkodzona. Proszę o zwrot."))


def site(
    store: Store,
    settings: Settings,
    folder: Path,
    *,
    offers: bool = True,
    language: str = "pl",
    articles: Mapping[str, str] = ARTICLES,
) -> Desk:
    for id, text in articles.items():
        (folder / "kb" / id).mkdir(parents=True)
        (folder / "kb" / id / f"{language}.md").write_text(text, "utf-8")
    paths = settings.paths.model_copy(update={"kb": folder / "kb"})
    acknowledge = settings.acknowledge.model_copy(update={"articles": offers})
    return Desk(store, settings.model_copy(update={"paths": paths, "acknowledge": acknowledge}), RULES)


def counted(desk: Desk) -> dict[str, Uses]:
    with desk.reading() as c:
        return dict(uses(c))


def solved(desk: Desk, order: str) -> str:
    """What becomes of the first ticket when its customer replies so."""
    to = desk.reply_address(JAN, 1)
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: Zwrot", f"{order}\r\n", To=to)), to=to)
    return desk.ticket(1).status


def test_the_best_are_offered_and_one_reply_says_that_it_was_enough(store, settings, tmp_path) -> None:
    desk = site(store, settings, tmp_path)
    desk.take(DAMAGED)
    ack = newest(desk, JAN, "auto_ack")
    said = text_of(ack).replace("\r\n", "\n")
    assert "Zdjęcia\n\nProsimy o zdjęcia:\n\n1. paczka\n2. etykieta\n\nTo rozwiązało sprawę" in said
    assert said.index("KB-1") < said.index("KB-2")
    assert not [id for id in ("KB-3", "KB-4", "KB-5", "KB-6") if id in said]
    assert len(said.encode()) < 4096
    assert link(ack, "%23solved%20KB-1").startswith("support+t1.")
    assert solved(desk, "#solved KB-1") == "solved"
    assert desk.ticket(1).status_reason == "KB-1"
    day = date(2026, 11, 21)
    assert counted(desk) == {
        "KB-1": Uses(offered=1, suggested=1, solved=1, last=day),
        "KB-2": Uses(offered=1),
        "KB-3": Uses(suggested=1),
        "KB-4": Uses(suggested=1),
    }


@pytest.mark.sqlite
@pytest.mark.parametrize(("words", "characters", "offered"), [
    # what three articles say again and again, how long each is, how many the acknowledgement has room for
    ("Please send photos. ", 90, 3),
    ("Please send photos. ", 390, 1),
    ("Пришлите, пожалуйста, снимки. ", 390, 1),
    ("R&D\n\n", 40, 2),
    ("https://acme.test/a\n", 80, 2),
])  # fmt: skip
def test_an_acknowledgement_stays_below_4_kb(store, settings, tmp_path, words, characters, offered) -> None:
    text = PHOTOS.partition("Prosimy")[0].replace("Zdjęcia", "Снимки повреждений")
    text = f"{text.replace('uszkodz', 'поврежд')}{(words * characters)[:characters]}\n"
    desk = site(store, settings, tmp_path, language="ru", articles=dict.fromkeys(("KB-1", "KB-2", "KB-3"), text))
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Возврат", "Здравствуйте! Моя посылка повреждена, что делать?")))
    ack = newest(desk, JAN, "auto_ack")
    parts = [str(part.get_content()) for part in read(ack).walk() if not part.is_multipart()]
    assert [part.count("#solved KB-") + part.count("%23solved%20KB-") for part in parts] == [offered, offered]
    assert [each for each in parts if len(each.encode()) >= 4096] == []


@pytest.mark.sqlite
@pytest.mark.parametrize(("order", "status", "reason"), [
    # what the customer replies, the status of the ticket, the article that was enough
    ("#solved", "solved", None),
    ("#SOLVED kb-2", "solved", "KB-2"),
    ("#solved KB-99", "solved", None),  # whatever it names, it is solved
    ("#solved KB-3", "solved", None),  # he never saw it
    ("#solved KB-1 KB-2", "new", None),  # text
    ("#solved ../KB-1", "new", None),
])  # fmt: skip
def test_only_what_is_an_article_is_counted(store, settings, tmp_path, order, status, reason) -> None:
    desk = site(store, settings, tmp_path)
    desk.take(DAMAGED)
    assert (solved(desk, order), desk.ticket(1).status_reason) == (status, reason)
    assert {id for id, use in counted(desk).items() if use.solved} == ({reason} if reason else set())


@pytest.mark.sqlite
@pytest.mark.parametrize(("offers", "raw"), [
    # whether the site wants it, a mail whose acknowledgement offers nothing
    (False, DAMAGED),
    (True, verdict("pass", mail(f"Jan <{JAN}>", "Pytanie", "Proszę o informację o godzinach otwarcia."))),
    (True, verdict("pass", mail(f"Jan <{JAN}>", "Parcel", "Good morning, my paczka was damaged, what can I do?"))),
])  # fmt: skip
def test_nothing_is_offered_where_nothing_fits_or_nobody_asked_for_it(store, settings, tmp_path, offers, raw) -> None:
    desk = site(store, settings, tmp_path, offers=offers)
    desk.take(raw)
    assert "KB-" not in text_of(newest(desk, JAN, "auto_ack"))
    assert not any(use.offered for use in counted(desk).values())


def test_what_agents_insert_is_counted_by_the_day(store, settings, tmp_path) -> None:
    desk = site(store, settings, tmp_path)
    desk.take(DAMAGED)
    notice = newest(desk, ANN)
    assert reply(desk, notice, "#dry\r\n#use KB-6").ticket == 1
    assert "KB-6" not in counted(desk)
    reply(desk, notice, "#use KB-6\r\n#use KB-1")
    reply(desk, notice, "#note\r\n#use KB-6")
    assert (counted(desk)["KB-6"].inserted, counted(desk)["KB-1"].inserted) == (2, 1)
