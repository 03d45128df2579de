"""Which lines are quoted by the initials of who wrote them: `AL> The printer hums.`

Some programs set them before the quote mark. Letters before a `>` are much else, such as a prompt: they are a mark
where an introduction stands above.
"""

import re
from collections.abc import Sequence

from gateway.message.labels import WROTE
from gateway.message.lines import ADDRESS, DATE, folded

_MARK = re.compile(r"\s{0,2}([^\W\d_]{1,4})>")
_WORD = re.compile(r"[^\W\d_]+")
_ABOVE = 5  # lines above the first quoted one among which the introduction is


def marked_by_initials(seen: Sequence[str]) -> list[bool]:
    """For each line, whether it is quoted so."""
    known: set[str] = set()
    found = []
    for i, line in enumerate(seen):
        mark = _MARK.match(line)
        if mark is not None and mark[1] not in known and _introduced(mark[1], seen[max(0, i - _ABOVE) : i]):
            known.add(mark[1])
        found.append(mark is not None and mark[1] in known)
    return found


def _introduced(initials: str, above: Sequence[str]) -> bool:
    """Whether the lines above say that somebody wrote then, or name somebody with these initials and an address."""
    words = " ".join(above)
    if not words.rstrip().endswith((":", "：")) or not DATE.search(words):
        return False
    named = initials.upper() in "".join(word[0] for word in _WORD.findall(words)).upper()
    return WROTE.search(folded(words)) is not None or (named and ADDRESS.search(words) is not None)
