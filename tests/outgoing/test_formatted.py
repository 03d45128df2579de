"""Words that a person has set, as a mail of ours says them: both parts alike, and nothing of his HTML in either."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message import same_words
from gateway.message.formatted import (
    Block,
    Line,
    Listing,
    Paragraph,
    Picture,
    Quotation,
    Span,
    Table,
)
from gateway.message.html import html_text, sanitised
from gateway.message.same_words import formatted
from gateway.outgoing.formatted import _PICTURE, plain_blocks, words_of
from gateway.outgoing.markdown import LINK, Parts, filled, parts

WORD = re.compile(r"\w+")
OURS = re.compile(  # every tag that there may be
    r"</?(?:p|br|strong|em|ul|li|blockquote|h1|h2|table|thead|tbody|tr|th|td|ol|a)>|<ol start=\"\d+\">"
    r'|<(?:h1|h2|table|tr|th|td|blockquote) style="[^"<>]*">|<a href="(?:https://|mailto:)[^"<>\s]*" style="[^"<>]*">'
    r'|<img src="cid:[0-9a-f]+@gw\.test" alt="[^"<>]*"(?: width="\d+")? style="[^"<>]*">'
)


def both(blocks: Sequence[Block]) -> Parts:
    words = words_of(blocks, "gw.test")
    return filled(parts(words.source), words.values)


def line(words: str, **look: bool) -> Line:
    return (Span(words, **look),)


@pytest.mark.parametrize(
    ("block", "text", "html"),
    [
        (Paragraph((line("a"), line("b", bold=True))), "a\nb", "<p>a<br>\n<strong>b</strong></p>\n"),
        (Paragraph((line("a", bold=True, italic=True),)), "a", "<p><strong><em>a</em></strong></p>\n"),
        (Paragraph((line("<b> & **x** [y](https://z)"),)), "<b> & **x** [y](https://z)",
         "<p>&lt;b&gt; &amp; **x** [y](https://z)</p>\n"),
        (Paragraph(((Span("a ", target="https://x.test/?a=1&b=%22"),),)), "a  (https://x.test/?a=1&b=%22)",
         f'<p><a href="https://x.test/?a=1&amp;b=%22" style="{LINK}">a </a></p>\n'),
        (Paragraph(((Span("a", bold=True, target="https://x.test/"), Span(" b", target="https://x.test/")),)),
         "a b (https://x.test/)", f'<p><a href="https://x.test/" style="{LINK}"><strong>a</strong> b</a></p>\n'),
        (Paragraph(((Span("x.test", target="https://x.test/"),),)), "x.test",
         f'<p><a href="https://x.test/" style="{LINK}">x.test</a></p>\n'),
        (Paragraph(((Span("a", target="http://x.test/"),),)), "a (http://x.test/)", "<p>a (http://x.test/)</p>\n"),
        (Paragraph(((Span("a", target='https://x"><script>'),),)), 'a (https://x"><script>)',
         "<p>a (https://x&quot;&gt;&lt;script&gt;)</p>\n"),
        (Paragraph(((Picture("1f", 'a".png', 300),),)), '[a".png]',
         f'<p><img src="cid:1f@gw.test" alt="a&quot;.png" width="300" style="{_PICTURE}"></p>\n'),
        (Listing(((Paragraph((line("a"),)), Listing(((Paragraph((line("b"),)),),), 3)),), None), "- a\n\n  3. b",
         '<ul>\n<li>\n<p>a</p>\n<ol start="3">\n<li>b</li>\n</ol>\n</li>\n</ul>\n'),
        (Quotation((Paragraph((line("a"),)), Quotation((Paragraph((line("b"),)),)))), "  a\n\n    b", None),
        (Table(((line("a"), ()), (line("c"), line("d"))), has_head=False), "a · \nc · d", None),
        (Paragraph((line("10\xa0€"),)), "10 €", "<p>10\xa0€</p>\n"),
    ],
)  # fmt: skip
def test_a_block_in_both_parts(block: Block, text: str, html: str | None) -> None:
    found = both([block])
    assert found.text == text
    assert html in (None, found.html)


def test_two_lists_in_a_row_stay_two() -> None:
    bullets, numbers = Listing(((Paragraph((line("a"),)),),)), Listing(((Paragraph((line("a"),)),),), 1)
    html = both([bullets, bullets, numbers, numbers, numbers, bullets]).html
    assert (html.count("<ul>"), html.count("<ol>")) == (3, 3)


def test_lines_of_nobody_are_lines() -> None:
    assert both(plain_blocks([("- a", "# b"), ("1. c",)])).html == "<p>- a<br>\n# b</p>\n<p>1. c</p>\n"


_words = st.lists(st.sampled_from(["alpha", "-5", "*", "1.", "a|b", "<b>", "&amp;", "żółw", "#x", "`", "💚", "o"]),
                  min_size=1, max_size=3).map(" ".join)  # fmt: skip
_looks = [(False, False), (True, False), (False, True), (True, True)]


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    """Neighbours look different, and only the later ones begin with a blank."""
    looks = draw(st.lists(st.sampled_from(_looks), min_size=1, max_size=3).filter(
        lambda them: all(a != b for a, b in pairwise(them))))  # fmt: skip
    spans = [Span(f"{' ' * (i > 0)}{draw(_words)}", *look) for i, look in enumerate(looks)]
    link = Span(" see", target="https://x.test/a?b=1")
    last = draw(st.sampled_from([(), (link,), (link, replace(link, bold=True)), (Picture("1f", "box.png", 40),)]))
    return (*spans, *last)


_paragraphs = st.builds(Paragraph, st.lists(_lines(), min_size=1, max_size=3).map(tuple))
_headings = st.builds(Paragraph, _lines().map(lambda each: (each,)), st.sampled_from([1, 2]))


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    columns = draw(st.integers(2, 4))
    row = st.tuples(_lines(), *[st.one_of(st.just(()), _lines()) for _ in range(columns - 1)])
    return Table(tuple(draw(st.lists(row, min_size=1, max_size=3))), draw(st.booleans()))


def _containers(blocks: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(blocks, min_size=1, max_size=3).map(tuple)
    items = st.tuples(_paragraphs, st.one_of(st.just(()), several)).map(lambda pair: (pair[0], *pair[1]))
    listing = st.builds(Listing, st.lists(items, min_size=1, max_size=3).map(tuple), st.sampled_from([None, 1, 7]))
    return st.one_of(listing, st.builds(Quotation, several))


_blocks = st.recursive(st.one_of(_paragraphs, _headings, _tables()), _containers, max_leaves=6)
_mails = st.lists(_blocks, min_size=1, max_size=4).map(tuple)


@given(_mails)
@settings(max_examples=60, deadline=None)
def test_what_we_write_we_read_as_it_was(mail: tuple[Block, ...]) -> None:
    written = both(mail)
    shown = {"1f@gw.test": Picture("1f", "box.png")}
    assert formatted(sanitised(written.html), written.text, shown) == mail


@given(_mails)
@settings(max_examples=100, deadline=None)
def test_both_parts_say_the_same_in_tags_of_ours_alone(mail: tuple[Block, ...]) -> None:
    written = both(mail)
    assert WORD.findall(html_text(sanitised(written.html))) == WORD.findall(written.text)
    assert "<" not in OURS.sub("", written.html)


_TAGS = ["p", "div", "b", "i", "s", "ul", "ol", "li", "blockquote", "table", "tr", "td", "th", "h1", "pre", "span", "a"]
_PIECES = [
    *(f"<{tag}>" for tag in _TAGS), *(f"</{tag}>" for tag in _TAGS), "<br>", "<hr>", "word ", "x", "&nbsp;", "\n",
    '<a href="https://x.test/">', '<a href="javascript:x">', '<img src="cid:x" alt="n">', '<p style="x" onclick=x>',
    "·&nbsp;&nbsp; ", "<script>x</script>", "- ", "1. ", "*", ">", "&lt;b&gt;",
    '<span style="text-decoration:line-through">',
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_of_any_html_only_what_its_own_text_says_gets_through(html: str, start: int) -> None:
    safe = sanitised(html)
    text = "\n".join(html_text(safe).split("\n")[start:])
    written = both(formatted(safe, text, {"x": Picture("1f", "n")}))
    if written.text:
        assert "<" not in OURS.sub("", written.html)
        said = WORD.findall(written.text)
        assert WORD.findall(html_text(sanitised(written.html))) == said
        assert [word for word in said if word in ("word", "x")] == [w for w in WORD.findall(text) if w in ("word", "x")]


_ENDLESS = {
    # where the work could grow faster than the text
    "lines that begin alike": ("<br>".join(["a"] * 4000), "a\n" * 2000 + "b"),
    "looks": ("<b>a</b><i>b</i>" * 3000, "a b " * 3000),
    "open marks": ("<b>a</b> " * 3000, "*a " * 3000),
    "cells": ("<table>" + "<tr><td>a<td>" * 3000 + "</table>", "| | a " * 3000),
    "links": ('<a href="https://x.test/a">a</a> ' * 3000, "a <https://x.test/a> " * 3000),
    "pictures": ('<img src="cid:x" alt="n">' * 3000 + "a", "[n]" * 3000 + "a"),
    "bullets": ("<p>·&nbsp;&nbsp;a" * 3000, "- a\n" * 3000),
    "lists": ("<ul><li>a" * 150, "- a\n" * 150),
    "quotes": ("<blockquote>a</blockquote>" * 3000, "> > > > a\n" * 3000),
    "tables": ("<table><tr><td>a" * 100, "a\n" * 100),
    "blanks": ("<p>" + "&nbsp;" * 30000 + "a", " \n" * 20000 + "a"),
    "split words": ("a" * 30000, "a\n" * 30000),
}


@pytest.mark.parametrize("name", _ENDLESS)
def test_the_work_is_bounded_by_the_size_of_both(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    html, text = _ENDLESS[name]
    looks = 0
    skip = same_words._Plain._skip

    def counted(self: same_words._Plain, written: same_words.Written) -> None:
        nonlocal looks
        looks += 1
        skip(self, written)

    monkeypatch.setattr(same_words._Plain, "_skip", counted)
    safe = sanitised(html)
    both(formatted(safe, text, {"x": Picture("1f", "n")}))
    assert looks <= 5 * (len(safe) + len(text))
