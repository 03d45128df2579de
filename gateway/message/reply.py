"""Which words of a mail are new, which are quoted, and which are the signature. Folds, never destroys.

Sources  RFC 3676 §4.5 (quote marks); our own marker line (the reply markers of our mails).
         Order of evidence: the words of our own mails (own_words.py); what the HTML says (reply_html.py); the marker;
         a header, a divider or an introduction (another_mail.py); a `>` block at the end with the paragraph above it.
         Answers between quoted lines stay in order with them. When nothing new would be left, everything is new.
Not here  forwarded words: to their forwarder they are new (forward.py); where a signature begins (signature.py).
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from gateway.message.another_mail import Start, first_start, rule_above
from gateway.message.initials import marked_by_initials
from gateway.message.introduction import introduction_above, is_answered, shared_line
from gateway.message.labels import ABOVE_THIS_LINE, ANSWER
from gateway.message.language import language_of
from gateway.message.lines import folded, is_quoted, visible
from gateway.message.own_words import standing_in
from gateway.message.signature import is_phone, signature_start
from gateway.message.types import Message

MARKERS = {
    "en": "Please reply above this line",
    "de": "Bitte oberhalb dieser Linie antworten",
    "pl": "Odpowiedz powyżej tej linii",
    "cs": "Odpověď pište nad tuto čáru",
    "pt": "Responda acima desta linha",
    "hr": "Odgovorite iznad ove crte",
    "ru": "Ответьте выше этой строки",
}
_MOST_OF_MARKER = 100  # characters
_BEHIND_MARKER = frozenset(("", "ein", "antworten", "schreiben", "eingeben"))  # verbs that end a German sentence
_AROUND_MARKER = " \t>-–—*_#|="
_LONG = 60  # a quoted line of so many characters may have been broken on its way
# a link, or a token of ours (ticket/token.py), that a line opens and leaves open
_OPEN = re.compile(r"[<(]\s?https?://[^<>()]{0,300}$|[<(]https?://[^<>()]*$|\[mw:[^\[\]]{0,60}$", re.IGNORECASE)
_LINK = re.compile(r"\s*[<(]?\s?(?:https?://|mailto:)\S+[>)]?[\s>]*")


@dataclass(frozen=True, slots=True)
class Reply:
    """A text in three; joined, they hold every line of it."""

    new: str
    quoted: str
    signature: str


def split_reply(text: str, ours: Sequence[str] = (), sure: Set[int] = frozenset()) -> Reply:
    """The new words, the quoted ones, the signature.

    ours  the texts of our mails that this one may answer: lines that stand in them are quoted ones
    sure  numbers of lines that are quoted whatever stands around them
    """
    lines, seen = visible(text)
    known = standing_in(lines, ours) if ours else [False] * len(lines)
    known = [k or i in sure for i, k in enumerate(known)]
    initials = marked_by_initials(seen)
    quote = [k or by or is_quoted(line) for k, by, line in zip(known, initials, seen, strict=True)]
    _mark_broken(seen, quote)
    lines, seen, quote, known = _unshared(lines, seen, quote, known)
    start, end = _quoted_range(lines, seen, quote, known)
    above, below = lines[:start], lines[end:]
    mark = signature_start(seen[:start], quote[:start])
    under = signature_start(seen[end:], quote[end:])
    reply = Reply(
        _text([*above[:mark], *below[:under]]), _text(lines[start:end]), _text([*above[mark:], *below[under:]])
    )
    if reply.new:
        return reply
    return Reply(text.strip("\n"), "", "") if not reply.signature else Reply(_text(above + below), reply.quoted, "")


def refolded(message: Message, ours: Sequence[str], languages: Sequence[str]) -> Message:
    """The message with what its new words repeat of our mails folded too; the same one when they repeat nothing.

    ours       the texts of our mails that it may answer
    languages  the configured ones, to tell again which one the words that are left are in
    """
    text = "\n\n".join(filter(None, (message.text, message.signature)))
    inline = message.forward is not None and message.forward.part is None
    if inline or not any(standing_in(text.split("\n"), ours)):
        return message
    reply = split_reply(text, ours)
    if not reply.quoted:
        return message
    language = language_of(message.value("Content-Language"), reply.new, languages)
    return replace(
        message,
        text=reply.new,
        quoted="\n\n".join(filter(None, (reply.quoted, message.quoted))),
        signature=reply.signature,
        language=language.code,
        language_source=language.source,
        language_confidence=language.confidence,
    )


def _text(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n ")


def _mark_broken(seen: list[str], quote: list[bool]) -> None:
    """Take the rest of a quoted line that a program broke for quoted too."""
    for i in range(1, len(seen)):
        inside, ends = any(quote[i + 1 : i + 2]), not "".join(seen[i + 1 : i + 2]).strip()
        if quote[i] or not quote[i - 1] or not seen[i].strip() or not (inside or ends):
            continue
        before = seen[i - 1].rstrip()
        goes_on = len(before) >= _LONG and before[-1:] not in ".?!:;…" and seen[i].lstrip()[:1].islower()
        if (
            (goes_on and is_quoted(seen[i - 1]))
            or (_OPEN.search(before) and len(seen[i].split()) == 1)
            or (inside and _LINK.fullmatch(seen[i]))
        ):
            quote[i] = True


def _unshared(
    lines: list[str], seen: list[str], quote: list[bool], known: list[bool]
) -> tuple[list[str], list[str], list[bool], list[bool]]:
    """The same with an introduction that shares its line with the answer on a line of its own."""
    first = next((i for i, marked in enumerate(quote) if marked), 0)
    at = shared_line(seen[first - 1]) if first and not quote[first - 1] else -1
    if at < 0:
        return lines, seen, quote, known
    i = first - 1
    parts = [lines[i][:at].rstrip(), lines[i][at:]]
    return (
        [*lines[:i], *parts, *lines[first:]],
        [*seen[:i], *parts, *seen[first:]],
        [*quote[:i], False, False, *quote[first:]],
        [*known[:i], False, False, *known[first:]],
    )


def _quoted_range(lines: list[str], seen: list[str], quote: list[bool], known: list[bool]) -> tuple[int, int]:
    """The quoted lines, from, to; an empty range when there are none."""
    found = first_start(lines, seen, quote, quoted_too=True)
    if found is not None and _is_forward(found, seen, quote):
        return len(seen), len(seen)
    if found is not None and quote[found.line] and not _marked_alone(found, quote):
        found = first_start(lines, seen, quote)
    start = min(_marker(seen), found.line if found is not None else len(seen), _below_phone(seen, quote))
    if found is not None and start == found.line and (end := _answer_below(seen, quote, found)):
        return start, end
    first, end = _trailing_quote(seen, quote)
    if first < start:
        return rule_above(seen, introduction_above(seen, quote, first)), end
    if start < len(seen):
        return introduction_above(seen, quote, start), len(seen)
    return _only_quote(seen, quote, known)


def _marked_alone(found: Start, quote: list[bool]) -> bool:
    """Whether a program set marks before a divider and the header below it, and none before the words of the mail."""
    return found.block is not None and found.line < found.block.start and not any(quote[found.body :])


def _answer_below(seen: list[str], quote: list[bool], found: Start) -> int:
    """Where the answer begins below the marked lines that a header introduces at the top; 0 when it is not there.

    Below words of the writer, all is the other mail, which may itself begin with a quote.
    """
    if any(line.strip() for line in seen[: found.line]):
        return 0
    at = next((i for i in range(found.body, len(seen)) if quote[i]), len(seen))
    if any(line.strip() for line in seen[found.body : introduction_above(seen, quote, at)]):
        return 0
    while at < len(seen) and (quote[at] or not seen[at].strip()):
        at += 1
    return at if at < len(seen) and not any(quote[at:]) else 0


def _is_forward(found: Start, seen: list[str], quote: list[bool]) -> bool:
    """Whether the first other mail is one that the writer wants to show."""
    return found.kind == "forward" and _marker(seen) >= found.line and not is_answered(seen, quote, found.line)


def is_marker(line: str) -> bool:
    """Whether the line says, all of it, that an answer is to be written above: ours does, and those of other desks."""
    words = folded(line.strip(_AROUND_MARKER)).rstrip(".!")
    if len(words) > _MOST_OF_MARKER:
        return False
    ends = (words.partition(place)[2].strip() for place in ABOVE_THIS_LINE if place in words)
    return next(ends, None) in _BEHIND_MARKER and any(stem in words for stem in ANSWER)


def _marker(seen: list[str]) -> int:
    """The line of the marker, or the rule above it; len(seen) when there is none, as for other kinds of evidence."""
    whole = folded("\n".join(seen))
    if not any(place in whole for place in ABOVE_THIS_LINE):
        return len(seen)
    for i, line in enumerate(seen):
        if is_marker(line):
            return i - 1 if i and seen[i - 1].strip() and not seen[i - 1].strip(_AROUND_MARKER) else i
    return len(seen)


def _below_phone(seen: list[str], quote: list[bool]) -> int:
    """The line below a phone's signature with a link to its program: what stands there is not by hand."""
    for i, line in enumerate(seen):
        if "<http" in line and not quote[i] and i and is_phone(line):
            return i + 1
    return len(seen)


def _trailing_quote(seen: list[str], quote: list[bool]) -> tuple[int, int]:
    """The quoted block that ends the text, or has only a signature below it; (len, len) when there is none."""
    end = len(seen)
    mark = signature_start(seen, quote)
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


def _only_quote(seen: list[str], quote: list[bool], known: list[bool]) -> tuple[int, int]:
    """The one quote of a text that goes on below it; nothing when answers stand between several."""
    if not any(quote):
        return len(seen), len(seen)
    end = first = quote.index(True)
    while end < len(seen) and (quote[end] or not seen[end].strip()):
        end += 1
    start = introduction_above(seen, quote, first)
    certain = start < first or known[first] or not any(line.strip() for line in seen[:first])
    return (start, end) if certain and not any(quote[end:]) else (len(seen), len(seen))
