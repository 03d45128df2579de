"""Who hears of thanks that opened nothing again, and when: once, in a digest, where one comes to whom they are for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.digests import send_digest
from gateway.due import Due
from gateway.store import own_settings
from gateway.store.schema import outbox
from gateway.store.store import Store
from gateway.ticket.types import SetField
from tests.agents.mails import JAN, newest, read, reply, text_of
from tests.processing import Desk, mail, verdict

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, digest: "17:00"}
  bob: {name: Bob, email: bob@agents.test}
  cid: {name: Cid, email: cid@agents.test, digest: "17:00"}
  eva: {name: Eva Boss, email: eva@agents.test, digest: "17:00", languages: [pl]}
  nat: {name: Nat, email: nat@agents.test, notify: none, digest: "17:00"}
  ned: {name: Ned, email: ned@agents.test, notify: none}
  lia: {name: Lia, email: lia@agents.test, role: light, digest: "17:00"}
teams:
  support: {address: support@gw.test, members: [ann, bob, lia], lead: eva, auto_ack: false}
  legal: {address: legal@gw.test, members: [cid], auto_ack: false}
rules:
  - {id: again, on: reply, when: {mail.is_thanks: true, subject: {contains: urgent}}, do: [{set: {status: open}}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    made = Desk(store, settings, RULES)
    made.now = MONDAY
    return made


def solved(desk: Desk, who: str = f"Jan <{JAN}>", subject: str = "Zwrot", **fields: object) -> int:
    """The number of a ticket that is done; of Ann, where nothing else is said."""
    number = desk.take(verdict("pass", mail(who, subject))).ticket
    assert number is not None
    for name, value in ({"assignee": "ann"} | fields).items():
        desk.change(number, SetField(name, value, "x"))  # type: ignore[arg-type]
    desk.set_status(number, "solved", "solved")
    return number


def thank(desk: Desk, number: int, words: str = "Dziękuję!", who: str = f"Jan <{JAN}>", **more: object) -> None:
    subject = f"Re: {desk.ticket(number).subject}"
    raw = verdict("pass", mail(who, subject, words, Message_ID=f"<{len(desk.entries(number))}.{number}@bigbank.test>"))
    address = who.rpartition("<")[2].rstrip(">")
    assert desk.take(raw, to=desk.reply_address(address, number), **more).ticket == number  # type: ignore[arg-type]


def digest(desk: Desk, agent: str = "ann", key: str = "k", at: timedelta = timedelta(hours=8)) -> str:
    """What his digest says some time later; empty where none comes."""
    desk.now += at
    who = desk.deps.rules.agents[agent]
    if not desk.write(lambda c: send_digest(c, who, desk.deps, desk.now, key=key)):
        return ""
    return text_of(newest(desk, who.email, "digest"))


def notices(desk: Desk) -> list[str]:
    return [m.forward_path.partition("@")[0] for m in desk.mails() if m.template == "agent_notice"]


def test_thanks_are_told_in_a_digest_and_by_no_mail_of_their_own(desk: Desk) -> None:
    number = solved(desk)
    before = len(desk.mails())
    thank(desk, number, "Dziękuję bardzo!")
    assert (desk.ticket(number).status, len(desk.mails())) == ("solved", before)
    said = digest(desk)
    assert "- #1 Zwrot, Jan: “Dziękuję bardzo!”" in said
    item = newest(desk, "ann@agents.test", "digest")
    assert read(item)["Subject"] == "Your tickets, Monday 23 November: thanks came"
    html = read(item).get_body(("html",))
    assert html is not None
    assert "Jan: “Dziękuję bardzo!”" in html.get_content()
    assert digest(desk, key="next day", at=timedelta(days=1)) == ""


def test_whoever_gets_no_digest_hears_at_once_and_not_again(desk: Desk) -> None:
    number = solved(desk, assignee="bob")
    since = len(notices(desk))
    thank(desk, number)
    assert notices(desk)[since:] == ["bob"]
    desk.write(lambda c: own_settings.put(c, "bob", "digest", "on", desk.now))
    assert digest(desk, "bob") == ""
    thank(desk, number)
    assert notices(desk)[since:] == ["bob"]  # now one comes to him
    assert "Jan: “Dziękuję!”" in digest(desk, "bob", key="2")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("fields", "at_once", "in_anns"),
    [
        # what Ann, to whom a digest comes, has to do with the ticket -> who hears at once, whether it is in her digest
        ({}, [], True),
        ({"followers": ("ann",)}, ["ann"], False),  # who follows it hears of everything
        ({"followers": ("ann",), "assignee": "bob"}, ["ann", "bob"], False),
        ({"responsible": "eva"}, ["eva"], True),
        ({"responsible": "ann", "assignee": None}, ["ann"], False),
    ],
)
def test_only_the_owner_waits_for_a_digest(
    desk: Desk, fields: dict[str, object], at_once: list[str], in_anns: bool
) -> None:
    number = solved(desk, **fields)
    since = len(notices(desk))
    thank(desk, number)
    assert sorted(notices(desk)[since:]) == at_once
    assert ("Dziękuję" in digest(desk)) == in_anns


@pytest.mark.parametrize(
    ("what", "hours", "told"),
    [
        # hours after the thanks at which digests are sent -> in which of them they stand
        ("once", (8, 32), (True, False)),
        ("late", (56,), (True,)),
        ("after a week off", (24 * 6,), (True,)),
        ("after a month off nobody wants to hear of it", (24 * 30,), (False,)),
    ],
)
def test_since_the_last_digest(desk: Desk, what: str, hours: tuple[int, ...], told: tuple[bool, ...]) -> None:
    number = solved(desk)
    solved(desk, "Eve <eve@x.test>", "Other", assignee="ann")
    thank(desk, 2, who="Eve <eve@x.test>")
    digest(desk, key="before", at=timedelta(minutes=5))
    thank(desk, number)
    at = desk.now
    for n, (hour, shown) in enumerate(zip(hours, told, strict=True)):
        desk.now = at + timedelta(hours=hour)
        assert ("#1 Zwrot, Jan" in digest(desk, key=str(n), at=timedelta())) == shown, (what, hour)


def test_what_a_digest_said_that_never_left_is_said_again(desk: Desk) -> None:
    thank(desk, solved(desk))
    assert "Dziękuję" in digest(desk)
    stale = update(outbox).where(outbox.c.template == "digest").values(state="suppressed", reason="stale")
    desk.write(lambda c: c.execute(stale))
    assert "Dziękuję" in digest(desk, key="2", at=timedelta(days=1))
    assert digest(desk, key="3", at=timedelta(days=1)) == ""


def test_what_is_filed_while_a_digest_is_written_stands_in_the_next(desk: Desk) -> None:
    """A mail counts from when it was stored, not from when it came: it may have waited, or another gateway had it."""
    number = solved(desk)
    came = desk.now
    digest(desk, at=timedelta(hours=1))
    desk.now += timedelta(seconds=1)
    thank(desk, number, at=desk.now, envelope={"received_at": came})
    assert digest(desk, key="at once", at=timedelta(seconds=20)) == ""
    assert "Dziękuję" in digest(desk, key="next", at=timedelta(days=1))
    assert digest(desk, key="last", at=timedelta(days=1)) == ""


@pytest.mark.sqlite
def test_a_digest_of_promises_alone_tells_no_thanks_and_hides_none(desk: Desk) -> None:
    number = solved(desk)
    thank(desk, number)
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Other")))
    desk.now += timedelta(hours=1)
    ann = desk.deps.rules.agents["ann"]
    assert desk.write(lambda c: send_digest(c, ann, desk.deps, desk.now, key="crowd", about=[2]))
    assert "Dziękuję" not in text_of(newest(desk, ann.email, "digest"))
    assert "Dziękuję" in digest(desk)


@pytest.mark.parametrize(
    ("fields", "answered", "whose"),
    [
        # of the ticket, who answered last -> in whose digest thanks stand
        ({"assignee": "ann"}, None, "ann"),
        ({"assignee": "ann", "responsible": "eva"}, "bob", "ann"),
        ({"assignee": None}, "ann", "ann"),
        ({"assignee": "gone"}, "ann", "ann"),
        ({"assignee": None, "responsible": "gone"}, None, "eva"),
        ({"assignee": None}, None, "eva"),
        ({"assignee": None}, "bob", "eva"),  # to whom no digest comes
        ({"assignee": None, "responsible": "nat"}, "bob", "nat"),
        ({"assignee": None, "responsible": "ned"}, "bob", "eva"),
        ({"assignee": None, "responsible": "bob"}, None, None),  # he was told at once, and nobody else has to be
        ({"assignee": None, "team": "legal"}, "ann", None),  # who does not see it any more; legal has no lead
        ({"assignee": None, "team": "legal", "followers": ("ann",)}, "ann", "ann"),
    ],
)
def test_whose_thanks_they_are(desk: Desk, fields: dict[str, object], answered: str | None, whose: str | None) -> None:
    number = desk.take(verdict("pass", mail(f"Jan <{JAN}>"))).ticket
    assert number == 1
    if answered is not None:
        desk.change(1, SetField("assignee", answered, "x"))
        desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: Zwrot", "And?")), to=desk.reply_address(JAN, 1))
        assert (
            reply(desk, newest(desk, f"{answered}@agents.test"), "Zlecone.", f"X <{answered}@agents.test>").ticket == 1
        )
    for name, value in fields.items():
        desk.change(1, SetField(name, value, "x"))  # type: ignore[arg-type]
    desk.set_status(1, "solved", "solved")
    thank(desk, 1)
    if "followers" in fields:  # they were told at once
        assert notices(desk)[-1] == whose
        whose = None
    told = [id for id in desk.deps.rules.agents if "Dziękuję" in digest(desk, id, key=id, at=timedelta(minutes=2))]
    assert told == ([whose] if whose else [])


@pytest.mark.sqlite
def test_many_are_counted(desk: Desk) -> None:
    number = solved(desk)
    for n in range(13):
        thank(desk, number, "Thanks" + "!" * n)
    said = digest(desk)
    assert said.count("- #1 Zwrot, Jan: ") == 10
    assert "More that are not listed here: 3." in said
    assert f"“Thanks{'!' * 12}”" in said  # the newest


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("what", "words", "subject"),
    [
        ("more than thanks opens the ticket", "Thanks, but where is it?", "Zwrot"),
        ("a rule opens it", "Thanks", "urgent"),
    ],
)
def test_what_opened_the_ticket_is_told_as_every_mail(desk: Desk, what: str, words: str, subject: str) -> None:
    number = solved(desk, subject=subject)
    since = len(notices(desk))
    thank(desk, number, words)
    assert (desk.ticket(number).status, notices(desk)[since:]) == ("open", ["ann"]), what
    assert "thanks came" not in digest(desk)


@pytest.mark.sqlite
def test_a_light_agent_reads_no_address(desk: Desk) -> None:
    number = solved(desk, JAN, assignee="lia")
    thank(desk, number, who=JAN)
    assert "- #1 Zwrot, jan: “Dziękuję!”" in digest(desk, "lia")
    assert b"bigbank" not in newest(desk, "lia@agents.test", "digest").raw
    assert desk.take(verdict("pass", mail(JAN, "Nobody's"))).ticket == 2
    desk.change(2, SetField("assignee", None, "x"), SetField("due", desk.now + timedelta(hours=2), "x"))
    assert " · Nobody's · jan · " in digest(desk, "lia", key="2", at=timedelta())
    assert b"bigbank" not in newest(desk, "lia@agents.test", "digest").raw
    other = solved(desk, JAN, "Other")
    thank(desk, other, who=JAN)
    assert f"#3 Other, {JAN}: “Dziękuję!”" in digest(desk)


@pytest.mark.sqlite
def test_mail_stays_text(desk: Desk) -> None:
    name, subject = "<b>Jan</b> {{ 7 * 7 }}", "[x](https://evil.test) {% raw %} <img src=x> | a |"
    number = solved(desk, f'"{name}" <{JAN}>', subject)
    thank(desk, number, "**Thanks**", who=f'"{name}" <{JAN}>')
    said = digest(desk)
    assert f"- #1 {subject}, {name}: “**Thanks**”" in said
    html = read(newest(desk, "ann@agents.test", "digest")).get_body(("html",))
    assert html is not None
    for markup in ("<b>", "<img", "49", 'href="https://evil'):
        assert markup not in html.get_content(), markup


@pytest.mark.sqlite
async def test_it_comes_at_the_hour_of_its_reader_in_his_language(desk: Desk) -> None:
    thank(desk, solved(desk, assignee="eva"))
    due = Due(desk.store, lambda: desk.deps, FakeClock(MONDAY.replace(hour=16)), lambda: None)
    due._clock = FakeClock(MONDAY.replace(hour=17))
    desk.now = MONDAY.replace(hour=17)
    await due.send_digests()
    (item,) = (m for m in desk.mails() if m.template == "digest")
    assert (item.forward_path, str(read(item)["Subject"])) == (
        "eva@agents.test",
        "Zgłoszenia, poniedziałek, 23 listopada: podziękowania",
    )
    assert "Podziękowania\r\n\r\n- #1 Zwrot, Jan: “Dziękuję!”" in text_of(item)
