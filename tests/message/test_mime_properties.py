"""What holds of every mail that a program may write, and of every damaged one."""

import email
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.message.limits import ParseLimits, first_field, header_block
from gateway.message.mime import Part, structure
from tests.message.read import read
from tests.message.strategies import Made, damaged, mails
from tests.message.test_hostile import is_sound

LIMITS = ParseLimits()
LINES = (b"hello printer\r\n", b"> quoted\r\n", b"On 2026-11-02 a@b.test wrote:\r\n", b")" * 99, b"<div>")
EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def leaves(part: Part) -> int:
    """How many parts hold something."""
    return sum(map(leaves, part.children)) if part.children else 1


@EXAMPLES
@given(mails())
def test_what_was_written_is_read(made: Made):
    found = read(made.raw)
    assert (found.subject, found.text) == (made.subject, made.text)
    assert tuple(a.name for a in found.attachments) == made.names
    assert found.author is not None
    assert not found.defects
    assert is_sound(found)


@EXAMPLES
@given(damaged())
def test_a_damaged_mail_is_a_message(raw: bytes):
    assert is_sound(read(raw))


@EXAMPLES
@given(mails())
def test_the_scan_counts_what_another_parser_counts(made: Made):
    header = header_block(made.raw, 0, len(made.raw), LIMITS)
    other = email.message_from_bytes(made.raw)
    assert [name for name, _ in header.fields] == other.keys()
    assert leaves(structure(made.raw, header, LIMITS)[0]) == made.leaves
    assert made.leaves == sum(not part.is_multipart() for part in other.walk())


@EXAMPLES
@given(damaged())
def test_the_scan_never_counts_fewer_fields_than_another_parser(raw: bytes):
    """Lines end in LF here: a CR alone ends a line for the other parser, and none for us (RFC 5322 §2.3)."""
    raw = raw.replace(b"\r", b"")
    header = header_block(raw, first_field(raw), len(raw), LIMITS)
    assert len(header.fields) >= len(email.message_from_bytes(raw).keys()) or header.defects


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(made=mails(), data=st.data())
def test_work_grows_with_the_octets(made: Made, data: st.DataObject):
    """The body twice as long costs about twice as much, measured best of three."""
    line = data.draw(st.sampled_from(LINES))
    once, twice = made.raw + line * 500, made.raw + line * 1000
    assert cost(twice) < 2.5 * cost(once) + 0.005


def cost(raw: bytes) -> float:
    """Seconds of the processor, the best of three."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        read(raw)
        taken.append(time.process_time() - began)
    return min(taken)
