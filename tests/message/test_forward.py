"""Whose mail was forwarded: the forms of the mail programs, in their languages. Names and words are ours."""

import time

import pytest

from gateway.message.forward import forwarded, says_forward
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Message
from tests.message.clients import FORWARDS, LABELS
from tests.message.read import read

ANN = "Ann Lee <ann@x.test>"
WORDS = "The printer hums.\n\nAnn"


def _block(author: str, date: str, subject: str, to: str, when: str = "2 Nov 2026 09:12") -> str:
    return f"{author}: {ANN}\n{date}: {when}\n{subject}: Printer\n{to}: desk@x.test, Bo <bo@x.test>\n\n{WORDS}"


ENGLISH = _block("From", "Date", "Subject", "To")
HEADER = ENGLISH.partition(WORDS)[0].rstrip()
TABBED = ENGLISH.replace(": ", ": \t")
BARE = ENGLISH.partition(WORDS)[0].replace(": ", " ") + WORDS
POLISH = _block("Nadawca", "Data", "Temat", "Adresat")
BOLD = f"*From:* {ANN}\n*Sent:* 2 November 2026 09:12\n*To:* desk@x.test; Bo <bo@x.test>\n*Subject:* Printer\n\n{WORDS}"
TABLE = f"{ANN}\n2 Nov 2026 09:12\n\nTo\ndesk@x.test, Bo <bo@x.test>\ncc\n\nSubject\nPrinter\n\n{WORDS}"
MUTT_END = "----- End forwarded message -----"
YAHOO = (
    f"----- Forwarded Message ----- From: {ANN} To: desk@x.test, Bo <bo@x.test> "
    f"Sent: Monday, 2 November 2026, 09:12:00 CET Subject: Printer\n\n{WORDS}"
)


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("program", "subject", "text"),
    [
        # program, subject of the mail, its text
        ("Gmail", "", f"---------- Forwarded message ---------\n{ENGLISH}"),
        ("Gmail de", "", f"---------- Forwarded message ---------\n{_block('Von', 'Date', 'Subject', 'To')}"),
        ("Gmail ru", "", f"---------- Forwarded message ---------\n{_block('От', 'Date', 'Subject', 'To')}"),
        ("Gmail hr", "", f"---------- Forwarded message ---------\n{_block('Šalje', 'Date', 'Subject', 'To')}"),
        ("Thunderbird", "", f"-------- Forwarded Message --------\n{TABBED}"),
        ("Thunderbird pl", "", f"--- Treść przekazanej wiadomości ---\n{POLISH}"),
        ("Thunderbird cs", "", f"-------- Přeposlaná zpráva --------\n{_block('Od', 'Datum', 'Předmět', 'Komu')}"),
        ("Thunderbird tr", "", f"-------- İletilen İleti --------\n{_block('Kimden', 'Tarih', 'Konu', 'Kime')}"),
        ("Apple", "", f"Begin forwarded message:\n\n{_marked(ENGLISH)}"),
        ("Apple de", "", _marked(f"Anfang der weitergeleiteten Nachricht:\n\n{ENGLISH}")),
        ("Apple in a language unknown", "", _marked(f"Xyzzy plugh:\n\n{ENGLISH}")),
        ("Outlook web", "Fw: Printer", f"________________________________\n{ENGLISH}"),
        ("Outlook de", "WG: Printer", _block("Von", "Gesendet", "Betreff", "An", "Montag, 2. November 2026 09:12")),
        ("Outlook fr", "TR: Printer", _block("De ", "Envoyé ", "Objet ", "À ", "lundi 2 novembre 2026 09:12")),
        ("Outlook pt", "ENC: Printer", _block("De", "Enviado", "Assunto", "Para", "2 de novembro de 2026 09:12")),
        ("Outlook ja", "FW: Printer", _block("差出人", "送信日時", "件名", "宛先", "2026年11月2日 9:12")),
        ("Outlook bold", "FW: Printer", BOLD),
        ("Yahoo", "", f"----- Forwarded Message -----\n{ENGLISH}"),
        ("Yahoo on one line", "", YAHOO),
        ("Zoho", "", f"============ Forwarded message ============\n{ENGLISH}"),
        ("eM Client", "", f"------ Forwarded Message ------\n{BARE}"),
        ("FairEmail", "", f"-------- Forwarded message --------\n{_block('From', 'Time', 'Subject', 'To')}"),
        ("Notes", "", f"----- Forwarded by Cy Dee/X on 03/11/2026 10:00 -----\n\n{TABBED}"),
        ("KMail", "", f"----------  Forwarded Message  ----------\n\n{ENGLISH}"),
        ("mail.ru", "", f"-------- Пересылаемое сообщение --------\n{_block('От кого', 'Дата', 'Тема', 'Кому')}"),
        ("Samsung", "Fwd: Printer", f"-------- Original message --------\n{ENGLISH}"),
        ("ProtonMail", "", f"------- Forwarded Message -------\n{ENGLISH.partition(WORDS)[0]}\n{_marked(WORDS)}"),
        ("Horde", "", f"----- Forwarded message from {ANN} -----\n{ENGLISH}\n\n----- End forwarded message -----"),
        ("Horde de", "", f"----- Weitergeleitete Nachricht von {ANN} -----\n{ENGLISH}\n\n-- Ende der Weiterleitung --"),
        ("KMail, long rule", "", f"----------  Forwarded Message  ----------\n\n{ENGLISH}\n\n{'-' * 41}"),
        ("Outlook el", "ΠΡΘ: Printer", _block("Από", "Στάλθηκε", "Θέμα", "Προς", "2 Νοεμβρίου 2026 9:12 πμ")),
        ("Zimbra es", "", f"----- Mensaje reenviado -----\n{_block('De', 'Enviados', 'Asunto', 'Para')}"),
        ("Centrum", "Fwd: Printer", f"{'_' * 62}\n{_marked(ENGLISH.partition(WORDS)[0].rstrip())}\n>\n{WORDS}"),
        ("Zoho, closed", "", f"==== Forwarded message ====\n{HEADER}\n==== Forwarded message ====\n\n{WORDS}"),
        ("The Bat!", "", f"This is a forwarded message\n{HEADER}\n\n===8<====Text=====\n{WORDS}\n===8<====End=====\n"),
        ("The Bat! ru", "", f"Это пересылаемое сообщение\n{HEADER}\n------------------\n{WORDS}"),
        ("Thunderbird sr", "", f"---- Прослеђена порука ----\n{_block('Шаље', 'Датум', 'Наслов', 'Прима')}"),
        ("Notes, table", "", f"----- Forwarded by Cy Dee/X on 03/11/2026 10:00 -----\n\n{TABLE}"),
        ("mutt", "", f"----- Forwarded message from {ANN} -----\n\n{ENGLISH}\n\n{MUTT_END}\n\n-- \nBo"),
        ("Yahoo, indented", "Fw: Printer", f"{HEADER}\n {WORDS}"),
        ("Outlook da", "VS: Printer", _block("Fra", "Sendt", "Emne", "Til")),
        ("Ukrainian prefix", "Переслано: Printer", _block("Від", "Надіслано", "Тема", "Кому")),
        ("abv.bg", "", f"-------- Препратено писмо --------\n{ENGLISH.replace(ANN, 'Ann Lee ann@x.test')}"),
    ],
)  # fmt: skip
def test_the_author_and_the_words_of_a_forward_are_found(program: str, subject: str, text: str) -> None:
    for comment in ("", "Please look.\n\nBo"):
        found = forwarded(f"{comment}\n\n{text}" if comment else text, subject)
        assert found is not None
        assert str(found.author) == ANN
        assert found.subject == "Printer"
        assert "2026" in found.date
        assert [m.address for m in found.to] == ["desk@x.test", "bo@x.test"]
        assert found.text == WORDS
        assert found.comment == comment


