"""The header table of the specification, on real rendered mails."""

import re
import time
from email.utils import getaddresses
from pathlib import Path

import pytest

from gateway.errors import PoisonError
from gateway.message.types import Mailbox
from gateway.outgoing.compose import compose
from gateway.outgoing.wire import check
from gateway.ticket.token_forms import find_body_tokens, read_message_id, read_reply
from tests.outgoing.letters import JAN, RING, desk, letter, mail_of, notice, read, templates, text_of
from tests.outgoing.test_clean_header import EVIL

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", ["en", "de", "pl", "cs", "pt", "hr", "ru"])
def test_the_acknowledgement_octet_for_octet(language, request) -> None:
    raw = letter(language=language).raw
    golden = GOLDEN / f"auto_ack.{language}.eml"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(raw)
    assert raw == golden.read_bytes()


def test_the_fields_of_an_acknowledgement() -> None:
    made = letter()
    mail = read(made.raw)
    assert [(name, str(value)) for name, value in mail.items()] == [
        ("From", "Acme Support <support@acme.test>"),
        ("To", JAN),  # without the name: strangers chose it
        ("Reply-To", f"Acme Support <{RING.reply_address('support@acme.test', '+', 't', 4812, None, JAN)}>"),
        ("Subject", "Otrzymaliśmy wiadomość (#4812)"),
        ("Date", "Sat, 21 Nov 2026 21:10:00 +0000"),
        ("Message-ID", made.message_id),
        ("In-Reply-To", "<CAJ1@bigbank.test>"),
        ("References", "<CAJ1@bigbank.test>"),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
        ("Content-Language", "pl"),
        ("X-Mailwicket-Ticket", "4812"),
        ("X-Mailwicket-Mail", "auto_ack"),
        ("X-Mailwicket-Loop", RING.loop_mark(made.message_id)),
        ("MIME-Version", "1.0"),
        ("Content-Type", mail["Content-Type"]),
    ]
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert made.reverse_path == RING.bounce(912, "bounce@acme.test")


def test_every_token_is_the_recipients() -> None:
    made = letter(recipient=Mailbox("", "Jan@BigBank.test"))
    reply_to = getaddresses([str(read(made.raw)["Reply-To"])])[0][1]
    tokens = (
        read_reply(reply_to.partition("+")[2].partition("@")[0]),
        read_message_id(made.message_id),
        *find_body_tokens(text_of(made.raw)),
    )
    assert [RING.holder(t, ["eva@hospital.test", JAN]) for t in tokens] == [JAN] * 3
    assert RING.is_loop_mark(made.message_id, str(read(made.raw)["X-Mailwicket-Loop"]))


def test_without_plus_addressing_the_token_is_in_the_message_id_alone() -> None:
    made = letter(desk(plus_addressing=False))
    assert str(read(made.raw)["Reply-To"]) == "Acme Support <support@acme.test>"
    assert made.reverse_path == "bounce@acme.test"


@pytest.mark.parametrize(
    ("subject", "where", "plus", "written"),
    [
        # the ticket's subject, defaults.subject_tag, whether sub-addresses come back, ours
        ("Zwrot, order PL-10442", "left", True, "Re: [#4812] Zwrot, order PL-10442"),
        ("Zwrot", "right", True, "Re: Zwrot [#4812]"),
        ("Zwrot", "none", True, "Re: Zwrot"),
        ("Zwrot", "auto", True, "Re: Zwrot"),
        ("Zwrot", "auto", False, "Re: [#4812] Zwrot"),
        ("AW: Re: [#4812] Zwrot", "left", True, "Re: [#4812] Zwrot"),
        ("Re[2]: Odp: Zwrot", "left", True, "Re: [#4812] Zwrot"),
        ("Fwd: Zwrot", "left", True, "Re: [#4812] Fwd: Zwrot"),
        ("Ответ: Заявка", "left", True, "Re: [#4812] Заявка"),
        ("", "left", True, "Re: [#4812]"),
        ("x" * 900, "left", True, "Re: [#4812] " + "x" * 200),
        ("a\r\nBcc: evil@x.test", "left", True, "Re: [#4812] a Bcc: evil@x.test"),
    ],
)
def test_the_subject_of_the_ticket(subject, where, plus, written) -> None:
    made = letter(desk(subject_tag=where, plus_addressing=plus), subject=subject)
    assert str(read(made.raw)["Subject"]) == written


