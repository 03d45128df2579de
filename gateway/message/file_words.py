"""The words that a file says, in whatever form: an attached mail with all its parts, a text in any charset.

Sources  RFC 2045 §6, RFC 2046 §5.2.1: read by our own parts (mime.py, content.py), which are bounded and copy nothing.
         HTML is no tree here and nothing is unpacked: that is for the child process that parses mail (decisions/0001).
Not here  documents: no PDF, no office format. What the words mean (ticket/leak.py).
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.message.charset import clean, decode
from gateway.message.content import decoded_start
from gateway.message.header import decode_words, loose_base64, raw_text
from gateway.message.html import without_tags
from gateway.message.limits import HeaderBlock, ParseLimits, first_field, header_block
from gateway.message.mime import Part, TooManyPartsError, structure
from gateway.message.sealed import START_OCTETS, is_sealed_file, is_sealed_text

MOST_OCTETS = 1 << 20  # of all that a file says
_SAMPLE_OCTETS = 4096  # by which a text is told from what is none
_MOST_PARTS = 500
_DEEPEST = 6  # mails in mails, and base64 in them
_MOST_GUESSES = 5  # texts of a file whose charset may be guessed
_LIMITS = ParseLimits(header_block=64 << 10, header_fields=200, mime_parts=_MOST_PARTS, mime_depth=20)
_MAILS = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"})
_OF_MAILS = frozenset({"from", "to", "subject", "date", "message-id", "received", "content-type", "mime-version"})
_LEAST_FIELDS = 2  # by which a text is known to be a mail
_BINARY = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_WIDE = {  # how a text begins -> its charset
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_HALF = 0.4  # as much of every second octet is nothing, in a text of two octets a letter
_BASE64 = re.compile(r"\s*(?=[A-Za-z0-9+/]{20})(?:[A-Za-z0-9+/]{1,100}\n)*[A-Za-z0-9+/]*={0,2}\s*")
_ENCODED = re.compile(r"=(?:\r?\n|[0-9A-F]{2})")
_TAG = re.compile(r"<[a-zA-Z/!]")


@dataclass(frozen=True, slots=True)
class FileWords:
    """What a file says. `sealed`: it, or something in it, is closed to us."""

    text: str
    sealed: bool


def file_words(octets: bytes, media_type: str, name: str) -> FileWords:
    """All words that can be read off a file, at most MOST_OCTETS of them; nothing raises, whatever the octets are."""
    reader = _Reader()
    texts = list(reader.of_file(octets, media_type, name, 0))
    return FileWords("\n\n".join(texts), reader.sealed)


class _Reader:
    """One file; `_left`, `_guesses` and `_parts` are what may still be read."""

    def __init__(self) -> None:
        self.sealed = False
        self._left, self._guesses, self._parts = MOST_OCTETS, _MOST_GUESSES, _MOST_PARTS

    def of_file(self, octets: bytes, media_type: str, name: str, depth: int, label: str = "") -> Iterator[str]:
        """Its words; those of a mail are those of its parts."""
        self.sealed = self.sealed or is_sealed_file(media_type, name, octets[:START_OCTETS])
        if self._left <= 0 or depth > _DEEPEST:
            return
        header = header_block(octets, first_field(octets), len(octets), _LIMITS)
        if media_type in _MAILS or name.lower().endswith(".eml") or _is_of_mail(header):
            yield from self._of_mail(octets, header, depth)
            return
        text = self._text(octets, media_type, label)
        if not text:
            return
        self.sealed = self.sealed or is_sealed_text(text)
        yield text
        if _TAG.search(text):
            yield without_tags(text)
        if _BASE64.fullmatch(text):
            yield from self._again(loose_base64(text.encode()), depth)
        elif _ENCODED.search(text):
            yield from self._again(binascii.a2b_qp(text.encode()), depth)

    def _again(self, octets: bytes, depth: int) -> Iterator[str]:
        yield from self.of_file(octets, "application/octet-stream", "", depth + 1)

    def _of_mail(self, octets: bytes, header: HeaderBlock, depth: int) -> Iterator[str]:
        yield "\n".join(f"{name}: {decode_words(raw_text(value), None, 100)}" for name, value in header.fields)
        try:
            root, _ = structure(octets, header, _LIMITS)
        except TooManyPartsError:
            self.sealed = True  # nobody looked
            return
        for leaf in root.leaves():
            if self._parts <= 0 or self._left <= 0:
                return
            self._parts -= 1
            yield from self._of_part(octets, leaf, depth)

    def _of_part(self, raw: bytes, part: Part, depth: int) -> Iterator[str]:
        start = decoded_start(raw, part, _SAMPLE_OCTETS)
        kind = part.media_type
        if kind.startswith(("text/", "message/")) or _charset(start) is not None:
            start = decoded_start(raw, part, max(self._left, _SAMPLE_OCTETS))
        yield from self.of_file(start, kind, part.file_name, depth + 1, part.params.get("charset", ""))

    def _text(self, octets: bytes, media_type: str, label: str) -> str:
        """What it says as a text; empty where it is none."""
        found = _charset(octets[:_SAMPLE_OCTETS])
        if found is None and not media_type.startswith("text/"):
            return ""
        octets = octets[: self._left]
        self._left -= len(octets)
        detect = self._guesses > 0 and not octets.isascii()
        self._guesses -= detect
        return clean(decode(octets, found or label or None, detect=detect)[0]).removeprefix("\ufeff")


def _is_of_mail(header: HeaderBlock) -> bool:
    return len({name.lower() for name, _ in header.fields} & _OF_MAILS) >= _LEAST_FIELDS


def _charset(start: bytes) -> str | None:
    """What the first octets of a text show its charset to be, empty where nothing shows it; None: it is no text."""
    for mark, charset in _WIDE.items():
        if start.startswith(mark):
            return charset
    if not _BINARY.search(start):
        return ""
    for shift, charset in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = start[shift::2]
        if half.count(0) >= _HALF * len(half) > start[1 - shift :: 2].count(0):
            return charset
    return None
