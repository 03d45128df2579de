"""A trace with every reason in it: each rule that was looked at, each of its tests, and the value it saw.

A trace as the engine makes it, and as it is stored, holds only what the mail was the cause of; this puts the questions
of the revision beside it (docs/decisions/0017).
Not here  what a reason looks like (explain.py), where outlines are kept (store/outlines.py).
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from gateway.rules.operators import NEGATIVE
from gateway.rules.types import ALIASES, Asker, Asks, Check, Group, Hit, Outline, Rule, Saw, Test, Trace

_SHORT = {name: alias for alias, name in ALIASES.items()}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Asker, ...])


def outlined(rules: Sequence[Rule]) -> Outline:
    """What these rules ask."""
    askers = tuple(Asker(rule.id, rule.line, rule.on, _asks(rule.when)) for rule in rules)
    octets = _encoder.encode(askers)
    return Outline(hashlib.sha256(octets).hexdigest()[:32], zlib.compress(octets), askers)


def read_outline(id: str, octets: bytes) -> Outline:
    """An outline as it was kept."""
    return Outline(id, octets, _decoder.decode(zlib.decompress(octets)))


def told(trace: Trace, outline: Outline | None) -> Trace:
    """The trace with every rule that was looked at, and every test; as it is where it is told already.

    outline  None: it is not there any more; then rules that did not match are not named
    """
    if outline is None or outline.id != trace.outline or not outline.id:
        return replace(trace, saw=(), outline="")
    hits = tuple(_Telling(trace, outline).hits())
    others = tuple(a.rule for a in outline.rules if not any(event in a.on for event in trace.events))
    return replace(trace, hits=hits, other_events=others, saw=(), outline="")


def joined(first: Trace, more: Trace) -> Trace:
    """Two runs of the same rules as one, the second behind the first."""
    behind = len(first.events)
    hits = (msgspec.structs.replace(hit, run=hit.run + behind) for hit in more.hits)
    saw = (msgspec.structs.replace(seen, run=seen.run + behind) for seen in more.saw)
    return replace(
        first,
        hits=(*first.hits, *hits),
        saw=(*first.saw, *saw),
        events=(*first.events, *more.events),
        guard=first.guard or more.guard,
    )


class _Telling:
    def __init__(self, trace: Trace, outline: Outline) -> None:
        self._trace, self._outline = trace, outline
        self._found = {(hit.run, hit.rule): hit for hit in trace.hits}
        self._saw: dict[str, list[Saw]] = {}
        for saw in trace.saw:  # in the order in which they were written
            self._saw.setdefault(saw.field, []).append(saw)

    def hits(self) -> Iterator[Hit]:
        for run, event in enumerate(self._trace.events):
            stopped = False
            for number, asker in enumerate(self._outline.rules):
                if event not in asker.on:
                    continue
                hit = self._found.get((run, asker.rule))
                if hit is None:
                    hit = Hit(asker.rule, asker.line, event, "after-stop" if stopped else "not-matched", run=run)
                if hit.outcome in ("applied", "shadow", "not-matched"):
                    hit = msgspec.structs.replace(hit, check=self._check(asker.when, (run, number)))
                stopped = stopped or hit.stop
                yield hit

    def _check(self, asks: Asks, at: tuple[int, int]) -> Check:
        if asks.kind == "test":
            return self._test(asks, at)
        children = tuple(self._check(child, at) for child in asks.children)
        held = any(c.held for c in children) if asks.kind != "all" else all(c.held for c in children)
        return Check(asks.kind, held is not (asks.kind == "none"), children=children)

    def _test(self, asks: Asks, at: tuple[int, int]) -> Check:
        saw = next((s for s in reversed(self._saw.get(asks.field, ())) if (s.run, s.rule) < at), Saw(asks.field))
        held = (asks.operator in NEGATIVE) is not (asks.key in saw.turned)
        field, word = _SHORT.get(asks.field, asks.field), saw.turned.get(asks.key, "")
        return Check("test", held, field, asks.operator, asks.wanted, saw.actual, word, saw.cut)


def _asks(node: Group | Test) -> Asks:
    if isinstance(node, Test):
        return Asks("test", node.field, node.operator, node.wanted, node.key)
    return Asks(node.kind, children=tuple(map(_asks, node.children)))
