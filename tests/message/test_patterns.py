"""No pattern that mail meets can be made to work long: each is given strings pumped up from its own parts.

Sources  OWASP, “Regular expression denial of service”: a repeat whose rest fails is tried again from every place.
         The pump of a repeat is what it repeats, behind what stands before it in the pattern, or by itself.
Not here  whole mails (test_complexity.py), patterns of rules (RE2 is linear by its making).
"""

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

import gateway.message
import gateway.ticket
from gateway.message.phrases import LatePattern

pytestmark = pytest.mark.push

LETTERS = "aA1 _-.,:;<>@()[]{}\"'\n\r\t!?=/&+*|#%é\u0431\u65e5\0"
ENDS = ("", "\0", "\n!")
SCANNING = {"search", "sub", "subn", "findall", "finditer", "split"}
MOST = 4096  # characters, where nothing less is said
CAPS = {
    # what sees only so many characters at once, and how that is seen to
    "absence.": 700,  # the beginning of the words, and less of the subject
    "delivery_text.COPY_BELOW": 200,  # of a line
    "delivery_text._NOT_THE_RECIPIENT": 80,  # before an address
    "another_mail.": 1000,  # lines as lines.visible shows them, a few joined at most
    "initials.": 1000,
    "introduction.": 1000,
    "labels.": 1000,
    "lines.": 1000,
    "reply.": 1000,
    "signature.": 1000,
    "written_header.": 1000,
}
SMALL_S = 0.003  # what a clock cannot tell from nothing
PER_DOUBLING = 3


def modules() -> Iterator[ModuleType]:
    for package in (gateway.message, gateway.ticket):
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def compiled(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, LatePattern):
        yield value.compiled
    elif isinstance(value, Mapping):
        yield from (found for each in value.values() for found in compiled(each))
    elif isinstance(value, list | tuple | frozenset | set):
        yield from (found for each in value for found in compiled(each))


@cache
def patterns() -> dict[str, tuple[re.Pattern[Any], bool]]:
    """By its name: each pattern that a module has, and whether it is tried from every place of a text."""
    found: dict[str, tuple[re.Pattern[Any], bool]] = {}
    names: dict[re.Pattern[Any], str] = {}
    for module in modules():
        called = list(calls(module))
        for name, value in vars(module).items():
            for number, pattern in enumerate(compiled(value)):
                ways = {method for base, method, _ in called if base == name}
                known = names.setdefault(pattern, f"{module.__name__}.{name}{f'[{number}]' if number else ''}")
                before = found.get(known, (pattern, False))[1]
                held = not isinstance(value, re.Pattern | LatePattern)  # in a table: who knows how
                found[known] = (pattern, before or held or bool(ways & SCANNING))
        for base, method, text in called:
            if base == "re" and text is not None:
                found[f"{module.__name__}: {text!r}"] = (re.compile(text), method in SCANNING)
    return found


def calls(module: ModuleType) -> Iterator[tuple[str, str, str | bytes | None]]:
    """(name, method, first argument) of each call `name.method(…)`; None for an argument that is no constant."""
    assert module.__file__ is not None
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr, None
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if node.func.attr not in ("compile", "escape") and isinstance(first, str | bytes):
                yield node.func.value.id, node.func.attr, first


def matches(item: tuple[Any, Any], letter: str) -> bool:
    """Whether a letter fits an item of a parsed pattern that takes one."""
    kind, value = item
    if kind is op.IN:
        fits = any(matches(each, letter) for each in value if each[0] is not op.NEGATE)
        return fits != (value[0][0] is op.NEGATE)
    if kind is op.CATEGORY:
        inner = {"DIGIT": letter.isdigit(), "SPACE": letter.isspace(), "WORD": letter.isalnum() or letter == "_"}
        negated = "_NOT_" in str(value)
        return inner[str(value).rpartition("_")[2]] != negated
    if kind is op.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    if kind is op.ANY:
        return letter != "\n"
    return bool((ord(letter) == value) == (kind is op.LITERAL))


