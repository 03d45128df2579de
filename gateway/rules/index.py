"""Which of many tests of one field hold, found in one look at its value instead of one look for each test.

Sources  github.com/google/re2: a Set looks for thousands of words in one pass over a text.
         Only `is`, `in` and `contains` are looked up so; every other test is asked by itself (operators.py). Both ways
         give the same answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from gateway.rules.operators import FAILED, NO_CAPTURES, Result, Seen
from gateway.rules.types import REGISTRY, Test

_FEW = 40  # words; fewer are looked for one by one
_END = b"\x01\x02end"  # in no mail; a Set that gave up does not find it
_TEXTUAL = ("text", "list", "enum", "pairs")

_Place = tuple[int, int, str]  # of a word: key of the test, its place in the operand, as the file has it


@dataclass(slots=True)
class FieldIndex:
    """The tests of one field that are looked up together."""

    failed: dict[int, Result] = field(default_factory=dict)  # what all of them are until one is found to hold
    same: dict[Any, list[tuple[int, str]]] = field(default_factory=dict)  # by what `is` compares: test, and its word
    words: dict[str, list[_Place]] = field(default_factory=dict)  # by folded word, anywhere in the text
    whole: dict[str, list[_Place]] = field(default_factory=dict)  # by folded word, as a word of its own
    _set: Any = None
    _order: list[str] = field(default_factory=list)

    def results(self, seen: Seen) -> dict[int, Result]:
        """Every test of the index, answered for a value that is there."""
        found = dict(self.failed)
        values: Iterable[Any] = seen.lowered or (() if isinstance(seen.value, tuple) else (seen.value,))
        places = [(key, n, word) for n, value in enumerate(values) for key, word in self.same.get(value, ())]
        if self.words:
            places += [p for word in self._present(seen) for p in self.words[word]]
        if self.whole:
            places += [
                p for words in seen.words(fold=True) for word in words & self.whole.keys() for p in self.whole[word]
            ]
        for key, _, word in sorted(places, reverse=True):  # of several the first one wins
            found[key] = (True, word, NO_CAPTURES)
        return found

    def _present(self, seen: Seen) -> Iterable[str]:
        """Which of the words are in one of the texts."""
        texts = seen.texts(fold=True)
        if self._set is None:
            return [word for word in self.words if any(word in text for text in texts)]
        found: set[str] = set()
        for text in texts:
            numbers = self._set.Match(text.encode("utf-8", "replace") + _END)
            if len(self._order) not in numbers:
                return [word for word in self.words if any(word in text for text in texts)]
            found.update(self._order[n] for n in numbers if n < len(self._order))
        return found

    def finish(self) -> None:
        """Make the Set, once all words are known."""
        if len(self.words) < _FEW:
            return
        options = re2.Options()
        options.literal = True
        options.log_errors = False
        self._set, self._order = re2.Set.SearchSet(options), list(self.words)
        for word in (*(w.encode("utf-8", "replace") for w in self._order), _END):
            self._set.Add(word)
        self._set.Compile()


def indexed(tests: Iterable[Test]) -> Mapping[str, FieldIndex]:
    """The index of each field that has tests for it."""
    found: dict[str, FieldIndex] = {}
    for test in tests:
        info = REGISTRY.get(test.field)
        index = found.setdefault(test.field, FieldIndex())
        if test.operator in ("is", "in") and not test.case:
            for value, word in test.operand.items():
                index.same.setdefault(value, []).append((test.key, word))
        elif test.operator == "contains" and test.fold and info is not None and info.type in _TEXTUAL and _simple(test):
            where = index.whole if test.word else index.words
            for number, (key, word) in enumerate(test.operand):
                where.setdefault(key, []).append((test.key, number, word))
        else:
            continue
        index.failed[test.key] = FAILED
    for index in found.values():
        index.finish()
    return {name: index for name, index in found.items() if index.failed}


def _simple(test: Test) -> bool:
    """Whether whole words can be looked up: each is one."""
    return not test.word or all(key.isalnum() for key, _ in test.operand)