@pytest.mark.parametrize(
    ("introduction", "name"),
    [
        ('On 02/11/2026 09:12, "Ann Lee" <ann@x.test> wrote:', "Ann Lee"),
        ('Am 02/11/2026, 09:12 schrieb "Ann Lee" <ann@x.test>:', "Ann Lee"),
        ("Le 02/11/2026 09:12, « Ann Lee » <ann@x.test> a écrit :", "Ann Lee"),
        ("Dnia 02/11/2026, 09:12 użytkownik „Ann Lee” <ann@x.test> napisał:", "Ann Lee"),
        ("Dne 02/11/2026 09:12, Ann Lee <ann@x.test> napsal(a):", "Ann Lee"),
        ("Ann Lee <ann@x.test> kirjoitti 02/11/2026 9.12:", "Ann Lee"),
        ("02/11/2026 09:12 időpontban Ann Lee (ann@x.test) ezt írta:", "Ann Lee"),
    ],
)
def test_an_introduction_is_a_forward_only_when_the_subject_says_so(introduction: str, name: str) -> None:
    text = f"{introduction}\n\n    The printer hums."
    found = forwarded(text, "FW: Printer")
    assert found is not None
    assert found.author is not None
    assert (found.author.name, found.author.address, found.subject) == (name, "ann@x.test", "Printer")
    assert forwarded(f"It does.\n\n{text}", "Re: Printer") is None


