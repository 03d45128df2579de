"""Which of the known words somebody meant who wrote another one.

Near is what two slips make of a word (a letter too many, too few, wrong, or two that changed places), and what begins
with it. The time is bounded by the lengths: only the few cells beside the diagonal are looked at.
"""

from collections.abc import Iterable

_SLIPS = 2
_LONGEST = 40  # characters; nobody means a longer word
_LEAST_START = 2


def meant(word: str, known: Iterable[str], most: int = 5) -> tuple[str, ...]:
    """The known words that are near, the nearest first; both are compared as they are given, so fold them before."""
    if not 0 < len(word) <= _LONGEST:
        return ()
    ranks = ((_rank(word, each), each) for each in dict.fromkeys(known))
    return tuple(each for rank, each in sorted(pair for pair in ranks if pair[0] <= _SLIPS)[:most])


def _rank(word: str, known: str) -> int:
    """How many slips lie between them; one for a beginning, three for strangers."""
    if len(word) >= _LEAST_START and known.startswith(word):
        return min(1, len(known) - len(word))
    slips = _distance(word, known)
    return slips if 2 * slips < min(len(word), len(known)) else _SLIPS + 1  # two slips leave little of a short word


def _distance(one: str, other: str) -> int:
    """Optimal string alignment, up to one more than `_SLIPS`."""
    far = _SLIPS + 1
    if abs(len(one) - len(other)) > _SLIPS or len({*one} ^ {*other}) > 2 * _SLIPS:  # a slip changes two letters at most
        return far
    before: dict[int, int] = {}
    last = {j: j for j in range(far)}
    for i, letter in enumerate(one, 1):
        row = {0: i} if i <= _SLIPS else {}
        for j in range(max(1, i - _SLIPS), min(len(other), i + _SLIPS) + 1):
            cost = last.get(j - 1, far) + (letter != other[j - 1])
            row[j] = min(cost, last.get(j, far) + 1, row.get(j - 1, far) + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other[j - 1]:
                row[j] = min(row[j], before.get(j - 2, far) + 1)
        before, last = last, row
    return min(last.get(len(other), far), far)
