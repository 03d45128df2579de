"""The parts of a mail, as ranges of its octets; nothing is copied, decoded or entered that may not be.

Sources  RFC 2045 §5 (types), RFC 2046 §5.1 (multipart), §5.2.1 (message/rfc822: stays closed, its text is another
         mail's), RFC 2183 (disposition), RFC 2392 (Content-ID).
         Each boundary is searched for from where it was declared, so the work grows with the octets, not with lines
         times depth. What is too deep stays one opaque part.
Not here  what the octets of a part say (content.py), which parts are read (passages.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from gateway.message.charset import clean_line
from gateway.message.header import MAX_PARAMETERS, Parameters, parameters
from gateway.message.limits import HeaderBlock, ParseLimits, header_block
from gateway.message.types import Defect

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_MEANT = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}  # written without a subtype
_LINE_REST = re.compile(rb"(--)?[ \t]*\r{0,2}(?:\n|\Z)")  # two: a relay doubled what it took for line ends
_GUESSED = re.compile(rb"(?<=\n)--([^\r\n]{1,200}?)[ \t]*\r?\n")
_CONTENT_ID = re.compile(rb"<([^<>]{1,250})>")
_MAX_GUESSES = 20
_HITS_PER_PART = 4  # lines that look like a boundary, for each part that we would take


@dataclass(frozen=True, slots=True)
class Part:
    """One body part; `children` is empty for everything that is not an opened multipart."""

    path: str  # "1" is the message itself, "1.2" its second part
    header: HeaderBlock
    media_type: str  # lower case
    params: dict[str, str]  # of Content-Type, names in lower case, values decoded
    start: int  # the body, from here
    end: int  # to here, as it stands in the raw mail
    children: tuple["Part", ...] = ()

    @property
    def disposition(self) -> str:
        """`inline`, `attachment` or whatever else is written, in lower case; empty when nothing is."""
        return self._disposition().value.lower()

    @property
    def file_name(self) -> str:
        """As written, not cleaned; empty when there is none."""
        return self._disposition().params.get("filename") or self.params.get("name") or ""

    @property
    def content_id(self) -> str | None:
        """Without angle brackets; None when there is none."""
        found = _CONTENT_ID.search(self.header.first("content-id") or b"")
        return clean_line(found[1].decode("utf-8", "replace")) or None if found else None

    def leaves(self) -> Iterator["Part"]:
        """All parts in it that hold no others, itself included, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def _disposition(self) -> Parameters:
        return parameters(self.header.first("content-disposition") or b"")


class TooManyPartsError(Exception):
    """More parts than we read; the mail stays whole."""


@dataclass(slots=True)
class _Kind:
    media_type: str
    params: dict[str, str]


@dataclass(slots=True)
class _Open:
    """A multipart whose boundary is still being searched for, or (mark is empty) the part that is being read."""

    path: str
    header: HeaderBlock
    kind: _Kind
    mark: bytes
    hit: tuple[int, int, bool] | None = (-1, -1, False)  # next boundary line: start, end, closing; None: no more
    children: list[Part] = field(default_factory=list)


def structure(raw: bytes, header: HeaderBlock, limits: ParseLimits) -> tuple[Part, tuple[Defect, ...]]:
    """The message as a tree of parts.

    Raises  TooManyPartsError  more than `limits.mime_parts`
    """
    return _Splitter(raw, limits).split(header)


