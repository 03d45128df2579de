"""People with their mail programs at a gateway: everything that they do goes in by SMTP, what they get comes by SMTP.

Not here  what they do (monday.txt), who they are and the rules of the desk (people.py).
"""

import asyncio
import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import Connection

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.store import inbound, outbox, tickets
from gateway.store.absences import absent
from gateway.ticket.types import Ticket
from tests.agents.programs import Answer, answered
from tests.desk.people import PEOPLE, RULES, Person, rules_without
from tests.desk.script import Step, read, written
from tests.running import Gateway, Relay

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
BOUNDARY = "mx.acme.test"
_TOGETHER = timedelta(seconds=61)  # in which several events of a ticket become one mail
_LINK = re.compile(r'href="mailto:([^"]+)"')
_NOTE = re.compile(r"\+n\d")
_SHOWN = 60  # characters of an answer


class _CannotError(Exception):
    """Somebody looks for a mail or a link that he was not sent."""


class Day:
    """A gateway on a clock that stands, and everybody's mailbox."""

    def __init__(self, gateway: Gateway, clock: FakeClock) -> None:
        self._gateway, self._clock, self._sent, self._last = gateway, clock, 0, b""
        self._seen = 0  # of the relay's mails
        self.mailboxes: dict[str, list[tuple[datetime, EmailMessage]]] = {name: [] for name in PEOPLE}
        self.others: list[str] = []  # addresses that got mail and are nobody's
        self.notes: list[str] = []  # all that was written for our own people

    async def play(self, steps: list[Step]) -> list[list[str]]:
        """What became of each step; those of one minute happen at once."""
        results = []
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            await self._until(step.at)
            try:
                became = await self._do(step)
            except _CannotError as e:  # the day goes on, and the script says so
                became = f"cannot: {e}"
            if after is None or after.at != step.at:
                await self._later()
            results.append([f"  = {became}", *self._arrived()])
        return results

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self._clock.now()

    # --- time ---

    async def _until(self, hour: str) -> None:
        hours, minutes = map(int, hour.split(":"))
        due = MONDAY + timedelta(hours=hours, minutes=minutes)
        while self._clock.now() < due:
            step = min(timedelta(minutes=15), due - self._clock.now())
            await self._clock.advance(step.total_seconds())
            await self._jobs()

    async def _later(self) -> None:
        """When what follows from it has left."""
        await self._settled()
        await self._clock.advance(_TOGETHER.total_seconds())
        self._gateway.daemon._sender.wake()
        await self._settled()

    async def _jobs(self) -> None:
        """What the timers do each minute."""
        timers = self._gateway.daemon._timers
        for job in timers.jobs():
            if job.shared and job.interval <= timedelta(minutes=5):
                await timers.run_now(job.name)
        self._gateway.daemon._sender.wake()
        await self._settled()

    async def _settled(self) -> None:
        """Nothing waits to be read, nothing that is due waits to be sent."""
        store, now = self._gateway.store, self._clock.now()
        async with asyncio.timeout(60):
            while await store.read(lambda c: _under_way(c, now)):  # noqa: ASYNC110  what waits has no event to wait for
                await asyncio.sleep(0.01)

    # --- what they do ---

    async def _do(self, step: Step) -> str:
        if step.who == "rules":
            return await self._rules(step)
        person = PEOPLE[step.who]
        match step.does.split(" ", 2):
            case ["writes", "to", told]:
                to, _, subject = told.partition(": ")
                made = _new(person, _full(to), subject, step.words)
            case ["answers", *about]:
                made = self._answer(person, " ".join(about), step.words)
            case ["notes", about]:
                to, _ = self._tapped(person, about, "")
                made = self._answer(person, about, step.words, to)
            case ["taps", *told]:
                command, _, about = " ".join(told).strip('"').partition('" in ')
                to, body = self._tapped(person, about or "the latest", command)
                made = _new(person, to, "", body)
            case _:
                raise ValueError(step.does)
        return await self._go(made, person, step)

    def _answer(self, person: Person, about: str, words: str, to: str = "") -> EmailMessage:
        """By the reply button, in the person's own program; words below quoted lines where the script quotes them."""
        mail = self._mail(person, about)
        pairs = re.findall(r"^> (.+)\n((?:(?!> ).*\n?)+)", words, re.MULTILINE)
        answer = Answer((words,), signature=person.signature)
        if pairs:
            answer = Answer(tuple(text.strip() for _, text in pairs), tuple(line for line, _ in pairs))
        return answered(person.program, person.language, mail, answer, str(person), to)

    async def _go(self, made: EmailMessage, person: Person, step: Step) -> str:
        oddity, dmarc, sender = step.oddity, "pass", person.address
        match oddity.split(" ", 1):
            case ["as", name]:
                made.replace_header("From", str(PEOPLE[name]))
            case ["dmarc", dmarc]:
                pass
            case ["forged", name]:
                made.replace_header("From", str(PEOPLE[name]))
                dmarc = "fail"
            case ["cc", "note"]:
                made["Cc"] = self._tapped(person, step.does.removeprefix("answers "), "")[0]
            case ["cc", others]:
                made["Cc"] = ", ".join(_full(each) for each in others.split())
            case ["automatic"]:
                made["Auto-Submitted"] = "auto-replied"
            case ["file", name]:
                made.add_attachment(b"%PDF-1.7 " + name.encode(), maintype="application", subtype="pdf", filename=name)
            case ["number", subject]:
                made.replace_header("Subject", subject)
            case _:
                pass
        self._sent += 1
        made["Message-ID"] = f"<{self._sent}.{person.address.replace('@', '.')}>"
        made["Date"] = email.utils.format_datetime(self._clock.now())
        domain = made["From"].addresses[0].domain
        head = (
            f"Authentication-Results: {BOUNDARY}; dmarc={dmarc} header.from={domain}\r\n"
            f"Received: from mail.{domain} by {BOUNDARY}; {email.utils.format_datetime(self._clock.now())}\r\n"
        )
        raw = head.encode() + made.as_bytes(policy=email.policy.SMTP)
        if oddity == "again":
            raw = self._last
        self._last = raw
        reply = await self._gateway.send(raw, to=made["To"].addresses[0].addr_spec, sender=sender)
        if not reply.startswith("250"):
            return f"refused: {reply}"
        await self._settled()
        return self._became()

    async def _rules(self, step: Step) -> str:
        self._gateway.settings.paths.rules.write_text(rules_without(step.does.removeprefix("lose ")), "utf-8")
        wrong = await self._gateway.daemon.reload("ana", step.does)
        return "in force" if wrong is None else str(wrong)

    # --- what became of it ---

    def _became(self) -> str:
        row = self._gateway.mails()[-1]
        reason = re.sub(r"\bq-\d+ | \(q-\d+\)", "", row.reason or "")
        ticket = next((t for t in self._gateway.tickets() if t.number == row.ticket), None)
        shown = f" {state_of(ticket)}" if ticket is not None else ""
        return f"{row.disposition}{shown}" + ("" if row.disposition in ("ticket", "entry") else f" · {reason}")

    def _arrived(self) -> list[str]:
        """Into whose mailbox, what; sorted by reader."""
        told: dict[str, list[str]] = {}
        for path, raw in self.new_mails():
            mail: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[assignment]
            name = next((n for n, person in PEOPLE.items() if person.address == path), path)
            if name in self.mailboxes:
                self.mailboxes[name].append((self._clock.now(), mail))
            else:
                self.others.append(path)
            told.setdefault(_told(mail), []).append(name)
        return sorted(f"  → {', '.join(sorted(names))}: {what}" for what, names in told.items())

    def new_mails(self) -> list[tuple[str, bytes]]:
        """(the reader's address, the mail), since it was asked last."""
        new, self._seen = self._gateway.relay.mails[self._seen :], len(self._gateway.relay.mails)
        return new

    def _mail(self, person: Person, about: str) -> EmailMessage:
        """The newest notice in a mailbox about a ticket, else the newest mail about it; or the newest of all."""
        found = self._mails(person, about)
        notices = [each for each in found if each["X-Mailwicket-Mail"] == "agent_notice"]
        return notices[-1] if notices and "latest" not in about else found[-1]

    def _mails(self, person: Person, about: str) -> list[EmailMessage]:
        """Those about a ticket, up to a time; oldest first."""
        owner, _, rest = about.rpartition("'s ")
        number, _, hour = rest.partition(" of ")
        found = self.mailboxes[owner or person.name]
        if number.startswith("#"):
            found = [each for each in found if f"[{number}]" in each[1]["Subject"]]
        if hour:
            found = [each for each in found if f"{each[0]:%H:%M}" <= hour]
        if not found:
            raise _CannotError(f"no mail about {about}")
        return [mail for _, mail in found]

    def _tapped(self, person: Person, about: str, command: str) -> tuple[str, str]:
        """(address, text) of the mail that a link opens, in the newest mail that has it."""
        for mail in reversed(self._mails(person, about)):
            for link in _links(mail):
                address, _, text = link.partition("?body=")
                if text == command and (text or _NOTE.search(address)):
                    return address, text
        raise _CannotError(f"no link for {command or 'a note'}")


