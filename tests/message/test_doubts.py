"""What in an author's identity makes an agent look twice."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.message.doubts import doubts, shown_name
from gateway.message.types import Auth, Mailbox
from tests.ticket.mails import message

NOTHING = Auth("none", "none", "none", None)
AGENTS = frozenset({"ann@agents.test"})
NAMES = frozenset({shown_name("Ann Agent")})


@pytest.mark.parametrize(
    ("what", "name", "address", "more", "codes"),
    [
        ("nothing", "Jan", "jan@bigbank.test", {}, ()),
        ("letters of his language", "Żółć Ąę", "jan@bigbank.test", {}, ()),
        ("two alphabets in two words", "Иван Ivanov", "ivan@bigbank.test", {}, ()),
        ("another address in the name", "ann@agents.test", "x@evil.test", {}, ("address-in-name",)),
        ("his own address in the name", "jan@bigbank.test", "jan@bigbank.test", {}, ()),
        ("an agent's name", "ann  AGENT", "x@evil.test", {}, ("agent-name",)),
        ("an agent's name, wide letters", "Ａnn Agent", "x@evil.test", {}, ("agent-name",)),
        ("an agent's name with what nobody sees", "Ann\u200b Agent", "x@evil.test", {},
         ("agent-name", "hidden-characters")),
        ("an agent's address", "Ann", "ANN@AGENTS.TEST", {}, ("claims-agent",)),
        ("almost an agent's address", "", "аnn@agents.test", {}, ("mixed-script",)),
        ("a domain in other letters", "Jan", "jan@żółw.test", {}, ("foreign-domain",)),
        ("a domain that looks like another", "Jan", "jan@bigbаnk.test", {}, ("foreign-domain", "mixed-script")),
        ("a name that looks like another", "Раypal", "jan@bigbank.test", {}, ("mixed-script",)),
        ("written from right to left", "\u202etset.knabgib", "jan@bigbank.test", {}, ("hidden-characters",)),
        ("answers elsewhere", "Jan", "jan@bigbank.test", {"reply_to": (Mailbox("", "v@victim.test"),)},
         ("reply-to-differs",)),
        ("answers to his own site", "Jan", "jan@bigbank.test", {"reply_to": (Mailbox("", "x@mail.bigbank.test"),)}, ()),
        ("answers to many", "Jan", "jan@bigbank.test",
         {"reply_to": tuple(Mailbox("", f"{n}@bigbank.test") for n in range(50))}, ("reply-to-differs",)),
        ("sent by another", "Jan", "jan@bigbank.test", {"sender": Mailbox("", "x@evil.test")}, ("sender-differs",)),
        ("a name of ten thousand letters", "x" * 10_000, "jan@bigbank.test", {}, ()),
    ],
)  # fmt: skip
def test_doubts(what: str, name: str, address: str, more: dict[str, Any], codes: tuple[str, ...]) -> None:
    named = replace(message(**more), author=Mailbox(name, address))
    assert doubts(named, NOTHING, AGENTS, NAMES) == codes, what


@pytest.mark.parametrize("auth", [Auth("pass", "none", "none", "mx"), Auth("none", "pass", "none", "mx", aligned=True)])
def test_an_agent_who_is_who_he_says_is_no_doubt(auth: Auth) -> None:
    named = replace(message(), author=Mailbox("Ann Agent", "ann@agents.test"))
    assert doubts(named, auth, AGENTS, NAMES) == ()


def test_verdicts_and_two_readings_are_doubts_too() -> None:
    ambiguous = message(None, ambiguous_author=True)
    failed = Auth("fail", "none", "none", "mx.acme.test")
    assert doubts(ambiguous, failed, AGENTS, NAMES) == ("ambiguous-author", "dmarc-fail")
