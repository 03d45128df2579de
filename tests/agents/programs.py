"""How mail programs answer a mail of ours: what each makes of it in both parts, one description for all its languages.

Not here  what each writes above a quote (tests/message/clients.py), mails made with a hand (mails.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from html.parser import HTMLParser
from textwrap import wrap
from typing import Literal

from tests.message.clients import LABELS, LINES

LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
Form = Literal["plain", "both"]
_RULE = "_" * 32
_BLOCKS = frozenset({"p", "div", "table", "tr", "blockquote", "h1", "h2", "ul", "ol", "li", "pre"})
SIGNATURES = {
    "en": "Best regards\nAnn Agent\nCustomer Care | Acme Ltd.\n12 Long Street, London E1 6AN\nTel. +44 20 7946 0000",
    "de": "Mit freundlichen Grüßen\nAnn Agent\nKundendienst\nAcme GmbH, Lange Str. 12, 10115 Berlin\nTel. +49 30 900 0",
    "pl": "Pozdrawiam\nAnn Agent\nObsługa klienta, wewn. 4711\nAcme Sp. z o.o., ul. Długa 12, 00-950 Warszawa",
    "cs": "S pozdravem\n\nAnn Agent\nZákaznická podpora\nAcme s.r.o., Dlouhá 12, 110 00 Praha 1",
    "pt": "Atenciosamente,\nAnn Agent\nApoio ao cliente\nTelemóvel: +351 910 000 000",
    "hr": "Srdačan pozdrav,\n\nAnn Agent\nPodrška korisnicima\nMob. +385 91 000 0000",
    "ru": "С уважением,\nAnn Agent\nПоддержка клиентов\nтел. +7 495 000-00-00, доб. 4711",
}
_PHONE = {
    "en": ("Sent from my iPhone", "Get Outlook for iOS"),
    "de": ("Von meinem iPhone gesendet", "Outlook für iOS beziehen"),
    "pl": ("Wysłane z iPhone'a", "Pobierz program Outlook dla systemu iOS"),
    "cs": ("Odesláno z iPhonu", "Získat Outlook pro iOS"),
    "pt": ("Enviado do meu iPhone", "Obter o Outlook para iOS"),
    "hr": ("Poslano s mog iPhonea", "Nabavite Outlook za iOS"),
    "ru": ("Отправлено с iPhone", "Получить Outlook для iOS"),
}


@dataclass(frozen=True, slots=True)
class Program:
    """What a program does. In `plain` and `html`: {above} the new words with the signature, {quote} the other mail."""

    plain: str
    html: str
    line: int | None  # which of LINES introduces the quote; None: the header of LABELS does
    mark: str = "> "
    bold: str = ""
    link: str = "{text} <{url}>"
    wraps: int = 0  # columns, with the marks
    own: int | None = None  # which of _PHONE it writes below what is new
    dashes: str = "-- \n"
    quote: str = '<blockquote type="cite">{}</blockquote>'
    renames: str = ""  # what classes begin with in what it quotes


PROGRAMS = {
    "Gmail": Program(
        "{above}\n\n{line}\n\n{quote}\n",
        '<div dir="ltr">{above}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
        'class="gmail_attr">{line}<br></div>{quote}</div>\n',
        0, bold="*", wraps=76, renames="m_-473861",
        quote='<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid '
        'rgb(204,204,204);padding-left:1ex">{}</blockquote>',
    ),
    "Outlook": Program(
        "{above}\n\n{header}\n\n{quote}\n",
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator content="Microsoft Word '
        '15">'
        "<style><!-- p.MsoNormal {{margin:0cm;}} --></style></head><body lang=DE><div class=WordSection1>{above}"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:"
        "3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{header}<o:p></o:p></p></div></div>{quote}</div></body></html>\n",
        None, mark="", link="{text}<{url}>", dashes="", quote="<div>{}</div>", renames="Mso",
    ),
    "Outlook web": Program(
        "{above}\n\n" + _RULE + "\n{header}\n\n{quote}\n",
        '<html><body dir="ltr"><div class="elementToProof">{above}</div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font '
        'face="Calibri" style="font-size:11pt" color="#000000">{header}</font></div>{quote}</body></html>\n',
        None, mark="", link="{text}<{url}>", dashes="", quote="<div>{}</div>", renames="x_",
    ),
    "Outlook phone": Program(
        "{above}\n" + _RULE + "\n{header}\n\n{quote}\n",
        '<html><body><div dir="ltr">{above}</div><hr style="display:inline-block;width:98%" tabindex="-1">'
        '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt">{header}</font>'
        "<div>&nbsp;</div></div>{quote}</body></html>\n",
        None, mark="", link="{text}<{url}>", own=1, dashes="", quote="<div>{}</div>", renames="x_",
    ),
    "Apple Mail": Program(
        "{above}\n\n> {line}\n> \n{quote}\n",
        '<html><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space;">{above}'
        '<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>{line}</div>'
        '<br class="Apple-interchange-newline"></blockquote>{quote}</div></body></html>\n',
        1,
    ),
    "iPhone": Program(
        "{above}\n\n> {line}\n> \n{quote}\n",
        '<html><head></head><body dir="auto"><div dir="ltr">{above}</div><div dir="ltr"><br><blockquote type="cite">'
        "{line}<br><br></blockquote></div>{quote}</body></html>\n",
        1, own=0,
    ),
    "Thunderbird": Program(
        "{above}\n\n{line}\n{quote}\n",
        '<!DOCTYPE html><html><body><p>{above}</p><div class="moz-cite-prefix">{line}<br></div>{quote}</body></html>\n',
        2, bold="*", wraps=72, quote='<blockquote type="cite" cite="mid:ours@gw.test">{}</blockquote>',
    ),
    "K-9": Program(
        "{above}\n\n{line}\n{quote}\n",
        '<!DOCTYPE html><html><body><div dir="auto">{above}</div><br><br><div class="gmail_quote"><div dir="auto">'
        "{line}</div>{quote}</div></body></html>\n",
        4, quote='<blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex; border-left: 1px solid rgb(204, '
        '204, 204); padding-left: 1ex;">{}</blockquote>',
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person does in a program: words above all, or one of them below each line that he answers."""

    words: tuple[str, ...]
    below: tuple[str, ...] = ()  # beginnings of quoted lines; empty is above
    signature: str = ""


