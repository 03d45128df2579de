"""Customers are asked once, a day after the end, how we did; what they answer stands on the ticket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.due import Due
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store import satisfaction
from gateway.store.opening import open_store
from gateway.ticket.rating import rating
from tests.conftest import settings_in
from tests.processing import Desk, mail, verdict

JAN = "jan@bigbank.test"
SOLVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, csat: true, close_after: 3d}
agents: {ann: {name: Ann Agent, email: ann@agents.test, notify: none}}
teams:
  support: {address: support@gw.test, members: [ann], auto_ack: false}
  quiet: {address: quiet@gw.test, members: [ann], auto_ack: false, csat: false}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = settings_in(tmp_path)
    store = open_store(settings)
    yield Desk(store, settings, RULES)
    store.close()


def solved(desk: Desk, number: int = 1, *, to: str = "support@gw.test", answer: str = "It is on its way.") -> None:
    """A matter of Jan's that Ann answered and marked as solved."""
    taken = desk.take(mail(subject=f"Parcel {number}", body="Where is my parcel?"), to=to, at=SOLVED)
    assert taken.ticket == number
    if answer:
        do(desk, "ticket.answer", Answer(number, answer, by="ann"))
    do(desk, "ticket.change", Change((number,), status="solved", by="ann"))


def do(desk: Desk, name: str, wanted: object) -> None:
    (done,) = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done", done.said


async def asked(desk: Desk, hours: float) -> list[tuple[str, str]]:
    """(state, reason) of each question, so long after the end; the clock looks twice."""
    desk.now = SOLVED + timedelta(hours=hours)
    for _ in range(2):
        await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).climb()
    return [(item.state, item.reason) for item in desk.outbox() if item.template == "csat"]


def answered(desk: Desk, body: str, *, author: str = "Jan <jan@bigbank.test>", days: float = 0, **fields: str) -> str:
    """What became of an answer to the address in the question, and of the ticket."""
    item = next(item for item in reversed(desk.mails()) if item.template == "csat")
    address = message_from_bytes(item.raw, policy=default)["Reply-To"].addresses[0].addr_spec
    outcome = desk.take(mail(author, "", body, **fields), to=address, at=desk.now + timedelta(days=days))
    return f"{outcome.disposition}, {desk.ticket(1).status}, {verdict_of(desk)}"


def verdict_of(desk: Desk) -> str:
    with desk.reading() as c:
        found = satisfaction.of_team(c, "support", SOLVED, SOLVED + timedelta(days=90))
    return "+".join(found) or "none"


async def test_a_customer_is_asked_once_a_day_after_the_end(desk: Desk) -> None:
    solved(desk)
    assert await asked(desk, 23.9) == []
    assert await asked(desk, 24) == [("queued", "")]
    assert await asked(desk, 48) == [("queued", "")]
    item = desk.mails()[-1]
    made = message_from_bytes(item.raw, policy=default)
    assert (item.template, item.forward_path, made["Subject"]) == ("csat", JAN, "Re: [#1] Parcel 1")
    text = made.get_body(("plain",)).get_content().replace("\n", "")  # type: ignore[union-attr]
    assert f"mailto:{made['Reply-To'].addresses[0].addr_spec}?body=%23good" in text
    await asked(desk, 24 * 7)
    assert desk.ticket(1).status == "closed"  # the question did not end the ladder


async def test_who_opens_it_again_is_not_asked_and_of_two_ends_the_first_counts(desk: Desk) -> None:
    solved(desk)
    desk.take(mail(subject="Re: [#1] Parcel 1", body="It is not here."), at=SOLVED + timedelta(hours=2))
    assert (desk.ticket(1).status, await asked(desk, 30)) == ("open", [])
    do(desk, "ticket.change", Change((1,), status="solved", by="ann"))
    assert await asked(desk, 54) == [("queued", "")]
    do(desk, "ticket.change", Change((1,), status="open", by="ann"))
    do(desk, "ticket.change", Change((1,), status="solved", by="ann"))
    assert await asked(desk, 80) == [("queued", ""), ("suppressed", "csat-limit")]


async def test_nobody_is_asked_twice_in_a_month(desk: Desk) -> None:
    solved(desk)
    solved(desk, 2)
    assert await asked(desk, 24) == [("queued", ""), ("suppressed", "csat-limit")]


@pytest.mark.parametrize(("to", "answer"), [("quiet@gw.test", "It is on its way."), ("support@gw.test", "")])
async def test_teams_that_do_not_ask_and_tickets_without_an_answer(desk: Desk, to: str, answer: str) -> None:
    solved(desk, to=to, answer=answer)
    assert await asked(desk, 24) == []


