"""What a person forwarded: whose mail, about what, of when, and its words.

Sources  the forms of Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Notes and the rest (labels.py, another_mail.py).
         A divider that says "forwarded" decides; else the subject ("Fwd:", "WG:", "TR:"), or that nothing stands above.
         Only the outermost forward counts, and only where no answer to another mail begins before it.
Not here  replies (reply.py).
"""

import re
from itertools import pairwise

from gateway.message.address import normal
from gateway.message.another_mail import Start, first_start, forward_end
from gateway.message.introduction import introduction_above, is_answered
from gateway.message.labels import FORWARD_SUBJECT, FORWARDED, LABELS
from gateway.message.lines import DATE, VIEW, folded, is_quoted, visible, without_marks
from gateway.message.reply import split_reply
from gateway.message.signature import signature_start
from gateway.message.types import Forward, Mailbox
from gateway.message.written_header import Block, is_labelled

_MAX_MAILBOXES = 100
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-][\w.-]{0,250}\w")
_MAILTO = re.compile(r"<mailto:[^<>]{0,320}>|\[mailto:|\[|\]")
_QUOTES = "\"'“”„«»‘’‹› \t,;"
_NOT_A_NAME = re.compile(r"[\d:]")
_INLINE_LABEL = re.compile(r"(?<![^\W\d_])([^\W\d_][^\W\d_ -]{0,15}) ?: ")
_ANSWER = re.compile(r"\s*(?:\[[^\[\]]{1,30}\]\s*)?(?:re|aw|sv|antw)\s?:", re.IGNORECASE)
_FINNISH_ANSWER = re.compile(r"\s*(?:\[[^\[\]]{1,30}\]\s*)?vs\s?:", re.IGNORECASE)  # Danes forward with it
_LONG_LINE = 4000
_LONGEST_PREFIX = 30  # characters of a word of a subject that says "forwarded" in a language
_LEAST_WORDS = 3  # of what is no such prefix
_MAX_SUBJECT = 998


def forwarded(text: str, subject: str = "") -> Forward | None:
    """The mail that was forwarded in this one; None when none was.

    text  whole: with quotes and signature
    """
    lines, seen = visible(_with_lines(text))
    quote = [is_quoted(line) for line in seen]
    found = first_start(lines, seen, quote, quoted_too=True)
    said = says_forward(subject) and not (found and _FINNISH_ANSWER.match(subject) and _is_finnish(found, seen))
    if found is None and said and not _ANSWER.match(subject):
        found = _marked_whole(lines, seen, quote)
    elif found is None or not _is_forward(found, seen, said=said) or is_answered(seen, quote, found.line):
        return None
    if found is None:
        return None
    end = forward_end(seen, found.body)
    comment = _new_words([*lines[: found.line], *lines[end + 1 :]])
    body = _unquoted(lines[found.body : end], quote[found.body : end])
    block = found.block
    if block is None:
        return _without_header(found, lines, body, comment, "" if not said else _bare(subject))
    return Forward(
        author=_author(block),
        others=_mailboxes(block.first("from") or "")[1:],
        subject=(_subject(block) or "")[:_MAX_SUBJECT],
        date=_date(block),
        to=_mailboxes(block.first("to") or ""),
        cc=_mailboxes(block.first("cc") or ""),
        text=body,
        comment=comment,
    )


def _is_finnish(found: Start, seen: list[str]) -> bool:
    return found.block is not None and folded(without_marks(seen[found.block.start])).lstrip(" *").startswith("lähet")


def _marked_whole(lines: list[str], seen: list[str], quote: list[bool]) -> Start | None:
    """The introduction of a quote above which nobody wrote anything: some programs forward as they answer."""
    first = next((i for i, quoted in enumerate(quote) if quoted), 0)
    start = introduction_above(seen, quote, first)
    if start == first or _new_words(lines[:start]):
        return None
    return Start(start, first, "either")


def _new_words(lines: list[str]) -> str:
    return said_above(split_reply("\n".join(lines)).new)


def said_above(new: str) -> str:
    """The new words above what somebody forwards; where he only signed, or his telephone did, nothing."""
    words = new.strip()
    _, seen = visible(words)
    return words if signature_start(seen, [False] * len(seen)) else ""


def says_forward(subject: str) -> bool:
    """Whether the subject has the prefix of a forward, in any of the usual languages."""
    prefix, colon, _ = subject[:_LONGEST_PREFIX].partition(":")
    return FORWARD_SUBJECT.match(subject[:80]) is not None or (
        bool(colon) and len(prefix.split()) < _LEAST_WORDS and FORWARDED.search(folded(prefix)) is not None
    )


def without_forward_words(subject: str) -> str:
    """The subject without the prefix of a forward, however often it stands there."""
    return _bare(subject) or subject


