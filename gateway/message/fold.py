"""The form of a text that searching and the rules compare: case and accents do not count.

Sources  Unicode Standard §3.11 (NFKD), §3.13 (case folding).
         NFKD without its marks, and the letters that have no decomposition: ł đ ø ß æ œ.
Not here languages: й and и, ё and е, Ä and A are one letter here, in every language.
"""

import unicodedata

_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ß": "ss", "ё": "е", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i"})


class _WithoutMarks(dict[int, int | None]):
    """What str.translate asks for each character: None drops it. Filled as characters are met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_MARKS = _WithoutMarks()


def folded(text: str) -> str:
    """The text in the one form that searching and the rules compare; folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFKD", letters).translate(_MARKS)
