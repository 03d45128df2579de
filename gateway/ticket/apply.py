"""What a mail changes, given which ticket it belongs to and what the rules decided.

Sources  automatic mail never changes a state (RFC 3834 and promise 4); a customer's reply opens a ticket that
         waited for him; a third party's words are kept apart until an agent accepts them.
Not here  which ticket (thread.py), what the rules want (rules/evaluate.py), how changes are stored (store/).
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.message.address import normal
from gateway.message.codes import masked
from gateway.message.origin import origin
from gateway.message.subject import without_reply_words
from gateway.message.types import Accepted, Classification, Message
from gateway.rules.types import Decision, Dispose, Redirect, RuleSet
from gateway.ticket.acted import acted, people
from gateway.ticket.change import opened
from gateway.ticket.life import FINISHED, after_words_of_customer, is_filed_thanks
from gateway.ticket.token_forms import without_tags
from gateway.ticket.types import (
    CODE_IN_SUBJECT,
    NO_POLICY,
    AddEntry,
    AddPeople,
    Change,
    OpenTicket,
    Record,
    SetField,
    SetRequester,
    SetStatus,
    ThreadMatch,
    Ticket,
    Trust,
)

REDIRECTED_OCTETS = 10 << 20  # of a mail that is passed on: it is held in memory while it is wrapped
IMPORT = "import"  # what caused it: an archive was brought
_NO_SUBJECT = "(no subject)"
_SUBJECT_CHARACTERS = 500
_FLAGGED = frozenset({"mime-depth", "mime-parts", "repeated-field", "repeated-parameter", "encoding-damaged"})
_DATE_MAY_DIFFER = timedelta(days=2)  # the Date of a mail is for display only; whoever believes it is told


def provisional(message: Message, teams: Sequence[str], language: str, now: datetime) -> Ticket:
    """The ticket that a mail is about to open, for the rules to look at; its number is 0.

    teams  that the mail was sent to: the first one's ticket, which names the others
    """
    flags = (*(f"also-to:{team}" for team in teams[1:]), *_flags(message, now))
    opening = OpenTicket(subject_of(message), teams[0], message.author, language, "mail", now, flags=flags)
    return replace(opened(opening), version=0)


def apply(
    ticket: Ticket,
    message: Message,
    verdict: Classification,
    match: ThreadMatch,
    decision: Decision,
    inbound: Accepted,
    rules: RuleSet,
    ours: Container[str],
) -> tuple[Change, ...]:
    """The changes of a mail from a person or a machine, in order.

    ticket  the one that matched, or the provisional one that `match.ticket` None opens
    ours    addresses of ours and of agents, in normal form: they take no part as customers
    """
    end = decision.disposition
    if isinstance(end, Dispose):
        return (Record(end.disposition, end.reason, match.ticket if match.trust == "proven" else None),)
    received = inbound.envelope.received_at
    entry = _entry(message, verdict, match, received)
    wanted = decision.actions if end is None else ()  # what it is merged into stays as it is
    if isinstance(end, Redirect):
        filed = match.ticket if match.trust == "proven" else None
        if because := _against_redirect(end, message, verdict, inbound, ours):
            return (Record("quarantine", f"not redirected: {because}", filed),)
        return (Record("record", f"redirect:{end.rule}: {end.address}", filed),)
    at = received if match.ticket is None else max(received, ticket.status_at)  # not before what was done meanwhile
    actions = (*acted(ticket, wanted, rules, ours, at), *failed(ticket, decision))
    if match.ticket is None:
        opening = OpenTicket(
            subject=_without_ended(ticket.subject, match, rules),
            team=ticket.team,
            requester=message.author,
            language=ticket.language,
            channel=ticket.channel,
            at=received,
            mentions=tuple(number for number in match.mentions if number != match.continues),
            continues=match.continues,
            flags=ticket.flags,
            origin=origin(message),
        )
        known = message.author is not None and "dmarc-fail" not in ticket.flags
        entry = replace(entry, trust="participant" if known else "stranger")
        copied = _copied(ticket, actions, message, rules, ours) if known else ()
        return (opening, entry, *begun(ticket), *_archived(inbound, rules), *actions, *copied)
    if entry.kind == "event" or match.trust == "third-party":
        return (entry,)
    if inbound.imported is not None:
        return (entry, *_ended_later(ticket, inbound.imported, received))
    known = match.trust in ("proven", "participant")
    opened_again = after_words_of_customer(ticket, message, rules, at) if known else None
    if known and is_filed_thanks(ticket, message, rules) and not any(isinstance(a, SetStatus) for a in actions):
        entry = replace(entry, thanks=True)
    # a number and a From that nobody has verified bring no further people into somebody's ticket
    copied = _copied(ticket, actions, message, rules, ours) if match.trust == "proven" else ()
    read = _read(ticket, message, verdict, ours) if known and match.by == "stub" else ()
    return (*read, entry, *((opened_again,) if opened_again else ()), *actions, *copied)


def _against_redirect(
    end: Redirect, message: Message, verdict: Classification, inbound: Accepted, ours: Container[str]
) -> str:
    """Why a mail cannot be passed on, so that a person looks at it; empty when it can."""
    if normal(end.address) in ours:
        return f"{end.address} is an address of ours"
    if message.loop_mark is not None and verdict.is_automatic:  # two that pass on to each other never end
        return "a gateway sent it by itself"
    if inbound.size > REDIRECTED_OCTETS:
        return f"{inbound.size} octets are more than {REDIRECTED_OCTETS}"
    return ""


def begun(ticket: Ticket) -> Iterator[SetField]:
    """What a new ticket begins with: custom fields by what is known of its customer, and the tag of a flood."""
    if ticket.tags:
        yield SetField("tags", ticket.tags, "limits.new_per_sender")
    yield from (SetField(f"field.{name}", value, "lookup") for name, value in ticket.fields)


def _archived(inbound: Accepted, rules: RuleSet) -> Iterator[SetField | SetStatus]:
    """What the ticket of a mail of an archive begins with. Nothing is promised for what is not over."""
    if inbound.imported is None:
        return
    kind = rules.statuses.get(inbound.imported, "closed")  # none: the rules lost it since
    if kind != "new":
        name = inbound.imported if inbound.imported in rules.statuses else "closed"
        yield SetStatus(name, kind, inbound.envelope.received_at, IMPORT)
    if kind not in FINISHED:
        yield SetField("sla", NO_POLICY, IMPORT)


def _ended_later(ticket: Ticket, status: str, received: datetime) -> Iterator[SetStatus]:
    """A matter of an archive ended with its last mail, unless somebody touched it since."""
    untouched = ticket.channel == "import" and ticket.status == status and ticket.status_type in FINISHED
    if untouched and received > ticket.status_at:
        yield SetStatus(status, ticket.status_type, received, IMPORT)


def is_event(verdict: Classification, trust: Trust) -> bool:
    """Whether the mail is something that happened in its ticket, and no words of a person."""
    return verdict.is_automatic and trust != "stranger"


def subject_of(message: Message) -> str:
    """The subject as a ticket has it: never empty, bounded."""
    return message.subject.strip()[:_SUBJECT_CHARACTERS] or _NO_SUBJECT


def _without_ended(subject: str, match: ThreadMatch, rules: RuleSet) -> str:
    """The subject of the ticket in which another goes on: with the tag of that one, its mails would show two."""
    if match.continues is None:
        return subject
    return without_reply_words(without_tags(subject, rules.defaults.subject_prefix, (match.continues,))) or _NO_SUBJECT


def codes_in(subject: str, text: str) -> tuple[str, ...]:
    """The flag of a ticket whose subject holds a code: that of a program's mail, of whose words it may be known."""
    shown = masked(f"{subject}\n\n{text}")
    return () if shown.startswith(f"{subject}\n") else (CODE_IN_SUBJECT,)


