"""Names of tickets from desks that came before this one, as their mails carry them in subjects.

Sources  site.subject_aliases: RE2 (linear in the subject, whatever it says), one group, which is the name.
Not here  which ticket a name is for (store/), what it is worth (thread.py).
"""

from collections.abc import Sequence
from typing import Any

import re2

_MAX_SUBJECT = 500
_MAX_NAMES = 5
_MAX_NAME = 100


class AliasPatterns:
    """The patterns of a site. Equal sources make equal patterns."""

    def __init__(self, sources: Sequence[str] = ()) -> None:
        """Raises ValueError, with words for people, where one is no pattern with one group."""
        self._patterns = tuple(_compiled(source) for source in sources)

    def found(self, subject: str) -> tuple[str, ...]:
        """The names in a subject, in order of the patterns, each once, in lower case: relays and people fold it."""
        if not self._patterns:
            return ()
        text = subject[:_MAX_SUBJECT].encode("utf-8", "replace")
        names = (m[1] for p in self._patterns for m in p.finditer(text) if m[1])
        clean = (name.decode("utf-8", "replace").strip().lower()[:_MAX_NAME] for name in names)
        return tuple(dict.fromkeys(filter(None, clean)))[:_MAX_NAMES]


def _compiled(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    try:
        pattern = re2.compile(source.encode(), options)
    except re2.error as e:
        words = e.args[0].decode("utf-8", "replace").partition(" - compile failed")[0]
        raise ValueError(f"no pattern: {words}") from e
    if pattern.groups != 1:
        raise ValueError("a pattern has one group, which is the name of the ticket")
    return pattern
