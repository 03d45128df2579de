"""F-01, F-02: whatever stands in a subject, a name, a reference or a value, a mail of ours has exactly our fields."""

import re

import pytest

from gateway.message.types import Mailbox
from gateway.outgoing.fixtures import fixture
from gateway.outgoing.kinds import KINDS
from gateway.outgoing.wire import check
from tests.outgoing.letters import JAN, letter, read
from tests.outgoing.test_clean_header import EVIL

pytestmark = pytest.mark.p0
SUBJECTS = (*EVIL, "💩" * 2500, "A 💩 subject=?UTF-8?Q?=0A?=Bcc: i@x", "trailing\n", "x" * 10_000)


def dirty(value: object, evil: str) -> object:
    """The values of a mail, every text of which is the evil one; words that templates compare stay."""
    match value:
        case dict():
            return {name: dirty(inner, evil) for name, inner in value.items()}
        case list() | tuple():
            return [dirty(inner, evil) for inner in value]
        case str() if re.search(r"[ @“]", value) and not value[:4].isdigit():
            return evil
        case _:
            return value


@pytest.mark.parametrize("mail", KINDS)
def test_F01_a_mail_has_exactly_our_fields(mail: str) -> None:
    about = {"template": mail, "values": fixture(mail), "recipient": Mailbox("Jan", JAN)}
    ours = read(letter(**about, subject="Zwrot").raw).keys()
    for evil in SUBJECTS:
        made = letter(
            template=mail,
            values=dirty(fixture(mail), evil),
            subject=evil,
            recipient=Mailbox(evil, JAN),
            speaker=evil,
            cause=evil,
            references=(evil, f"<{evil}@x.test>"),
        )
        check(made.raw)
        assert read(made.raw).keys() == ours
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", made.raw)
