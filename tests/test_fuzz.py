"""What `make fuzz` demands holds for its seeds and for a few damaged ones, without its engine."""

import random

import pytest

from fuzz.oracles import BUDGET_OCTETS, BUDGET_S, Broken, budget, demand, demand_clean, within_budget
from fuzz.seeds import seeds
from fuzz.targets import READING, TARGETS

_DAMAGED = 60  # of each target


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_damaged_seeds_are_read_as_they_must(name: str):
    chance, target = random.Random(name), TARGETS[name]
    begun = list(seeds(name))
    for seed in begun:
        target.reading(seed)
    for _ in range(_DAMAGED):
        octets = bytearray(chance.choice(begun))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(octets) + 1)
            octets[at : at + chance.choice((0, 0, 1, 6))] = chance.choice(target.words)
        target.reading(bytes(octets))


def test_every_reading_target_is_a_target():
    assert set(READING) <= set(TARGETS)


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [
        # length, how many seconds of the processor it may take
        (0, BUDGET_S),
        (BUDGET_OCTETS, BUDGET_S),
        (3 * BUDGET_OCTETS, 3 * BUDGET_S),
    ],
)
def test_the_budget_grows_with_the_octets(octets: int, seconds: float):
    assert budget(b"x" * octets) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["a\0b", "e\u0301", "\ud800", "a\x1bb"])
def test_text_that_no_store_takes_is_found(text: str):
    with pytest.raises(Broken, match="not clean"):
        demand_clean(["fine", {"deeper": text}])


def test_a_reading_that_takes_too_much_memory_is_found():
    kept = []
    with pytest.raises(Broken, match="KiB more"):
        within_budget("mime", lambda data: kept.append(b"x" * (512 << 20)), b"")


def test_what_is_broken_says_so():
    with pytest.raises(Broken, match="no, it is not"):
        demand([], "no, it is not")


# what a fuzzer broke once, by what went wrong
@pytest.mark.parametrize(
    ("name", "octets"),
    [
        # target, octets
        pytest.param("filename", b"\1\0\0\0. 1.docx", id="a blank was left behind the leading dot"),
        pytest.param(
            "words", b"<bob@" + b")" * 90 + b" x@y.test>:\n a", id="many ways to cut a row of brackets into words"
        ),
    ],
)
def test_what_broke_once_stays_mended(name: str, octets: bytes):
    within_budget(name, TARGETS[name].reading, octets)
