"""What agents hear of their orders: receipts, answers to questions, what is asked first; to their own address alone."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.operations.order_mails import asked_first, tell
from gateway.operations.order_types import Asker, Carried
from gateway.rules.load import load_rules
from gateway.store import held_mail, linked
from gateway.store.absences import put_away
from gateway.store.audit import add_audit
from gateway.store.held_mail import Proposal
from gateway.store.linked import By
from gateway.store.opening import open_store
from gateway.ticket.assign import Absence
from gateway.ticket.types import SetField
from tests.conftest import settings_in
from tests.operations.orders import RULES, Agents

POLICY = email.policy.default


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Agents]:
    store = open_store(settings_in(tmp_path))
    yield Agents(store, settings_in(tmp_path))
    store.close()


class Told:
    """The mails that followed from one mail of an agent."""

    def __init__(self, desk: Agents, text: str, who: str = "ana", number: int | None = 1) -> None:
        came = desk.orders(text, who, number=number)
        asker, before = Asker(desk.deps.rules.agents[who], number), len(desk.outbox())
        desk.write(lambda c: tell(c, came, asker, desk.duty, f"{desk.now:%H%M%S}"))
        self.came: Carried = came
        self.mails = [
            email.message_from_bytes(m.raw or b"", policy=email.policy.default) for m in desk.outbox()[before:]
        ]

    def text(self) -> str:
        (mail,) = self.mails
        part = mail.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


QUESTIONS = [
    # who, where, question, what the answer says, what it does not
    ("ana", 1, "#why", "Threading no reply token", "Secret"),
    ("ana", None, "#why 1", "→ NEW ticket", "Secret"),
    ("ana", 1, "#history", "customer  ticket.opened  support", "Secret"),
    ("ana", 1, "#history", "Times: Europe/Zagreb", "UTC"),
    ("ana", 1, "#show", "Proszę o zwrot.", "Psst"),
    ("ana", 1, "#show", "Times: Europe/Zagreb", "UTC"),
    ("ana", None, "#show 2", "Please open an account", "zwrot"),
    ("ana", 1, "#original", "m-1  10:01", "UTC"),
    ("ana", None, "#list", "There is no such ticket.", "#3"),
    ("ana", None, "#list is:open", "2 / 2", "Secret"),  # ticket 3 is not for her
    ("eve", None, "#list is:open", "1 / 1", "Zwrot"),
    ("ana", None, "#list team", "2 / 2", "Secret"),
    ("ana", None, "#list breach", "There is no such ticket.", "/"),
    ("ana", None, "#list is:opne", "did you mean “open”?", "/ "),
    ("ana", None, "#search psst", "There is no such ticket.", "Secret"),
    ("eve", None, "#search psst", "1 / 1", "Zwrot"),
    ("ana", None, "#list is:open", "body=%23mine%201", "body=%23mine%203"),
    ("jana", None, "#list is:open", "body=%23show%201", "%23solved"),
    ("ana", None, "#stats", "New: 2", "secret"),
    ("ana", None, "#help assign", "#assign WHO", "#solved [REASON]"),
    ("ana", None, "#help", "#solved [REASON]", "nonsense"),
    ("jana", None, "#help", "#note", "#merge"),
    ("ana", None, "#help später", "#snooze TIME", "#solved [REASON]"),
    ("ana", None, "#help snoz", "did you mean “#snooze”?", "#solved [REASON]"),
    ("ana", None, "#help nonsense", "There is no command #nonsense.", "Traceback"),
    ("ana", None, "#list assignee:nobodyy", "there is no assignee “nobodyy”", "0 / 0"),
    ("ana", None, "#list team:suport", "did you mean “support”?", "0 / 0"),
    ("ana", None, "#list due<tomorow", "there is no field “due<tomorow”", "0 / 0"),
    ("ana", None, "#search a=b", "There is no such ticket.", "there is no field"),
    ("bob", None, "#help mine", "selbst übernehmen", "yourself"),
    ("bob", None, "#show 1", "Kunde: Jan", "customer"),
    ("bob", None, "#list is:opne", "meinten Sie „open“?", "did you mean"),
    ("ana", 1, "#macro? no-such", "no-such", "Traceback"),
]


def test_questions_are_answered_with_what_their_asker_may_see(desk: Agents) -> None:
    for who, number, question, says, is_silent_about in QUESTIONS:
        told = Told(desk, question, who, number)
        (mail,) = told.mails
        assert mail["To"].addresses[0].addr_spec == desk.deps.rules.agents[who].email
        assert says in told.text(), question
        assert is_silent_about not in told.text(), question


@pytest.mark.parametrize(
    ("owner", "asked", "says", "is_silent_about"),
    [
        # who owns the ticket, who is away, what Ana reads in a list
        (None, "#list team", "Zwrot", "Owner"),
        ("ana", "#list", "Zwrot", "Owner"),
        ("bob", "#list team", "Bob", "away"),
        ("eve", "#list team", "Eve (away)", "until"),
    ],
)
def test_a_list_says_who_works_on_what_and_is_away(
    desk: Agents, owner: str | None, asked: str, says: str, is_silent_about: str
) -> None:
    desk.write(lambda c: put_away(c, Absence("eve", desk.now, desk.now + timedelta(days=2)), desk.now))
    desk.change(1, SetField("assignee", owner, "test"))
    text = Told(desk, asked, number=None).text()
    assert says in text
    assert is_silent_about not in text


def test_a_list_counts_who_takes_part_beside_the_customer(desk: Agents) -> None:
    desk.orders("#cc mia@x.test leo@x.test", number=1)
    assert "Customer: Jan +2" in Told(desk, "#list team", number=None).text()


def test_a_linked_ticket_is_named_to_whom_may_see_it(desk: Agents) -> None:
    desk.orders("#link 2", number=1)
    desk.write(lambda c: linked.add(c, 1, "cause", 3, By("agent:bob", "mail", desk.now)))
    assert [n in Told(desk, "#show").text() for n in ("related: #2", "#3")] == [True, False]
    assert [n in Told(desk, "#history").text() for n in ("related #2", "cause #…", "#3")] == [True, True, False]


def test_the_reasons_say_why_somebody_owns_it(desk: Agents) -> None:
    detail = "assignee ana (round_robin; speaks pl)"
    desk.write(
        lambda c: add_audit(c, at=desk.now, actor="system", action="owner.found", ticket=1, source=None, detail=detail)
    )
    assert f"Owner     {detail}" in Told(desk, "#why").text()


def test_who_is_away_is_shown_to_colleagues(desk: Agents) -> None:
    desk.orders("#assign bob")
    desk.orders("#away until mon 9:00", "bob", number=None)
    assert "assignee: bob (away until Mon 23 Nov 09:00)" in Told(desk, "#show").text()


@pytest.mark.parametrize(("who", "shown"), [("ana", True), ("bob", True), ("jana", False)])
def test_mail_that_waits_is_shown_to_its_writer_and_the_lead(desk: Agents, who: str, *, shown: bool) -> None:
    key = desk.entries(1)[0].source or ""
    until = desk.now + timedelta(days=1)
    desk.write(
        lambda c: held_mail.hold(
            c, mail=key, ticket=1, agent="ana", code="cut", proposal=Proposal("Refund ordered."), at=desk.now,
            expires_at=until,
        )
    )  # fmt: skip
    text = Told(desk, "#show", who).text()
    assert ("h-1" in text, "Refund ordered." in text) == (shown, shown)


def test_the_original_comes_as_it_was(desk: Agents) -> None:
    (mail,) = Told(desk, "#original").mails
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "m-1.eml"
    assert "Proszę o zwrot.".encode() in file.get_content()


@pytest.mark.parametrize(("text", "receipts", "subject"), [
    # orders, what their writer wants to hear of, the subject of the receipt
    ("#mine", "failures", None),
    ("#mine", "all", "[#1] Done: #mine"),
    ("#dry\n#mine", "failures", "[#1] Only tried: #mine"),
    ("#solved\nDone.", "failures", None),
    ("#solved\nDone.", "all", "[#1] Done: #solved"),
])  # fmt: skip
def test_receipts_are_for_who_wants_them(desk: Agents, text: str, receipts: str, subject: str | None) -> None:
    desk.orders(f"#receipts {receipts}")
    told = Told(desk, text)
    assert [mail["Subject"] for mail in told.mails] == ([subject] if subject else [])


RECEIPTS = [
    # the language of an agent, what he is told of words to the customer, and of a snooze
    ("en", "to jan@bigbank.test (q-4); status new -> pending", "snoozed until Mon 23 Nov 09:00"),
    ("de", "an jan@bigbank.test (q-4); Status: neu → wartet auf den Kunden", "zurückgestellt bis Mo. 23. Nov. 9:00"),
    ("pl", "do jan@bigbank.test (q-4); status: nowe → czeka na klienta", "odłożone do: pon. 23 lis 9:00"),
    ("cs", "pro jan@bigbank.test (q-4); stav: nový → čeká na zákazníka", "odložený do: po 23. lis 9:00"),
    ("pt", "para jan@bigbank.test (q-4); estado: novo → à espera do cliente", "adiado até segunda 23 de nov. 9:00"),
    ("hr", "za jan@bigbank.test (q-4); status: novo → čeka kupca", "odgođeno do: pon 23. stu 9:00"),
    ("ru", "для jan@bigbank.test (q-4); статус: новая → ждёт клиента", "отложена до: пн 23 нояб. 9:00"),
]


def test_a_receipt_is_in_the_language_and_by_the_clock_of_its_reader(desk: Agents) -> None:
    for language, answered, snoozed in RECEIPTS:
        rules = load_rules(RULES.replace("languages: [en]", f"languages: [{language}]"), "r", 1)
        desk.deps = replace(desk.deps, rules=rules)
        text = Told(desk, "#dry\n#snooze mon 9:00\nDzień dobry").text()
        assert (answered.partition(" (")[0] in text, answered.partition(")")[2] in text, snoozed in text) == (
            True,
            True,
            True,
        ), text


@pytest.mark.parametrize(("rules", "own", "told"), [
    # what the rules say of Ana, what she settled for herself, whether she gets a receipt
    ("failures", None, False),
    ("all", None, True),
    ("all", "failures", False),
    ("failures", "all", True),
])  # fmt: skip
def test_receipts_are_as_the_rules_say_until_an_agent_settles_it(
    desk: Agents, rules: str, own: str | None, told: bool
) -> None:
    ana = load_rules(RULES.replace("languages: [en]}", f"languages: [en], receipts: {rules}}}"), "r", 1).agents["ana"]
    agents = {**desk.deps.rules.agents, "ana": ana}
    desk.deps = replace(desk.deps, rules=replace(desk.deps.rules, agents=agents))
    if own is not None:
        desk.orders(f"#receipts {own}")
    assert bool(Told(desk, "#mine").mails) is told


@pytest.mark.parametrize(("order", "says"), [
    # an order, while Bob is away and Eve has as much as she can do; what its writer hears, who wants failures alone
    ("#assign bob", "status new -> open; bob: away until "),
    ("#assign eve", "status new -> open; eve: 1 of 1 open"),
    ("#responsible bob", "status new -> open; bob: away until "),
    ("#responsible eve", None),
    ("#assign ana", None),
    ("#assign jana", "jana: takes notes alone and cannot answer the customer"),
])  # fmt: skip
def test_who_gives_a_ticket_to_somebody_who_cannot_take_it_hears_of_it(
    desk: Agents, order: str, says: str | None
) -> None:
    rules = desk.deps.rules
    busy = {**rules.agents, "eve": replace(rules.agents["eve"], max_open=1)}
    desk.deps = replace(desk.deps, rules=replace(rules, agents=busy))
    desk.change(3, SetField("assignee", "eve", "test"))
    desk.orders("#away until mon 9:00", "bob", number=None)
    told = Told(desk, order)
    assert [says in " ".join(told.text().split()) for _ in told.mails] == ([True] if says else [])


def test_bulk_orders_and_undo_are_always_answered_and_can_be_undone_by_a_tap(desk: Agents) -> None:
    text = Told(desk, "#closed 1 2", number=None).text()
    assert "#1 status new -> closed" in text
    assert "?body=%23undo%20u-1" in text
    assert "was taken back" in Told(desk, "#undo", number=None).text()


def test_one_yes_is_to_all_that_is_shown(desk: Agents) -> None:
    desk.orders("Hello Jan.")
    came, asker = desk.orders("#customer x@elsewhere.test\n#spam"), Asker(desk.deps.rules.agents["ana"], 1)
    desk.write(lambda c: asked_first(c, came, asker, desk.duty, 77, desk.now + timedelta(days=1)))
    part = email.message_from_bytes(desk.mails()[-1].raw or b"", policy=POLICY).get_body(("plain",))
    assert part is not None
    said = ("Change the customer?", "jan@bigbank.test → x@elsewhere.test", "mail spam?")
    assert [word in part.get_content() for word in said] == [True] * 3


def test_what_is_asked_first_names_both_tickets_and_can_be_confirmed_by_a_tap(desk: Agents) -> None:
    came, asker = desk.orders("#merge 2"), Asker(desk.deps.rules.agents["ana"], 1)
    expires = desk.now + timedelta(days=1)
    desk.write(lambda c: asked_first(c, came, asker, desk.duty, 77, expires))
    mail = email.message_from_bytes(desk.mails()[-1].raw or b"", policy=POLICY)
    assert "+h77." in mail["Reply-To"]
    part = mail.get_body(("plain",))
    assert part is not None
    assert [word in part.get_content() for word in ("#1 → #2", "Zwrot", "Account", "%23confirm", "%23discard")] == [
        True
    ] * 5


@pytest.mark.parametrize(("command", "number", "summary"), [
    # what somebody settles, where, what the subject of the receipt names
    ("#digest 7:15", None, "#digest 7:15"),
    ("#away until mon 9:00", None, "#away until mon 9:00"),
    ("#remind mon 9:00 call the bank", None, "#remind mon 9:00 call the bank"),
    ("#digest off", 1, "#digest off"),
])  # fmt: skip
def test_what_is_about_no_ticket_has_a_receipt_by_which_it_is_taken_back(
    desk: Agents, command: str, number: int | None, summary: str
) -> None:
    Told(desk, "#receipts all", number=None)
    told = Told(desk, command, number=number)
    assert told.came.undo == "u-2"
    (receipt,) = told.mails[-1:]
    assert summary in str(receipt["Subject"])
    html = receipt.get_body(("html",))
    assert html is not None
    assert "body=%23undo%20u-2" in str(html.get_content())