def answered(
    program: str, language: str, ours: EmailMessage, answer: Answer, author: str, to: str = "", form: Form = "both"
) -> EmailMessage:
    """The answer as the program sends it."""
    made = EmailMessage()
    made["From"], made["To"] = author, to or str(ours["Reply-To"])
    made["Subject"] = f"Re: {ours['Subject']}"
    made["In-Reply-To"] = made["References"] = str(ours["Message-ID"])
    text, html = both_parts(program, language, ours, answer)
    made.set_content(text, charset="utf-8", cte="quoted-printable")
    if form == "both":
        made.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
    return made


def both_parts(program: str, language: str, ours: EmailMessage, answer: Answer) -> tuple[str, str]:
    """(the plain text, the HTML) of the answer."""
    how, body = PROGRAMS[program], ours.get_body(("html",))
    assert body is not None
    html = str(body.get_content())
    lines = _Read(how, html).lines
    signature = [answer.signature] if answer.signature else []
    if how.own is not None:
        signature = signature or [_PHONE[language][how.own]]
    above = ["\n\n".join(answer.words)] if not answer.below else []
    plain_above = "\n\n".join((*above, *(f"{how.dashes}{each}" for each in signature)))
    rich_above = "".join(map(_rich, (*above, *signature)))
    if answer.below:
        quoted, inside = _between(how, lines, answer)
        if how.mark:  # who writes below a quote signs below it, too
            below, plain_above, rich_above = plain_above, "", ""
            quoted, inside = f"{quoted}\n\n{below}", inside + "".join(map(_rich, signature))
    else:
        quoted = "\n".join(_quoted(how, lines))
        inside = how.quote.format(_inner(how, html))
    line, header = _introduced(how, language, ours)
    places = {"line": line, "header": header}
    rich = {"line": escape(line), "header": _labelled(header)}
    return (
        how.plain.format(above=plain_above, quote=quoted, **places),
        how.html.format(above=rich_above, quote=inside, **rich),
    )


