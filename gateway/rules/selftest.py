"""Whether a scene of the rule file came out as it expects.

Sources  rules.md §6, “Tests”, §7. What a scene does not name is not asserted; `rules` and `sent` are exact.
Not here running the scene: that takes the whole pipeline (rehearsal.py beside it).
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.rules.explain import reasons
from gateway.rules.spelling import spelled
from gateway.rules.types import Scene, Trace

_USUAL_FIELDS = (
    "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "List-Id", "List-Unsubscribe", "Return-Path",
    "Delivered-To", "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Language", "Received",
    "Authentication-Results", "X-Spam-Flag", "X-Spam-Status", "X-Spam-Score", "X-Priority", "Importance", "Sender",
    "Date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a scene."""

    rules: tuple[str, ...]  # applied, in order, each once
    ticket: str  # "none", "new", or a number
    team: str | None
    assignee: str | None
    status: str | None
    priority: str | None
    tags: tuple[str, ...]
    fields: Mapping[str, str]
    sent: tuple[str, ...]  # TEMPLATE[/VARIANT].LANGUAGE
    quarantine: str | None  # the reason; None when it is not there
    drop: str | None
    hold: str | None = None  # the reason; None when no mail is held
    sla: str | None = None  # the policy
    due: datetime | None = None
    trace: Trace | None = None  # told; None when the mail ended before the rules, or nobody asks why


def compare(scene: Scene, observed: Observed) -> tuple[str, ...]:
    """The lines that tell each difference: expected, got, because. Empty when there is none."""
    return tuple(line for name in scene.expect for line in _difference(name, scene, observed))


def verdict(scene: Scene, differences: tuple[str, ...], took_ms: float) -> Iterator[str]:
    """The PASS or FAIL line of a scene and what stands below it."""
    name = f"{'FAIL' if differences else 'PASS'}  {scene.name}"
    yield f"  {name}" if differences else f"  {name:<77} {took_ms:4.0f} ms"
    for line in differences:
        yield f"          {line}"


def _difference(name: str, scene: Scene, observed: Observed) -> Iterator[str]:
    wanted = scene.expect[name]
    got = observed_value(name, wanted, observed)
    if fits(name, wanted, got):
        return
    yield f"{f'expected {name}':<15} {_shown(wanted)}"
    yield f"{f'got {name}':<15} {_shown(got)}"
    if name in ("rules", "rules_not"):
        yield from _because(wanted, observed)
        yield from _misspelt(scene)


def observed_value(name: str, wanted: Any, o: Observed) -> Any:
    """What came out, in the form in which the test names it."""
    match name:
        case "rules_not":
            return tuple(r for r in o.rules if r in wanted)
        case "not_sent":
            return tuple(s for s in o.sent if s in wanted)
        case "fields":
            return {key: o.fields.get(key, "none") for key in wanted}
        case "ticket":
            return o.ticket
        case _:
            return getattr(o, name)


_FITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "rules_not": lambda wanted, got: not got,
    "not_sent": lambda wanted, got: not got,
    "tags": lambda wanted, got: set(wanted) == set(got),
    "sent": lambda wanted, got: sorted(wanted) == sorted(got),
    "ticket": lambda wanted, got: str(wanted) == str(got),
}


def fits(name: str, wanted: Any, got: Any) -> bool:
    """Whether what came out is what was expected."""
    if name in _FITS:
        return _FITS[name](wanted, got)
    return bool(wanted == (got if got is not None else "none"))


def _because(wanted: tuple[str, ...], observed: Observed) -> Iterator[str]:
    """Why each rule that was expected did not apply."""
    head = "because"
    for hit in observed.trace.hits if observed.trace else ():
        if hit.rule not in wanted or hit.rule in observed.rules:
            continue
        told = [hit.error] if hit.error else list(reasons(hit.check)) if hit.check else ["comes after a stop"]
        for reason in told:
            yield f"{head:<15} {hit.rule} {reason}"
            head = ""


def _misspelt(scene: Scene) -> Iterator[str]:
    """Header fields of the test that nearly have a usual name."""
    usual = {name.lower(): name for name in _USUAL_FIELDS}
    for name in scene.mail.get("headers", {}):
        close = difflib.get_close_matches(name.lower(), usual, 1, 0.8)
        if close and name.lower() not in usual:
            yield f"{'':<15} header “{name}” in the test: did you mean “{usual[close[0]]}”?"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {spelled(v)}" for k, v in value.items()) + "}"
    return "none" if value is None else spelled(value)
