"""What an attachment is called, safe to show, to log and to save under.

Sources  RFC 2183 §2.3 (never trust the name), UTS 36 §3 (bidi and invisible characters), RFC 6266 (where it is used).
         Invisible characters go before separators are looked for, because they could hide one.
Not here  how the parameter was written (header.py).
"""

import re
import unicodedata

MAX_NAME_OCTETS = 200
_SEPARATOR = re.compile(r"[/\\\u2044\u2215\uff0f\uff3c]|%2f|%5c", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)  # device names of Windows
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
}


def clean_name(name: str, *, part: str, media_type: str) -> str:
    """The name without path, controls or tricks, at most 200 octets; when nothing is left, one made for the part."""
    name = name[:4096].encode("utf-8", "replace").decode("utf-8")
    if not name.isascii() or not name.isprintable():
        name = unicodedata.normalize("NFC", "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE))
    name = _SEPARATOR.split(name.strip().rstrip("/\\"))[-1]
    name = re.sub(r"\s+", " ", name).strip(". ")
    if not name:
        return f"part-{part}{_EXTENSIONS.get(media_type, '.bin')}"
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    """At most MAX_NAME_OCTETS octets; the extension stays."""
    if len(name.encode()) <= MAX_NAME_OCTETS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    kept = stem.encode()[: MAX_NAME_OCTETS - len((dot + extension).encode())]
    return kept.decode("utf-8", "ignore").rstrip(". ") + dot + extension
