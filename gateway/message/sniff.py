"""What a file is by its first octets, whatever its name and its label say.

Sources  the formats' own specifications; WHATWG MIME Sniffing §6 (images, audio, video, archives), for those that
         customers really attach. Only what is certain from a fixed place: no guess, no search.
Not here  the declared type (mime.py), the name (filename.py).
"""

START_OCTETS = 512  # how much of a file is looked at

# where, what stands there, what it is; the first that fits
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"8BPS\0\1", "image/vnd.adobe.photoshop"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"fLaC", "audio/flac"),
    (0, b"PK\3\4", "application/zip"),
    (0, b"PK\5\6", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"(\xb5/\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # doc, xls, ppt, msg
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"L\0\0\0\1\x14\2\0", "application/x-ms-shortcut"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"#!", "text/x-script"),
    (0, b"%!PS", "application/postscript"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_OFFICE = (  # what the first file in a zip of these is called
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
    (b"mimetypeapplication/epub+zip", "application/epub+zip"),
    (b"[Content_Types].xml", "application/vnd.openxmlformats-officedocument"),
)
_MARKUP = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<script", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
    (b"begin:vcalendar", "text/calendar"),
    (b"begin:vcard", "text/vcard"),
)


def sniffed(start: bytes) -> str | None:
    """The media type that the first octets prove; None when they prove none.

    start  at least START_OCTETS of the file, when it has that many
    """
    for offset, magic, media_type in _MAGIC:
        if start.startswith(magic, offset):
            return _inside_zip(start) if media_type == "application/zip" else media_type
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    return next((media_type for magic, media_type in _MARKUP if text.startswith(magic)), None)


def _inside_zip(start: bytes) -> str:
    first = start[30:120]  # the name of the first file, and for OpenDocument its content
    return next((media_type for name, media_type in _OFFICE if first.startswith(name)), "application/zip")
