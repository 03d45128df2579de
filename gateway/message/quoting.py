"""Where in a text another mail begins, and what its header says.

Sources  RFC 3676 §4.5 (quote marks), RFC 5322 §3.6 (the fields that clients show in their own language).
         A header block is a run of `Label: value` lines: known labels, or unknown ones with an address and a date. An
         introduction is a short paragraph that names who wrote when. Dividers are words between dashes.
Not here  what is new (reply.py), what was forwarded (forward.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.message.labels import FORWARDED, LABELS, MESSAGE, ON, WROTE, Label

VIEW = 200  # characters of a line that the patterns see: each is then quick, whatever the line
_MARKS_OF_DIRECTION = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE: dict[int, str | None] = dict.fromkeys([0xFEFF, 0x200B, *_MARKS_OF_DIRECTION])
_INVISIBLE[0xA0] = _INVISIBLE[0x202F] = " "
_QUOTE = re.compile(r"\s{0,3}>")
_MARKS = re.compile(r"\s{0,3}>(?:\s?>)*\s?")
_LABELLED = re.compile(r"[ \t]{0,8}[*_]{0,2}([^\W\d_][^\d:：<>@,;]{0,28})[:：][*_]{0,2}(?!//)")
ADDRESS = re.compile(r"\w@[\w-]+\.\w")
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}|\b\d{1,2}[:.]\d\d\b|\d\s?[年년]|\b\d{1,2}[h:]\d\d\b"
)
_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2}|[年년]|\b\d{1,2}-[^\W\d_]{3,4}\.?-\d\d")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d\d|\d\s?[時点时시]")
_RULE = re.compile(r"\s*(?:_{5,}|-{3,}|={3,}|\*{5,}|─{3,}|—{3,})\s*")
_DASHED = re.compile(r"\s*-{2,}\s{0,3}([^-\s][^\n]*[^-\s])\s{0,3}-{2,}\s*")
_INTRODUCED = re.compile(r"(?:[:：>]|\w@[\w.-]{3,80}\)?)[\s*_]*$")
_INLINE_LABEL = re.compile(r"\s([^\W\d_]{1,15})\s?:")
_AFTER_ADDRESS = re.compile(r"[>)][\s,]{0,9}(?:[\w()]{1,40}(?:\s[\w()]{1,40}){0,2}\s?)?$")
_END = 150  # characters of a line in which its last words stand
_SHARED = re.compile(rf"[^\s-](?:(?=-{{2,}}\s?(?:{ON})\s)|\s(?=(?:{ON})\s))(?=[^\n]*\d)")
_AROUND_VALUE = " \t*_|"  # stars of bold ones, and the line between two cells of a table
_MOST_LINES = 5  # of an introduction
_MOST_CHARACTERS = 300
_MOST_LINE = 160  # of a short introduction
_MOST_HEADER_LINES = 16
_LEAST_LABELS = 3  # of a header whose language we do not know


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a header that a client wrote into the text."""

    start: int
    end: int
    values: tuple[tuple[Label | None, str], ...]  # None for a label in a language that we do not know

    def first(self, label: Label) -> str | None:
        """The first value under a label; None when there is none."""
        return next((value for known, value in self.values if known == label), None)


@dataclass(frozen=True, slots=True)
class Start:
    """Where another mail begins: its divider or introduction, and its header if it has one."""

    line: int
    body: int  # the first line below what introduces it
    kind: Literal["forward", "reply", "either"]
    block: Block | None = None


def folded(text: str) -> str:
    """For comparing: without case, and without the dot that the capital of the Turkish i leaves behind."""
    return text.casefold().replace("\u0307", "")


def visible(text: str) -> tuple[list[str], list[str]]:
    """The lines, and what the patterns see of them."""
    lines = text.split("\n")
    return lines, [line[:VIEW].translate(_INVISIBLE) for line in lines]


def is_quoted(line: str) -> bool:
    """Whether the line has a quote mark."""
    return _QUOTE.match(line) is not None


def without_marks(line: str) -> str:
    """The line without any of its quote marks."""
    return line[m.end() :] if ">" in line[:4] and (m := _MARKS.match(line)) else line


def first_start(
    lines: Sequence[str], seen: Sequence[str], quote: Sequence[bool], *, quoted_too: bool = False
) -> Start | None:
    """The first place where another mail begins by itself; None when there is none.

    quoted_too  look at quoted lines as at others
    """
    labels = [_label(line) for line in seen]
    for i in range(len(seen)):
        if quote[i] and not quoted_too:
            continue
        if _may_be_header(labels, i) and (block := _block(lines, seen, i)) and _is_header(block, seen):
            return _with_divider(block, seen)
        found = _divider(seen, i) or _header_line(seen, labels, i)
        found = found or (None if quote[i] else _introduction(seen, quote, i))
        if found is not None:
            return _with_block(found, lines, seen)
    return None


