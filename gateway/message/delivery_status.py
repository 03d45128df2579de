"""The per-recipient groups of a delivery report, and the status that best tells what happened to each.

Sources  RFC 3464 §2.2, §2.3 (fields), RFC 3463 (status codes), RFC 6533 (addresses in UTF-8), RFC 5321 §4.2 (replies).
         Writers are careless: groups without blank lines between them, addresses without a type, comments after codes,
         `5.0.0` as status beside a diagnostic that knows more. The more exact of the two is taken.
Not here  reports that are only prose (delivery_text.py), which mails are reports (report.py).
"""

import json
import re
from collections.abc import Iterator

from gateway.message.charset import clean_line
from gateway.message.types import RecipientStatus

MAX_RECIPIENTS = 100
_MAX_DIAGNOSTIC = 500  # characters
_MAX_LINES = 4000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_START = ("final-recipient", "original-recipient")
ADDRESS = re.compile(
    r"""(?:"[^"\n]{1,64}"|(?<![\w!#$%&'*+/=?^`{|}~.-])[\w!#$%&'*+/=?^`{|}~.-]{1,80}(?<![.]))@(?:\[[0-9A-Fa-f:.]{3,45}\]|[\w-]{1,63}(?:\.[\w-]{1,63}){0,15})"""
)
# neither a part of an IP address nor of a version
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,2})\.(\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(r"(?:^|[\s:(;<\[#])([45]\d\d)(?=[\s:;,#)\]>.\-]|$)(?![.]\d)")
_REPLY_AHEAD = re.compile(r"(?:^|said: ?|smtp; ?|\(|reply: ?|error: ?|<<< ?|> ?)([45]\d\d)[ -]")
_MASKED = "..."  # archives and list servers show `davi...@far.test`: it names nobody
_FAILED, _DELAYED = frozenset({"failed", "failure", "fail"}), "delayed"
_DONE = frozenset({"delivered", "relayed", "expanded"})


def recipient_groups(text: str) -> tuple[RecipientStatus, ...]:
    """What a message/delivery-status says of each recipient; empty when it names none."""
    found: dict[str, RecipientStatus] = {}
    for group in _groups(text):
        status = _recipient(group)
        if status is not None and status.address.lower() not in found and len(found) < MAX_RECIPIENTS:
            found[status.address.lower()] = status
    return tuple(found.values())


def status_in(text: str) -> str | None:
    """The status that free text of an MTA states: an enhanced code, else the class of an SMTP reply as `5.0.0`."""
    codes = [f"{m[1]}.{m[2]}.{m[3]}" for m in _ENHANCED.finditer(text) if m[1] != "2"]
    exact = next((code for code in codes if not code.endswith(".0.0")), None)
    if exact is not None or codes:
        return exact or codes[0]
    reply = _REPLY_AHEAD.search(text) or _REPLY.search(text)
    return f"{reply[1][0]}.0.0" if reply else None


def has_code(text: str) -> bool:
    """Whether the text holds a status, or a reply in the way programs write one."""
    return _ENHANCED.search(text) is not None or _REPLY_AHEAD.search(text) is not None


def notified_failures(text: str) -> tuple[RecipientStatus, ...]:
    """What a notice in JSON says of each recipient, as Amazon SES sends it by mail; empty for everything else."""
    start = text.find("{")
    if start < 0 or '"bouncedRecipients"' not in text:
        return ()
    try:
        told = json.JSONDecoder(strict=False).raw_decode(text[start:])[0]
        told = json.loads(told["Message"]) if isinstance(told.get("Message"), str) else told
        rows = [{k.lower(): str(v) for k, v in row.items()} for row in told["bounce"]["bouncedRecipients"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()
    names = {"emailaddress": "final-recipient", "diagnosticcode": "diagnostic-code"}
    action = "failed" if told["bounce"].get("bounceType") == "Permanent" else "delayed"
    found = (_recipient({"action": action} | {names.get(k, k): v for k, v in row.items()}) for row in rows)
    return tuple(r for r in found if r is not None)[:MAX_RECIPIENTS]


def better(stated: str | None, found: str | None) -> str | None:
    """The more exact of two; what is stated wins a tie."""
    if stated is None or found is None:
        return stated or found
    return found if stated.endswith(".0.0") else stated


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Fields by name in lower case. A recipient's field that comes again begins the next group."""
    group: dict[str, str] = {}
    last = ""
    for line in text.splitlines()[:_MAX_LINES]:
        if line[:1] in (" ", "\t") and last and line.strip():
            group[last] = f"{group[last]} {line.strip()}"[: 4 * _MAX_DIAGNOSTIC]
            continue
        field = _FIELD.match(line[: 4 * _MAX_DIAGNOSTIC])
        if field is None:
            if not line.strip() and any(name in group for name in _START):
                yield group
                group = {}
            last = ""
            continue
        last = field[1].lower()
        if last in group and last in (*_START, "action", "status"):
            yield group
            group = {}
        group.setdefault(last, field[2].strip())
    yield group


def _recipient(group: dict[str, str]) -> RecipientStatus | None:
    named = [a for name in _NAMES if (a := typed_address(group.get(name, "")))]
    address = next((a for a in named if ".." not in a or a.startswith('"')), named[0] if named else None)
    words = group.get("action", "").lower().split()
    action = words[0].strip("();,") if words else ""
    if address is None or not (action or "status" in group):
        return None
    diagnostic = _spoken(group.get("diagnostic-code", "")) or _comment(group.get("status", ""))
    if action in _DONE:
        return RecipientStatus(address, "2.0.0", permanent=False, diagnostic=diagnostic)
    stated, said = status_in(group.get("status", "")), status_in(diagnostic)
    if action in _FAILED and stated and said and (stated[0], said[0]) == ("4", "5"):
        stated = None  # the last try was the final one
    status = better(stated, said)
    status = status or (f"{4 if action == _DELAYED else 5}.0.0" if action else None)
    permanent = action in _FAILED or (action != _DELAYED and (status or "").startswith("5"))
    return RecipientStatus(address, status, permanent=permanent, diagnostic=diagnostic)


_NAMES = ("original-recipient", "final-recipient", "x-actual-recipient")


def typed_address(value: str) -> str | None:
    """The address of `rfc822; ann@x.test`; None when there is none, or one of another kind of mail."""
    kind, semicolon, rest = value.partition(";")
    text = (rest if semicolon else kind).strip()
    found = ADDRESS.search(text)
    if found is not None:
        return clean_line(found[0]).rstrip(".")
    local = text.split()[0].strip("<>") if text.split() else ""
    if _MASKED in local:
        return None
    return clean_line(local) if semicolon and kind.strip().lower() in ("rfc822", "utf-8") and local else None


def _comment(value: str) -> str:
    """What stands behind a status code."""
    return _spoken(value.partition("(")[2].rstrip(") "))


def _spoken(value: str) -> str:
    """A diagnostic without its type, on one line."""
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon and len(kind) < 20 and " " not in kind.strip() else value
    return clean_line(" ".join(text.split()))[:_MAX_DIAGNOSTIC]
