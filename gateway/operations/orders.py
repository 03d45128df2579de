"""The orders of one mail, carried out: all of them and its words in one transaction, or nothing.

Sources      agents-by-mail.md §2 (text), §3 (all or none), §4 (each command, receipts, `#dry`).
Transaction  the caller's, durable; a savepoint takes back what was begun when something cannot be done.
Not here     reading the mail (ticket/commands.py), who may be believed to be an agent (ticket/authority.py), questions
             (order_answers.py), the mails that tell of it (order_mails.py), holding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from gateway.events import carry_out, customer_of
from gateway.message.address import normal
from gateway.operations.answers import Answer, Note
from gateway.operations.asking import Ask
from gateway.operations.canned import uses_in
from gateway.operations.order_questions import asked_before
from gateway.operations.order_steps import own_step, step_of
from gateway.operations.order_types import Asker, Carried, Line, numbers_of
from gateway.operations.person import actor
from gateway.operations.registry import OPERATIONS
from gateway.operations.tongue import tongue_of
from gateway.operations.tried import letters, newest_mail, reached
from gateway.operations.types import Done, Duty
from gateway.operations.undoing import Undo, given_away, last_of, settled_by, undone_by
from gateway.rules.types import Decision, Reply, Trace
from gateway.store import happenings, outbox, tickets, undoing
from gateway.store.audit import attempt
from gateway.store.undoing import Kept, Snapshot, Step
from gateway.ticket.command_table import COMMANDS, INSERT
from gateway.ticket.command_values import Absence, Related, Wrong
from gateway.ticket.commands import Command, Orders, Refused
from gateway.ticket.life import FINISHED, SPAM
from gateway.ticket.saying import Sayable, Saying, saying, worded
from gateway.ticket.types import Ticket
from gateway.ticket.visibility import sees

UNDO_WITHIN = timedelta(hours=24)
_OF_ANSWERS = ("status", "solved", "closed")  # statuses that an answer may set itself
_FINAL = ("ask", "internal")  # what is taken back by hand alone
_NAMED = ("answer", "status_notice")  # mails that are named by what they are, not by whom they went to


class _CannotError(Exception):
    def __init__(self, command: Command, wrong: Wrong) -> None:
        super().__init__(wrong.word)
        self.command, self.wrong = command, wrong


def carried_out(c: Connection, orders: Orders, asker: Asker, duty: Duty) -> Carried:
    """What came of the orders of a mail, and of its text."""
    dry = orders.has("dry")
    work = _Work(c, orders, asker, duty)
    try:
        work.look()
        questions = () if dry or asker.confirmed else tuple(asked_before(c, orders, asker, duty))
        with attempt(c, only_tried=dry or bool(questions)):  # what cannot be done is refused, and not asked about
            lines = tuple(work.lines())
            undo = None if dry else work.receipt()
            would = letters(c, work.newest, duty.deps.desk.agents) if dry else ()
            reaches = reached(c, work.newest, duty.now) if questions else ()
    except _CannotError as e:
        return Carried(refused=Refused("bad-value", e.command.line, e.command.written, e.wrong))
    if questions:
        return Carried(questions=questions, reaches=reaches, text=work.text if reaches else "")
    if dry:
        lines = tuple(replace(line, state="would") for line in lines)
    asked = tuple(each for each in orders.commands if each.name in COMMANDS and COMMANDS[each.name].query)
    told = dry or work.told
    return Carried(lines, undo, asked=asked, dry=dry, told=told, letters=would, answered=work.answered and not dry)


class _Work:
    """One mail's worth of it."""

    def __init__(self, c: Connection, orders: Orders, asker: Asker, duty: Duty) -> None:
        self._c, self._orders, self._asker, self._duty = c, orders, asker, duty
        self._rules = duty.deps.rules
        self._tongue = tongue_of(asker.agent, duty.deps, duty.now)
        self._text = orders.text.strip()
        self._canned = tuple(uses_in(orders))
        speaks = "note" if orders.has("note") else asker.speaks
        says = bool(self._text or self._canned or asker.files)
        elsewhere = orders.has("ask") or orders.has("internal")  # the words are for somebody else
        self._speaks = speaks if says and asker.number is not None and not elsewhere else "nothing"
        self._before: dict[int, Snapshot] = {}
        self._left: dict[int, Snapshot] = {}  # as they were when a merge or a split moved what is in them
        self._receipts: list[str] = []
        self._sent: list[str] = []
        self._waiting: list[tuple[int, str]] = []  # mails that leave later, and what they are
        self._steps: list[Step] = []
        self.newest = newest_mail(c)  # that was queued before
        self._did = False  # whether anything was asked for that is no question
        self.told = False

    @property
    def text(self) -> str:
        """The words of this mail."""
        return self._text

    @property
    def answered(self) -> bool:
        """Whether words of this mail go to the customer."""
        return "answer" in self._sent

    def look(self) -> None:
        """Whether all that is named is there, and may be seen.

        Raises  _CannotError  something may not
        """
        for command in self._orders.commands:
            named = [*numbers_of(self._asker, command), *_others(command)]
            for number in named:
                ticket = tickets.find_ticket(self._c, number)
                if ticket is None or not sees(self._asker.agent, ticket, self._rules):
                    raise _CannotError(command, Wrong("unseen", (("number", str(number)),)))
        if sum(len(numbers_of(self._asker, each)) > 1 for each in self._orders.commands):
            self.told = True

    def lines(self) -> Iterator[Line]:
        """Everything done, one line for each.

        Raises  _CannotError  something cannot be done
        """
        known = self._happened()
        answering = [each for each in self._orders.commands if self._answers_with(each)]
        last = [each for each in self._orders.commands if self._comes_after_words(each)]
        for command in self._orders.commands:
            if command not in (*answering, *last):
                yield from self._carry_out(command)
        yield from self._say(answering)
        for command in last:
            yield from self._carry_out(command)
        if fired := self._happened()[len(known) :]:
            yield Line("ok", saying("done_rules"), ", ".join(dict.fromkeys(fired)))

    def receipt(self) -> str | None:
        """What takes it back: u-318; None when nothing does. What changed nothing is kept, too: it was done last."""
        if not self._did or self._asker.agent.role not in COMMANDS["undo"].roles:
            return None
        later = {word for _, word in self._waiting}
        sent = tuple(each for each in self._sent if each not in later)
        what = Kept((), (), tuple(self._receipts), sent, tuple(self._waiting), tuple(self._steps), self._mails())
        after = {n: self._left.get(n) or undoing.snapshot(self._c, n) for n in self._before}
        found = [(b, undoing.without(a, what.joined)) for n, b in self._before.items() if (a := after[n]) is not None]
        kept = [(before, now_is) for before, now_is in found if undoing.differences(before, now_is)]
        before, now_is = zip(*kept, strict=True) if kept else ((), ())
        what = replace(what, before=tuple(before), after=tuple(now_is))
        if what == Kept(receipts=what.receipts) and len(what.receipts) == 1:
            return what.receipts[0]
        first = next(iter((*before, *self._before.values(), *self._left.values())), None)
        number = first.ticket.number if first is not None else self._asker.number
        id = undoing.keep(self._c, what, number, actor=actor(self._asker.agent.id), now=self._duty.now)
        return None if what.is_final else f"u-{id}"

    # --- inside ---

    def _answers_with(self, command: Command) -> bool:
        """Whether the answer of this mail sets this status itself."""
        return self._speaks == "answer" and command.name in _OF_ANSWERS and not command.numbers

    def _comes_after_words(self, command: Command) -> bool:
        """Whether it sets a status that the answer of this mail would overwrite."""
        info = COMMANDS.get(command.name)
        return self._speaks == "answer" and info is not None and info.status and not self._answers_with(command)

    def _carry_out(self, command: Command) -> Iterator[Line]:
        if command.name == "undo":
            yield from self._undo(command)
            return
        delayed = command.name == "send" and isinstance(command.value, timedelta) and self._speaks == "answer"
        if command.name in ("send", "discard", "confirm") and not delayed:
            raise _CannotError(command, Wrong("nothing_held", (("command", f"#{command.name}"),)))
        if isinstance(command.value, Absence) and not self._may_speak_for(command.value.who):
            places = (("command", f"#{command.name} who="), ("role", self._asker.agent.role))
            raise _CannotError(command, Wrong("role", places))
        if command.name in INSERT and self._speaks != "answer" and (command.name, self._speaks) != ("use", "note"):
            raise _CannotError(command, Wrong("canned_here", (("command", f"#{command.name}"),)))
        about = numbers_of(self._asker, command)
        if (own := own_step(command, self._asker.agent.id, about)) is not None:
            yield from (Line("ok", command.written, done.said) for done in self._perform(command, *own))
        for number in about:
            step = step_of(command, number, self._asker.agent.id, self._text)
            if step is not None and isinstance(step[1], Ask):
                step = step[0], replace(step[1], files=self._asker.files, came=self._asker.came)
            if step is None:
                continue
            was = tickets.find_ticket(self._c, number)
            if command.name == "ham" and was is not None and was.status != "spam":
                yield Line("ok", command.written, saying("done_no_spam", number=number))
                continue
            self._touch(number, *((step[1].other,) if step[0] == "ticket.link" else ()), moved=_moves(command))
            for done in self._perform(command, *step):
                yield Line("ok", command.written, self._said(done, number))
            if command.name in _FINAL:
                self._sent.append(f"#{command.name}")
            if was is not None and (told := self._customer_hears(command, was)):
                yield from self._notice(command, number, told)

    def _may_speak_for(self, who: str | None) -> bool:
        """Whether he may say of an agent that he is away: of himself, and of those whom he leads."""
        me = self._asker.agent
        leads = any(me.id == team.lead and who in team.members for team in self._rules.teams.values())
        return who in (None, me.id) or me.role == "admin" or leads

    def _perform(self, command: Command, name: str, arguments: object) -> tuple[Done, ...]:
        """What an operation did.

        Raises  _CannotError  it did not
        """
        self._did = self._did or name != "ticket.undo"
        found = OPERATIONS[name].perform(self._c, arguments, self._duty)
        for done in found:
            if done.outcome != "done":
                raise _CannotError(
                    command, Wrong("said", (("word", f"{done.name}: {worded(done.said, self._tongue)}"),))
                )
            if done.undo is not None:
                self._receipts.append(done.undo)
            self._steps.extend(done.steps if name != "ticket.undo" else ())  # what was taken back is none of its own
            word = f"#{command.name}" if name == "agent.remind" else "answer"
            self._waiting.extend((mail, word) for mail in done.waiting)
            self.told = self.told or done.undo is not None or done.warns
        return found

    def _mails(self) -> tuple[str, ...]:
        """To whom mails went because of it, those left out that are named otherwise, or leave later."""
        later = {mail for mail, _ in self._waiting}
        queued = outbox.written_since(self._c, self.newest, self._duty.now)
        return tuple(dict.fromkeys(m.forward_path for m in queued if m.id not in later and m.template not in _NAMED))

    def _said(self, done: Done, number: int) -> Sayable:
        own = number == self._asker.number and done.name == f"#{number}"
        return done.said if own else _named(done)

    def _touch(self, *numbers: int, moved: bool) -> None:
        """Remember what they are like before they are changed; what a merge moves has a receipt of its own."""
        for number in numbers:
            found = undoing.snapshot(self._c, number)
            if found is not None:
                (self._left if moved else self._before).setdefault(number, found)

    def _undo(self, command: Command) -> Iterator[Line]:
        who, since = self._asker.agent.id, self._duty.now - UNDO_WITHIN
        id = command.value if isinstance(command.value, str) else None
        if id is None:
            last = last_of(self._c, who, since)
            if last is None:
                raise _CannotError(command, Wrong("nothing_to_undo"))
            if isinstance(last, Saying):
                raise _CannotError(command, Wrong("said", (("word", worded(last, self._tongue)),)))
            id = last
        unseen = list[int]()
        for number in undone_by(self._c, id):
            ticket = tickets.find_ticket(self._c, number)
            if ticket is not None and sees(self._asker.agent, ticket, self._rules):
                continue
            if given_away(self._c, self._asker.agent, number, since, self._rules) != id:
                raise _CannotError(command, Wrong("unseen", (("number", str(number)),)))
            unseen.append(number)
        for other, name in settled_by(self._c, id):
            if other != who and not (name == "away" and self._may_speak_for(other)):
                raise _CannotError(command, Wrong("others_own", (("id", id), ("who", other))))
        self.told = True
        for done in self._perform(command, "ticket.undo", Undo(id, who, since, tuple(unseen))):
            yield Line("ok", command.written, _named(done))

    def _say(self, answering: Sequence[Command]) -> Iterator[Line]:
        """The words of the mail, with the statuses that an answer sets itself."""
        number, by = self._asker.number, self._asker.agent.id
        if number is None or self._speaks == "nothing":
            return
        if (goes_on := tickets.goes_on_in(self._c, number)) is not None:  # the same mail may have merged it
            number = goes_on.number
        texts = (each for each in self._orders.commands if each.name in INSERT)
        plain = Command("text", None, 1, self._text.partition("\n")[0][:60])
        command = next(texts, next(iter(answering), plain))  # that is to blame where it cannot be sent
        self._touch(number, moved=False)
        if self._speaks == "note":
            note = Note(number, self._text, by, came=self._asker.came, articles=self._canned)
            for done in self._perform(command, "ticket.note", note):
                self._sent.append("note")
                yield Line("ok", "#note", done.said)
            return
        status = _status_of(answering[0]) if answering else None
        says_solved = status == "solved" and not self._orders.has("silent")
        after = next((each.value for each in self._orders.commands if isinstance(each.value, timedelta)), None)
        leaves = self._duty.now + after if after is not None else None
        files, canned = self._asker.files, self._canned
        answer = Answer(
            number, self._text, status, by, files, canned, says_solved, came=self._asker.came, not_before=leaves
        )
        for done in self._perform(command, "ticket.answer", answer):
            self._sent.append("answer")
            yield from (Line("ok", each.written, saying("done_with_answer")) for each in answering)
            said = " ".join(self._text.split()) or ", ".join(each.name for each in files) or command.written
            yield Line("sent", said[:60], done.said)

    def _customer_hears(self, command: Command, was: Ticket) -> tuple[tuple[str, str], ...]:
        """What a notice says to the customer of what he is not told in words; empty: he hears nothing.

        Of other tickets he hears where they are his, too.
        was  the ticket before
        """
        over, other = was.status_type in FINISHED, None
        match command.name, command.value:
            case "solved", reason if not over:
                return ("happened", "solved"), *((("reason", reason),) if isinstance(reason, str) and reason else ())
            case "status", "open" if over and was.status != SPAM and self._speaks != "answer":
                return (("happened", "reopened"),)
            case "merge", int(into) if not over:
                other = tickets.find_ticket(self._c, into)
            case "split", _ if not over:
                made = (number for kind, number in tickets.links(self._c, was.number) if kind == "split into")
                other = tickets.find_ticket(self._c, max(made, default=0))
        if other is None or was.requester is None or other.requester is None:
            return ()
        his = normal(was.requester.address) == normal(other.requester.address)
        happened = "merged" if command.name == "merge" else "split"
        return (("happened", happened), ("other", str(other.number))) if his else ()

    def _notice(self, command: Command, number: int, values: tuple[tuple[str, str], ...]) -> Iterator[Line]:
        """What the customer hears of a change without words to him.

        Raises  _CannotError  he can hear nothing of it
        """
        after = tickets.find_ticket(self._c, number)
        if after is None or after.requester is None or self._orders.has("silent"):
            return
        d, happened = self._duty.deps, values[0][1]
        reply = Reply(actor(self._asker.agent.id), "status_notice", values=values)
        decision = Decision((reply,), Trace(d.rules.revision, d.rules.sha256, ()))
        key, customer = f"{happened}:{number}:{after.version}", customer_of(self._c, after)
        carry_out(self._c, after, (), decision, customer, d, self._duty.now, key=key, by_person=True)
        newest = outbox.find_many(self._c, states=(), ticket=number, recipient=None, limit=1)
        if newest and newest[0].state == "failed":  # its words may not go out, or it cannot be written
            leaks = (newest[0].reason or "").startswith("leak")
            said = (
                worded(saying("done_only_ours", line=command.line), self._tongue) if leaks else newest[0].reason or "—"
            )
            raise _CannotError(command, Wrong("said", (("word", said),)))
        if newest and newest[0].state == "suppressed":
            self.told = True  # he wanted the customer to hear of it
            why = newest[0].reason or "—"
            none = saying("done_no_notice", number=number, address=after.requester.address, why=why)
            yield Line("ok", saying("done_notice"), none)
        else:
            self._sent.append("notice")
            sent = saying("done_mail", mail=f"#{number}", address=after.requester.address)
            yield Line("sent", saying("done_notice"), sent)

    def _happened(self) -> list[str]:
        """The rules that ran in the ticket of the mail where no mail of a customer was the cause."""
        if self._asker.number is None:
            return []
        found = happenings.happenings(self._c, self._asker.number)
        return [hit.rule for each in found for hit in each.reasons.rules.hits if hit.outcome == "applied"]


def _named(done: Done) -> Saying:
    return saying("done_named", name=done.name, said=done.said)


def _others(command: Command) -> tuple[int, ...]:
    """Tickets that a command names beside those that it is about."""
    match command.name, command.value:
        case (("merge" | "why" | "history" | "original" | "show"), int(number)):
            return (number,)
        case _, Related(number, _):
            return (number,)
    return ()


def _moves(command: Command) -> bool:
    return command.name in ("merge", "split")


def _status_of(command: Command) -> str:
    return command.value if command.name == "status" and isinstance(command.value, str) else command.name
