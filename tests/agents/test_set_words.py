"""What an agent sets bold, in lists, with links and pictures: whatever his program is, the customer gets the same mail.

Not here  which words are the same (tests/message/test_same_words.py), how they are written (tests/outgoing/).
"""

import re
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store import held_mail
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, newest, proven, quoted, read, reply, reply_address, text_of
from tests.agents.set_by_programs import PNG, PROGRAMS, Program, answered, built
from tests.processing import Desk, mail

pytestmark = pytest.mark.sqlite  # no statement is new
_ID = f"{sha256(PNG).hexdigest()[:32]}@gw.test"
TEXT = """Hi Jan,

please do this:

- Restart the router and wait until each of its lamps is green, which takes a while
- Wait two minutes

See our page (https://acme.test/help?a=1&b=2).

[router.png]

Does it work?"""
HTML = f"""<p>Hi Jan,</p>
<p>please do <strong>this</strong>:</p>
<ul>
<li><strong>Restart</strong> the router and wait until each of its lamps is green, which takes a while</li>
<li>Wait <em>two</em> minutes</li>
</ul>
<p>See <a href="https://acme.test/help?a=1&amp;b=2" style="color:#0b57d0">our page</a>.</p>
<p><img src="cid:{_ID}" alt="router.png" width="552" style="max-width:100%;height:auto"></p>
<p>Does it work?</p>
"""
FORMATTED = ["text/plain", "multipart/related", "text/html", "image/png"]
BOLD, BOLD_HTML = "It is *not* ready.", "<p>It is <b>not</b> ready.</p>"


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann was told."""
    return desk_of(store, settings)


def desk_of(store: Store, settings: Settings) -> Desk:
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan Kowalski <{JAN}>", "Zwrot", "The router does not start.", Message_ID="<j1@bigbank.test>"))
    return made


def takes(desk: Desk, plain: str, html: str) -> None:
    """Ann answers with these two parts, and the picture `x`."""
    notice = newest(desk, ANN, "agent_notice")
    raw = built(Program("x"), [plain], html, read(notice), reply_address(notice))
    desk.take(proven(raw), to=reply_address(notice))


def html_of(sent: EmailMessage) -> str:
    """The words of its HTML, without the layout around and the signature of the team."""
    part = sent.get_body(("html",))
    assert part is not None
    content = str(part.get_content()).replace("\r\n", "\n")
    return content.partition("</p>\n")[2].partition("<p>Acme Support</p>")[0].replace("\xa0", " ")


def types(sent: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in sent.walk()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_whatever_the_program_the_customer_gets_what_was_set(desk: Desk, program: str) -> None:
    notice = newest(desk, ANN)
    outcome = desk.take(proven(answered(program, read(notice), reply_address(notice))), to=reply_address(notice))
    assert outcome.disposition == "entry", outcome.reason
    sent = read(newest(desk, JAN, "answer"))
    assert html_of(sent) == HTML
    assert f"\n\n{TEXT}\n\nAcme Support\n" in text_of(newest(desk, JAN, "answer")).replace("\r\n", "\n")
    entry = desk.entries(1)[-1]
    assert (entry.text, [each.name for each in entry.attachments]) == (TEXT, ["router.png"])
    assert types(sent) == ["multipart/alternative", *FORMATTED]
    (shown,) = (part for part in sent.walk() if part.get_content_maintype() == "image")
    found = (shown["Content-ID"], shown.get_content_disposition(), shown.get_payload(decode=True))
    assert found == (f"<{_ID}>", "inline", PNG)
    assert not re.search(r"01DB3C5A|agents\.test|ii_m8|Mso|elementToProof", newest(desk, JAN, "answer").raw.decode())


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "HTML alone"])  # it gives no commands
def test_commands_above_fall_away_in_both_parts(desk: Desk, program: str) -> None:
    notice = newest(desk, ANN)
    raw = answered(program, read(notice), reply_address(notice), "#solved")
    desk.take(proven(raw), to=reply_address(notice))
    assert desk.ticket(1).status == "solved"
    sent = newest(desk, JAN, "answer")
    words = html_of(read(sent))
    assert words.startswith(HTML)
    assert words.removeprefix(HTML).count("<p>") == 1  # the line of the template that says so
    assert f"\n\n{TEXT}\n\n" in text_of(sent).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        # what the plain part says, what the HTML says
        ("It is ready.", "<p>It is <s>not</s> ready.</p>"),
        ("It is ready.", "<p>It is <b>not</b> ready.</p>"),
        ("It is ready.", '<p>It is ready.</p><p><a href="https://evil.test/">Pay here</a></p>'),
        ("See here.", '<p>See <a href="https://acme.test/x">here</a>.</p>'),
        ("It is ready.", "<p>It is <b>ready</b>.<span style='display:none'>Not.</span></p>"),
    ],
)
def test_html_that_says_something_else_goes_to_nobody(desk: Desk, plain: str, html: str) -> None:
    takes(desk, plain, html)
    found = [m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"]
    assert "evil.test" not in "".join(m.raw.decode() for m in found)
    for sent in found:
        words = html_of(read(sent))
        assert not re.search(r"<(?!/?(p|br)>)", words)
        assert words.strip() == f"<p>{plain}</p>"


@pytest.mark.parametrize(
    ("plain", "html", "told"),
    [
        # what the plain part says, what the HTML says, what Ann is asked about
        ("The price is 100 200 EUR.", "<p>The price is <s>100</s> 200 EUR.</p>", "struck through"),
        ("", "<p>We will <strike>not</strike> pay.</p>", "struck through"),
        ("", "<div>Hello Jan.</div><div style='display:none !important'>He is nasty.</div>", "may hide words"),
        ("", "<div>Hello Jan.</div><p hidden>He is nasty.</p>", "may hide words"),
    ],
)
def test_words_that_their_reader_would_not_take_for_said_are_asked_about(
    desk: Desk, plain: str, html: str, told: str
) -> None:
    notice = newest(desk, ANN)
    raw = built(Program("x"), [plain] if plain else [], html, read(notice), reply_address(notice))
    assert desk.take(proven(raw), to=reply_address(notice)).reason == "held: risk (h-1)"
    assert told in text_of(newest(desk, ANN, "hold"))
    assert [m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"] == []
    reply(desk, newest(desk, ANN, "hold"), "#send")
    assert [m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"] != []


@pytest.mark.parametrize("plain", ["[image: router.png]", "\ufffc", "[cid:x]"])
def test_a_picture_alone_is_shown_and_no_words_stand_for_it(desk: Desk, plain: str) -> None:
    takes(desk, plain, '<div><img src="cid:x" alt="router.png"></div>')
    sent = newest(desk, JAN, "answer")
    assert "image/png" in types(read(sent))
    assert '<img src="cid:' in html_of(read(sent))
    assert plain == "[image: router.png]" or plain not in text_of(sent)


def test_what_is_held_is_sent_as_it_was_set(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(mail(f"Jan Kowalski <{JAN}>", "Re: Zwrot", "And when?", In_Reply_To=newest(desk, JAN).message_id))
    raw = answered("Gmail", read(notice), reply_address(notice))
    assert desk.take(proven(raw), to=reply_address(notice)).reason == "held: collision (h-1)"
    reply(desk, newest(desk, ANN, "hold"), "#send")
    assert html_of(read(newest(desk, JAN, "answer"))) == HTML


def test_what_is_held_with_too_much_html_is_sent_plain(desk: Desk) -> None:
    takes(desk, BOLD, BOLD_HTML + "<p>" + "x" * (256 << 10) + "</p>")
    assert html_of(read(newest(desk, JAN, "answer"))).strip() == "<p>It is *not* ready.</p>"


def test_what_leaves_later_and_what_is_only_tried_is_set_alike(desk: Desk) -> None:
    takes(desk, f"#dry\n\n{BOLD}", f"<p>#dry</p>{BOLD_HTML}")
    assert "It is not ready." in text_of(newest(desk, ANN, "receipt"))
    takes(desk, f"#send in 10m\n\n{BOLD}", f"<p>#send in 10m</p>{BOLD_HTML}")
    assert html_of(read(newest(desk, JAN, "answer"))).strip() == "<p>It is <strong>not</strong> ready.</p>"


@pytest.mark.parametrize("where", ["plain", "target", "escaped", "twice"])
def test_an_address_that_was_made_for_an_agent_goes_to_nobody(desk: Desk, where: str) -> None:
    notice = newest(desk, ANN)
    ours = reply_address(notice)
    target = ours.replace(".", "%2E").replace("+", "%2B") if where == "escaped" else ours
    target = ours.replace("+", "%252B") if where == "twice" else target
    words = ours if where == "plain" else "me"
    takes(desk, f"Write to {words} <mailto:{target}>.", f'<p>Write to <a href="mailto:{target}">{words}</a>.</p>')
    assert [m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"] == []
    assert "leak" in desk.write(lambda c: held_mail.waiting(c, 9))[0].code


def test_a_note_is_plain(desk: Desk) -> None:
    takes(desk, f"#note\n\n{BOLD}", f"<p>#note</p>{BOLD_HTML}")
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.text) == ("note", BOLD)


def test_a_picture_that_no_words_show_is_a_file_and_that_of_a_signature_stays(desk: Desk) -> None:
    takes(desk, BOLD, BOLD_HTML)
    sent = read(newest(desk, JAN, "answer"))
    assert types(sent) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]
    takes(desk, f"{BOLD}\n\n-- \nAnn Agent", f'{BOLD_HTML}<p>-- <br>Ann Agent<br><img src="cid:x"></p>')
    assert types(read(newest(desk, JAN, "answer"))) == ["multipart/alternative", "text/plain", "text/html"]
    assert desk.entries(1)[-1].attachments == ()


_OLD = '---\nsubject: "A"\npreheader: "B"\n---\n{% for paragraph in answer.paragraphs %}\n{% for line in paragraph %}\n'
_OLD += "{{ line }}\n{% endfor %}\n\n{% endfor %}\nOf our own.\n"


def test_a_template_without_a_place_for_them_says_the_words_in_paragraphs(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "own" / "answer").mkdir(parents=True)
    (tmp_path / "own" / "answer" / "en.md.j2").write_text(_OLD, "utf-8")
    paths = settings.paths.model_copy(update={"templates": tmp_path / "own"})
    desk = desk_of(store, settings.model_copy(update={"paths": paths}))
    takes(desk, f"{BOLD}\n[cid:x]", f'{BOLD_HTML}<img src="cid:x">')
    sent = read(newest(desk, JAN, "answer"))
    assert html_of(sent).startswith("<p>It is not ready.<br>\n[router.png]</p>\n<p>Of our own.</p>")
    assert [part.get_content_disposition() for part in sent.walk()][-1] == "attachment"
    assert [m.template for m in desk.mails() if m.template == "alarm"] == []


def test_a_canned_answer_stands_below(store: Store, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "own" / "answers" / "address").mkdir(parents=True)
    (tmp_path / "own" / "snippets" / "hello").mkdir(parents=True)
    canned = "---\ntitle: T\nattach: [a.txt]\n---\n- **Long** Street 1, [[customer.name]]\n"
    (tmp_path / "own" / "answers" / "address" / "files").mkdir()
    (tmp_path / "own" / "answers" / "address" / "files" / "a.txt").write_text("A")
    (tmp_path / "own" / "answers" / "address" / "en.md").write_text(canned)
    (tmp_path / "own" / "snippets" / "hello" / "en.md").write_text("---\ntitle: H\n---\n**Hello**\n")
    paths = settings.paths.model_copy(update={"templates": tmp_path / "own"})
    desk = desk_of(store, settings.model_copy(update={"paths": paths}))
    orders = "#macro hello\n#answer address\n\n"
    html = f'<p>#macro hello</p><p>#answer address</p>{BOLD_HTML}<ul><li>one</li></ul><img src="cid:x">'
    takes(desk, f"{orders}{BOLD}\n\n* one", html)
    sent = read(newest(desk, JAN, "answer"))
    words = re.sub(r"<img[^>]*>", "IMG", html_of(sent))
    assert words == (
        "<p>Hello</p>\n<p>It is <strong>not</strong> ready.</p>\n<ul>\n<li>one</li>\n</ul>\n<p>IMG</p>\n"
        "<ul>\n<li><strong>Long</strong> Street 1, Jan Kowalski</li>\n</ul>\n"
    )
    assert types(sent) == ["multipart/mixed", "multipart/alternative", *FORMATTED, "text/plain"]
    said = [(each.name, each.part) for each in desk.entries(1)[-1].attachments]
    assert said == [("router.png", "1.2.2"), ("a.txt", "1.2")]


def test_the_customer_quotes_it_and_only_his_words_are_new(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(proven(answered("Outlook", read(notice), reply_address(notice))), to=reply_address(notice))
    sent = newest(desk, JAN, "answer")
    raw = mail(
        f"Jan Kowalski <{JAN}>", "Re: Zwrot", quoted(sent, "It works, thanks a lot."), In_Reply_To=sent.message_id
    )
    desk.take(raw, to=reply_address(sent))
    assert desk.entries(1)[-1].text == "It works, thanks a lot."
