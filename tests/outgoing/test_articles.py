"""Articles: which files are some, what is wrong with those that are none, which one fits, and who may not read it."""

from datetime import date
from pathlib import Path

import pytest

from gateway.config import packaged
from gateway.errors import ConfigError
from gateway.outgoing.articles import MOST_FILES, Articles, read_articles
from gateway.ticket.canned import suggested
from gateway.ticket.leak import ArticleRuns
from gateway.ticket.saying import Saying, english, saying, worded
from tests.outgoing.letters import PACKAGED

DAMAGE = """---
title: Photos of damage
keywords: [damag, broken]
visibility: public
reviewed_by: Ana
reviewed: 2026-11-01
---
Please send **three photos** of request #[[ticket.number]].
"""
FORGED = """---
title: A mail that may be forged
keywords: [bank account]
visibility: internal
---
Write to the address that the ticket had before, or call.
"""
ENGLISH = english(PACKAGED.words("en"))
TODAY = date(2026, 11, 21)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "KB-12/en.md", DAMAGE)
    write(tmp_path, "KB-12/pl.md", DAMAGE.replace("Photos of damage", "Zdjęcia").replace("damag, broken", "uszkodz"))
    write(tmp_path, "KB-3/en.md", FORGED)
    write(tmp_path, "README.md", "For whoever writes articles.")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_an_article_is_what_its_files_say(folder: Path) -> None:
    articles = read_articles(folder)
    assert (articles.problems, articles.ids, articles.languages("KB-12")) == ((), ("KB-3", "KB-12"), ("en", "pl"))
    article = articles.written("KB-12", "pl")
    assert (article.called, article.keywords, article.internal) == ("KB-12 Zdjęcia", ("uszkodz",), False)
    assert (article.reviewed_by, article.reviewed, article.is_stale(TODAY)) == ("Ana", date(2026, 11, 1), False)
    assert article.is_stale(date(2027, 11, 2))
    assert articles.written("KB-3", "en").is_stale(TODAY)  # nobody ever looked


@pytest.mark.parametrize(("id", "language", "public", "says"), [
    # which, the reader's language, whether a customer reads it, what comes of it
    ("KB-12", "en", True, "Please send three photos of request #4812."),
    ("KB-12", "pl-PL", True, "Please send three photos of request #4812."),
    ("KB-12", "de", True, "“KB-12” is not written in “de”; it is in en, pl"),
    ("KB-12", "de", False, "Please send three photos of request #4812."),  # of ours somebody reads English
    ("KB-3", "en", True, "KB-3 is for our own people only: it may stand in a note"),
    ("KB-3", "en", False, "Write to the address that the ticket had before, or call."),
    ("KB-120", "en", True, "there is no article “KB-120”; perhaps: KB-12 Photos of damage"),
    ("PHOTOS", "en", True, "there is no article “PHOTOS”; perhaps: KB-12 Photos of damage"),
    ("lost", "en", True, "there is no article “lost”; perhaps: KB-3 A mail that may be forged; KB-12 Photos of damage"),
    ("../KB-12", "en", True, "there is no article “../KB-12”; perhaps: KB-12 Photos of damage"),
])  # fmt: skip
def test_it_is_inserted_where_its_reader_may_read_it(folder, id, language, public, says) -> None:
    said = read_articles(folder).inserted(id, language, {"ticket.number": "4812"}, public=public)
    assert (worded(said, ENGLISH) if isinstance(said, Saying) else said.words.text) == says


def test_none_are_none() -> None:
    assert worded(Articles().unknown("KB-1", "en"), ENGLISH) == "there is no article “KB-1”; perhaps: —"
    assert (Articles().suggestions("en"), Articles().search("x"), Articles().runs) == ((), (), ArticleRuns())


