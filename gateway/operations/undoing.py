"""Taking back: a merge or a split, or what the commands of one mail changed, by its receipt.

Transaction  the caller's, durable; the tickets are locked in the order of their numbers. All of a receipt is taken
             back, or nothing; mails that have not left never do.
Not here     how merges are taken back (merges.py), what is no field of a ticket (undone_steps.py), what is kept
             (store/undoing.py). What was sent is sent.
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
from gateway.operations.undone_steps import dropped, step_undone
from gateway.rules.types import Agent, RuleSet
from gateway.store import audit, customers, outbox, tickets, undoing
from gateway.store.audit import attempt
from gateway.store.linked import By
from gateway.store.merges import find_receipt
from gateway.store.undoing import Chosen, CommandReceipt, Decided, Found, Kept, Setting, Snapshot, Step
from gateway.ticket.saying import Sayable, Saying, saying
from gateway.ticket.visibility import sees

LEFT = ("answer", "note", "notice")  # what commands send, beside those that are nothing else
_ID = re.compile(r"u-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Undo:
    """What is taken back, by its receipt: u-318."""

    id: str
    by: str | None = None
    since: datetime | None = None  # older ones are not taken back; None: however old they are
    unseen: tuple[int, ...] = ()  # tickets that he gave away: nobody else did anything there, and nothing is told


class _NotDoneError(Exception):
    """Something of several was not done: what it was part of is taken back as a whole."""

    def __init__(self, done: Done) -> None:
        super().__init__(done.name)
        self.done = done


def undone_by(c: Connection, id: str) -> tuple[int, ...]:
    """The tickets that a receipt is about; none where there is no such receipt."""
    if (commands := _commands(c, id)) is not None:
        kept = commands.kept
        moved = (number for each in kept.receipts for number in undone_by(c, each))
        held = (step.ticket for step in kept.steps if isinstance(step, Decided))
        return tuple(dict.fromkeys((*(each.ticket.number for each in kept.before), *moved, *held)))
    found = _ID.fullmatch(id)
    moved_by = find_receipt(c, int(found[1])) if found else None
    return (moved_by.ticket, moved_by.other) if moved_by is not None else ()


def settled_by(c: Connection, id: str) -> tuple[tuple[str, str], ...]:
    """Whose settings a receipt is about, and which: digest, receipts, away. What is about no ticket is its writer's."""
    if (commands := _commands(c, id)) is None:
        return ()
    own = tuple((step.agent, step.name) for step in commands.kept.steps if isinstance(step, Setting))
    return own if own or undone_by(c, id) else ((commands.actor.removeprefix("agent:"), ""),)


def given_away(c: Connection, agent: Agent, number: int, since: datetime, rules: RuleSet) -> str | None:
    """The receipt of the commands by which an agent lost sight of a ticket: u-318; None: they were not his.

    since  older ones are not taken back
    """
    for id, _, kept in undoing.done_by(c, actor(agent.id), since):
        for before, after in zip(kept.before, kept.after, strict=True) if kept is not None else ():
            if before.ticket.number == number and sees(agent, before.ticket, rules):
                return None if sees(agent, after.ticket, rules) else f"u-{id}"
    return None


def last_of(c: Connection, agent: str, since: datetime) -> str | Saying | None:
    """The receipt of what somebody did last; that it cannot be taken back, with the one before; None: he did nothing.

    since  older ones are not taken back
    """
    done = tuple(undoing.done_by(c, actor(agent), since))
    if not done:
        return None
    id, _, kept = done[0]
    if kept is None or not kept.is_final:
        return f"u-{id}"
    before = next((f"#undo u-{each}" for each, _, kept in done if kept is None or not kept.is_final), "—")
    return saying("done_not_undone", what=_final(kept), before=before)


def _commands(c: Connection, id: str) -> CommandReceipt | None:
    found = _ID.fullmatch(id)
    return undoing.find(c, int(found[1])) if found else None


def _final(kept: Kept) -> tuple[Sayable, ...]:
    """What of commands cannot be taken back, in words."""
    return tuple(_gone(kept.sent, kept.mails)) or (saying("left_nothing"),)


def _gone(sent: Sequence[str], mails: Sequence[str]) -> Iterator[Sayable]:
    """What has left: what commands sent, and to whom else a mail went."""
    yield from (saying(f"left_{each}") if each in LEFT else each for each in dict.fromkeys(sent))
    if mails:
        yield saying("left_mail", address=", ".join(dict.fromkeys(mails)))


def _undo(c: Connection, wanted: Undo, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, wanted.id)) is not None:
        return (refused,)
    receipt = _commands(c, wanted.id)
    if receipt is None:
        return _merge_undone(c, wanted, duty)
    if receipt.undone_at is not None:
        return (Done(wanted.id, "conflict", merges.already_taken_back(receipt.undone_at)),)
    if wanted.since is not None and receipt.at < wanted.since:
        return (Done(wanted.id, "conflict", saying("done_too_old", time=receipt.at)),)
    if receipt.kept.is_final:
        return (Done(wanted.id, "refused", saying("done_left", what=_final(receipt.kept))),)
    try:
        with attempt(c, only_tried=False):
            return tuple(_taken_back(c, receipt, wanted, duty))
    except _NotDoneError as e:
        return (e.done,)


