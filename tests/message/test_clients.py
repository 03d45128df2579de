"""New words and quoted ones for each mail program and language: answers above, below and between, marked or not."""

from textwrap import wrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message.reply import split_reply
from tests.message.clients import introductions

WRAPPED = [
    pytest.param("\n".join(wrap(text, 56)), id=name)
    for name, text in introductions()
    if "\n" not in text and text.endswith(":")
]
INTRODUCTIONS = [pytest.param(text, id=name) for name, text in introductions()]
MINE = "Mine does too.\n\nCan you send somebody on Friday?\n\nBo"
THEIRS = "The printer hums.\n\nDoes yours?\nWrite to me."


def marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("introduction", [*INTRODUCTIONS, *WRAPPED])
@pytest.mark.parametrize("theirs", [marked(THEIRS), THEIRS], ids=["marked", "bare"])
@pytest.mark.parametrize("between", ["\n\n", "\n"], ids=["apart", "close"])
def test_an_answer_above(introduction: str, theirs: str, between: str) -> None:
    found = split_reply(f"{MINE}\n\n{introduction}{between}{theirs}")
    assert (found.new, found.signature) == (MINE, "")
    assert found.quoted == f"{introduction}{between}{theirs}"


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_an_answer_below(introduction: str) -> None:
    found = split_reply(f"{introduction}\n{marked(THEIRS)}\n\n{MINE}")
    assert found.new == MINE


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_answers_between(introduction: str) -> None:
    answers = "> The printer hums.\n\nMine does too.\n\n> Does yours?\n\nIt does.\n\nBo"
    text = f"{introduction}\n{answers}"
    found = split_reply(text)
    assert found.new in (text, answers)  # in order, each with the line it answers


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_a_signature_above(introduction: str) -> None:
    found = split_reply(f"Mine does too.\n\n-- \nBo\nACME\n\n{introduction}\n{marked(THEIRS)}")
    assert (found.new, found.signature) == ("Mine does too.", "-- \nBo\nACME")


_PIECES = [*(text for _, text in introductions()), THEIRS, marked(THEIRS), MINE, "-- ", "", "Sent from my iPhone"]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_PIECES), max_size=20), st.lists(st.sampled_from(_PIECES), max_size=4))
def test_nothing_is_lost_whatever_stands_beside_what(pieces: list[str], ours: list[str]) -> None:
    text = "\n".join(pieces)
    found = split_reply(text, tuple(ours))
    kept = f"{found.new}{found.quoted}{found.signature}"
    assert sorted("".join(kept.split())) == sorted("".join(text.split()))
