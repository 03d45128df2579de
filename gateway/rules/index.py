"""Which tests of one field hold, found in one look at its value instead of one look for each test.

Sources  github.com/google/re2: a Set looks for thousands of words or patterns in one pass over a text.
         What has no table here is asked by itself (operators.py). Both ways give the same answer.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from gateway.rules.operators import CHANGES, NEGATIVE, ORDER, Seen, decided, domains
from gateway.rules.types import Event, Rule, Test

EAGER = ("matches", "within", "outside")  # asked for a rule: they cost, or may fail
_FEW = 40  # words or patterns; fewer are looked for one by one
_WINDOW = 512  # octets that many hard patterns together are looked for in within fifteen milliseconds
_ANYWHERE = b""  # is found in every text; a Set that gave up finds nothing

# look at a text once it is known that there is time for it: what is asked of parts, of what size, and of the whole
Looked = Callable[[Callable[[bytes], object], Callable[[bytes], list[int] | None], int, bytes], list[int] | None]
_Place = tuple[int, int, str]  # of a word: key of the test, its place in the operand, as the file has it


class _Together:
    """Words or patterns, all looked for in one pass over a text. Without a Set there are few, or they are too much."""

    def __init__(self, sources: Iterable[bytes], *, literal: bool) -> None:
        self._sources, self._set = list(sources), None
        if len(self._sources) < _FEW:
            return
        options = re2.Options()
        options.literal, options.log_errors, options.never_capture = literal, False, True
        made = re2.Set.SearchSet(options)
        for source in (*self._sources, _ANYWHERE):
            made.Add(source)
        with contextlib.suppress(re2.error):  # they take more memory than a Set may have
            made.Compile()
            self._set = made

    @property
    def ready(self) -> bool:
        """Whether there are enough of them."""
        return self._set is not None

    def present(self, octets: bytes) -> list[int] | None:
        """Which of them are in the text, by number; None where each has to be looked for by itself."""
        if self._set is None:
            return None
        numbers: list[int] = self._set.Match(octets) or []
        last = len(self._sources)
        return [n for n in numbers if n < last] if last in numbers else None


_NONE = _Together((), literal=True)


@dataclass(slots=True)
class _Phrases:
    """Words that are looked for anywhere in a text. A test that wants more than one word is asked where one is."""

    places: dict[str, list[_Place]] = field(default_factory=dict)  # of `contains`
    asking: dict[str, list[Test]] = field(default_factory=dict)  # tests that need the word, and more
    _together: _Together = _NONE
    _order: tuple[str, ...] = ()

    def finish(self) -> None:
        """Once all words are known."""
        self._order = tuple(dict.fromkeys((*self.places, *self.asking)))
        self._together = _Together((word.encode("utf-8", "replace") for word in self._order), literal=True)

    def present(self, texts: Iterable[str]) -> set[str]:
        """Which of the words are in one of the texts."""
        found: set[str] = set()
        for text in texts:
            numbers = self._together.present(text.encode("utf-8", "replace"))
            found.update(
                (self._order[n] for n in numbers) if numbers is not None else (w for w in self._order if w in text)
            )
        return found


_Ends = dict[str, list[_Place]]  # by what a text begins with, or ends with


@dataclass(slots=True)
class FieldIndex:
    """All tests of one field."""

    events: set[Event] = field(default_factory=set)  # of the rules that ask them
    usual: set[int] = field(default_factory=set)  # tests that hold unless something is found
    absent: set[int] = field(default_factory=set)  # tests that hold where there is no value
    same: dict[Any, list[tuple[int, str]]] = field(default_factory=dict)  # by what `is` compares: test, and its word
    other: dict[Any, list[int]] = field(default_factory=dict)  # the same of `is_not`
    phrases: dict[bool, _Phrases] = field(default_factory=dict)  # folded, or letter for letter
    words: dict[bool, dict[str, list[_Place]]] = field(default_factory=dict)  # as words of their own
    starts: dict[bool, _Ends] = field(default_factory=dict)
    ends: dict[bool, _Ends] = field(default_factory=dict)
    under: dict[str, list[_Place]] = field(default_factory=dict)  # by domain
    bounds: list[tuple[Callable[[Any, Any], bool], Any, int]] = field(default_factory=list)  # of what has an order
    rest: list[Test] = field(default_factory=list)
    changes: list[Test] = field(default_factory=list)  # asked where there is no value, too
    eager: set[int] = field(default_factory=set)  # those that are asked for a rule
    patterns: list[Test] = field(default_factory=list)
    _together: _Together = _NONE

    def answer(self, seen: Seen) -> None:
        """Let `seen` know which tests hold; those of EAGER are not asked."""
        if seen.value is None:
            seen.held.update(self.absent)
            self._ask(self.changes, seen)
            return
        seen.held.update(self.usual)
        found = list(self._equal(seen))
        found += self._phrases(seen)
        found += (p for fold, table in self.words.items() for p in _whole_words(table, seen, fold=fold))
        found += (p for fold, table in self.starts.items() for p in _at(table, seen, _beginning, fold=fold))
        found += (p for fold, table in self.ends.items() for p in _at(table, seen, _end, fold=fold))
        if self.under:
            above = dict.fromkeys(name for text in seen.lowered for name in domains(text))
            found += (p for name in above for p in self.under.get(name, ()))
        for key, _, word in sorted(found, reverse=True):  # of several the first one wins
            seen.held.add(key)
            seen.words[key] = word
        for holds, bound, key in self.bounds:
            if holds(seen.value, bound):
                seen.held.add(key)
                seen.words[key] = seen.shown
        self._ask(self.rest, seen)
        self._ask(self.changes, seen)

    @property
    def sifts(self) -> bool:
        """Whether there are many patterns."""
        return self._together.ready

    def nowhere(self, seen: Seen, looked: Looked) -> set[int]:
        """The patterns that need not be looked for."""
        found: set[int] = set()
        for octets in seen.octets:
            numbers = looked(self._together.present, self._together.present, _WINDOW, octets)
            if numbers is None:
                return set()
            found.update(numbers)
        return {test.key for n, test in enumerate(self.patterns) if n not in found}

    def _ask(self, tests: Iterable[Test], seen: Seen) -> None:
        """Each by itself."""
        for test in tests:
            if (deciding := decided(test, seen)) is None:
                seen.held.discard(test.key)
            else:
                seen.held.add(test.key)
                seen.words[test.key] = deciding

    def _equal(self, seen: Seen) -> Iterator[_Place]:
        if not self.same and not self.other:
            return
        values: Iterable[Any] = seen.lowered or (() if isinstance(seen.value, tuple) else (seen.value,))
        for number, value in enumerate(values):
            yield from ((key, number, word) for key, word in self.same.get(value, ()))
            seen.held.difference_update(self.other.get(value, ()))

    def _phrases(self, seen: Seen) -> Iterator[_Place]:
        for fold, phrases in self.phrases.items():
            asking: dict[int, Test] = {}
            for word in phrases.present(seen.texts(fold=fold)):
                yield from phrases.places.get(word, ())
                asking.update((test.key, test) for test in phrases.asking.get(word, ()))
            self._ask(asking.values(), seen)

    def add(self, test: Test) -> None:
        """One more test."""
        if test.operator in NEGATIVE:
            self.usual.add(test.key)
        if test.operator not in EAGER and decided(test, Seen(None)) is not None:
            self.absent.add(test.key)
        table = self._table(test)
        if table is not None:
            for number, (key, word) in enumerate(test.operand):
                table.setdefault(key, []).append((test.key, number, word))
        elif test.operator in EAGER:
            self.eager.add(test.key)
            if test.operator == "matches":
                self.patterns.append(test)
        elif test.operator in CHANGES:
            self.changes.append(test)
        elif test.operator in ("is", "in") and not test.case:
            for value, word in test.operand.items():
                self.same.setdefault(value, []).append((test.key, word))
        elif test.operator in NEGATIVE and not test.case:
            for value in test.operand:
                self.other.setdefault(value, []).append(test.key)
        elif test.operator in ("contains", "contains_all"):
            for key, _ in test.operand:
                self.phrases.setdefault(test.fold, _Phrases()).asking.setdefault(key, []).append(test)
        elif test.operator in ORDER:
            self.bounds.append((ORDER[test.operator], test.operand, test.key))
        else:
            self.rest.append(test)

    def finish(self) -> None:
        """Once all tests are known."""
        for phrases in self.phrases.values():
            phrases.finish()
        self._together = _Together((test.operand.bare for test in self.patterns), literal=False)

    def _table(self, test: Test) -> dict[str, list[_Place]] | None:
        """Where the words of a test are looked up; None where they are not."""
        if test.operator == "under":
            return self.under
        if test.operator == "contains" and test.word and all(key.isalnum() for key, _ in test.operand):
            return self.words.setdefault(test.fold, {})
        if test.word:
            return None
        match test.operator:
            case "contains":
                return self.phrases.setdefault(test.fold, _Phrases()).places
            case "starts_with":
                return self.starts.setdefault(test.fold, {})
            case "ends_with":
                return self.ends.setdefault(test.fold, {})
            case _:
                return None


def _whole_words(table: Mapping[str, list[_Place]], seen: Seen, *, fold: bool) -> Iterator[_Place]:
    for words in seen.whole_words(fold=fold):
        for word in words & table.keys():
            yield from table[word]


def _at(table: _Ends, seen: Seen, cut: Callable[[str, int], str], *, fold: bool) -> Iterator[_Place]:
    lengths = {len(key) for key in table}
    for text in seen.texts(fold=fold):
        for length in lengths:
            if len(text) >= length:
                yield from table.get(cut(text, length), ())


def _beginning(text: str, length: int) -> str:
    return text[:length]


def _end(text: str, length: int) -> str:
    return text[len(text) - length :]


def indexed(asked: Iterable[tuple[Rule, Iterable[Test]]]) -> Mapping[str, FieldIndex]:
    """The index of each field that rules ask for.

    asked  each rule with all of its tests
    """
    found: dict[str, FieldIndex] = {}
    added: set[int] = set()
    for rule, tests in asked:
        for test in tests:
            index = found.setdefault(test.field, FieldIndex())
            index.events.update(rule.on)
            if test.key not in added:
                added.add(test.key)
                index.add(test)
    for index in found.values():
        index.finish()
    return found
