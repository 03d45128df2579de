"""What each operator means: which types it is for, and whether it holds for a value.

Sources  rules.md §4. An absent value fails every test but `exists: false`, `empty: true`, `is_not` and `not_in`.
         `is` and its family ignore case, not accents: addresses must not be confused by look-alike letters. The word
         operators ignore both, unless `fold: false` or `case: true` asks for the exact letters.
Not here reading operands from the file (conditions.py), asking many tests at once (index.py), patterns and calendars
         (evaluate.py).
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.message.fold import folded
from gateway.rules.spelling import spelled
from gateway.rules.types import Event, FactType, Test, Value

TEXT_READ = 64 * 1024  # octets of one value that text operators read (acceptance L9)
_PIECE = 1024  # characters that are folded at a time: each may become eighteen

_TEXTUAL: tuple[FactType, ...] = ("text", "list", "enum", "pairs")
_ORDERED: tuple[FactType, ...] = ("number", "size", "duration", "time")
_VALUES: tuple[FactType, ...] = (*_TEXTUAL, *_ORDERED, "bool")
_ALL: tuple[FactType, ...] = (*_VALUES, "clock")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """One entry of the registry of operators."""

    types: tuple[FactType, ...]
    options: tuple[str, ...] = ()
    about: str = ""


OPERATORS: Mapping[str, OperatorInfo] = {
    "is": OperatorInfo(_VALUES, ("case",), "equal; of a list: any element"),
    "is_not": OperatorInfo(_VALUES, ("case",), "not equal, or absent"),
    "in": OperatorInfo(_VALUES, ("case",), "equal to one of a list"),
    "not_in": OperatorInfo(_VALUES, ("case",), "equal to none of a list, or absent"),
    "contains": OperatorInfo(_TEXTUAL, ("word", "fold", "case"), "any of the words is in it"),
    "contains_all": OperatorInfo(_TEXTUAL, ("word", "fold", "case"), "all of the words are in it"),
    "starts_with": OperatorInfo(_TEXTUAL, ("word", "fold", "case"), "begins with one of the words"),
    "ends_with": OperatorInfo(_TEXTUAL, ("word", "fold", "case"), "ends with one of the words"),
    "matches": OperatorInfo(
        _TEXTUAL, (), "an expression of RE2 matches somewhere; named groups become `captures.NAME`"
    ),
    "under": OperatorInfo(_TEXTUAL, (), "is the domain, or one below it"),
    "gt": OperatorInfo(_ORDERED, (), "greater"),
    "gte": OperatorInfo(_ORDERED, (), "greater or equal"),
    "lt": OperatorInfo(_ORDERED, (), "less"),
    "lte": OperatorInfo(_ORDERED, (), "less or equal"),
    "between": OperatorInfo(_ORDERED, (), "from the first to the second, both included"),
    "changed": OperatorInfo(_VALUES, (), "another value than before the event"),
    "changed_to": OperatorInfo(_VALUES, (), "changed, and now one of these"),
    "changed_from": OperatorInfo(_VALUES, (), "changed, and was one of these"),
    "exists": OperatorInfo(_ALL, (), "there is a value"),
    "empty": OperatorInfo(_ALL, (), "there is no value, or an empty one"),
    "within": OperatorInfo(("clock",), (), "in the opening hours of a calendar"),
    "outside": OperatorInfo(("clock",), (), "outside the opening hours of a calendar"),
}
OPTIONS = ("word", "fold", "case")
_CHANGE_EVENTS: tuple[Event, ...] = ("status-changed", "assigned")
CHANGES: Mapping[str, tuple[Event, ...]] = dict.fromkeys(("changed", "changed_to", "changed_from"), _CHANGE_EVENTS)
NEGATIVE = frozenset({"is_not", "not_in"})


def same_key(text: str, *, case: bool) -> str:
    """The form in which `is` and `in` compare texts."""
    return text if case else unicodedata.normalize("NFC", text).casefold()


def word_key(text: str, *, fold: bool) -> str:
    """The form in which the word operators compare texts."""
    return folded(text) if fold else text


def _folded(text: str) -> str:
    """The text folded, as far as it is read: a letter of Unicode may become eighteen."""
    found, left = [], TEXT_READ
    for start in range(0, len(text), _PIECE):
        if left <= 0:
            break
        found.append(folded(text[start : start + _PIECE]))
        left -= len(found[-1].encode())
    return "".join(found)


NO_CAPTURES: Mapping[str, str] = {}


@dataclass
class Seen:
    """One value of a run, in the forms that operators ask for, each made once, and which tests hold for it."""

    value: Value
    secret: bool = False  # a body: its words do not belong into a trace
    before: Value = None  # the value before the event, for `changed`
    held: set[int] = field(default_factory=set)  # keys of tests
    words: dict[int, str] = field(default_factory=dict)  # by test that holds: the word that decided
    caught: dict[int, Mapping[str, str]] = field(default_factory=dict)  # by pattern that holds: its named groups
    sifted: bool = False  # the patterns that are nowhere in it are asked
    _whole_words: dict[bool, tuple[frozenset[str], ...]] = field(default_factory=dict)

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """The value as texts, uncut."""
        match self.value:
            case str():
                return (self.value,)
            case tuple():
                return self.value
            case _:
                return ()

    @cached_property
    def _read(self) -> tuple[tuple[str, ...], tuple[bytes, ...], bool]:
        texts, raw, left = [], [], TEXT_READ
        for value in self.whole:
            octets = value[:left].encode("utf-8", "replace")
            if len(octets) > left:
                octets = octets[:left].decode("utf-8", "ignore").encode()
            raw.append(octets)
            texts.append(octets.decode())
            left -= len(octets)
        return tuple(texts), tuple(raw), sum(map(len, self.whole)) > sum(map(len, texts))

    @property
    def octets(self) -> tuple[bytes, ...]:
        """What is read of it, as UTF-8."""
        return self._read[1]

    @property
    def cut(self) -> bool:
        """More existed than is read."""
        return self._read[2]

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(map(_folded, self._read[0]))

    def texts(self, *, fold: bool) -> tuple[str, ...]:
        """What is read of it, folded or letter for letter."""
        return self._folded if fold else self._read[0]

    def whole_words(self, *, fold: bool) -> tuple[frozenset[str], ...]:
        """The words of each text."""
        if fold not in self._whole_words:
            self._whole_words[fold] = tuple(frozenset(_WORD.findall(t)) for t in self.texts(fold=fold))
        return self._whole_words[fold]

    @cached_property
    def lowered(self) -> tuple[str, ...]:
        """The value as `is` compares it; nothing that is longer than what is read is the same as a word of a rule."""
        return tuple(same_key(t[: TEXT_READ + 1], case=False) for t in self.whole)

    @cached_property
    def shown(self) -> str:
        """YAML spelling for the trace; of a body only its length."""
        if self.secret and isinstance(self.value, str):
            return f"{len(self.value)} characters"
        return spelled(self.value)


def decided(test: Test, seen: Seen) -> str | None:
    """The word that makes the test hold, empty where there is none to tell; None when it does not hold.

    Every operator but those that are asked for a rule: `matches`, which costs, and `within`, which may fail.
    """
    if test.operator in CHANGES:
        return "" if _changed(test, seen) else None
    if test.operator == "exists":
        return "" if (seen.value is not None) is test.operand else None
    if test.operator == "empty":
        return "" if (seen.value in (None, "", ())) is test.operand else None
    if seen.value is None:
        return "" if test.operator in NEGATIVE else None
    return _OF[test.operator](test, seen)


def _changed(test: Test, seen: Seen) -> bool:
    changed = seen.before != seen.value
    if test.operator == "changed":
        return changed is test.operand
    if not changed:
        return False
    asked = seen if test.operator == "changed_to" else Seen(seen.before)
    return any(value in test.operand for value in asked.lowered or (asked.value,))


def _same(test: Test, seen: Seen) -> str | None:
    """`is` and `in`; the operand maps the compared form to the words of the file."""
    wanted: Mapping[Any, str] = test.operand
    values: tuple[Any, ...] = (seen.whole if test.case else seen.lowered) or (seen.value,)
    if isinstance(seen.value, tuple) and not seen.value:
        return None
    return next((wanted[v] for v in values if v in wanted), None)


def _other(test: Test, seen: Seen) -> str | None:
    return "" if _same(test, seen) is None else None


def _contains(test: Test, seen: Seen) -> str | None:
    return next((word for key, word in test.operand if _has(key, test, seen)), None)


def _contains_all(test: Test, seen: Seen) -> str | None:
    if all(_has(key, test, seen) for key, _ in test.operand):
        return ", ".join(word for _, word in test.operand)
    return None


def _has(key: str, test: Test, seen: Seen) -> bool:
    if not test.word:
        return any(key in text for text in seen.texts(fold=test.fold))
    if _WORD.fullmatch(key):
        return any(key in words for words in seen.whole_words(fold=test.fold))
    return any(_whole(key, text) for text in seen.texts(fold=test.fold))


def _whole(phrase: str, text: str) -> bool:
    """Whether a phrase stands in a text with no letter or digit touching its ends."""
    at = text.find(phrase)
    while at >= 0:
        if _bounded(text, at, at + len(phrase)):
            return True
        at = text.find(phrase, at + 1)
    return False


def _bounded(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_WORD.match(before) and _WORD.match(text[start])) and not (
        _WORD.match(after) and _WORD.match(text[end - 1])
    )


def _starts(test: Test, seen: Seen) -> str | None:
    texts = seen.texts(fold=test.fold)
    for key, word in test.operand:
        if any(t.startswith(key) and (not test.word or _bounded(t, 0, len(key))) for t in texts):
            return str(word)
    return None


def _ends(test: Test, seen: Seen) -> str | None:
    texts = seen.texts(fold=test.fold)
    for key, word in test.operand:
        if any(t.endswith(key) and (not test.word or _bounded(t, len(t) - len(key), len(t))) for t in texts):
            return str(word)
    return None


def _under(test: Test, seen: Seen) -> str | None:
    above = {name for text in seen.lowered for name in domains(text)}
    return next((str(word) for key, word in test.operand if key in above), None)


def domains(text: str) -> Iterator[str]:
    """The domain of an address, or the domain that the text is, and those above it."""
    domain = text.rpartition("@")[2].rstrip(".")
    yield domain
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def _ordered(test: Test, seen: Seen) -> str | None:
    return seen.shown if ORDER[test.operator](seen.value, test.operand) else None


ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "between": lambda value, bounds: bool(bounds[0] <= value <= bounds[1]),
}


_OF: Mapping[str, Callable[[Test, Seen], str | None]] = {
    "is": _same,
    "in": _same,
    "is_not": _other,
    "not_in": _other,
    "contains": _contains,
    "contains_all": _contains_all,
    "starts_with": _starts,
    "ends_with": _ends,
    "under": _under,
    **dict.fromkeys(ORDER, _ordered),
}