def _may_be_header(labels: Sequence[str | None], i: int) -> bool:
    """Whether line i has a known label, or is the first with any, and another label follows soon."""
    label = labels[i]
    if label is None or (label not in LABELS and i and labels[i - 1] is not None):
        return False
    below = labels[i : i + 9]
    if label in LABELS and not any(LABELS.get(other or "") in ("date", "subject") for other in below):
        return False
    return any(other not in (None, label) for other in below[1:5])


def _header_line(seen: Sequence[str], labels: Sequence[str | None], i: int) -> Start | None:
    """A whole header on one line below a rule: what HTML without line breaks leaves of one."""
    line = seen[i]
    if labels[i] not in LABELS or i == 0 or not _RULE.fullmatch(seen[i - 1]):
        return None
    others = sum(folded(word) in LABELS for word in _INLINE_LABEL.findall(line))
    return Start(i - 1, i + 1, "either") if others and ADDRESS.search(line) and _DATE.search(line) else None


def _with_block(start: Start, lines: Sequence[str], seen: Sequence[str]) -> Start:
    """The start with the header block a few lines below it, if there is one."""
    at = start.body
    while at < min(len(seen), start.body + 4) and not without_marks(seen[at]).strip():
        at += 1
    block = _block(lines, seen, at) if at < len(seen) else None
    if block is None or not (_is_header(block, seen) or _names_author(block)):
        return start
    return Start(start.line, block.end, start.kind, block)


def rule_above(seen: Sequence[str], first: int) -> int:
    """The line of the rule that a program drew right above line `first`; `first` when there is none."""
    return first - 1 if first and _RULE.fullmatch(seen[first - 1]) else first


def _with_divider(block: Block, seen: Sequence[str]) -> Start:
    """The block with a rule above it."""
    above = block.start - 1
    while above > 0 and block.start - above < 3 and not without_marks(seen[above]).strip():
        above -= 1
    if above >= 0 and _RULE.fullmatch(without_marks(seen[above])):
        return Start(above, block.end, "either", block)
    if above >= 0 and is_quoted(seen[above]) and is_quoted(seen[block.start]) and _is_caption(seen[above]):
        return Start(above, block.end, "forward", block)
    return Start(block.start, block.end, "either", block)


def _divider(seen: Sequence[str], i: int) -> Start | None:
    """Words for a message between dashes, or the words by which a client says that it forwards."""
    line = without_marks(seen[i]).strip(" \t*")
    if not line:
        return None
    dashed = _DASHED.fullmatch(line) if line.startswith("--") and line.endswith("--") else None
    if not dashed and (len(line) > 60 or not line.endswith((":", "："))):
        return None
    words = folded(dashed[1] if dashed else line)
    if FORWARDED.search(words) and (dashed or _announces(words, seen[i + 1 : i + 4])):
        return Start(i, i + 1, "forward")
    if dashed and (MESSAGE.search(words) or WROTE.search(words)) and len(words) < 160 and line.startswith("---"):
        return Start(i, i + 1, "reply")
    return None


def _is_caption(line: str) -> bool:
    """Whether a quoted line only announces what is below: short, with a colon, and not who wrote when."""
    line = without_marks(line).rstrip(" *_")
    return len(line) <= 60 and line.endswith((":", "：")) and not _DATE.search(line) and not ADDRESS.search(line)


def _announces(words: str, below: Sequence[str]) -> bool:
    """Whether a line without dashes is the client's: few words above a header."""
    return len(words.split()) <= 6 and sum(_labelled_known(without_marks(b)) for b in below) >= 2


def _introduction(seen: Sequence[str], quote: Sequence[bool], i: int) -> Start | None:
    """A paragraph that ends in line i and says who wrote when, above words that are not marked as quoted."""
    last = seen[i].rstrip(" \t*_")
    colon = last.endswith((":", "："))
    if not colon and not (_AFTER_ADDRESS.search(last[-_END:]) and (WROTE.search(folded(last)) or last.endswith(">"))):
        return None
    if any(quote[i + 1 : i + 4]) or not any(s.strip() for s in seen[i + 1 : i + 5]):
        return None
    above = " ".join(seen[max(0, i - _MOST_LINES + 1) : i + 1])
    if not _DAY.search(above) or not (ADDRESS.search(above) or WROTE.search(folded(above))):
        return None
    for start in _upwards(seen, quote, i):
        words = " ".join(seen[start : i + 1])
        if len(words) > _MOST_CHARACTERS:
            return None
        if not _DAY.search(words):
            continue
        named = ADDRESS.search(words) is not None
        wrote = WROTE.search(folded(words)) is not None
        if (
            (named and _TIME.search(words) and (colon or _near_start(words)))
            or (wrote and colon and len(words.split()) <= 16 and _near_start(words))
            or (named and wrote and _near_start(words))
        ):
            return Start(start, i + 1, "either")
    return None


def _near_start(words: str) -> bool:
    """Whether a date begins within the first few words, as in every introduction that puts it first."""
    return _DATE.search(words[:60]) is not None


