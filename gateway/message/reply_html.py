"""Which words of an HTML mail are new, by what mail programs write around the mail that they answer.

Sources  the HTML of Gmail, Outlook (desktop, web, phones), Apple Mail, Thunderbird, Yahoo, ProtonMail, Tutanota,
         Zimbra, Zoho, Spark, Roundcube, mail.ru, GMX and others. Elements are known by class, id, name, type and
         borders; their words in no language.
         What the elements say is quoted gets the quote marks of a plain text; reply.py has the last word, so that an
         answer inside stays in order, and a mail without such elements is read like a plain one. A quotation that no
         program marked as its own may be an indentation by hand: it is one in a mail of Word, and in one whose program
         marks its own quotation elsewhere.
Not here  what a text without HTML tells (reply.py), the limits of HTML (html.py: only for what is not `too_hard`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from gateway.message.charset import clean
from gateway.message.html import html_text
from gateway.message.reply import Reply, split_reply

_OPEN, _CLOSE = "\ue0f0", "\ue0f1"  # stand on lines of their own in the text; private, and taken out of the mail first
_SURE = "\ue0f2"  # beside _OPEN: quoted whatever stands around it
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}{_SURE}]")
_CLEANER = nh3.Cleaner(
    attributes={
        "*": {"class", "id", "type", "name"},
        "a": {"href"},
        "img": {"alt"},
        "blockquote": {"cite", "style"},
        "div": {"style"},
    },
    clean_content_tags={"script", "style", "title", "noscript", "template", "textarea", "select", "iframe", "object"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)
_NAME = r"(?<![\w-])(?:x_|ydp[0-9a-f]{6,8})*"  # what Outlook and Yahoo put before names of others
# from here to the end is another mail
_END = re.compile(
    _NAME + r"(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|stopSpelling|zwchr|replySeparator"
    r"|mail-editor-reference-message-container|ms-outlook-mobile-reference-message)\b"
)
# the element holds another mail, or the words that introduce it
_HOLDS = re.compile(
    _NAME + r"(?:yahoo_quoted|ymail_quoted|protonmail_quote|tutanota_quote|moz-cite-prefix|gmail_attr|zmail_extra"
    r"|mail_quote|skiff_quote|front-blockquote|mailplane_quote|reply-intro|messageReplySection|spark_quote)(?:_\d+)?\b"
)
_GMAIL = re.compile(_NAME + r"gmail_(?:quote|extra)\b")
_HEADER_OF_OUTLOOK = re.compile(r"border-top:\s?solid [#\w]+ 1\.0pt;\s?padding:\s?3\.0pt")
_QUOTE_OF_OUTLOOK = re.compile(r"border:\s?none;\s?border-left:\s?solid [#\w]+ 1\.5pt")
_LINE_AT_THE_LEFT = re.compile(r"border-left(?:-width)?:(?!\s?(?:none|0))")
_WORD_HTML = re.compile(r"urn:schemas-microsoft-com:office|class=\"?MsoNormal")
_VOID = frozenset({"br", "hr", "img", "wbr", "col", "area", "input"})


@dataclass(frozen=True, slots=True)
class Marked:
    """A text whose quoted lines have quote marks; `sure` numbers those that are quoted whatever stands around them."""

    text: str
    sure: frozenset[int]


def split_html(html: str, ours: Sequence[str] = ()) -> Reply:
    """The new words, the quoted ones and the signature of HTML as it came.

    html  not `too_hard`
    ours  the texts of our mails that this one may answer
    """
    marked = quoted_text(html)
    return split_reply(marked.text, ours, marked.sure)


def quoted_text(html: str) -> Marked:
    """The text of HTML as it came, not `too_hard`; lines that its elements say are quoted have quote marks."""
    marker = _Marker()
    marker.feed(_CLEANER.clean(_MARKS.sub("", html)))
    marker.close()
    lines: list[str] = []
    sure: set[int] = set()
    open_marks: list[bool] = []
    for line in html_text(marker.html(by_word=_WORD_HTML.search(html) is not None)).split("\n"):
        if marks := _MARKS.findall(line):
            for mark in marks:
                if mark == _OPEN:
                    open_marks.append(_SURE in line)
                elif mark == _CLOSE and open_marks:
                    open_marks.pop()
        elif lines or line.strip():
            if any(open_marks):
                sure.add(len(lines))
            quoted = open_marks and line.strip() and not line.startswith(">")
            lines.append(clean(f"> {line}" if quoted else line).replace("\n", " "))
    return Marked("\n".join(lines).rstrip("\n"), frozenset(sure))


@dataclass(slots=True)
class _Element:
    """One that is open. `marked`: it holds another mail; `at`: of a quotation that none is known to be, its place."""

    tag: str
    marked: bool
    first: bool  # no words stand before it
    at: int | None = None
    by_hand: bool = False  # made by the button of Gmail


class _Marker(HTMLParser):
    """Writes the HTML again, with marks where another mail begins and ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._open: list[_Element] = []
        self._gmail = self._quotes = 0  # how many of the open elements are Gmail's, and how many are quotations
        self._unknown: list[tuple[int, int, bool]] = []  # quotations that no program marked: from, to, by hand
        self._last: _Element | None = None  # such a quotation, as long as nothing follows it
        self._known = self._words = False

    def html(self, *, by_word: bool) -> str:
        """What was written; quotations that nobody knows are indentations where the program is known by others."""
        out = list(self._out)
        for start, end, by_hand in self._unknown:
            if by_word or self._known or by_hand:
                out[start], out[end] = "<div>", "</div>"
        return "".join(out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        names = " ".join(values.get(name, "") for name in ("id", "class", "name"))
        style = values.get("style", "")
        if _END.search(names) or (tag == "div" and _HEADER_OF_OUTLOOK.search(style)):
            self._mark(_OPEN)  # never closed
            self._known = self._known or not self._quotes
        introduces = _HOLDS.search(names) is not None
        element = _Element(
            tag, introduces or _is_marked(tag, names, style, values, gmail=self._gmail > 0), not self._words
        )
        if element.marked:
            self._known = self._known or not self._quotes
            self._mark(_OPEN + _SURE if introduces else _OPEN)
        elif tag == "blockquote" and (_GMAIL.search(names) or not self._quotes):
            element.at, element.by_hand = len(self._out), _GMAIL.search(names) is not None
        self._out.append(self.get_starttag_text() or "")
        if tag not in _VOID:
            self._open.append(element)
            self._gmail += tag == "div" and _GMAIL.search(names) is not None
            self._quotes += tag == "blockquote"

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:  # nh3 closes everything in order
            return
        element = self._open.pop()
        self._quotes -= tag == "blockquote"
        if self._last is not None and element.first and self._last.at is not None and not self._last.first:
            # it ends the element with all the words above: what may follow outside was appended on the way
            self._out[self._last.at] = f"<div>{_OPEN}{_SURE}</div>{self._out[self._last.at]}"
            self._out[-1] += f"<div>{_CLOSE}</div>"
        self._out.append(f"</{tag}>")
        self._last = None
        if element.at is not None:
            self._unknown.append((element.at, len(self._out) - 1, element.by_hand))
            self._last = None if element.by_hand else element
        if element.marked:
            self._mark(_CLOSE)

    def handle_data(self, data: str) -> None:
        self._out.append(data)
        if data.strip():
            self._words, self._last = True, None

    def handle_entityref(self, name: str) -> None:
        self._out.append(f"&{name};")
        self._words = True

    def handle_charref(self, name: str) -> None:
        self._out.append(f"&#{name};")
        self._words = True

    def _mark(self, mark: str) -> None:
        self._out.append(f"<div>{mark}</div>")


def _is_marked(tag: str, names: str, style: str, values: dict[str, str], *, gmail: bool) -> bool:
    """Whether a program says that the element holds another mail.

    gmail  it stands inside an element of Gmail around one
    """
    if tag == "div":
        return _QUOTE_OF_OUTLOOK.search(style) is not None or values.get("name") == "quote"
    if tag != "blockquote":
        return False
    if _GMAIL.search(names):
        return gmail
    return values.get("type") == "cite" or _LINE_AT_THE_LEFT.search(style) is not None
