"""What words and people do to the status of a ticket; all of it rests on the type of the status.

Sources  tickets-and-sla.md §1, mail-in.md §3. A customer's reply opens what waited or was finished, inside the reopen
         window; a bare thank-you does not. An answer sets `after_reply`. A person's first touch opens a new ticket.
Not here  which ticket (thread.py), what else a mail changes (apply.py), who may ask for it (operations).
"""

from datetime import datetime, timedelta

from gateway.message.subject import base_subject
from gateway.message.thanks import is_thanks
from gateway.message.types import Message
from gateway.rules.types import RuleSet
from gateway.ticket.token_forms import without_tags
from gateway.ticket.types import SetStatus, Ticket

FINISHED = ("solved", "closed")
SPAM = "spam"  # stays where it is until a person says otherwise


def goes_on(ticket: Ticket, rules: RuleSet, now: datetime) -> bool:
    """Whether a reply continues the ticket; False opens a new one that names it."""
    if ticket.status_type not in FINISHED:
        return True
    team = rules.teams.get(ticket.team)
    return now - ticket.status_at <= reopen_window(ticket, rules) or (team is not None and team.follow_up == "reopen")


def reopen_window(ticket: Ticket, rules: RuleSet) -> timedelta:
    """How long after its end a reply continues the ticket whatever its team's policy."""
    team = rules.teams.get(ticket.team)
    window = team.reopen_window if team is not None else None
    return rules.defaults.reopen_window if window is None else window


def another_matter(ticket: Ticket, subject: str, rules: RuleSet, at: datetime) -> bool:
    """Whether a mail in the ticket is about something else: after a long silence it has another subject.

    It suggests a split to the agent, and does nothing by itself.
    """
    silent = at - ticket.updated_at > reopen_window(ticket, rules)
    words = base_subject(without_tags(subject, rules.defaults.subject_prefix, (ticket.number,)))
    return silent and bool(words) and words != base_subject(ticket.subject)


def after_words_of_customer(ticket: Ticket, message: Message, rules: RuleSet, at: datetime) -> SetStatus | None:
    """The status after a reply of the customer; None when it stays."""
    if ticket.status_type in ("new", "open") or ticket.status == SPAM:
        return None
    if is_filed_thanks(ticket, message, rules):
        return None
    return SetStatus("open", "open", at, "reply")


def is_filed_thanks(ticket: Ticket, message: Message, rules: RuleSet) -> bool:
    """Whether the mail only says thank you for what is done, and opens nothing again."""
    return ticket.status_type in FINISHED and not rules.defaults.thanks_reopens and bare_thanks(message)


def bare_thanks(message: Message) -> bool:
    """Whether the mail only says thank you."""
    return not message.attachments and is_thanks(message.text, message.author.name if message.author else "")


def after_answer(rules: RuleSet, at: datetime, cause: str, status: str | None = None) -> SetStatus:
    """The status after a public answer; the one that the person named, else `after_reply`."""
    name = status or rules.defaults.after_reply
    return SetStatus(name, rules.statuses[name], at, cause)


def after_touch(ticket: Ticket, at: datetime, cause: str) -> SetStatus | None:
    """The status after a person of ours did something; None when it stays. Only the first one changes it."""
    return SetStatus("open", "open", at, cause) if ticket.status_type == "new" else None


def after_snooze(ticket: Ticket, at: datetime) -> SetStatus | None:
    """The status it wakes to, as it was before; None when it is not asleep."""
    if ticket.awake_status is None or ticket.awake_status_type is None:
        return None
    return SetStatus(ticket.awake_status, ticket.awake_status_type, at, "timer", "the snooze ended")
