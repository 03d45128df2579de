"""How a value stands in a trace: as YAML would write it, on one line, cut, without control characters.

Not here what is shown around it (explain.py).
"""

import re
import unicodedata
from datetime import datetime, timedelta

from gateway.rules.quantities import in_words
from gateway.rules.types import Value

SHOWN = 60  # characters of one value

_PLAIN = re.compile(r"[\w./$+@(](?:[\w ./$+@()!?=~-]*[\w./$+@()!?=~-])?")
_OTHER_TYPES = re.compile(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?|0[ox][0-9a-f]+|true|false|null|absent|~", re.IGNORECASE)
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def spelled(value: Value) -> str:
    """The YAML spelling of a value; `absent` when there is none."""
    match value:
        case None:
            return "absent"
        case bool():
            return "true" if value else "false"
        case timedelta():
            return in_words(value)
        case datetime():
            return value.isoformat()
        case str():
            return spelled_text(value)
        case tuple():
            return f"[{', '.join(map(spelled_text, value[:5]))}{', …' if len(value) > 5 else ''}]"
        case _:
            return str(value)


def spelled_text(text: str) -> str:
    """A text in plain style where YAML reads it back as the same text, else in quotes; cut with an ellipsis."""
    return plainly(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def plainly(text: str) -> str:
    """A text in plain style where YAML reads it back as the same text, else in quotes."""
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text):
        return '"' + "".join(map(_escaped, text)) + '"'
    plain = _PLAIN.fullmatch(text.removesuffix("…")) and not _OTHER_TYPES.fullmatch(text)
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """A text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04x}" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char
