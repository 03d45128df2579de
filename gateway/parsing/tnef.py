"""What a `winmail.dat` holds, read by tnefparse where the extra `[tnef]` is installed.

Sources  MS-OXTNEF. tnefparse may hang on damaged octets and copies a lot: only a child that can be killed calls it, and
         the second attempt leaves the file closed.
Not here  rich text (rtf.py), what is done with the words and files (message/attachments.py).
"""

import logging
import math
import struct
from collections.abc import Iterator
from typing import Any

from gateway.message.charset import decode
from gateway.message.unpacked import Unpack, Unpacked, UnpackedFile
from gateway.parsing.rtf import decompressed, rtf_text
from gateway.parsing.tnef_claims import claims_too_much

try:
    from tnefparse import TNEF, TNEFAttachment
    from tnefparse.properties import MAPI_ATTACH_LONG_FILENAME, MAPI_ATTACH_MIME_TAG
except ImportError:  # the extra is not installed: the file stays an attachment
    TNEF = None

_MAX_WORK = 4_000_000_000  # octets that tnefparse would copy: the rest of the file for each of its objects
_MAX_OCTETS = 32 * 1024 * 1024
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # content of mails never goes to a log


def unpacker() -> Unpack | None:
    """The decoder; None when it is not installed."""
    return unpacked if TNEF is not None else None


def unpacked(octets: bytes, most_octets: int, most_files: int) -> Unpacked | None:
    """Words and files of a TNEF stream; None when it is damaged, or holds more than is allowed."""
    if len(octets) > _MAX_OCTETS or not octets.startswith(b"\x78\x9f\x3e\x22"):
        return None
    if _work(octets) > _MAX_WORK:
        return None
    try:
        found = TNEF(octets, do_checksum=False)
        files = tuple(map(_file, found.attachments[: most_files + 1]))
        text, html = _text(found.body, found.codepage), _text(found.htmlbody, found.codepage)
        if not (text.strip() or html.strip()):
            text = rtf_text(decompressed(_rtf(found), most_octets))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - its reader runs off the end in many ways; the file stays closed then
        return None
    if len(files) > most_files or sum(len(f.octets) for f in files) > most_octets:
        return None
    return Unpacked(text, html, files)


def _work(octets: bytes) -> float:
    """How many octets its reader would copy: the rest of the stream for each object; without end where one lies.

    An object is a head of nine octets, with its name and length, a content, and a checksum of two.
    """
    count, at = 0, 6
    while at + 12 < len(octets):
        name, length = struct.unpack_from("<xII", octets, at)
        if claims_too_much(name, octets[at + 9 : at + 9 + length]):
            return math.inf
        at += 11 + length
        count += 1
    return len(octets) * count


def _file(attachment: "TNEFAttachment") -> UnpackedFile:
    named = {
        a.name: a.data for a in attachment.mapi_attrs if a.name in (MAPI_ATTACH_LONG_FILENAME, MAPI_ATTACH_MIME_TAG)
    }
    name = _text(named.get(MAPI_ATTACH_LONG_FILENAME), attachment.codepage) or _short_name(attachment)
    data = attachment.data
    octets = data if isinstance(data, bytes) else b"".join(_octets(data))
    media_type = _text(named.get(MAPI_ATTACH_MIME_TAG), None).strip("\0")
    return UnpackedFile(name.strip("\0"), octets, media_type)


def _short_name(attachment: "TNEFAttachment") -> str:
    try:
        return str(attachment.name)
    except UnicodeDecodeError:  # it takes every name for UTF-8
        return _text(attachment._name, attachment.codepage)  # noqa: SLF001 - there is no other way to these octets


def _octets(data: Any) -> Iterator[bytes]:
    if isinstance(data, str):
        yield data.encode("utf-8", "replace")
    elif isinstance(data, (list, tuple)):
        for piece in data:
            yield from _octets(piece)
    elif isinstance(data, (bytes, bytearray)):
        yield bytes(data)


def _text(value: Any, codepage: Any) -> str:
    """Text in whichever form tnefparse left it."""
    if isinstance(value, (list, tuple)):
        return "\n".join(_text(piece, codepage) for piece in value)
    if isinstance(value, bytes):
        value = decode(value, str(codepage) if codepage else None, detect=False)[0]
    return value.rstrip("\0") if isinstance(value, str) else ""


def _rtf(found: Any) -> bytes:
    value = found._rtfbody  # noqa: SLF001 - the property needs one more library, and decompresses without a limit
    return b"".join(_octets(value)) if value else b""