def _introduced(how: Program, language: str, ours: EmailMessage) -> tuple[str, str]:
    """(the line, the header) that stand above the quote."""
    who = ours["From"].addresses[0]
    if how.line is not None:
        line = LINES[language][how.line]
        return line.format(a=f"{who.display_name} <{who.addr_spec}>", n=who.display_name, m=who.addr_spec), ""
    author, sent, to, subject, when = LABELS[language]
    return "", "\n".join(
        (
            f"{author}: {who.display_name} <{who.addr_spec}>",
            f"{sent}: {when}",
            f"{to}: {ours['To']}",
            f"{subject}: {ours['Subject']}",
        )
    )


def _labelled(header: str) -> str:
    return "<br>".join(f"<b>{escape(name)}:</b>{escape(value)}" for name, _, value in
                       (line.partition(":") for line in header.split("\n")))  # fmt: skip


def _rich(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.split("\n"))


def _quoted(how: Program, lines: Sequence[str]) -> list[str]:
    """The lines of the other mail with the marks of the program, wrapped as it does."""
    broken = [piece for line in lines for piece in (wrap(line, how.wraps - 2) if how.wraps and line else [line])]
    return [f"{how.mark}{line}".rstrip() for line in broken]


def _between(how: Program, lines: Sequence[str], answer: Answer) -> tuple[str, str]:
    """The other mail with the new words below what they answer, in both parts."""
    plain, rich, start = [], [], 0
    for words, beginning in zip(answer.words, answer.below, strict=True):
        at = 1 + next(i for i, line in enumerate(lines) if i >= start and line.lstrip("> ").startswith(beginning))
        plain += [*_quoted(how, lines[start:at]), "", words, ""]
        rich += [how.quote.format("".join(map(_rich, lines[start:at]))), f"<div>{escape(words)}</div>"]
        start = at
    plain += _quoted(how, lines[start:])
    rich.append(how.quote.format("".join(map(_rich, lines[start:]))))
    return "\n".join(plain), "".join(rich)


def _inner(how: Program, html: str) -> str:
    """What the program keeps of our HTML: no style sheet, other names of classes, and Word paragraphs of its own."""
    body = re.sub(r"(?s)^.*?<body[^>]*>|</body>.*$", "", html)
    if how.renames:
        body = re.sub(r'class="(?!gmail)', f'class="{how.renames}', body)
    return body


class _Read(HTMLParser):
    """Our HTML as the program writes it into its plain part."""

    def __init__(self, how: Program, html: str) -> None:
        super().__init__()
        self._how, self._skips, self._links, self._depth = how, 0, list[tuple[str, int]](), 0
        self.lines = [""]
        self.feed(html)
        self.lines = [line.rstrip() for line in self.lines]
        while not self.lines[0]:
            del self.lines[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "title"):
            self._skips += 1
        elif tag == "br":
            self._new_line(even=True)
        elif tag in ("b", "strong"):
            self.lines[-1] += self._how.bold
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.lines[-1])))
        if tag in _BLOCKS:
            self._depth += tag == "blockquote"
            self._new_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title"):
            self._skips -= 1
        elif tag in ("b", "strong"):
            self.lines[-1] += self._how.bold
        elif tag == "a":
            url, begins = self._links.pop()
            before, text = self.lines[-1][:begins], self.lines[-1][begins:]
            self.lines[-1] = before + self._how.link.format(text=text, url=url)
        if tag in _BLOCKS:
            self._depth -= tag == "blockquote"
            self._new_line()
            if tag == "p" and self.lines[-2:] != ["", ""]:
                self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._skips and (text := re.sub(r"\s+", " ", data)).strip():
            begins = self._how.mark * self._depth if not self.lines[-1] else ""
            self.lines[-1] += begins + (text if self.lines[-1] else text.lstrip())
        elif not self._skips and self.lines[-1]:
            self.lines[-1] += " "

    def _new_line(self, *, even: bool = False) -> None:
        if self.lines[-1].strip() or even:
            self.lines.append("")
