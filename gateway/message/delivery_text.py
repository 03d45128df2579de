"""Whom a failure notice in prose is about, and what it says of each.

Sources  the notices themselves: an address that opens a line (Exim, qmail, Postfix, Exchange, Gmail), an address
         behind a label or in an SMTP line (Sendmail, gateways), else whom the returned mail was written to.
         The strongest way of naming that occurs is believed, weaker ones are not added to it.
Not here  RFC 3464 (delivery_status.py), whether the mail is a report at all (report.py).
"""

import re
from collections.abc import Collection, Iterator

from gateway.message.charset import clean_line
from gateway.message.delivery_status import ADDRESS, MAX_RECIPIENTS, better, status_in
from gateway.message.delivery_words import COPY_BELOW, state_in
from gateway.message.types import RecipientStatus

_MAX_LINES = 400
_MAX_LINE = 1000  # characters
_MAX_DIAGNOSTIC = 500
_MIN_EXPLAINED = 3  # lines with words before a copy can begin
_OPENS = re.compile(
    r"^[\s>*+•·'\"#|-]{0,12}(?:[\w ,.'-]{0,40}?[<(\[])?(?:mailto:|rfc822;|smtp[:;]|to:)?\s?$", re.IGNORECASE
)
_AFTER_OPENING = re.compile(
    r"^[>)\]'\".]{0,4}(?:\s*[:;,.(<\[=*-]|\s*$|\s+on \d|\s+[45]\d\d|\s{2,}"
    r"|\s+(?:unknown|user|no |not|is|was|could|couldn|cannot|does|failed|because|rejected|mailbox|has|over|host"
    r"|undeliver|error|at|for|due|will))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:rcpt to|(?:failed |final |original |intended |invalid |unknown |rejected |bad )?(?:recipients?"
    r"|addresse?e?s?|users?|accounts?|mailbox|local user|destination|alias)(?:\(e?s\))?(?: (?:of|at|name|address"
    r"|is))?|delivered to|deliver(?:y)?(?: \S+){0,3} to|message to|mail to|sent to|send to|email to|reach|(?:^"
    r"|\s)to|(?:^|\s)for|unknown|undeliverable|for user|not found|invalid|unable to deliver to|e-?mail)"
    r"\s{0,4}[:=]?\s{0,4}[<'\"(\[]{0,2}(?:mailto:|rfc822;|smtp:)?$",
    re.IGNORECASE,
)
_NOT_THE_RECIPIENT = re.compile(
    r"(?<![a-z])(?:mail from|from|sender|postmaster|contact|help|assistance|questions?|administrator|support"
    r"|message-?id|generated from|forwarded|by|reply[- ]to|envelope|write to|e-?mail us at|https?://\S*|id"
    r"|=)\s{0,3}[:=]?\s{0,3}[<'\"(\[]{0,2}$|<?mailto:$",
    re.IGNORECASE,
)
_SMTP_LINE = re.compile(r"^\s*(?:<<<|>>>|\d{3}[ -]|SMTP|\(reason|RCPT)", re.IGNORECASE)
_MACHINE = re.compile(
    r"(?:postmaster|mailer-daemon|mail-?daemon|abuse|helpdesk|hostmaster|noc|webmaster|support)@", re.IGNORECASE
)
_OPENING, _LABELLED, _REPLIED, _NAMED = range(4)


def explanation(text: str) -> tuple[str, str]:
    """What the notice says, and the copy of the returned mail that follows it in the same text, maybe empty."""
    lines = text.splitlines()
    said = 0
    for count, line in enumerate(lines[: 4 * _MAX_LINES]):
        if said and COPY_BELOW.match(line[:200]):
            start = count if re.match(r"[\s>]*(?:received|return-path):", line, re.IGNORECASE) else count + 1
            return "\n".join(lines[:count]), "\n".join(lines[start:])
        said += bool(line.strip())
    return text, ""


def recipients_in(text: str, ours: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The addresses that the explanation names as not reached, each with the lines that speak of it.

    ours  addresses in lower case that are named for another reason: the report's own author and receiver
    """
    lines = [line[:_MAX_LINE] for line in text.splitlines()[:_MAX_LINES]]
    ranked: dict[int, dict[str, tuple[str, int]]] = {}
    for number, line in enumerate(lines):
        for rank, address in _addresses(line):
            if address.lower() not in ours and not (rank > _LABELLED and _MACHINE.match(address)):
                ranked.setdefault(rank, {}).setdefault(address.lower(), (address, number))
    if not ranked:
        return ()
    best = list(ranked[min(ranked)].values())[:MAX_RECIPIENTS]
    starts = [number for _, number in best]
    following = [*starts[1:], len(lines)]
    return tuple(
        (address, "\n".join(lines[start : max(start + 1, end)]))
        for (address, start), end in zip(best, following, strict=True)
    )


def judged(address: str, block: str, whole: str, *, delayed: bool) -> RecipientStatus:
    """What is said of one recipient: by its own lines, else by the whole explanation."""
    status = status_in(block) or status_in(whole)
    words = state_in(block) or state_in(whole)
    status = better(status, words if words and status and words[0] == status[0] else None) or words
    if delayed:
        status = f"4{status[1:]}" if status else None
    status = status or ("4.0.0" if delayed else "5.0.0")
    said = " ".join(block.split())
    told = clean_line(said)[:_MAX_DIAGNOSTIC]
    return RecipientStatus(address, status, permanent=not delayed, diagnostic=told)


def _addresses(line: str) -> Iterator[tuple[int, str]]:
    """The addresses of a line with their rank: how plainly the line says that this one is meant."""
    if "@" not in line:
        return
    for found in ADDRESS.finditer(line):
        before, after = line[max(found.start() - 80, 0) : found.start()], line[found.end() : found.end() + 80]
        address = clean_line(found[0]).strip(".'`")
        if "." not in address.rpartition("@")[2] and "[" not in address:
            continue
        if _NOT_THE_RECIPIENT.search(before):
            continue
        if _OPENS.match(before) and _AFTER_OPENING.match(after):
            yield _OPENING, address
        elif _LABEL.search(before):
            yield _LABELLED, address
        elif _SMTP_LINE.match(line):
            yield _REPLIED, address
        else:
            yield _NAMED, address
