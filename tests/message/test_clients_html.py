"""New words and quoted ones in the HTML of each mail program; what introduces a mail is in a language of nobody."""

import pytest

from gateway.message.reply_html import split_html
from tests.message.clients import FORWARDS, LABELS
from tests.message.read import body_of

MINE = "<div>Mine does too.</div><div><br></div><div>Can you send somebody on Friday?</div><div>Bo</div>"
NEW = "Mine does too.\n\nCan you send somebody on Friday?\nBo"
THEIRS = "<div>The printer hums.</div><div><br></div><div>Does yours?</div><blockquote>older words</blockquote>"
LINE = "Xyz 2. Plu 2026 q 09:12 Ann Lee plugh"
HEADER = "<b>Plugh:</b> Ann Lee<br><b>Xyzzy:</b> 2026-11-02 09:12<br><b>Quux:</b> Desk<br><b>Fnord:</b> RE: Printer"
WORD = '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="EN-GB">'

ABOVE = {
    # program: its HTML, {0} is the answer
    "Gmail": '<div dir="ltr">{0}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
    f'class="gmail_attr">{LINE}<br></div><blockquote class="gmail_quote" style="border-left:1px '
    f'solid rgb(204,204,204)">{THEIRS}</blockquote></div>',
    "Gmail with an indentation by hand": '<div dir="ltr">{0}</div><br><div class="gmail_quote"><div class="gmail_attr">'
    f'{LINE}</div><blockquote class="gmail_quote">{THEIRS}</blockquote></div>',
    "Outlook web": '<div class="elementToProof">{0}</div><div id="appendonsend"></div><hr style="width:98%">'
    f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{HEADER}</font></div><div>{THEIRS}</div>',
    "Outlook through another program": '<div>{0}</div><div id="x_appendonsend"></div><hr>'
    f'<div id="x_divRplyFwdMsg">{HEADER}</div><div>{THEIRS}</div>',
    "Outlook desktop": WORD + '<div class="WordSection1">{0}<div><div style="border:none;'
    "border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">"
    f"<p class=MsoNormal>{HEADER}</p></div></div>{THEIRS}</div></body></html>",
    "Outlook desktop that draws a line": WORD + "{0}<div style='border:none;border-left:solid blue 1.5pt;"
    f"padding:0cm 0cm 0cm 4.0pt'><div><p class='MsoNormal'>{HEADER}</p></div>{THEIRS}</div></body></html>",
    "Outlook phone": '<div>{0}</div><div id="ms-outlook-mobile-signature"></div><hr>'
    f'<div id="divRplyFwdMsg">{HEADER}</div>{THEIRS}',
    "Outlook phone, new": '<div>{0}</div><div id="mail-editor-reference-message-container">'
    f'<div class="ms-outlook-mobile-reference-message"><p>{HEADER}</p></div>{THEIRS}</div>',
    "Apple Mail": '<html><body>{0}<div><br><blockquote type="cite">'
    f'<div>{LINE}</div><br class="Apple-interchange-newline"><div>{THEIRS}</div></blockquote></div></body></html>',
    "iPhone": '<html><body dir="auto">{0}<div dir="ltr"><br><blockquote type="cite">'
    f'{LINE}<br></blockquote></div><blockquote type="cite"><div dir="ltr">{THEIRS}</div></blockquote></body></html>',
    "Thunderbird": f'<html><body>{{0}}<div class="moz-cite-prefix">{LINE}<br></div><blockquote type="cite" '
    f'cite="mid:1@x.test">{THEIRS}</blockquote></body></html>',
    "Yahoo": '<div class="ydp1a2b3c4dyahoo-style-wrap">{0}</div><div id="ydp5e6f7a8byahoo_quoted_0123456789" '
    f'class="ydp5e6f7a8byahoo_quoted"><div><div>{LINE}</div><div>{THEIRS}</div></div></div>',
    "Yahoo, old": f'<div>{{0}}</div><div class="yahoo_quoted" id="yahoo_quoted_0123456789">{LINE}{THEIRS}</div>',
    "ProtonMail": '<div>{0}</div><div class="protonmail_quote">'
    f'{LINE}<br><blockquote class="protonmail_quote" type="cite">{THEIRS}</blockquote></div>',
    "GMX": '<html><body><div>{0}<div>&nbsp;<div name="quote" style="padding: 10px 0 10px 10px; '
    f'border-left:2px solid #C3D9E5;">{HEADER}<div>{THEIRS}</div></div></div></div></body></html>',
    "Zimbra": '<html><body><div>{0}</div><hr id="zwchr" data-marker="__DIVIDER__">'
    f'<div>{HEADER}</div><div data-marker="__QUOTED_TEXT__">{THEIRS}</div></body></html>',
    "Zoho": f'<div>{{0}}</div><div class="zmail_extra"><div>{LINE}</div><blockquote id="blockquote_zmail">{THEIRS}'
    "</blockquote></div>",
    "mail.ru": '<html><body>{0}<blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">'
    f"{LINE}<br>{THEIRS}</blockquote></body></html>",
    "Yandex": '<div>{0}</div><div>02.11.2026, 09:12, "Ann Lee" &lt;ann@x.test&gt;:</div>'
    f"<blockquote>{THEIRS}</blockquote>",
    "Seznam": f'<div>{{0}}</div><br><aside class="quoted">---------- Původní e-mail ----------<br>{HEADER}</aside>'
    f'<br><blockquote data-email="ann@x.test">{THEIRS}</blockquote>',
    "wp.pl": '<div>{0}</div><div class="nh_extra"><p>Dnia 2 listopada 2026 09:12 Ann Lee &lt;ann@x.test&gt; napisał(a):'
    f"</p><blockquote>{THEIRS}</blockquote></div>",
    "Roundcube": f'<html><body>{{0}}<p id="reply-intro">{LINE}</p><blockquote type="cite" style="padding: 0 0.4em; '
    f'border-left: #1010ff 2px solid; margin: 0">{THEIRS}</blockquote></body></html>',
    "Spark": f'<div name="messageBodySection">{{0}}</div><div name="messageReplySection">{LINE}<br/>'
    f'<blockquote type="cite" class="spark_quote">{THEIRS}</blockquote></div>',
    "Tutanota": f"<div>{{0}}</div><br>2. 11. 2026, 09:12 ann@x.test:<br>"
    f'<blockquote class="tutanota_quote">{THEIRS}</blockquote>',
    "K-9": '<!DOCTYPE html><html><body>{0}<br><br><div class="gmail_quote">'
    f'{LINE}<blockquote class="gmail_quote" style="border-left: 1px solid">{THEIRS}</blockquote></div></body>',
    "FairEmail": f'<div fairemail="body">{{0}}</div><div fairemail="quote"><p>{LINE}</p>'
    f'<blockquote style="border-left:3px solid #ccc; padding-left:3px">{THEIRS}</blockquote></div>',
    "eM Client": '<div>{0}</div><div><div>------ Original Message ------</div>'
    f'<blockquote cite="mid:1" type="cite" class="cite2">{THEIRS}</blockquote></div>',
}  # fmt: skip


