"""HTML is shown without anything active or remote, and read as text."""

import unicodedata

import pytest

from gateway.message.html import html_text, sanitised, too_hard
from tests.message.read import body_of


@pytest.mark.p0
@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ("a<script>x</script>b", "ab"),
        ("<style>p{}</style><title>t</title>a", "a"),
        ("<a href='javascript:x'>a</a>", '<a rel="noopener noreferrer nofollow">a</a>'),
        ("<img src='http://t.test/p.gif'>", "<img>"),  # would tell its sender who reads
        ("<img src='data:image/png;base64,xx'>", "<img>"),
        ("<img src='CID:a@b'>", '<img src="CID:a@b">'),
        ("<p style='color:red;position:fixed;background:url(x)'>a</p>", '<p style="color:red">a</p>'),
        ("<iframe src=x>a</iframe><object>b</object><form><input></form>", ""),
        ("<svg><a xlink:href='javascript:x'>a</a></svg>", None),
        ("<math><mtext><script>x</script></mtext></math>", ""),
        ("a<!-- b -->c", "ac"),
        # entities that NFC would join with markup: ">" and a stroke, a Greek question mark for ";"
        ("<b>&#824; onclick=x y=</b>", None),
        ("<p style='color:red&#894;background:url(x)'>a</p>", None),
        ("a&#1;b", "a\ufffdb"),
    ],
)
def test_c13_nothing_active_and_nothing_remote(html: str, shown: str | None):
    found = sanitised(html)
    assert shown is None or found == shown
    assert sanitised(unicodedata.normalize("NFC", found)) == found
    assert not any(word in found.lower() for word in ("javascript", "<script", "onclick", "http://t.test", "url("))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<b>a</b> <i>b</i>\n  c", "a b c"),
        ("a &amp; b &lt;c&gt; &nbsp;d", "a & b <c>  d"),
        ("<ul><li>one<li>two<ul><li>deep</ul></ul>", "- one\n- two\n  - deep"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("<ol start=3><li>one</li><li>two</li></ol>", "3. one\n4. two"),
        ("<ol start=x><li>one</li></ol>", "1. one"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ('<a href="https://x.test/a">here</a>', "here <https://x.test/a>"),
        ('<a href="https://x.test/">x.test</a>', "x.test"),
        ('<a href="mailto:ann@x.test">ann@x.test</a>', "ann@x.test"),
        ('<a href="mailto:ann@x.test">Ann</a>', "Ann <ann@x.test>"),
        ("<blockquote>one<blockquote>two</blockquote></blockquote>", "> one\n>\n> > two"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("one<hr>two", "one\n---\ntwo"),
        ('<img alt="logo" src="cid:x">', "[logo]"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html: str, text: str):
    assert html_text(sanitised(html)) == text


@pytest.mark.parametrize(
    ("html", "hard"),
    [
        ("<p><b>x</b><br>" * 9_000, False),
        ("<div>" * 150 + "x", False),
        ("<div>" * 300, True),
        ("</div>" * 300 + "<div>" * 300, True),  # end tags of nothing do not count
        ("<div></x>" * 300, True),
        ("&" * 60_000, True),
        ("<br>" * 210_000, True),
        ("<p>" + "<b id=x>" * 190 + "<p>x</p>" * 4_000, True),
        ("<p " + " ".join(f"a{n}" for n in range(40_000)) + ">", True),
        ("<template>" * 600, True),
    ],
)
def test_c13_what_is_not_parsed(html: str, hard: bool):
    assert too_hard(html) is hard


def test_c13_what_is_not_parsed_is_still_read():
    found = body_of(b"<div>" * 300 + b"The <b>words</b><br>&amp; more<script>x</script>", "text/html")
    assert found.text == "The words\n& more"
    assert found.html == "<pre>The words\n&amp; more</pre>"
