"""What a report reports: a delivery, a complaint, a receipt or a summary; None when the mail is no report.

Sources  RFC 3464 (delivery), RFC 5965 (complaints), RFC 8098 (receipts), RFC 7489 §7.2.1.1, RFC 8460 §5.4 (summaries),
         RFC 6522 (the container). Three readers, most reliable first: RFC 3464's fields, flufl.bounce, the prose.
         A person who writes about a failure, or forwards a report, is no machine: without the fields of RFC 3464 a
         report needs a machine's name or the words that only programs write, and must begin with them.
Not here  whether the mail may be answered (classify.py).
"""

import email
import re

from flufl.bounce import all_failures

from gateway.message.charset import clean_line
from gateway.message.delivery_status import ADDRESS, has_code, notified_failures, recipient_groups, status_in
from gateway.message.delivery_text import judged, recipients_in
from gateway.message.delivery_words import FAILURE_SUBJECT, NOTICE, PROGRAM_NOTICE, state_in
from gateway.message.limits import HeaderBlock, ParseLimits
from gateway.message.report_parts import DMARC_SUBJECT, MAX_TEXT, MESSAGE_ID, Notice, fields_of
from gateway.message.types import RecipientStatus, Report

_MAX_LIBRARY_LINE = 500
_MAX_LIBRARY = 64 * 1024  # octets that flufl.bounce sees: its patterns were not written for long lines
_RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_DELAYED = re.compile(
    r"delay|warning|temporary (?:error|failure|problem)|opóźni|zpožd|verzöger|atras|zadrž|задерж", re.IGNORECASE
)
_STILL_TRIED = re.compile(
    r"still (?:being|trying|in queue)|will (?:be retried|retry|keep trying|continue)|not yet been delivered"
    r"|no (?:further )?action is required|do not need to resend",
    re.IGNORECASE,
)
_FINAL_RECIPIENT = re.compile(r"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(
    r"\b(?:giv(?:e|en|ing) up|gave up|permanent(?:ly)?|returned to sender|expired|too long|not be (?:retried"
    r"|delivered)(?! for (?:more|over|the last) )|undeliverable|cannot send|unsent message|failure)",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"reject|refus|quota|not (?:be )?deliver", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|day|afternoon)|hallo|guten|sehr geehrte|liebe|dzień|cześć|witam"
    r"|szanown|dobrý|ahoj|olá|bom dia|boa tarde|prezad|caro|poštovan|dobar|bok|здравствуйте|добрый|привет|уважаем"
    r"|bonjour|hola|buen|ciao|gentil|beste|geachte)[\w ]{0,40}[,!:]",
    re.IGNORECASE,
)
# how people speak of themselves; a program's "I'm sorry" stands under a machine's name
_FIRST_PERSON = re.compile(
    r"\?|\b(?:my|our|me|i|we|us|ich|mein\w*|wir|unser\w*|mam|mój|moj[aeiu]?|mnie|nasz\w*|mám|můj|náš|naše|meu"
    r"|minha|nosso|eu|mi|naš[aei]?|imam|я|мы|мой|моя|мо[её]|мне|у нас|наш\w*|je|mon|nous|notre|mis?|nuestr\w+|mio"
    r"|mia|nostr\w+|ik|mijn|wij|ons|onze)\b",
    re.IGNORECASE,
)
_BLUNT = re.compile(r"\W*(?:error|invalid|unknown|undeliver|failed|user|no such|delivery)\b", re.IGNORECASE)
_MAX_START = 4000  # characters of the prose in which a notice says what it is
_MAX_OPENING = 600
_ENOUGH_SIGNS = 2


def read_report(raw: bytes, header: HeaderBlock, limits: ParseLimits) -> Report | None:
    """What the mail reports; None when it is no report."""
    mail = Notice(raw, header, limits)
    if not mail.may_report:
        return None
    return _complaint(mail) or _receipt(mail) or _aggregate(mail) or _delivery(mail)


def _complaint(mail: Notice) -> Report | None:
    part = mail.first(frozenset({"message/feedback-report"}))
    if part is None:
        return None
    told = fields_of(mail.text_of(part))
    whom = ADDRESS.search(told.get("original-rcpt-to", "") or mail.original.get("to", ""))
    recipients = (RecipientStatus(whom[0], None, permanent=False),) if whom else ()
    kind = told.get("feedback-type", "").split()
    return Report("complaint", recipients, mail.original_id, kind[0].lower() if kind else "abuse")


def _receipt(mail: Notice) -> Report | None:
    part = mail.first(_RECEIPT_TYPES)
    if part is None:
        return None
    told = fields_of(mail.text_of(part))
    whom = ADDRESS.search(told.get("final-recipient", ""))
    if "deleted" in told.get("disposition", "").lower() and whom and _REFUSED.search(mail.prose[0]):
        said = clean_line(" ".join(mail.prose[0].split()))[:500]  # RFC 5429 §2.1.1: a filter's refusal in this form
        gone = RecipientStatus(whom[0], status_in(said) or state_in(said) or "5.7.1", permanent=True, diagnostic=said)
        return Report("delivery", (gone,), mail.original_id)
    about = MESSAGE_ID.search(told.get("original-message-id", ""))
    recipients = (
        (RecipientStatus(whom[0], None, permanent=False, diagnostic=told.get("disposition", "")),) if whom else ()
    )
    return Report("receipt", recipients, about[0] if about else mail.original_id)


