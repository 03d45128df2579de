"""Who speaks for an agent: every row of what must hold, and of what is missing (agents-by-mail.md §1)."""

import string
from collections.abc import Iterator

import pytest

from gateway.message.types import Auth, Classification, Envelope, Forward, Mailbox, Message
from gateway.rules.types import Agent
from gateway.ticket.authority import Agents, Proof, claimed
from gateway.ticket.token import TokenRing
from gateway.ticket.token_forms import reply_detail
from tests.ticket.mails import NOW, message

RING, OTHER_RING = TokenRing.of(b"k" * 32), TokenRing.of(b"x" * 32)
ANA = Agent("ana", "Ana Kovač", "ana@acme.test", also=("ana.home@x.test",))
BOB = Agent("bob", "Bob", "bob@acme.test")
NONCE = "x3k7p2qa"
GENERATIONS = {"ana@acme.test": 1, "bob@acme.test": 0}
AUTH = {
    "dmarc pass": Auth("pass", "none", "none", "mx"),
    "aligned": Auth("none", "pass", "none", "mx", aligned=True),
    "other domain": Auth("none", "pass", "pass", "mx"),
    "none": Auth("none", "none", "none", None),
    "temperror": Auth("temperror", "none", "none", "mx"),
    "dmarc fail": Auth("fail", "pass", "none", "mx", aligned=True),
}
KINDS = {
    "person": Classification("person", "", may_respond=True, no_response_code=None),
    "auto-reply": Classification("auto-reply", "", may_respond=False, no_response_code="machine-sender"),
    "bulk": Classification("bulk", "", may_respond=False, no_response_code="machine-sender"),
    "report": Classification("report", "", may_respond=False, no_response_code="null-sender"),
}
ADDRESSES = {
    "t": ("t", 4812, 7, "ana@acme.test", 1),
    "n": ("n", 4812, 7, "ana@acme.test", 1),
    "c": ("c", None, None, "ana@acme.test", 1),
    "h": ("h", 77, None, "ana@acme.test", 1),
    "withdrawn": ("t", 4812, 7, "ana@acme.test", 0),
    "bob's": ("t", 4812, 7, "bob@acme.test", 0),
    "gone": ("t", 4812, 7, "eva@acme.test", 0),
    "jan's": ("t", 4812, None, "jan@bigbank.test", 0),
    "as a customer": ("t", 4812, None, "ana@acme.test", 0),
    "unknown purpose": ("z", 4812, 7, "ana@acme.test", 1),
}


def address(name: str, ring: TokenRing = RING) -> str:
    """A reply address as it was minted; `team` is that of the team itself."""
    if name == "team":
        return "support@acme.test"
    purpose, ticket, revision, who, generation = ADDRESSES[name]
    return ring.reply_address("support@acme.test", "+", purpose, ticket, revision, who, generation)


def message_id(name: str, ring: TokenRing = RING) -> str:
    """The Message-ID of a mail that holds what the reply address would; `team` is one that holds nothing."""
    if name == "team":
        return ring.message_id(4812, "ana@acme.test", NONCE, "acme.test")
    purpose, ticket, revision, who, generation = ADDRESSES[name]
    detail = reply_detail(purpose, ticket, revision)
    return ring.message_id(ticket, who, NONCE, "acme.test", detail, generation)


def came(author: str | None, with_: str, where: str) -> tuple[Message, Envelope]:
    """A mail with a token: in the address that it came to, or in the Message-ID that it answers."""
    if where == "address":
        return message(author), envelope(address(with_))
    return message(author, in_reply_to=(message_id(with_),)), envelope("support@acme.test")


def agents(proof: Proof = "dmarc") -> Agents:
    return Agents((ANA, BOB), RING, "+", GENERATIONS.__getitem__, proof)


def envelope(*paths: str) -> Envelope:
    return Envelope("ana@acme.test", paths, "mx", "unix", "lmtp", NOW)


