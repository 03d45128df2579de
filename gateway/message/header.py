"""What the octets of a header field say: unfolded, with encoded words and parameters decoded.

Sources  RFC 5322 §2.2.3 (folding), RFC 2047 (encoded words), RFC 2231 (parameters), RFC 6532 (UTF-8 in fields).
         Read more widely than RFC 2047 allows: words inside quotes, with spaces in them, or glued to other text,
         because mail programs show them decoded and so must we.
Not here  which mailboxes a value names (address.py), how much of a header is read at all (limits.py).
"""

import binascii
import re

from gateway.message.charset import decode

_MAX_WORDS = 500  # L6: more encoded words stay as they are written
_ENCODED = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def decode_words(text: str) -> str:
    """The text with its encoded words decoded; what cannot be decoded stays as written. Not yet cleaned."""
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending, charset, at = b"", "", 0
    for count, word in enumerate(_ENCODED.finditer(text)):
        if count >= _MAX_WORDS:
            break
        between = text[at : word.start()]
        octets = _word_octets(word[2], word[3])
        # blanks between two words are not text, and letters may be cut in two where one word ends (RFC 2047 §6.2)
        if at and not between.strip() and word[1].lower() == charset:
            pending += octets
        else:
            pieces.append(decode(pending, charset)[0] if pending else "")
            pieces.append(between if between.strip() or not at else "")
            pending, charset = octets, word[1].lower()
        at = word.end()
    pieces.append(decode(pending, charset)[0] if pending else "")
    return "".join(pieces) + text[at:]


def _word_octets(encoding: str, content: str) -> bytes:
    octets = content.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return _ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), octets.replace(b"_", b" "))
    return loose_base64(octets)


def loose_base64(octets: bytes) -> bytes:
    """The decoded octets; anything that is no base64 is skipped, a missing end is forgiven."""
    if not octets.isalnum():
        octets = _NO_BASE64.sub(b"", octets)
    if len(octets) % 4 == 1:
        octets = octets[:-1]
    return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))
