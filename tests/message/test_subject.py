"""What a subject is about, whatever was put around it on its way."""

import pytest

from gateway.message.subject import base_subject, is_answer, without_reply_words


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Zwrot", "zwrot"),
        ("Re: Zwrot", "zwrot"),
        ("RE: AW: Odp: Zwrot", "zwrot"),
        ("Re[2]: Zwrot", "zwrot"),
        ("Re^3: Re(4): Zwrot", "zwrot"),
        ("RE : Zwrot", "zwrot"),  # French Outlook
        ("回复：退款", "退款"),
        ("Re:Zwrot", "zwrot"),
        ("Fwd: Zwrot", "zwrot"),
        ("WG: TR: Enc: Zwrot (fwd)", "zwrot"),
        ("[fwd: Zwrot]", "zwrot"),
        ("[EXTERNAL] Re: [list] Zwrot", "zwrot"),
        ("Re: [#4812] Zwrot", "zwrot"),
        ("Re[1] [blob]: Zwrot", "zwrot"),
        ("[PL] [sklep]", "[sklep]"),  # RFC 5256: a blob is not removed when nothing else is left
        ("  Zwrot   zamówienia\t2 ", "zwrot zamówienia 2"),
        ("Regarding: Zwrot", "regarding: zwrot"),
        ("Reply about R2", "reply about r2"),
        ("Re: ", ""),
        ("", ""),
    ],
)
def test_the_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Re: Zwrot", True),
        ("AW: Zwrot", True),
        ("Odp: Zwrot", True),
        ("Odpověď: Zwrot", True),
        ("Odg: Zwrot", True),
        ("RES: Zwrot", True),
        ("Ответ: Zwrot", True),
        ("[EXTERNAL] Re: Zwrot", True),
        ("Zwrot", False),
        ("Fwd: Zwrot", False),  # forwarding begins something new
        ("VS: Faktura", False),
        ("Fwd: Re: Zwrot", False),
        ("Research: Zwrot", False),
        ("", False),
    ],
)
def test_the_sign_of_an_answer(subject: str, answer: bool) -> None:
    assert is_answer(subject) is answer


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("Re: AW[2]: Fwd: Zwrot", "Fwd: Zwrot"),
        ("Réf : Zwrot", "Zwrot"),
        ("Error: cannot log in", "Error: cannot log in"),  # the end of a word is none of these words
        ("Order: 12345 late", "Order: 12345 late"),
        ("Your: thing", "Your: thing"),
        ("Nr: 5", "Nr: 5"),
        ("PR: x", "PR: x"),
        ("Zwrot. Re: Zwrot", "Zwrot. Re: Zwrot"),
    ],
)
def test_only_the_words_of_answers_at_the_front_are_taken_away(subject: str, told: str) -> None:
    assert without_reply_words(subject) == told


@pytest.mark.parametrize("subject", ["Re: " * 50_000, "[" * 100_000, "[a]" * 50_000, "re[" * 50_000, " " * 200_000])
def test_a_subject_made_to_be_slow_is_not(subject: str) -> None:
    assert len(base_subject(subject)) <= 500
    assert isinstance(is_answer(subject), bool)
