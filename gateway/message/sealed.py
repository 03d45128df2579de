"""Whether a part or a text is closed to us: only for those who have a key, or wrapped up whole in its signature.

Sources  RFC 8551 §3.2 (S/MIME types, and names for where they are lost), RFC 3156 §4 (PGP/MIME), RFC 9580 §6.2
         (armour), RFC 5652 §3, §5, §6 (CMS by its first octets: what holds its content, not a signature beside it).
Not here  texts that are signed in the open, which are read (pgp.py, passages.py).
"""

import re

START_OCTETS = 512  # how much of a file is looked at

SIGNATURES = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
})  # fmt: skip
_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_NAMES = (".p7m", ".p7z")
_CMS = re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----")
_PGP = re.compile(r"^[ \t]*-----BEGIN PGP MESSAGE-----[ \t]*\r?$", re.MULTILINE)
_DER = b"0"  # a SEQUENCE
_OID = b"\x2a\x86\x48\x86\xf7\x0d\x01"  # of RSA's standards
_CLOSED = tuple(_OID + end for end in (b"\x07\x03", b"\x09\x10\x01\x17", b"\x09\x10\x01\x09"))  # the last: compressed
_WRAPPED = _OID + b"\x07\x01\xa0"  # signed: what is signed stands within
_WITHIN = 32  # octets in which a file says what it is


def is_sealed_text(text: str) -> bool:
    """Whether some of it is for those who have a key."""
    return _PGP.search(text) is not None


def begins_sealed(text: str) -> bool:
    """Whether the first that it says is for those who have a key."""
    return _PGP.match(text.lstrip()) is not None


def is_sealed_file(media_type: str, name: str, start: bytes = b"") -> bool:
    """Whether a file is closed by its type, by its name or by how it begins.

    start  at least START_OCTETS of it, when it has that many; empty: nobody looks
    """
    if media_type in _TYPES or name.lower().endswith(_NAMES):
        return True
    if start.startswith(_DER):
        return any(each in start[:_WITHIN] for each in _CLOSED) or _WRAPPED in start[:START_OCTETS]
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"-----BEGIN PGP MESSAGE-----") or _CMS.match(text) is not None


def is_signature(media_type: str, name: str) -> bool:
    """Whether a file is the signature of the mail it came with, which says nothing to anybody without that mail."""
    return media_type in SIGNATURES or name.lower() == "smime.p7s"