@pytest.mark.parametrize(
    "head",
    [
        "-------- Пересылаемое сообщение --------",
        "----------------\nКому: Desk (desk@x.test);\nТема: Printer;",
    ],
)
def test_an_introduction_below_a_divider_says_whose_it_is(head: str) -> None:
    found = forwarded(f'Please look.\n\n{head}\n02.11.2026, 09:12, "Ann Lee" <ann@x.test>:\n\n{WORDS}', "Fwd: Printer")
    assert found is not None
    assert (str(found.author), found.text, found.comment) == (ANN, WORDS, "Please look.")


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Please forward this to Bo:\nbo@x.test", ""),
        ("I forwarded it:\nname: Ann\ndate: 2026-11-02", ""),
        ("From: Berlin\nTo: Paris\nDate: 2026-11-02\nPassengers: 2", ""),  # a form, no mail
        ("Name: Ann\nEmail: ann@x.test\nDate: 2026-11-02", ""),
        (f"Yes.\n\n{ENGLISH}", "Re: Printer"),  # an answer by Outlook
        (f"Yes.\n\n-----Original Message-----\n{ENGLISH}", "Re: Printer"),
        (f"Yes.\n\nOn 2 Nov 2026 at 09:12 {ANN} wrote:\n> FYI\n> ---------- Forwarded message ---------\n"
         + _marked(ENGLISH), "Re: Printer"),  # what was answered had forwarded something
        (f"Evet.\n\n{_block('Kimden', 'Gönderildi', 'Konu', 'Kime')}", "YNT: Printer"),
        (f"Toimii.\n\n{_block('Lähettäjä', 'Lähetetty', 'Aihe', 'Vastaanottaja')}", "VS: Printer"),
        ("", "Fwd: Printer"),
    ],
)  # fmt: skip
def test_what_is_not_forwarded(text: str, subject: str) -> None:
    assert forwarded(text, subject) is None


@pytest.mark.parametrize(
    "subject", ["Fwd: x", "FW: x", "[EXTERN] WG: x", "Re: Fwd: x", "TR : x", "转发: x", "[Fwd: x]"]
)
def test_a_subject_that_says_forward(subject: str) -> None:
    assert says_forward(subject)


@pytest.mark.parametrize("subject", ["Re: x", "AW: x", "Forwarding agents", "Tragic: x", "", "FWD"])
def test_a_subject_that_does_not(subject: str) -> None:
    assert not says_forward(subject)


@pytest.mark.parametrize("phone", ["", "Enviado do BlueMail para Android\n\n"])
def test_a_program_that_forwards_as_it_answers_is_known_by_its_subject(phone: str) -> None:
    text = f"{phone}Em 2 de nov. de 2026, em 09:12, {ANN} escreveu:\n{_marked(WORDS)}"
    found = forwarded(text, "Fwd: Printer")
    assert found is not None
    assert (str(found.author), found.subject, found.text, found.comment) == (ANN, "Printer", WORDS, "")
    assert forwarded(text, "Re: Fwd: Printer") is None
    assert forwarded(f"It hums.\n\n{text}", "Fwd: Printer") is None  # whose words they answer, is not sure