def _bare(subject: str) -> str:
    """The subject without the prefix."""
    at = 0
    while at < 60 and (found := FORWARD_SUBJECT.match(subject, at)) is not None:
        at = found.end()
    return subject[at:].partition("\n")[0].strip()[:_MAX_SUBJECT]


def _is_forward(found: Start, seen: list[str], *, said: bool) -> bool:
    """Whether what begins there is forwarded and not answered."""
    if found.kind == "forward":
        return True
    alone = not any(line.strip() for line in seen[: found.line])
    return said or (alone and found.kind == "either" and found.block is not None)


def _with_lines(text: str) -> str:
    """The text, a header that a program wrote as one line cut at its labels."""
    if "@" not in text or "--" not in text:
        return text
    return "\n".join(_cut_header(line) if _is_one_line_header(line) else line for line in text.split("\n"))


def _is_one_line_header(line: str) -> bool:
    return 40 < len(line) < _LONG_LINE and "@" in line and "---" in line[:60] and len(_inline(line)) > 2


def _inline(line: str) -> list[re.Match[str]]:
    return [m for m in _INLINE_LABEL.finditer(line) if m[1].casefold() in LABELS]


def _cut_header(line: str) -> str:
    cuts = [0, *(m.start() for m in _inline(line)), len(line)]
    return "\n".join(line[a:b].strip() for a, b in pairwise(cuts))


def _unquoted(lines: list[str], quote: list[bool]) -> str:
    """The body; one level of marks goes when all of it is marked."""
    marked = [q for q, line in zip(quote, lines, strict=True) if line.strip("\ufeff ")]
    if marked and sum(marked) * 10 >= len(marked) * 9 and marked[0]:
        lines = [line.lstrip(" ")[1:].removeprefix(" ") if q else line for q, line in zip(quote, lines, strict=True)]
    elif lines and not any(quote[1:]):  # the last mark of a header that alone is marked
        lines = [without_marks(lines[0]), *lines[1:]]
    return "\n".join(lines).strip("\n \t\ufeff")


def _without_header(found: Start, lines: list[str], body: str, comment: str, subject: str) -> Forward:
    """A forward that only an introduction names: "On … Ann <ann@…> wrote:"."""
    above = (without_marks(line).strip("\ufeff ") for line in lines[found.line : found.body])
    words = " ".join(line for line in above if not is_labelled(line))
    address = _ADDRESS.search(words[:1000])
    whose = None
    if address is not None:
        name = _name_before(words[: address.start()])
        whose = Mailbox(name, normal(address[0]))
    return Forward(whose, subject, "", (), (), body, comment)


def _name_before(words: str) -> str:
    """The name that stands before an address: what is in quotes, else the last words that begin with a capital."""
    words = words.rstrip("<([ \t")
    quoted = re.search(r"[\"“„«]\s?([^\"“”„«»]{1,100}?)\s?[\"”“»]$", words)
    if quoted is not None:
        return quoted[1].strip()
    name: list[str] = []
    for word in reversed(words.split()[-6:]):
        if _NOT_A_NAME.search(word) or word.endswith(",") or not word[:1].isupper():
            break
        name.append(word)
    return " ".join(reversed(name)).strip(_QUOTES)


def _author(block: Block) -> Mailbox | None:
    """Who wrote it, an address or only a name; None when the header names nobody."""
    value = block.first("from")
    if value is None:
        value = next((v for label, v in block.values if label is None and "@" in v), None)
    if not value:
        return None
    found = _mailboxes(value)
    return found[0] if found else Mailbox(_name(value)[:200], "") if _name(value) else None


def _subject(block: Block) -> str | None:
    known = block.first("subject")
    if known is not None or len(block.values) < 4:
        return known
    strange = [v for label, v in block.values[::-1] if label is None and "@" not in v]
    return next((v for v in strange if not DATE.search(v[:VIEW])), strange[0] if strange else None)


def _date(block: Block) -> str:
    known = block.first("date")
    strange = (value for label, value in block.values if label is None and DATE.search(value[:VIEW]))
    return (known or next(strange, ""))[:200]


def _mailboxes(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes in a header value as clients show them: names without quotes, links beside addresses."""
    value = _MAILTO.sub(lambda m: "<" if m[0] == "[mailto:" else " ", value[:_LONG_LINE])
    found: dict[str, Mailbox] = {}
    end = 0
    for m in _ADDRESS.finditer(value):
        address = normal(m[0].strip("'"))
        bracket = value[m.start() - 1 : m.start()] if m.start() else ""
        name = _name(value[end : m.start()]) if bracket in ("<", "(") else _name_before(value[end : m.start()])
        found.setdefault(address, Mailbox("" if "@" in name else name, address))
        end = m.end() + (bracket in ("<", "("))
        if len(found) == _MAX_MAILBOXES:
            break
    return tuple(found.values())


def _name(text: str) -> str:
    """A display name without what stands around it."""
    return " ".join(text.strip(_QUOTES + "<>()*").strip(_QUOTES).split())
