"""The work on a text grows as the text does, whatever stands in it."""

import time
from collections.abc import Callable

import pytest

from gateway.message.forward import forwarded
from gateway.message.html import too_hard
from gateway.message.reply import split_reply
from gateway.message.reply_html import split_html

pytestmark = pytest.mark.push

LINE = "On 2 Nov 2026 at 09:12 Ann Lee <ann@x.test> wrote:"
HEADER = "From: Ann <ann@x.test>\nSent: 2 Nov 2026 09:12\nTo: Bo\nSubject: x\n"
LINES = {
    "quote marks": ">\n",
    "quote marks in rows": "> > > > > > > > x\n",
    "answers between": "> a\nb\n",
    "introductions": f"{LINE}\n",
    "introductions above quotes": f"{LINE}\n> x\n\ny\n",
    "introductions without an end": "On 2 Nov 2026 at 09:12 Ann Lee <ann@x.test>\n",
    "headers": HEADER,
    "labels in no language": "Plugh: a\n",
    "labels with addresses": "Plugh: a@b.c 2026\n",
    "open addresses": "From: <a\n",
    "markers": "## Please reply above this line ##\n",
    "lines that are nearly markers": "I answer above this line of yours\n",
    "rules": "-----\n",
    "dividers": "----- Original Message -----\n",
    "dividers with words": "---- a - b - c - d ----\n",
    "signatures": "-- \nAnn\n",
    "closings": "Kind regards,\nBo Brown\n+44 20 7946 0000\n",
    "initials": "AL> x\n",
    "initials that are introduced": f"{LINE}\nAL> x\ny\n",
    "phones": "Sent from my iPhone <https://x.test>\n",
    "empty lines": "\n",
    "long words": "a" * 70 + " ",
    "colons": "a: " * 30,
    "links": "<https://x.test/a> ",
    "dates": "2026-11-02 09:12 ",
    "direction marks": "\u202a\u202c" * 30,
}
HTML = {
    "quotations": "<blockquote>x</blockquote>",
    "quotations of Gmail": "<div class=gmail_quote><blockquote class=gmail_quote>x</blockquote></div>",
    "ends": "<div id=appendonsend></div>",
    "borders": "<div style='border:none;border-top:solid #fff 1.0pt;padding:3.0pt'>x</div>",
    "names": "<p class='" + "gmail_ " * 20 + "'>x</p>",
    "styles": "<blockquote style='" + "border-left-width:0;" * 20 + "'>x</blockquote>",
    "words": "x<br>",
}  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    best = 9.0
    for _ in range(2):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def check(work: Callable[[int], Callable[[], object]]) -> None:
    """Twice the input, twice the time: four times may take six, for the machine is never alone."""
    least, twice, four = (seconds(work(n)) for n in (1, 2, 4))
    assert twice <= 3 * least + 0.02
    assert four <= 6 * least + 0.03
    assert four < 1.0


@pytest.mark.parametrize("kind", LINES)
def test_lines(kind: str) -> None:
    piece = LINES[kind]
    times = 10_000 // len(piece)
    check(lambda n: lambda: split_reply(piece * times * n))
    check(lambda n: lambda: split_reply("Yes.\n" + piece * times * n + "\nNo.", (piece * times,)))
    check(lambda n: lambda: forwarded(piece * times * n, "Fwd: x"))


@pytest.mark.parametrize("kind", HTML)
def test_html(kind: str) -> None:
    piece = HTML[kind]
    times = 10_000 // len(piece)
    check(lambda n: lambda: split_html(piece * times * n))


@pytest.mark.parametrize("tag", ["<blockquote>", "<blockquote type=cite>", "<div class=gmail_quote>"])
def test_html_that_nests(tag: str) -> None:
    assert not too_hard(tag * 190)
    check(lambda n: lambda: split_html(tag * 190 + "x<br>" * 1_000 * n))


@pytest.mark.push
def test_a_hundred_thousand_quote_marks() -> None:
    assert seconds(lambda: split_reply(">\n" * 100_000)) < 2


@pytest.mark.push
def test_a_megabyte_of_html() -> None:
    html = "<div>Some words of a long mail.</div>" * 30_000
    assert seconds(lambda: split_html(html)) < 4
