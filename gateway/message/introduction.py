"""The paragraph by which a program says who wrote when, above the words that it quotes. In any language.

It names an address or says that somebody wrote, and has a date; most end in a colon.
Not here  headers in the text (written_header.py).
"""

import re
from collections.abc import Iterator, Sequence

from gateway.message.labels import ON, WROTE
from gateway.message.lines import ADDRESS, DATE, RULE, VIEW, folded
from gateway.message.written_header import header_above, is_labelled, label_of

_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2}|[年년]|\b\d{1,2}-[^\W\d_]{3,4}\.?-\d\d")
_WITHOUT_YEAR = re.compile(r"^\s*(?:\w+ ){0,2}\w+\.?,? [^<:]{3,24}[ ,]\d{1,2}[:.]\d\d\b[^<:]{1,80}<[^<>\s]+@[^<>\s]+>")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d\d|\d\s?[時点时시]")
_INTRODUCED = re.compile(r"(?:[:：>]|\w@[\w.-]{3,80}\)?)[\s*_]*$")
_AFTER_ADDRESS = re.compile(r"[>)][\s,]{0,9}(?:[\w()]{1,40}(?:\s[\w()]{1,40}){0,2}\s?)?$")
_END = 150  # characters of a line in which its last words stand
_SHARED = re.compile(rf"[^\s-](?:(?=-{{2,}}\s?(?:{ON})\s)|\s(?=(?:{ON})\s))(?=[^\n]*\d)")
_MOST_LINES = 5  # of an introduction
_MOST_CHARACTERS = 300
_MOST_LINE = 160  # of a short introduction


def introduction_to(seen: Sequence[str], quote: Sequence[bool], i: int) -> int | None:
    """Where the paragraph begins that ends in line i and says who wrote when, above words without quote marks.

    None when there is no such paragraph.
    """
    last = seen[i].rstrip(" \t*_")
    colon = last.endswith((":", "："))
    if not colon and not (_AFTER_ADDRESS.search(last[-_END:]) and (WROTE.search(folded(last)) or last.endswith(">"))):
        return None
    if any(quote[i + 1 : i + 4]) or not any(s.strip() for s in seen[i + 1 : i + 5]):
        return None
    above = " ".join(seen[max(0, i - _MOST_LINES + 1) : i + 1])
    if not (_DAY.search(above) or _of_this_year(seen[i])) or not (ADDRESS.search(above) or WROTE.search(folded(above))):
        return None
    for start in _upwards(seen, quote, i):
        words = " ".join(seen[start : i + 1])
        if len(words) > _MOST_CHARACTERS:
            return None
        if not _DAY.search(words) and not _of_this_year(words):
            continue
        named = ADDRESS.search(words) is not None
        wrote = WROTE.search(folded(words)) is not None
        if (
            (named and _TIME.search(words) and (colon or _near_start(words)))
            or (wrote and colon and len(words.split()) <= 16 and _near_start(words))
            or (named and wrote and _near_start(words))
        ):
            return _with_labels(seen, start)
    return None


def _of_this_year(words: str) -> bool:
    """Whether it has all that an introduction has but the year, as some write it of a mail of these days."""
    return _WITHOUT_YEAR.search(words) is not None and WROTE.search(folded(words)) is not None


def _near_start(words: str) -> bool:
    """Whether a date begins within the first few words, as in every introduction that puts it first."""
    return DATE.search(words[:60]) is not None


def introduction_above(seen: Sequence[str], quote: Sequence[bool], first: int) -> int:
    """Where the lines that introduce the quoted line `first` begin; `first` when none do."""
    last = first - 1
    while last >= 0 and first - last <= 2 and not seen[last].strip():
        last -= 1
    if last < 0 or quote[last]:
        return first
    if (labelled := header_above(seen, last)) <= last:
        return labelled
    if not _INTRODUCED.search(seen[last]) and not (
        _AFTER_ADDRESS.search(seen[last][-_END:]) and WROTE.search(folded(seen[last]))
    ):
        return first
    timed = first
    for start in _upwards(seen, quote, last):
        words = " ".join(seen[start : last + 1])
        if _DAY.search(words):
            broken = start > 0 and not quote[start - 1] and _names_alone(seen[start - 1], words)
            return _with_labels(seen, start - broken)
        if timed == first and DATE.search(words):
            timed = start
    if timed < first:
        return timed
    closed = seen[last].rstrip(" \t*_").endswith((":", "：", ">"))  # a bare address may be the writer's own
    if (closed and ADDRESS.search(seen[last])) or WROTE.search(folded(seen[last])):
        return last
    return first


def _with_labels(seen: Sequence[str], start: int) -> int:
    """The rule above the labelled lines that stand right above an introduction; `start` when there are none."""
    at = start
    while at > max(0, start - _MOST_LINES) and is_labelled(seen[at - 1]):
        at -= 1
    return at - 1 if 0 < at < start and RULE.fullmatch(seen[at - 1]) else start


def _names_alone(above: str, words: str) -> bool:
    """Whether the line above an introduction's date has the address that the introduction lacks: it was broken."""
    return ADDRESS.search(above) is not None and ADDRESS.search(words) is None and len(above) + len(words) < _MOST_LINE


def is_answered(seen: Sequence[str], quote: Sequence[bool], line: int) -> bool:
    """Whether a quote that somebody introduces begins above a line or holds it: what is there was not forwarded."""
    return any(
        quote[i] and not (i and quote[i - 1]) and introduction_above(seen, quote, i) < i
        for i in range(min(line + 1, len(seen)))
    )


def shared_line(line: str) -> int:
    """Where in a line an introduction begins after other words, when a client lost a line end; -1 when nowhere."""
    found = _SHARED.search(line[:VIEW])
    if found is None or not line.rstrip().endswith(":") or not WROTE.search(folded(line[:VIEW])):
        return -1
    return found.end()


def _upwards(seen: Sequence[str], quote: Sequence[bool], last: int) -> Iterator[int]:
    """The lines of a paragraph from its last one up, a few. One that only is a label ends a form: it stands alone."""
    form = seen[last].rstrip(" \t*_").endswith((":", "："))
    for i in range(last, max(-1, last - _MOST_LINES), -1):
        if not seen[i].strip() or quote[i] or (form and i < last and label_of(seen[i]) is not None):
            return
        yield i