class _Splitter:
    """One walk from boundary to boundary; `_stack` holds what is open, outermost first."""

    def __init__(self, raw: bytes, limits: ParseLimits) -> None:
        self._raw, self._limits = raw, limits
        self._stack: list[_Open] = []
        self._hits = self._parts = 0
        self._defects: dict[str, Defect] = {}

    def split(self, header: HeaderBlock) -> tuple[Part, tuple[Defect, ...]]:
        """The tree, and what is wrong with it."""
        root: list[Part] = []
        self._open("1", header, "text/plain")
        at = header.end
        while self._stack and (found := self._next(at)) is not None:
            level, (line, at, closing) = found
            self._close_down_to(level + (0 if closing else 1), self._before(line), root)
            if not closing and level + 1 == len(self._stack):
                at = self._begin_child(at)
        if self._stack:
            if self._stack[0].mark:
                self._note("mime-unfinished", "the closing boundary is missing")
            self._close_down_to(0, len(self._raw), root)
        return root[0], tuple(self._defects.values())

    def _begin_child(self, at: int) -> int:
        """Open the part whose header begins at `at`; where its body begins."""
        parent = self._stack[-1]
        following = self._next(at)
        header = header_block(self._raw, at, following[1][0] if following else len(self._raw), self._limits)
        default = "message/rfc822" if parent.kind.media_type == "multipart/digest" else "text/plain"
        self._open(f"{parent.path}.{len(parent.children) + 1}", header, default)
        return header.end

    def _open(self, path: str, header: HeaderBlock, default: str) -> None:
        self._parts += 1
        if self._parts > self._limits.mime_parts:
            raise TooManyPartsError
        value = header.first("content-type")
        media_type, found = content_type(value, default, self._limits.header_params)
        kind = _Kind(media_type, found.params)
        for name in found.repeated:
            self._note("repeated-parameter", name)
        mark = b""
        if kind.media_type.startswith("multipart/"):
            if sum(1 for o in self._stack if o.mark) < self._limits.mime_depth:
                mark = self._mark(kind, header.end)
            else:
                self._note("mime-depth", f"more than {self._limits.mime_depth} levels")
        self._stack.append(_Open(path, header, kind, mark))

    def _mark(self, kind: _Kind, start: int) -> bytes:
        """`--` and the boundary; empty when there is none: then the part holds one text (RFC 2046 §5.1.2)."""
        boundary = kind.params.get("boundary", "").rstrip().encode("utf-8", "surrogateescape")
        if boundary and self._raw.find(b"\n--" + boundary, start - 1) >= 0:
            return b"--" + boundary
        for guess in islice(_GUESSED.finditer(self._raw, start), _MAX_GUESSES):
            if self._raw.find(b"\n--" + guess[1] + b"--", guess.end() - 1) >= 0:
                self._note("mime-boundary", "not the declared one")
                return b"--" + guess[1]
        self._note("mime-boundary", "a multipart without parts")
        kind.media_type = "text/plain"
        return b""

    def _next(self, at: int) -> tuple[int, tuple[int, int, bool]] | None:
        """The level and place of the next boundary line at or after `at`; the innermost when several fit."""
        best: tuple[int, tuple[int, int, bool]] | None = None
        for level in range(len(self._stack) - 1, -1, -1):
            part = self._stack[level]
            if part.mark and part.hit is not None:
                if part.hit[0] < at:
                    part.hit = self._search(part.mark, at)
                if part.hit is not None and (best is None or part.hit[0] < best[1][0]):
                    best = level, part.hit
        return best

    def _search(self, mark: bytes, at: int) -> tuple[int, int, bool] | None:
        needle = b"\n" + mark
        found = self._raw.find(needle, max(at - 1, 0))
        while found >= 0:
            self._hits += 1
            if self._hits > _HITS_PER_PART * self._limits.mime_parts:
                raise TooManyPartsError
            rest = _LINE_REST.match(self._raw, found + len(needle))
            if rest:
                return found + 1, rest.end(), rest[1] is not None
            found = self._raw.find(needle, found + 1)
        return None

    def _before(self, line: int) -> int:
        """The end of a part: the line end before a boundary belongs to the boundary."""
        start = max(line - 3, 0)
        return start + len(self._raw[start : line - 1].rstrip(b"\r"))

    def _close_down_to(self, level: int, end: int, root: list[Part]) -> None:
        while len(self._stack) > level:
            part = self._stack.pop()
            start, children = part.header.end, tuple(part.children)
            media_type = "text/plain" if part.mark and not children else part.kind.media_type  # only a preamble
            done = Part(part.path, part.header, media_type, part.kind.params, start, max(end, start), children)
            (self._stack[-1].children if self._stack else root).append(done)

    def _note(self, code: str, detail: str) -> None:
        self._defects.setdefault(code, Defect(code, detail))


def content_type(
    value: bytes | None, default: str = "text/plain", most: int = MAX_PARAMETERS
) -> tuple[str, Parameters]:
    """The media type in lower case and the parameters; the default for what is missing or none (RFC 2045 §5.2)."""
    if value is None:
        return default, Parameters("", {}, ())
    found = parameters(value, most)
    text = found.value.lower().strip("\"' ")
    return text if _MEDIA_TYPE.fullmatch(text) else _MEANT.get(text, default), found
