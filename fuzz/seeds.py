"""Where a fuzzer begins: mails that were written by hand for the tests, and small inputs for each target.

Every seed is ours: nothing in it ever was somebody's mail.
"""

from collections.abc import Iterator
from pathlib import Path

from fuzz import words

_ROOT = Path(__file__).parent.parent
_MAILS = ("tests/mails", "tests/message/reports", "tests/cli/mails")
_MAX_OCTETS = 10_000


def seeds(target: str) -> Iterator[bytes]:
    """At least one input, each small enough for a budget."""
    yield b""
    match target:
        case "mime" | "report":
            yield from _mails()
        case "header":
            for mail in _mails():
                yield mail.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        case "words" | "html":
            for mail in _mails():
                yield mail[-_MAX_OCTETS:]
                yield mail.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
            yield b"".join(words.HTML if target == "html" else words.TEXT)
        case "smtp":
            for mail in _mails():
                yield b"\x07" + mail.replace(b"\n.", b"\n..") + b"\r\n.\r\nQUIT\r\n"
            yield b"\x01FROM:<ann@customer.test> SIZE=100\n\r\n.\r\n"
        case "rules":
            for file in (*sorted(_ROOT.glob("tests/rules/*.yaml")), _ROOT / "rules.yaml"):
                yield file.read_bytes()[:_MAX_OCTETS]
        case "commands":
            yield from (b"\x02#solved\n#assign ana\nDone.\n\nAna", b"\x01#snooze 2d\n\nHello", b"\x00#4812 #merge 4813")
            yield b"\x02" + b"\n".join(words.COMMANDS[3:20]) + b"\nHello"
        case "imap":
            yield b"\0".join((
                b"", b"* OK [UIDVALIDITY 1] x\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n", b'* LIST () "/" INBOX\r\n',
                b"* SEARCH 7 8\r\n", b"* 1 FETCH (UID 7 RFC822.SIZE 5 BODY[]<0> {5}\r\nwords)\r\n",
                b"* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n",
            ))  # fmt: skip
            yield b"!$ NO [AUTHENTICATIONFAILED] no\r\n"
        case "token":
            yield from (b"t4812-7.a" + b"b" * 26, b"q912.a" + b"b" * 26, b"Re: [#4812] x [mw:4812-" + b"a" * 16 + b"]")
        case "filename":
            yield from (b"invoice 2026.pdf", b"..\\..\\a.exe", "Příloha č. 1.docx".encode(), b"con.txt")


def _mails() -> Iterator[bytes]:
    for folder in _MAILS:
        for file in sorted(_ROOT.joinpath(folder).glob("*.eml")):
            mail = file.read_bytes()
            if len(mail) <= _MAX_OCTETS:
                yield mail
