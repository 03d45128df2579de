"""Which characters octets stand for, whatever their label says; and text that every store takes.

Sources  RFC 2045 §5.2, RFC 2046 §4.1.2 (labels), WHATWG Encoding (the supersets that real mail means by a label).
         Valid UTF-8 wins over a label; a label may only name a codec of our list, so that none executes, unpacks
         or smuggles markup (`utf-7`, `unicode_escape`, `zip`); the last resort is windows-1252 with replacement.
Not here  encoded words and parameters (header.py).
"""

import re
import unicodedata
from encodings.aliases import aliases

from charset_normalizer import from_bytes

from gateway.message.alphabet import fit, fitting
from gateway.message.utf7 import is_utf7, utf7_letters

# what a label means: the superset that senders really use
_SUPERSETS = {
    "ascii": "utf_8",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "tis_620": "cp874",
}
_NAMES = {
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
    "x_unknown": "utf_8",
    "unknown_8bit": "utf_8",
    "ansi_x3_110_1983": "latin_1",
    "cp_850": "cp850",
    "x_sjis": "shift_jis",
    "ms932": "cp932",
    "ks_c_5601": "euc_kr",
    "ks_c_5601_1987": "euc_kr",
    "x_gbk": "gbk",
    "x_euc_jp": "euc_jp",
    "x_mac_roman": "mac_roman",
    "x_windows_949": "cp949",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
}
_STATEFUL = frozenset(
    {
        "hz", "iso2022_kr", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004",
        "iso2022_jp_ext", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be",
    }
)  # fmt: skip
_WIDE = frozenset({"gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "euc_jis_2004", "johab"})
_SINGLE = frozenset(
    {f"cp{n}" for n in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874)}
    | {f"cp{n}" for n in range(1250, 1259)}
    | {f"iso8859_{n}" for n in range(2, 17)}
    | {"koi8_r", "koi8_u", "koi8_t", "mac_roman", "mac_latin2", "mac_cyrillic", "mac_greek", "mac_turkish", "ptcp154"}
)
_ALLOWED = _STATEFUL | _WIDE | _SINGLE | {"utf_8", "utf_8_sig"}
_DETECTABLE = sorted((_SINGLE | _WIDE) - {"cp437", "cp864", "johab", "ptcp154", "koi8_t"})
_LABEL = re.compile(r"[A-Za-z0-9:._ ()+-]{1,40}", re.ASCII)
_ASCII = bytes(range(128))
_MIN_TELLING = 6  # octets beyond ASCII; a name or two fits several alphabets
_MIN_LETTERS = 4  # different ones, before a label is doubted: signs such as those of square and cube metres are fewer
_GOOD, _SURE = 0.85, 0.95  # how well letters fit a language: as much as nobody doubts; enough to believe it unasked
_SAMPLE_OCTETS = 4096  # enough to tell alphabets apart; detection is the slowest step of all
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # half a letter, as some programs write it
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_LINE_BREAK = re.compile(r"[\r\n\t\x0b\x0c\x85\u2028\u2029]+")


def codec(label: str) -> str | None:
    """The codec that a charset label means; None for an unknown or refused one."""
    label = label.strip("\"' ")
    if not _LABEL.fullmatch(label):
        return None
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    name = _NAMES.get(name) or aliases.get(name, name)
    name = _SUPERSETS.get(name, name)
    return name if name in _ALLOWED else None


def decode(octets: bytes, label: str | None, *, detect: bool = True) -> tuple[str, str | None]:
    """The text, and what was wrong with the label: None, `charset-unknown`, `charset-wrong`, `charset-undecodable`.

    label   as the mail declares it; None when it does not. The text is not yet cleaned.
    detect  whether a guess may be made where the label is of no use: some milliseconds
    """
    name = codec(label) if label else "utf_8"
    if name is None and label and is_utf7(label) and octets.isascii():
        return utf7_letters(octets), "charset-unknown"
    unknown = "charset-unknown" if name is None else None
    if name in _STATEFUL and not (name.startswith("utf") and b"\0" not in octets):
        return octets.decode(name, "replace"), None
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return _from_eight_bit(octets, name, unknown, detect=detect)
    if name in _WIDE and not text.isascii() and all(c < "\u0800" for c in text):
        # a text in such a charset that happens to be valid UTF-8: real UTF-8 would hold letters of three octets
        wide = _strictly(octets, name)
        return (text, "charset-wrong") if wide is None else (wide, None)
    return text.removeprefix("\ufeff"), unknown


def octets_of(text: str) -> bytes:
    """The octets of a text that was read with `surrogateescape`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def clean(text: str) -> str:
    """NFC text without NUL, controls (but tab and newline) and surrogates, which become U+FFFD; lines end in LF."""
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    if _UNWANTED.search(text):
        text = _UNWANTED.sub("\ufffd", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def clean_line(text: str) -> str:
    """As `clean`, on one line: line ends and tabs become a space."""
    return clean(_LINE_BREAK.sub(" ", text)).strip()


def _from_eight_bit(octets: bytes, name: str | None, unknown: str | None, *, detect: bool) -> tuple[str, str | None]:
    """The text of octets that are no UTF-8, at least not all of them."""
    labelled = name is not None and not name.startswith("utf")
    if name not in _WIDE and _is_damaged_utf8(octets, sure=labelled):
        return _mended(octets), "charset-undecodable"
    if name is not None and labelled:
        text = _strictly(octets, name)
        if text is None and (name in _WIDE or name == "cp1252"):  # one broken letter is no reason to doubt the label
            return octets.decode(name, "replace"), "charset-undecodable"
        if text is not None:
            better = better_than(name, octets) if detect else None
            return (octets.decode(better, "replace"), "charset-wrong") if better else (text, None)
    found = detected(octets) if detect else None
    if found is not None:
        text = _strictly(octets, found)
        if text is not None:
            return text, unknown or "charset-wrong"
    return octets.decode("cp1252", "replace"), unknown or "charset-wrong"


def _is_damaged_utf8(octets: bytes, *, sure: bool) -> bool:
    """Whether most letters beyond ASCII are UTF-8, and only some of them broken."""
    text = octets.decode("utf-8", "replace")
    replaced = text.count("\ufffd")
    whole = len(_BEYOND_ASCII.findall(text)) - replaced
    broken = replaced - 2 * len(_SURROGATE.findall(octets))
    return whole >= (4 * broken if sure else broken)


def _mended(octets: bytes) -> str:
    """Mostly UTF-8: what others append to a mail is in lines of another charset, the rest is damage."""
    lines = octets.decode("utf-8", "replace").split("\n")
    written = octets.split(b"\n")
    others = [n for n, line in enumerate(lines) if "\ufffd" in line and line.replace("\ufffd", "").isascii()]
    codec_of_others = detected(b"\n".join(written[n] for n in others)) or "cp1252"
    for n in others:
        lines[n] = written[n].decode(codec_of_others, "replace")
    return "\n".join(lines)


def detected(octets: bytes) -> str | None:
    """A codec whose text looks like a language; None when nothing does, or there is too little to tell."""
    if len(octets.translate(None, _ASCII)) < _MIN_TELLING:
        return None
    sample = _sample(octets)
    name, worth = fitting(sample)
    if worth >= _SURE:
        return name
    best = from_bytes(sample, steps=4, chunk_size=256, threshold=0.3, cp_isolation=_DETECTABLE, explain=False).best()
    found = best.encoding if best is not None else None
    return _SUPERSETS.get(found, found) if found is not None else None


def better_than(name: str, octets: bytes) -> str | None:
    """The codec of the letters, when those of the named one are no language's; None when there is no such reason.

    Programs that know one charset only write its name on every text.
    """
    beyond = octets.translate(None, _ASCII)
    if name not in _SINGLE or len(beyond) < _MIN_TELLING or len(set(beyond)) < _MIN_LETTERS:
        return None
    sample = _sample(octets)
    if fit(sample, name) >= _GOOD:
        return None
    better, worth = fitting(sample)
    return better if worth >= _SURE else None


def _sample(octets: bytes) -> bytes:
    if len(octets) <= _SAMPLE_OCTETS:
        return octets
    sample = octets[:_SAMPLE_OCTETS]  # a letter cut in two would hide the right answer
    return sample[: sample.rfind(b"\n") + 1] or sample


def _strictly(octets: bytes, name: str) -> str | None:
    try:
        return octets.decode(name)
    except (UnicodeError, ValueError):
        return None
