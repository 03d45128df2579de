"""Patterns made of long lists of phrases, written one or more in a line, in any case.

Not here  the phrases: delivery_words.py, absence_words.py.
"""

import re
from functools import cached_property


def any_of(lines: str) -> str:
    """A pattern for any of the alternatives; a line that is indented by four blanks goes on with the one above."""
    return "|".join(filter(None, lines.replace("\n    ", "").split("\n")))


class LatePattern:
    """A pattern that most mails are never compared with: it is compiled when one is, which takes milliseconds."""

    def __init__(self, written: str) -> None:
        self._written = written

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        return re.compile(self._written, re.IGNORECASE)

    def search(self, text: str) -> re.Match[str] | None:
        """Where the text first fits; None when it does not."""
        return self.compiled.search(text)

    def match(self, text: str) -> re.Match[str] | None:
        """How the text's beginning fits; None when it does not."""
        return self.compiled.match(text)
