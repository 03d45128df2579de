"""How a header field of our mails is written: cleaned, encoded, folded. The only place that does it.

Sources  RFC 5322 §2.1.1, §2.2.3 (lines, folding), §3.2.3, §3.2.4 (atoms, quotes), §3.4, §3.6.4 (mailboxes, ids),
         RFC 2047 §2, §5 (encoded words), RFC 6532 (not used: our fields are ASCII, so that every relay takes them).
         Values are built from text, never from parsed fields, so nothing that came in can end a line.
Not here  which fields a mail has (compose.py), the check of the finished octets (wire.py).
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence

_WIDTH = 76
_MAX_NAME = 120  # characters of a display name
_MAX_IDS_OCTETS = 960  # of References with its line ends: RFC 5322 §2.1.1 as if it were one line
_WORD_OCTETS = 39  # of text in one encoded word: 52 characters of base64, 12 around them, and room for a field name

# controls, line and paragraph separators, surrogates; and what turns the order of letters around in a name
_DIRTY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DIRTY_TEXT = re.compile(f"(?![\t\n]){_DIRTY.pattern}")
_SPACES = re.compile(" {2,}")
_PLAIN_WORDS = re.compile(r"(?!.*=\?)[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ID = re.compile(r"(?!.*=\?)<[!-;=?A-~]+@[!-;=?A-~]+>")


def clean_header(text: str) -> str:
    """The text as one line: every control, line end, surrogate and turn of direction becomes a space."""
    return _SPACES.sub(" ", _DIRTY.sub(" ", text)).strip()


def clean_text(text: str) -> str:
    """The text with lines apart by `\\n`, and without other controls, surrogates and turns of direction."""
    if text.isprintable():  # which none of these is
        return text
    return _DIRTY_TEXT.sub(" ", text.replace("\r\n", "\n")) if _DIRTY.search(text) else text


def text_field(name: str, text: str) -> str:
    """An unstructured field such as Subject, folded, with its line end."""
    clean = clean_header(text)
    words = clean.split(" ")
    if _PLAIN_WORDS.fullmatch(clean) and max(map(len, words)) < _WIDTH:
        return field(name, words)
    return field(name, _encoded_words(clean))


def mailbox_field(name: str, display_name: str, address: str) -> str:
    """A field with one mailbox, folded, with its line end; an address that is not ASCII becomes an empty group.

    address  valid (message/address.py).  The envelope alone can carry other letters (RFC 6531) without an 8-bit header.
    """
    if not address.isascii():
        return field(name, ("undisclosed-recipients:;",))
    phrase = tuple(_phrase(clean_header(display_name)[:_MAX_NAME].rstrip()))
    return field(name, (*phrase, f"<{address}>") if phrase else (address,))


def ids_field(name: str, ids: Sequence[str]) -> str:
    """A field of Message-IDs that are `usable_ids`, one a line, with its line end; empty for none."""
    return f"{name}: " + "\r\n ".join(ids) + "\r\n" if ids else ""


def usable_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that a field may carry, each once, in order: the first and the last 9, under 998 octets."""
    good = tuple(dict.fromkeys(i for i in ids if len(i) <= 250 and _ID.fullmatch(i)))
    kept = good if len(good) <= 10 else (good[0], *good[-9:])
    while sum(len(i) + 3 for i in kept) > _MAX_IDS_OCTETS:
        kept = (kept[0], *kept[2:])
    return kept


def field(name: str, words: Iterable[str]) -> str:
    """A field of words that are safe as they are, folded between them, with its line end."""
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _WIDTH and line.strip() and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join((*lines, line)) + "\r\n"


def _phrase(text: str) -> Iterator[str]:
    if not text:
        return
    if _ATOMS.fullmatch(text) and "=?" not in text:
        yield from text.split(" ")
    elif text.isascii() and "=?" not in text and len(text) < _WIDTH - 10:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        yield f'"{escaped}"'
    else:
        yield from _encoded_words(text)


def _encoded_words(text: str) -> Iterator[str]:
    """Cut between characters (RFC 2047 §5: each word is complete by itself)."""
    octets = text.encode()
    at = 0
    while at < len(octets):
        end = min(at + _WORD_OCTETS, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        yield f"=?utf-8?B?{base64.b64encode(octets[at:end]).decode()}?="
        at = end
