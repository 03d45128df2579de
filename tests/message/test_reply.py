"""Which words are new. Each shape stands for a family of mail programs; nothing is ever lost."""

import re

import pytest

from gateway.message.reply import MARKERS, split_reply

ENGLISH = "On Mon, 2 Nov 2026 at 09:12, Ann Lee <ann@x.test> wrote:"
OUTLOOK = "From: Ann Lee <ann@x.test>\nSent: Monday, 2 November 2026 09:12\nTo: Support\nSubject: Printer"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Just words.", "Just words."),
        (f"Yes.\n\n{ENGLISH}\n> Is it on?\n> Ann", "Yes."),
        (f"Yes.\n{ENGLISH}\n\n> Is it on?", "Yes."),  # no empty line above the introduction
        (f"First.\n\nSecond.\n\n{ENGLISH}\n>> a\n> b", "First.\n\nSecond."),
        # the introduction in other languages, on one line or two
        ("Ja.\n\nAm 02.11.2026 um 09:12 schrieb Ann Lee:\n> Läuft er?", "Ja."),
        ("Tak.\n\npon., 2 lis 2026 o 09:12 Ann Lee <ann@x.test> napisał(a):\n\n> Działa?", "Tak."),
        ("Ano.\n\nDne 2. 11. 2026 v 9:12 Ann Lee napsal(a):\n> Funguje?", "Ano."),
        ("Sim.\n\nEm seg., 2 de nov. de 2026 às 09:12, Ann <\nann@x.test> escreveu:\n\n> Funciona?", "Sim."),
        ("Da.\n\nDana 2. 11. 2026. u 9:12 Ann Lee je napisao/la:\n> Radi li?", "Da."),
        ("Да.\n\nпн, 2 нояб. 2026 г. в 09:12, Анна <ann@x.test>:\n\n> Работает?", "Да."),
        ("Oui.\n\nLe 02/11/2026 à 09:12, Ann Lee a écrit :\n> Alors ?", "Oui."),
        ("はい。\n\n2026年11月2日(月) 9:12 Ann Lee <ann@x.test>:\n\n> どうですか", "はい。"),
        # without quote marks
        (f"Yes.\n\n{ENGLISH}\n\nIs it on?\n\nAnn", "Yes."),
        # header blocks
        (f"Yes.\n\n{OUTLOOK}\n\nIs it on?", "Yes."),
        (f"Yes.\n\n________________________________\n{OUTLOOK}\n\nIs it on?", "Yes."),
        (f"Yes.\n\n-----Original Message-----\n{OUTLOOK}\n\nIs it on?", "Yes."),
        (
            "Ja.\n\nVon: Ann <ann@x.test>\nGesendet: Montag, 2. November 2026 09:12\nAn: Desk\nBetreff: Druck\n\nX",
            "Ja.",
        ),
        (
            "Да.\n\nОт: Анна <ann@x.test>\nОтправлено: 2 ноября 2026 г. 9:12\nКому: Support\nТема: Принтер\n\nX",
            "Да.",
        ),
        ("Yes.\n\n*From:* Ann <ann@x.test>\n*Sent:* 2 November 2026 09:12\n*To:* Support\n\nIs it on?", "Yes."),
        ("Yes.\n\n-----Ursprüngliche Nachricht-----\nIst er an?", "Yes."),
        ("Yes.\n\n---- On Mon, 2 Nov 2026 09:12:00 +0100 ann@x.test wrote ----\n\nIs it on?", "Yes."),
        # the one quote above the answer
        (f"{ENGLISH}\n> Is it on?\n\nYes, it is.", "Yes, it is."),
        (f"Hi,\n\n{ENGLISH}\n> Is it on?\n\nYes.\n\nRegards", "Hi,\n\nYes.\n\nRegards"),
        # answers between the lines stay with them
        ("> Is it on?\nYes.\n> And the cable?\nIn.", "> Is it on?\nYes.\n> And the cable?\nIn."),
        # quoted words that nobody introduces are an argument of the writer
        ("The display says\n> E 42\nWhat does it mean?", "The display says\n> E 42\nWhat does it mean?"),
        # not quotes
        ("Please check:\n\n* one\n* two", "Please check:\n\n* one\n* two"),
        ("At 10:30 on 2026-11-02 this came:\n\nE 42", "At 10:30 on 2026-11-02 this came:\n\nE 42"),
        ("Name: Ann\nSerial: 4711\nColour: red", "Name: Ann\nSerial: 4711\nColour: red"),
        ("Name: Ann\nMail: ann@x.test\nModel: P-12", "Name: Ann\nMail: ann@x.test\nModel: P-12"),  # no date
        ("one\n-----\ntwo", "one\n-----\ntwo"),
        # forwarded words are what the writer wants to show
        (f"See below.\n\n---------- Forwarded message ---------\n{OUTLOOK}\n\nHelp!", None),
        # nothing would be left: everything is new
        ("> Is it on?", "> Is it on?"),
        (f"{ENGLISH}\n> Is it on?", f"{ENGLISH}\n> Is it on?"),
        ("", ""),
    ],
)
def test_the_new_words(text: str, new: str | None):
    assert split_reply(text).new == (text if new is None else new)


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS)
@pytest.mark.parametrize("form", ["— {} —", "> — {} —", ">> {}", "*— {} —*", "##- {} -##"])
def test_everything_from_our_marker_on_is_quoted(marker: str, form: str):
    text = f"Yes.\n\n{ENGLISH}\n{form.format(marker)}\nYour request\nwas received."
    assert split_reply(text).new == "Yes."


