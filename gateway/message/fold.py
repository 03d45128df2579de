"""The form of a text that searching and the rules compare: case and accents do not count.

Sources  Unicode Standard §3.11 (NFKD), §3.13 (case folding).
         NFKD without its marks, and the letters that have no decomposition: ł đ ø ß æ œ.
Not here languages: й and и, ё and е, Ä and A are one letter here, in every language.
"""

import re
import string
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ß": "ss", "ё": "е", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i"})
# scripts that put no blank between words: each letter is a word, and what is asked for is a phrase of them
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD_CHARACTERS = 60  # a longer run of letters is several words
_WORD = re.compile(rf"[^\W_{_UNSPACED}]{{1,{_WORD_CHARACTERS}}}|(?=\w)[{_UNSPACED}]")
_OTHERS = re.compile("[^\\0-\x7f]+")
_KEPT = (string.ascii_letters + string.digits).encode()
_APART = bytes(ord(chr(o).lower()) if o in _KEPT else o if o > 0x7F else 0x20 for o in range(256))


class _WithoutMarks(dict[int, int | None]):
    """What str.translate asks for each character: None drops it. Filled as characters are met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_MARKS = _WithoutMarks()


def folded(text: str) -> str:
    """The text in the one form that searching and the rules compare; folding it again changes nothing."""
    lowered = text.lower()
    return lowered if lowered.isascii() else _OTHERS.sub(_folded_run, lowered)


def _folded_run(found: re.Match[str]) -> str:
    return _folded(found[0]) if len(found[0]) <= _WORD_CHARACTERS else _folded.__wrapped__(found[0])


@lru_cache(20_000)  # what stands beside it does not change a letter: most runs were in another text
def _folded(run: str) -> str:
    letters = unicodedata.normalize("NFKD", run).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFKD", letters).translate(_MARKS)


def words(text: str) -> list[str]:
    """The words of a text as they are searched: folded runs of letters and digits, nothing else."""
    runs = text.encode("utf-8", "replace").translate(_APART).decode().split()
    if text.isascii() and max(map(len, runs), default=0) <= _WORD_CHARACTERS:
        return runs
    found: list[str] = []
    for run in runs:
        if run.isascii() and len(run) <= _WORD_CHARACTERS:
            found.append(run)
        else:
            found.extend(_words_of(run))
    return found


@lru_cache(20_000)  # most words of a mail were in another one
def _words_of(run: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(folded(run)))
