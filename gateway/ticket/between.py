"""An answer that stands between the lines of the mail that it answers: what of it a customer may read, and what is new.

A notice to an agent shows the words of the customer among facts that are for our own people. Who answers below each of
these words quotes the facts, too: they are taken out, and the customer's own lines stay where they are.
Sources  agents-by-mail.md §2 (the visible answer is the new text), acceptance D-13.
Not here  where a quote ends that stands as a whole (message/reply.py), when its writer is asked (cut.py), the wall
          behind this one (leak.py).
"""

from collections.abc import Sequence

from gateway.message.introduction import introduction_above, introduction_to
from gateway.message.lines import is_quoted, visible, without_marks
from gateway.message.own_words import standing_in, standing_whole

_MARK = "> "
_MOST_LINES = 5  # of an introduction


def without_facts(text: str, ours: Sequence[str], public: Sequence[str]) -> str:
    """The new words of an answer without the quoted lines that only its writer was sent; empty where all are quoted.

    ours    the texts of the mails that he may answer.  public  what customers wrote and were written
    """
    lines, seen = visible(text)
    quote = [is_quoted(line) for line in seen]
    last = max((i for i, line in enumerate(lines) if line.strip() and not quote[i]), default=-1)
    if any(quote) and last < 0:
        return ""
    if not any(quote) or not ours:
        return text
    is_ours, is_public = standing_whole(ours), standing_whole(public)
    bare = [_bare(line) if marked else line for line, marked in zip(lines, quote, strict=True)]
    inside = [marked and is_ours(line) for line, marked in zip(bare, quote, strict=True)]
    theirs = [known and is_public(line) for line, known in zip(bare, inside, strict=True)]
    if inside == theirs:
        return text
    introduced = _introduction(seen, bare, quote)
    kept = [
        f"{_MARK}{line}" if marked else line
        for i, (line, marked) in enumerate(zip(bare, quote, strict=True))
        if i not in introduced and not (marked and (i > last or not line or (inside[i] and not theirs[i])))
    ]
    return _close("\n".join(kept))


def _introduction(seen: Sequence[str], bare: Sequence[str], quote: Sequence[bool]) -> range:
    """The lines that say who wrote when: above the first quoted line, or the first of those that are."""
    first = quote.index(True)
    if (start := introduction_above(seen, quote, first)) < first:
        return range(start, first)
    plain = [False] * len(bare)
    ends = (i for i in range(first, min(first + _MOST_LINES, len(bare))) if quote[i])
    inner = next((i for i in ends if introduction_to(bare, plain, i) is not None), first - 1)
    return range(first, inner + 1)


def inserted(quoted: str, ours: Sequence[str], public: Sequence[str]) -> str | None:
    """What somebody wrote into an unmarked quote, with the lines of the customer that stand above; None: nothing.

    quoted  what was taken for the other mail
    """
    lines = quoted.split("\n")
    known = standing_in(lines, ours) if ours else []
    if not any(known):
        return None
    is_ours, is_public = standing_whole(ours), standing_whole(public)
    first, last = known.index(True), len(known) - 1 - known[::-1].index(True)
    his = [i for i in range(first, last) if not known[i] and lines[i].strip() and not is_ours(lines[i])]
    if not his or any(is_quoted(lines[i]) for i in his):
        return None
    shown = (
        lines[i] if i in his else f"{_MARK}{line}" if (line := _bare(lines[i])) and is_public(line) else ""
        for i in range(first, his[-1] + 1)
    )
    return _close("\n".join(shown)) or None


def _bare(line: str) -> str:
    return without_marks(line).strip()


def _close(text: str) -> str:
    """Without more than one empty line in a row, and with one between a quoted line and an answer."""
    out: list[str] = []
    for line in text.split("\n"):
        if out and out[-1] and line and is_quoted(out[-1]) != is_quoted(line):
            out.append("")
        if line.strip() or (out and out[-1]):
            out.append(line.rstrip())
    return "\n".join(out).strip("\n")
