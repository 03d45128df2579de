"""When HTML says the same as a plain text, and how the words are set then: as short marks, one line for each.

In what is expected `b[…]` is bold, `i[…]` italic, `…→target` a link, `<name>` a picture; a list begins with - or its
number, `>` is a quotation, `#` a heading, `|` parts cells. Empty lines stand between paragraphs.
"""

from collections.abc import Iterable, Iterator

import pytest

from gateway.message.formatted import Block, Line, Listing, Paragraph, Picture, Quotation, Span, Table, pictures_in
from gateway.message.html import sanitised
from gateway.message.same_words import formatted

PICTURES = {"x@a.test": Picture("1", "box.png"), "y@a.test": Picture("2", "logo.png")}


def shown(blocks: Iterable[Block], indent: str = "") -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(lines, level):
                mark = f"{'#' * level} " if level else ""
                yield "\n".join(f"{indent}{mark}{line_of(line)}" for line in lines)
            case Listing(items, first):
                for number, item in enumerate(items, first or 0):
                    inner = "\n".join(shown(item, f"{indent}  "))
                    yield f"{indent}{'-' if first is None else f'{number}.'} {inner.lstrip()}"
            case Quotation(inside):
                yield "\n\n".join(shown(inside, f"{indent}> "))
            case Table(rows, has_head):
                lines = [" | ".join(map(line_of, row)) for row in rows]
                yield "\n".join([*lines[:1], *["---"] * has_head, *lines[1:]])


def line_of(line: Line) -> str:
    return "".join(f"<{each.name}>" if isinstance(each, Picture) else span_of(each) for each in line)


def span_of(span: Span) -> str:
    words = f"i[{span.words}]" if span.italic else span.words
    words = f"b[{words}]" if span.bold else words
    return f"{words}→{span.target}" if span.target else words


def found(html: str, text: str) -> str:
    """What is set; empty where the HTML does not say the same."""
    return "\n\n".join(shown(formatted(sanitised(html), text, PICTURES)))


