"""The mailboxes as they stand in an address field, whatever its writer did to the grammar.

Sources  RFC 5322 §3.2.2 (comments), §3.4 (mailboxes, groups), §4.4 (routes, old forms).
         One pass over the characters; what is unclosed ends with the field, and is marked.
Not here  whether an addr-spec is one, and whom to believe (address.py).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gateway.message.charset import clean_line
from gateway.message.header import decode_words

MAX_COMMENT_DEPTH = 10
_MAX_NAME = 500
_WORD = r"=\?[^?\s]{1,100}\?[bBqQ]\?[^?\s]*\?="
_TOKEN = re.compile(
    rf'(?P<word>{_WORD})|(?P<quoted>"(?:[^"\\]|\\.)*\\?"?)|(?P<literal>\[[^\]<>"]*\]?)'
    r"|(?P<special>[<>@,;:()])|(?P<blank>\s+)|(?P<text>(?:(?!=\?)[^\s<>@,;:()\[\"]|=\?)+)",
    re.DOTALL,
)
_HIDDEN = re.compile(r'[<>@,;:()"]')
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)


class Token(NamedTuple):
    """A piece of a structured field; `broken` when it is not closed, or hides specials in an encoded word."""

    kind: str
    text: str
    broken: bool = False


class Candidate(NamedTuple):
    """A mailbox as it stands in the field; `loose` when words stand where none belong."""

    name: str
    address: str
    loose: bool


def field_tokens(value: str, comment_depth: int = MAX_COMMENT_DEPTH) -> Iterator[Token]:
    """Linear: each character is looked at once. A comment nested deeper than `comment_depth` never ends."""
    at = 0
    while at < len(value):
        found = _TOKEN.match(value, at)
        if found is None or found[0] == "(":
            token, at = _comment(value, at, comment_depth)
            yield token
            continue
        at = found.end()
        kind = found.lastgroup or "text"
        if kind == "word":
            yield Token("word", found[0], _HIDDEN.search(found[0]) is not None)
        elif kind == "quoted":
            yield Token("quoted", found[0], not (len(found[0]) > 1 and found[0].endswith('"')))
        elif kind == "literal":
            yield Token("literal", found[0], not found[0].endswith("]"))
        else:
            yield Token(kind, found[0])


def _comment(value: str, at: int, deepest: int) -> tuple[Token, int]:
    """The comment that opens at `at`, and where it ends."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth > deepest:
            break
        if depth == 0:
            return Token("comment", value[at + 1 : mark.start()]), mark.end()
    return Token("comment", value[at + 1 :], broken=True), len(value)


def candidates(found: Iterable[Token], charset: str | None) -> Iterator[Candidate]:
    """The mailboxes in a token stream; anything between commas that holds no `@` is skipped."""
    words: list[Token] = []
    angle: list[Token] | None = None
    inside = False
    for token in (*found, Token("special", ",")):
        if token.kind == "special" and token.text == "<":
            angle, inside = [], True
        elif token.kind == "special" and token.text == ">":
            inside = False
        elif inside and angle is not None and not (token.text == "," and _names_somebody(angle)):
            angle.append(token)
        elif token.kind == "special" and token.text in ",;":
            candidate = _in_angle(words, angle, charset) if angle is not None else _bare(words, charset)
            if candidate is not None:
                yield candidate
            words, angle, inside = [], None, False
        elif token.kind == "special" and token.text == ":":
            words = []  # the name of a group
        else:
            after = angle is not None and token.kind not in ("blank", "comment")
            words.append(token._replace(kind="after") if after else token)


def _names_somebody(angle: Sequence[Token]) -> bool:
    """Whether the unclosed `<` before this comma already holds an address; in a route the `@` comes first."""
    marks = [t.text for t in angle if t.kind != "blank"]
    return "@" in marks[1:] and marks[0] != "@"


def _in_angle(words: Sequence[Token], angle: Sequence[Token], charset: str | None) -> Candidate | None:
    address = "".join(t.text for t in angle if t.kind != "comment").strip()
    loose = any(t.kind == "word" for t in angle) or any(t.kind == "after" for t in words)
    return Candidate(_name([t for t in words if t.kind != "after"], charset), address, loose) if address else None


def _bare(words: Sequence[Token], charset: str | None) -> Candidate | None:
    """An address without angle brackets: the run around `@`; `a@b (Ann)` and, loosely, `Ann a@b`."""
    marks = [i for i, t in enumerate(words) if t.text == "@"]
    if not marks:
        return None
    solid = ("text", "quoted", "literal", "special", "word")
    start = end = marks[0]
    while start > 0 and (words[start - 1].kind in solid or (start == marks[0] and words[start - 1].kind == "blank")):
        start -= 1
    while end + 1 < len(words) and (
        words[end + 1].kind in solid or (end == marks[0] and words[end + 1].kind == "blank")
    ):
        end += 1
    address = "".join(t.text for t in words[start : end + 1] if t.kind != "blank")  # those around the `@`
    others = [*words[:start], *words[end + 1 :]]
    loose = any(t.kind in solid for t in others) or any(t.kind == "word" for t in words[start : end + 1])
    return Candidate(_name(others, charset), address, loose)


def _name(words: Sequence[Token], charset: str | None) -> str:
    """The display name; without one the comment, which was the name before RFC 822."""
    pieces = [" " if t.kind == "blank" else _unquoted(t) for t in words if t.kind != "comment"]
    name = clean_line(decode_words("".join(pieces), charset))
    if not name:
        name = next((clean_line(decode_words(t.text, charset)) for t in words if t.kind == "comment"), "")
    return name[:_MAX_NAME]


def _unquoted(token: Token) -> str:
    if token.kind != "quoted":
        return token.text
    content = token.text[1:] if token.broken else token.text[1:-1]
    return re.sub(r"\\(.)", r"\1", content, flags=re.DOTALL)