@pytest.mark.parametrize("phone", ["Get Outlook for iOS<https://x.test/o>", "Sent with Proton Mail secure email.", " "])
def test_what_a_telephone_adds_is_no_comment(phone: str) -> None:
    found = forwarded(f"{phone}\n---------- Forwarded message ---------\n{ENGLISH}")
    assert found is not None
    assert (found.text, found.comment) == (WORDS, "")


def test_what_stands_below_the_end_of_a_forward_is_its_forwarders() -> None:
    inner = f"FYI\n\n----- Forwarded message from {ANN} -----\n{ENGLISH}\n\n{MUTT_END}\n\nCy"
    header = "From: Cy <cy@x.test>\nDate: 3 Nov 2026 10:00"
    outer = f"----- Forwarded message from Cy <cy@x.test> -----\n{header}\n\n{inner}\n\n{MUTT_END}"
    found = forwarded(f"{outer}\n\nPlease look.")
    assert found is not None
    assert (str(found.author), found.text, found.comment) == ("Cy <cy@x.test>", inner, "Please look.")


def test_a_date_below_a_label_that_we_do_not_know_is_one() -> None:
    found = forwarded(_block("De", "Enviat", "Tema", "Per a"), "Fwd: Printer")
    assert found is not None
    assert (str(found.author), found.date, found.subject) == (ANN, "2 Nov 2026 09:12", "Printer")


def test_the_message_holds_the_forward_and_all_its_words() -> None:
    text = f"Please look.\n\n---------- Forwarded message ---------\n{ENGLISH}"
    raw = f"From: Bo <bo@x.test>\nSubject: Fwd: Printer\n\n{text}\n".encode()
    message = parse(raw, ParseLimits(), languages=("en",))
    assert message.forward is not None
    assert str(message.forward.author) == ANN
    assert message.forward.comment == "Please look."
    assert message.text == text
    assert message.quoted == ""


@pytest.mark.parametrize("line", ["From: x\nTo: y", "---- forwarded x", "From: a <", "---" + "a -" * 60 + "---"])
def test_hostile_lines_cost_no_more_than_their_number(line: str) -> None:
    text = "\n".join([line] * 20_000)[:200_000]
    start = time.process_time()
    forwarded(text, "Fwd: x")
    assert time.process_time() - start < 5


INNER = (
    "From: Ann Lee <ann@x.test>\nTo: desk@x.test\nCc: Bo <bo@x.test>\nSubject: =?utf-8?q?Drucker_l=C3=A4uft?=\n"
    "Date: Mon, 2 Nov 2026 09:12:00 +0100\nMIME-Version: 1.0\n"
)
PLAIN = f"{INNER}Content-Type: text/plain; charset=utf-8\n\n{WORDS}\n"
WITH_FILE = (
    f"{INNER}Content-Type: multipart/mixed; boundary=i\n\n--i\n\n{WORDS}\n"
    '--i\nContent-Type: image/png; name="hum.png"\nContent-Disposition: attachment\n\nx\n--i--\n'
)
NESTED = (
    f"{INNER}Content-Type: multipart/mixed; boundary=i\n\n--i\n\n{WORDS}\n"
    f"--i\nContent-Type: message/rfc822\n\n{PLAIN}\n--i--\n"
)


def carrying(*inner: str, said: str = "Please look.", fields: str = "", media_type: str = "message/rfc822") -> Message:
    parts = "".join(f"--o\nContent-Type: {media_type}; name=a.eml\n\n{mail}\n" for mail in inner)
    head = f"From: Bo <bo@y.test>\nSubject: Fwd: Drucker\nContent-Type: multipart/mixed; boundary=o\n{fields}"
    return read(f"{head}\n--o\nContent-Type: text/plain\n\n{said}\n{parts}--o--\n")


