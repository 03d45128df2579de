"""The header of another mail as a program writes it into a text: lines of `Label: value`, in any language.

Sources  RFC 5322 §3.6 (the fields that programs show in their own language).
         Known labels (labels.py), or unknown ones with an address and a date.
Not here  what else may introduce a mail (introduction.py, another_mail.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.message.labels import LABELS, Label
from gateway.message.lines import ADDRESS, DATE, INVISIBLE, RULE, VIEW, folded, without_marks

_LABELLED = re.compile(r"[ \t]{0,8}[*_]{0,2}([^\W\d_][^\d:：<>@,;]{0,28})[:：][*_]{0,2}(?!//)")
_BARE = re.compile(r"[ \t]{0,8}([^\W\d_]{1,15})[ \t](?=[ \t]{0,8}\S)")
_BRACKETED = re.compile(r"[<(\[](?:mailto:)?[\w.+-]{1,64}@")  # an address beside a name, as programs write it
_AROUND_VALUE = " \t*_|"  # stars of bold ones, and the line between two cells of a table
_MOST_HEADER_LINES = 16
_LEAST_LABELS = 3  # of a header whose language we do not know
_LEAST_FOLDED = 60  # characters that a line would have if nothing had been folded: the text may be indented, too
_MOST_OTHERS = 1  # labels that we do not know, in a header whose language we do


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a header that a client wrote into the text."""

    start: int
    end: int
    values: tuple[tuple[Label | None, str], ...]  # None for a label in a language that we do not know

    def first(self, label: Label) -> str | None:
        """The first value under a label; None when there is none."""
        return next((value for known, value in self.values if known == label), None)


def may_be_header(labels: Sequence[str | None], i: int) -> bool:
    """Whether line i has a known label, or is the first with any, and another label follows soon."""
    label = labels[i]
    if label is None or (label not in LABELS and i and labels[i - 1] is not None):
        return False
    below = labels[i : i + 9]
    if label in LABELS and not any(LABELS.get(other or "") in ("date", "subject") for other in below):
        return False
    return any(other not in (None, label) for other in below[1:5])


def header_above(seen: Sequence[str], last: int) -> int:
    """Where the labelled lines begin that end in line `last` and hold an address and a date; else `last` + 1.

    In any language: what is below them has quote marks.
    """
    start = last + 1
    while start > 0 and last + 1 - start < _MOST_HEADER_LINES and _LABELLED.match(seen[start - 1]):
        start -= 1
    words = " ".join(seen[start : last + 1])
    return start if last + 1 - start >= _LEAST_LABELS and ADDRESS.search(words) and DATE.search(words) else last + 1


def block_at(lines: Sequence[str], seen: Sequence[str], start: int, *, bare: bool = False) -> Block | None:
    """The run of labelled lines that begins here, folded values included; None when the line has no label.

    bare  the labels are words that we know, without a colon: so eM Client writes them, below a divider
    """
    values: list[tuple[Label | None, str]] = []
    i = end = start
    while i < min(len(seen), start + _MOST_HEADER_LINES):
        line = without_marks(seen[i])
        found = _bare_label(line) if bare else _LABELLED.match(line)
        if found is not None:
            label = LABELS.get(_name(found))
            values.append((label, without_marks(lines[i].translate(INVISIBLE))[found.end() :].strip(_AROUND_VALUE)))
            i = end = i + 1
        elif values and line.strip() and i - end < 2 and _continues(seen, i, values[-1][1]):
            values[-1] = (values[-1][0], f"{values[-1][1]} {without_marks(lines[i]).strip()}")
            i += 1
            end = i if _open(values[-1][1]) or _LABELLED.match(_at(seen, i)) else end
        elif values and not line.strip() and values[-1][0] and i == end and is_labelled(_at(seen, i + 1)):
            i += 1  # a client that sets each line as a paragraph
        else:
            break
    return Block(start, max(end, start + 1), tuple(values)) if values else None


def stacked_block(lines: Sequence[str], seen: Sequence[str], start: int) -> Block | None:
    """The header that Notes sets in a table, to the subject: who, when, and labels above values; None if it is not."""
    if start + 1 >= len(seen) or not ADDRESS.search(seen[start]) or not DATE.search(seen[start + 1]):
        return None
    values: list[tuple[Label | None, str]] = [("from", lines[start].strip()), ("date", lines[start + 1].strip())]
    label: Label | None = None
    for i in range(start + 2, min(len(seen), start + 2 + _MOST_HEADER_LINES)):
        line = without_marks(seen[i]).strip(_AROUND_VALUE)
        if line and label is not None and folded(line) not in LABELS:
            values.append((label, line))
            if label == "subject":
                return Block(start, i + 1, tuple(values))
        elif line:
            label = LABELS.get(folded(line))
            if label is None:
                return None
    return None


def _bare_label(line: str) -> re.Match[str] | None:
    found = _BARE.match(line)
    return found if found is not None and _name(found) in LABELS else None


def _at(seen: Sequence[str], i: int) -> str:
    return without_marks(seen[i]) if i < len(seen) else ""


def _name(found: re.Match[str]) -> str:
    return folded(found[1].strip(" *_"))


def label_of(line: str) -> str | None:
    """The label of a line in lower case; None when it has none."""
    found = _LABELLED.match(without_marks(line)) if ":" in line or "：" in line else None
    return _name(found) if found is not None else None


def is_labelled(line: str) -> bool:
    """Whether the line has a label that we know."""
    return label_of(line) in LABELS


def _continues(seen: Sequence[str], i: int, value: str) -> bool:
    """Whether a line without label goes on with the value above: folded, an open address, or another label follows."""
    line = without_marks(seen[i])
    if _open(value) or line.startswith("<") or is_labelled(_at(seen, i + 1)):
        return True
    return line[:1] in (" ", "\t") and len(_at(seen, i - 1)) + len(line.split(None, 1)[0]) > _LEAST_FOLDED


def _open(value: str) -> bool:
    return value.endswith((",", ";", "<", "[mailto:")) or value.count("<") > value.count(">")


def _known(block: Block) -> set[Label]:
    return {label for label, _ in block.values if label is not None}


def names_author(block: Block) -> bool:
    """Whether a block below a divider says at least who wrote, be it the only thing it says."""
    author = block.first("from")
    return author is not None and (len(block.values) > 1 or ADDRESS.search(author[:VIEW]) is not None)


def is_header(block: Block, seen: Sequence[str]) -> bool:
    """Whether the block is a mail's header: known labels of two kinds with a sender, or strange ones that fit.

    A form that somebody filled in has dates and addresses too: but no sender, or other things as well, and its
    addresses stand alone.
    """
    known = _known(block)
    others = sum(label is None for label, _ in block.values)
    words = " ".join(value for _, value in block.values)[:2000]
    address, date = ADDRESS.search(words) is not None, DATE.search(words) is not None
    if others <= _MOST_OTHERS and {"from", "date"} <= known and (address or "subject" in known) and date:
        return True
    if others <= _MOST_OTHERS and {"from", "subject"} <= known and (address or len(known) > 2):
        return True
    if {"date", "to"} <= known and date and ADDRESS.search(block.first("to") or ""):
        return True
    if len(block.values) < _LEAST_LABELS or not _BRACKETED.search(words) or not date:
        return False
    above = without_marks(seen[block.start - 1]) if block.start else ""
    strange = (
        not known and not words.isascii() and any(not seen[i][:1].isascii() for i in range(block.start, block.end))
    )
    return len(known) >= 2 or strange or RULE.fullmatch(above) is not None
