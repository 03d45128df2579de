"""Which words of an HTML mail are new, by what mail programs write around the mail that they answer.

Sources  the HTML of Gmail, Outlook (desktop, web, phones), Apple Mail, Thunderbird, Yahoo, ProtonMail, Zimbra, mail.ru,
         Zoho. Elements are known by class, id and type; their words in no language.
         What the elements say is quoted gets the quote marks of a plain text; reply.py has the last word, so that an
         answer inside stays in order, and a mail without such elements is read like a plain one.
Not here  what a text without HTML tells (reply.py), the limits of HTML (html.py: only for what is not `too_hard`).
"""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

import nh3

from gateway.message.html import html_text
from gateway.message.reply import Reply, split_reply

_OPEN, _CLOSE = "\ue0f0", "\ue0f1"  # stand on lines of their own in the text; private, and taken out of the mail first
_STRUCTURE = {"class", "id", "type"}
_CLEANER = nh3.Cleaner(
    attributes={"*": _STRUCTURE, "a": {"href"}, "img": {"alt"}, "blockquote": {"cite"}},
    clean_content_tags={"script", "style", "title", "noscript", "template", "textarea", "select", "iframe", "object"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)
# from here to the end is another mail
_END = re.compile(
    r"\b(?:x_)*(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|stopSpelling|mail-editor-reference-message-container"
    r"|ms-outlook-mobile-reference-message|replySeparator)\b"
)
# the element holds another mail, or the words that introduce it
_HOLDS = re.compile(
    r"\b(?:x_)*(?:yahoo_quoted|ymail_quoted|protonmail_quote|tutanota_quote|moz-cite-prefix|gmail_attr|zmail_extra"
    r"|mail_quote|skiff_quote|front-blockquote|mailplane_quote)\b"
)
_GMAIL = re.compile(r"\bgmail_(?:quote|extra)\b")
_VOID = frozenset({"br", "hr", "img", "wbr", "col", "area", "input"})


def split_html(html: str, ours: Sequence[str] = ()) -> Reply:
    """The new words, the quoted ones and the signature of HTML as it came.

    html  not `too_hard`
    ours  the texts of our mails that this one may answer
    """
    return split_reply(quoted_text(html), ours)


def quoted_text(html: str) -> str:
    """The text of HTML as it came, not `too_hard`; lines that its elements say are quoted have quote marks."""
    marker = _Marker()
    marker.feed(_CLEANER.clean(html.replace(_OPEN, "").replace(_CLOSE, "")))
    marker.close()
    lines: list[str] = []
    depth = 0
    for line in html_text("".join(marker.out)).split("\n"):
        if _OPEN in line or _CLOSE in line:
            depth += line.count(_OPEN) - line.count(_CLOSE)
        else:
            lines.append(f"> {line}" if depth > 0 and line.strip() and not line.startswith(">") else line)
    return "\n".join(lines)


class _Marker(HTMLParser):
    """Writes the HTML again, with marks where another mail begins and ends; `_open` are the elements inside."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._open: list[tuple[str, str, bool]] = []
        self._gmail = 0  # how many of the open elements are Gmail's around an answered mail

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        names = f"{values.get('id') or ''} {values.get('class') or ''}"
        if _END.search(names):
            self._mark(_OPEN)  # never closed
        holds = _HOLDS.search(names) is not None or (
            tag == "blockquote" and (values.get("type") == "cite" or (self._gmail > 0 and "gmail_quote" in names))
        )
        if holds:
            self._mark(_OPEN)
        own = tag == "blockquote" and "gmail_quote" in names and not holds  # what Gmail's button for a quotation makes
        written = "div" if own else tag
        self.out.append("<div>" if own else self.get_starttag_text() or "")
        if tag not in _VOID:
            self._open.append((tag, written, holds))
            self._gmail += tag == "div" and _GMAIL.search(names) is not None

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:  # nh3 closes everything in order
            return
        _, written, holds = self._open.pop()
        self.out.append(f"</{written}>")
        if holds:
            self._mark(_CLOSE)

    def handle_data(self, data: str) -> None:
        self.out.append(data)

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")

    def _mark(self, mark: str) -> None:
        self.out.append(f"<div>{mark}</div>")
