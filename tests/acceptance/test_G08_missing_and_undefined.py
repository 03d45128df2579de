"""G-08: a mail is never half said: where a name, a language or a file is missing, the packaged words go out whole."""

import pytest

from gateway.outgoing.lint import findings
from gateway.outgoing.phrases import clock_values
from tests.outgoing.letters import NOW, PACKAGED, VALUES, letter, mail_of, templates, text_of

pytestmark = pytest.mark.p1


@pytest.mark.parametrize(("files", "language", "spoken"), [
    # files of the site, the language of the reader, that of the mail
    ({"auto_ack/en.md.j2": mail_of("{{ contact.first_nam }}")}, "en", "en"),
    ({"auto_ack/en.md.j2": mail_of("begun {% if ticket.nubmer %}x{% endif %}")}, "en", "en"),
    ({"auto_ack/pl.md.j2": mail_of("{{ ticket.number|plural(one='a') }}")}, "pl", "pl"),
    ({"auto_ack/pl.md.j2": "no front matter"}, "pl", "pl"),
    ({"_layout.html.j2": "{{ nope }}", "_layout.txt.j2": "{{ nope }}"}, "pl", "pl"),
])  # fmt: skip
def test_G08_what_fails_at_run_time_is_replaced_and_told(files, language, spoken) -> None:
    own = templates(files)
    said = own.render("auto_ack", None, language, VALUES)
    assert (said.language, len(said.trouble), said.fixed) == (spoken, 1, False)
    assert said.text == PACKAGED.render("auto_ack", None, language, VALUES).text
    assert list(findings(own, (language,), only=("auto_ack",)))  # `check` says so before


@pytest.mark.parametrize("language", ["xx", "ja", "ar", "he", ""])
def test_G08_a_language_that_nobody_wrote_is_answered_in_that_of_the_site(language: str) -> None:
    said = templates({}, "de").render("auto_ack", None, language, VALUES)
    assert (said.language, said.trouble) == ("de", ())
    assert '<html lang="de" dir="auto">' in said.html  # words of the reader's own turn by themselves


def test_G08_a_mail_without_any_template_is_a_whole_sentence() -> None:
    said = PACKAGED.render("vanished", None, "pl", VALUES)
    assert said.fixed
    assert "4812" in said.subject
    assert "[mw:4812-k7q2m6dw3xh5ta4v]" in said.text


def test_G08_no_name_is_no_word_none() -> None:
    made = letter(template="auto_ack", values={"due": None, "calendar": None})
    assert "None" not in text_of(made.raw)


@pytest.mark.parametrize(("zone", "told"), [("Europe/Warsaw", False), (None, True)])
def test_G08_times_are_the_readers_or_name_their_zone(zone: str | None, told: bool) -> None:
    values = {**VALUES, "due": "2026-11-23T08:00:00+00:00", "clock": clock_values(NOW, zone, "Europe/London")}
    said = PACKAGED.render("auto_ack", None, "en", values).text
    assert ("09:00" in said, "(GMT)" in said or "(UTC" in said) == (not told, told)
