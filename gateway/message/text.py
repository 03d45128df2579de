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

from gateway.message import calendar
from gateway.message.charset import clean, clean_line, decode
from gateway.message.content import decoded_pieces, decoded_start, text_start
from gateway.message.filename import clean_name
from gateway.message.flowed import unflowed
from gateway.message.header import Parameters, parameters
from gateway.message.html import html_text, sanitised, too_hard, without_tags
from gateway.message.limits import ParseLimits
from gateway.message.mime import Part
from gateway.message.reply_html import quoted_text
from gateway.message.sniff import START_OCTETS, sniffed
from gateway.message.types import Attachment, Defect
from gateway.message.unpacked import Unpack, Unpacked
from gateway.message.uuencode import without_uuencode

_RULE = "\n<hr>\n"
_BLANKS = b" \t\r\n\v\f"
_MAX_DETECTIONS = 5  # texts of one mail whose charset may be guessed
_STUB_CHARACTERS = 400  # a longer plain text is never taken for a stub
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9:._-]{2,40})", re.IGNORECASE)
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_WORDS = re.compile(r"\w+")
_BODIES = frozenset({"text/plain", "text/html", "text/markdown"})  # other texts are read when there is none of these
_SIGNATURES = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
})  # fmt: skip
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_MAILS = frozenset({"message/rfc822", "message/global"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_PGP_BLOCK = "-----BEGIN PGP MESSAGE-----"
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
    events: str = ""  # what invitations say: our words, so nobody's quote
    mails: tuple[Part, ...] = ()  # attached ones: what may have been forwarded
    sure: frozenset[int] = frozenset()  # lines of the text that the elements of HTML prove quoted


@dataclass(frozen=True, slots=True)
class _Passage:
    """One thing to read in one form or two, before it is decoded."""

    plain: tuple[Part, ...]
    rich: tuple[Part, ...]  # HTML, and the plain texts that stand between pieces of it


@dataclass(frozen=True, slots=True)
class _Found:
    """Words that no text part holds: those of a container."""

    text: str
    html: str


def content(
    raw: bytes, root: Part, limits: ParseLimits, *, without_html: bool = False, unpack: Unpack | None = None
) -> Content:
    """Text, HTML and attachments of a mail.

    without_html  HTML is not read: its part becomes an attachment. For a second attempt
    unpack        opens `winmail.dat`; without it, it stays closed
    """
    return _Reader(raw, limits, without_html=without_html, unpack=unpack).read(root)


class _Reader:
    def __init__(self, raw: bytes, limits: ParseLimits, *, without_html: bool, unpack: Unpack | None) -> None:
        self._raw, self._limits, self._without_html = raw, limits, without_html
        self._unpack = unpack
        self._attachments: list[Attachment] = []
        self._defects: dict[str, Defect] = {}
        self._events: dict[str, None] = {}
        self._found: list[_Found] = []
        self._sure: dict[str, frozenset[int]] = {}  # by the text of the one HTML part that it is about
        self._mails: list[Part] = []
        self._eight_bit = 0
        self._only_bodies = True

    def read(self, root: Part) -> Content:
        """Decode, hash and choose."""
        self._only_bodies = any(leaf.media_type in _BODIES and _is_text(leaf) for leaf in _leaves(root))
        passages = list(self._passages(root, alone=True))
        texts, htmls = [], []
        for passage in passages:
            text, html = self._both(passage)
            if text.strip() or html:
                texts.append(text.strip("\n"))
                htmls.append(_preformatted(text) if html is None else html)
        rich = any(p.rich for p in passages)
        if not any(map(str.strip, texts)):
            for found in self._found:
                texts.append(found.text.strip("\n"))
                htmls.append(found.html or _preformatted(found.text))
                rich = rich or bool(found.html)
        whole = "\n\n".join(filter(str.strip, texts))
        return Content(
            text=whole,
            html=_RULE.join((*map(_preformatted, self._events), *htmls)) if rich else None,
            attachments=tuple(self._attachments),
            body_sha256=self._body_hash(root),
            events="\n\n".join(self._events),
            defects=tuple(self._defects.values()),
            mails=tuple(self._mails),
            sure=self._sure.get(whole, frozenset()),
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
                case "multipart/signed":
                    yield from self._signed(part)
                case _:
                    for child in part.children:
                        yield from self._passages(child)
        elif not _is_text(part, alone=alone) or (self._only_bodies and part.media_type not in _BODIES):
            self._attach(part)
        elif part.media_type == "text/html":
            if self._without_html:
                self._note("html-not-read", part.path)
                self._attach(part)
            else:
                yield _Passage((), (part,))
        else:
            if part.media_type not in _BODIES and not alone:
                self._attach(part)  # read for want of anything better
            yield _Passage((part,), ())

    def _signed(self, part: Part) -> Iterator[_Passage]:
        """What is signed is read. Its signature is labelled, not believed, and a file only when it has a name."""
        for child in part.children:
            signature = child.media_type in _SIGNATURES and child is not part.children[0]
            if signature:
                self._note("signed", child.media_type)
            if not signature or _name(child):
                yield from self._passages(child)

    def _alternative(self, part: Part) -> Iterator[_Passage]:
        """The same in several forms: the plain ones and the last one with HTML (RFC 2046 §5.1.4).

        There should be one plain form; programs that write several mean different things by them.
        """
        forms = [form for child in part.children if (form := list(self._passages(child)))]
        plain = [passage for form in forms if not any(p.rich for p in form) for passage in form]
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
        plain = "\n\n".join(filter(None, dict.fromkeys(self._plain(leaf).strip("\n") for leaf in passage.plain)))
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
        if not with_text:
            return html, ""
        marked = quoted_text(source)
        self._sure[marked.text] = marked.sure
        return html, marked.text[: self._limits.text]

    def _plain(self, part: Part) -> str:
        text = self._characters(part, self._limits.text)
        if part.params.get("format", "").strip().lower() == "flowed":
            text = unflowed(text, delete_space=part.params.get("delsp", "").strip().lower() == "yes")
        if part.media_type in ("text/enriched", "text/richtext"):
            text = re.sub(r"<[^<>]{1,60}>", "", text)
        if _PGP_BLOCK in text:
            self._note("encrypted", "inline PGP")
        text, files = without_uuencode(text)
        for number, file in enumerate(files, 1):
            self._attach_file(f"{part.path}/{number}", file.name, "application/octet-stream", file.octets)
        return text

    def _characters(self, part: Part, most: int) -> str:
        octets, damaged = text_start(self._raw, part, most + 1)
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
            if damaged and _NO_TEXT.search(text):  # neither its octets nor its letters can be read
                self._attach(part)
                return ""
        return clean(text)

    def _attach(self, part: Part) -> None:
        if len(self._attachments) >= self._limits.mime_parts:
            return
        name = _name(part)
        if self._unpack and not self._without_html and (part.media_type in _TNEF or name.lower() == "winmail.dat"):
            if self._opened(part, self._unpack):
                return
            self._note("tnef-not-read", part.path)
        if part.media_type in _SMIME:
            kind = part.params.get("smime-type", "enveloped-data").lower()
            self._note("signed" if kind == "signed-data" else "encrypted", f"S/MIME {kind}")
        if part.media_type == "text/calendar":
            self._event(part)
        if part.media_type in _MAILS or (
            part.media_type == "application/octet-stream" and name.lower().endswith(".eml")
        ):
            self._mails.append(part)
        digest, size, start = hashlib.sha256(), 0, b""
        for piece in decoded_pieces(self._raw, part):
            digest.update(piece)
            size += len(piece)
            start = start if len(start) >= START_OCTETS else start + piece[:START_OCTETS]
        self._attachments.append(
            Attachment(
                part=part.path,
                name=clean_name(name, part=part.path, media_type=part.media_type),
                media_type=part.media_type,
                size=size,
                sha256=digest.hexdigest(),
                content_id=_content_id(part),
                inline=_disposition(part).value.lower() == "inline",
                sniffed=sniffed(start),
            )
        )

    def _attach_file(self, path: str, name: str, media_type: str, octets: bytes) -> None:
        """A file that is no part of its own."""
        if len(self._attachments) < self._limits.mime_parts:
            found = sniffed(octets[:START_OCTETS])
            shown = clean_name(name, part=path.replace("/", "-"), media_type=media_type)
            digest = hashlib.sha256(octets).hexdigest()
            self._attachments.append(Attachment(path, shown, media_type, len(octets), digest, sniffed=found))

    def _opened(self, part: Part, unpack: Unpack) -> bool:
        """Whether the container could be read; then its files are attached and its words are found."""
        octets = b"".join(decoded_pieces(self._raw, part))
        unpacked = unpack(octets, self._limits.unpacked, self._limits.mime_parts - len(self._attachments))
        if unpacked is None or unpacked == Unpacked("", "", ()):
            return False
        for number, file in enumerate(unpacked.files, 1):
            media_type = file.media_type.lower() if "/" in file.media_type else "application/octet-stream"
            self._attach_file(f"{part.path}/{number}", file.name, media_type, file.octets)
        text, html = clean(unpacked.text)[: self._limits.text], ""
        if unpacked.html and len(unpacked.html) <= self._limits.html and not too_hard(unpacked.html):
            html = clean(sanitised(unpacked.html))
            text = text if text.strip() else clean(html_text(html))[: self._limits.text]
        if text.strip():
            self._found.append(_Found(text, html))
        return True

    def _event(self, part: Part) -> None:
        octets = decoded_start(self._raw, part, calendar.MAX_OCTETS + 1)
        found = calendar.summary(decode(octets, part.params.get("charset"), detect=False)[0])
        if found is not None:
            self._events[found] = None

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


def _disposition(part: Part) -> Parameters:
    return parameters(part.header.first("content-disposition") or b"")


def _name(part: Part) -> str:
    """The file name as written; empty when there is none."""
    return _disposition(part).params.get("filename") or part.params.get("name") or ""


def _is_text(part: Part, *, alone: bool = False) -> bool:
    """Whether the part is to be read; `alone` is the body of a mail of one part, whatever name it has."""
    if part.media_type.partition("/")[0] != "text" or part.media_type in _NEVER_READ:
        return False
    if _disposition(part).value.lower() == "attachment":
        return False
    return alone or not _name(part)


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