SAME = [
    # HTML, the plain text, how it is set
    ("<p>a <b>b</b> <i>c</i></p>", "a b c", "a b[b] i[c]"),
    ("<p>a <b>b</b> <i>c</i></p>", "a *b* /c/", "a b[b] i[c]"),
    ("<p><b>a <i>b</i></b> c</p>", "*a /b/* c", "b[a ]b[i[b]] c"),
    ("<p><b><i>a</i></b> c</p>", "*_a_* c", "b[i[a]] c"),
    ("<p><b>a<br>b</b></p>", "*a*\n*b*", "b[a]\nb[b]"),
    ("<p><b>a<br>b</b></p>", "*a\nb*", "b[a]\nb[b]"),
    ("<p><u>a</u> <span style='font-weight:700'>b</span></p>", "_a_ b", "a b[b]"),
    ("<p><b>*a*</b></p>", "*a*", "b[*a*]"),
    ("<p><b>a </b>b <i>c</i>d</p>", "*a *b /c/d", "b[a ]b i[c]d"),
    ("<b style='font-weight:normal'><p>a</p><p style='font-style:italic'>b</p></b>", "a\n\nb", "a\n\ni[b]"),
    ("<div>a</div><div>b</div><div><br></div><div>c</div>", "a\nb\n\nc", "a\nb\n\nc"),
    ("<div dir='auto'>a<br><br>- b<br>- c</div>", "a\n\n- b\n- c", "a\n\n- b\n- c"),  # K-9 knows no lists
    ("<p>a</p><p>b</p>", "a\nb", "a\nb"),  # the plain text knows which lines stand apart
    ("<p>one two three</p>", "one two\nthree", "one two three"),  # a program broke the line
    ("<p>日本語の文章</p>", "日本語\nの文章", "日本語の文章"),
    ("<p>\ufb01ne, 10\xa0€…</p>", "fine, 10 €...", "\ufb01ne, 10\xa0€…"),
    ("<p>so\xadft hy\u200bphen</p>", "soft hyphen", "soft hyphen"),
    ("<ul><li>a</li><li>b</li></ul>", "- a\n- b", "- a\n\n- b"),
    ("<ul><li>a</li><li>b</li></ul>", "a\nb", "- a\n\n- b"),
    ("<ul><li>-5 °C</li><li>- 6</li></ul>", "* -5 °C\n* - 6", "- -5 °C\n\n- - 6"),
    ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "• a\n    o b\n• c", "- a\n  - b\n\n- c"),
    ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n- b", "- a\n  - b"),
    ("<ol start=3><li>a</li><li>b</li></ol>", "3. a\n4) b", "3. a\n\n4. b"),
    ("<ol><li>a</li><li></li><li>b</li></ol>", "1. a\n3. b", "1. a\n\n3. b"),
    ("<ol><li><p>a</p><p>b</p></li></ol>", "1. a\n\nb", "1. a\n  b"),
    (
        "<p>·&nbsp;&nbsp; a</p><p>o&nbsp;&nbsp; b</p><p>·&nbsp;&nbsp; c</p><p>d</p>",
        "·  a\no  b\n·  c\n\nd",
        "- a\n  - b\n\n- c\n\nd",
    ),
    ("<p>1.&nbsp;&nbsp; a</p><p>2.&nbsp;&nbsp; <b>b</b></p>", "1.  a\n2.  b", "1. a\n\n2. b[b]"),
    ("<h1>A</h1><h3>b</h3><p>c</p>", "A\n\nb\n\nc", "# A\n\nb[b]\n\nc"),
    ("<p>a</p><hr><p>b</p>", "a\n----------\nb", "a\n\nb"),
    ("<p>a</p><blockquote><p>b</p><p>c d</p></blockquote>", "a\n\n> b\n>\n> c\n> d", "a\n\n> b\n\n> c d"),
    ("<p>a</p><blockquote>b</blockquote>", "a\n\n    b", "a\n\n> b"),
    ('<a href="https://x.test/A">a b</a>', "a b <https://x.test/A>", "a b→https://x.test/A"),
    ('<a href="https://x.test/A">a b</a>', "a b<https://x.test/A>", "a b→https://x.test/A"),
    ('<a href="https://x.test/A">a</a>.', "a (https://x.test/A).", "a→https://x.test/A."),
    ('<a href="https://x.test/">x.test</a>', "x.test", "x.test→https://x.test/"),
    ('<a href="mailto:a@x.test">a@x.test</a>', "a@x.test<mailto:a@x.test>", "a@x.test→mailto:a@x.test"),
    ('<a href="mailto:a@x.test">Ann</a>', "Ann <a@x.test>", "Ann→mailto:a@x.test"),
    ('<b><a href="https://x.test/">a</a></b> b', "*a <https://x.test/>* b", "b[a]→https://x.test/ b"),
    ('<a href="https://x.test/"><b>a</b></a> b', "*a* <https://x.test/> b", "b[a]→https://x.test/ b"),
    ('<a href="tel:+48123">+48 123</a>', "+48 123", "+48 123"),  # what no mail of ours may link to
    ('<img src="cid:x@a.test" alt="">', "", ""),
    ('<p>a</p><img src="cid:x@a.test" alt="b.png">', "a\n[image: b.png]", "a\n<box.png>"),
    ('<p>a</p><img src="cid:x@a.test">', "a\n[cid:x@a.test]", "a\n<box.png>"),
    ('<p>a <img src="cid:x@a.test"> b</p>', "a [box.png] b", "a <box.png> b"),
    ('<p>a</p><img src="cid:x@a.test">', "a", "a\n<box.png>"),
    ('<img src="cid:x@a.test"><p>a</p>', "a", "<box.png>\na"),
    ('<p>a</p><p>Ann</p><img src="cid:x@a.test">', "a", "a"),  # of her signature
    ('<blockquote>a<br><img src="cid:x@a.test"></blockquote>b', "b", "b"),  # of what is quoted
    ('<p>a</p><img src="cid:z@a.test">', "a", "a"),  # no picture, by its octets
    ("<table><tr><th>A<th>B<tr><td>1<td>-2</table>", "A | B\n1 | -2", "A | B\n---\n1 | -2"),
    ("<table><tr><td>A<td><tr><td>1<td>2</table>", "A\t\n1\t2", "A | \n1 | 2"),
    ("<table><tr><td><p>a</p><p>b</p><td>c</table>", "a\n\nb\nc", "a\n\nb\nc"),  # it sets nothing in columns
    ("<table><tr><td><ul><li>a</ul></table>", "- a", "- a"),
    ("<table><tr><td>a<tr><td>b</table>", "a\nb", "a\nb"),
    ("<pre>a\n  b</pre>", "a\n  b", "a\nb"),
    ("<p>#solved</p><p>a <b>b</b></p><p>--<br>Ann</p>", "a b", "a b[b]"),  # what stands above and below
    ("<p>a</p><p>c</p><blockquote>a</blockquote>", "a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text", "expected"), SAME)