@pytest.mark.parametrize(("name", "text", "line", "said"), [
    # a file, what stands in it, where what is wrong with it
    ("KB-4/en.md", "Hello", 1, "it begins with --- title: … ---"),
    ("KB-4/en.md", "---\ntitle: X\nname: Y\n---\nx", 3, "“name” is none of title, keywords, language, visibility"),
    ("KB-4/en.md", "---\ntitle: [\n---\nx", 2, "while parsing"),
    ("KB-4/en.md", "---\ntitle: X\n---\nx", 1, "visibility: one of public, internal"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: secret\n---\nx", 3, "visibility: one of public, internal"),
    ("KB-4/en.md", "---\nvisibility: public\ntitle: ''\n---\nx", 3, "title: a text of at most 80 characters"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\nkeywords: a\n---\nx", 4, "keywords: a list of texts"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\nreviewed: soon\n---\nx", 4, "reviewed: a day, such as"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\nlanguage: de\n---\nx", 4, "“de” stands in a file of en"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\n---\n", 5, "it says nothing"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\n---\nx\n\n[[order]]", 7, "there is no [[order]]; known: "),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\n---\nx\n<b>x</b>", 6, "HTML is not for mails: <b>"),
    ("KB-4/en.md", "---\ntitle: X\nvisibility: public\n---\nx\n[x](http://x.test)", 6, "only https and mailto do"),
    ("kb-4/en.md", DAMAGE, 1, "it is called KB-12/LANG.md"),
    ("KB-04/en.md", DAMAGE, 1, "it is called KB-12/LANG.md"),
    ("en.md", DAMAGE, 1, "it is called KB-12/LANG.md"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_left_out_and_named_with_its_line(folder, name, text, line, said) -> None:
    write(folder, name, text)
    articles = read_articles(folder)
    assert articles.ids == ("KB-3", "KB-12")
    (problem,) = articles.problems
    assert (problem.file, problem.line, said in problem.text) == (str(folder / name), line, True), problem
    assert "mailwicket kb check" in problem.hint


def test_one_language_that_is_internal_keeps_all_of_it_inside(folder: Path) -> None:
    write(folder, "KB-12/de.md", DAMAGE.replace("public", "internal"))
    said = read_articles(folder).inserted("KB-12", "en", {"ticket.number": "1"}, public=True)
    assert said == saying("done_article_internal", name="KB-12")


@pytest.mark.parametrize(("name", "text"), [
    # a file of a public article that is left out: nobody knows whom it was for
    ("KB-12/de.md", DAMAGE.replace("public", "internl")),
    ("KB-12/DE.md", "---\ntitle: [\n---\n"),
    ("KB-12/EN.md", DAMAGE.replace("public", "internal")),  # a second one of its language
])  # fmt: skip
def test_an_article_of_which_a_file_cannot_be_read_goes_to_no_customer(folder: Path, name: str, text: str) -> None:
    write(folder, name, text)
    articles = read_articles(folder)
    assert (len(articles.problems), articles.is_public("KB-12")) == (1, False)
    assert [each.article for each in articles.offers("en")] == []


def test_a_folder_that_is_none_or_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"there is no such folder[\s\S]*make it, or change paths\.kb"):
        read_articles(tmp_path / "kb")
    for number in range(1, 4):
        write(tmp_path, f"KB-{number}/en.md", DAMAGE)
    monkeypatch.setattr("gateway.outgoing.articles.MOST_FILES", 2)
    with pytest.raises(ConfigError, match=r"these are 3 files of 0 KiB; at most 2 of"):
        read_articles(tmp_path)
    assert MOST_FILES == 2000


@pytest.mark.parametrize(("words", "found"), [
    # what is looked for, the articles that have all of it, those that say so above their text first
    ("photos", ("KB-12",)),
    ("ZDJECIA", ("KB-12",)),
    ("three photo", ("KB-12",)),
    ("address", ("KB-3",)),
    ("kb 3", ("KB-3",)),
    ("photos bank", ()),
    ("...", ()),
])  # fmt: skip
def test_words_find_articles(folder, words, found) -> None:
    assert read_articles(folder).search(words) == found


@pytest.mark.parametrize(("text", "commands"), [
    # a mail, what is suggested to whoever reads it
    ("My parcel came DAMAGED.", ["#use KB-12"]),
    ("Paczka przyszła uszkodzona", ["#use KB-12"]),  # in any of its languages
    ("The undamaged goods", []),  # no word begins so
    ("photos of something", []),  # a title suggests nothing by itself
    ("here is my new bank account: broken photos", ["#use KB-12", "#use? KB-3"]),  # two words against one
    ("my bank account, and the address of a broken mail that may be forged", ["#use? KB-3", "#use KB-12"]),
])  # fmt: skip
def test_keywords_suggest_articles_and_titles_put_them_in_order(folder, text, commands) -> None:
    assert [each.command for each in suggested(text, read_articles(folder).suggestions("pl"))] == commands


def test_a_suggestion_is_called_as_in_the_language_that_is_asked_for(folder: Path) -> None:
    called = {each.command: each.text for each in read_articles(folder).suggestions("pl")}
    assert called == {"#use KB-12": "KB-12 Zdjęcia", "#use? KB-3": "KB-3 A mail that may be forged"}


def test_the_examples_are_right_and_one_is_internal() -> None:
    articles = read_articles(packaged("kb"))
    assert (articles.problems, articles.ids, set(articles.internal)) == ((), ("KB-1", "KB-2", "KB-3"), {"KB-3"})
