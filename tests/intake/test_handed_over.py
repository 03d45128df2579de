"""What a mail in a mailbox says of its delivery: for whom of ours, and from whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.handed_over import for_us, handed_over
from gateway.intake.mail_file import UnusableError, incoming, with_crlf

OURS = {"support@acme.test", "billing@acme.test", "bounce@acme.test"}


@pytest.mark.parametrize(
    ("head", "reverse_path", "paths"),
    [
        # the header, from whom, for whom of ours
        ("Return-Path: <jan@x.test>\nTo: support@acme.test\n", "jan@x.test", "support@acme.test"),
        ("Return-Path: <>\nFrom: jan@x.test\n", None, "otherwise"),
        ("From: Jan <jan@x.test>\nTo: Support <SUPPORT@acme.test>\n", "jan@x.test", "support@acme.test"),
        ("To: a@x.test\nDelivered-To: support+t1.abc@acme.test\n", None, "support+t1.abc@acme.test"),
        ("Delivered-To: bounce+b9.k@acme.test\nTo: x@x.test\n", None, "bounce+b9.k@acme.test"),
        ("Envelope-To: billing@acme.test\nCc: support@acme.test\n", None, "billing@acme.test support@acme.test"),
        ("X-Original-To: info@acme.test\n", None, "otherwise"),
        ("To: support@acme.test, support@acme.test\n", None, "support@acme.test"),
        ("Return-Path: <a@x.test>\nReturn-Path: <b@x.test>\n", "a@x.test", "otherwise"),
    ],
)
def test_handed_over(head: str, reverse_path: str | None, paths: str) -> None:
    found = handed_over(f"{head}Subject: x\n\nTo: nobody@acme.test\n".encode())
    assert found.reverse_path == reverse_path
    assert " ".join(for_us(found, OURS, "+", "otherwise")) == paths


@given(st.binary(max_size=400))
def test_any_octets_say_something(head: bytes) -> None:
    handed_over(head)
    handed_over(b"Received: x; " + head + b"\nDate: " + head)


@given(st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"."]), max_size=12))
def test_any_split_has_the_same_line_ends(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert b"".join(with_crlf(pieces)) == whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_hops_of_the_header_are_counted_as_on_the_wire(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = incoming((b"Received: a\nrece", b"ived: b\n\nReceived: c\n"), 1000, tmp_path)
    assert (made.hops, made.size, made.raw.read()[:13]) == (2, 41, b"Received: a\r\n")


def test_a_mail_that_is_too_large_is_not_held(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def endless():  # type: ignore[no-untyped-def]
        while True:
            yield b"x" * 1000

    with pytest.raises(UnusableError, match="larger than intake"):
        incoming(endless(), 5000, tmp_path)
