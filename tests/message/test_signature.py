"""Where somebody closes and says who he is, in the languages of the desk; and what only looks so."""

import pytest

from gateway.message.reply import split_reply
from gateway.message.reply_html import split_html
from gateway.message.signature import without_signature

WORDS = "The red one hums.\n\nCan it be replaced?"
ABOVE = (
    "\n\nFrom: Ann Lee <ann@x.test>\nSent: Monday, 2 November 2026 09:12\nTo: Desk\nSubject: Printer\n\nDoes it hum?"
)


@pytest.mark.parametrize(
    "below", ["", ABOVE, "\n\nOn 2 Nov 2026, at 09:12, Ann Lee <ann@x.test> wrote:\n> Does it hum?"]
)
@pytest.mark.parametrize(
    "signature",
    [
        # language, desk or phone: always a closing formula, a name, and a way to reach him
        "Kind regards,\nBo Brown\nHead of Purchasing\nAcme Ltd\nTel. +44 20 7946 0000\nwww.acme.test",
        "Best regards\n\nBo\n\nbo@acme.test | https://acme.test",
        "Many thanks and kind regards\nBo Brown\n020 7946 0000",
        "Mit freundlichen Grüßen\n\ni.A. Bo Braun\nEinkauf\n\nAcme GmbH\nHauptstraße 5\n12345 Berlin\nbo@acme.test",
        "Viele Grüße aus Hamburg\nBo Braun\nMobil 0171 1234567",
        "MfG, Bo Braun\nAcme GmbH · www.acme.test",
        "LG\nBo\n\nAcme GmbH | Hauptstraße 5 | 12345 Berlin\n\nTel.: 030 901820",
        "Pozdrawiam\nBo Brązowy\nKierownik zakupów\ntel. 601 234 567",
        "Z poważaniem,\n\nBo Brązowy\nAcme Sp. z o.o.\nbo@acme.test",
        "S pozdravem\n\nBo Hnědý\nnákupčí\nMobil: +420 601 234 567\nwww.acme.test",
        "Atenciosamente,\n\nBo Castanho\nCompras\nTel.: (11) 3456-7890",
        "Com os melhores cumprimentos,\nBo Castanho\n+351 21 345 67 89",
        "Srdačan pozdrav,\nBo Smeđi\nVoditelj nabave\nmob: +385 91 234 5678",
        "С уважением,\nБо Браунов\nОтдел закупок\nтел. +7 495 123-45-67",
    ],
)
def test_a_closing_with_a_name_and_how_to_reach_him_is_a_signature(signature: str, below: str) -> None:
    found = split_reply(f"{WORDS}\n\n{signature}{below}")
    assert (found.new, found.signature) == (WORDS, signature)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Kind regards,\nBo", "a name alone is by hand"),
        ("Kind regards\n\nBo Brown\nHead of Purchasing", "no way to reach him"),
        ("Regards,\nBo Brown\n+44 20 7946 0000\n\nPS: the blue one too.", "a postscript below"),
        ("Thanks,\nBo\n\nThe serial number is 4711, and mine is +44 20 7946 0000.", "a sentence below"),
        ("Thanks,\nBo\n\nIs bo@acme.test still right?", "a question below"),
        ("Thanks\nBo Brown\n+44 20 7946 0000\n\nItem: red printer\nFault: hums", "a form below"),
        ("Danke\n\nBo Braun\nRechnung 2026-0815\nTel. 0171 1234567", "the number that it is about"),
        ("MfG\nBo Braun\nIBAN DE00 1234 5678 9012\nTel. 0171 1234567", "an account"),
        ("Please send it to:\n\nBo Brown\nMain Street 5\n+44 20 7946 0000", "no closing: that is what is asked"),
        ("Thanks for your call.\n\nBo Brown\n+44 20 7946 0000", "a sentence that begins as a closing does"),
        ("Cheers\n4711-0815\nwww.acme.test/red", "no name below it"),
        ("1. with best regards\n\nis how the letter ends.\nwww.acme.test", "words go on below"),
    ],
)
def test_what_may_be_words_stays_words(text: str, why: str) -> None:
    found = split_reply(f"{WORDS}\n\n{text}")
    assert (found.new, found.signature) == (f"{WORDS}\n\n{text}", ""), why