def _aggregate(mail: Notice) -> Report | None:
    kind = mail.field("content-type").lower()
    if (mail.is_container and "tlsrpt" in kind) or mail.header.first("tls-report-domain") is not None:
        return Report("aggregate")
    packed = any(p.media_type in _PACKED or p.media_type.endswith("xml") for p in mail.leaves)
    return Report("aggregate") if packed and DMARC_SUBJECT.search(mail.subject) else None


_PACKED = frozenset(
    {
        "application/gzip",
        "application/zip",
        "application/x-gzip",
        "application/x-zip-compressed",
        "application/octet-stream",
        "application/tlsrpt+gzip",
    }
)


def _delivery(mail: Notice) -> Report | None:
    told = recipient_groups(mail.status_text)
    if told and (mail.is_container or mail.by_machine or mail.begins_with_failure or mail.is_bare_status):
        return Report("delivery", told, mail.original_id)
    if not told and mail.by_machine and (notified := notified_failures(mail.prose[0])):
        return Report("delivery", notified, mail.original_id)
    if mail.is_container and _FINAL_RECIPIENT.search(mail.status_text) and not told:
        return None  # a report, but of nobody
    if not _is_failure_notice(mail):
        return None
    return Report("delivery", _told_by_prose(mail), mail.original_id)


def _is_failure_notice(mail: Notice) -> bool:
    """Whether a mail without RFC 3464's fields is a machine's notice of a failure."""
    if mail.is_container or mail.by_daemon:
        return True
    said = mail.prose[0]
    start = " ".join(said[:_MAX_START].split())
    program = PROGRAM_NOTICE.search(start) is not None
    if not mail.by_machine:  # the words must be a program's from the first line on, and it must name whom it is about
        opening = " ".join(said.lstrip()[:_MAX_OPENING].split())
        begins = mail.begins_with_failure and PROGRAM_NOTICE.search(opening) is not None
        by_person = mail.is_answer or _GREETING.match(start) or _FIRST_PERSON.search(start)
        return begins and not by_person and bool(recipients_in(said, mail.ours))
    named, coded = bool(recipients_in(said, mail.ours)), has_code(start)
    proofs = (program, bool(mail.original), coded, named)
    words = (FAILURE_SUBJECT.search(mail.subject) is not None, NOTICE.search(start[:_MAX_OPENING]) is not None)
    if not (mail.by_postmaster or mail.begins_with_failure or mail.original):
        return False  # an address for announcements, which tell of failures too: of deployments, parcels, other mail
    greets = _GREETING.match(start) is not None
    doubts = 3 if greets else 2 if mail.is_answer and not _BLUNT.match(start) else 0
    about = named or bool(mail.original)  # else it is news of the reader's own mailbox, or of the system
    tells = about or (program and mail.begins_with_failure) if mail.by_postmaster else named or coded
    return tells and sum(proofs) + sum(words) - doubts >= _ENOUGH_SIGNS


def _told_by_prose(mail: Notice) -> tuple[RecipientStatus, ...]:
    """The library's addresses, else those of the prose, else whom the returned mail was for; each with its status."""
    said = mail.prose[0][:MAX_TEXT]
    notice = f"{mail.subject}\n{said}"
    still, final = _STILL_TRIED.search(notice) is not None, _FINAL.search(notice) is not None
    late = still or (_DELAYED.search(notice) is not None and not final)
    temporary, permanent = _by_library(mail)
    if still and not final:
        temporary, permanent = [*temporary, *permanent], []  # the library knows some delays as failures
    if final and not late and (status_in(notice) or "5")[0] == "5":
        temporary, permanent = [], [*temporary, *permanent]  # and some failures as delays
    blocks = {a.lower(): (a, block) for a, block in recipients_in(said, mail.ours)}
    named = [*temporary, *permanent] or _failed_recipients(mail) or [a for a, _ in blocks.values()] or _written_to(mail)
    return tuple(
        judged(a, blocks.get(a.lower(), (a, ""))[1], notice, delayed=a in temporary or (late and a not in permanent))
        for a in dict.fromkeys(named)
    )


def _failed_recipients(mail: Notice) -> list[str]:
    return [clean_line(a) for a in ADDRESS.findall(mail.field("x-failed-recipients"))]


def _written_to(mail: Notice) -> list[str]:
    return [clean_line(a) for a in ADDRESS.findall(mail.original.get("to", ""))][:1]


def _by_library(mail: Notice) -> tuple[list[str], list[str]]:
    """The addresses that flufl.bounce finds: temporary, permanent."""
    try:
        found = all_failures(email.message_from_bytes(_tame(mail.raw)))
    except Exception:  # noqa: BLE001 - the one place for its errors: a missing From, an empty part, a strange charset
        return [], []
    temporary, permanent = (
        [
            clean_line(a)
            for a in sorted(octets.decode("utf-8", "replace") for octets in some)
            if ADDRESS.fullmatch(a) and f"<{a}>" != mail.original_id
        ]
        for some in found
    )
    return temporary, permanent


def _tame(raw: bytes) -> bytes:
    """The beginning of the mail without runs of empty lines and without long ones, for patterns that go back."""
    lines = [line.rstrip()[:_MAX_LIBRARY_LINE] for line in raw[:_MAX_LIBRARY].splitlines()]
    return b"\n".join(line for line, before in zip(lines, [b"-", *lines], strict=False) if line or before)
