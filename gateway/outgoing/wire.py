"""The octets of a mail: parts in 7 bit, and the last check before anything is stored or sent.

Sources  RFC 5321 §2.3.8, §4.5.3.1.6 (CRLF only, 1000 octets a line), RFC 5322 §3.6 (fields once), RFC 2045 §6.7, §6.8.
         The check reads the finished octets and knows nothing of how they came about; it holds on any Python.
Not here  how a field is written (header.py), dots at the start of a line (smtp.py).
"""

import base64
import binascii
import re
from collections import Counter
from urllib.parse import quote

from gateway.errors import PoisonError
from gateway.outgoing.header import clean_header

ALLOWED_FIELDS = frozenset(
    {
        "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
        "auto-submitted", "x-auto-response-suppress", "precedence", "content-language",
        "mime-version", "content-type", "dkim-signature",
        "thread-topic", "thread-index", "list-id", "list-unsubscribe", "list-unsubscribe-post",
        "x-mailwicket-ticket", "x-mailwicket-rule", "x-mailwicket-mail", "x-mailwicket-loop",
    }
)  # fmt: skip
_REQUIRED = frozenset({"from", "to", "date", "message-id", "mime-version", "content-type"})
_MAX_LINE = 998
_MAX_NAME, _WORST = 900, 12  # of a file's name as it is written; characters for one that takes most
_QUOTED_PRINTABLE_GROWTH = 3  # octets for one that is not ASCII; base64 takes 4 for 3

_ASCII = bytes(range(0x80))
_SEVEN_BIT = bytes((*b"\t\r\n", *range(0x20, 0x7F)))
_FORBIDDEN = re.compile(rb"[^\t\r\n\x20-\x7e]")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LONG = re.compile(rb"[^\r\n]{%d}" % (_MAX_LINE + 1))
_FIELD_NAME = re.compile(rb"([!-9;-~]+): ?")
_ENCODINGS = {b"quoted-printable", b"base64", b"7bit"}
_ENCODING = re.compile(rb"(?i)\r\ncontent-transfer-encoding: ([^\r]*)")
_BOUNDARY = re.compile(rb'boundary="([^"]+)"')


def text_part(media_type: str, text: str) -> str:
    """A part of a multipart body: its fields and its content, in quoted-printable or base64, whichever is shorter."""
    octets = text.encode()
    foreign = len(octets.translate(None, _ASCII))
    if len(octets) + (_QUOTED_PRINTABLE_GROWTH - 1) * foreign <= len(octets) * 4 / 3:
        encoding, content = "quoted-printable", _quoted_printable(octets)
    else:
        encoding, content = "base64", base64.encodebytes(octets).decode().replace("\n", "\r\n")
    return f'Content-Type: {media_type}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}'


def file_part(media_type: str, name: str, octets: bytes, content_id: str | None = None) -> str:
    """A file as a part: its fields and its content in base64.

    name        in any letters (RFC 2231 §4)
    content_id  of a picture that the HTML shows (RFC 2392), without brackets; None: it is attached
    """
    content = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    shown = f"Content-ID: <{content_id}>\r\n" if content_id is not None else ""
    return (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n{shown}"
        f"Content-Disposition: {'inline' if shown else 'attachment'};\r\n"
        f" filename*=utf-8''{_shown(name)}\r\n\r\n{content}"
    )


def message_part(name: str, octets: bytes) -> str:
    """A whole mail as a part: as it is where it may stand so, for nothing in it may be encoded (RFC 2046 §5.2.1).

    Any other is a file, which is opened by its name: few programs know message/global (RFC 6532 §3.7).
    """
    if _octet_problem(octets):
        return file_part("application/octet-stream", name, octets)
    return (
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n"
        f"Content-Disposition: attachment;\r\n filename*=utf-8''{_shown(name)}\r\n\r\n{octets.decode('ascii')}"
    )


def _shown(name: str) -> str:
    """The name as a parameter of one line; of one that is too long the end, which says what kind of file it is."""
    clean = clean_header(name)
    shown = quote(clean, safe="")
    return shown if len(shown) <= _MAX_NAME else quote(clean[-(_MAX_NAME // _WORST) :], safe="")


def _quoted_printable(octets: bytes) -> str:
    encoded = binascii.b2a_qp(octets, istext=True).decode()
    if not encoded.endswith("\n"):
        encoded += "\n"
    return encoded.replace("\n", "\r\n")


def check(raw: bytes) -> None:
    """Refuse octets that must not leave the machine.

    Raises  PoisonError  bare line end, 8 bit or control, over-long line, unknown or repeated field, odd encoding;
                         the mail is not stored and not sent, what caused it stays with us
    """
    head, _, body = raw.partition(b"\r\n\r\n")
    problem = _octet_problem(raw) or _field_problem(head) or _part_problem(head, body)
    if problem:
        raise PoisonError(f"outgoing mail failed the wire check: {problem}")


def _octet_problem(raw: bytes) -> str:
    """What is wrong with the octets. Counting is many times quicker than a pattern, which then says where."""
    if raw.translate(None, _SEVEN_BIT) and (bad := _FORBIDDEN.search(raw)):
        return f"octet {bad[0][0]:#04x} at {bad.start()}"
    ends = raw.count(b"\r\n")
    if (raw.count(b"\r") != ends or raw.count(b"\n") != ends) and (bare := _BARE.search(raw)):
        return f"bare line end at {bare.start()}"
    if max(map(len, raw.split(b"\r\n"))) > _MAX_LINE and (long := _LONG.search(raw)):
        return f"line over {_MAX_LINE} octets at {long.start()}"
    return "" if raw.endswith(b"\r\n") else "no line end at the end"


def _field_problem(head: bytes) -> str:
    seen: Counter[str] = Counter()
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and line.strip() and seen:
            continue
        name = _FIELD_NAME.match(line)
        if name is None:
            return f"line {line[:40]!r} is no field"
        seen[name[1].decode().lower()] += 1
    if unknown := seen.keys() - ALLOWED_FIELDS:
        return f"field {min(unknown)}"
    if missing := _REQUIRED - seen.keys():
        return f"no field {min(missing)}"
    repeated = [name for name, count in seen.items() if count > 1]
    return f"field {repeated[0]} twice" if repeated else ""


def _part_problem(head: bytes, body: bytes) -> str:
    boundary = _BOUNDARY.search(head)
    if boundary is None:
        return "no boundary"
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    if first or len(parts) < 2 or parts[-1] != b"--\r\n":
        return "parts are not closed"
    for part in parts[:-1]:
        fields, _, content = part.partition(b"\r\n\r\n")
        if _BOUNDARY.search(fields) is not None:
            if problem := _part_problem(fields, content):
                return problem
            continue
        encoding = _ENCODING.search(fields)
        if encoding is None or encoding[1] not in _ENCODINGS:
            return "part without a 7-bit transfer encoding"
    return ""
