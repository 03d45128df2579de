"""Which written languages may stand in for the one that is wanted: nearest first.

Sources  RFC 5646 (language tags), mails-out.md §7 (neighbours that read each other's language).
"""

from collections.abc import Iterator

_NEIGHBOURS = {"pt-br": "pt", "sk": "cs", "sr-latn": "hr", "bs": "hr", "uk": "en", "be": "ru"}


def nearest(wanted: str) -> Iterator[str]:
    """The tag itself, its neighbour, the language without its region, and that one's neighbour; in lower case."""
    tag = wanted.lower()
    first = tag.partition("-")[0]
    yield from dict.fromkeys((tag, _NEIGHBOURS.get(tag, tag), first, _NEIGHBOURS.get(first, first)))