def test_a_signature_in_html_is_one() -> None:
    lines = ("Mit freundlichen Grüßen", "Bo Braun", "Acme GmbH", "Tel.: +49 30 901820")
    signature = "".join(f"<p class=MsoNormal>{line}<o:p></o:p></p>" for line in lines)
    header = (
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><b>Von:</b> Ann Lee</div>"
    )
    found = split_html(f"<p class=MsoNormal>Ja.</p>{signature}{header}<p class=MsoNormal>Brummt er?</p>")
    assert (found.new, [line for line in found.signature.split("\n") if line]) == ("Ja.", list(lines))


def test_where_nothing_else_is_written_a_signature_is_the_words() -> None:
    text = "Kind regards,\nBo Brown\n+44 20 7946 0000"
    assert split_reply(text + ABOVE).new == text


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        (
            "Mine too.\n\nMonday, November 2, 2026, 9:12:00 AM, Ann Lee <ann@x.test> wrote:\n\nAL> It hums.\nAL> Why?",
            "Mine too.",
            "initials of whom the introduction names",
        ),
        (
            "Mine too.\n\nПонедельник, 2 ноября 2026 г., 9:12:00, Вы писали:\n\nAL> It hums.\nAL>> Why?",
            "Mine too.",
            "the introduction says that somebody wrote",
        ),
        (
            "On 2 Nov 2026 at 9:12 Ann Lee <ann@x.test> wrote:\n\nAL> Does it hum?\n\nYes.\n\nAL> Since?\n\nMonday.",
            None,
            "answers between stay with what they answer",
        ),
        ("I typed:\n\nSQL> select 1\nSQL> quit\n\nand it failed.", None, "a prompt"),
        ("On 2.11.2026 at 9:12 I saw:\n\nA> drive not ready", None, "nobody is named"),
    ],
)
def test_initials_before_a_quote_mark(text: str, new: str | None, why: str) -> None:
    assert split_reply(text).new == (text if new is None else new), why


@pytest.mark.parametrize("own", ["E-Mail: bo@acme.test", "bo@acme.test", "www.acme.test · bo@acme.test"])
def test_ones_own_address_above_a_header_is_no_introduction(own: str) -> None:
    assert split_reply(f"{WORDS}\n\nBo\n{own}{ABOVE}").new == f"{WORDS}\n\nBo\n{own}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # words of Ana Kovač, and what is left without her signature
        ("Tak.\n\nS poštovanjem,\nAna Kovač\nAcme d.o.o., Duga 12, 10000 Zagreb", "Tak."),
        ("Tak.\n\nS poštovanjem,\n\nAna Kovač\n\nPodrška, kućni 4711", "Tak."),
        ("Tak.\n\nANA KOVAČ\nSupport", "Tak."),
        ("Tak.\n\nPozdrav\nAna Kovač", "Tak.\n\nPozdrav\nAna Kovač"),  # by hand
        ("Tak.\n\nAna\nSupport", "Tak.\n\nAna\nSupport"),
        (
            "Ana Kovač\n\nhas looked into it, and says that the parcel left us today.",
            "Ana Kovač\n\nhas looked into it, and says that the parcel left us today.",
        ),
        ("Tak.\n\nAna Kovač\nSupport\n\nPS: or tomorrow.", "Tak.\n\nAna Kovač\nSupport\n\nPS: or tomorrow."),
        ("> Ana Kovač\n> Support", "> Ana Kovač\n> Support"),
    ],
)
def test_whoever_is_known_signs_with_his_name(text: str, left: str) -> None:
    assert without_signature(text, "Ana Kovač") == left
