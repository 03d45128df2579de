"""A short text that a pattern matches, for people: letters as X, digits as 0.

Sources  RE2 syntax. Of alternatives the first is shown, of what may be missing nothing, of separators one space.
"""

import re

_CLASSES = {"d": "0", "w": "x", "s": " ", "pL": "x", "pN": "0"}
_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(?:,\d*)?\})\??")
_GROUP = re.compile(r"\(\?(?:P?<\w+>|[a-zA-Z-]*:)")
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+\)")
_SHOWN = 40


def sample(pattern: str) -> str:
    """What the pattern looks for, roughly."""
    text, _ = _alternatives(_FLAGS.sub("", pattern), 0)
    return " ".join(text.split())[:_SHOWN]


def _alternatives(pattern: str, at: int) -> tuple[str, int]:
    """The first alternative from here to the end of its group, and where that is."""
    first: str | None = None
    taken: list[str] = []
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            first = "".join(taken) if first is None else first
            taken, at = [], at + 1
            continue
        piece, at = _piece(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, at)
        if quantifier is not None:
            at = quantifier.end()
            piece = _repeated(piece, quantifier)
        taken.append(piece)
    return ("".join(taken) if first is None else first), at


def _repeated(piece: str, quantifier: "re.Match[str]") -> str:
    if quantifier[2] is not None:
        return piece * min(int(quantifier[2]), 12)
    if quantifier[1] == "+":
        return piece
    return " " if piece == " " else ""


def _piece(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at]
    if char == "(":
        head = _GROUP.match(pattern, at)
        inner, end = _alternatives(pattern, head.end() if head else at + 1)
        return inner, end + 1
    if char == "[":
        return _of_class(pattern, at)
    if char == "\\":
        letter = pattern[at + 1 : at + 2]
        return (_CLASSES.get(letter, "") if letter.isalpha() else letter), at + 2
    if char in "^$":
        return "", at + 1
    return ("…" if char == "." else char), at + 1


def _of_class(pattern: str, at: int) -> tuple[str, int]:
    """One of the characters of a class: a space if there is one, X, x or 0 for a range, else the first."""
    end = pattern.find("]", at + 2)
    end = len(pattern) - 1 if end < 0 else end
    inner = pattern[at + 1 : end]
    if inner.startswith("^"):
        return "…", end + 1
    for part, shown in ((" ", " "), ("\\s", " "), ("A-Z", "X"), ("a-z", "x"), ("0-9", "0"), ("\\d", "0"), ("\\w", "x")):
        if part in inner:
            return shown, end + 1
    return inner[:1], end + 1
