"""A canned reply says what its file says, with each token replaced once; where anything is wrong, it says nothing."""

from pathlib import Path

import pytest

from gateway.errors import PoisonError
from gateway.outgoing.canned import MOST_OCTETS, Library, read_library
from gateway.outgoing.fixtures import fixture
from gateway.outgoing.lint import findings
from gateway.outgoing.markdown import Words
from gateway.outgoing.render import load_templates
from gateway.ticket.saying import Saying, english, saying, worded
from tests.outgoing.letters import PACKAGED, budget, letter, mail_of, read, templates, text_of
from tests.outgoing.letters import desk as desk_of

GUIDE = """---
title: Photos wanted
vars: {order: text, until: date, carrier: [DHL, UPS]}
sets: {status: pending, tags: [photos], field.order: "[[order]]"}
suggest: [damaged, beschädigt]
attach: [guide.pdf]
---
Please send **two photos** for order [[order]] until [[until]], [[customer.name]]:

- the parcel of [[carrier]]
- the label ([how to](https://help.acme.test/photos?order=[[order]]))
"""
VALUES = {
    "order": "PL-10442",
    "until": "2026-12-01",
    "carrier": "DHL",
    "customer.name": "Jan",
    "ticket.number": "4812",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "answers/photos/en.md", GUIDE)
    write(tmp_path, "answers/photos/de.md", GUIDE.replace("Please send", "Bitte senden Sie"))
    write(tmp_path, "answers/photos/files/guide.pdf", "%PDF-1.7")
    write(tmp_path, "snippets/thanks/en.md", "---\ntitle: Thanks\n---\nThank you, *[[agent.name]]*.\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_it_says_what_its_file_says(folder: Path) -> None:
    library = read_library(folder)
    assert library.problems == ()
    said = library.spoken("photos", "de-AT", VALUES)
    assert said.words.text == (
        "Bitte senden Sie two photos for order PL-10442 until 1. Dezember 2026, Jan:\n\n"
        "- the parcel of DHL\n- the label (how to (https://help.acme.test/photos?order=PL-10442))"
    )
    assert (said.canned.language, said.canned.tags) == ("de", ("photos",))
    assert said.sets == (("status", "pending"), ("field.order", "PL-10442"))
    assert [(f.name, f.media_type, f.octets) for f in said.files()] == [("guide.pdf", "application/pdf", b"%PDF-1.7")]
    assert ("#answer photos", "photos", ("damaged", "beschädigt")) in [
        (each.command, each.text, each.signs) for each in library.suggestions
    ]


@pytest.mark.parametrize(("name", "language", "changed", "kind", "why"), [
    # which, its language, other values, snippet or answer, why nothing is said
    ("photos", "en", {"order": ""}, None, "“photos” needs a value for [[order]]"),
    ("photos", "en", {"order": "\r\n\x00 "}, None, "“photos” needs a value for [[order]]"),
    ("photos", "en", {"customer.name": ""}, None, "“photos” needs a value for [[customer.name]]"),
    ("photos", "en", {"until": "tomorrow"}, None, "“tomorrow” does not fit [[until]]. Expected: 2026-12-01"),
    ("photos", "en", {"carrier": "GLS"}, None, "“GLS” does not fit [[carrier]]. Expected: DHL, UPS"),
    ("photos", "en", {"ordr": "x"}, None, "“photos” has no [[ordr]]; its own are: order, until, carrier"),
    ("photos", "ja", {}, None, "“photos” is not written in “ja”; it is in de, en"),
    ("photos", "en", {}, "snippet", "there is no canned reply “photos”; known: thanks"),
    ("foto", "en", {}, None, "there is no canned reply “foto”; known: photos, thanks"),
])  # fmt: skip
def test_what_is_missing_is_named_and_nothing_is_said(folder, name, language, changed, kind, why) -> None:
    said = read_library(folder).spoken(name, language, VALUES | changed, kind)
    assert isinstance(said, Saying)
    assert worded(said, english(templates({}).words("en"))) == why


HOSTILE = ("{{ 7*7 }}", "[[customer.name]]", "**bold**", "<b>x</b>", "[x](https://evil.test)", "\ue000\ue001", "a\nb")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_text_and_is_never_read_again(folder: Path, value: str) -> None:
    said = read_library(folder).spoken("photos", "en", VALUES | {"order": value, "customer.name": "\u202eJan"})
    shown = value.replace("\n", " ").replace("\ue000\ue001", "")
    if not shown:
        assert isinstance(said, Saying)
        return
    assert f"order {shown} until" in said.words.text
    assert "2026, Jan:" in said.words.text
    assert said.sets[1] == ("field.order", shown)


@pytest.mark.parametrize(("name", "text", "said"), [
    # a file, what stands in it, what is wrong with it
    ("snippets/x/en.md", "Hello", "it begins with --- title: … ---"),
    ("snippets/x/en.md", "---\ntitle: X\n---\n", "it says nothing"),
    ("snippets/x/en.md", "---\nname: X\n---\nx", "“name” is none of title, vars, sets, suggest, attach"),
    ("snippets/x/en.md", "---\ntitle: X\n---\n[[order]]", "there is no [[order]]; known: ticket.number"),
    ("snippets/x/en.md", "---\ntitle: X\n---\n[[ticket.number", "a [[ is never closed"),
    ("snippets/x/en.md", "---\ntitle: X\n---\n<b>x</b>", "HTML is not for mails: <b>"),
    ("snippets/x/en.md", "---\ntitle: X\n---\n[x](http://x.test)", "only https and mailto do"),
    ("snippets/x/en.md", "---\ntitle: X\nvars: {A: text}\n---\nx", "“A” is no name of a variable"),
    ("snippets/x/en.md", "---\ntitle: X\nvars: {a: colour}\n---\nx", "vars: a: one of text, number, date, or a list"),
    ("snippets/x/en.md", "---\ntitle: X\nsets: {team: a}\n---\nx", "sets: “team” is none of status, priority, tags"),
    ("snippets/x/en.md", "---\ntitle: X\nattach: [a.pdf]\n---\nx", "there is no file files/a.pdf"),
    ("answers/x/en.md", "---\ntitle: X\nattach: [../../photos/files/guide.pdf]\n---\nx", "there is no file files/../"),
    ("answers/x/en.md", "---\ntitle: [\n---\nx", "while parsing"),
    ("answers/thanks/de.md", "---\ntitle: X\n---\nx", ""),  # the snippet comes second, and is told
    ("answers/photos/pl.md", "---\ntitle: X\n---\nx", "its vars are others than those of de.md"),
    ("answers/X/en.md", "---\ntitle: X\n---\nx", "it is called snippets/NAME/LANG.md or answers/NAME/LANG.md"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_left_out_and_named(folder, name, text, said) -> None:
    write(folder, name, text)
    problems = read_library(folder).problems
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: " if said else "snippets/thanks/en.md: there is a snippet and an answer")
    assert said in problems[0]


def test_a_snippet_attaches_nothing_and_no_link_leads_to_another_file(folder: Path) -> None:
    write(folder, "snippets/x/en.md", "---\ntitle: X\nattach: [a.pdf]\n---\nx")
    write(folder, "snippets/x/files/a.pdf", "x")
    (folder / "answers/photos/files/secret.pdf").symlink_to("/etc/hostname")
    write(folder, "answers/y/en.md", "---\ntitle: Y\nattach: [secret.pdf]\n---\ny")
    (folder / "answers/y/files").mkdir()
    (folder / "answers/y/files/secret.pdf").symlink_to("/etc/hostname")
    assert [problem.partition(": ")[2] for problem in read_library(folder).problems] == [
        "there is no file files/secret.pdf",
        "a snippet stands among other words: only answers attach files",
    ]


def test_files_that_are_gone_or_have_grown_are_not_sent(folder: Path) -> None:
    said = read_library(folder).spoken("photos", "en", VALUES)
    guide = folder / "answers/photos/files/guide.pdf"
    guide.write_bytes(b"x" * (MOST_OCTETS + 1))
    with pytest.raises(PoisonError, match="more than 10 MiB"):
        said.files()
    guide.unlink()
    with pytest.raises(PoisonError, match=r"guide\.pdf of photos cannot be read: No such file"):
        said.files()


@pytest.mark.parametrize("template", ["answer", "canned"])
def test_a_mail_carries_it_with_its_layout_and_its_files(folder: Path, template: str) -> None:
    desk = desk_of(templates=load_templates(folder, "en", budget))
    said = {"answer": {"paragraphs": [["Hello <Jan>,"]], "signature": [["Acme *Support*"]]}}
    values = VALUES | {"order": "<b>&*x*"}
    made = letter(desk, template=template, variant="photos", language="de", values=said, canned=values)
    assert made.trouble == ()
    mail = read(made.raw)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    assert (mail["Content-Language"], "Bitte oberhalb" in text_of(made.raw)) == ("de", True)
    html = text_of(made.raw, "html")
    assert "Bitte senden Sie <strong>two photos</strong> for order &lt;b&gt;&amp;*x* until" in html
    assert 'href="https://help.acme.test/photos?order=%3Cb%3E%26%2Ax%2A"' in html
    assert "for order <b>&*x* until 1. Dezember 2026, Jan:" in text_of(made.raw)
    if template == "answer":
        above, _, below = html.partition("two photos")
        assert "Hello &lt;Jan&gt;," in above
        assert "Acme *Support*" in below


def test_its_signs_are_read_as_markdown_and_written_as_they_are() -> None:
    words = Words('It\'s “A & B”: 1 < 2.\n\n> as "agreed"', ())
    said = PACKAGED.render("answer", None, "en", fixture("answer"), words)
    assert '\n\nIt\'s “A & B”: 1 < 2.\n\n  as "agreed"\n\n' in said.text
    assert "<p>It's “A &amp; B”: 1 &lt; 2.</p>\n<blockquote " in said.html


def test_a_reply_that_cannot_be_said_is_never_half_a_mail(folder: Path) -> None:
    desk = desk_of(templates=load_templates(folder, "en", budget))
    with pytest.raises(PoisonError, match="needs a value for"):
        letter(desk, template="canned", variant="photos", language="en", canned={})


def test_a_template_that_would_lose_the_words_is_not_taken(folder: Path) -> None:
    write(folder, "answer/en.md.j2", mail_of("{% for p in answer.paragraphs %}{{ p | first }}{% endfor %}"))
    own = load_templates(folder, "en", budget)
    said = {"answer": {"paragraphs": [["Hello"]], "signature": []}}
    made = letter(
        desk_of(templates=own), template="answer", variant="photos", language="en", values=said, canned=VALUES
    )
    assert "two photos" in text_of(made.raw)
    assert ["would be lost" in each for each in made.trouble] == [True]
    assert any("would be lost" in str(each) for each in findings(own, ("en",), only=("answer",)))


def test_check_finds_what_is_unwise_and_what_is_not_translated(folder: Path) -> None:
    write(folder, "snippets/thanks/en.md", "---\ntitle: Thanks\n---\n[here](https://acme.test/)\n")
    found = [str(f) for f in findings(load_templates(folder, "en", budget), ("en", "de")) if "s/" in f.file]
    assert found == [
        "snippets/thanks/en.md: the link “here” does not say where it leads",
        "snippets/thanks/de.md: the reply is not written in this language",
    ]


def test_no_canned_replies_are_none() -> None:
    assert templates({}).canned.spoken("x", "en", {}) == saying("done_no_canned", name="x", known="—")
    assert Library().suggestions == ()
