"""Which words of a mail are new, which are quoted, and which are the signature. Folds, never destroys.

Sources  RFC 3676 §4.3 (signature), §4.5 (quote marks); our own marker line (the reply markers of our mails).
         Order of evidence: the marker; a block of `Label: value` lines with an address and a date; a `>` block at the
         end with the paragraph above it that names who wrote when. No list of phrases in any language. Answers
         between quoted lines stay in order with them. When nothing new would be left, everything is new.
Not here  HTML structure, our own stored text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKERS = {
    "en": "Please reply above this line",
    "de": "Bitte oberhalb dieser Linie antworten",
    "pl": "Odpowiedz powyżej tej linii",
    "cs": "Odpověď pište nad tuto čáru",
    "pt": "Responda acima desta linha",
    "hr": "Odgovorite iznad ove crte",
    "ru": "Ответьте выше этой строки",
}
_MARKERS = frozenset(m.casefold() for m in MARKERS.values())
_AROUND_MARKER = " \t>-–—*_#|="
_VIEW = 200  # characters of a line that the patterns see: each is then quick, whatever the line
_QUOTE = re.compile(r"\s{0,3}>")
_LABELLED = re.compile(r"\s{0,4}\*?[^\W\d_][\w ./'’-]{0,28}\*?\s?[:：]\s?\*?\s?(\S.*)?")
_ADDRESS = re.compile(r"\w@[\w-]+\.\w")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}|\b\d{1,2}[:.]\d\d\b|\d年")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d\d\b")
_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}|年")
_SEPARATOR = re.compile(r"\s*(?:>\s*)*(?:-{3,}\s?[^-\s].{1,60}[^-\s]\s?-{3,}|[_-]{10,})\s*")
_NAMED_SEPARATOR = re.compile(r"\s*-{4,}\s?[^-\s].{1,120}[^-\s]\s?-{4,}\s*")
_FORWARD = re.compile(
    r"forward|weitergeleitet|przekaz|přepos|encaminhad|proslij|пересыл|пересл|transfér", re.IGNORECASE
)
_INTRODUCTION = re.compile(r"(?:[:：>]|\w@[\w.-]{3,80})[\s*_]*$")
_SIGNATURE_MARK = re.compile(r"--\s?")
_ATTRIBUTION_LINES = 5
_SIGNATURE_LINES = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A text in three; joined, they hold every line of it."""

    new: str
    quoted: str
    signature: str


def split_reply(text: str) -> Reply:
    """The new words, the quoted ones, the signature."""
    lines = text.split("\n")
    seen = [line[:_VIEW] for line in lines]
    quote = [_QUOTE.match(line) is not None for line in seen]
    start, end = _quoted_range(seen, quote)
    new = lines[:start] + lines[end:]
    mark = _signature_start(new, quote[:start] + quote[end:])
    reply = Reply(_text(new[:mark]), _text(lines[start:end]), _text(new[mark:]))
    if reply.new:
        return reply
    return Reply(text.strip("\n"), "", "") if not reply.signature else Reply(_text(new), _text(lines[start:end]), "")


