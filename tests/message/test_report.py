"""Which mails are reports, of what, about whom; and the people who write about failures."""

import time
from pathlib import Path

import pytest

from gateway.message.charset import clean_line
from gateway.message.classify import OwnMail, classify
from gateway.message.types import Message, Report
from tests.message.read import envelope, read

OWN = OwnMail(frozenset(), lambda *_: False)
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.far.test>"
POSTMASTER = "postmaster@mx.far.test"
ORIGINALLY = "Original-Recipient: rfc822; bob@far.test"
FAILED = "Final-Recipient: rfc822; bob@far.test\nAction: failed\nStatus: 5.1.1"
POLICY = "Diagnostic-Code: smtp; 550-5.7.1 no\n 550 5.7.1 thanks"
RETURNED = (
    "\n\nReturn-Path: <support@gw.test>\nFrom: support@gw.test\nTo: bob@far.test\nMessage-ID: <n7@gw.test>\n\nHello\n"
)


def kept(name: str) -> Message:
    """A mail of the folder beside this file."""
    return read((Path(__file__).parent / "reports" / f"{name}.eml").read_text(encoding="utf-8"))


def notice(author: str, subject: str, text: str, *fields: str, reverse_path: str | None = None) -> Report | None:
    """What a mail of prose reports."""
    head = [f"From: {author}", "To: support@gw.test", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8"]
    return classify(read("\n".join([*head, *fields]) + "\n\n" + text + "\n"), envelope(reverse_path), OWN).report


def dsn(
    status_part: str, *, prose: str = "It failed.", original: str = "Message-ID: <n7@gw.test>", kind: str = ""
) -> str:
    """A report in the form of RFC 3464."""
    kind = kind or "multipart/report; report-type=delivery-status"
    return f"""From: {POSTMASTER}
To: support@gw.test
Subject: Delivery report
Content-Type: {kind}; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

{prose}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.test

{status_part}
--b
Content-Type: message/rfc822

{original}
To: bob@far.test

Hello
--b--
"""


@pytest.mark.p0
@pytest.mark.parametrize(
    ("final", "more", "address", "status", "permanent"),
    [
        # Final-Recipient, the other fields, whom, what, given up
        ("rfc822; bob@far.test", "Action: failed\nStatus: 5.1.1", "bob@far.test", "5.1.1", True),
        ("RFC822;<bob@far.test>", "Action: Failed\nStatus: 5.1.1 (no such)", "bob@far.test", "5.1.1", True),
        ("rfc822; bob@far.test", "Action: delayed\nStatus: 4.4.1", "bob@far.test", "4.4.1", False),
        # the address that we wrote to, not the one that it was led to
        ("rfc822; b17@in.far.test", f"{ORIGINALLY}\nAction: failed\nStatus: 5.2.2", "bob@far.test", "5.2.2", True),
        # the diagnostic knows more than the status
        ("rfc822; bob@far.test", f"Action: failed\nStatus: 5.0.0\n{POLICY}", "bob@far.test", "5.7.1", True),
        # the status is of the first tries, the diagnostic of the last
        ("rfc822; bob@far.test", f"Action: failed\nStatus: 4.5.0\n{POLICY}", "bob@far.test", "5.7.1", True),
        ("rfc822; bob@far.test", "Action: failed", "bob@far.test", "5.0.0", True),
        ("utf-8; żółw@far.test", "Action: failed\nStatus: 5.1.1", "żółw@far.test", "5.1.1", True),
        ('rfc822; "a b"@far.test', "Action: failed\nStatus: 5.1.1", '"a b"@far.test', "5.1.1", True),
        ("rfc822; bob@far.test", "Action: delivered\nStatus: 2.1.5", "bob@far.test", "2.0.0", False),
        ("rfc822; bob@far.test", "Action: relayed", "bob@far.test", "2.0.0", False),
    ],
)
def test_the_fields_of_rfc_3464(final: str, more: str, address: str, status: str, permanent: bool):
    report = read(dsn(f"Final-Recipient: {final}\n{more}")).report
    assert report is not None
    assert (report.kind, report.original_message_id) == ("delivery", "<n7@gw.test>")
    assert [(r.address, r.status, r.permanent) for r in report.recipients] == [(address, status, permanent)]


def test_each_recipient_has_its_own_status_and_words():
    report = read(
        dsn(
            "Final-Recipient: rfc822; a@far.test\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 no such user\n\n"
            "Final-Recipient: rfc822; b@far.test\nAction: delayed\nStatus: 4.2.2 (mailbox full)\n"
            "Final-Recipient: rfc822; c@far.test\nAction: delivered\nStatus: 2.0.0"
        )
    ).report
    assert report is not None
    assert [(r.address, r.status, r.diagnostic) for r in report.recipients] == [
        ("a@far.test", "5.1.1", "550 no such user"),
        ("b@far.test", "4.2.2", "mailbox full"),
        ("c@far.test", "2.0.0", ""),
    ]


def test_a_report_inside_a_plain_multipart_counts_when_a_machine_wrote_it():
    report = read(
        dsn("Final-Recipient: rfc822; bob@far.test\nAction: failed\nStatus: 5.1.1", kind="multipart/mixed")
    ).report
    assert report is not None
    assert report.recipients[0].address == "bob@far.test"


@pytest.mark.parametrize(
    ("name", "addresses", "status", "permanent"),
    [
        # reports/*.eml, about whom, what happened to the first, given up
        ("postfix", ["bob@far.test"], "5.1.1", True),
        ("exim_failed", ["bob@far.test"], "5.2.2", True),
        ("exim_delayed", ["bob@far.test"], "4.4.7", False),
        ("qmail_two", ["bob@far.test", "eve@far.test"], "5.1.1", True),
        ("sendmail", ["bob@far.test"], "5.1.1", True),
        ("exchange_2003", ["bob@far.test"], "5.1.1", True),
        ("exchange_german", ["bob@far.test"], "5.2.2", True),
        ("domino", ["bob@far.test"], "5.1.1", True),
        ("yahoo", ["bob@far.test"], "5.1.1", True),
        ("gmail", ["bob@far.test"], "5.7.1", True),
        ("sendmail_4_days", ["bob@far.test"], "4.4.7", True),
        ("exchange_polish", ["bob@far.test"], "5.1.1", True),
        ("mail_ru", ["bob@far.test"], "5.1.1", True),
        ("gateway", ["bob@far.test"], "5.1.1", True),
        ("non_delivery", ["bob@far.test"], "5.0.0", True),
        ("postfix_warning", ["bob@far.test"], "4.4.7", False),
        ("exim_trying", ["bob@far.test"], "4.7.1", False),  # flufl.bounce knows this delay as a failure
        ("stars", ["bob@far.test"], "5.1.1", True),  # and takes the Message-ID of the copy for a recipient
    ],
)
def test_the_prose_of_mail_systems(name: str, addresses: list[str], status: str, permanent: bool):
    report = classify(kept(name), envelope(None), OWN).report
    assert report is not None
    assert report.kind == "delivery"
    assert [r.address for r in report.recipients] == addresses
    assert (report.recipients[0].status, report.recipients[0].permanent) == (status, permanent)


def test_the_mail_that_came_back_inside_the_text_is_known_by_its_message_id():
    text = "This is the qmail-send program.\n\n<bob@far.test>:\nno (#5.1.1)\n\n--- Below this line is a copy."
    report = notice(DAEMON, "failure notice", text + RETURNED)
    assert report is not None
    assert report.original_message_id == "<n7@gw.test>"


IN_WORDS = "The message could not be delivered to:\n\nbob@far.test\n550 5.1.1 unknown\n\n"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        # where it says which mail it is about, when that did not come back
        (f"{IN_WORDS}Исходные заголовки:\n\nFrom: support@gw.test\nMessage-ID: <n7@gw.test>", []),
        (f"Your message with Message-ID <n7@gw.test> was rejected.\n\n{IN_WORDS}", []),
        (IN_WORDS, ["In-Reply-To: <n7@gw.test>"]),
        (IN_WORDS, ["References: <older@far.test>", "\t<n7@gw.test>"]),
    ],
)
def test_a_notice_that_returns_nothing_may_name_the_mail(text: str, fields: list[str]):
    report = notice(DAEMON, "Undeliverable: Invoice", text, *fields)
    assert report is not None
    assert report.original_message_id == "<n7@gw.test>"


