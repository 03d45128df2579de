"""The facts of a run, with what its actions made of them: nothing else is changed by a rule.

Sources  rules.md §2.3: later rules see what earlier ones did, and nothing is stored before the run ends.
Not here what an action writes (effects.py).
"""

from collections.abc import Collection, Mapping

from gateway.rules.index import FieldIndex, Looked
from gateway.rules.operators import Seen
from gateway.rules.types import REGISTRY, Event, Facts, Saw, Test, Value

Place = tuple[int, int]  # a run, and a rule in it by its place in the file

_START: Place = (0, -1)  # before any rule
_TICKET = "ticket."
_CUSTOM = "ticket.field."
_CUSTOMER = "customer."
_HEADERS = "headers."
# what stands in front of a name that a mail, a customer or a file gives, and which fact holds such names
_PAIRS = {_CUSTOM: "ticket_fields", _CUSTOMER: "customer_values"}


class Overlay:
    """What a rule sees."""

    def __init__(self, facts: Facts, before: Facts | None, index: Mapping[str, FieldIndex]) -> None:
        self._facts, self._before, self._index = facts, before, index
        self._written: dict[str, Value] = {}
        self._earlier: dict[str, Value] = {}  # what `changed` compares with, where it is not in `before`
        self._since: dict[str, Place] = {}  # where a value was written that is not as it was at first
        self._all: list[tuple[str, Place, Seen]] = []
        self.seen: dict[str, Seen] = {}  # the fields that rules of the event ask for
        self.held: set[int] = set()  # the tests that hold, of all of them
        self.asked: set[int] = set()  # those of the tests that are asked for a rule that need not be asked any more
        self.place: Place = _START  # the run and the rule that write now

    def prepare(self, event: Event) -> None:
        """Look at all that rules for this event ask for."""
        for name, index in self._index.items():
            if event in index.events and name not in self.seen:
                self._look(name)

    def _look(self, name: str) -> None:
        before = self.before(name) if name.startswith(_TICKET) else None
        seen = self.seen[name] = Seen(self.value(name), name.startswith("body."), before)
        index = self._index[name]
        index.answer(seen)
        self.held |= seen.held
        if seen.value is None:
            self.asked |= index.eager
        self._all.append((name, self._since.get(name, _START), seen))

    def note(self, test: Test, seen: Seen, word: str = "") -> None:
        """A test that was asked for a rule holds."""
        seen.held.add(test.key)
        self.held.add(test.key)
        if word:
            seen.words[test.key] = word

    def may_sift(self, test: Test, seen: Seen) -> bool:
        """Whether there are so many patterns for a value that those which are nowhere in it are found out together."""
        return not seen.sifted and self._index[test.field].sifts

    def sift(self, test: Test, seen: Seen, looked: Looked) -> None:
        """Patterns that are nowhere in the value need not be asked."""
        seen.sifted = True
        self.asked |= self._index[test.field].nowhere(seen, looked)

    def saw(self) -> tuple[Saw, ...]:
        """All that rules saw."""
        return tuple(self._told(*each) for each in self._all if each[2].value is not None or each[2].held)

    def _told(self, name: str, place: Place, seen: Seen) -> Saw:
        turned = {key: seen.words.get(key, "") for key in seen.held ^ self._index[name].usual}
        cut = seen.cut if isinstance(seen.value, str | tuple) else False
        return Saw(name, seen.shown, cut, turned, *place)

    def value(self, name: str) -> Value:
        """A value; None is absent."""
        return self._written[name] if name in self._written else _fact(self._facts, name)

    def put(self, name: str, value: Value) -> None:
        """Write a value over the one there is; the rules behind the one that writes see it."""
        self._written[name] = value
        self._again(name)

    def _again(self, name: str) -> None:
        """Ask all tests of a field anew."""
        if name not in self.seen:
            return
        index = self._index[name]
        self.held -= self.seen[name].held
        self.asked -= index.eager
        self._since[name] = self.place
        self._look(name)

    def tags(self) -> tuple[str, ...]:
        """The tags of the ticket."""
        found = self.value("ticket.tags")
        return found if isinstance(found, tuple) else ()

    def before(self, name: str) -> Value:
        """The value before the event; the one there is now where nobody says otherwise."""
        if name in self._earlier:
            return self._earlier[name]
        return _fact(self._before, name) if self._before is not None else self.value(name)

    def begin_follow_up(self, earlier: dict[str, Value]) -> None:
        """From now on `changed` compares with these values."""
        self._before, self._earlier = None, earlier
        for name in [name for name in self.seen if name.startswith(_TICKET)]:
            self._again(name)

    def values(self, names: Collection[str]) -> dict[str, Value]:
        """Some values, as they are now."""
        return {name: self.value(name) for name in names}


def _fact(facts: Facts, name: str) -> Value:
    info = REGISTRY.get(name)
    if info is not None:
        value: Value = getattr(facts, info.attribute)
        return value
    if name.startswith(_HEADERS):
        wanted = name.removeprefix(_HEADERS).lower()
        return tuple(v for n, v in facts.headers or () if n.lower() == wanted) or None
    prefix = next(p for p in _PAIRS if name.startswith(p))
    return dict(getattr(facts, _PAIRS[prefix]) or ()).get(name.removeprefix(prefix))
