"""Whether a text holds the number of a payment card, which no mail should carry.

Sources  ISO/IEC 7812-1 annex B (the check digit). Digits count with single blanks or hyphens between them.
"""

import re

_DIGITS = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")


def has_card_number(text: str) -> bool:
    """Whether there is one, by its length and its check digit."""
    return any(_holds(re.sub(r"\D", "", found[0])) for found in _DIGITS.finditer(text))


def _holds(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0