@pytest.mark.parametrize("name", ["X-Original-Message-ID", "Original-Message-ID"])
def test_the_fields_for_all_recipients_may_name_the_mail(name: str):
    report = read(dsn(f"{name}: <n7@gw.test>\n\n{FAILED}", original="X-Other: no")).report
    assert report is not None
    assert report.original_message_id == "<n7@gw.test>"


def test_the_mail_that_came_back_is_believed_before_what_is_said_of_it():
    report = read(dsn(f"X-Original-Message-ID: <other@gw.test>\n\n{FAILED}")).report
    assert report is not None
    assert report.original_message_id == "<n7@gw.test>"


@pytest.mark.parametrize("broken", ["<n7@gw.te\x01\x7f‚st>", "<>", "<a b>", "n7@gw.test", "<" + "a" * 300 + ">"])
def test_a_damaged_name_of_the_mail_is_cleaned_or_none(broken: str):
    found = (
        notice(DAEMON, "Undeliverable", f"{IN_WORDS}Message-ID: {broken}"),
        read(dsn(f"X-Original-Message-ID: {broken}\n\n{FAILED}", original="X-Other: no")).report,
    )
    for report in found:
        assert report is not None
        named = report.original_message_id
        assert named is None or clean_line(named) == named


def test_a_notice_in_json_is_read():
    text = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"bob@far.test",'
        '"action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},"mail":{}}'
    )
    report = notice("Notices <no-reply@cloud.test>", "Notification Message", text)
    assert report is not None
    assert [(r.address, r.status) for r in report.recipients] == [("bob@far.test", "5.1.1")]


