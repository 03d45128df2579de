"""The facts of a run, with what its actions made of them: nothing else is changed by a rule.

Sources  rules.md §2.3: later rules see what earlier ones did, and nothing is stored before the run ends.
Not here what an action writes (effects.py).
"""

from collections.abc import Collection, Mapping

from gateway.rules.index import FieldIndex
from gateway.rules.operators import Seen
from gateway.rules.types import REGISTRY, Facts, Value

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
        self.seen: dict[str, Seen] = {}  # what was looked at, until it is written anew

    def look(self, name: str) -> Seen:
        """A value in the forms that operators ask for."""
        found = self.seen.get(name)
        if found is None:
            found = self.seen[name] = Seen(self.value(name), secret=name.startswith("body."))
            if found.value is not None and name in self._index:
                found.results = self._index[name].results(found)
        return found

    def value(self, name: str) -> Value:
        """A value; None is absent."""
        return self._written[name] if name in self._written else _fact(self._facts, name)

    def put(self, name: str, value: Value) -> None:
        """Write a value over the one there is."""
        self._written[name] = value
        self.seen.pop(name, None)

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