def samples(items: Iterable[tuple[Any, Any]], most: int = 4) -> list[str]:
    """A few strings that a parsed sequence may match."""
    out = [""]
    for item in items:
        more = sample(item, most)
        out = [a + b for a in out for b in more][:most] if len(out) == 1 else [
            a + more[i % len(more)] for i, a in enumerate(out)
        ]  # fmt: skip
    return out


def sample(item: tuple[Any, Any], most: int) -> list[str]:
    kind, value = item
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return [each * max(1, value[0]) for each in samples(value[2], most)]
    if kind is op.SUBPATTERN:
        return samples(value[3], most)
    if kind is op.ATOMIC_GROUP:
        return samples(value, most)
    if kind is op.BRANCH:
        return [samples(branch, 1)[0] for branch in value[1][:most]]
    if kind is op.LITERAL:
        return [chr(value)]
    if kind in (op.IN, op.ANY, op.NOT_LITERAL):
        own = (
            [chr(v if k is op.LITERAL else v[0]) for k, v in value if k in (op.LITERAL, op.RANGE)]
            if kind is op.IN
            else []
        )
        return [letter for letter in (*LETTERS, *own) if matches(item, letter)][:most] or ["a"]
    return [""]


def pumps(items: Iterable[tuple[Any, Any]], before: str = "") -> Iterator[tuple[str, str]]:
    """(what stands before, what is repeated) of each repeat that has no near end."""
    for item in items:
        kind, value = item
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            if value[1] > 20:
                for unit in filter(None, samples(value[2], 12)):
                    yield from ((before, unit), ("", unit), ("", before + unit))
            yield from pumps(value[2], before)
        elif kind is op.SUBPATTERN:
            yield from pumps(value[3], before)
        elif kind is op.ATOMIC_GROUP:
            yield from pumps(value, before)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from pumps(branch, before)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from pumps(value[1], before)
        before += sample(item, 1)[0]


def seconds(work: Callable[[Any], object], text: str | bytes, times: int) -> float:
    spent = []
    for _ in range(times):
        began = time.process_time()
        work(text)
        spent.append(time.process_time() - began)
    return min(spent)


def grows(pattern: re.Pattern[Any], work: Callable[[Any], object], shape: tuple[str, str, str], most: int) -> bool:
    """Whether four times the characters cost more than twice a threefold; looked at again before it is believed."""
    before, unit, end = shape

    def text(size: int) -> str | bytes:
        made = before + unit * (size // len(unit)) + end
        return made.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else made

    if seconds(work, text(24), 1) > 0.1:  # it doubles with each character
        return True
    if seconds(work, text(most), 1) < SMALL_S:
        return False
    return all(seconds(work, text(most), 2) > PER_DOUBLING**2 * seconds(work, text(most // 4), 3) for _ in range(3))


@pytest.mark.parametrize("name", patterns())
def test_a_pattern_takes_as_long_as_the_text_is_long(name: str) -> None:
    pattern, scans = patterns()[name]
    work = pattern.search if scans else pattern.match
    shapes = [
        (*pump, end) for pump in dict.fromkeys(pumps(parser.parse(pattern.pattern, pattern.flags))) for end in ENDS
    ]
    most = next((cap for part, cap in CAPS.items() if name.startswith(f"gateway.message.{part}")), MOST)
    assert [shape for shape in shapes if grows(pattern, work, shape, most)][:3] == []


def test_a_pattern_that_grows_is_found() -> None:
    for written in (r"(?:a|a)*b", r"\s*$", r"(\w+-?)*:"):
        pattern = re.compile(written)
        shapes = [(*pump, end) for pump in pumps(parser.parse(written, pattern.flags)) for end in ENDS]
        assert any(grows(pattern, pattern.search, shape, MOST) for shape in shapes), written
