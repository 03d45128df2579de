"""The text that a person reads, out of a tree of parts; everything else is an attachment.

Sources  RFC 2046 §5.1.3-§5.1.7 (mixed, alternative, digest, parallel), RFC 2387 (related), RFC 1847 (signed, encrypted:
         kept closed), RFC 2183 (disposition), RFC 3676 (format=flowed), RFC 2392 (Content-ID).
         A forwarded message is an attachment: its text is another mail's. text/plain wins over HTML beside it unless it
         is empty or speaks of something else ("use an HTML reader").
Not here  which of the words are new (reply.py).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from gateway.message.charset import clean, clean_line, decode
from gateway.message.content import decoded_pieces, decoded_start
from gateway.message.filename import clean_name
from gateway.message.header import parameters
from gateway.message.html import html_text, sanitised, too_hard, without_tags
from gateway.message.limits import ParseLimits
from gateway.message.mime import Part
from gateway.message.types import Attachment, Defect

_RULE = "\n<hr>\n"
_BLANKS = b" \t\r\n\v\f"
_MAX_DETECTIONS = 5  # texts of one mail whose charset may be guessed
_STUB_CHARACTERS = 400  # a longer plain text is never taken for a stub
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9:._-]{2,40})", re.IGNORECASE)
_WORDS = re.compile(r"\w{2,}")
_CONTENT_ID = re.compile(rb"<([^<>]{1,250})>")
_ADDRESSES = re.compile(r"[\w.+-]{1,60}@[\w.-]{1,80}|https?://[^\s<>]{1,300}")


@dataclass(frozen=True, slots=True)
class Content:
    """What the parts of a mail hold. `text` is whole: with quotes and signature."""

    text: str
    html: str | None  # sanitised
    attachments: tuple[Attachment, ...]
    body_sha256: str
    defects: tuple[Defect, ...]


@dataclass(frozen=True, slots=True)
class _Passage:
    """One thing to read in one form or two, before it is decoded."""

    plain: tuple[Part, ...]
    rich: tuple[Part, ...]  # HTML, and the plain texts that stand between pieces of it


def content(raw: bytes, root: Part, limits: ParseLimits, *, without_html: bool = False) -> Content:
    """Text, HTML and attachments of a mail.

    without_html  HTML is not read: its part becomes an attachment. For a second attempt
    """
    return _Reader(raw, limits, without_html=without_html).read(root)


class _Reader:
    def __init__(self, raw: bytes, limits: ParseLimits, *, without_html: bool) -> None:
        self._raw, self._limits, self._without_html = raw, limits, without_html
        self._attachments: list[Attachment] = []
        self._defects: dict[str, Defect] = {}
        self._eight_bit = 0

    def read(self, root: Part) -> Content:
        """Decode, hash and choose."""
        passages = list(self._passages(root, alone=True))
        texts, htmls = [], []
        for passage in passages:
            text, html = self._both(passage)
            if text.strip() or html:
                texts.append(text.strip("\n"))
                htmls.append(_preformatted(text) if html is None else html)
        return Content(
            text="\n\n".join(filter(str.strip, texts)),
            html=_RULE.join(htmls) if any(p.rich for p in passages) else None,
            attachments=tuple(self._attachments),
            body_sha256=self._body_hash(root),
            defects=tuple(self._defects.values()),
        )

    def _passages(self, part: Part, *, alone: bool = False) -> Iterator[_Passage]:
        """What is to be read, in order; whatever is not, is put among the attachments on the way."""
        if part.children:
            match part.media_type:
                case "multipart/alternative":
                    yield from self._alternative(part)
                case "multipart/related":
                    yield from self._related(part)
                case "multipart/encrypted":
                    self._note("encrypted", part.media_type)
                    for child in part.children:
                        self._attach(child)
                case _:
                    for child in part.children:
                        yield from self._passages(child)
        elif not _is_text(part, alone=alone):
            self._attach(part)
        elif part.media_type == "text/html":
            if self._without_html:
                self._note("html-not-read", part.path)
                self._attach(part)
            else:
                yield _Passage((), (part,))
        else:
            yield _Passage((part,), ())

    def _alternative(self, part: Part) -> Iterator[_Passage]:
        """The same in several forms: the first plain one and the last one with HTML (RFC 2046 §5.1.4)."""
        forms = [form for child in part.children if (form := list(self._passages(child)))]
        plain = next((form for form in forms if not any(p.rich for p in form)), [])
        rich = next((form for form in reversed(forms) if any(p.rich for p in form)), [])
        inner = rich if not plain and all(p.plain for p in rich) else plain
        yield _Passage(
            tuple(leaf for p in inner for leaf in p.plain), tuple(leaf for p in rich for leaf in p.rich or p.plain)
        )

    def _related(self, part: Part) -> Iterator[_Passage]:
        """The root is read, whatever else it refers to is attached (RFC 2387 §3.2)."""
        start = part.params.get("start", "").strip("<> ")
        root = next((c for c in part.children if start and _content_id(c) == start), part.children[0])
        for child in part.children:
            if child is root or (child.media_type.startswith("text/") and _is_text(child)) or child.children:
                yield from self._passages(child)
            else:
                self._attach(child)

    def _both(self, passage: _Passage) -> tuple[str, str | None]:
        """The text to read, and the sanitised HTML; None when there is none."""
        plain = "\n\n".join(filter(None, (self._plain(leaf).strip("\n") for leaf in passage.plain)))
        if not passage.rich:
            return plain, None
        htmls, texts = [], []
        for leaf in passage.rich:
            if leaf.media_type == "text/html":
                html, text = self._html(leaf, with_text=len(plain.strip()) <= _STUB_CHARACTERS)
            else:
                text = self._plain(leaf)
                html = _preformatted(text)
            htmls.append(html)
            texts.append(text.strip("\n"))
        rich = "\n\n".join(filter(None, texts))
        return (rich if _is_stub(plain, rich) else plain), _RULE.join(htmls)

    def _html(self, leaf: Part, *, with_text: bool) -> tuple[str, str]:
        """The sanitised HTML and its text, which is empty when nobody asked."""
        source = self._characters(leaf, self._limits.html)
        if too_hard(source):
            self._note("html-too-hard", leaf.path)
            text = clean(without_tags(source))[: self._limits.text]
            return _preformatted(text), text
        html = clean(sanitised(source))
        return html, clean(html_text(html))[: self._limits.text] if with_text else ""

    def _plain(self, part: Part) -> str:
        text = self._characters(part, self._limits.text)
        if part.params.get("format", "").strip().lower() == "flowed":
            text = unflowed(text, delete_space=part.params.get("delsp", "").strip().lower() == "yes")
        if part.media_type in ("text/enriched", "text/richtext"):
            text = re.sub(r"<[^<>]{1,60}>", "", text)
        return text

    def _characters(self, part: Part, most: int) -> str:
        octets = decoded_start(self._raw, part, most + 1)
        if len(octets) > most:
            self._note("text-cut", part.path)
            self._attach(part)
            octets = octets[:most]
        label = part.params.get("charset")
        if part.media_type == "text/html" and not octets.isascii():
            meta = _META_CHARSET.search(octets, 0, 4096)
            label = label or (meta[1].decode("ascii") if meta else None)
        self._eight_bit += not octets.isascii()
        text, defect = decode(octets, label, detect=self._eight_bit <= _MAX_DETECTIONS)
        if defect is not None:
            self._note(defect, clean_line(label or "")[:60])
        return clean(text)

    def _attach(self, part: Part) -> None:
        if len(self._attachments) >= self._limits.mime_parts:
            return
        digest, size = hashlib.sha256(), 0
        for piece in decoded_pieces(self._raw, part):
            digest.update(piece)
            size += len(piece)
        disposition = parameters(part.header.first("content-disposition") or b"")
        name = disposition.params.get("filename") or part.params.get("name") or ""
        self._attachments.append(
            Attachment(
                part=part.path,
                name=clean_name(name, part=part.path, media_type=part.media_type),
                media_type=part.media_type,
                size=size,
                sha256=digest.hexdigest(),
                content_id=_content_id(part),
                inline=disposition.value.lower() == "inline",
            )
        )

    def _body_hash(self, root: Part) -> str:
        """Over the decoded parts in order; texts without their blanks and line ends, which change on the way."""
        digest = hashlib.sha256()
        known = {a.part: a.sha256 for a in self._attachments if not a.media_type.startswith("text/")}
        for leaf in _leaves(root):
            if leaf.path in known:
                digest.update(bytes.fromhex(known[leaf.path]))
                continue
            inner = hashlib.sha256()
            text = leaf.media_type.startswith("text/")
            for piece in decoded_pieces(self._raw, leaf):
                inner.update(piece.translate(None, _BLANKS) if text else piece)
            digest.update(inner.digest())
        return digest.hexdigest()

    def _note(self, code: str, detail: str) -> None:
        self._defects.setdefault(code, Defect(code, detail))


def unflowed(text: str, *, delete_space: bool) -> str:
    """format=flowed made whole paragraphs again (RFC 3676 §4.1): a line that ends in a blank goes on."""
    out: list[str] = []
    pending = ""
    depth = -1
    for line in text.split("\n"):
        body = line.lstrip(">")
        quotes = len(line) - len(body)
        body = body.removeprefix(" ")
        if quotes != depth and pending:
            out.append(_quoted(depth, pending.rstrip(" ")))
            pending = ""
        depth = quotes
        if body.endswith(" ") and body != "-- ":
            pending += body[:-1] if delete_space else body
        elif body == "-- " and pending:
            out += [_quoted(depth, pending.rstrip(" ")), _quoted(depth, body)]
            pending = ""
        else:
            out.append(_quoted(depth, pending + body))
            pending = ""
    if pending:
        out.append(_quoted(depth, pending.rstrip(" ")))
    return "\n".join(out)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line


def _is_text(part: Part, *, alone: bool = False) -> bool:
    """Whether the part is to be read; `alone` is the body of a mail of one part, whatever name it has."""
    if part.media_type.partition("/")[0] != "text" or part.media_type in _NEVER_READ:
        return False
    disposition = parameters(part.header.first("content-disposition") or b"")
    kind = disposition.value.lower()
    if kind == "attachment":
        return False
    return alone or not (disposition.params.get("filename") or part.params.get("name"))


_NEVER_READ = frozenset({"text/calendar", "text/x-vcard", "text/vcard", "text/directory", "text/csv", "text/rtf"})


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


def _leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _content_id(part: Part) -> str | None:
    found = _CONTENT_ID.search(part.header.first("content-id") or b"")
    return clean_line(found[1].decode("utf-8", "replace")) or None if found else None
