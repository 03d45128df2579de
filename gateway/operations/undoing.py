"""Taking back: a merge or a split, or what the commands of one mail changed, by its receipt.

Transaction  the caller's, durable; the tickets are locked in the order of their numbers. All of a receipt is taken
             back, or nothing; mails that have not left never do.
Not here     how merges are taken back (merges.py), what is kept (store/undoing.py). What was sent is sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.events import owners_after
from gateway.operations import merges
from gateway.operations.person import actor, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.rules.types import Agent, RuleSet
from gateway.store import audit, outbox, tickets, undoing
from gateway.store.audit import attempt
from gateway.store.linked import By
from gateway.store.merges import find_receipt
from gateway.store.undoing import CommandReceipt, Snapshot
from gateway.ticket.saying import Sayable, Saying, saying
from gateway.ticket.visibility import sees

LEFT = ("answer", "note", "notice")  # what commands send, beside those that are nothing else
_OWN = ("agent.away", "agent.back", "agent.digest", "agent.receipts")  # what agents settle for themselves
_ID = re.compile(r"u-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Undo:
    """What is taken back, by its receipt: u-318."""

    id: str
    by: str | None = None
    since: datetime | None = None  # older ones are not taken back; None: however old they are


class _NotDoneError(Exception):
    """Something of several was not done: what it was part of is taken back as a whole."""

    def __init__(self, done: Done) -> None:
        super().__init__(done.name)
        self.done = done


def undone_by(c: Connection, id: str) -> tuple[int, ...]:
    """The tickets that a receipt is about; none where there is no such receipt."""
    found = _ID.fullmatch(id)
    commands = undoing.find(c, int(found[1])) if found else None
    if commands is not None:
        return tuple(each.ticket.number for each in commands.kept.before)
    moved = find_receipt(c, int(found[1])) if found else None
    return (moved.ticket, moved.other) if moved is not None else ()


def given_away(c: Connection, agent: Agent, number: int, since: datetime, rules: RuleSet) -> str | None:
    """The receipt of the commands by which an agent lost sight of a ticket: u-318; None: they were not his.

    since  older ones are not taken back
    """
    for id, _, kept in undoing.done_by(c, actor(agent.id), since):
        for before, after in zip(kept.before, kept.after, strict=True) if kept is not None else ():
            if before.ticket.number == number and sees(agent, before.ticket, rules):
                return None if sees(agent, after.ticket, rules) else f"u-{id}"
    return None


def last_of(c: Connection, agent: str, since: datetime, now: datetime) -> str | Saying | None:
    """The receipt of what somebody did last; that it cannot be taken back, with the one before; None: he did nothing.

    since  older ones are not taken back
    """
    done = tuple(undoing.done_by(c, actor(agent), since))
    before = next((f"#undo u-{id}" for id, _, kept in done if kept is None or not kept.is_final), "—")
    rows = audit.find_rows(c, actor=actor(agent), action="agent", since=since)
    own = [row for row in rows if row.action in _OWN and row.at < now and (not done or row.at > done[0][1])]
    if own:
        what: tuple[Sayable, ...] = (f"#{own[-1].action.partition('.')[2]}",)
    elif not done:
        return None
    elif (kept := done[0][2]) is None or not kept.is_final:
        return f"u-{done[0][0]}"
    else:
        what = _final(kept.sent)
    return saying("done_not_undone", what=what, before=before)


def _final(sent: Sequence[str]) -> tuple[Sayable, ...]:
    """What of commands cannot be taken back, in words."""
    named = tuple(saying(f"left_{each}") if each in LEFT else each for each in dict.fromkeys(sent))
    return named or (saying("left_nothing"),)


def _undo(c: Connection, wanted: Undo, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, wanted.id)) is not None:
        return (refused,)
    found = _ID.fullmatch(wanted.id)
    receipt = undoing.find(c, int(found[1])) if found else None
    if receipt is None:
        return merges.taken_back(c, wanted.id, wanted.by, duty, since=wanted.since)
    if receipt.undone_at is not None:
        return (Done(wanted.id, "conflict", merges.already_taken_back(receipt.undone_at)),)
    if wanted.since is not None and receipt.at < wanted.since:
        return (Done(wanted.id, "conflict", saying("done_too_old", time=receipt.at)),)
    if receipt.kept.is_final:
        said = saying("done_left", what=_final(receipt.kept.sent))
        return (Done(wanted.id, "refused", said),)
    try:
        with attempt(c, only_tried=False):
            return tuple(_taken_back(c, receipt, wanted, duty))
    except _NotDoneError as e:
        return (e.done,)


def _taken_back(c: Connection, receipt: CommandReceipt, wanted: Undo, duty: Duty) -> Iterator[Done]:
    kept = receipt.kept
    for number in sorted(s.ticket.number for s in kept.before):
        tickets.find_ticket(c, number, lock=True)
    for id in reversed(kept.receipts):
        for done in merges.taken_back(c, id, wanted.by, duty, since=None):
            if done.outcome != "done":
                raise _NotDoneError(done)
            yield done
    for before, after in zip(kept.before, kept.after, strict=True):
        if (changed := _changed_since(c, before, after, receipt)) is not None:
            raise _NotDoneError(changed)
    by = By(actor(wanted.by), duty.basis, duty.now)
    for before, after in zip(kept.before, kept.after, strict=True):
        names = undoing.differences(before, after)
        now_is = undoing.snapshot(c, before.ticket.number)
        if names and now_is is not None:
            undoing.restore(c, now_is, before, names, by, duty.deps.promises)
            again = tickets.find_ticket(c, before.ticket.number) or now_is.ticket
            owners_after(c, now_is.ticket, again, duty.deps, duty.now, by=wanted.by)
            yield Done(f"#{before.ticket.number}", "done", saying("done_as_before", names=", ".join(names)))
    gone = list(kept.sent)
    for number, what in kept.waiting:
        if (item := outbox.find(c, number)) is not None and outbox.drop(c, number, duty.now):
            outbox.tell(c, item, "mail.dropped", "was taken back before it left", duty.now)
            yield Done(f"q-{number}", "done", saying("done_not_sent", address=item.forward_path))
        else:
            gone.append(what)
    undoing.close(c, receipt, duty.now)
    left = tuple(saying("done_left", what=each) for each in (_final(gone) if gone else ()))
    yield Done(wanted.id, "done", (saying("done_taken_back"), *left))


def _changed_since(c: Connection, before: Snapshot, after: Snapshot, receipt: CommandReceipt) -> Done | None:
    """Why it cannot be taken back: what the commands had changed is not as they left it."""
    now_is = undoing.snapshot(c, after.ticket.number)
    name = f"#{after.ticket.number}"
    if now_is is None or now_is.ticket.merged_into is not None:
        return Done(name, "conflict", saying("done_merged_since"))
    again = _common(undoing.differences(before, after), undoing.differences(after, now_is))
    if not again:
        return None
    rows = audit.find_rows(c, ticket=after.ticket.number, since=receipt.at)
    actions = {word for each in again for word in (f"set.{each}", f"{each}.added", f"{each}.removed")}
    who = next((row.actor for row in reversed(rows) if row.action in actions), rows[-1].actor if rows else "—")
    return Done(name, "conflict", saying("done_changed_since", names=", ".join(again), who=who))


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [each for each in one if each in other]


OPERATIONS: Mapping[str, Operation] = {"ticket.undo": Operation(Undo, _undo)}