def parts(kind: str, subject: str, *bodies: tuple[str, str]) -> str:
    """A multipart of these types and bodies."""
    inner = "".join(f"--b\nContent-Type: {media}\n\n{body}\n" for media, body in bodies)
    return f'From: Bob <bob@far.test>\nSubject: {subject}\nContent-Type: {kind}; boundary="b"\n\n{inner}--b--\n'


@pytest.mark.parametrize(
    ("name", "kind", "feedback", "about", "whom"),
    [
        # reports/*.eml, kind, feedback type, which mail, whom
        ("complaint", "complaint", "abuse", "<n7@gw.test>", ["bob@far.test"]),
        ("receipt_displayed", "receipt", None, "<n7@gw.test>", ["bob@far.test"]),
        ("receipt_deleted", "receipt", None, "<n7@gw.test>", ["bob@far.test"]),
        ("refused_by_filter", "delivery", None, "<n7@gw.test>", ["bob@far.test"]),
        ("summary_dmarc", "aggregate", None, None, []),
        ("summary_tls", "aggregate", None, None, []),
    ],
)
def test_the_other_kinds_of_reports(name: str, kind: str, feedback: str | None, about: str | None, whom: list[str]):
    found = classify(kept(name), envelope("bob@far.test"), OWN)
    report = found.report
    assert found.kind == "report"
    assert report is not None
    assert (report.kind, report.feedback_type, report.original_message_id) == (kind, feedback, about)
    assert [r.address for r in report.recipients] == whom


