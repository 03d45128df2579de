"""The attachments of a mail, with what they are by their octets; and what stands in containers and invitations.

Sources  RFC 8551 §3.2 (S/MIME types: kept closed, labelled), RFC 5545 (invitations are files as well).
         Only facts are kept: the octets are cut out of the raw mail when somebody wants them.
Not here  which parts are attachments (passages.py), what their names may be (filename.py).
"""

import hashlib
from dataclasses import dataclass

from gateway.message import calendar
from gateway.message.charset import clean, decode
from gateway.message.content import decoded_pieces, decoded_start
from gateway.message.filename import clean_name
from gateway.message.html import html_text, sanitised, too_hard
from gateway.message.limits import ParseLimits
from gateway.message.mime import Part, content_type
from gateway.message.sniff import START_OCTETS, sniffed
from gateway.message.types import Attachment, Defect
from gateway.message.unpacked import Unpack, Unpacked

_BLANKS = b" \t\r\n\v\f"
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_MAILS = frozenset({"message/rfc822", "message/global"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, slots=True)
class Found:
    """Words that no text part holds: those of a container."""

    text: str
    html: str


class Attachments:
    """Collects them, each under its MIME path, and never more than there may be parts.

    found  the words of containers.  mails  the parts that are mails themselves
    """

    def __init__(self, raw: bytes, limits: ParseLimits, unpack: Unpack | None) -> None:
        self._raw, self._limits, self._unpack = raw, limits, unpack
        self._attachments: dict[str, Attachment] = {}
        self._defects: dict[str, Defect] = {}
        self._events: dict[str, None] = {}
        self.found: list[Found] = []
        self.mails: list[Part] = []

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What was attached, in order."""
        return tuple(self._attachments.values())

    @property
    def events(self) -> tuple[str, ...]:
        """What invitations say, each once."""
        return tuple(self._events)

    @property
    def defects(self) -> tuple[Defect, ...]:
        """What was noted, the first of each code."""
        return tuple(self._defects.values())

    def note(self, code: str, detail: str) -> None:
        """Something wrong, or a label."""
        self._defects.setdefault(code, Defect(code, detail))

    def attach(self, part: Part) -> None:
        """A whole part, once; a container that can be opened gives what it holds instead."""
        if len(self._attachments) >= self._limits.mime_parts or part.path in self._attachments:
            return
        name = part.file_name
        if self._unpack and (part.media_type in _TNEF or name.lower() == "winmail.dat"):
            if self._opened(part, self._unpack):
                return
            self.note("tnef-not-read", part.path)
        if part.media_type in _SMIME:
            kind = part.params.get("smime-type", "enveloped-data").lower()
            self.note("signed" if kind == "signed-data" else "encrypted", f"S/MIME {kind}")
        if part.media_type == "text/calendar":
            self._event(part)
        if part.media_type in _MAILS or (
            part.media_type == "application/octet-stream" and name.lower().endswith(".eml")
        ):
            self.mails.append(part)
        digest, size, start = hashlib.sha256(), 0, b""
        for piece in decoded_pieces(self._raw, part):
            digest.update(piece)
            size += len(piece)
            start = start if len(start) >= START_OCTETS else start + piece[:START_OCTETS]
        self._attachments[part.path] = Attachment(
            part=part.path,
            name=clean_name(name, part=part.path, media_type=part.media_type),
            media_type=part.media_type,
            size=size,
            sha256=digest.hexdigest(),
            content_id=part.content_id,
            inline=part.disposition == "inline",
            sniffed=sniffed(start),
        )

    def attach_file(self, path: str, name: str, media_type: str, octets: bytes) -> None:
        """A file that is no part of its own: `path` is that of its part, a slash, and its number."""
        if len(self._attachments) < self._limits.mime_parts:
            found = sniffed(octets[:START_OCTETS])
            shown = clean_name(name, part=path.replace("/", "-"), media_type=media_type)
            digest = hashlib.sha256(octets).hexdigest()
            self._attachments[path] = Attachment(path, shown, media_type, len(octets), digest, sniffed=found)

    def body_hash(self, root: Part) -> str:
        """Over the decoded parts in order; texts without their blanks and line ends, which change on the way."""
        digest = hashlib.sha256()
        known = {a.part: a.sha256 for a in self.attachments if not a.media_type.startswith("text/")}
        for leaf in root.leaves():
            if leaf.path in known:
                digest.update(bytes.fromhex(known[leaf.path]))
                continue
            inner = hashlib.sha256()
            text = leaf.media_type.startswith("text/")
            for piece in decoded_pieces(self._raw, leaf):
                inner.update(piece.translate(None, _BLANKS) if text else piece)
            digest.update(inner.digest())
        return digest.hexdigest()

    def _opened(self, part: Part, unpack: Unpack) -> bool:
        """Whether the container could be read; then its files are attached and its words are found."""
        octets = b"".join(decoded_pieces(self._raw, part))
        unpacked = unpack(octets, self._limits.unpacked, self._limits.mime_parts - len(self._attachments))
        if unpacked is None or unpacked == Unpacked("", "", ()):
            return False
        for number, file in enumerate(unpacked.files, 1):
            media_type = content_type(file.media_type.encode(errors="replace"), "application/octet-stream")[0]
            self.attach_file(f"{part.path}/{number}", file.name, media_type, file.octets)
        text, html = clean(unpacked.text)[: self._limits.text], ""
        if unpacked.html and len(unpacked.html) <= self._limits.html and not too_hard(unpacked.html):
            html = sanitised(unpacked.html)
            text = text if text.strip() else clean(html_text(html))[: self._limits.text]
        if text.strip():
            self.found.append(Found(text, html))
        return True

    def _event(self, part: Part) -> None:
        octets = decoded_start(self._raw, part, calendar.MAX_OCTETS + 1)
        found = calendar.summary(decode(octets, part.params.get("charset"), detect=False)[0])
        if found is not None:
            self._events[found] = None
