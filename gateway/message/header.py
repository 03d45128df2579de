"""What the octets of a header field say: unfolded, with encoded words and parameters decoded.

Sources  RFC 5322 §2.2.3 (folding), RFC 2047 (encoded words), RFC 2231 (parameters), RFC 6532 (UTF-8 in fields).
         Read more widely than RFC 2047 allows: words inside quotes, with spaces in them, or glued to other text,
         because mail programs show them decoded and so must we.
Not here  which mailboxes a value names (address.py), how much of a header is read at all (limits.py).
"""

import binascii
import re
from dataclasses import dataclass

from gateway.message.charset import decode, octets_of

MAX_WORDS = 500  # more encoded words stay as they are written
MAX_PARAMETERS = 100
_ENCODED = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_ESCAPED = re.compile("[\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")
_MAX_DAMAGE = 0.25  # of the letters of an encoded word: programs cut words in the middle of a letter
_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_PARAMETER = re.compile(
    rb"\s*([^\s=;\"()<>@,:/\[\]?]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\\?\"?|[^;]*)[^;]*(?:;|\Z)|[^;]*(?:;|\Z)", re.DOTALL
)
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*")|\([^()"]*\)', re.DOTALL)
NO_BASE64 = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")))


def raw_text(octets: bytes) -> str:
    """The octets of a field as text whose encoded words are not decoded; what is no UTF-8 stays escaped."""
    return octets.decode("utf-8", "surrogateescape")


def decode_words(text: str, charset: str | None = None, most: int = MAX_WORDS) -> str:
    """The text with its encoded words decoded; what cannot be decoded stays as written. Not yet cleaned.

    text     may hold octets that are no UTF-8, as `raw_text` leaves them
    charset  what such octets most likely are
    most     how many words are decoded
    """
    if not text.isascii() and _ESCAPED.search(text):
        text = decode(octets_of(text), charset, detect=False)[0]
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending, written, label, at = b"", "", "", 0
    for count, word in enumerate(_ENCODED.finditer(text)):
        if count >= most:
            break
        between = text[at : word.start()]
        octets = _word_octets(word[2], word[3])
        # blanks between two words are not text, and letters may be cut in two where one word ends (RFC 2047 §6.2)
        if at and not between.strip() and word[1].lower() == label:
            pending, written = pending + octets, written + between + word[0]
        else:
            pieces += (_decoded(pending, label, written), between if between.strip() or not at else "")
            pending, written, label = octets, word[0], word[1].lower()
        at = word.end()
    return "".join((*pieces, _decoded(pending, label, written), text[at:]))


def _decoded(octets: bytes, label: str, written: str) -> str:
    """The text of encoded words; as they are written when they give no text in any reading."""
    text, defect = decode(octets, label, detect=False)
    no_text = _NO_TEXT.search(text) or text.count("\ufffd") > _MAX_DAMAGE * len(text)
    return written if defect is not None and no_text else text


def _word_octets(encoding: str, content: str) -> bytes:
    octets = octets_of(content)
    if encoding in "qQ":
        return _ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), octets.replace(b"_", b" "))
    return loose_base64(octets)


def loose_base64(octets: bytes) -> bytes:
    """The decoded octets; anything that is no base64 is skipped, a missing end is forgiven."""
    octets = octets.translate(None, NO_BASE64)
    if len(octets) % 4 == 1:
        octets = octets[:-1]
    return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))


@dataclass(frozen=True, slots=True)
class Parameters:
    """A structured MIME field: the value before the first `;`, and what follows, names in lower case."""

    value: str
    params: dict[str, str]
    repeated: tuple[str, ...]  # named more than once: parsers may differ


def parameters(octets: bytes, most: int = MAX_PARAMETERS) -> Parameters:
    """The parts of a Content-Type or Content-Disposition value, RFC 2231 and encoded words decoded, not cleaned.

    most  how many parameters are read
    """
    if b"(" in octets:
        octets = _COMMENT.sub(lambda m: m[1] or b" ", octets)
    value, _, rest = octets.partition(b";")
    plain: dict[str, bytes] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    repeated: list[str] = []
    for count, found in enumerate(_PARAMETER.finditer(rest)):
        if count >= most:
            break
        if found[1] is None:
            continue
        name = _CONTINUED.fullmatch(found[1].decode("utf-8", "replace").lower())
        content = _unquoted(found[2])
        if name is None:
            continue
        if name[2] is None and name[3] is None:
            if name[1] in plain:
                repeated.append(name[1])
            plain.setdefault(name[1], content)
        else:
            pieces.setdefault(name[1], {}).setdefault(int(name[2] or 0), (content, name[3] is not None))
    params = {name: decode_words(_lenient(content)) for name, content in plain.items()}
    params |= {name: _joined(parts) for name, parts in pieces.items()}
    return Parameters(_lenient(value).strip(), params, tuple(repeated))


def _unquoted(octets: bytes) -> bytes:
    octets = octets.strip()
    if octets[:1] != b'"':
        return octets
    octets = octets[1:-1] if len(octets) > 1 and octets.endswith(b'"') else octets[1:]
    return octets.replace(b'\\"', b'"').replace(b"\\\\", b"\\")  # other backslashes are parts of Windows paths


def _joined(pieces: dict[int, tuple[bytes, bool]]) -> str:
    """The value of an extended or continued parameter (RFC 2231 §4.1)."""
    charset = None
    out = b""
    for count, (_, (content, extended)) in enumerate(sorted(pieces.items())):
        if extended:
            if count == 0 and content.count(b"'") >= 2:
                label, _, content = content.split(b"'", 2)
                charset = label.decode("ascii", "replace") or None
            content = _PERCENT.sub(lambda m: bytes((int(m[1], 16),)), content)
        out += content
    return decode_words(decode(out, charset, detect=False)[0])


def _lenient(octets: bytes) -> str:
    return octets.decode("ascii") if octets.isascii() else decode(octets, None, detect=False)[0]
