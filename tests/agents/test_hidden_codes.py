"""A code that a program sends to an address of ours reaches nobody by mail who did not ask for that mail."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.digests import send_digest
from gateway.message.codes import HIDDEN
from gateway.operations.asking import Ask, Internal
from gateway.operations.merges import Split
from gateway.operations.own import Remind
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.outbox import OutboxItem
from gateway.store.store import Store
from gateway.ticket.types import CODE_IN_SUBJECT, SetField
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, read, reply, reply_address, text_of
from tests.processing import Desk, mail, verdict

CODE = "482913"
ROBOT = "no-reply@service.test"
WORDS = f"Hello,\r\n\r\nyour verification code is:\r\n\r\n{CODE}\r\n\r\nOrder 1002345. It expires in 10 minutes."


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


def robot(subject: str = f"{CODE} is your Acme code", body: str = WORDS, **fields: str) -> bytes:
    return mail(f"Acme <{ROBOT}>", subject, body, **fields)


def seen(item: OutboxItem) -> str:
    """All that a mail shows: its header, both texts, its files."""
    parts = [part.get_content() for part in read(item).walk() if not part.is_multipart()]
    return "\n".join((*map(str, read(item).values()), *map(str, parts)))


def telling(desk: Desk, code: str = CODE) -> list[tuple[str, str]]:
    """(kind, to whom) of each mail that shows the code."""
    return [(item.template, item.forward_path) for item in desk.mails() if code in seen(item)]


def perform(desk: Desk, name: str, wanted: object) -> None:
    done = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert [each.outcome for each in done] == ["done"]


@pytest.mark.p0
def test_a_notice_hides_the_code_and_says_how_it_is_shown(desk: Desk) -> None:
    desk.take(robot())
    notice = newest(desk, ANN)
    assert telling(desk) == []
    assert read(notice)["Subject"] == f"[#1] {HIDDEN} is your Acme code"
    text = text_of(notice)
    assert f"  {HIDDEN}" in text.splitlines()
    assert "Order 1002345. It expires in 10 minutes." in text
    assert "A code is hidden here. Show it: mailto:" in text
    assert reply(desk, notice, "#show", to=link(notice, "%23show")).disposition == "record"
    assert (CODE in text_of(newest(desk, ANN, "command_result")), desk.ticket(1).subject[:6]) == (True, CODE)
    reply(desk, notice, "#original", Message_ID="<o@agents.test>")
    assert telling(desk) == [("command_result", ANN)] * 2


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("what", "raw", "hidden"),
    [
        # what came -> whether its code is hidden
        ("an address that takes no replies", robot(), True),
        ("Auto-Submitted", mail("id@service.test", "x", WORDS, Auto_Submitted="auto-generated"), True),
        ("an auto-reply", mail("id@service.test", "x", WORDS, Auto_Submitted="auto-replied"), True),
        ("a list", mail("id@service.test", "x", WORDS, List_Id="<codes.service.test>"), True),
        ("Precedence: bulk", mail("id@service.test", "x", WORDS, Precedence="bulk"), True),
        ("a person", mail("Jan <jan@bigbank.test>", f"{CODE} is your Acme code", WORDS), False),
        ("a program's number that is none", robot("Order 482913", "Your order 482913 is on its way."), False),
    ],
)
def test_of_programs_codes_are_hidden_and_of_people_nothing(desk: Desk, what: str, raw: bytes, hidden: bool) -> None:
    desk.take(raw)
    told = [("agent_notice", f"{who}@agents.test") for who in ("ann", "bob", "lia")]
    assert sorted(set(telling(desk))) == ([] if hidden else told), what
    text = text_of(newest(desk, BOB))
    assert (HIDDEN in text, "A code is hidden here" in text) == (hidden, hidden)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (f"{CODE} is your Acme code", f"{HIDDEN} is your Acme code"),
        (f"Acme: {CODE}", f"Acme: {HIDDEN}"),  # only the words of the mail say that it is one
        (f"Order 1002345: your code {CODE}", f"Order 1002345: your code {HIDDEN}"),
        (f"{CODE} 0 is your Acme code", f"{HIDDEN} 0 is your Acme code"),
        (f"code:{CODE}/acme", f"code:{HIDDEN}/acme"),
        ("Order 1002345", "Order 1002345"),
    ],
)
def test_a_subject_is_shown_without_its_code(desk: Desk, subject: str, shown: str) -> None:
    desk.take(robot(subject))
    assert read(newest(desk, BOB))["Subject"] == f"[#1] {shown}"
    assert desk.ticket(1).subject == subject
    assert (CODE_IN_SUBJECT in desk.ticket(1).flags) == (subject != shown)


def test_no_mail_about_it_tells_the_code(desk: Desk) -> None:
    """Whatever happens to the ticket then; but who asks for the mail gets it."""
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    desk.take(robot(To=f"support@gw.test, {JAN}"))
    number = 2
    desk.change(number, SetField("assignee", "bob", "x"))
    assert "due none -> 2026-11-21" in reply(desk, newest(desk, ANN), "#due 2h", Message_ID="<d@agents.test>").reason
    team = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    reply(desk, newest(desk, ANN), "#list team", to=team, Message_ID="<l1@agents.test>")
    reply(desk, newest(desk, ANN), f"#merge {number} 1", to=team, Message_ID="<l3@agents.test>")
    perform(desk, "agent.remind", Remind("ann", desk.now + timedelta(hours=1), "look", number))
    perform(desk, "ticket.internal", Internal(number, "billing", "Please look at #2.", "ann"))
    perform(desk, "ticket.ask", Ask(number, "mia@else.test", "Is that yours?", "ann"))
    bob = desk.deps.rules.agents["bob"]
    assert desk.write(lambda c: send_digest(c, bob, desk.deps, desk.now, key="k"))
    assert HIDDEN in text_of(newest(desk, BOB, "digest"))
    assert HIDDEN in text_of(newest(desk, ANN, "command_result"))
    assert HIDDEN in str(read(newest(desk, "mia@else.test"))["Subject"])
    assert HIDDEN in str(read(newest(desk, "zed@agents.test"))["Subject"])
    reply(desk, newest(desk, ANN, "agent_notice"), "It is ours.", Message_ID="<a@agents.test>")
    assert HIDDEN in str(read(newest(desk, ROBOT, "answer"))["Subject"])
    assert telling(desk) == []


@pytest.mark.sqlite
def test_a_ticket_that_is_split_off_hides_it_as_well(desk: Desk) -> None:
    desk.take(mail("id@service.test", f"{CODE} is your Acme code", WORDS, Auto_Submitted="auto-generated"))
    desk.take(
        mail("id@service.test", "Re: hello", "A person works here, too."), to=desk.reply_address("id@service.test", 1)
    )
    perform(desk, "ticket.split", Split(1, desk.entries(1)[0].id))
    split = desk.ticket(2)
    assert (split.subject, split.told_subject) == (f"{CODE} is your Acme code", f"{HIDDEN} is your Acme code")
    assert desk.entries(2)[0].by_machine
    perform(desk, "ticket.internal", Internal(2, "billing", "Please look.", "ann"))
    assert telling(desk) == []


@pytest.mark.sqlite
def test_what_came_within_a_minute_is_told_without_codes(desk: Desk) -> None:
    """A program's mail, and two of a person with the same address, who may write what he likes."""
    at, who = desk.now, "id@service.test"
    desk.take(mail(who, "Code", WORDS, Auto_Submitted="auto-generated"), at=at)
    for second, words in enumerate(("Is anybody there?", "It is urgent."), 1):
        desk.take(mail(who, "Re: Code", words), to=desk.reply_address(who, 1), at=at + timedelta(seconds=second))
    desk.take(robot(), at=at + timedelta(minutes=3))
    desk.change(2, SetField("responsible", "bob", "x"))
    more = [robot(body=WORDS.replace("Hello", each)) for each in ("Hello", "Hi", "Dear customer")]
    for second, raw in enumerate(more, 1):
        desk.take(raw, to=desk.reply_address(ROBOT, 2), at=at + timedelta(minutes=3, seconds=second))
    joined = [text_of(m) for m in desk.mails() if "Earlier:" in text_of(m)]
    assert len(joined) == 3
    assert telling(desk) == []