def test_words_that_are_the_same_are_set_as_they_were(html: str, text: str, expected: str) -> None:
    assert found(html, text) == expected


OTHER = [
    # HTML, the plain text
    ("<span style='display:block'>a</span><span style='display:block'>b</span>", "a\nb"),  # they would run together
    ("<p>the rapist</p>", "therapist"),
    ("<p>therapist</p>", "the rapist"),
    ("<p><b>the</b>rapist</p>", "*the* rapist"),
    ('<p>a</p><img src="cid:x@a.test" alt="g">', "a\n[see the log]"),
    ('<p>a</p><img src="cid:x@a.test" alt="Thanks">', "a\nThanks"),
    ("<p>a <b>b</b></p>", "a c"),
    ("<p>a <b>b</b> c</p>", "a c"),
    ("<p>a c</p>", "a b c"),
    ("<p>a b</p>", "a"),  # no whole line
    ("<p>b a</p>", "a"),
    ("<p>a</p><p>hidden</p><p>b</p>", "a\n\nb"),
    ("<p>a <s>b</s></p>", "a b"),
    ("<p>a <strike>b</strike></p>", "a b"),
    ("<p>a <del>b</del></p>", "a b"),
    ("<p>a <span style='text-decoration:underline line-through'>b</span></p>", "a b"),
    ("<p>a <span style='text-decoration-line: line-through'>b</span></p>", "a b"),
    ("<p>5 °C</p>", "-5 °C"),
    ("<ul><li>5 °C</li></ul>", "-5 °C"),
    ("<ul><li>-5 °C</li></ul>", "- 5 °C"),
    ("<ol><li>a</li></ol>", "2. a"),
    ("<p>a</p>", "- a"),  # a mark that the HTML shows nowhere
    ("<p>a</p>", "*a*"),
    ("<p>a</p>", "> a"),
    ("<p>a</p>", "a\n---"),
    ("<p>x<sup>2</sup></p>", "x^2"),
    ("<b>a</b> b", "*a b"),
    ("<b>a</b> b", "*a b*"),
    ('<a href="https://x.test/A">a</a>', "a"),
    ('<a href="https://x.test/A">https://x.test/B</a>', "https://x.test/B"),
    ('<a href="https://x.test/A">a</a>', "a <https://x.test/B>"),
    ('<a href="https://x.test/A">a</a>', "a <https://x.test/AA>"),
    ('<a href="mailto:a@x.test?body=y">a@x.test</a>', "a@x.test"),
    ("<p>a</p>", "a <https://x.test/A>"),
    ('<p>a</p><img src="cid:z@a.test" alt="z.svg">', "a\n[z.svg]"),
    ('<p>a</p><img src="https://x.test/z.png" alt="z.png">', "a\n[image: z.png]"),
    ("<p>a</p>", "a\n[image: z.png]"),
    ("<p>a\u202eb</p>", "ab"),  # it turns what follows around
    ("<p>a</p>", ""),
    ("", "a"),
    ("<p>> a</p>", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text"), OTHER)
def test_words_that_are_others_are_not_set_at_all(html: str, text: str) -> None:
    assert found(html, text) == ""


def test_lists_in_lists_end_where_no_program_shows_them() -> None:
    deep = "<ul><li>a" * 40
    (first,) = formatted(sanitised(deep), "a\n" * 40, {})
    assert str(first).count("Listing") == 6
    assert str(first).count("words='a'") == 40


def test_pictures_are_known_wherever_they_stand() -> None:
    html = "".join(f"{before}<img src='cid:x@a.test'>{behind}" for before, behind in (
        ("a ", "<br>"), ("<ul><li>a", "</ul>"), ("<blockquote>a", "</blockquote>"),
        ("<table><tr><td>a", "<td>b</table>"),
    ))  # fmt: skip
    assert len(list(pictures_in(formatted(sanitised(html), "a\na\na\na b", PICTURES)))) == 4