@pytest.mark.p0
@pytest.mark.parametrize(
    ("author", "subject", "text"),
    [
        # author, subject, text
        (
            "ann@customer.test",
            "Undeliverable: Invoice 12",
            "Hello, I get this when I write to sales@far.test: 550 5.1.1 User unknown.",
        ),
        (
            "ann@customer.test",
            "Fwd: Undelivered Mail Returned to Sender",
            "See below.\n\n<bob@far.test>: 550 5.1.1 User unknown",
        ),
        (
            "ann@customer.test",
            "Re: Mail delivery failed",
            "I sent it again, no luck.\n\n<bob@far.test>: 550 5.1.1 unknown",
        ),
        (
            "ann@customer.test",
            "Mail delivery failed",
            "What does this mean?\n550 5.1.1 <bob@far.test>: Recipient address rejected",
        ),
        (
            "ann@customer.test",
            "Delivery failure",
            "The parcel for order 550 did not come, delivery failed twice.",
        ),
        ("ann@customer.test", "Delivery delayed", "Our delivery is delayed, please tell bob@far.test."),
        (
            "ann@customer.test",
            "Returned mail",
            "All our mail to bob@far.test comes back since Monday. Please check.",
        ),
        ("ann@customer.test", "Mailbox full", "My mailbox is full and bob@customer.test cannot write to me."),
        ("ann@customer.test", "Error sending mail", "Outlook says 0x800CCC0F when I send to bob@far.test."),
        (
            "postmaster@partner.test",
            "DMARC question",
            "Hello,\n\nyour mails fail DMARC since yesterday, 550 5.7.1. Did you change a key?",
        ),
        (
            "postmaster@partner.test",
            "Mail error on your side",
            "Hi all,\n\nyour server refuses bob@far.test with 451 4.7.1, please have a look.",
        ),
        ("mail@customer.test", "Undeliverable", "Hello, mails to bob@far.test do not arrive: 550 5.1.1."),
        (
            "no-reply@shop.test",
            "Delivery notification: your parcel",
            "Your parcel could not be delivered. Please choose a new date.",
        ),
        (
            "ann@customer.test",
            "Unzustellbar: Rechnung",
            "Guten Tag, das bekomme ich von bob@far.test: 550 5.1.1. Was tun?",
        ),
        (
            "ann@customer.test",
            "Zustellung fehlgeschlagen",
            "Hallo, das Paket kam nicht an, Zustellung fehlgeschlagen.",
        ),
        ("ann@customer.test", "WG: Unzustellbar: Rechnung", "Zur Info.\n\nbob@far.test\n550 5.1.1 unknown"),
        (
            "ann@customer.test",
            "Nie można dostarczyć wiadomości",
            "Dzień dobry, moje maile do bob@far.test wracają z 550 5.1.1.",
        ),
        ("ann@customer.test", "PD: Niedostarczone", "Proszę o pomoc.\n\nbob@far.test\n550 5.1.1"),
        (
            "ann@customer.test",
            "Nedoručitelná zpráva",
            "Dobrý den, moje zprávy na bob@far.test se vracejí: 550 5.1.1.",
        ),
        ("ann@customer.test", "Chyba doručení", "Co znamená 550 5.1.1 u bob@far.test?"),
        (
            "ann@customer.test",
            "Falha na entrega",
            "Bom dia, as minhas mensagens para bob@far.test voltam: 550 5.1.1.",
        ),
        ("ann@customer.test", "ENC: Mensagem não entregue", "Podem ver\n\nbob@far.test\n550 5.1.1"),
        (
            "ann@customer.test",
            "Isporuka neuspješna",
            "Dobar dan, moje poruke za bob@far.test se vraćaju: 550 5.1.1.",
        ),
        ("ann@customer.test", "Greška: neisporučena poruka", "Što znači 550 5.1.1 za bob@far.test?"),
        (
            "ann@customer.test",
            "Ошибка доставки",
            "Здравствуйте, мои письма на bob@far.test возвращаются: 550 5.1.1.",
        ),
        ("ann@customer.test", "Не удалось доставить", "Что значит 550 5.1.1 для bob@far.test?"),
    ],
)  # fmt: skip
def test_a_person_who_writes_about_a_failure_is_no_report(author: str, subject: str, text: str):
    assert notice(author, subject, text, reverse_path=author) is None
    assert notice(author, subject, text, "In-Reply-To: <x@gw.test>", reverse_path=author) is None


def test_a_person_who_hands_on_a_report_as_a_file_is_a_person():
    inner = dsn("Final-Recipient: rfc822; bob@far.test\nAction: failed\nStatus: 5.1.1")
    raw = parts(
        "multipart/mixed", "Please have a look", ("text/plain", "Why does this happen?"), ("message/rfc822", inner)
    )
    found = classify(read(raw), envelope("bob@far.test"), OWN)
    assert (found.kind, found.report) == ("person", None)


@pytest.mark.parametrize("repeat", [1, 200])
def test_damage_never_stops_the_reader(repeat: int):
    for text in ("{" * 50, "<" * 300, "Final-Recipient:;;;\n" * 3, "@" * 200, "550-" * 90, "a@" * 90, "\x00\ufffd" * 9):
        notice(DAEMON, text[:80], (text + "\n") * repeat)
        read(dsn((text + "\n") * repeat))