@pytest.mark.p0
@pytest.mark.sqlite
def test_an_answer_below_which_such_a_notice_is_quoted_goes_out_without_it(desk: Desk) -> None:
    desk.take(robot())
    outcome = reply(desk, newest(desk, ANN), "Please stop sending us codes.")
    assert outcome.disposition == "entry"
    said = text_of(newest(desk, ROBOT, "answer"))
    assert "Please stop sending us codes." in said
    for words in (HIDDEN, "verification code", "Why you", "Show it", CODE):
        assert words not in said, words


@pytest.mark.sqlite
def test_what_came_meanwhile_is_shown_without_its_code_to_who_is_asked(desk: Desk) -> None:
    """A robot's mail into a ticket is an event; it counts as said from the moment when somebody takes it in."""
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    notice = newest(desk, ANN)
    desk.change(1, SetField("responsible", "ann", "x"))
    desk.take(robot(), to=desk.reply_address(JAN, 1))
    assert "A code is hidden here" in text_of(newest(desk, ANN))
    reply(desk, newest(desk, BOB), "#accept", f"Bob <{BOB}>")
    assert reply(desk, notice, "Zwrot zlecony.").reason == "held: collision (h-1)"
    hold = newest(desk, ANN, "hold")
    assert f"  {HIDDEN}" in text_of(hold).splitlines()
    reply(desk, hold, "#show", to=link(hold, "%23show"), Message_ID="<s@agents.test>")
    assert telling(desk) == [("command_result", ANN)]


