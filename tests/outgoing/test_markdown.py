"""One text, two parts, and values that cannot change either (acceptance G-04)."""

import pytest

from gateway.outgoing import markdown
from gateway.outgoing.markdown import Button, filled, mail_link, parts, place, without_places

H1, H2, QUOTE = (f'style="{markdown._STYLES[f"{tag}_open"]}"' for tag in ("h1", "h2", "blockquote"))
BUTTON = f'style="{markdown._BUTTON}"'

_BLUE = ' style="color:#0b57d0"'  # as the links of the layout


@pytest.mark.parametrize(
    ("source", "text", "html"),
    [
        ("Hello **you**\nthere", "Hello you\nthere", "<p>Hello <strong>you</strong><br>\nthere</p>\n"),
        ("# Big\n## Small\ntext", "Big\n\nSmall\n\ntext", f"<h1 {H1}>Big</h1>\n<h2 {H2}>Small</h2>\n<p>text</p>\n"),
        ("> a\n> b\n\nend", "  a\n  b\n\nend", f"<blockquote {QUOTE}>\n<p>a<br>\nb</p>\n</blockquote>\n<p>end</p>\n"),
        ("- a\n- b\n  more", "- a\n- b\n  more", "<ul>\n<li>a</li>\n<li>b<br>\nmore</li>\n</ul>\n"),
        ("3. a\n4. b", "3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        (
            "- a\n  - b\n\nend",
            "- a\n  - b\n\nend",
            "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n<p>end</p>\n",
        ),
        (
            "1. a\n   - b\n2. c\n\nend",
            "1. a\n  - b\n2. c\n\nend",
            "<ol>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ol>\n<p>end</p>\n",
        ),
        (
            "[our site](https://acme.test/a?b=c&d)",
            "our site (https://acme.test/a?b=c&d)",
            f'<p><a href="https://acme.test/a?b=c&amp;d"{_BLUE}>our site</a></p>\n',
        ),
        (
            "[a@b.test](mailto:a@b.test)",
            "a@b.test",
            f'<p><a href="mailto:a@b.test"{_BLUE}>a@b.test</a></p>\n',
        ),
        ("[x](javascript:alert)", "[x](javascript:alert)", "<p>[x](javascript:alert)</p>\n"),
        ("[x](http://a.test)", "[x](http://a.test)", "<p>[x](http://a.test)</p>\n"),
        (
            "![x](https://a.test/i.png)",
            "!x (https://a.test/i.png)",
            f'<p>!<a href="https://a.test/i.png"{_BLUE}>x</a></p>\n',
        ),
        ("<b>raw</b> &amp; `code`", "<b>raw</b> &amp; `code`", "<p>&lt;b&gt;raw&lt;/b&gt; &amp;amp; `code`</p>\n"),
        ("<script>\n\nx", "<script>\n\nx", "<p>&lt;script&gt;</p>\n<p>x</p>\n"),
        (r"\*plain\*", "*plain*", "<p>*plain*</p>\n"),
    ],
)
def test_both_parts_say_the_same(source, text, html) -> None:
    assert (parts(source).text, parts(source).html) == (text, html)


def test_a_table() -> None:
    found = parts("| Order | State |\n|---|---|\n| 1 | **new** |\n| 2 | old |\n\nend")
    assert found.text == "Order · State\n1 · new\n2 · old\n\nend"
    assert found.html.count("<td style=") == 4


def test_a_table_whose_head_says_nothing_has_none() -> None:
    found = parts("| | |\n|---|---|\n| 1 | new |\n| 2 | |\n\nend")
    assert found.text == "1 · new\n2 · \n\nend"
    assert ("<thead>" in found.html, found.html.count("<td style=")) == (False, 4)


VALUES = [
    # text of strangers that would like to be more than text
    "**bold**",
    "# heading",
    "- item",
    "1. item",
    "[x](https://evil.test)",
    "![x](https://evil.test)",
    "<https://evil.test>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "`code`",
    "| a | b |",
    "> quote",
    "    code",
    "\\",
    '"><b>',
    "\ue000\ue001",
    "https://evil.test",
    "{{ 7 }}",
    "_a_ ~~b~~ __c__",
]


@pytest.mark.parametrize("value", VALUES)
def test_g04_a_value_is_only_text(value) -> None:
    source = f"a **{place(0)}** b\n\n{place(0)}\n\n- {place(0)}\n\n| {place(0)} |\n|---|\n| {place(0)} |"
    same = filled(parts(source), ["WORD"])
    found = filled(parts(source), [value])
    shown = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert found.html == same.html.replace("WORD", shown)
    assert found.text == same.text.replace("WORD", value)


def test_g04_a_value_in_a_link_stays_a_part_of_its_path() -> None:
    found = filled(parts(f"[x](https://desk.acme.test/t/{place(0)})"), ['1"/../?q=ą&<'])
    assert found.html == f'<p><a href="https://desk.acme.test/t/1%22%2F..%2F%3Fq%3D%C4%85%26%3C"{_BLUE}>x</a></p>\n'
    assert filled(parts(f"[x]({place(0)})"), ["javascript:x"]).html == "<p>[x](javascript:x)</p>\n"


def test_a_button_is_a_link_and_a_sentence() -> None:
    target = mail_link("support+t1.x@acme.test", "#solved")
    button = Button("Solved & done?", "Solved & done? Reply: #solved", target)
    found = filled(parts(f"a\n\n{place(0)}"), [button])
    assert found.text == "a\n\nSolved & done? Reply: #solved"
    assert found.html == (
        f'<p>a</p>\n<p><a class="btn" {BUTTON} href="mailto:support+t1.x@acme.test?body=%23solved">'
        "Solved &amp; done?</a></p>\n"
    )


def test_places_are_ours_alone() -> None:
    assert without_places("a\ue000b\uefffc") == "abc"
    with pytest.raises(ValueError, match="too many"):
        place(0x1000)
