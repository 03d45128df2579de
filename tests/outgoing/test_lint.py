"""Every mail in every language says what it should in every situation; and what is wrong with a template is found."""

from pathlib import Path

import pytest

from gateway.outgoing.fixtures import CASES, SITUATIONS, fixture, fixtures
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.lint import findings
from gateway.outgoing.markdown import Words
from tests.outgoing.letters import PACKAGED, VALUES, mail_of, templates

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_mails_are_clean(language) -> None:
    assert list(map(str, findings(PACKAGED, (language,)))) == []


def test_the_fixtures_give_what_the_table_of_mails_names() -> None:
    common = VALUES.keys() - KINDS["auto_ack"].values.keys() | {"team"}
    for mail, kind in KINDS.items():
        assert fixture(mail).keys() - common == kind.values.keys() - common, mail
        assert kind.defaults.keys() <= kind.values.keys()


def test_every_case_of_a_mail_is_a_fixture() -> None:
    assert CASES.keys() <= KINDS.keys()
    names = [name for name, _ in fixtures("hold")]
    assert len(names) == len(set(names)) == len(SITUATIONS) + len(CASES["hold"])


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        # a file of the site, what is found in it
        ("auto_ack/pl.md.j2", mail_of("{{ nope }}"), "'nope' is undefined"),
        ("auto_ack/pl.md.j2", mail_of("{{ ticket.number | plural(one='a', other='b') }}"), "plural has the forms few"),
        ("auto_ack/pl.md.j2", mail_of("x", "S" * 61), "the subject has 61 characters"),
        ("auto_ack/pl.md.j2", mail_of("x", "Hallo 🎉"), "a picture"),
        ("auto_ack/pl.md.j2", mail_of("x", preheader="P" * 91), "the preheader has 91 characters"),
        ("auto_ack/pl.md.j2", mail_of("word " * 7000), "the HTML has"),
        ("auto_ack/pl.md.j2", mail_of("[here](https://acme.test/)"), "does not say where it leads"),
        ("auto_ack/pl.md.j2", mail_of("{{ button('Ja', command='#solvd') }}"), "there is no command #solvd"),
        ("auto_ack/pl.md.j2", mail_of("{{ ''.__class__ }}"), "is not in the language of templates"),
        ("_layout.html.j2", "<script>{{ content }}</script>{{ why }}", "the tag <script> is not for mails"),
        ("_layout.html.j2", '<a href="http://x.test">{{ content }}</a>', "only https and mailto do"),
        ("vip/en.md.j2", mail_of("x"), "the mail is not written in this language"),
        ("_strings/pl.yaml", "reply_marker: x\nmarker: y\n", "unknown word marker"),
        ("_strings/sk.yaml", "reply_marker: x\n", "the word why_sent is missing"),
    ],
)
def test_what_is_wrong_is_found(path, source, said) -> None:
    files = {path: source}
    if path == "_layout.html.j2":
        files["_layout.txt.j2"] = "{{ marker }}{{ content }}"
    languages = ("pl", "sk") if "sk" in path else ("pl",)
    found = list(map(str, findings(templates(files), languages, only=("auto_ack", "vip"))))
    assert any(said in text for text in found), found


def test_one_fault_is_told_once() -> None:
    own = templates({"auto_ack/pl.md.j2": mail_of("{{ nope }}")})
    (found,) = findings(own, ("pl",), only=("auto_ack",))
    assert (found.file, found.fixture) == ("auto_ack/pl.md.j2", "plain")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_every_mail_says(language, request) -> None:
    said = "".join(
        f"=== {mail} ({name})\n{rendered.subject}\n\n{rendered.text}\n"
        for mail in KINDS
        for name, values in fixtures(mail)
        if name == "plain" or name.replace("-", "_") in CASES.get(mail, ())
        for rendered in (PACKAGED.render(mail, None, language, values, Words("…", ()) if mail == "canned" else None),)
    )
    golden = GOLDEN / f"mails.{language}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(said, "utf-8")
    assert said == golden.read_text("utf-8")
