"""What a mail repeats of ours is folded, whatever a program did to it; what a person cites or answers is not."""

import time
from dataclasses import replace

import pytest

from gateway.message.own_words import standing_in
from gateway.message.reply import refolded, split_reply
from gateway.message.reply_html import split_html
from tests.message.read import LANGUAGES, mail

OURS = """Dobrý den, paní Nováková,

prosíme o číslo na zadní straně tiskárny. Najdete je pod čárovým kódem.
Potom zjistíme, jestli je ještě v záruce.

Hezký\x20den

--\x20
Acme Support · support@acme.test
https://acme.test/help"""
FLAT = OURS.replace("\n", " ").replace("-- ", "")
LINKED = OURS.replace("support@acme.test", "support@acme.test<mailto:support@acme.test>").replace("-- \n", "")
ASKED = "prosíme o číslo na zadní straně tiskárny. Najdete je pod čárovým kódem."


@pytest.mark.parametrize(
    ("written", "new"),
    [
        # the mail as it came, what is new in it
        (f"Je to 4711.\n\n{OURS}", "Je to 4711."),
        (f"{OURS}\n\nJe to 4711.", "Je to 4711."),
        (f"Děkuji.\n\n{OURS}\n\nJe to 4711.", "Děkuji.\n\nJe to 4711."),
        (f"Je to 4711.\n\n{FLAT}", "Je to 4711."),
        (f"Je to 4711.\n\n{LINKED}", "Je to 4711."),
        (f"Je to 4711.\n\n{OURS.replace(' ', chr(0xA0))}", "Je to 4711."),
        (f"Je to 4711.\n\n{OURS.encode('ascii', 'replace').decode()}", "Je to 4711."),
        (f"Je to 4711.\n\n{OURS.upper()}", "Je to 4711."),
        (f"Je to 4711.\n\n2. 11. 2026 9:12, Acme Support <support@acme.test>:\n\n{OURS}", "Je to 4711."),
        (f"Je to 4711.\n\nXyzzy Acme <support@acme.test> plugh:\n{OURS}", "Je to 4711."),
        # answers among our lines stay with them
        (f"{ASKED}\n4711\n{OURS.partition(ASKED)[2].strip()}", f"{ASKED}\n4711"),
        (f"{ASKED}\n4711\n{OURS.partition(ASKED)[2].strip()}\nJana", None),
        # a sentence that he cites, a greeting that is his as well as ours
        (f"Píšete:\n{ASKED}\nAle kód tam není.", None),
        (f"Čemu nerozumím:\n{ASKED}", None),
        ("Dobrý den, paní Nováková,\n\nkód tam není.\n\nHezký den", None),
        # words of his on a line of ours
        (f"Je to 4711.\n\n{ASKED} 4711!", None),
        # he has nothing to say
        (OURS, None),
    ],
)
def test_our_own_words_are_quoted(written: str, new: str | None) -> None:
    assert split_reply(written, (OURS,)).new == (written if new is None else new)


def test_our_words_in_html_without_marks() -> None:
    html = "".join(f"<div>{line or '<br>'}</div>" for line in f"Je to 4711.\n\n{OURS}".split("\n"))
    found = split_html(html, ("Something else that we wrote at another time.", OURS))
    assert (found.new, found.signature) == ("Je to 4711.", "")


def test_a_message_is_folded_anew() -> None:
    body = f"The number is the one that I have sent you in my mail: 4711.\n\n{OURS}\n\nOn 1 Nov 2026 Eva wrote:\n> Old."
    message = mail(body=body)
    assert message.quoted.startswith("On 1 Nov")
    found = refolded(message, (OURS,), LANGUAGES)
    assert found.text == "The number is the one that I have sent you in my mail: 4711."
    assert found.quoted.startswith("Dobrý den")
    assert found.quoted.endswith("> Old.")
    assert found.signature == ""
    assert found.language == "en"


@pytest.mark.parametrize("ours", ["", "Nothing of this is there, be it as long as it may."])
def test_what_repeats_nothing_stays_the_same(ours: str) -> None:
    message = mail(body="Je to 4711.\n\n-- \nEva")
    assert refolded(message, (ours,), LANGUAGES) is message


def test_a_forward_of_our_mail_is_not_folded() -> None:
    forward = f"---------- Forwarded message ---------\nFrom: Acme <support@acme.test>\nDate: 1 Nov 2026\n\n{OURS}"
    message = mail(body=forward)
    assert refolded(message, (OURS,), LANGUAGES) is message


def test_the_words_grow_the_work_no_faster_than_themselves() -> None:
    took = []
    for times in (500, 1000, 2000):
        lines = [f"{OURS} {n}" for n in range(times)]
        began = time.process_time()
        standing_in(lines, (OURS * times,))
        took.append(time.process_time() - began)
    assert took[2] < 8 * max(took[0], 0.02)


def test_nothing_is_lost() -> None:
    body = f"Je to 4711.\n\n{OURS}"
    found = refolded(replace(mail(body="x"), text=body), (OURS,), LANGUAGES)
    assert "\n".join((found.text, found.quoted, found.signature)).split() == body.split()
