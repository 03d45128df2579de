"""A mail always says something, in the nearest language, and never what a broken template would say."""

import time

import pytest

from gateway.config import packaged
from gateway.errors import ConfigError
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.render import Templates, load_templates
from gateway.outgoing.sandbox import Budget
from gateway.outgoing.templates import TemplateSet, read_templates
from tests.outgoing.letters import PACKAGED, VALUES, budget, mail_of, templates

LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
SUBJECTS = {
    "en": "We received your message (#4812)",
    "de": "Ihre Nachricht ist eingegangen (#4812)",
    "pl": "Otrzymaliśmy wiadomość (#4812)",
    "cs": "Vaši zprávu jsme přijali (#4812)",
    "pt": "Recebemos a sua mensagem (#4812)",
    "hr": "Primili smo Vašu poruku (#4812)",
    "ru": "Мы получили Ваше сообщение (#4812)",
}


def rendered(from_: Templates, language: str = "en", variant: str | None = None, template: str = "auto_ack"):
    return from_.render(template, variant, language, VALUES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_acknowledgement_in_every_language(language) -> None:
    nowhere = {**VALUES, "mail": {**VALUES["mail"], "reply_to": None}}  # for a link to lead to: it is words
    mail = PACKAGED.render("auto_ack", None, language, nowhere)
    assert (mail.language, mail.subject, mail.trouble) == (language, SUBJECTS[language], ())
    assert len(mail.subject) <= 60
    assert len(mail.html.encode()) < 4096  # mails-out §8
    assert len(mail.text.encode()) < 4096
    marker, body = mail.text.split("\n", 1)
    assert marker.startswith("— ")
    assert body.count("4812") == 2
    assert "\n-- \nAcme Sp. z o.o.\nsupport@acme.test\n" in body
    assert body.endswith("   [mw:4812-k7q2m6dw3xh5ta4v]\n")
    for line in mail.text.replace("-- \n", "").split("\n"):  # the other part says the same
        assert line.replace("#4812", "<strong>#4812</strong>").strip().split("   ")[0] in mail.html
    assert f'<html lang="{language}"' in mail.html
    assert 'data-mw="reply-above"' in mail.html


def test_the_packaged_templates_are_whole() -> None:
    files = read_templates(packaged("templates"))
    found = TemplateSet(files)
    assert found.problems == ()
    assert PACKAGED.names == KINDS.keys()
    assert {language for _, _, language in found.mails} == found.words.keys() == set(LANGUAGES)
    assert all(words.keys() == found.words["en"].keys() for words in found.words.values())


@pytest.mark.parametrize(
    ("wanted", "default", "taken"),
    [
        # the wish, the default of the rules, what is written
        ("de", "en", "de"),
        ("DE", "en", "de"),
        ("de-AT", "en", "de"),
        ("pt-BR", "en", "pt"),
        ("sk", "en", "cs"),
        ("sk-SK", "en", "cs"),
        ("sr-Latn", "en", "hr"),
        ("sr-Latn-RS", "pl", "pl"),  # no rule for it
        ("bs", "en", "hr"),
        ("uk", "de", "en"),
        ("be", "de", "ru"),
        ("ja", "pl", "pl"),
        ("ja", "fi", "en"),
        ("", "de", "de"),
        ("../../etc", "de", "de"),
    ],
)
def test_the_nearest_language_is_taken(wanted, default, taken) -> None:
    assert rendered(templates({}, default), wanted).language == taken


def test_a_file_of_the_override_folder_wins() -> None:
    own = templates(
        {
            "auto_ack/de.md.j2": mail_of("Hallo aus {{ site.name }}", "Neu {{ ticket.number }}"),
            "vip/en.md.j2": mail_of("For you"),
            "_strings/de.yaml": "reply_marker: Drüber!\n",
        }
    )
    mail = rendered(own, "de")
    assert (mail.subject, mail.trouble) == ("Neu 4812", ())
    assert mail.text.startswith("Drüber!\n\nHallo aus Acme\n\n-- \n")
    assert "weil Sie uns geschrieben haben" in mail.text  # the other words are the packaged ones
    assert rendered(own, "pl").subject == SUBJECTS["pl"]
    assert rendered(own, "de", template="vip").language == "en"
    assert own.names == {*KINDS, "vip"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_variant_that_the_mail_tells_apart_itself_says_one_sentence_more(language) -> None:
    usual, closed = (rendered(PACKAGED, language, variant) for variant in (None, "after_hours"))
    lines = usual.text.splitlines()
    (more,) = [line for line in closed.text.splitlines() if line not in lines]
    assert (closed.text.replace(f"{more}\n", ""), closed.subject, closed.trouble) == (usual.text, usual.subject, ())
    assert PACKAGED.written["auto_ack/after_hours"] == PACKAGED.written["auto_ack"]


def test_a_file_of_its_own_stands_before_what_the_mail_says_of_a_variant() -> None:
    site = templates({"auto_ack/after_hours.en.md.j2": mail_of("Closed."), "auto_ack/de.md.j2": mail_of("Wir.")})
    assert "Closed." in rendered(site, "en", "after_hours").text
    assert "Wir." in rendered(site, "de", "after_hours").text
    assert "Closed." not in rendered(site, "en").text


def test_a_variant_or_the_mail_itself() -> None:
    own = templates({"auto_ack/night.en.md.j2": mail_of("Good night")})
    assert "Good night" in rendered(own, "de", "night").text
    missing = rendered(own, "de", "noon")
    assert (missing.subject, missing.trouble) == (SUBJECTS["de"], ("auto_ack has no variant noon",))


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        # a template of the override folder that cannot be used, what is said about it
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ ticket.nope }}", "no attribute 'nope'"),
        ("{% for i in range(999) %}{% for k in range(999) %}xxxxxxxxxx{% endfor %}{% endfor %}", "writes too much"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ site.footer }}", "a list cannot be written"),
        ("{{ ''.__class__ }}", "auto_ack/de.md.j2 is broken"),
        ("{% if %}", "auto_ack/de.md.j2 is broken"),
    ],
)
def test_g08_what_fails_falls_back_to_the_packaged_text_of_the_same_language(body, trouble) -> None:
    mail = rendered(templates({"auto_ack/de.md.j2": mail_of(body)}), "de")
    assert (mail.subject, mail.language) == (SUBJECTS["de"], "de")
    assert trouble in mail.trouble[0]
    assert (mail.text, mail.html) == (rendered(PACKAGED, "de").text, rendered(PACKAGED, "de").html)


