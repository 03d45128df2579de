"""Attachments come out of the raw mail as they went in."""

from gateway.message.cut_out import cut_out
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse

RAW = (
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"
    b"--b\r\nContent-Type: application/octet-stream; name=b.bin\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=00=FF\r\n--b--\r\n"
)


def test_each_part_is_decoded_by_its_path():
    message = parse(RAW, ParseLimits(), languages=("en",))
    found = cut_out(RAW, [each.part for each in message.attachments], ParseLimits())
    assert [found[each.part] for each in message.attachments] == [b"%PDF-1.4\n", b"\x00\xff"]


def test_what_is_not_there_is_left_out():
    assert cut_out(RAW, ["1.9", "7"], ParseLimits()) == {}
    assert cut_out(b"", ["1"], ParseLimits()) == {"1": b""}