@pytest.mark.parametrize(
    ("line", "marks"),
    [
        ("##- Please type your reply above this line -##", True),
        ("-- Please reply above this line --", True),
        ("Reply above this line.", True),
        ("##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##", True),
        ("----- Veuillez répondre au-dessus de cette ligne -----", True),
        ("=-=-= Escriba su respuesta por encima de esta línea =-=-=", True),
        ("__ Prosimy pisać odpowiedź powyżej tej linii __", True),
        ("## Пожалуйста, напишите ответ над этой чертой ##", True),
        # of people
        ("I wrote the answer above this line of code, and it works.", False),
        ("Where do I write? Above this line?", False),
        ("Please sign above this line", False),
        ("Der Drucker steht oberhalb dieser Linie.", False),
        ("Reply when the water stands above this.", False),
    ],
)
def test_other_desks_have_markers_of_their_own(line: str, marks: bool) -> None:
    text = f"Yes.\n\n—-—-—-—\n{line}\n\nYour request was updated."
    assert split_reply(text).new == ("Yes." if marks else text)


@pytest.mark.parametrize(
    ("introduction", "quotes"),
    [
        ("On Mon, 2 Nov at 9:12 AM , Acme Support <support@acme.test> wrote:", True),
        ("Am Mo., 2. Nov. um 09:12 schrieb Acme Support <support@acme.test>:", True),
        ("El lun, 2 nov a las 9:12, Acme <support@acme.test> escribió:", True),
        # of people
        ("On Monday at 9:12 I wrote to you:", False),
        ("At 9:12 my colleague wrote this to me:", False),
    ],
)
def test_an_introduction_may_leave_the_year_out(introduction: str, quotes: bool) -> None:
    text = f"Mine does too.\n\n{introduction}\nThe printer hums.\nDoes yours?"
    assert split_reply(text).new == ("Mine does too." if quotes else text)


@pytest.mark.parametrize(
    ("text", "new", "signature"),
    [
        ("Yes.\n-- \nAnn Lee\nACME", "Yes.", "-- \nAnn Lee\nACME"),
        ("Yes.\n--\nAnn Lee", "Yes.", "--\nAnn Lee"),  # programs drop the blank
        (f"Yes.\n-- \nAnn\n\n{ENGLISH}\n> -- \n> Bob", "Yes.", "-- \nAnn"),
        (f"Yes.\n\n{ENGLISH}\n> Is it on?\n\n-- \nAnn", "Yes.", "-- \nAnn"),
        ("a\n-- \nb\n-- \nAnn", "a\n-- \nb", "-- \nAnn"),
        ("Yes.\n-- \n" + "a line\n" * 40, "Yes.\n-- \n" + "a line\n" * 39 + "a line", ""),  # too long for one
        ("-- \nAnn", "-- \nAnn", ""),
        ("Yes.\n--- \nAnn", "Yes.\n--- \nAnn", ""),
    ],
)
def test_the_signature(text: str, new: str, signature: str):
    found = split_reply(text)
    assert (found.new, found.signature) == (new, signature)


@pytest.mark.parametrize(
    "text",
    [
        f"Yes.\n-- \nAnn\n\n{ENGLISH}\n> one\n> two\n\n> three",
        f"{ENGLISH}\n> one\n\nYes.\n-- \nAnn",
        f"Yes.\n\n{OUTLOOK}\n\nIs it on?\n> older",
    ],
)
def test_no_line_is_lost(text: str):
    found = split_reply(text)
    lines = "\n".join((found.new, found.quoted, found.signature)).split("\n")
    assert sorted(filter(None, lines)) == sorted(filter(None, text.split("\n")))
    assert found.quoted
    assert not re.search("^>", found.new)
