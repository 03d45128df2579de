"""Which lines of a text stand in mails that we sent ourselves: those are quoted, whatever a mail program did to them.

A line counts when each of its words belongs to so many in a row that stand in our mail as well. Lines may be broken
anew, joined, stripped of their marks and links, and have lost letters outside ASCII. A person cites a sentence of ours;
a program repeats the mail: so the lines count only when together they hold half of one of our mails.
Not here  which mails may have been answered (store/view.py), what follows for the text around (reply.py).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

LEAST_WORDS = 5  # so many in a row were not written again by chance
_MAX_WORDS = 20_000  # of one of our mails
_WORD = re.compile(r"\w+")
_LINK = re.compile(r"<?\b(?:https?://|mailto:)[^\s<>]{0,2000}>?", re.IGNORECASE)
_ORNAMENT = re.compile(r"[\s>|*_=#·•\[\]()<–—-]*")
_LOST = re.compile("(?<=\\w)[?\ufffd\xad\u200b\u200c\u2060]+(?=\\w)")  # letters that a charset had no place for


def standing_in(lines: Sequence[str], ours: Sequence[str]) -> list[bool]:
    """For each line, whether it is repeated from one of our mails; empty lines and rules go with those around them.

    ours  the texts of our mails
    """
    texts = [list(islice(_words(text), _MAX_WORDS)) for text in ours]
    words = [list(_words(line)) for line in lines]
    flat = [word for line in words for word in line]
    grams = {gram for text in texts for gram in _grams(text)}
    covered = bytearray(len(flat))
    for at, gram in enumerate(_grams(flat)):
        if gram in grams:
            covered[at : at + LEAST_WORDS] = b"\1" * LEAST_WORDS
    links = {link.strip("<>").casefold() for text in ours for link in _LINK.findall(text)}
    known, at = [], 0
    for line, said in zip(lines, words, strict=True):
        known.append(all(covered[at : at + len(said)]) if said else line.strip(" \t<>").casefold() in links)
        at += len(said)
    repeated = {word for i, said in enumerate(words) if known[i] for word in said}
    return _filled(lines, known) if _are_repeated(repeated, texts) else [False] * len(lines)


def standing_whole(texts: Sequence[str]) -> Callable[[str], bool]:
    """Whether all words of a line stand in one of the texts, in a row; those of a line without words stand nowhere."""
    whole = [f" {' '.join(islice(_words(text), _MAX_WORDS))} " for text in texts]

    def stands(line: str) -> bool:
        said = f" {' '.join(_words(line))} "
        return bool(said.strip()) and any(said in text for text in whole)

    return stands


def _words(text: str) -> Iterator[str]:
    """The words without case, and without letters that may be lost when a text is written in another charset."""
    for found in _WORD.finditer(_LOST.sub("", _LINK.sub(" ", text)).casefold()):
        word = found[0]
        yield word if word.isascii() else word.encode("ascii", "ignore").decode() or word


def _grams(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[k:] for k in range(LEAST_WORDS)), strict=False)


def _are_repeated(said: set[str], texts: Sequence[Sequence[str]]) -> bool:
    """Whether these words are half of what one of the texts says."""
    return any(text and 2 * sum(word in said for word in text) >= len(text) for text in texts)


def _filled(lines: Sequence[str], known: list[bool]) -> list[bool]:
    """The same with the ornaments that stand between two known lines."""
    last = -1
    filled = list(known)
    for i, line in enumerate(lines):
        if known[i] and last >= 0 and known[last]:
            filled[last:i] = [True] * (i - last)
        if known[i] or not _ORNAMENT.fullmatch(_LINK.sub("", line)):
            last = i
    return filled
