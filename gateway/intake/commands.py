"""What the arguments of EHLO, MAIL and RCPT say.

Sources  RFC 5321 §4.1.1.2, §4.1.1.3, §4.1.2, §4.5.1 (postmaster), RFC 1870 §6 (SIZE), RFC 6152 §2 (BODY),
         RFC 6531 §3.4 (SMTPUTF8).
         Stricter than most: a path stands in angle brackets, because every client that delivers mail writes them.
Not here  which recipients exist (accept.py), what an address may look like (message/address.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import PermanentError
from gateway.message.address import path_address

_MAX_NAME = 255  # RFC 5321 §4.5.3.1.2
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(?:\s+(.*))?', re.DOTALL)
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_DIGITS = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class MailCommand:
    """What MAIL asks for."""

    reverse_path: str | None  # None is <>, the null reverse-path
    declared_octets: int  # 0 when the client did not say
    smtputf8: bool


def mail_command(argument: str, *, extended: bool) -> MailCommand:
    """The argument of MAIL; its parameters are known only after EHLO.

    Raises  PermanentError 501, 553, 555  it cannot be read so; the sender keeps the mail
    """
    path, parameters = _path_and_parameters(argument, "FROM:")
    declared, smtputf8 = 0, False
    for name, value in _named(parameters if extended else "", parameters):
        match name:
            case "SIZE" if value is not None and _DIGITS.fullmatch(value):
                declared = int(value)
            case "BODY" if value is not None and value.upper() in ("7BIT", "8BITMIME"):
                pass
            case "SMTPUTF8" if value is None:
                smtputf8 = True
            case "SIZE" | "BODY" | "SMTPUTF8":
                raise PermanentError(f"bad value of {name}", code=501, status="5.5.4")
            case _:
                raise PermanentError("unknown parameter of MAIL", code=555, status="5.5.4")
    reverse_path = path_address(path, smtputf8=smtputf8, sender=True) if path else None
    return MailCommand(reverse_path, declared, smtputf8)


def rcpt_command(argument: str, *, smtputf8: bool, domain: str) -> str:
    """The forward-path; a bare `postmaster` is the one of our domain.

    Raises  PermanentError 501, 553, 555  it cannot be read so; the sender keeps the mail
    """
    path, parameters = _path_and_parameters(argument, "TO:")
    if parameters:
        raise PermanentError("unknown parameter of RCPT", code=555, status="5.5.4")
    return path_address(f"{path}@{domain}" if path.lower() == "postmaster" else path, smtputf8=smtputf8)


def client_name(argument: str) -> str:
    """What the client calls itself, fit for a log and a header field: printable ASCII without blanks, or `?`.

    Raises  PermanentError 501 5.5.4  it did not say
    """
    name = argument.split(maxsplit=1)[0] if argument.strip() else ""
    if not name:
        raise PermanentError("say your name", code=501, status="5.5.4")
    return _UNPRINTABLE.sub("?", name[:_MAX_NAME])


def _path_and_parameters(argument: str, keyword: str) -> tuple[str, str]:
    found = _PATH.fullmatch(argument, len(keyword)) if argument[: len(keyword)].upper() == keyword else None
    if found is None:
        raise PermanentError(f"syntax: {keyword}<address>", code=501, status="5.5.4")
    return found[1], (found[2] or "").strip()


def _named(known: str, given: str) -> Iterator[tuple[str, str | None]]:
    if given and not known:
        raise PermanentError("parameters need EHLO", code=555, status="5.5.4")
    for word in known.split():
        name, equals, value = word.partition("=")
        yield name.upper(), value if equals else None
