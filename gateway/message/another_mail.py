"""Where in a text another mail begins, and what its header says.

A header block, words for a message between dashes, or an introduction above words without quote marks.
Not here  what is new (reply.py), what was forwarded (forward.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.message.introduction import introduction_to
from gateway.message.labels import ENDS, FORWARDED, LABELS, MESSAGE, WROTE
from gateway.message.lines import ADDRESS, DATE, RULE, WHO_WHEN, folded, is_quoted, without_marks
from gateway.message.written_header import (
    Block,
    block_at,
    is_header,
    is_labelled,
    label_of,
    may_be_header,
    names_author,
    stacked_block,
)

_INLINE_LABEL = re.compile(r"\s([^\W\d_]{1,15})\s?:")
_NOTES = re.compile(r"[^\n-]{1,80} -{2,3}\d[\d./-]{5,9} \d[^-\n]{3,20}-{2,3}.*")  # who, when, the first words
_LONG_RULE = re.compile(r"-{40,}")
_CUT = re.compile(r"[=-]{2,}8<[=-]{2,}[^=]{0,60}[=-]{2,}")  # scissors, above and below the words
_DASHED = re.compile(r"\s*[-=]{2,}\s{0,3}([^-=\s][^\n]*[^-=\s])\s{0,3}[-=]{2,}\s*")


@dataclass(frozen=True, slots=True)
class Start:
    """Where another mail begins: its divider or introduction, and its header if it has one."""

    line: int
    body: int  # the first line below what introduces it
    kind: Literal["forward", "reply", "either"]
    block: Block | None = None


def first_start(
    lines: Sequence[str], seen: Sequence[str], quote: Sequence[bool], *, quoted_too: bool = False
) -> Start | None:
    """The first place where another mail begins by itself; None when there is none.

    quoted_too  look at quoted lines as at others
    """
    labels = [label_of(line) for line in seen]
    for i in range(len(seen)):
        if quote[i] and not quoted_too:
            continue
        if may_be_header(labels, i) and (block := block_at(lines, seen, i)) and is_header(block, seen):
            return _with_divider(block, seen)
        found = _divider(seen, i) or _header_line(seen, labels, i)
        if found is None and not quote[i] and (start := introduction_to(seen, quote, i)) is not None:
            found = Start(start, i + 1, "either")
        if found is not None:
            return _with_header(found, lines, seen, quote)
    return None


def _header_line(seen: Sequence[str], labels: Sequence[str | None], i: int) -> Start | None:
    """A whole header on one line below a rule: what HTML without line breaks leaves of one."""
    line = seen[i]
    if labels[i] not in LABELS or i == 0 or not RULE.fullmatch(seen[i - 1]):
        return None
    others = sum(folded(word) in LABELS for word in _INLINE_LABEL.findall(line))
    return Start(i - 1, i + 1, "either") if others and ADDRESS.search(line) and DATE.search(line) else None


def _with_header(start: Start, lines: Sequence[str], seen: Sequence[str], quote: Sequence[bool]) -> Start:
    """The start with the header block or the introduction a few lines below it, if there is one."""
    at = start.body
    while at < min(len(seen), start.body + 4) and not without_marks(seen[at]).strip():
        at += 1
    if at == len(seen):
        return start
    block = block_at(lines, seen, at)
    if block is not None and (is_header(block, seen) or names_author(block)):
        return Start(start.line, _below_divider(seen, block.end), start.kind, block)
    block = block_at(lines, seen, at, bare=True)
    if block is not None and is_header(block, seen):
        return Start(start.line, block.end, start.kind, block)
    block = stacked_block(lines, seen, at)
    if block is not None:
        return Start(start.line, block.end, start.kind, block)
    if introduction_to(seen, quote, at) == at:
        return Start(start.line, at + 1, start.kind)
    return start


def _below_divider(seen: Sequence[str], end: int) -> int:
    """The line below the divider with which some programs close a header that they opened with one; else `end`."""
    line = without_marks(seen[end]) if end < len(seen) else ""
    dashed = _DASHED.fullmatch(line)
    if RULE.fullmatch(line) or (dashed and FORWARDED.search(folded(dashed[1]))):
        return end + 1
    cut = next((i for i in range(end, min(end + 3, len(seen))) if seen[i].strip()), end)
    return cut + 1 if cut < len(seen) and _CUT.fullmatch(without_marks(seen[cut]).strip()) else end


def rule_above(seen: Sequence[str], first: int) -> int:
    """The line of the rule that a program drew right above line `first`; `first` when there is none."""
    return first - 1 if first and RULE.fullmatch(seen[first - 1]) else first


def _with_divider(block: Block, seen: Sequence[str]) -> Start:
    """The block with the rules above and below it."""
    below = _below_divider(seen, block.end)
    above = block.start - 1
    while above > 0 and block.start - above < 3 and not without_marks(seen[above]).strip():
        above -= 1
    if above >= 0 and (RULE.fullmatch(without_marks(seen[above])) or _NOTES.fullmatch(seen[above])):
        return Start(above, below, "either", block)
    if above >= 0 and is_quoted(seen[above]) and is_quoted(seen[block.start]) and _is_caption(seen[above]):
        return Start(above, below, "forward", block)
    return Start(block.start, below, "either", block)


def _divider(seen: Sequence[str], i: int) -> Start | None:
    """Words for a message between dashes, or the words by which a client says that it forwards."""
    if WHO_WHEN.fullmatch(seen[i]) and DATE.search(seen[i]):
        return Start(i, i + 1, "either")
    line = without_marks(seen[i]).strip(" \t*")
    if not line:
        return None
    dashed = _DASHED.fullmatch(line) if line.startswith(("--", "==")) and line.endswith(("--", "==")) else None
    captions = line.endswith((":", "：")) or (i + 1 < len(seen) and is_labelled(seen[i + 1]))
    if not dashed and (len(line) > 60 or not captions):
        return None
    words = folded(dashed[1] if dashed else line)
    if FORWARDED.search(words) and (dashed or _announces(words, seen[i + 1 : i + 4])):
        return Start(i, i + 1, "forward")
    if (
        dashed
        and (MESSAGE.search(words) or WROTE.search(words))
        and len(words) < 160
        and line.startswith(("---", "==="))
    ):
        return Start(i, i + 1, "reply")
    return None


def forward_end(seen: Sequence[str], body: int) -> int:
    """The line by which a program says where the mail forwarded from line `body` on ends; behind the last when none.

    What its forwarder writes below is his own. Of several the last is meant: others are of forwards inside.
    """
    written = [i for i in range(body, len(seen)) if seen[i].strip()]
    if written and _ends_text(without_marks(seen[written[-1]]).strip()):
        return written[-1]
    return next((i for i in reversed(written) if "--" in seen[i] and _says_end(seen[i])), len(seen))


def _ends_text(line: str) -> bool:
    """Whether the last line is about a forward, between dashes, or the long rule with which KMail ends one."""
    dashed = _DASHED.fullmatch(line)
    said = dashed is not None and FORWARDED.search(folded(dashed[1])) is not None
    return said or _LONG_RULE.fullmatch(line) is not None or _CUT.fullmatch(line) is not None


def _says_end(line: str) -> bool:
    dashed = _DASHED.fullmatch(without_marks(line).strip())
    words = folded(dashed[1]) if dashed else ""
    return ENDS.search(words) is not None and FORWARDED.search(words) is not None


def _is_caption(line: str) -> bool:
    """Whether a quoted line only announces what is below: short, with a colon, and not who wrote when."""
    line = without_marks(line).rstrip(" *_")
    return len(line) <= 60 and line.endswith((":", "：")) and not DATE.search(line) and not ADDRESS.search(line)


def _announces(words: str, below: Sequence[str]) -> bool:
    """Whether a line without dashes is the client's: few words above a header."""
    return len(words.split()) <= 6 and sum(is_labelled(without_marks(b)) for b in below) >= 2
