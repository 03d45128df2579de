"""Patterns made of long lists of phrases, written one or more in a line.

Not here  the phrases: delivery_words.py, absence.py.
"""


def any_of(lines: str) -> str:
    """A pattern for any of the alternatives; a line that is indented by four blanks goes on with the one above."""
    return "|".join(filter(None, lines.replace("\n    ", "").split("\n")))
