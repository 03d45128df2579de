"""Texts of OpenPGP that stand in a mail without any MIME part: what is only signed is readable, and is read.

Sources  RFC 9580 §6.2 (armour), §7 (cleartext signatures, dash-escaping).
         A signature is taken off, never believed: nobody's key is known here.
Not here  PGP/MIME, whose parts say what they are (passages.py).
"""

import re

_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
# fields of the armour, base64 and its checksum: nothing that somebody could have written to us
_SIGNATURE = re.compile(
    r"^-----BEGIN PGP SIGNATURE-----\n(?:[A-Z][a-z]{3,10}: [^\n]{0,100}\n)*\n?(?:[A-Za-z0-9+/=]{1,80}\n)+"
    r"-----END PGP SIGNATURE-----$\n?",
    re.MULTILINE,
)
_BEGIN = re.compile(rf"^{_SIGNED}\n(?:Hash: [^\n]{{0,100}}\n)*\n?", re.MULTILINE)
_ESCAPED = re.compile(r"^- (?=-|From )", re.MULTILINE)


def is_encrypted(text: str) -> bool:
    """Whether some of it is for those who have a key."""
    return _ENCRYPTED in text


def without_armour(text: str) -> str | None:
    """The text without signatures and what they need around it; None when nothing in it is signed."""
    begin = _BEGIN.search(text)
    if begin is None:
        return None
    signed = _ESCAPED.sub("", text[begin.end() :])
    return text[: begin.start()] + _BEGIN.sub("", _SIGNATURE.sub("", signed))
