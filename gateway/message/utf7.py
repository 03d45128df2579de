"""The letters of UTF-7, and nothing that could be markup.

Sources  RFC 2152. Python's codec is not used: text that looks harmless in ASCII would turn into tags in it. Here a run
         that stands for `<`, `>`, `&`, a control or no text at all stays as it is written.
Not here  every other charset (charset.py).
"""

import binascii
import re

_LABEL = re.compile(r"(?:unicode-1-1-|x-unicode-2-0-|csunicode11)?utf-?7", re.IGNORECASE)
_RUN = re.compile(rb"\+([A-Za-z0-9+/]{0,4000})-?")
_REFUSED = re.compile("[\x00-\x1f<>&\x7f-\x9f\u2028\u2029\ufeff]")


def is_utf7(label: str) -> bool:
    """Whether a charset label means UTF-7."""
    return _LABEL.fullmatch(label.strip()) is not None


def utf7_letters(octets: bytes) -> str:
    """The text, with every run that we refuse left as written; octets beyond ASCII become U+FFFD."""
    return _RUN.sub(_run, octets).decode("utf-8", "replace")


def _run(found: re.Match[bytes]) -> bytes:
    content = found[1]
    if not content:
        return b"+" if found[0] == b"+-" else found[0]
    try:
        units = binascii.a2b_base64(content + b"=" * (-len(content) % 4))
        text = units[: len(units) - len(units) % 2].decode("utf-16-be")
    except ValueError:  # no base64, or half a surrogate pair
        return found[0]
    return found[0] if not text or _REFUSED.search(text) else text.encode()