@pytest.mark.p0
@pytest.mark.parametrize("where", ["address", "Message-ID"])
@pytest.mark.parametrize(
    ("author", "to", "auth", "kind", "proof", "standing"),
    [
        # From, the token it came with, the origin, who wrote it, agents.proof, what it proves
        ("ana@acme.test", "t", "dmarc pass", "person", "dmarc", "proven"),
        ("ANA@Acme.test", "t", "dmarc pass", "person", "dmarc", "proven"),
        ("ana.home@x.test", "t", "dmarc pass", "person", "dmarc", "proven"),
        ("ana@acme.test", "n", "aligned", "person", "dmarc", "proven"),
        ("ana@acme.test", "c", "dmarc pass", "person", "dmarc", "proven"),
        ("ana@acme.test", "h", "dmarc pass", "person", "dmarc", "proven"),
        ("ana@acme.test", "t", "none", "person", "token", "proven"),
        ("ana@acme.test", "t", "temperror", "person", "token", "proven"),
        # A3: nobody vouches for the origin, or it is false
        ("ana@acme.test", "t", "none", "person", "dmarc", "no-proof"),
        ("ana@acme.test", "t", "temperror", "person", "dmarc", "no-proof"),
        ("ana@acme.test", "t", "other domain", "person", "dmarc", "no-proof"),
        ("ana@acme.test", "t", "dmarc fail", "person", "dmarc", "spoofed"),
        ("ana@acme.test", "t", "dmarc fail", "person", "token", "spoofed"),
        ("ana@acme.test", "team", "dmarc fail", "person", "dmarc", "spoofed"),
        ("ana@acme.test", "t", "dmarc fail", "auto-reply", "dmarc", "spoofed"),
        # A1: the address of another one
        ("eve@evil.test", "t", "dmarc pass", "person", "dmarc", "other-author"),
        ("ana@evil.test", "h", "dmarc pass", "person", "token", "other-author"),
        ("bob@acme.test", "t", "dmarc pass", "person", "dmarc", "without-token"),  # a colleague's address
        (None, "t", "none", "person", "dmarc", "other-author"),
        # A2: no address of his own
        ("ana@acme.test", "team", "dmarc pass", "person", "dmarc", "without-token"),
        ("ana@acme.test", "withdrawn", "dmarc pass", "person", "dmarc", "without-token"),
        ("ana@acme.test", "bob's", "dmarc pass", "person", "dmarc", "without-token"),
        ("ana@acme.test", "as a customer", "dmarc pass", "person", "dmarc", "without-token"),
        ("ana@acme.test", "unknown purpose", "dmarc pass", "person", "dmarc", "without-token"),
        ("ana@acme.test", "team", "none", "person", "token", None),  # the From alone is nothing
        ("ana@acme.test", "team", "none", "person", "dmarc", None),
        # A4: a machine
        ("ana@acme.test", "t", "dmarc pass", "auto-reply", "dmarc", "automatic"),
        ("ana@acme.test", "team", "none", "auto-reply", "dmarc", "automatic"),
        ("list@x.test", "t", "none", "bulk", "dmarc", "automatic"),
        # an agent that was
        ("eva@acme.test", "gone", "dmarc pass", "person", "dmarc", "no-right"),
        # customers have nothing to do with it
        ("jan@bigbank.test", "jan's", "dmarc pass", "person", "dmarc", None),
        ("jan@bigbank.test", "team", "dmarc pass", "person", "dmarc", None),
        ("jan@bigbank.test", "gone", "dmarc pass", "person", "dmarc", None),
    ],
)
def test_what_a_mail_proves(author, to, auth, kind, proof, standing, where):
    found = claimed(*came(author, to, where), KINDS[kind], AUTH[auth], agents(proof))
    assert (found.standing if found else None) == standing


def test_the_address_counts_wherever_the_mail_shows_it():
    stripped = message("ana@acme.test", to=(Mailbox("", address("t")),), cc=(Mailbox("", address("n")),))
    found = claimed(stripped, envelope("support@acme.test"), KINDS["person"], AUTH["dmarc pass"], agents())
    assert found is not None
    assert [t.purpose for t in found.tokens] == ["t", "n"]


def flipped(whole: str, start: int) -> Iterator[str]:
    """With one other character, each in its turn, before the domain."""
    for i in range(start, whole.index("@")):
        for other in string.ascii_lowercase[(ord(whole[i]) + i) % 20 :][:2]:
            if other != whole[i]:
                yield f"{whole[:i]}{other}{whole[i + 1 :]}"


@pytest.mark.p0
def test_a_token_with_one_other_character_proves_nothing():
    whole = address("t")
    for other in flipped(whole, whole.index(".") + 1):
        found = claimed(message("ana@acme.test"), envelope(other), KINDS["person"], AUTH["none"], agents())
        assert found is None, other


