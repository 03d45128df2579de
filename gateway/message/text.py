"""The text that a person reads, and the HTML that is safe to show, out of a tree of parts.

Sources  RFC 3676 (format=flowed), RFC 9580 §7 (texts signed in the open).
         text/plain wins over HTML beside it unless it is empty or speaks of something else ("use an HTML reader").
Not here  which parts are read (passages.py), which of the words are new (reply.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from gateway.message.attachments import Attachments
from gateway.message.charset import clean, clean_line, decode
from gateway.message.content import text_start, written_plainly
from gateway.message.flowed import unflowed
from gateway.message.html import begins_hidden, hides_words, sanitised, too_hard, without_tags
from gateway.message.limits import ParseLimits
from gateway.message.mime import Part
from gateway.message.passages import Passage, passages
from gateway.message.pgp import is_encrypted, without_armour
from gateway.message.reply_html import quoted_text
from gateway.message.types import Attachment, Defect
from gateway.message.unpacked import Unpack
from gateway.message.uuencode import without_uuencode

_RULE = "\n<hr>\n"
_MAX_DETECTIONS = 5  # texts of one mail whose charset may be guessed
_STUB_CHARACTERS = 400  # a longer plain text is never taken for a stub
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9:._-]{2,40})", re.IGNORECASE)
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_WORDS = re.compile(r"\w+")
_ADDRESSES = re.compile(r"[\w.+-]{1,60}@[\w.-]{1,80}|https?://[^\s<>]{1,300}")
_WHOLE_HTML = re.compile(r"\s*(?:<!doctype html|<html)\b.*</html>\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """What the parts of a mail hold. `text` is whole: with quotes and signature."""

    text: str
    html: str | None  # sanitised
    attachments: tuple[Attachment, ...]
    body_sha256: str
    defects: tuple[Defect, ...]
    events: str = ""  # what invitations say: our words, so nobody's quote
    mails: tuple[Part, ...] = ()  # attached ones: what may have been forwarded
    sure: frozenset[int] = frozenset()  # lines of the text that the elements of HTML prove quoted
    text_of_html: bool = False  # whether any of the text was read off HTML
    begins_hidden: bool = False  # whether that may hide its first words
    hides_words: bool = False  # whether it may hide any of the new ones


def content(
    raw: bytes, root: Part, limits: ParseLimits, *, without_html: bool = False, unpack: Unpack | None = None
) -> Content:
    """Text, HTML and attachments of a mail.

    without_html  HTML is not read: its part becomes an attachment, as does a container. For a second attempt
    unpack        opens `winmail.dat`; without it, it stays closed
    """
    attachments = Attachments(raw, limits, None if without_html else unpack)
    chosen = passages(root, attachments, without_html=without_html)
    reader = _Reader(raw, limits, attachments)
    read = reader.read(chosen)
    if not any(text.strip() for text, _ in read):
        read += [(found.text.strip("\n"), found.html or None) for found in attachments.found]
    rich = any(html is not None for _, html in read)
    htmls = (_preformatted(text) if html is None else html for text, html in read)
    whole = "\n\n".join(_texts(read))
    return Content(
        text=whole,
        html=_RULE.join((*map(_preformatted, attachments.events), *htmls)) if rich else None,
        attachments=attachments.attachments,
        body_sha256=attachments.body_hash(root),
        events="\n\n".join(attachments.events),
        defects=attachments.defects,
        mails=tuple(attachments.mails),
        sure=reader.sure.get(whole, frozenset()),
        text_of_html=reader.of_html,
        begins_hidden=reader.of_html and reader.hides,
        hides_words=reader.of_html and reader.hides_words,
    )


def _texts(read: list[tuple[str, str | None]]) -> Iterator[str]:
    """The texts; one that stands there as plain text and as HTML, because its program knew no better way, once."""
    seen: dict[str, bool] = {}
    for text, html in read:
        words = " ".join(text.split())
        if words and seen.setdefault(words, html is None) == (html is None):
            yield text


class _Reader:
    """Decodes what is to be read; what turns out to be no text is attached after all."""

    def __init__(self, raw: bytes, limits: ParseLimits, attachments: Attachments) -> None:
        self._raw, self._limits, self._attachments = raw, limits, attachments
        self._eight_bit = 0
        self.of_html = False  # whether a text of HTML was taken
        self.hides = False  # whether some HTML may hide its first words
        self.hides_words = False  # whether it may hide any
        self.sure: dict[str, frozenset[int]] = {}  # by the text of the one HTML part that it is about

    def read(self, chosen: tuple[Passage, ...]) -> list[tuple[str, str | None]]:
        """Text and HTML of each passage; what is empty in both is left out, HTML is None where there is none."""
        both = map(self._both, chosen)
        return [(text.strip("\n"), html) for text, html in both if text.strip() or html]

    def _both(self, passage: Passage) -> tuple[str, str | None]:
        """The text to read, and the sanitised HTML; None when there is none."""
        plain = "\n\n".join(filter(None, dict.fromkeys(self._plain(leaf).strip("\n") for leaf in passage.plain)))
        if not passage.rich and _WHOLE_HTML.fullmatch(plain):  # its program forgot to say so
            html, text = self._html(plain, passage.plain[0].path, with_text=True)
            self.of_html = True
            return text, html
        if not passage.rich:
            return plain, None
        htmls, texts = [], []
        with_text = len(plain.strip()) <= _STUB_CHARACTERS
        for leaf in passage.rich:
            if leaf.media_type == "text/html":
                html, text = self._html(self._characters(leaf, self._limits.html), leaf.path, with_text=with_text)
            else:
                text = self._plain(leaf)
                html = _preformatted(text)
            htmls.append(html)
            texts.append(text.strip("\n"))
        rich = "\n\n".join(filter(None, texts))
        if not _is_stub(plain, rich):
            return plain, _RULE.join(htmls)
        self.of_html = True
        return rich, _RULE.join(htmls)

    def _html(self, source: str, path: str, *, with_text: bool) -> tuple[str, str]:
        """The sanitised HTML and its text, which is empty when nobody asked."""
        if too_hard(source):
            self._attachments.note("html-too-hard", path)
            text = clean(without_tags(source))[: self._limits.text]
            return _preformatted(text), text
        html = sanitised(source)
        if not with_text:
            return html, ""
        self.hides = self.hides or begins_hidden(source)
        self.hides_words = self.hides_words or hides_words(source)
        marked = quoted_text(source)
        self.sure[marked.text] = marked.sure
        return html, marked.text[: self._limits.text]

    def _plain(self, part: Part) -> str:
        text = self._characters(part, self._limits.text)
        if part.params.get("format", "").strip().lower() == "flowed":
            text = unflowed(text, delete_space=part.params.get("delsp", "").strip().lower() == "yes")
        if part.media_type in ("text/enriched", "text/richtext"):
            text = re.sub(r"<[^<>]{1,60}>", "", text)
        if is_encrypted(text):
            self._attachments.note("encrypted", "inline PGP")
        if (signed := without_armour(text)) is not None:
            self._attachments.note("signed", "inline PGP")
            text = signed
        text, files = without_uuencode(text)
        for number, file in enumerate(files, 1):
            self._attachments.attach_file(f"{part.path}/{number}", file.name, "application/octet-stream", file.octets)
        return text

    def _characters(self, part: Part, most: int) -> str:
        octets, damaged = text_start(self._raw, part, most + 1)
        if len(octets) > most:
            self._attachments.note("text-cut", part.path)
            self._attachments.attach(part)
            octets = octets[:most]
        label = part.params.get("charset")
        if part.media_type == "text/html" and not octets.isascii():
            meta = _META_CHARSET.search(octets, 0, 4096)
            label = label or (meta[1].decode("ascii") if meta else None)
        self._eight_bit += not octets.isascii()
        text, defect = decode(octets, label, detect=self._eight_bit <= _MAX_DETECTIONS)
        if damaged:
            self._attachments.note("encoding-damaged", part.path)
        if damaged and defect is not None and _NO_TEXT.search(text):  # neither its octets nor its letters can be read
            written = written_plainly(self._raw, part, most)
            if written is None:
                self._attachments.attach(part)
            text, defect = decode(written or b"", label)
        if defect is not None:
            self._attachments.note(defect, clean_line(label or "")[:60])
        return clean(text)


def _is_stub(plain: str, rich: str) -> bool:
    """Whether a short plain text only stands in for the HTML: few of its own words are in it."""
    words = set(_WORDS.findall(_ADDRESSES.sub(" ", plain.lower())))
    if not plain.strip() or not words:
        return bool(rich.strip())
    shared = words & set(_WORDS.findall(rich.lower()))
    return 2 * len(shared) < len(words) and len(rich) > len(plain)


def _preformatted(text: str) -> str:
    """A plain text as HTML that keeps its lines."""
    return f"<pre>{escape(text, quote=False)}</pre>"
