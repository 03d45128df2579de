"""The send guard: who gets an acknowledgement, who does not, and that a refusal is a visible value."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import pytest

from gateway.message.address import OwnAddresses
from gateway.message.types import NOT_AUTHENTICATED, Auth, Classification
from gateway.rules.desk import Limits
from gateway.rules.types import Decision, Defaults, Reply, RuleSet, Team, Trace
from gateway.ticket.guard import Arrived, Happened, NotifyPolicy, SendBudget
from gateway.ticket.notify import notify
from gateway.ticket.sla import Promises
from gateway.ticket.types import Customer, Notification, Saved
from tests.ticket.mails import NOW, accepted, message, ticket

PERSON = Classification("person", "nothing speaks against it", True, None)
MACHINE = Classification("auto-reply", "Auto-Submitted: auto-replied", False, "machine-sender")
PASS = Auth("pass", "pass", "pass", "mx.acme.test")
FAIL = Auth("fail", "none", "none", "mx.acme.test")
RULES = RuleSet(
    1, "0" * 64, "", Defaults("support"), {}, {"support": Team("support", ("support@acme.test",))}, Limits(), {}, ()
)
NOTHING = Decision((), Trace(1, "0" * 64, ()))
JAN = Customer(1, "Jan", "jan@bigbank.test", "pl", muted=False, answered=False)


class SentBefore:
    """So much automatic mail was queued, by the scope that asks."""

    def __init__(self, counts: Mapping[tuple[str, ...], int], marks: Collection[str] = ()) -> None:
        self._counts, self._marks = counts, marks

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        return [min(self._counts.get(tuple(sorted(b.scope)), 0), b.rate.count) for b in budgets]

    def marks(self, address: str, now: datetime) -> Collection[str]:
        return self._marks


def told(
    arrived: dict[str, Any] | None = None,
    *,
    decision: Decision = NOTHING,
    verdicts: bool = False,
    unauthenticated: Literal["auto", "never", "known", "all"] = "auto",
    sent: Mapping[tuple[str, ...], int] | None = None,
    rules: RuleSet = RULES,
    opened: bool = True,
    marks: Collection[str] = (),
) -> tuple[Notification, ...]:
    mail = Arrived(accepted(), message(), PERSON, NOT_AUTHENTICATED, None, "pl")
    policy = NotifyPolicy(
        rules, OwnAddresses(frozenset({"support@acme.test"}), "+"), unauthenticated, verdicts, Promises(rules, {})
    )
    saved = Saved("ticket", "", ticket(), 1, opened)
    return tuple(notify(saved, replace(mail, **(arrived or {})), decision, policy, SentBefore(sent or {}, marks), NOW))


@pytest.mark.parametrize(
    ("what", "arrived", "site", "code"),
    [
        ("a person, no verdicts on this site", {}, {}, None),
        ("a person with a pass", {"auth": PASS}, {"verdicts": True}, None),
        ("a person without one, where verdicts exist", {}, {"verdicts": True}, "unauthenticated"),
        ("the same, everybody gets one", {}, {"verdicts": True, "unauthenticated": "all"}, None),
        ("the same, nobody does", {}, {"unauthenticated": "never"}, "unauthenticated"),
        ("known means answered, not seen", {"customer": JAN}, {"unauthenticated": "known"}, "unauthenticated"),
        ("answered before", {"customer": replace(JAN, answered=True)}, {"unauthenticated": "known"}, None),
        ("a forged From", {"auth": FAIL}, {"unauthenticated": "all"}, "unauthenticated"),
        ("a machine", {"verdict": MACHINE}, {}, "machine-sender"),
        ("no author", {"message": message(author=None)}, {}, "ambiguous-from"),
        ("ourselves", {"message": message(author="Support@ACME.test")}, {}, "own-address"),
        ("muted", {"customer": replace(JAN, muted=True)}, {}, "muted"),
    ],
)
def test_who_gets_an_acknowledgement(
    what: str, arrived: dict[str, Any], site: dict[str, Any], code: str | None
) -> None:
    if what == "no author":
        arrived = {"message": replace(message(author=None), ambiguous_author=True)}
    (notice,) = told(arrived, **site)
    assert notice.suppressed == code, what


@pytest.mark.parametrize(
    ("customer", "site", "code"),
    [
        # what no mail caused; whose ticket it is
        (replace(JAN, answered=True), {}, None),
        (replace(JAN, answered=True), {"unauthenticated": "never"}, None),
        (JAN, {}, "unauthenticated"),
        (JAN, {"unauthenticated": "all"}, None),
        (None, {}, "unauthenticated"),
        (replace(JAN, answered=True, muted=True), {}, "muted"),
    ],
)
def test_who_hears_of_what_no_mail_caused(customer: Customer | None, site: dict[str, Any], code: str | None) -> None:
    policy = NotifyPolicy(
        RULES, OwnAddresses(frozenset(), "+"), site.get("unauthenticated", "auto"), True, Promises(RULES, {})
    )
    decision = replace(NOTHING, actions=(Reply("team.chase", "nudge"),))
    saved = Saved("ticket", "", ticket(), None, False)
    (notice,) = notify(saved, Happened("solve", customer), decision, policy, SentBefore({}), NOW)
    assert notice.suppressed == code


@pytest.mark.parametrize(
    ("used", "code"),
    [
        # budget that is used up, by its scope -> the guard's word
        ({("recipient", "template"): 1}, "ack-limit"),
        ({("recipient", "ticket"): 1}, "thread-limit"),
        ({("recipient",): 5}, "recipient-limit"),
        ({("domain",): 60}, "domain-limit"),
        ({("ticket",): 10}, "ticket-limit"),
        ({(): 600}, "total-limit"),
        ({("recipient",): 4, ("domain",): 59, ("ticket",): 9, (): 599}, None),
    ],
)
def test_budgets(used: dict[tuple[str, ...], int], code: str | None) -> None:
    (notice,) = told(sent=used)
    assert notice.suppressed == code


def test_no_word_of_a_stranger_comes_back_to_him() -> None:
    (stranger,) = told()
    (proven,) = told({"auth": PASS})
    assert stranger.subject is None
    assert stranger.recipient.name == proven.recipient.name == ""
    assert proven.subject == "Zwrot"


def test_a_rule_that_replied_takes_the_place_of_the_teams_acknowledgement() -> None:
    (notice,) = told(decision=replace(NOTHING, actions=(Reply("ack", "auto_ack", "after_hours"),)))
    assert (notice.variant, notice.cause) == ("after_hours", "ack")


def test_a_reply_to_a_ticket_gets_none() -> None:
    assert told(opened=False) == ()


def test_a_silent_team() -> None:
    team = Team("support", ("support@acme.test",), auto_ack=False)
    assert told(rules=replace(RULES, teams={"support": team})) == ()


def test_references_are_the_first_and_the_last_nine() -> None:
    ids = tuple(f"<{i}@x.test>" for i in range(30))
    (notice,) = told({"message": message(references=ids)})
    assert notice.references == (ids[0], *ids[22:], "<CAJ1@bigbank.test>")
    assert notice.in_reply_to == "<CAJ1@bigbank.test>"