@pytest.mark.parametrize("program", ABOVE)
def test_an_answer_above(program: str) -> None:
    html = ABOVE[program].replace("{0}", MINE)
    found = split_html(html)
    assert found.new in (NEW, f"{NEW}\n\n{LINE}", f"{NEW}\n{LINE}")  # a bare line in no language is nobody's
    assert "hums" in found.quoted
    message = body_of(html.encode(), "text/html; charset=utf-8")
    assert (message.text, message.quoted) == (found.new, found.quoted)


BELOW = {
    "Thunderbird": f'<div>Hello Ann,</div><div class="moz-cite-prefix">{LINE}<br></div><blockquote type="cite">{THEIRS}'
    "</blockquote>{0}",
    "Gmail": f'<div class="gmail_quote"><div class="gmail_attr">{LINE}</div><blockquote class="gmail_quote">{THEIRS}'
    "</blockquote></div>{0}",
    "Roundcube": f'<p>Hello Ann,</p><p id="reply-intro">{LINE}</p><blockquote type="cite">{THEIRS}</blockquote>{{0}}',
}


@pytest.mark.parametrize("program", BELOW)
def test_an_answer_below(program: str) -> None:
    found = split_html(BELOW[program].replace("{0}", MINE))
    assert found.new.removeprefix("Hello Ann,").strip() == NEW
    assert "hums" not in found.new