def test_the_tag_may_carry_a_name() -> None:
    assert str(read(letter(desk(subject_prefix="Acme"), subject="Zwrot").raw)["Subject"]) == "Re: [Acme#4812] Zwrot"


@pytest.mark.parametrize(
    ("parent", "references", "in_reply_to", "written"),
    [
        ("<a@x>", (), "<a@x>", ["<a@x>"]),
        ("<c@x>", ("<a@x>", "<b@x>"), "<c@x>", ["<a@x>", "<b@x>", "<c@x>"]),
        ("<b@x>", ("<a@x>", "<b@x>"), "<b@x>", ["<a@x>", "<b@x>"]),
        (None, (), None, None),
        (None, ("<a@x>",), None, ["<a@x>"]),
        ("<a@x>\r\nBcc: <b@x>", (), None, None),
        ("no id", ("<a b@x>", "<ą@x>", "<a@x>"), None, ["<a@x>"]),
        ("<" + "a" * 300 + "@x>", (), None, None),
    ],
)
def test_the_thread(parent, references, in_reply_to, written) -> None:
    mail = read(letter(in_reply_to=parent, references=references).raw)
    assert mail["In-Reply-To"] == in_reply_to
    found = mail["References"]
    assert (found and str(found).split()) == written


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_comes_in_the_wire_is_clean(evil) -> None:
    own = templates({"auto_ack/pl.md.j2": mail_of("{{ evil }}", "{{ evil }}", "{{ evil }}")})
    team = {"support": Mailbox(evil, "support@acme.test")}
    made = compose(
        notice(
            subject=evil,
            recipient=Mailbox(evil, JAN),
            in_reply_to=evil,
            references=(evil, f"<{evil}@x.test>"),
            values={"evil": evil},
        ),
        912,
        desk(templates=own, teams=team, footer=(evil, evil), site_name=evil),
    )
    check(made.raw)
    mail = read(made.raw)
    assert set(mail.keys()) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "Precedence", "Content-Language", "X-Mailwicket-Ticket", "X-Mailwicket-Mail", "X-Mailwicket-Loop",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(list(mail.iter_parts())) == 2
    assert not re.search(rb"(?im)^bcc", made.raw.partition(b"\r\n\r\n")[0])


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c", "jan@x.test>\r\nRCPT TO:<evil@x.test", "jan@x.test\r\nBcc: e@x", "a b@x.test", "\x00@x"],
)
def test_what_is_no_address_gets_no_mail(address) -> None:
    with pytest.raises(PoisonError):
        letter(recipient=Mailbox("", address))


def test_an_address_in_other_letters_stays_in_the_envelope() -> None:
    made = letter(recipient=Mailbox("", "żółw@x.test"))
    assert b"To: undisclosed-recipients:;\r\n" in made.raw


def test_a_template_that_failed_is_told() -> None:
    made = letter(desk(templates=templates({"auto_ack/pl.md.j2": mail_of("{{ nope }}")})))
    assert "nope" in made.trouble[0]
    assert str(read(made.raw)["Subject"]) == "Otrzymaliśmy wiadomość (#4812)"


def test_equal_arguments_give_equal_octets() -> None:
    assert letter() == letter()


def test_composing_is_quick() -> None:
    ready = desk()
    letter(ready, language="ru")
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(20):
            letter(ready, language="ru", subject="Zwrot")
        rounds.append((time.process_time() - started) / 20)
    assert min(rounds) < 0.0015  # seconds of CPU; the quietest round, other programs share the machine
