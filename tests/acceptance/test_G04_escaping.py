"""G-04: a value is text in each part: inert in HTML, literal in plain text, one line in a field, and never a link."""

import re
from html.parser import HTMLParser

import nh3
import pytest

from gateway.message.types import Mailbox
from gateway.outgoing.fixtures import fixture
from tests.outgoing.letters import JAN, letter, read, text_of

pytestmark = pytest.mark.p1
HOSTILE = (
    '"><img src=x onerror=alert(1)>',
    "<script>alert(1)</script>",
    "</td></table><style>*{display:none}</style>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![x](https://evil.test/pixel.gif)",
    "<svg/onload=alert(1)>",
    "&lt;b&gt;",
    "x\r\nBcc: v@x.test",
    "a\u202egpj.exe",
)


class Seen(HTMLParser):
    """The tags of a document, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("value", HOSTILE)
def test_G04_a_value_stays_text_in_both_parts(value: str) -> None:
    def values(words: str) -> dict[str, object]:
        plain = fixture("agent_notice")
        ticket = {**plain["ticket"], "customer": words, "tags": words}
        return {
            **plain,
            "ticket": ticket,
            "writer": words,
            "words": (words,),
            "facts": ({"name": "x", "value": words},),
        }

    about = {"template": "agent_notice", "language": "en", "recipient": Mailbox("Ana", JAN), "audience": "agent"}
    usual, made = (letter(**about, values=values(words), speaker=words) for words in ("usual", value))
    before, after = (Seen(text_of(raw, "html")) for raw in (usual.raw, made.raw))
    assert after.tags == before.tags
    assert after.targets == before.targets  # addresses of ours alone
    assert all(target.startswith(("mailto:support+", "https://")) for target in after.targets)
    shown = re.sub(r"[\r\n\u202e]+", " ", value)
    assert shown in text_of(made.raw)
    assert shown in after.words
    assert read(made.raw).keys() == read(usual.raw).keys()
    assert "\u202e" not in text_of(made.raw)


def test_G04_a_cleaner_of_html_finds_nothing_to_clean() -> None:
    html = text_of(letter(values={}, template="auto_ack").raw, "html")
    body = html[html.index("<body") : html.index("</body>")]
    assert "alert" not in body
    cleaned = nh3.clean(body, tags={"p", "br", "a", "strong", "div", "table", "tr", "td", "tbody"})
    assert Seen(cleaned).words.split() == Seen(body.partition(">")[2]).words.split()