@pytest.mark.parametrize(
    ("html", "new"),
    [
        # indentations by hand are words of the writer
        (f"{WORD}<p>It says</p><blockquote>E 42</blockquote></body>", "It says\n\nE 42"),
        ("<p>It says</p><blockquote>E 42</blockquote>" + ABOVE["Thunderbird"].replace("{0}", ""), "It says\n\nE 42"),
        ("<p>It says</p><blockquote>E 42</blockquote><p>Why?</p>", "It says\n\n> E 42\n\nWhy?"),
        # ends the element with all the words above: what follows outside came on the way
        ("<div>Yes.<blockquote>It hums.</blockquote></div><p>Confidential.</p>", "Yes.\nConfidential."),
        ("<p>Hello</p><div>Yes.<blockquote>It hums.</blockquote></div><p>Bo</p>", "Hello\n\nYes.\n\n> It hums.\n\nBo"),
        # quoted words at the end, by a program that nobody knows
        ("<p>Yes.</p><blockquote>It hums.</blockquote>", "Yes."),
        ("<p>Yes.</p><blockquote><p>On 2 Nov 2026 Ann wrote:</p><div class=gmail_attr>x</div>It</blockquote>", "Yes."),
        # names of elements in words mean nothing
        ('<p>Yes.</p><p>class="gmail_quote" type=cite</p>', 'Yes.\n\nclass="gmail_quote" type=cite'),
    ],
)
def test_quotations_that_no_program_marked(html: str, new: str) -> None:
    assert split_html(html).new == new


def _forwards(language: str) -> dict[str, str]:
    """Program -> the HTML of a mail that forwards another one below "Please look."."""
    apple, thunderbird, _ = FORWARDS[language]
    names = LABELS[language]
    values = ("Ann Lee &lt;<a href='mailto:ann@x.test'>ann@x.test</a>&gt;", names[4], "desk@x.test", "Printer")
    pairs = list(zip(names, values, strict=False))
    block = "".join(f"<b>{name}:</b> {value}<br>" for name, value in pairs)
    rows = "".join(f"<tr><th align=right>{name}: </th><td>{value}</td></tr>" for name, value in pairs)
    mine, theirs = "<div>Please look.</div>", "<div>The printer hums.</div><div><br></div><div>Ann</div>"
    return {
        "Gmail": f'{mine}<br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------'
        f"<br>{block}</div><br><br>{theirs}</div>",
        "Outlook web": f'{mine}<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{block}</div>{theirs}',
        "Outlook desktop": f"{WORD}{mine}<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm'>"
        f"<p class=MsoNormal>{block}</p></div>{theirs}</body>",
        "Apple Mail": f'{mine}<div><blockquote type="cite"><div>{apple}</div><br><div>{block}</div><br>{theirs}'
        "</blockquote></div>",
        "Thunderbird": f'{mine}<div class="moz-forward-container">{thunderbird}<table class="moz-email-headers-table">'
        f"{rows}</table><br>{theirs}</div>",
        "ProtonMail": f'{mine}<div class="protonmail_quote">------- Forwarded Message -------<br>{block}<br>'
        f'<blockquote class="protonmail_quote" type="cite">{theirs}</blockquote></div>',
        "GMX": f'{mine}<div name="quote" style="border-left:2px solid #C3D9E5;"><div>{block}</div>{theirs}</div>',
    }


@pytest.mark.parametrize("language", ["en", "de", "pl", "cs", "pt", "hr", "ru", "fr", "tr"])
@pytest.mark.parametrize("program", _forwards("en"))
def test_a_forward(program: str, language: str) -> None:
    raw = _forwards(language)[program].encode()
    message = body_of(raw, "text/html; charset=utf-8", f"Subject: {FORWARDS['pt'][2]}: Printer")
    found = message.forward
    assert found is not None
    assert (str(found.author), found.subject, found.date) == ("Ann Lee <ann@x.test>", "Printer", LABELS[language][4])
    assert found.text == "The printer hums.\n\nAnn"
    assert found.comment == "Please look."
    assert message.quoted == ""
