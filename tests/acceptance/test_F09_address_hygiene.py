"""F-09: one reader a mail, 7 bit, short lines, our own Message-ID; what cannot be sent is told before it is tried."""

from datetime import UTC, datetime

import pytest

from gateway.clock import FakeClock
from gateway.message.types import Mailbox
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.wire import ALLOWED_FIELDS, check
from gateway.rules.actions import ACTIONS
from gateway.store.store import Store
from gateway.ticket.types import File
from tests.outgoing.letters import ANSWER, letter, read
from tests.outgoing.peers import peer
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.outgoing.test_header_table import composed

pytestmark = pytest.mark.p1
START = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
WORDS = ("x" * 1200, "ż" * 1200, "🎉" * 700, "https://acme.test/" + "a" * 2000, "\t" * 1100)


@pytest.mark.parametrize("mail", KINDS)
def test_F09_every_mail_goes_to_one_reader_openly(mail: str) -> None:
    header = read(composed(mail).raw)
    assert len(header["To"].addresses) == 1
    assert not {"bcc", "cc", "resent-to"} & {name.lower() for name in header}
    assert header["Message-ID"].endswith("@acme.test>")


def test_F09_there_is_no_blind_copy_at_all() -> None:
    assert not {"bcc", "cc"} & ALLOWED_FIELDS
    assert "bcc" not in ACTIONS


@pytest.mark.parametrize("word", WORDS)
def test_F09_long_words_and_pictures_are_seven_bit_in_short_lines(word: str) -> None:
    values = {"answer": {"paragraphs": [[word]], "signature": []}}
    made = letter(template="answer", values=values, subject=f"Re: {word}", speaker=word[:80])
    check(made.raw)
    assert made.raw.isascii()
    assert max(map(len, made.raw.split(b"\r\n"))) <= 998
    assert word in read(made.raw).get_body(("plain",)).get_content()


@pytest.mark.parametrize(("extensions", "address", "state"), [
    # what the relay knows, to whom, what becomes of the mail
    ("SMTPUTF8", "jös@x.test", "sent"),
    ("HELP", "jös@x.test", "failed"),
    ("HELP", "jos@bücher.test", "sent"),  # a domain has another spelling
])  # fmt: skip
async def test_F09_other_letters_need_a_relay_that_knows_them(store: Store, extensions, address, state) -> None:
    clock = FakeClock(START)
    async with peer({"EHLO": f"250-x\r\n250 {extensions}"}) as server:
        working = sender(store, clock, server.port)
        id = await queued(store, clock, recipient=Mailbox("", address))
        await turn(working)
        await rest(working)
    assert row(store, id).state == state
    assert (not row(store, id).reason) is (state == "sent")  # a failure says why


async def test_F09_what_is_too_large_for_the_relay_is_not_sent_in_vain(store: Store) -> None:
    clock = FakeClock(START)
    file = File("a.bin", "application/octet-stream", bytes(22_000_000))  # 30 MB in base64
    async with peer({"EHLO": "250-x\r\n250 SIZE 10000000"}) as server:
        working = sender(store, clock, server.port)
        id = await queued(store, clock, template="answer", values=ANSWER, auto_submitted="no", files=(file,))
        await turn(working)
        await rest(working)
    item = row(store, id)
    assert (item.state, "DATA" in server.commands) == ("failed", False)
    assert item.last_reply == f"552 5.3.4 the mail has {len(item.raw)} octets, and the relay takes 10000000"
