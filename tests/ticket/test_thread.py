"""Which ticket: the order of evidence, and what a stranger cannot do with a number, a token or a reference."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.message.types import Auth
from gateway.rules.statuses import BUILT_IN
from gateway.ticket.thread import ThreadPolicy, thread
from gateway.ticket.token import TokenRing
from gateway.ticket.types import ThreadMatch, Ticket
from tests.ticket.mails import NOW, accepted, message, ticket

RING = TokenRing.of(b"k" * 32)
OTHER_RING = TokenRing.of(b"x" * 32)
JAN, EVA = "jan@bigbank.test", "eva@evil.test"
POLICY = ThreadPolicy(RING, "+", "", timedelta(days=30))
NO_AUTH = Auth("none", "none", "none", None)
FAILED = Auth("fail", "none", "fail", "mx.acme.test")
SENT = "<mw.5.aaaaaaaa.x@acme.test>"


class Desk:
    """Tickets 5 (Jan's) and 6 (Pia's), and one mail that Jan was sent in 5."""

    def __init__(self, **different: Any) -> None:
        self._tickets = {5: ticket(**different), 6: ticket(number=6)}

    def ticket(self, number: int) -> Ticket | None:
        return self._tickets.get(number)

    def participants(self, number: int) -> Sequence[str]:
        return {5: (JAN,), 6: ("pia@x.test",)}.get(number, ())

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        return {"<q@bigbank.test>": [(5, JAN)]} if "<q@bigbank.test>" in message_ids else {}


def reply_to(who: str, number: int = 5, ring: TokenRing = RING) -> str:
    return ring.reply_address("support@acme.test", "+", "t", number, None, who)


def our_id(who: str, number: int = 5) -> str:
    return RING.message_id(number, who, "abcdefgh", "acme.test")


def match(mail: dict[str, Any], to: str = "support@acme.test", auth: Auth = NO_AUTH, **desk: Any) -> ThreadMatch:
    return thread(message(**mail), accepted(to).envelope, auth, Desk(**desk), POLICY, NOW)


@pytest.mark.parametrize(
    ("what", "mail", "to", "ticket", "by", "trust"),
    [
        ("nothing", {}, "support@acme.test", None, "none", "stranger"),
        ("his token", {}, reply_to(JAN), 5, "token", "proven"),
        ("his token, folded by a relay", {}, reply_to(JAN).upper(), 5, "token", "proven"),
        ("his token, used by another", {"author": EVA}, reply_to(JAN), 5, "token", "third-party"),
        ("his token, no usable author", {"author": None}, reply_to(JAN), 5, "token", "third-party"),
        ("a token of ticket 5 changed to 6", {}, reply_to(JAN).replace("t5.", "t6."), None, "none", "stranger"),
        ("a token of another key", {}, reply_to(JAN, ring=OTHER_RING), None, "none", "stranger"),
        ("our Message-ID, his", {"in_reply_to": (our_id(JAN),)}, "support@acme.test", 5, "references", "proven"),
        ("ours in References only", {"references": (our_id(JAN),)}, "support@acme.test", 5, "references", "proven"),
        ("ours, used by another", {"author": EVA, "references": (our_id(JAN),)}, "support@acme.test", 5, "references",
         "third-party"),
        ("a mail he was sent", {"references": ("<q@bigbank.test>",)}, "support@acme.test", 5, "references",
         "participant"),
        ("a mail that somebody else was sent", {"author": EVA, "references": ("<q@bigbank.test>",)},
         "support@acme.test", None, "none", "stranger"),
        ("a body token, his", {"quoted": f"> bye {RING.body_token(5, JAN)}"}, "support@acme.test", 5, "body-token",
         "participant"),
        ("a body token, used by another", {"author": EVA, "text": RING.body_token(5, JAN)}, "support@acme.test", None,
         "none", "stranger"),
        ("his number", {"subject": "Re: [#5] Zwrot"}, "support@acme.test", 5, "subject-tag", "participant"),
        ("a stranger's number", {"author": EVA, "subject": "Re: [#5] invoice"}, "support@acme.test", None, "none",
         "stranger"),
        ("a number that does not exist", {"subject": "[#99]"}, "support@acme.test", None, "none", "stranger"),
        ("token before number", {"subject": "[#6]"}, reply_to(JAN), 5, "token", "proven"),
    ],
)  # fmt: skip
def test_evidence(what: str, mail: dict[str, Any], to: str, ticket: int | None, by: str, trust: str) -> None:
    found = match(mail, to)
    assert (found.ticket, found.by, found.trust) == (ticket, by, trust), what


@pytest.mark.parametrize(
    ("mail", "mentions", "because"),
    [
        # evidence that does not hold: what the new ticket mentions, and why it was refused
        ({"author": EVA, "subject": "Re: [#5] invoice"}, (5,), "the author takes no part in it"),
        ({"author": EVA, "references": ("<q@bigbank.test>",)}, (5,), "this author neither sent nor was sent"),
        ({"subject": "[#99]"}, (), "there is no such ticket"),
    ],
)
def test_refused_evidence_is_kept_with_its_reason(
    mail: dict[str, Any], mentions: tuple[int, ...], because: str
) -> None:
    found = match(mail)
    assert found.mentions == mentions
    assert because in found.refused[0].because


def test_a_failed_dmarc_makes_everybody_a_stranger() -> None:
    assert match({}, reply_to(JAN), FAILED).trust == "third-party"
    assert match({"subject": "[#5]"}, auth=FAILED).ticket is None


@pytest.mark.parametrize(
    ("status", "finished", "goes_on"),
    [
        # status, how long ago, does the reply go on in it
        ("open", 400, True),
        ("pending", 400, True),
        ("solved", 29, True),
        ("solved", 31, False),
        ("closed", 31, False),
    ],
)
def test_the_reopen_window(status: str, finished: int, goes_on: bool) -> None:
    found = match(
        {}, reply_to(JAN), status=status, status_type=BUILT_IN[status], status_at=NOW - timedelta(days=finished)
    )
    assert found.ticket == (5 if goes_on else None)
    assert found.mentions == (() if goes_on else (5,))


def test_a_flood_of_references_costs_one_query_of_bounded_size() -> None:
    asked: list[int] = []

    class Counting(Desk):
        def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
            asked.append(len(message_ids))
            return {}

    flood = message(references=tuple(f"<{i}@x.test>" for i in range(100_000)))
    thread(flood, accepted().envelope, NO_AUTH, Counting(), POLICY, NOW)
    assert asked == [20]
