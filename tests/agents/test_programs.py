"""Answers of agents as their mail programs write them, in seven languages: only what is new goes to the customer.

Everywhere what is new is found; a whole desk sends it once for each program.
"""

from collections.abc import Iterator
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path

import pytest

from gateway.message.html import html_text
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.reply import refolded
from gateway.store.opening import open_store
from gateway.ticket.cut import as_meant
from tests.agents.mails import ANN, JAN, RULES, newest, proven, read, reply, reply_address, text_of
from tests.agents.programs import LANGUAGES, PROGRAMS, SIGNATURES, Answer, Form, answered
from tests.conftest import settings_in
from tests.processing import Desk, mail

ASKED = (
    "Dzień dobry,\r\n\r\nproszę o zwrot za zamówienie PL-10442, paczka przyszła uszkodzona.\r\n\r\n"
    "I kiedy przyjdzie nowa paczka do nas?\r\n\r\nJan"
)
WORDS = ("Zwrot został zlecony dzisiaj.", "Nowa paczka wychodzi jutro rano.")
ABOVE = "\n\n".join(WORDS)
BELOW = ("proszę o zwrot", "I kiedy")
_CITED = ("> Dzień dobry,", "> proszę o zwrot za zamówienie PL-10442, paczka przyszła uszkodzona.")
BETWEEN = "\n".join((*_CITED, "", WORDS[0], "", "> I kiedy przyjdzie nowa paczka do nas?", "", WORDS[1]))
FORMS: tuple[Form, ...] = ("plain", "both")
OF_OURS = ("Why you", "#solved", "support+", "Owner", "Take it", "Solve", "above this line", "[mw:")
UNMARKED = [name for name, program in PROGRAMS.items() if not program.mark]
EVERYWHERE = [(program, language) for program in PROGRAMS for language in LANGUAGES]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk to which Jan wrote once."""
    folder: Path = tmp_path_factory.mktemp("programs")
    store = open_store(settings_in(folder))
    made = Desk(store, settings_in(folder), RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", ASKED))
    yield made
    store.close()


@pytest.fixture(scope="module")
def notice(desk: Desk) -> EmailMessage:
    """What Ann was told."""
    return read(newest(desk, ANN))


def new_words(notice: EmailMessage, program: str, language: str, answer: Answer, form: Form) -> tuple[str, str | None]:
    """(what is surely new, that and what else may be) in an answer to the notice."""
    raw = answered(program, language, notice, answer, f"Ann Agent <{ANN}>", form=form).as_bytes()
    plain, rich = notice.get_body(("plain",)), notice.get_body(("html",))
    assert plain is not None
    assert rich is not None
    ours = (str(plain.get_content()), html_text(str(rich.get_content())))
    message = refolded(parse(raw.replace(b"\n", b"\r\n"), ParseLimits(), languages=LANGUAGES), ours, LANGUAGES)
    found, more = as_meant(message, ours, (ASKED,), "Ann Agent")
    return found.text, more


@pytest.mark.parametrize(("program", "language"), EVERYWHERE)
def test_words_above_are_what_is_new_without_the_signature(notice: EmailMessage, program: str, language: str) -> None:
    for form in FORMS:
        answer = Answer(WORDS, signature=SIGNATURES[language])
        assert new_words(notice, program, language, answer, form) == (ABOVE, None)


@pytest.mark.parametrize(("program", "language"), EVERYWHERE)
def test_words_between_the_lines_go_with_the_lines_of_the_customer_alone(
    notice: EmailMessage, program: str, language: str
) -> None:
    for form in FORMS:
        answer = Answer(WORDS, BELOW, SIGNATURES[language])
        sure = ("", BETWEEN) if program in UNMARKED else (BETWEEN, None)
        assert new_words(notice, program, language, answer, form) == sure


@pytest.mark.parametrize(("program", "language"), list(zip(PROGRAMS, cycle(LANGUAGES), strict=False)))
def test_the_customer_reads_it_with_the_signature_of_the_team(desk: Desk, program: str, language: str) -> None:
    for below in ((), BELOW):
        id = f"<{len(below)}-{program.replace(' ', '-')}@bigbank.test>"
        number = desk.take(mail(f"Jan <{JAN}>", "Zwrot", ASKED, Message_ID=id)).ticket
        notice = newest(desk, ANN, "agent_notice")
        answer = Answer(WORDS, below, SIGNATURES[language])
        raw = answered(program, language, read(notice), answer, f"Ann Agent <{ANN}>").as_bytes()
        desk.take(proven(raw.replace(b"\n", b"\r\n")), to=reply_address(notice))
        if below and program in UNMARKED:
            asked = newest(desk, ANN, "hold")
            assert "#send short" not in text_of(asked)
            reply(desk, asked, "#send long")
        sent = newest(desk, JAN, "answer")
        assert sent.ticket == number
        text = text_of(sent)
        assert all(words in text for words in WORDS)
        assert "Acme Support" in text
        assert "Ann Agent" not in text
        assert not [words for words in OF_OURS if words in text.partition("Acme Support")[0]]
