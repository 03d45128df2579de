"""The lines of a text as patterns see them, and what in a line tells of a mail: quote marks, addresses, dates, rules.

Sources  RFC 3676 §4.5 (quote marks).
Not here  where another mail begins (another_mail.py).
"""

import re

VIEW = 200  # characters of a line that the patterns see: each is then quick, whatever the line
_MARKS_OF_DIRECTION = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
INVISIBLE: dict[int, str | None] = dict.fromkeys([0xFEFF, 0x200B, *_MARKS_OF_DIRECTION])
INVISIBLE[0xA0] = INVISIBLE[0x202F] = " "
WHO_WHEN = re.compile(r"\s{0,3}>>> .{1,180} >>>\s*")  # GroupWise, above words without marks
_QUOTE = re.compile(rf"(?!{WHO_WHEN.pattern}$)\s{{0,3}}>")
_MARKS = re.compile(r"\s{0,3}>(?:\s?>)*\s?")
ADDRESS = re.compile(r"\w@[\w-]+\.\w")
DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}|\b\d{1,2}[:.]\d\d\b|\d\s?[年년]|\b\d{1,2}[h:]\d\d\b"
)
RULE = re.compile(r"\s*(?:_{5,}|-{3,}|={3,}|\*{5,}|─{3,}|—{3,})\s*")


def folded(text: str) -> str:
    """For comparing: without case, and without the dot that the capital of the Turkish i leaves behind."""
    return text.casefold().replace("\u0307", "")


def visible(text: str) -> tuple[list[str], list[str]]:
    """The lines, and what the patterns see of them."""
    lines = text.split("\n")
    return lines, [line[:VIEW].translate(INVISIBLE) for line in lines]


def is_quoted(line: str) -> bool:
    """Whether the line has a quote mark."""
    return _QUOTE.match(line) is not None


def without_marks(line: str) -> str:
    """The line without any of its quote marks."""
    return line[m.end() :] if ">" in line[:4] and (m := _MARKS.match(line)) else line