@pytest.mark.parametrize(
    ("body", "became"),
    [
        # the answer; what became of it, of the ticket, and the verdict
        ("#good", "entry, solved, good"),
        ("Good!", "entry, solved, good"),
        ("#ok\n\nA little slow.", "entry, solved, ok"),
        ("5", "entry, solved, good"),
        ("#bad", "entry, solved, bad"),
        ("#bad\nIt is still not here.", "entry, open, bad"),  # words about what is wrong are for people
        ("It is still not here.", "entry, open, none"),
    ],
)
async def test_what_an_answer_does(desk: Desk, body: str, became: str) -> None:
    solved(desk)
    await asked(desk, 24)
    assert answered(desk, body) == became
    said = [entry.text for entry in desk.entries(1)]
    assert any(body.partition("\n")[2].strip() in text for text in said)
    assert any(text.startswith("Satisfaction: ") for text in said) is (not became.endswith("none"))


async def test_a_picture_of_what_is_bad_is_for_people(desk: Desk) -> None:
    solved(desk)
    await asked(desk, 24)
    made = EmailMessage()
    to = message_from_bytes(desk.mails()[-1].raw, policy=default)["Reply-To"].addresses[0].addr_spec
    made["From"], made["To"] = JAN, to
    made.set_content("#bad")
    made.add_attachment(b"PNG", "image", "png", filename="broken.png")
    desk.take(bytes(made), to=to, at=desk.now)
    assert (desk.ticket(1).status, verdict_of(desk)) == ("open", "bad")


async def test_a_second_verdict_takes_the_place_of_the_first(desk: Desk) -> None:
    solved(desk)
    await asked(desk, 24)
    assert answered(desk, "#good") == "entry, solved, good"
    assert answered(desk, "#bad") == "entry, solved, bad"


@pytest.mark.parametrize(
    ("author", "days", "fields"),
    [
        # who answers, how many days later, with which fields: each of them is no verdict
        ("Eva <eva@x.test>", 0, {}),
        ("Jan <jan@bigbank.test>", 28.5, {}),
        ("Jan <jan@bigbank.test>", 0, {"Auto_Submitted": "auto-replied"}),
    ],
)
async def test_whose_answer_is_no_verdict(desk: Desk, author: str, days: float, fields: dict[str, str]) -> None:
    solved(desk)
    await asked(desk, 24)
    assert answered(desk, "#good", author=author, days=days, **fields).endswith("none")


async def test_a_forged_author_gives_no_verdict(desk: Desk) -> None:
    solved(desk)
    await asked(desk, 24)
    item = desk.mails()[-1]
    address = message_from_bytes(item.raw, policy=default)["Reply-To"].addresses[0].addr_spec
    desk.take(verdict("fail", mail(body="#bad")), to=address)
    assert verdict_of(desk) == "none"


async def test_without_sub_addresses_an_answer_is_known_by_what_it_answers(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    site = settings.site.model_copy(update={"plus_addressing": False})
    store = open_store(settings)
    desk = Desk(store, settings.model_copy(update={"site": site}), RULES)
    solved(desk)
    await asked(desk, 24)
    item = desk.mails()[-1]
    assert b"mailto:" not in item.raw  # a tap would make a mail that names nothing
    outcome = desk.take(mail(body="4", In_Reply_To=item.message_id))
    assert (outcome.reason, verdict_of(desk)) == ("said how we did: good", "good")
    store.close()


KNOWN = {"good": ["dobrze", "bem"], "ok": ["mais ou menos"], "bad": ["źle"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#good", ("good", "")),
        ("\n  Dobrze. \nDziękuję", ("good", "Dziękuję")),
        ("Zle", ("bad", "")),
        ("mais ou menos!", ("ok", "")),
        ("1", ("bad", "")),
        ("3", ("ok", "")),
        ("4!", ("good", "")),
        ("8", ("good", "")),  # of ten
        ("3/10", ("bad", "")),
        ("5 / 5", ("good", "")),
        ("5\n \nThank you", ("good", "Thank you")),
        ("5\nitems are missing", None),  # as programs wrap it
        ("1.\nThe lamp is broken.\n2.\nSo is the box.", None),
        ("11", None),
        ("7/5", None),
        ("3/4", None),
        ("good morning", None),
        ("#goodbye", None),
        ("", None),
        ("0048 22 000 00 00", None),
    ],
)
def test_what_is_a_verdict(text: str, said: tuple[str, str] | None) -> None:
    assert rating(text, KNOWN) == said
