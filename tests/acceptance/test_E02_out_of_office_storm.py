"""E-02: an out-of-office answers nobody's question: it is an event, and nothing comes of it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0
NOTIFYING = RULES + "rules:\n  - {id: tell, on: [new, reply], do: [{notify: {to: ann, template: agent_notice}}]}\n"
STYLES = (
    # what a machine says: its fields, its subject
    ({"Auto_Submitted": "auto-replied (vacation)"}, "Auto: {}"),  # sieve, RFC 5230
    ({"Auto_Submitted": "auto-generated", "X_Auto_Response_Suppress": "All"}, "Automatic reply: {}"),  # Exchange
    ({"X_Auto_Response_Suppress": "DR, OOF"}, "Automatische Antwort: {}"),
    ({"Precedence": "bulk", "X_Autoreply": "yes"}, "Re: {}"),  # Gmail before it knew RFC 3834
    ({"X_Autorespond": "vacation", "Precedence": "junk"}, "Re: {}"),
    ({"X_Autoreply_From": "jan@bigbank.test"}, "AutoReply: {}"),  # Notes
    ({}, "Out of Office: {}"),  # no field at all, in six languages
    ({}, "Abwesenheitsnotiz: {}"),
    ({}, "Autoodpowiedź: {}"),
    ({}, "Automatická odpověď: {}"),
    ({}, "Resposta automática: {}"),
    ({}, "Автоматический ответ: {}"),
)
ABROAD = (
    "I am currently out of the office and will be back on Monday, 30 November.",
    "Ich bin bis Montag, 30. November, nicht im Büro und habe keinen Zugriff auf meine E-Mails.",
    "Przebywam na urlopie do 30 listopada. Odpowiem po powrocie.",
    "Do 30. listopadu jsem mimo kancelář, na e-maily odpovím po návratu.",
    "Estou ausente do escritório até 30 de novembro e responderei quando voltar.",
    "Я в отпуске до 30 ноября и отвечу после возвращения.",
)


def storm(desk: Desk, people: int) -> None:
    """Each of so many customers wrote, was answered, and sends the answer of his machine into the ticket."""
    for n in range(people):
        who = f"p{n}@person{n}.test"
        desk.take(mail(who, f"Sprawa {n}"))
        duty = Duty(desk.now, lambda: desk.deps)
        desk.write(lambda c, n=n, duty=duty: OPERATIONS["ticket.answer"].perform(c, Answer(n + 1, "Tak."), duty))
    sent_ids = [item.message_id for item in desk.outbox() if item.template == "answer"]
    sent, states = len(desk.outbox()), [ticket.status for ticket in desk.tickets()]
    for n in range(people):
        fields, subject = STYLES[n % len(STYLES)]
        who, body = f"p{n}@person{n}.test", ABROAD[n % len(ABROAD)]
        raw = mail(who, subject.format(f"[#{n + 1}] Sprawa {n}"), body, **fields, In_Reply_To=sent_ids[n])
        outcome = desk.take(raw, to=desk.reply_address(who, n + 1), sender=None if n % 2 else who)
        assert (outcome.ticket, outcome.disposition) == (n + 1, "entry"), (n, subject)
        assert desk.entries(n + 1)[-1].kind == "event", (n, subject, desk.why(outcome).kind_reason)
    assert len([item for item in desk.outbox()[sent:] if item.state != "suppressed"]) == 0
    assert [ticket.status for ticket in desk.tickets()] == states


def test_E02_twelve_styles_are_silent_events(store: Store, settings: Settings) -> None:
    storm(Desk(store, settings, NOTIFYING), len(STYLES))


@pytest.mark.push
@pytest.mark.sqlite
def test_E02_five_hundred_participants_are_away(store: Store, settings: Settings) -> None:
    storm(Desk(store, settings, NOTIFYING), 500)


LDA = Path("/usr/lib/dovecot/dovecot-lda")
CONFIG = """\
base_dir = {home}/run
log_path = {home}/log
info_log_path = {home}/log
auth_socket_path = {home}/none
mail_location = maildir:{home}/mail
first_valid_uid = 1
postmaster_address = postmaster@bigbank.test
sendmail_path = {home}/sendmail
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{home}/away.sieve
}}
"""
AWAY = """require ["vacation"];
vacation :days 1 :addresses ["jan@bigbank.test"] :subject "Out of office"
  "I am away until Monday. In urgent cases call my colleague.";
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of a user who is away, on this machine's Dovecot; he is nobody, as root has no mail."""
    made = Path(tempfile.mkdtemp(prefix="mw-sieve-"))
    sendmail = f'#!/bin/sh\ncat > "{made}/reply.$$"\necho "$@" > "{made}/args.$$"\n'
    for name, text in (("away.sieve", AWAY), ("conf", CONFIG.format(home=made)), ("sendmail", sendmail)):
        (made / name).write_text(text)
        (made / name).chmod(0o755)
    (made / "mail").mkdir()
    if os.getuid() == 0:
        for path in (made, *made.iterdir()):
            shutil.chown(path, "nobody")
    yield made
    shutil.rmtree(made)


def answers(home: Path, raw: bytes, sender: str) -> list[tuple[str, bytes]]:
    """(arguments, octets) of what the real autoresponder makes of a mail."""
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    subprocess.run(
        [LDA, "-c", home / "conf", "-f", sender, "-a", "jan@bigbank.test"],
        input=raw, check=True, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd=home,
        env={"HOME": str(home), "USER": user.pw_name},
    )  # fmt: skip
    found = [((home / path.name.replace("reply", "args")).read_text(), path) for path in home.glob("reply.*")]
    taken = [(arguments, path.read_bytes()) for arguments, path in found]
    for _, path in found:
        path.unlink()
    return taken


@pytest.mark.push
@pytest.mark.sqlite
@pytest.mark.skipif(not LDA.exists() or shutil.which("sievec") is None, reason="Sieve: apt-get install dovecot-sieve")
def test_E02_a_real_autoresponder_and_we_fall_silent(store: Store, settings: Settings, home: Path) -> None:
    desk, jan = Desk(store, settings, NOTIFYING), "jan@bigbank.test"
    desk.take(mail(jan))
    acknowledged = next(item for item in desk.mails() if item.forward_path == jan)
    assert answers(home, acknowledged.raw, str(acknowledged.reverse_path)) == []  # Sieve knows our fields (RFC 5230)
    duty = Duty(desk.now, lambda: desk.deps)
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, Answer(1, "Tak.", by="ann"), duty))
    sent = desk.mails()[-1]
    ((arguments, reply),) = answers(home, sent.raw, str(sent.reverse_path))
    assert str(sent.reverse_path) in arguments  # it answers the envelope: RFC 3834 §4
    before = len(desk.mails()), desk.ticket(1).status
    raw = reply.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    for to in (str(sent.reverse_path), desk.reply_address(jan, 1)):  # a careless one writes to Reply-To
        outcome = desk.take(raw.replace(b"Message-ID: <", f"Message-ID: <{len(to)}.".encode()), to=to, sender=None)
        assert outcome.disposition in ("report", "entry"), outcome
        assert outcome.ticket == 1
    assert len(desk.tickets()) == 1
    assert (len(desk.mails()), desk.ticket(1).status) == before