def _under_way(c: Connection, now: datetime) -> bool:
    states = ("queued", "deferred", "leased")
    due = outbox.find_many(c, states=states, ticket=None, recipient=None, limit=1, due=now)
    return bool(inbound.account(c)["pending"] or due)


def state_of(ticket: Ticket) -> str:
    """A ticket in a few words."""
    return f"#{ticket.number} {ticket.status} {ticket.team} {ticket.assignee or '—'}"


def text_of(mail: EmailMessage) -> str:
    """What its reader sees."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _told(mail: EmailMessage) -> str:
    """A mail of ours in a few words: which it is, in which language, what it says."""
    kind, lines = str(mail["X-Mailwicket-Mail"]), text_of(mail).splitlines()
    said = next((line for line in lines[1:] if line.strip()), "")[:_SHOWN] if kind == "answer" else str(mail["Subject"])
    return f"{kind} {mail['Content-Language']} “{said}”"


def _new(person: Person, to: str, subject: str, words: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = str(person), to, subject
    made.set_content(words + "\n", charset="utf-8", cte="quoted-printable")
    return made


def _full(address: str) -> str:
    """Names of people and local parts of ours stand for addresses."""
    if address in PEOPLE:
        return str(PEOPLE[address])
    return address if "@" in address else f"{address}@acme.test"


def _links(mail: EmailMessage) -> list[str]:
    """Where the links of a mail lead, without `mailto:`."""
    body = mail.get_body(("html",))
    return [unquote(each) for each in _LINK.findall(str(body.get_content()))] if body is not None else []


def _tickets(gateway: Gateway) -> list[str]:
    """Each ticket as it is, and what stands in it."""
    found = []
    for ticket in gateway.tickets():
        kinds = gateway.store.read_now(lambda c, n=ticket.number: tickets.entries(c, n))
        told = " ".join(f"{each.kind}{'' if each.public else '*'}" for each in kinds)
        who = ticket.requester.address if ticket.requester is not None else "nobody"
        tags = f" [{' '.join(ticket.tags)}]" if ticket.tags else ""
        found.append(f"{state_of(ticket)} {ticket.priority} {who}{tags}: {told}")
    return found


async def played(
    settings: Settings,
    path: Path,
    clock: FakeClock,
    day_at: Callable[[Gateway], Day],
    *,
    relay: Relay | None = None,
    update: bool = False,
) -> Day:
    """The day of a script, played and held against what is written there; `update` writes it anew."""
    auth = settings.auth.model_copy(update={"trusted_authserv_ids": (BOUNDARY,)})
    gateway = Gateway(settings.model_copy(update={"auth": auth}), RULES, clock)
    gateway.relay = relay or gateway.relay
    script = read(path)
    async with gateway:
        day = day_at(gateway)
        results = await day.play(list(script.steps()))
        found = written(script, results, "\n".join(_end(gateway, day)))
        day.notes = [e.text for t in gateway.tickets() for e in gateway.entries(t.number) if not e.public]
        account = await gateway.store.read(inbound.account)
    if update:
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
    assert account["pending"] == 0
    assert account["received"] == sum(number for name, number in account.items() if name != "received")
    assert day.others == []
    return day


def _end(gateway: Gateway, day: Day) -> list[str]:
    """Each ticket, who is away, and how many mails lie in each mailbox."""
    away = [f"{each.agent} is {each}" for each in gateway.store.read_now(lambda c: absent(c, day.now)).values()]
    boxes = [f"{name}: {len(mails)}" for name, mails in day.mailboxes.items() if mails]
    return [*_tickets(gateway), "", *away, "", *boxes] if away else [*_tickets(gateway), "", *boxes]