def _text(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n ")


def _quoted_range(seen: list[str], quote: list[bool]) -> tuple[int, int]:
    """The quoted lines, from, to; an empty range when there are none."""
    start = min(_marker(seen), _header_block(seen), _separator(seen), _unmarked_quote(seen, quote))
    first, end = _trailing_quote(seen, quote)
    if first < start:
        return _attribution_start(seen, quote, first), end
    if start < len(seen):
        return _attribution_start(seen, quote, start), len(seen)
    return _only_quote(seen, quote)


def _marker(seen: list[str]) -> int:
    """The line of our marker; len(seen) when it is not there, as for the other kinds of evidence."""
    for i, line in enumerate(seen):
        if line.strip(_AROUND_MARKER).casefold() in _MARKERS:
            return i
    return len(seen)


def _header_block(seen: list[str]) -> int:
    """Three or more `Label: value` lines in a row that hold an address and a date, with the separator above them."""
    run = 0
    for i, line in enumerate([*seen, ""]):
        if _LABELLED.fullmatch(line):
            run += 1
            continue
        if run >= 3:
            block = " ".join(seen[i - run : i])
            if _ADDRESS.search(block) and _DATE.search(block):
                return _above_separator(seen, i - run)
        if not (run and line[:1] in (" ", "\t") and line.strip()):  # else a folded value
            run = 0
        else:
            run += 1
    return len(seen)


def _above_separator(seen: list[str], start: int) -> int:
    """Where a header block begins with what stands above it; len(seen) when that says it is forwarded, so new."""
    above = start - 1
    while above > 0 and start - above < 3 and not seen[above].strip():
        above -= 1
    if above >= 0 and _FORWARD.search(seen[above]):
        return len(seen)
    return above if above >= 0 and _SEPARATOR.fullmatch(seen[above]) else start


def _separator(seen: list[str]) -> int:
    """A line of words between dashes, such as programs write and people do not."""
    for i, line in enumerate(seen):
        if line.lstrip().startswith("----") and _NAMED_SEPARATOR.fullmatch(line) and not _FORWARD.search(line):
            return i
    return len(seen)


def _unmarked_quote(seen: list[str], quote: list[bool]) -> int:
    """A paragraph that ends in `:` and holds an address, a day and a time, above text without quote marks."""
    for i, line in enumerate(seen):
        if (
            line.rstrip().endswith((":", "："))
            and not any(quote[i : i + 4])
            and any(s.strip() for s in seen[i + 1 : i + 4])
        ):
            for start in _upwards(seen, quote, i):
                words = " ".join(seen[start : i + 1])
                if _ADDRESS.search(words) and _DAY.search(words) and _TIME.search(words):
                    return start
    return len(seen)


def _trailing_quote(seen: list[str], quote: list[bool]) -> tuple[int, int]:
    """The `>` block that ends the text, or has only a signature below it; (len, len) when there is none."""
    end = len(seen)
    mark = _signature_start(seen, quote)
    at = mark if mark < end and _last_words(seen, mark, quote) else end
    while at > 0 and (quote[at - 1] or not seen[at - 1].strip()):
        at -= 1
    first = next((i for i in range(at, end) if quote[i]), end)
    if first == end:
        return end, end
    return first, (mark if mark < end and first < mark else end)


def _last_words(seen: list[str], mark: int, quote: list[bool]) -> bool:
    """Whether the last line above `mark` that says anything is quoted."""
    return next((quote[i] for i in range(mark - 1, -1, -1) if seen[i].strip()), False)


def _only_quote(seen: list[str], quote: list[bool]) -> tuple[int, int]:
    """The one quote of a text that goes on below it; nothing when answers stand between several."""
    first = next((i for i, marked in enumerate(quote) if marked), len(seen))
    end = first
    while end < len(seen) and (quote[end] or not seen[end].strip()):
        end += 1
    start = _attribution_start(seen, quote, first)
    introduced = start < first or not any(line.strip() for line in seen[:first])
    return (start, end) if introduced and not any(quote[end:]) else (len(seen), len(seen))


def _attribution_start(seen: list[str], quote: list[bool], first: int) -> int:
    """Where the lines that introduce the quote begin: as few as hold a date or an address; `first` when none do."""
    last = first - 1
    while last >= 0 and first - last <= 2 and not seen[last].strip():
        last -= 1
    if last < 0 or quote[last] or not _INTRODUCTION.search(seen[last]):
        return first
    for start in _upwards(seen, quote, last):
        if _DATE.search(" ".join(seen[start : last + 1])):
            return start
    return last if _ADDRESS.search(seen[last]) else first


def _upwards(seen: list[str], quote: list[bool], last: int) -> Iterator[int]:
    """The lines of a paragraph from its last one up, a few."""
    for i in range(last, max(-1, last - _ATTRIBUTION_LINES), -1):
        if not seen[i].strip() or quote[i]:
            return
        yield i


def _signature_start(seen: list[str], quote: list[bool]) -> int:
    """The line `-- ` above a short last paragraph; len(seen) when there is none."""
    lowest = max(0, len(seen) - _SIGNATURE_LINES - 1)
    for i in range(len(seen) - 1, lowest - 1, -1):
        if quote[i]:
            break
        if _SIGNATURE_MARK.fullmatch(seen[i]):
            return i
    return len(seen)
