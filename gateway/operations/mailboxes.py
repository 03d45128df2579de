"""What an operator decides about a mailbox: old mail, a log-in now, a mail that is tried again.

Transaction  the caller's, durable.
Not here     the mailbox itself (intake/imap.py), which looks into its rows at each turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection

from gateway.operations.types import Done, Duty, Operation
from gateway.store import leaves, mailboxes
from gateway.store.audit import add_audit


@dataclass(frozen=True, slots=True)
class OneMailbox:
    """A mailbox by its name in the settings."""

    name: str
    actor: str = "operator"


@dataclass(frozen=True, slots=True)
class NewLeave:
    """A refresh token that somebody got by agreeing, and how long it lasts."""

    name: str
    refresh_token: str = field(repr=False)
    lasts_s: float | None
    actor: str = "operator"


def _keep_leave(c: Connection, wanted: NewLeave, duty: Duty) -> tuple[Done, ...]:
    """The next log-in uses it, also where log-ins were refused."""
    ends = duty.now + timedelta(seconds=wanted.lasts_s) if wanted.lasts_s is not None else None
    leaves.keep_leave(c, leaves.Leave(wanted.name, wanted.refresh_token, duty.now, ends))
    mailboxes.try_again(c, wanted.name)
    add_audit(c, at=duty.now, actor=wanted.actor, action="mailbox.leave", object=wanted.name, detail="")
    until = f", until {ends:%Y-%m-%d}" if ends is not None else ""
    return (Done(wanted.name, "done", f"may be fetched{until}"),)


def _of(
    action: str, change: Callable[[Connection, str], tuple[int, str, str]]
) -> Callable[[Connection, OneMailbox, Duty], tuple[Done, ...]]:
    """An operation on one mailbox.

    change  how much was changed, what to say then, and otherwise
    """

    def perform(c: Connection, wanted: OneMailbox, duty: Duty) -> tuple[Done, ...]:
        if wanted.name not in (known := mailboxes.healths(c)):
            names = ", ".join(known) or "none was tried so far"
            return (Done(wanted.name[:60], "not-found", f"there is no such mailbox; mailboxes are: {names}"),)
        count, done, otherwise = change(c, wanted.name)
        if not count:
            return (Done(wanted.name, "conflict", otherwise),)
        add_audit(c, at=duty.now, actor=wanted.actor, action=f"mailbox.{action}", object=wanted.name, detail=done)
        return (Done(wanted.name, "done", done),)

    return perform


def _answer_old(c: Connection, name: str) -> tuple[int, str, str]:
    count = sum(found.old_count for found in mailboxes.folders(c) if found.mailbox == name and found.old == "asked")
    folders = mailboxes.decide_old(c, name, "wanted")
    return folders, f"{count} mails from before become tickets, and are answered", "no old mail of it waits for a word"


def _retry(c: Connection, name: str) -> tuple[int, str, str]:
    count = mailboxes.try_again(c, name)
    return count, "is tried at once, with all mails that it did not give", "nothing of it waits to be tried again"


OPERATIONS: Mapping[str, Operation] = {
    "mailbox.answer-old": Operation(OneMailbox, _of("answer_old", _answer_old)),
    "mailbox.leave": Operation(NewLeave, _keep_leave),
    "mailbox.retry": Operation(OneMailbox, _of("retry", _retry)),
}