@pytest.mark.p0
def test_a_requester_reads_nothing_that_others_sent_into_his_ticket(desk: Desk) -> None:
    """A robot's code, a stranger's words, and those of somebody whom an agent took in after he had written."""
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot.", Message_ID="<j@bigbank.test>")))
    desk.change(1, SetField("assignee", "ann", "x"))
    address = desk.reply_address(JAN, 1)
    desk.take(robot(), to=address)
    desk.take(verdict("pass", mail("Mia <mia@else.test>", "Re: Zwrot", "Secret of Mia: tulip.")), to=address)
    of_mia = newest(desk, ANN)
    assert "tulip" in text_of(of_mia)
    perform(desk, "ticket.internal", Internal(1, "billing", "Please look.", "ann"))
    reply(desk, of_mia, "Zwrot zlecony.\r\n", Message_ID="<a1@agents.test>")  # quotes all of it, as programs do
    between = "".join(
        f"> {line}\r\n" + ("\r\nThe box is on its way.\r\n\r\n" if "tulip" in line else "")
        for line in text_of(of_mia).splitlines()
    )
    address = reply_address(of_mia)
    again = mail(f"Ann <{ANN}>", "Re: Zwrot", between, To=address, In_Reply_To=of_mia.message_id)
    assert desk.take(proven(again), to=address).disposition == "entry"
    assert "The box is on its way." in text_of(newest(desk, JAN, "answer"))
    desk.now += timedelta(hours=2)
    reply(desk, newest(desk, ANN, "agent_notice"), "#solved", Message_ID="<a2@agents.test>")
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "status", "status")))
    sent = [item for item in desk.mails() if item.forward_path == JAN]
    assert {"auto_ack", "answer", "status_notice", "customer_status"} <= {item.template for item in sent}
    for item in sent:
        for words in ("tulip", CODE, "Acme code", "service.test", "else.test", "Mia"):
            assert words not in seen(item), (item.template, words)
