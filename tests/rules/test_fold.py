"""The form in which texts are searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message.fold import folded


@pytest.mark.parametrize(("text", "same"), [
    ("ŁÓDŹ", "lodz"),
    ("vrácení", "vraceni"),
    ("Đorđe", "dorde"),
    ("Straße", "strasse"),
    ("STRASSE", "strasse"),
    ("ВОЗВРАЩЁН", "возвращен"),
    ("Smørrebrød", "smorrebrod"),
    ("Æther", "aether"),
    ("ﬁne", "fine"),                # compatibility letters
    ("u\u0301nor", "unor"),
])  # fmt: skip
def test_case_and_accents_do_not_count(text: str, same: str) -> None:
    assert folded(text) == same


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
