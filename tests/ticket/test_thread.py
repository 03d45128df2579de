"""Which ticket: the order of evidence, and what a stranger cannot do with a number, a token or a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.message.types import Auth, Classification, Envelope, Field, Mailbox
from gateway.rules.load import load_rules
from gateway.rules.statuses import BUILT_IN
from gateway.ticket.alias import AliasPatterns
from gateway.ticket.thread import ThreadPolicy, thread
from gateway.ticket.token import TokenRing
from gateway.ticket.types import ThreadMatch, Ticket
from tests.ticket.mails import NOW, accepted, message, ticket

RING = TokenRing.of(b"k" * 32)
OTHER_RING = TokenRing.of(b"x" * 32)
JAN, OLA, UTA = "jan@bigbank.test", "ola@bigbank.test", "uta@bigbank.test"
PIA, EVA = "pia@x.test", "eva@evil.test"
RULES = load_rules("version: 1\ndefaults: {team: support}\nteams: {support: {address: support@acme.test}}\n", "r", 1)
POLICY = ThreadPolicy(RING, "+", "", RULES, AliasPatterns((r"\[OLD-(\d+)\]",)))
PERSON = Classification("person", "no sign of a machine", may_respond=True, no_response_code=None)
ROBOT = Classification(
    "auto-reply", "Auto-Submitted: auto-replied", may_respond=False, no_response_code="machine-sender"
)
NO_AUTH = Auth("none", "none", "none", None)
FAILED = Auth("fail", "none", "fail", "mx.acme.test")


class Desk:
    """Tickets 5 (Jan's, where Ola is in copy) and 6 (Pia's), and one mail that Jan was sent in 5."""

    def __init__(self, recent: Sequence[Ticket] = (), **different: Any) -> None:
        self._tickets = {4: ticket(**different), 5: ticket(**different), 6: ticket(number=6)}  # 4 was merged into 5
        self._recent = recent

    def ticket(self, number: int) -> Ticket | None:
        return self._tickets.get(number)

    def participants(self, number: int) -> Sequence[str]:
        return {4: (UTA,), 5: (JAN, OLA), 6: (PIA,)}.get(number, ())

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        known = {"<q@bigbank.test>": [(5, JAN)], "<old@bigbank.test>": [(5, "gone@bigbank.test")]}
        return {id: known[id] for id in message_ids if id in known}

    def continued(self, number: int) -> Sequence[int]:
        return ()

    def alias(self, name: str) -> int | None:
        return {"88": 5}.get(name)

    def recent(self, address: str, since: datetime) -> Sequence[Ticket]:
        return [t for t in self._recent if t.updated_at >= since] if address == JAN else ()


def reply_to(who: str, number: int = 5, ring: TokenRing = RING) -> str:
    return ring.reply_address("support@acme.test", "+", "t", number, None, who)


def our_id(who: str, number: int = 5) -> str:
    return RING.message_id(number, who, "abcdefgh", "acme.test")


def match(
    mail: dict[str, Any],
    to: str = "support@acme.test",
    auth: Auth = NO_AUTH,
    verdict: Classification = PERSON,
    **desk: Any,
) -> ThreadMatch:
    return thread(message(**mail), accepted(to).envelope, verdict, auth, Desk(**desk), POLICY, NOW)


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
        ("his token, used by another participant", {"author": OLA}, reply_to(JAN), 5, "token", "participant"),
        ("the envelope lost it, To has it", {"to": (Mailbox("", reply_to(JAN)),)}, "support@acme.test", 5, "token",
         "proven"),
        ("Cc has it", {"cc": (Mailbox("", reply_to(JAN)),)}, "support@acme.test", 5, "token", "proven"),
        ("his own after another's", {"to": (Mailbox("", reply_to(JAN)),)}, reply_to(PIA, 6), 5, "token", "proven"),
        ("a token for notes", {}, reply_to(JAN).replace("t5.", "n5."), None, "none", "stranger"),
        ("a number that is no ticket's", {}, reply_to(JAN).replace("t5.", "h5."), None, "none", "stranger"),
        ("In-Reply-To without brackets", {"fields": (Field("In-Reply-To", our_id(JAN).strip("<>")),)},
         "support@acme.test", 5, "references", "proven"),
        ("References that are cut", {"fields": (Field("References", our_id(JAN)[:50]),)}, "support@acme.test", 5,
         "references", "proven"),
        ("a mail of somebody who left", {"author": "gone@bigbank.test", "references": ("<old@bigbank.test>",)},
         "support@acme.test", None, "none", "stranger"),
        ("a body token in the signature", {"signature": RING.body_token(5, JAN)}, "support@acme.test", 5, "body-token",
         "participant"),
        ("a copy's body token", {"author": OLA, "text": RING.body_token(5, JAN)}, "support@acme.test", 5, "body-token",
         "participant"),
        ("body tokens of two threads", {"quoted": f"{RING.body_token(5, JAN)} {RING.body_token(6, PIA)}"},
         "support@acme.test", None, "none", "stranger"),
        ("a token of a merged number", {"author": UTA}, reply_to(UTA, 4), 5, "token", "proven"),
        ("a merged number", {"author": UTA, "subject": "[#4]"}, "support@acme.test", 5, "subject-tag", "participant"),
        ("a merged number, by those of the other", {"subject": "[#4]"}, "support@acme.test", 5, "subject-tag",
         "participant"),
        ("a name of the old desk", {"subject": "RE: [old-88] Zwrot"}, "support@acme.test", 5, "subject-tag",
         "participant"),
        ("the same, by a stranger", {"author": EVA, "subject": "[OLD-88]"}, "support@acme.test", None, "none",
         "stranger"),
        ("a copy's number", {"author": OLA, "subject": "[#5]"}, "support@acme.test", 5, "subject-tag", "participant"),
    ],
)  # fmt: skip
def test_evidence(what: str, mail: dict[str, Any], to: str, ticket: int | None, by: str, trust: str) -> None:
    found = match(mail, to)
    assert (found.ticket, found.by, found.trust) == (ticket, by, trust), what


@pytest.mark.parametrize(
    ("mail", "to", "mentions", "because"),
    [
        # evidence that does not hold: what the new ticket mentions, and why it was refused
        ({"author": EVA, "subject": "Re: [#5] invoice"}, None, (5,), "the author takes no part in it"),
        ({"author": EVA, "references": ("<q@bigbank.test>",)}, None, (5,), "this author neither sent nor was sent"),
        ({"author": EVA, "text": RING.body_token(5, JAN)}, None, (5,), "the author takes no part in it"),
        ({"author": None, "subject": "[#5]"}, None, (5,), "an author who cannot be known for sure takes no part in it"),
        ({"text": OTHER_RING.body_token(5, JAN)}, None, (5,), "not made for anybody who takes part"),
        ({}, reply_to(JAN).replace("t5.", "t6."), (6,), "not made for anybody who takes part"),
        ({}, reply_to(JAN).replace("t5.a", "t5.c"), (5,), "its key “c” is not in the ring"),
        ({"subject": "[#99]"}, None, (), "there is no such ticket"),
    ],
)
def test_refused_evidence_is_kept_with_its_reason(
    mail: dict[str, Any], to: str | None, mentions: tuple[int, ...], because: str
) -> None:
    found = match(mail, to or "support@acme.test")
    assert found.ticket is None
    assert found.mentions == mentions
    assert because in found.refused[0].because


def test_what_comes_after_the_evidence_that_decided_is_refused_too() -> None:
    found = match({"subject": "[#6] and [#5]", "references": (our_id(PIA, 6),)}, reply_to(JAN))
    assert (found.ticket, found.mentions) == (5, ())
    assert [(r.by, r.ticket, r.because) for r in found.refused] == [
        ("references", 6, "the token before it named #5"),
        ("subject-tag", 6, "the author takes no part in it"),
    ]


OPEN = ticket(number=7, subject="Zwrot, order PL-10442", updated_at=NOW - timedelta(days=13))


@pytest.mark.parametrize(
    ("what", "mail", "verdict", "recent", "guessed"),
    [
        ("an answer that lost all", {"subject": "Odp: Zwrot, order PL-10442"}, PERSON, [OPEN], 7),
        ("another language", {"subject": "AW: Zwrot, order PL-10442"}, PERSON, [OPEN], 7),
        ("marks of a scanner", {"subject": "[EXTERN] RE: zwrot, Order pl-10442"}, PERSON, [OPEN], 7),
        ("no word, but it answers something", {"subject": "Zwrot, order PL-10442", "in_reply_to": ("<x@y.test>",)},
         PERSON, [OPEN], 7),
        ("the same subject again is a new matter", {"subject": "Zwrot, order PL-10442"}, PERSON, [OPEN], None),
        ("a forward is a new matter", {"subject": "Fwd: Zwrot, order PL-10442"}, PERSON, [OPEN], None),
        ("another subject", {"subject": "Re: Zwrot, order PL-10443"}, PERSON, [OPEN], None),
        ("no subject", {"subject": "Re:"}, PERSON, [ticket(number=7, subject="Re:")], None),
        ("a robot", {"subject": "Re: Zwrot, order PL-10442"}, ROBOT, [OPEN], None),
        ("another author", {"author": EVA, "subject": "Re: Zwrot, order PL-10442"}, PERSON, [OPEN], None),
        ("no usable author", {"author": None, "subject": "Re: Zwrot, order PL-10442"}, PERSON, [OPEN], None),
        ("two that fit", {"subject": "Re: Zwrot, order PL-10442"}, PERSON, [OPEN, replace(OPEN, number=8)], None),
        ("too long ago", {"subject": "Re: Zwrot, order PL-10442"}, PERSON,
         [replace(OPEN, updated_at=NOW - timedelta(days=15))], None),
        ("it names another ticket", {"subject": "Re: [#6] Zwrot, order PL-10442"}, PERSON, [OPEN], None),
        ("it names an order", {"subject": "Re: Zwrot #10442"}, PERSON, [replace(OPEN, subject="Zwrot #10442")], 7),
    ],
)  # fmt: skip
def test_a_guess(
    what: str, mail: dict[str, Any], verdict: Classification, recent: list[Ticket], guessed: int | None
) -> None:
    found = match(mail, verdict=verdict, recent=recent)
    assert found.ticket == guessed, what
    assert found.by == ("guess" if guessed else "none")


def test_no_guess_when_dmarc_says_no() -> None:
    assert match({"subject": f"Re: {OPEN.subject}"}, auth=FAILED, recent=[OPEN]).ticket is None


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
    thread(flood, accepted().envelope, PERSON, NO_AUTH, Counting(), POLICY, NOW)
    assert asked == [20]


def test_a_flood_of_everything_costs_few_look_ups() -> None:
    asked: list[int] = []

    class Counting(Desk):
        def participants(self, number: int) -> Sequence[str]:
            asked.append(number)
            return super().participants(number)

    flood = message(
        to=tuple(Mailbox("", reply_to(JAN, n)) for n in range(1, 1000)),
        subject="".join(f"[#{n}]" for n in range(1000, 2000)),
        text="".join(RING.body_token(n, JAN) for n in range(2000, 3000)),
        fields=(Field("References", "".join(our_id(JAN, n) for n in range(3000, 4000))),),
    )
    found = thread(flood, Envelope(None, (), "", "", "smtp", NOW), PERSON, NO_AUTH, Counting(), POLICY, NOW)
    assert len(asked) < 130
    assert len(found.refused) < 130


@pytest.mark.parametrize(("different", "words"), [
    # what the mail holds, what is said there was not
    ({}, "no reply token, no References, no body token, no [#n], no guess"),
    ({"in_reply_to": ("<elsewhere@x.test>",)},
     "no reply token, no References to mail that we know, no body token, no [#n], no guess"),
    ({"subject": "[#6] Login"}, "no reply token, no References, no body token, no guess"),  # found, and refused
])  # fmt: skip
def test_what_opens_a_ticket_is_told_by_what_there_was_not(different: dict[str, Any], words: str) -> None:
    found = thread(message(**different), accepted().envelope, PERSON, NO_AUTH, Desk(), POLICY, NOW)
    assert (found.ticket, found.evidence) == (None, words)