@pytest.mark.parametrize(
    "piece", ["\n", "\r", " ", "a", "a@", "@", "<", "550 ", "user ", "<a@b.test>: no\n", "a:", "5.", "-"]
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_flood_costs_no_more_than_its_octets(piece: str, inside: bool):
    flood = piece * (32_000 // len(piece))
    raw = dsn(flood) if inside else f"From: {DAEMON}\nSubject: failure notice\n\n{flood}"
    started = time.process_time()
    read(raw)
    assert time.process_time() - started < 0.5


MICROSOFT = "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@far.test>"
NOT_FOUND = "bob@far.test\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"


@pytest.mark.parametrize(
    ("author", "subject", "text", "status", "permanent"),
    [
        # author, subject, what the notice says of bob@far.test, status, given up: in the form of many programs
        (  # which flufl.bounce knows as a delay
            "Filter <postmaster@far.test>",
            "Message Undeliverable: Invoice",
            (
                "**Message you sent blocked by our bulk email filter**\n\nYour message to: bob@far.test\n"
                "was blocked by our Spam Firewall. The email you sent has NOT BEEN DELIVERED."
            ),
            "5.7.1",
            True,
        ),
        (
            "MAILER-DAEMON@far.test",
            "mail failed, returning to sender",
            "|------------ Failed addresses follow: ------------|\n <bob@far.test> ... unknown user",
            "5.1.1",
            True,
        ),
        (
            "Mailer Daemon <mailer-daemon@far.test>",
            "Mail delivery failed: returning message to sender",
            (
                "The following address failed:\n\nbob@far.test:\nSMTP error from remote server for RCPT TO command, "
                "host: mx00.far.test (192.0.2.9) reason: 550 Requested action not taken: mailbox unavailable"
            ),
            "5.1.1",
            True,
        ),
        (
            "mailer-daemon@far.test",
            "Недоставленное сообщение",
            (
                "К сожалению, Ваше письмо не может быть отправлено одному или нескольким адресатам.\n\n"
                "<bob@far.test>: host mx.far.test[192.0.2.9] said: 550 5.7.1 Client host blocked"
            ),
            "5.7.1",
            True,
        ),
        (
            "Mail Delivery System <mailer-daemon@far.test>",
            "Nedoručená zpráva",
            "Vaše zpráva pro příjemce <bob@far.test> nebyla doručena.\n\nDůvod: 550 5.1.1 user unknown",
            "5.1.1",
            True,
        ),
        (
            "MAILER-DAEMON@far.test",
            "[Postmaster] Email Delivery Failure",
            "Your email to bob@far.test could not be delivered for the following reason:\n\n550 Invalid Recipient",
            "5.1.1",
            True,
        ),
        (
            "bounces@far.test",
            "Delivery failure: Your ticket",
            "Your message to bob@far.test could not be delivered.\nThe error was: 552 5.2.2 mailbox full",
            "5.2.2",
            True,
        ),
        (
            POSTMASTER,
            "Non remis : Votre ticket",
            (
                "Échec de la remise pour ces destinataires ou groupes :\n\nbob@far.test\nLa boîte est pleine.\n\n"
                "Informations de diagnostic pour les administrateurs :\n\nbob@far.test\n#554 5.2.2 mailbox full ##"
            ),
            "5.2.2",
            True,
        ),
        (
            POSTMASTER,
            "Nedoručitelná: Požadavek",
            f"Doručení těmto příjemcům nebo skupinám se nezdařilo:\n\nbob@far.test\n\n{NOT_FOUND}",
            "5.1.1",
            True,
        ),
        (
            POSTMASTER,
            "Não entregue: Chamado",
            f"Falha na entrega a estes destinatários ou grupos:\n\nbob@far.test\n\n{NOT_FOUND}",
            "5.1.1",
            True,
        ),
        (
            POSTMASTER,
            "Neisporučivo: Upit",
            f"Isporuka nije uspjela za ove primatelje ili grupe:\n\nbob@far.test\n\n{NOT_FOUND}",
            "5.1.1",
            True,
        ),
        (
            POSTMASTER,
            "Не удается доставить: Заявка",
            f"Не удалось выполнить доставку следующим получателям:\n\nbob@far.test\n\n{NOT_FOUND}",
            "5.1.1",
            True,
        ),
        (
            MICROSOFT,
            "Undeliverable: Your ticket",
            (
                "Your message to bob@far.test couldn't be delivered.\n\nDiagnostic information for administrators:\n\n"
                "bob@far.test\nRemote server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'"
            ),
            "5.1.10",
            True,
        ),
        (
            '"Courier mail server at far.test" <>',
            "NOTICE: mail delivery status.",
            (
                "Your message to the following recipients cannot be delivered:\n\n<bob@far.test>:\n    mx.far.test:\n"
                ">>> RCPT TO:<bob@far.test>\n<<< 550 User unknown."
            ),
            "5.1.1",
            True,
        ),
        (
            "mailer-daemon@far.test",
            "Message undeliverable: Your ticket",
            (
                "The following recipient(s) could not be reached:\n\nbob@far.test\n   Error Type: SMTP\n"
                "   Remote server replied: 550 5.1.1 unknown user"
            ),
            "5.1.1",
            True,
        ),
        (
            "MDaemon at far.test <MDaemon@far.test>",
            "Permanent Delivery Failure",
            (
                "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: bob@far.test\n\n"
                " 550 5.1.1 Recipient unknown"
            ),
            "5.1.1",
            True,
        ),
        (
            "Mail Delivery Subsystem <mailer-daemon@far.test>",
            "Delivery Status Notification (Delay)",
            (
                "There was a temporary problem delivering your message to bob@far.test. We will retry for 2 days. "
                "You'll be notified if the delivery fails permanently.\n\n[192.0.2.9: timed out]"
            ),
            "4.4.7",
            False,
        ),
        (
            '"Courier mail server at far.test" <@far.test>',
            "NOTICE: mail delivery status.",
            (
                "This is a delivery status notification from far.test,\nrunning the Courier mail server, version 0.76."
                f"\n\n{'-' * 75}\n\n                UNDELIVERABLE MAIL\n\nYour message to the following recipients "
                "cannot be delivered:\n\n<bob@far.test>:\n    mx.far.test [192.0.2.9]:\n>>> RCPT TO:<bob@far.test>\n"
                "<<< 550 User unknown."
            ),
            "5.1.1",
            True,
        ),
        (
            "postmaster@far.test",
            "[Postmaster] Email Delivery Failure",
            "Your message could not be delivered.\n\nRecipient: bob@far.test\nReason: 550 Rejected by policy of ours",
            "5.7.1",
            True,
        ),
        *(
            (
                "Mail Delivery System <MAILER-DAEMON@far.test>",
                "Undelivered mail",
                f"<bob@far.test>: {said}",
                status,
                True,
            )
            for said, status in (
                ("skrzynka odbiorcy jest przepełniona", "5.2.2"),
                ("такого користувача не існує", "5.1.1"),
                ("ο χρήστης δεν υπάρχει", "5.1.1"),
                ("postkassen er fuld", "5.2.2"),
                ("schránka je plná", "5.2.2"),
                ("användaren finns inte", "5.1.1"),
            )
        ),
    ],
)
def test_notices_in_the_form_of_many_programs(author: str, subject: str, text: str, status: str, permanent: bool):
    for reverse_path in (None, "x@far.test"):
        report = notice(author, subject, text, reverse_path=reverse_path)
        assert report is not None
        assert [(r.address, r.status, r.permanent) for r in report.recipients] == [("bob@far.test", status, permanent)]


@pytest.mark.p0
@pytest.mark.parametrize(
    ("author", "subject", "text"),
    [
        # author, subject, words: machines that tell of failures, but are not the mail system that failed
        ("Watch <alerts@ops.test>", "Mail queue error on mx1", "Oldest to bob@far.test, 451 4.4.1 timed out"),
        ("Forge <notifications@git.test>", "[repo] Delivery failed with 550", "bob@far.test: `550 5.1.1 unknown user`"),
        (
            "Parcels <no-reply@parcel.test>",
            "Your parcel",
            "It could not be delivered. Contact: bob@far.test, error 550.",
        ),
        (
            "Mail Administrator <postmaster@gw.test>",
            "Your mailbox is almost full",
            "support@gw.test has 92 % of its quota. When it is full, new mail cannot be delivered to you: 552 5.2.2.",
        ),
    ],
)
def test_a_machine_that_tells_of_failures_reports_none(author: str, subject: str, text: str):
    assert notice(author, subject, text, "Auto-Submitted: auto-generated", reverse_path="x@ops.test") is None


@pytest.mark.parametrize("masked", ["davi...@far.test", "...@far.test"])
def test_an_address_that_an_archive_has_masked_names_nobody(masked: str):
    assert read(dsn(f"Final-Recipient: rfc822; {masked}\nAction: failed\nStatus: 5.1.1")).report is None
