"""Whether it is sure where an agent's words end, and whether they hold what no mail should carry."""

import pytest

from gateway.ticket.between import inserted, without_facts
from gateway.ticket.cards import has_card_number
from gateway.ticket.cut import longer

OURS = """— Please reply above this line: your text goes to Jan <jan@bigbank.test>, in Polish —

NEW · support · normal · new
Why you: tell
Jan Kowalski wrote, Sat 22:10:
Dzień dobry, proszę o zwrot za zamówienie, paczka przyszła uszkodzona.
"""
QUOTE = "\n".join(f"> {line}" for line in OURS.splitlines())
HEADER = (
    "From: Jan (via #1) <support@acme.test>\nSent: Saturday, 21 November 2026 09:05\nTo: Ana <ana@acme.test>\n"
    "Cc: Bob <bob@acme.test>\nSubject: [#1] Zwrot"
)
HIS = (
    "it says that the parcel is damaged\nand that he wants his money back\nwhich we should give him\nas soon as we can"
)


@pytest.mark.parametrize(
    ("quoted", "ours", "is_sure"),
    [
        # what was taken for quoted, the mails that he was sent, whether nothing of it can be his
        (f"On Sat, Jan wrote:\n{QUOTE}", (OURS,), True),
        (f"{HEADER}\n\n{OURS}", (OURS,), True),  # the header of a program
        ("", (OURS,), True),
        (f"on 2 Nov 2026 at 09:12 I wrote to bo@x.test:\n{HIS}\n\nOn Sat, Jan wrote:\n{QUOTE}", (OURS,), False),
        (
            f"I wrote to bo@x.test:\nthat is it\nOn Sat, Jan wrote:\n{QUOTE}",
            (OURS,),
            True,
        ),  # three lines may be anything
        (f"I wrote to bo@x.test:\n{HIS}", (), True),  # nobody knows what he was sent
    ],
)
def test_what_may_be_his_is_shown_to_him(quoted: str, ours: tuple[str, ...], is_sure: bool) -> None:
    found = longer("Thank you.", quoted, ours)
    assert (found is None) is is_sure
    if found is not None:
        assert found.startswith("Thank you.\n\n")
        assert HIS in found
        assert "Why you" not in found


ASKED = "Dzień dobry, proszę o zwrot za zamówienie, paczka przyszła uszkodzona."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # an answer, and what of it goes out: OURS is what its writer was sent, ASKED what its reader wrote
        ("Tak.", "Tak."),
        (f"> Why you: tell\n> {ASKED}\n\nTak.", f"> {ASKED}\n\nTak."),
        (f"On Sat, 21 Nov 2026 at 09:05, Jan wrote:\n> Why you: tell\n> {ASKED}\nTak.", f"> {ASKED}\n\nTak."),
        (f"> {ASKED}\n\nTak.\n\n> Why you: tell", f"> {ASKED}\n\nTak."),
        ("> The law says: thirty days.\n\nTak.", "> The law says: thirty days.\n\nTak."),  # of somebody else
        (QUOTE, ""),  # he sent what his program quoted, and wrote nothing
        (f"{QUOTE}\n>\n\n", ""),
        (f"> {ASKED}", ""),
        (">\n>", ""),
        (f"> The law says.\n\nTak.\n> Why you: tell\n\n{ASKED}", f"> The law says.\n\nTak.\n\n{ASKED}"),
    ],
)
def test_quoted_lines_that_only_agents_were_sent_do_not_go_out(text: str, left: str) -> None:
    assert without_facts(text, (OURS,), (ASKED,)) == left


@pytest.mark.parametrize(
    ("quoted", "his"),
    [
        # an unmarked quote, and what somebody wrote into it
        (f"{HEADER}\n\n{OURS}", None),
        (f"{HEADER}\n\n{OURS.replace(ASKED, f'{ASKED} Yes.')}", None),  # within a line nobody can tell
        (f"{HEADER}\n\n{OURS.replace('Jan Kowalski', f'Yes, today.{chr(10)}Jan Kowalski')}", "Yes, today."),
        ("", None),
    ],
)
def test_what_stands_between_the_lines_of_an_unmarked_quote_is_found(quoted: str, his: str | None) -> None:
    assert inserted(quoted, (OURS,), (ASKED,)) == his


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        # the words, whether a card's number is among them
        ("Zwrot na kartę 4111 1111 1111 1111.", True),
        ("5500-0000-0000-0004", True),
        ("378282246310005", True),
        ("4111 1111 1111 1112", False),  # the check digit
        ("order 411111111111111", False),
        ("0000 0000 0000 0000", False),
        ("call +48 22 000 00 00, PL10 1050 0099 7603 1234 5678 9123", False),
        ("", False),
    ],
)
def test_a_card_number_is_known_by_its_check_digit(text: str, holds: bool) -> None:
    assert has_card_number(text) is holds