@pytest.mark.parametrize(
    ("message", "files"),
    [
        # the mail that carries another one, the files in that one
        (carrying(PLAIN), []),
        (carrying(PLAIN, media_type="message/global"), []),
        (carrying(PLAIN, media_type="application/octet-stream"), []),
        (carrying(WITH_FILE), [("1.2/1.2", "hum.png")]),
        (carrying(NESTED), [("1.2/1.2", "part-1.2.eml")]),  # the outermost one counts
        (carrying(PLAIN, WITH_FILE), []),  # the first one of several
    ],
)
def test_an_attached_mail_is_a_forward(message: Message, files: list[tuple[str, str]]) -> None:
    found = message.forward
    assert found is not None
    assert (str(found.author), found.subject, found.part) == (ANN, "Drucker läuft", "1.2")
    assert found.date == "Mon, 2 Nov 2026 09:12:00 +0100"
    assert [m.address for m in (*found.to, *found.cc)] == ["desk@x.test", "bo@x.test"]
    assert (found.text, found.comment) == (WORDS, "Please look.")
    assert [(a.part, a.name) for a in found.attachments] == files
    assert message.text == "Please look."
    assert message.attachments[0].part == "1.2"


def test_an_answer_that_carries_a_mail_is_split_as_ever() -> None:
    message = carrying(PLAIN, said="See this.\n\nOn 1 Nov 2026, at 10:00, Cy <cy@x.test> wrote:\n> Really?")
    assert message.forward is not None
    assert (message.text, message.forward.comment) == ("See this.", "See this.")
    assert message.quoted.endswith("> Really?")


def test_what_stands_in_the_text_comes_before_what_is_attached() -> None:
    inline = f"Please look.\n\n---------- Forwarded message ---------\n{ENGLISH}"
    message = carrying(PLAIN, said=inline)
    assert message.forward is not None
    assert (message.forward.part, message.forward.subject) == (None, "Printer")


@pytest.mark.parametrize("inner", ["", "\n", "no mail at all", "X: y\n\n"])
def test_an_attachment_that_only_says_it_is_a_mail(inner: str) -> None:
    message = carrying(inner)
    assert message.forward is None or message.forward.author is None
    assert not {d.code for d in message.defects} & {"unreadable"}


def test_the_mail_that_a_delivery_report_returns_is_no_forward() -> None:
    report = (
        "From: MAILER-DAEMON@y.test\nContent-Type: multipart/report; report-type=delivery-status; boundary=o\n\n"
        "--o\n\nIt failed.\n--o\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; y.test\n\n"
        "Final-Recipient: rfc822; cy@y.test\nAction: failed\nStatus: 5.1.1\n\n"
        f"--o\nContent-Type: message/rfc822\n\n{PLAIN}\n--o--\n"
    )
    assert read(report).forward is None


@pytest.mark.parametrize("kind", ["Gmail", "Apple", "Apple unmarked", "Thunderbird", "Outlook", "Outlook web"])
@pytest.mark.parametrize("language", FORWARDS)
def test_forwards_in_every_language(language: str, kind: str) -> None:
    apple, thunderbird, prefix = FORWARDS[language]
    author, sent, to, about, when = LABELS[language]
    block = f"{author}: {ANN}\n{sent}: {when}\n{to}: desk@x.test; Bo <bo@x.test>\n{about}: Printer\n\n{WORDS}"
    text = {
        "Gmail": f"---------- Forwarded message ---------\n{block}",
        "Apple": f"{apple}\n\n{_marked(block)}",
        "Apple unmarked": f"{apple}\n\n{block}",
        "Thunderbird": f"{thunderbird}\n{block}",
        "Outlook": block,
        "Outlook web": f"{'_' * 32}\n{block}",
    }[kind]
    for comment in ("", "Please look.\n\nBo"):
        found = forwarded(f"{comment}\n\n{text}".strip(), f"{prefix}: Printer" if kind.startswith("Outlook") else "")
        assert found is not None
        assert (str(found.author), found.subject, found.date, found.text) == (ANN, "Printer", when, WORDS)
        assert [m.address for m in found.to] == ["desk@x.test", "bo@x.test"]
        assert found.comment == comment