@pytest.mark.p0
def test_a_message_id_with_one_other_character_proves_nothing():
    for other in flipped(message_id("t"), 1):
        forged = message("ana@acme.test", in_reply_to=(other,))
        found = claimed(forged, envelope("support@acme.test"), KINDS["person"], AUTH["none"], agents())
        assert found is None, other


OURS, OTHER = message_id("t"), "<a@agents.test>"
FORWARD = Forward(Mailbox("", "jan@bigbank.test"), "Zwrot", "", (), (), "Proszę o zwrot.", "")


@pytest.mark.p0
@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        # how the mail names what it answers, what it proves
        ({"in_reply_to": (OURS,)}, "proven"),
        ({"in_reply_to": (OURS,), "references": (OTHER, OURS)}, "proven"),
        ({"references": (OTHER, OURS)}, "proven"),  # some programs write nothing else
        ({"in_reply_to": (OURS.upper(),)}, "proven"),
        ({"in_reply_to": (OURS.replace("@acme.test", "@relay.test"),)}, "proven"),
        ({"in_reply_to": (OURS.replace("mw.4812.", "mw.4813."),)}, "without-token"),
        ({"in_reply_to": (OURS.replace("t4812-7", "t4813-7"),)}, "without-token"),
        ({"in_reply_to": (OURS.replace("-7.", "-8."),)}, "without-token"),
        ({"in_reply_to": (OURS.replace(".t4", ".n4"),)}, "without-token"),
        ({"in_reply_to": (OURS.replace(NONCE, "a3k7p2qa"),)}, "without-token"),
        ({"in_reply_to": (OURS.replace(NONCE, "root"),)}, "without-token"),
        ({"in_reply_to": (OURS.replace("t4812-7.", ""),)}, "without-token"),
        ({"in_reply_to": (message_id("t", OTHER_RING),)}, "without-token"),
        ({"in_reply_to": (RING.root_message_id(4812, "ana@acme.test", "acme.test"),)}, "without-token"),
        # it answers somebody else, who may have answered ours: nobody knows for whom it is
        ({"in_reply_to": (OTHER,), "references": (OURS, OTHER)}, "without-token"),
        ({"references": (OURS, OTHER)}, "without-token"),
        # it passes ours on
        ({"in_reply_to": (OURS,), "subject": "Fwd: [#4812] Zwrot"}, "without-token"),
        ({"in_reply_to": (OURS,), "subject": "Zwrot", "forward": FORWARD}, "without-token"),
        (
            {"in_reply_to": (OURS,), "subject": "Re: [#4812] Zwrot", "forward": FORWARD},
            "proven",
        ),  # with a mail attached
    ],
)
def test_only_an_answer_to_our_mail_has_its_token(fields, standing):
    mail = message("ana@acme.test", **fields)
    found = claimed(mail, envelope("support@acme.test"), KINDS["person"], AUTH["dmarc pass"], agents())
    assert found is not None
    assert found.standing == standing


def test_an_answer_says_what_its_writer_saw():
    answer = message("ana@acme.test", in_reply_to=(OURS,), references=(message_id("h"), message_id("n"), OURS))
    found = claimed(answer, envelope("support@acme.test"), KINDS["person"], AUTH["dmarc pass"], agents())
    assert [(t.purpose, t.ticket, t.revision) for t in found.tokens] == [("t", 4812, 7)]
    assert found.by == "Message-ID"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("changed", "standing"),
    [
        # the address as it came, what it proves
        (lambda a: a, "proven"),
        (lambda a: a.upper(), "proven"),  # relays fold case
        (lambda a: a.replace("t4812", "t4813"), "without-token"),  # another ticket
        (lambda a: a.replace("-7.", "-8."), "without-token"),  # another revision
        (lambda a: a.replace("+t", "+n"), "without-token"),  # another purpose
        (lambda _: address("t", OTHER_RING), "without-token"),  # another key
    ],
)
def test_a_token_holds_for_what_it_was_made_for(changed, standing):
    came = envelope(changed(address("t")))
    found = claimed(message("ana@acme.test"), came, KINDS["person"], AUTH["dmarc pass"], agents())
    assert found is not None
    assert found.standing == standing
