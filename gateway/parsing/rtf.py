"""The text of compressed rich text, as Outlook puts it into `winmail.dat`.

Sources  MS-OXRTFCP §3.1 (compression), RTF 1.9.1 (control words), MS-OXRTFEX §2.1.3 (HTML inside RTF: its tags are
         in groups that are skipped, and its text is text).
         Both linear; at most as much comes out as the caller takes.
Not here  fonts, colours, pictures: only the words.
"""

import re
import struct

from gateway.message.charset import decode

_INITIAL = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 4096
_COMPRESSED, _STORED = 0x75465A4C, 0x414C454D
_TOKEN = re.compile(r"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}]+)", re.DOTALL)
_SKIPPED = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "generator", "themedata",
    "listtable", "listoverridetable", "rsidtbl", "xmlnstbl", "latentstyles", "datastore", "fldinst", "htmltag",
    "mhtmltag",
})  # fmt: skip
_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": " | ", "emdash": "—", "endash": "–",
           "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}  # fmt: skip
_CODEPAGE = re.compile(r"\\ansicpg(\d{3,5})")


def decompressed(octets: bytes, most: int) -> bytes:
    """The RTF; as much of it as could be read. Empty when it is none."""
    if len(octets) < 16:
        return b""
    size, kind = struct.unpack_from("<4xII", octets)
    if kind == _STORED:
        return octets[16 : 16 + min(size, most)]
    return _unfolded(octets, min(size, most)) if kind == _COMPRESSED else b""


def _unfolded(octets: bytes, size: int) -> bytes:
    window = bytearray(_WINDOW)
    window[: len(_INITIAL)] = _INITIAL
    write, at = len(_INITIAL), 16
    out = bytearray()
    while at < len(octets) and len(out) < size:
        control = octets[at]
        at += 1
        for bit in range(8):
            if at >= len(octets) or len(out) >= size:
                break
            if not control >> bit & 1:
                piece = octets[at : at + 1]
                at += 1
                window[write] = piece[0]
                write = (write + 1) % _WINDOW
                out += piece
                continue
            reference = int.from_bytes(octets[at : at + 2], "big")
            at += 2
            start = reference >> 4
            if start == write:  # the mark of the end
                return bytes(out)
            for step in range((reference & 15) + 2):
                octet = window[(start + step) % _WINDOW]
                window[write] = octet
                write = (write + 1) % _WINDOW
                out.append(octet)
    return bytes(out)


def rtf_text(octets: bytes) -> str:
    """The words of RTF, one line for each paragraph; not yet cleaned."""
    source = octets.decode("latin-1")
    page = _CODEPAGE.search(source, 0, 4096)
    reader = _Reader(f"cp{page[1]}" if page else "cp1252")
    for found in _TOKEN.finditer(source):
        reader.take(found)
    return reader.text()


class _Reader:
    """Reads token by token; a group whose words are not for people is skipped whole."""

    def __init__(self, codepage: str) -> None:
        self._codepage = codepage
        self._out: list[str] = []
        self._octets = bytearray()
        self._groups: list[tuple[bool, int]] = []  # what to go back to
        self._skip, self._unicode_skip, self._pending, self._fresh = False, 1, 0, False

    def take(self, found: re.Match[str]) -> None:
        """One token of RTF."""
        octet, word, number, symbol, brace, text = found.groups()
        fresh, self._fresh = self._fresh, False
        if brace == "{":
            self._groups.append((self._skip, self._unicode_skip))
            self._fresh = True
        elif brace == "}":
            if self._groups:
                self._skip, self._unicode_skip = self._groups.pop()
            self._pending = 0
        elif word:
            self._word(word, number)
        elif symbol == "*" and fresh:
            self._skip = True
        elif symbol:
            self._write({"~": " ", "_": "-", "\n": "\n", "\r": "\n"}.get(symbol, symbol if symbol in "\\{}" else ""))
        elif octet:
            if self._pending:
                self._pending -= 1
            elif not self._skip:
                self._octets.append(int(octet, 16))
        elif text:
            text = text.replace("\r", "").replace("\n", "")
            self._write(text[self._pending :])
            self._pending = max(0, self._pending - len(text))

    def _word(self, word: str, number: str | None) -> None:
        if word in _SKIPPED or (word == "htmlrtf" and number != "0"):
            self._skip = True
        elif word == "htmlrtf":
            self._skip = False
        elif word == "uc":
            self._unicode_skip = min(int(number or 1), 10)
        elif word == "u" and number:
            self._write(chr(int(number) % 0x10000))
            self._pending = self._unicode_skip
        elif word in _BREAKS:
            self._write(_BREAKS[word])

    def _write(self, text: str) -> None:
        if self._octets:
            self._out.append(decode(bytes(self._octets), self._codepage, detect=False)[0])
            self._octets.clear()
        if not self._skip:
            self._out.append(text)

    def text(self) -> str:
        """What was read; halves of letters beyond the first plane are joined."""
        self._write("")
        whole = "".join(self._out)
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()
