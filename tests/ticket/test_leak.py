"""No sentence of an internal entry, no fact and no footer of a notification goes to a customer (acceptance D-13)."""

import random
from time import process_time

import pytest

from gateway.ticket.leak import ArticleRuns, Internal, cleaned, leaks, runs_of
from gateway.ticket.token import TokenRing

RING = TokenRing.of(b"k" * 32)
NOTE = "Jan is the brother of our landlord so please be kind whatever he says about the damage"
NOTICE = """— Reply above this line: your text goes to Jan Wiśniewski <jan@bigbank.test>, in Polish —

NEW · billing · high · gold SLA: answer due Mon 23 Nov 09:00 (in 1 h of office time)
Why you: round robin in billing · rules vip-fast-lane, refunds-to-billing
Order: PL-10442

Names another ticket:

- #4401 “Faktura” (closed)

Jan Wiśniewski wrote, Sat 22:10:
  Dzień dobry, proszę o zwrot za zamówienie, paczka przyszła uszkodzona.

--
Commands, each on its own line at the top:  #solved  #pending  #note  #assign ana
"""
JAN = "Dzień dobry, proszę o zwrot za zamówienie, paczka przyszła uszkodzona.\n\nOrder: PL-10442"
INTERNAL = Internal((NOTE,), (NOTICE,), (JAN,), frozenset({"ana@acme.test", "ana.home@x.test"}))


def address(purpose: str, revision: int | None, who: str) -> str:
    return RING.reply_address("support@acme.test", "+", purpose, 4812, revision, who)


@pytest.mark.p0
@pytest.mark.parametrize(
    ("line", "is_leak"),
    [
        # a line of the answer, whether it must not go out
        ("Zwrot został zlecony dzisiaj.", False),
        (NOTE, True),
        (f"Please note: {NOTE.upper()}!", True),
        ("is the brother of our landlord so please", True),  # eight words
        ("is the brother of our landlord so", False),  # seven
        ("> Jan is the brother of our landlord, so please (be kind)", True),
        ("Why you: round robin in billing · rules vip-fast-lane, refunds-to-billing", True),
        ("> Why you: round robin in billing · rules vip-fast-lane, refunds-to-billing", True),
        ("- #4401 “Faktura” (closed)", True),
        ("*       #4401 “Faktura” (closed)", True),  # Outlook's mark of a list
        ("• #4401 “Faktura” (closed)", True),
        ("#4401 “Faktura” (closed)", True),
        ("Commands, each on its own line at the top:  #solved  #pending  #note  #assign ana", True),
        ("> Dzień dobry, proszę o zwrot za zamówienie, paczka przyszła uszkodzona.", False),  # the customer's own
        ("Order: PL-10442", False),  # so is this
        (f"write to {address('t', 7, 'ana@acme.test')}", True),
        (f"mailto:{address('n', 7, 'ana@acme.test')}", True),
        (f"MAILTO:{address('t', 7, 'ana@acme.test').upper()}", True),
        (f"mailto:{address('n', 7, 'ana@acme.test').replace('.', '%2E')}", True),
        (f"write to {address('t', None, 'jan@bigbank.test')}", False),
        (f"Message-ID: {RING.message_id(4812, 'ana@acme.test', 'x3k7p2qa', 'acme.test', 't4812-7')}", True),
        (f"Message-ID: {RING.message_id(4812, 'jan@bigbank.test', 'x3k7p2qa', 'acme.test')}", False),
        ("My own address is Ana.Home@x.test", True),
        ("write to support@acme.test", False),
    ],
)
def test_what_must_not_go_out(line, is_leak):
    text = f"Dzień dobry,\n{line}\nPozdrawiam"
    assert leaks(text, INTERNAL) == ((1,) if is_leak else ())
    assert (line in cleaned(text, INTERNAL)) is not is_leak


@pytest.mark.parametrize(("text", "found"), [
    # an answer, the lines of it that must not go out
    ("Write to the address that the ticket had before, or call.", (0,)),
    ("Please write to the address that the ticket\nhad before, or call us.", (0, 1)),
    ("Write to the old address, or call.", ()),
    ("Proszę o zwrot za zamówienie, paczka przyszła uszkodzona dziś rano.", ()),  # the customer wrote that himself
    (NOTE, ()),  # a public article that stands in a note as well
])  # fmt: skip
def test_words_of_internal_articles_stay_inside(text, found):
    inside = frozenset((*runs_of("Write to the address that the ticket had before, or call."), *runs_of(JAN)))
    articles = ArticleRuns(inside, public=frozenset(runs_of(NOTE)))
    assert leaks(text, Internal((NOTE,), (), (JAN,), articles=articles)) == found


def test_a_sentence_broken_over_lines_is_found_whole():
    text = "Hello,\nthe brother of our\nlandlord so please be kind\nwhatever he says\nBye"
    assert leaks(text, INTERNAL) == (1, 2, 3)
    assert cleaned(text, INTERNAL) == "Hello,\nBye"


@pytest.mark.p0
def test_no_eight_words_of_ours_are_in_five_thousand_replies():
    """Replies of own words, the customer's, and pieces of internal texts as mail programs tear them apart."""
    rng, ours = random.Random(7), f"{NOTE}\n{NOTICE}"
    words, begun = ours.split(), process_time()
    for _ in range(5000):
        lines = [" ".join(rng.choices(("yes", "the", "refund", "left", "today", "Jan"), k=rng.randint(1, 12)))]
        for _ in range(rng.randint(0, 3)):
            at, count = rng.randrange(len(words)), rng.randint(1, 20)
            piece, width = words[at : at + count], rng.randint(2, 12)
            mark = rng.choice(("", "> ", ">> ", "| "))
            lines += [mark + " ".join(piece[i : i + width]) for i in range(0, len(piece), width)]
        lines.insert(rng.randrange(len(lines)), rng.choice(JAN.split("\n")))
        rest = cleaned("\n".join(lines), INTERNAL)
        assert not leaks(rest, INTERNAL)
        assert not _shared(rest)
    assert process_time() - begun < 10


def _shared(text: str) -> bool:
    """Eight words in a row of the note, found by another way than the one that is tested."""
    plain = " " + " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) + " "
    note = NOTE.casefold().split()
    return any(f" {' '.join(note[i : i + 8])} " in plain for i in range(len(note) - 7))