def _entry(message: Message, verdict: Classification, match: ThreadMatch, received: datetime) -> AddEntry:
    """Automatic mail in a ticket is an event: seen by agents, without effect on the state."""
    automatic, trust = verdict.is_automatic, match.trust
    return AddEntry(
        kind="event" if is_event(verdict, trust) else "mail",
        author=message.author,
        at=received,
        text=message.text,
        quoted=message.quoted,
        signature=message.signature,
        html=message.html,
        message_id=message.message_id,
        public=not automatic and trust != "third-party",
        trust=trust,
        attachments=message.attachments,
        held="third-party" if trust == "third-party" else None,
        evidence="" if match.ticket is None else match.by,
    )


def _read(
    ticket: Ticket, message: Message, verdict: Classification, ours: Container[str]
) -> Iterator[SetField | SetRequester]:
    """What a ticket could not say while its mail could not be read: what it is about, whose it is, in which words."""
    if ticket.requester is None and message.author is not None and people((message.author,), ours):
        yield SetField("subject", subject_of(message), "retry")
        if verdict.is_automatic and (flags := codes_in(subject_of(message), message.text)):
            yield SetField("flags", (*ticket.flags, *flags), "retry")
        if ticket.language is None and message.language is not None and message.language_source != "none":
            yield SetField("language", message.language, "retry")
        yield SetRequester(message.author, "retry")


def _copied(
    ticket: Ticket, actions: Sequence[Change], message: Message, rules: RuleSet, ours: Container[str]
) -> Iterator[AddPeople]:
    """Those whom the author wrote to beside us take part where the policy of the team says so."""
    moved = (str(c.value) for c in reversed(actions) if isinstance(c, SetField) and c.name == "team")
    team = rules.teams.get(next(moved, ticket.team))
    if team is None or team.participants != "customer_cc":
        return
    if beside := people((*message.to, *message.cc), ours):
        yield AddPeople(beside, rules.limits.cc_max, "team.participants")


def failed(ticket: Ticket, decision: Decision) -> Iterator[SetField]:
    """A rule that failed was skipped; people see it on the ticket."""
    flags = tuple(f for f in (f"rule-failed:{rule}" for rule in decision.failed) if f not in ticket.flags)
    if flags:
        yield SetField("flags", (*ticket.flags, *flags), "rules")


def _flags(message: Message, received: datetime) -> tuple[str, ...]:
    """What people should know before they believe their eyes: programs differ in how they read such a mail."""
    found = tuple(dict.fromkeys(d.code for d in message.defects if d.code in _FLAGGED))
    if message.date is None:
        suspicious = message.value("Date") is not None
    else:
        suspicious = abs(message.date - received) > _DATE_MAY_DIFFER
    return (*found, "date-suspicious") if suspicious else found
