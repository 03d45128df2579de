"""Which fields each mail has, on really composed mails: the header table, line by line."""

import re

import pytest

from gateway.message.types import Mailbox
from gateway.outgoing.compose import Desk
from gateway.outgoing.fixtures import fixture
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.thread_index import next_thread_index
from gateway.ticket.token_forms import find_reply_tokens
from tests.outgoing.letters import JAN, NOW, RING, desk, letter, read

ANA = "ana@acme.test"
ROOT = RING.root_message_id(4812, ANA, "acme.test")
WEEK = RING.root_message_id("week2026-47", ANA, "acme.test")
TEAM, PERSON, GATEWAY = "Acme Support", "Ana Kovač (Acme Support)", "Acme gateway"
VIA, TO_JAN = "Jan Wiśniewski (via #4812)", "#4812 → Jan Wiśniewski"
CUSTOMERS, AGENTS = "<CAJ1@bigbank.test>", "<before@acme.test>"
LIST = "<tickets.acme.test>"
WITHOUT_PLUS = desk(plus_addressing=False)
TABLE = [
    # mail, From, Reply-To, its token, In-Reply-To, first of References, Auto-Submitted, List-Id, X-Mailwicket-
    ("auto_ack", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-replied", None, "Ticket Mail Loop"),
    ("answer", PERSON, TEAM, "t4812", CUSTOMERS, CUSTOMERS, None, None, "Ticket Mail Loop"),
    ("canned", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-replied", None, "Ticket Mail Loop"),
    ("status_notice", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-generated", None, "Ticket Mail Loop"),
    ("nudge", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-generated", None, "Ticket Mail Loop"),
    ("too_large", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-generated", None, "Ticket Mail Loop"),
    ("customer_status", TEAM, TEAM, "t4812", CUSTOMERS, CUSTOMERS, "auto-generated", None, "Ticket Mail Loop"),
    ("csat", TEAM, TEAM, "k4812", CUSTOMERS, CUSTOMERS, "auto-generated", None, "Ticket Mail Loop"),
    ("agent_notice", VIA, TO_JAN, "t4812-7", AGENTS, ROOT, "auto-generated", LIST, "Ticket Rule Mail Loop"),
    ("hold", GATEWAY, GATEWAY, "h77", AGENTS, ROOT, "auto-replied", LIST, "Mail Loop"),
    ("receipt", GATEWAY, GATEWAY, "c", AGENTS, ROOT, "auto-replied", LIST, "Mail Loop"),
    ("command_result", GATEWAY, GATEWAY, "c", AGENTS, ROOT, "auto-generated", LIST, "Mail Loop"),
    ("confirm", GATEWAY, GATEWAY, "h77", AGENTS, ROOT, "auto-generated", LIST, "Mail Loop"),
    ("sla_warning", GATEWAY, GATEWAY, "t4812-7", AGENTS, ROOT, "auto-generated", LIST, "Mail Loop"),
    ("sla_breached", GATEWAY, GATEWAY, "t4812-7", AGENTS, ROOT, "auto-generated", LIST, "Mail Loop"),
    ("digest", GATEWAY, GATEWAY, "c", WEEK, WEEK, "auto-generated", LIST, "Mail Loop"),
    ("delivery_failed", GATEWAY, GATEWAY, "t4812-7", AGENTS, ROOT, "auto-generated", LIST, "Mail Loop"),
    ("attention", GATEWAY, GATEWAY, "c", WEEK, WEEK, "auto-generated", LIST, "Mail Loop"),
    ("weekly_report", GATEWAY, GATEWAY, "c", WEEK, WEEK, "auto-generated", LIST, "Mail Loop"),
    ("alarm", GATEWAY, GATEWAY, "c", WEEK, WEEK, "auto-generated", LIST, "Mail Loop"),
]
ABOUT_NO_TICKET = ("digest", "attention", "weekly_report", "alarm")
SPEAKERS = {"answer": "Ana Kovač", "agent_notice": "Jan Wiśniewski"}


def composed(mail: str, to: Desk | None = None, language: str = "pl"):
    kind = KINDS[mail]
    agent, alone = kind.reader == "agent", mail in ABOUT_NO_TICKET
    revision = 7 if agent and kind.purpose == "t" else None
    return letter(
        to,
        template=mail,
        language=language,
        recipient=Mailbox("Ana Kovač", ANA) if agent else Mailbox("Jan Wiśniewski", JAN),
        ticket=None if alone else 4812,
        in_reply_to=None if alone else AGENTS if agent else CUSTOMERS,
        values={name: value for name, value in fixture(mail).items() if name != "note_to"},  # compose knows it
        speaker=SPEAKERS.get(mail),
        cause="vip-fast-lane",
        item=77 if kind.purpose == "h" else None,
        revision=revision,
    )


@pytest.mark.parametrize(
    ("mail", "from_", "reply_to", "token", "parent", "first", "submitted", "list_id", "ours"), TABLE
)
def test_the_header_table(mail, from_, reply_to, token, parent, first, submitted, list_id, ours) -> None:
    made = composed(mail)
    header = read(made.raw)
    kind, recipient = KINDS[mail], ANA if KINDS[mail].reader == "agent" else JAN
    assert (made.trouble, header["From"].addresses[0].display_name) == ((), from_)
    assert header["From"].addresses[0].addr_spec == "support@acme.test"
    assert header["To"].addresses[0].addr_spec == recipient
    assert (header["To"].addresses[0].display_name != "") is (kind.reader == "agent" or mail == "answer")
    answers = header["Reply-To"].addresses[0]
    assert answers.display_name == reply_to
    assert answers.addr_spec.startswith(f"support+{token}.")
    assert made.reverse_path == RING.bounce(912, "bounce@acme.test")
    assert header["In-Reply-To"] == parent
    assert header["References"].split() == [first, *([parent] if parent != first else [])]
    assert header["Auto-Submitted"] == submitted
    assert header["X-Auto-Response-Suppress"] == (submitted and "All")
    assert header["Precedence"] == (submitted and "bulk")
    assert header["List-Id"] == list_id
    assert header["Content-Language"] == "pl"
    assert [name for name in header if name.startswith("X-M")] == [f"X-Mailwicket-{name}" for name in ours.split()]
    assert header["X-Mailwicket-Mail"] == mail
    assert header["X-Mailwicket-Loop"] == RING.loop_mark(made.message_id)
    assert header.get("X-Mailwicket-Rule", "vip-fast-lane") == "vip-fast-lane"
    assert len(header) == len({name.lower() for name in header})


def test_the_table_has_every_mail() -> None:
    assert [row[0] for row in TABLE] == list(KINDS)


@pytest.mark.parametrize("mail", list(KINDS))
def test_without_plus_addressing_the_message_id_holds_what_the_reply_address_would(mail) -> None:
    address = str(read(composed(mail).raw)["Reply-To"]).partition("+")[2].partition(".")[0]
    made = composed(mail, WITHOUT_PLUS)
    (token, *_), reply_to = (*find_reply_tokens(made.message_id), None), read(made.raw)["Reply-To"]
    of_customer = address.startswith("t") and "-" not in address
    assert (token.message.detail if token is not None else None) == (None if of_customer else address)
    assert reply_to.addresses[0].addr_spec == "support@acme.test"
    assert "#4812" not in reply_to.addresses[0].display_name  # an address book would offer it for new mails
    for language in ("en", "de", "pl", "cs", "pt", "hr", "ru"):
        said = composed(mail, WITHOUT_PLUS, language)
        of_rows = mail == "digest"  # the fixture says where its tickets are answered
        assert (said.trouble, b"mailto:" in said.raw) == ((), of_rows)


PAGES = "https://desk.acme.test"
CLICK = f"<{PAGES}/u/{RING.leave_token(ANA)}>"


@pytest.mark.parametrize(("changed", "left_by", "one_click"), [
    # of the desk, how a digest is left, whether by one click
    ({"plus_addressing": False}, "", False),
    ({}, "MAIL", False),
    ({"plus_addressing": False, "pages_url": PAGES}, CLICK, True),
    ({"pages_url": PAGES}, f"MAIL, {CLICK}", True),
])  # fmt: skip
def test_a_digest_can_be_left_by_one_click_where_there_are_pages(changed, left_by, one_click) -> None:
    for mail in KINDS:
        header = read(composed(mail, desk(**changed)).raw)
        ways = re.sub(
            r"<mailto:support\+c\.[a-z2-7]{27}@acme\.test\?body=%23digest%20off>",
            "MAIL",
            header["List-Unsubscribe"] or "",
        )
        assert ways == (left_by if mail in ("digest", "weekly_report") else "")
        assert header["List-Unsubscribe-Post"] == ("List-Unsubscribe=One-Click" if ways and one_click else None)


FIRST = "Ac3bGmBHe8mEjnlXQzS7+9Dd7XmO1w=="  # 22 octets
CHILD = "Ac3bGmBHe8mEjnlXQzS7+9Dd7XmO1wAAAyqA"  # 27


@pytest.mark.parametrize(
    ("index", "octets"),
    [
        # of the mail that is answered, length of ours: 0 is none
        (FIRST, 27),
        (CHILD, 32),
        (f" {FIRST}\r\n", 27),
        ("", 0),
        ("no base64!", 0),
        ("AAAA", 0),
        ("A" * 32, 0),  # begins with another octet
        (FIRST[:-4] + "AAAA", 0),  # 23 octets are none
        ("A" * 100_000, 0),
    ],
)
def test_outlook_goes_on_in_its_conversation(index, octets) -> None:
    made = next_thread_index(index, NOW)
    assert len(made) == -(-octets // 3) * 4
    assert made[:28] == (FIRST[:28] if octets else "")
    header = read(letter(subject="AW: Zwrot", thread_index=index).raw)
    assert (header["Thread-Index"], header["Thread-Topic"]) == ((made, "Zwrot") if octets else (None, None))
    assert read(letter(thread_index=FIRST).raw)["Thread-Index"] is None  # an unknown author's mail leaves no trace
