"""A mail made up to be looked at: with the values of a fixture or of a ticket; a canned reply as an answer has it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Invocation
from gateway.cli.failure import NOT_FOUND, USAGE, CommandError
from gateway.cli.output import printable
from gateway.config import Settings
from gateway.message.types import Mailbox
from gateway.operations.answers import paragraphs
from gateway.outgoing.canned import Library, Spoken, sample
from gateway.outgoing.compose import Desk, Letter, compose
from gateway.outgoing.fixtures import fixtures
from gateway.outgoing.kinds import kind_of
from gateway.outgoing.nearest import nearest
from gateway.outgoing.render import Templates
from gateway.rules.types import RuleSet
from gateway.store import tickets
from gateway.ticket.canned import told_of
from gateway.ticket.saying import Saying, worded
from gateway.ticket.token import TokenRing
from gateway.ticket.types import Notification, Ticket

_PREVIEW_KEY = bytes(32)  # tokens of previews prove nothing to anybody
_FOLDERS = ("snippets", "answers")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mail, and with what."""

    name: str
    language: str | None = None
    fixture: str = "plain"
    ticket: int | None = None
    values: Mapping[str, str] | None = None  # of a canned reply
    recipient: str = "jan@bigbank.test"


def letter_of(invocation: Invocation, wanted: Wanted, *, to_be_sent: bool = False) -> Letter:
    """The mail; one that is to be sent says that it is a test, and is signed as others are.

    Raises  CommandError  there is no such mail, fixture or ticket, or a value of a canned reply is missing
    """
    settings, clock = settings_of(invocation), invocation.clock
    all_ = policy.templates_of(settings, clock)
    rules = policy.read_rules(policy.rules_file(settings), all_)
    signing = settings if to_be_sent else _without_signature(settings)
    desk = policy.deps(signing, rules, TokenRing.of(_PREVIEW_KEY), all_, clock).desk
    desk = replace(desk, subject_mark="TEST ") if to_be_sent else desk
    about = None if wanted.ticket is None else _ticket(invocation, wanted.ticket)
    make = _canned_notice if wanted.name.startswith(tuple(f"{folder}/" for folder in _FOLDERS)) else _notice
    return compose(make(wanted, all_, rules, desk, about), 1, desk)


def unknown_template(name: str, known: Iterable[str]) -> CommandError:
    """The error, with what was perhaps meant."""
    close = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    hint = f"did you mean “{close[0]}”?" if close else "mailwicket templates list"
    return CommandError(f"there is no template “{printable(name, 60)}”", hint=hint, exit_code=NOT_FOUND)


def canned_files(library: Library) -> dict[str, list[str]]:
    """snippets/NAME or answers/NAME -> its languages."""
    found: dict[str, list[str]] = {}
    for canned in library:
        found.setdefault(f"{canned.kind}s/{canned.name}", []).append(canned.language)
    return found


def _without_signature(settings: Settings) -> Settings:
    """Looking at a mail needs no key."""
    return settings.model_copy(update={"outbound": settings.outbound.model_copy(update={"dkim_selector": ""})})


def _notice(wanted: Wanted, all_: Templates, rules: RuleSet, desk: Desk, about: Ticket | None) -> Notification:
    mail, _, variant = wanted.name.partition("/")
    if wanted.name not in all_.written:
        raise unknown_template(wanted.name, (*all_.written, *canned_files(all_.canned)))
    if wanted.values:
        raise CommandError(f"“{wanted.name}” is no canned reply", hint="leave --with out", exit_code=USAGE)
    situations = dict(fixtures(mail))
    if wanted.fixture not in situations:
        hint = f"there are: {', '.join(situations)}"
        raise CommandError(f"there is no fixture “{printable(wanted.fixture, 40)}”", hint=hint, exit_code=NOT_FOUND)
    values = situations[wanted.fixture]
    notice = Notification(
        recipient=Mailbox("Jan Wiśniewski", wanted.recipient),
        template=mail,
        variant=variant or None,
        language=wanted.language or rules.defaults.language,
        ticket=values["ticket"]["number"],
        team=rules.defaults.team,
        subject=None,
        in_reply_to=None,
        references=(),
        auto_submitted="auto-generated",
        dedupe_key="preview",
        cause="preview",
        values=values,
    )
    return notice if about is None else _about(notice, about)


def _canned_notice(wanted: Wanted, all_: Templates, rules: RuleSet, desk: Desk, about: Ticket | None) -> Notification:
    """The answer that carries a canned reply; made-up values stand where there is no ticket."""
    folder, _, name = wanted.name.partition("/")
    written = [canned for canned in all_.canned if f"{canned.kind}s" == folder and canned.name == name]
    if not written:
        raise unknown_template(wanted.name, (*all_.written, *canned_files(all_.canned)))
    of_ticket = about.language if about is not None else None
    language = wanted.language or of_ticket or rules.defaults.language
    values = told_of(about, None) if about is not None else {}
    if about is None:
        chosen = next((c for tag in nearest(language) for c in written if c.language == tag), written[0])
        values = dict(sample(chosen).values)
        language = wanted.language or chosen.language
    spoken = desk.templates.canned.spoken(name, language, {**values, **(wanted.values or {})})
    if isinstance(spoken, Saying):
        said = worded(spoken, desk.templates.english)
        raise CommandError(printable(said, 400), hint="give values with --with NAME=VALUE", exit_code=USAGE)
    plain = replace(wanted, name="answer", values=None)
    return _carrying(_notice(plain, all_, rules, desk, about), spoken, rules)


def _carrying(notice: Notification, spoken: Spoken, rules: RuleSet) -> Notification:
    canned, signature = spoken.canned, rules.teams[rules.defaults.team].signature
    is_answer = canned.kind == "answer"
    above = () if is_answer else paragraphs(spoken.words.text)
    said = {"paragraphs": above, "signature": paragraphs(signature)}
    return replace(
        notice,
        variant=canned.name if is_answer else None,
        language=canned.language,
        values={**notice.values, "answer": said},
        canned=spoken.values if is_answer else None,
    )


def _ticket(invocation: Invocation, number: int) -> Ticket:
    with reading(invocation) as c:
        ticket = tickets.goes_on_in(c, number)
    if ticket is None:
        raise CommandError(f"there is no ticket #{number}", hint="mailwicket ticket list", exit_code=NOT_FOUND)
    return ticket


def _about(notice: Notification, ticket: Ticket) -> Notification:
    """The mail, about a ticket that there is."""
    told = {name: getattr(ticket, name) or "—" for name in ("subject", "team", "status", "priority", "assignee")}
    customer = str(ticket.requester) if ticket.requester else "—"
    about = {**told, "number": ticket.number, "customer": customer, "tags": ", ".join(ticket.tags) or "—"}
    language = ticket.language if kind_of(notice.template).reader == "customer" else None
    values = {**notice.values, "ticket": about}
    return replace(notice, ticket=ticket.number, values=values, language=language or notice.language)