def test_a_layout_that_fails_falls_back_too() -> None:
    own = templates({"_layout.html.j2": "{{ nope }}", "_layout.txt.j2": "{{ content }}"})
    mail = rendered(own, "de")
    assert mail.html == rendered(PACKAGED, "de").html
    assert "nope" in mail.trouble[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_g08_the_last_word_is_a_fixed_sentence(language) -> None:
    mail = rendered(templates({"odd/en.md.j2": mail_of("{{ nope }}")}), language, template="odd")
    assert "nope" in mail.trouble[0]
    assert "#4812" in mail.subject
    assert mail.language == language
    assert "#4812" in mail.text
    assert "[mw:4812-k7q2m6dw3xh5ta4v]" in mail.text
    assert "#4812" in mail.html
    unknown = rendered(PACKAGED, language, template="nothing")
    assert (unknown.subject, unknown.trouble) == (mail.subject, ("no template nothing",))
    alone = PACKAGED.render("nothing", None, language, {**VALUES, "ticket": {"number": None}})
    assert "None" not in alone.subject + alone.text


def test_a_template_takes_a_second_at_most() -> None:
    ticks = iter(range(10_000))
    slow = "{% for i in range(999) %}{% endfor %}"
    files = read_templates(packaged("templates"))
    own = Templates(
        files, {"auto_ack/en.md.j2": mail_of(slow)}, "en", lambda: Budget(lambda: next(ticks) / 100, 1.0, 1 << 18)
    )
    mail = rendered(own)
    assert "takes too long" in mail.trouble[0]
    assert next(ticks) < 200


@pytest.mark.parametrize(
    ("path", "source", "problem"),
    [
        ("auto_ack/de.md.j2", "Hallo", "it begins with ---"),
        ("auto_ack/de.md.j2", "---\nsubject: x\n---\nHallo", "it begins with ---"),
        ("auto_ack/de.md.j2", "---\nsubject: x\npreheader: y\nfrom: z\n---\n", "it begins with ---"),
        ("auto_ack/de.md.j2", "---\nsubject: [x]\npreheader: y\n---\n", "words are"),
        ("auto_ack/de.md.j2", "---\n{{{\n---\n", "auto_ack/de.md.j2: "),
        ("auto_ack/de.md.j2", mail_of("{% include 'x' %}"), "Include is not in the language"),
        ("auto_ack/de.md.j2", mail_of("{{ x|safe }}"), "the filter safe"),
        ("_strings/de.yaml", "marker: x\n", "unknown word marker"),
        ("_strings/de.yaml", "- x\n", "words are"),
        ("_layout.html.j2", "x", ""),  # one layout alone is none
        ("auto_ack/German.md.j2", mail_of("x"), "no name of a template"),
        ("AUTO/de.md.j2", mail_of("x"), "no name of a template"),
    ],
)
def test_what_is_wrong_with_a_file_is_known_when_it_is_read(path, source, problem) -> None:
    found = templates({path: source})
    assert problem in "\n".join(found.problems)
    assert rendered(found, "de").subject == SUBJECTS["de"]


def test_files_are_read_from_a_folder(tmp_path) -> None:
    (tmp_path / "auto_ack").mkdir()
    (tmp_path / "auto_ack" / "de.md.j2").write_text(mail_of("Hallo"), "utf-8")
    assert "Hallo" in rendered(load_templates(tmp_path, "en", budget), "de").text
    (tmp_path / "auto_ack" / "pl.md.j2").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_templates(tmp_path, "en", budget)
    with pytest.raises(ConfigError, match="no templates there"):
        load_templates(tmp_path / "nothing", "en", budget)


def test_a_button_is_said_in_the_language_of_the_mail() -> None:
    own = templates({"auto_ack/pl.md.j2": mail_of("""{{ button("Sprawa już rozwiązana?", command="#solved") }}""")})
    mail = rendered(own, "pl")
    assert "\nSprawa już rozwiązana? Odpowiedz jednym słowem: #solved\n" in mail.text
    assert 'href="mailto:support+t4812.x@acme.test?body=%23solved">Sprawa już rozwiązana?</a>' in mail.html


def test_rendering_is_quick() -> None:
    rendered(PACKAGED, "ru")
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(20):
            rendered(PACKAGED, "ru")
        rounds.append((time.process_time() - started) / 20)
    assert min(rounds) < 0.001  # seconds of CPU; the quietest round, other programs share the machine
