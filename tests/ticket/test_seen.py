"""Whose mails a person of the ticket has seen: answers refer to those alone."""

from pathlib import Path

import pytest

from gateway.events import seen_by
from gateway.operations.answers import OPERATIONS, Answer
from gateway.operations.merges import OPERATIONS as MERGES
from gateway.operations.merges import Split
from gateway.operations.types import Duty
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import RULES, Desk, mail, verdict

JAN, EVA = "jan@bigbank.test", "eva@bigbank.test"
COPIED = RULES.replace("members: [ann, bob]", "members: [ann, bob], participants: customer_cc")


def headers(raw: bytes) -> dict[str, str]:
    lines = raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ").split("\r\n")
    return dict(line.split(": ", 1) for line in lines)


def test_an_answer_refers_to_what_its_reader_has_seen(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    desk = Desk(open_store(settings), settings, COPIED)
    desk.take(mail(f"Jan <{JAN}>", Message_ID="<jan1@x.test>", Cc=EVA))
    reply = f"support+{desk.reply_address(EVA, 1).partition('+')[2]}"
    desk.take(mail(f"Eva <{EVA}>", "Re: Zwrot", "To jest moja sprawa.", Message_ID="<eva1@x.test>"), to=reply)
    desk.add_address(JAN, "jan@home.test")
    desk.take(mail("Jan <jan@home.test>", "Re: [#1] Zwrot", "I moja.", Message_ID="<jan2@x.test>"))
    assert desk.entries(1)[-1].message_id == "<jan2@x.test>"
    done = desk.write(
        lambda c: OPERATIONS["ticket.answer"].perform(c, Answer(1, "Zrobione."), Duty(desk.now, lambda: desk.deps))
    )
    assert done[0].outcome == "done"
    answers = {item.forward_path: headers(item.raw or b"") for item in desk.mails() if item.template == "answer"}
    assert answers[EVA]["In-Reply-To"] == "<eva1@x.test>"
    assert answers[JAN]["In-Reply-To"] == "<jan2@x.test>"
    with desk.reading() as c:
        for reader, others in ((EVA, {"<jan1@x.test>", "<jan2@x.test>"}), (JAN, {"<eva1@x.test>"})):
            assert not others & set(answers[reader].get("References", "").split())
            assert not others & set(seen_by(c, desk.ticket(1), reader))


@pytest.mark.parametrize(("dmarc", "flags"), [("fail", ("dmarc-fail",)), ("pass", ())])
def test_a_split_mail_keeps_the_doubts_about_its_author(dmarc: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    desk = Desk(open_store(settings), settings)
    desk.take(mail(f"Jan <{JAN}>"))
    desk.take(verdict(dmarc, mail(f"Eva <{EVA}>", "Another matter", "It is mine.")))
    desk.merge(2, 1)
    desk.write(lambda c: MERGES["ticket.split"].perform(c, Split(1), Duty(desk.now, lambda: desk.deps)))
    assert desk.ticket(3).flags == flags
