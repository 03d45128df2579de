"""F-02: names, file names, references and addresses are cleaned or refused; none of them writes a field of its own."""

import re

import pytest

from gateway.errors import PoisonError
from gateway.message.types import Mailbox
from gateway.outgoing.wire import check
from gateway.ticket.types import File
from tests.outgoing.letters import ANSWER, JAN, letter, read

pytestmark = pytest.mark.p0
EVIL_NAMES = (
    "x\r\nBcc: v@x.test", "x\nBcc: v@x.test", "x\r\n\r\n<script>", "=?utf-8?q?x=0D=0ABcc:_v@x.test?=", "x\x00y",
    "x\x0by", "\u2028Bcc: v@x.test", "a\u202egpj.exe", "\ud800", '"><img src=x>', "x" * 10_000, "\u0085Bcc: v@x.test",
)  # fmt: skip
IDS = ("<a@b>\r\nBcc: v@x.test", "no id", "<a b@c>", "<a@b", "<=?utf-8?q?a=0D=0A?=@b>", "<ż@b.test>", "<a@b>" * 300)


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_F02_a_display_name_stays_in_its_field(name: str) -> None:
    usual = read(letter(template="answer", values=ANSWER, speaker="Ana").raw).keys()
    made = letter(template="answer", values=ANSWER, speaker=name, recipient=Mailbox(name, JAN))
    check(made.raw)
    header = read(made.raw)
    assert header.keys() == usual
    assert [a.addr_spec for a in header["To"].addresses] == [JAN]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", made.raw)


@pytest.mark.parametrize("name", [*EVIL_NAMES, 'a"\r\nX: y.txt', "../../etc/passwd", 'a";x="'])
def test_F02_a_file_name_stays_in_its_field(name: str) -> None:
    made = letter(template="answer", values=ANSWER, files=(File(name, "text/plain", b"x"),))
    check(made.raw)
    (part,) = read(made.raw).iter_attachments()
    assert {key.lower() for key in part.keys()} == {  # noqa: SIM118  (a message, no dict)
        "content-type", "content-transfer-encoding", "content-disposition",
    }  # fmt: skip
    assert part.get_content() == "x"


def test_F02_references_are_ids_and_few() -> None:
    many = tuple(f"<{n}@x.test>" for n in range(100_000))
    made = letter(references=(*IDS, *many), in_reply_to="<a@b>\r\nX: y")
    check(made.raw)
    header = read(made.raw)
    found = header["References"].split()
    assert len(found) <= 20
    assert len(header["References"]) <= 998
    assert all(re.fullmatch(r"<[!-~]+@[!-~]+>", id) for id in found)
    assert header["In-Reply-To"] is None


@pytest.mark.parametrize("address", [
    "c@d>\r\nRCPT TO:<evil@x.test", "c@d\r\nDATA", "c@d>", "<c@d", "c d@e.test", "c@d@e", "c\x00@d.test", "@d.test", "",
])  # fmt: skip
def test_F02_an_address_that_is_none_gets_no_mail(address: str) -> None:
    with pytest.raises(PoisonError):
        letter(recipient=Mailbox("", address))
