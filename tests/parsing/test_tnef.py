"""Containers of Outlook: read in the child, closed when they are damaged or hold too much."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parsing.rtf import decompressed, rtf_text
from gateway.parsing.tnef import unpacked

ATTACH_DATA, ATTACH_TITLE, ATTACH_REND, BODY, CODEPAGE = 0x6800F, 0x18010, 0x69002, 0x2800C, 0x69007


def attribute(level: int, name: int, octets: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(octets)) + octets + struct.pack("<H", sum(octets) & 0xFFFF)


def stream(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def file(name: bytes, octets: bytes) -> bytes:
    return b"".join(
        (attribute(2, ATTACH_REND, bytes(14)), attribute(2, ATTACH_TITLE, name), attribute(2, ATTACH_DATA, octets))
    )


PAGE = attribute(1, CODEPAGE, struct.pack("<II", 1252, 0))
WHOLE = stream(PAGE, attribute(1, BODY, b"Words\0"), file(b"a.txt\0", b"abc"), file(b"b\xe4.bin\0", b"x" * 100))


def test_words_and_files_come_out():
    found = unpacked(WHOLE, 1000, 10)
    assert found is not None
    assert (found.text, [(f.name, f.octets) for f in found.files]) == (
        "Words",
        [("a.txt", b"abc"), ("bä.bin", b"x" * 100)],
    )


@pytest.mark.parametrize(
    ("octets", "most_octets", "most_files"),
    [
        (WHOLE, 102, 10),
        (WHOLE, 1000, 1),
        (b"", 1000, 10),
        (b"PK\3\4", 1000, 10),
    ],
)
def test_what_is_too_much_or_damaged_stays_closed(octets: bytes, most_octets: int, most_files: int):
    found = unpacked(octets, most_octets, most_files)
    assert found is None or not found.files


@given(st.binary(max_size=60), st.integers(0, len(WHOLE) - 1))
@settings(max_examples=100)
def test_damage_is_no_exception(octets: bytes, at: int):
    damaged = WHOLE[:at] + octets + WHOLE[at + len(octets) :]
    found = unpacked(damaged, 10_000, 10)
    assert found is None or sum(len(f.octets) for f in found.files) <= 10_000
    assert isinstance(rtf_text(decompressed(damaged, 1_000)), str)
    assert isinstance(rtf_text(b"{\\rtf1 " + octets), str)


@pytest.mark.parametrize("n", [1_000, 4_000])
def test_many_small_objects_are_refused_before_they_are_read(n: int):
    assert unpacked(stream(PAGE, attribute(1, BODY, b"x" * 1_000) * n), 10**9, 10) is None or n < 4_000


PROPERTIES, RECIPIENTS = 0x69003, 0x69004
TRUE = struct.pack("<IHHIIHHI8s", 2, 0x1002, 1, 3, 0x00020001, 3, 0x101E, 2, b"") + struct.pack("<I4s", 1, b"x")


@pytest.mark.parametrize(
    ("name", "octets", "read", "why"),
    [
        (PROPERTIES, TRUE, True, "what is there"),
        (PROPERTIES, TRUE[:-5], True, "an end that is missing"),
        (PROPERTIES, struct.pack("<I", 2**32 - 1) + bytes(8), False, "four thousand million properties"),
        (PROPERTIES, struct.pack("<IHHI", 1, 0x1002, 1, 2**32 - 1), False, "as many numbers"),
        (PROPERTIES, struct.pack("<IHHI", 1, 0x101E, 1, 2**32 - 1), False, "as many texts"),
        (PROPERTIES, struct.pack("<IHHI", 1, 0x1E, 1, 2**32 - 1), False, "as many texts of one value"),
        (RECIPIENTS, struct.pack("<II", 1, 2**32 - 1), False, "as many properties of one recipient"),
        (RECIPIENTS, struct.pack("<I", 2**32 - 1), False, "as many recipients"),
    ],
)
def test_what_claims_more_than_it_can_hold_stays_closed(name: int, octets: bytes, read: bool, why: str):
    found = unpacked(stream(PAGE, attribute(1, name, octets), attribute(1, BODY, b"Words\0")), 1000, 10)
    assert (found is not None) == read, why


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Hello\par w\'f6rld}", "Hello\nwörld"),
        (rb"{\rtf1\uc1 \u8364?5 \{a\}\~b}", "€5 {a} b"),
        (rb"{\rtf1\fromhtml1 {\*\htmltag64 <p>}Hi\htmlrtf \par \htmlrtf0 you{\*\htmltag72 </p>}}", "Hiyou"),
        (rb"{\rtf1\uc0\u-10179\u-8704 }", "😀"),
        (b"", ""),
        (b"}}}{{{", ""),
    ],
)
def test_the_words_of_rich_text(rtf: bytes, text: str):
    assert rtf_text(rtf) == text


def test_compressed_rich_text():
    # the example of MS-OXRTFCP §3.1.1
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompressed(example, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert len(decompressed(example, 10)) <= 10 + 17
    assert decompressed(b"short", 1000) == b""
    assert decompressed(struct.pack("<IIII", 17, 5, 0x414C454D, 0) + b"plain", 1000) == b"plain"
