"""Text of strangers and times, as they may stand in what people read.

Sources  acceptance J-02 (control and bidi characters of mail data are escaped in every output, fields cut at 512),
         Unicode Standard Annex 9 §2 (directional formatting).
"""

import re
from datetime import datetime

FIELD_CHARACTERS = 512
# C0, DEL, C1, line separators, marks and brackets of direction, byte order mark, half of a surrogate pair
UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_IN_A_LINE = re.compile(f"[{UNSAFE}]")
_IN_A_BLOCK = re.compile(f"(?![\n\t])[{UNSAFE}]")


def printable(text: str, at_most: int = FIELD_CHARACTERS) -> str:
    """Text of a stranger in one line: control characters escaped, cut."""
    return _IN_A_LINE.sub(_escaped, text if len(text) <= at_most else text[: at_most - 1] + "…")


def block(text: str) -> str:
    """Text of a stranger with its lines and tabs."""
    return _IN_A_BLOCK.sub(_escaped, text.replace("\r\n", "\n"))


def stamp(moment: datetime | None) -> str:
    """`2026-11-21 22:10:00 UTC`; empty for None."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment is not None else ""


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