def _merge_undone(c: Connection, wanted: Undo, duty: Duty) -> tuple[Done, ...]:
    """A merge or a split by itself; a mail that told its customer has left."""
    found = merges.taken_back(c, wanted.id, wanted.by, duty, since=wanted.since)
    id = _ID.fullmatch(wanted.id)
    receipt = find_receipt(c, int(id[1])) if id and found[-1].outcome == "done" else None
    beside = undoing.with_receipt(c, receipt.id, receipt.actor, receipt.at) if receipt is not None else None
    told = tuple(_gone([each for each in beside.sent if each == "notice"], ())) if beside is not None else ()
    return (*found, *(Done(wanted.id, "done", saying("done_left", what=each)) for each in told))


def _taken_back(c: Connection, receipt: CommandReceipt, wanted: Undo, duty: Duty) -> Iterator[Done]:
    kept, by = receipt.kept, By(actor(wanted.by), duty.basis, duty.now)
    found = (step.ticket for step in kept.steps if isinstance(step, Found))
    for number in sorted({*undone_by(c, wanted.id), *found}):
        tickets.find_ticket(c, number, lock=True)
    for id in reversed(kept.receipts):
        for done in merges.taken_back(c, id, wanted.by, duty, since=None):
            if done.outcome != "done":
                raise _NotDoneError(done)
            yield done
    yield from _steps_undone(c, [s for s in kept.steps if not isinstance(s, Chosen)], receipt, wanted, duty)
    for before, after in zip(kept.before, kept.after, strict=True):
        if (changed := _changed_since(c, before, after, receipt, wanted)) is not None:
            raise _NotDoneError(_told(changed, wanted))
    for before, after in zip(kept.before, kept.after, strict=True):
        names = undoing.differences(before, after)
        now_is = undoing.snapshot(c, before.ticket.number)
        if names and now_is is not None:
            chosen = customers.language_of(c, before.ticket.number)
            undoing.restore(c, undoing.without(now_is, kept.joined), before, names, by, duty.deps.promises)
            if chosen is not None:  # a language that comes back to a ticket is none that is chosen for its customer
                customers.put_language(c, *chosen)
            again = tickets.find_ticket(c, before.ticket.number) or now_is.ticket
            owners_after(c, now_is.ticket, again, duty.deps, duty.now, by=wanted.by)
            yield Done(f"#{before.ticket.number}", "done", saying("done_as_before", names=", ".join(names)))
    yield from _steps_undone(c, [s for s in kept.steps if isinstance(s, Chosen)], receipt, wanted, duty)
    gone = list(kept.sent)
    for number, what in kept.waiting:
        item = outbox.find(c, number)
        if (never := dropped(c, item, duty)) is not None:
            yield never
        elif item is None or item.state != "dropped":
            gone.append(what)
    undoing.close(c, receipt, duty.now)
    left = tuple(saying("done_left", what=each) for each in (tuple(_gone(gone, kept.mails)),) if each)
    yield Done(wanted.id, "done", (saying("done_taken_back"), *left))


def _steps_undone(
    c: Connection, steps: Sequence[Step], receipt: CommandReceipt, wanted: Undo, duty: Duty
) -> Iterator[Done]:
    for step in reversed(steps):
        for done in step_undone(c, step, receipt, wanted.by, duty):
            if done.outcome != "done":
                raise _NotDoneError(_told(done, wanted))
            yield done


def _told(done: Done, wanted: Undo) -> Done:
    """Why it is not done, as he may hear it."""
    unseen = any(done.name == f"#{number}" for number in wanted.unseen)
    return Done(done.name, "conflict", saying("done_gone_on")) if unseen else done


def _changed_since(
    c: Connection, before: Snapshot, after: Snapshot, receipt: CommandReceipt, wanted: Undo
) -> Done | None:
    """Why it cannot be taken back: what the commands had changed is not as they left it.

    What he does not see any more nobody else has touched.
    """
    now_is, number = undoing.snapshot(c, after.ticket.number), after.ticket.number
    name, rows = f"#{number}", audit.find_rows(c, ticket=number, since=receipt.at)
    if now_is is None or now_is.ticket.merged_into is not None:
        return Done(name, "conflict", saying("done_merged_since"))
    by_others = any(row.actor != receipt.actor and row.actor.startswith(("agent:", "operator")) for row in rows)
    if number in wanted.unseen and (by_others or now_is.ticket.assignee != after.ticket.assignee):
        return Done(name, "conflict", saying("done_gone_on"))
    now_is = undoing.without(now_is, receipt.kept.joined)
    again = _common(undoing.differences(before, after), undoing.differences(after, now_is))
    if not again:
        return None
    actions = {word for each in again for word in (f"set.{each}", f"{each}.added", f"{each}.removed")}
    who = next((row.actor for row in reversed(rows) if row.action in actions), rows[-1].actor if rows else "—")
    return Done(name, "conflict", saying("done_changed_since", names=", ".join(again), who=who))


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [each for each in one if each in other]


OPERATIONS: Mapping[str, Operation] = {"ticket.undo": Operation(Undo, _undo)}