def introduction_above(seen: Sequence[str], quote: Sequence[bool], first: int) -> int:
    """Where the lines that introduce the quoted line `first` begin; `first` when none do."""
    last = first - 1
    while last >= 0 and first - last <= 2 and not seen[last].strip():
        last -= 1
    if last < 0 or quote[last]:
        return first
    if (labelled := _header_above(seen, last)) <= last:
        return labelled
    if not _INTRODUCED.search(seen[last]) and not (
        _AFTER_ADDRESS.search(seen[last][-_END:]) and WROTE.search(folded(seen[last]))
    ):
        return first
    timed = first
    for start in _upwards(seen, quote, last):
        words = " ".join(seen[start : last + 1])
        if _DAY.search(words):
            return start - (start > 0 and not quote[start - 1] and _names_alone(seen[start - 1], words))
        if timed == first and _DATE.search(words):
            timed = start
    if timed < first:
        return timed
    if ADDRESS.search(seen[last]) or WROTE.search(folded(seen[last])):
        return last
    return first


def _names_alone(above: str, words: str) -> bool:
    """Whether the line above an introduction's date has the address that the introduction lacks: it was broken."""
    return ADDRESS.search(above) is not None and ADDRESS.search(words) is None and len(above) + len(words) < _MOST_LINE


def _header_above(seen: Sequence[str], last: int) -> int:
    """Where the labelled lines begin that end in line `last` and hold an address and a date; else `last` + 1.

    In any language: what is below them has quote marks.
    """
    start = last + 1
    while start > 0 and last + 1 - start < _MOST_HEADER_LINES and _LABELLED.match(seen[start - 1]):
        start -= 1
    words = " ".join(seen[start : last + 1])
    return start if last + 1 - start >= _LEAST_LABELS and ADDRESS.search(words) and _DATE.search(words) else last + 1


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
    """The lines of a paragraph from its last one up, a few."""
    for i in range(last, max(-1, last - _MOST_LINES), -1):
        if not seen[i].strip() or quote[i]:
            return
        yield i


def _block(lines: Sequence[str], seen: Sequence[str], start: int) -> Block | None:
    """The run of labelled lines that begins here, folded values included; None when the line has no label."""
    values: list[tuple[Label | None, str]] = []
    i = end = start
    while i < min(len(seen), start + _MOST_HEADER_LINES):
        line = without_marks(seen[i])
        found = _LABELLED.match(line)
        if found is not None:
            label = LABELS.get(_name(found))
            values.append((label, without_marks(lines[i].translate(_INVISIBLE))[found.end() :].strip(_AROUND_VALUE)))
            i = end = i + 1
        elif values and line.strip() and i - end < 2 and _continues(seen, i, values[-1][1]):
            values[-1] = (values[-1][0], f"{values[-1][1]} {without_marks(lines[i]).strip()}")
            i += 1
            end = i if _open(values[-1][1]) or _LABELLED.match(_at(seen, i)) else end
        elif values and not line.strip() and values[-1][0] and i == end and _labelled_known(_at(seen, i + 1)):
            i += 1  # a client that sets each line as a paragraph
        else:
            break
    return Block(start, max(end, start + 1), tuple(values)) if values else None


def _at(seen: Sequence[str], i: int) -> str:
    return without_marks(seen[i]) if i < len(seen) else ""


def _name(found: re.Match[str]) -> str:
    return folded(found[1].strip(" *_"))


def _label(line: str) -> str | None:
    """The label of a line in lower case; None when it has none."""
    found = _LABELLED.match(without_marks(line)) if ":" in line or "：" in line else None
    return _name(found) if found is not None else None


def _labelled_known(line: str) -> bool:
    return _label(line) in LABELS


def _continues(seen: Sequence[str], i: int, value: str) -> bool:
    """Whether a line without label goes on with the value above: folded, an open address, or another label follows."""
    line = without_marks(seen[i])
    return line[:1] in (" ", "\t") or _open(value) or line.startswith("<") or _labelled_known(_at(seen, i + 1))


def _open(value: str) -> bool:
    return value.endswith((",", ";", "<", "[mailto:")) or value.count("<") > value.count(">")


def _known(block: Block) -> set[Label]:
    return {label for label, _ in block.values if label is not None}


def _names_author(block: Block) -> bool:
    """Whether a block below a divider says at least who wrote, be it the only thing it says."""
    author = block.first("from")
    return author is not None and (len(block.values) > 1 or ADDRESS.search(author[:VIEW]) is not None)


def _is_header(block: Block, seen: Sequence[str]) -> bool:
    """Whether the block is a mail's header: known labels of two kinds with a sender, or strange ones that fit."""
    known = _known(block)
    words = " ".join(value for _, value in block.values)[:2000]
    address, date = ADDRESS.search(words) is not None, _DATE.search(words) is not None
    if {"from", "date"} <= known and (address or "subject" in known) and date:
        return True
    if {"from", "subject"} <= known and (address or len(known) > 2):
        return True
    if {"date", "to"} <= known and address and date:
        return True
    if len(block.values) < _LEAST_LABELS or not address or not date:
        return False
    above = without_marks(seen[block.start - 1]) if block.start else ""
    strange = (
        not known and not words.isascii() and any(not seen[i][:1].isascii() for i in range(block.start, block.end))
    )
    return len(known) >= 2 or strange or _RULE.fullmatch(above) is not None
