"""Which one-octet charset makes octets the letters of one language.

Sources  CLDR exemplar characters (the alphabets). Only letters beyond ASCII tell: the right charset gives those of a
         single language, a wrong one gives a mixture, signs inside words, or capitals where small letters belong.
Not here  charsets of several octets a letter, and languages that are not in the list (charset.py asks a library).
"""

import re
from collections import Counter
from functools import cache

_ASCII = bytes(range(128))
_MIXED = re.compile(rb"[A-Za-z](?=[\x80-\xff])|[\x80-\xff](?=[A-Za-z])")
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_LATIN = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áâãàçéêíóôõúü", "áéíñóúü", "àèéìíîòóùú", "áéëíïóöúüè", "æøåéäö", "áðéíóúýþæö",
    "àçéèíïóòúü", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "čćđšž", "áéíóöőúüű", "ăâîșțşţ",
    "çğıöşüâîûİ", "ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž",
)  # fmt: skip
_OTHERS = (
    _CYRILLIC, _CYRILLIC + "іїєґ", "абвгдђежзијклљмнњопрстћуфхцчџш",
    "αβγδεζηθικλμνξοπρςστυφχψωάέήίόύώϊϋΐΰ", "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
)  # fmt: skip
# the letters of a language, and whether ASCII letters stand beside them in a word
_LANGUAGES = tuple((frozenset(a + a.upper()), a in _LATIN) for a in _LATIN + _OTHERS)
# between equals the first one wins
_CODECS = (
    "cp1252", "cp1250", "iso8859_2", "cp1255", "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "cp1253",
    "iso8859_7", "cp1254", "cp1257", "cp850", "cp852", "mac_roman", "mac_cyrillic",
)  # fmt: skip
_TYPOGRAPHY = frozenset("\xa0\xad–—…„“”‚‘’‹›«»•·€£§°´™®©ºª²³½№¿¡\u200e\u200f")
_CAPITAL, _SIGN, _FOREIGN = 0.9, 0.5, -2.0  # what one octet is worth; a small letter of the language is worth 1


def fitting(octets: bytes) -> tuple[str, float]:
    """The charset under which the octets fit a language best, and how well: 1 is perfectly, negative is not at all."""
    return max(((codec, fit(octets, codec)) for codec in _CODECS), key=lambda found: found[1])


def fit(octets: bytes, codec: str) -> float:
    """How well the octets fit a language under this charset."""
    counts = Counter(octets.translate(None, _ASCII))
    letters = [(_table(codec)[octet], n) for octet, n in counts.items()]
    mixed = len(_MIXED.findall(octets))
    worths = (
        sum(n * _worth(c, language) for c, n in letters) - (0 if latin else mixed) for language, latin in _LANGUAGES
    )
    return max(worths) / max(counts.total(), 1)


def _worth(character: str, language: frozenset[str]) -> float:
    if character in language:
        return 1.0 if character.islower() or character.upper() == character.lower() else _CAPITAL
    return _SIGN if character in _TYPOGRAPHY else _FOREIGN


@cache
def _table(codec: str) -> tuple[str, ...]:
    """The character of each octet; U+FFFD where there is none."""
    return tuple(bytes((octet,)).decode(codec, "replace") for octet in range(256))
