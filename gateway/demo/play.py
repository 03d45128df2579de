"""The demo, played: each mail goes in by its way, is waited for, and is held against what it had to become.

Not here  the cast (cast.py), the gateway (stage.py), how it is printed (cli/demo.py).
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime

import msgspec

from gateway.demo.cast import EVERYDAY, SCENES, Scene, octets
from gateway.demo.catcher import Caught
from gateway.demo.customers import pipe, send, stamped
from gateway.demo.stage import Stage
from gateway.outgoing.kinds import kind_of
from gateway.store import inbound, outbox, tickets
from gateway.store.inbound import MailRow
from gateway.store.outbox import FINAL, OutboxItem
from gateway.ticket.types import Explanation, Ticket

_LOOK_S = 0.02
_PATIENCE_S = 30.0  # for one mail, of real time
_explanation = msgspec.json.Decoder(Explanation)


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one mail, and what should have."""

    about: str
    via: str
    became: str  # the disposition, or "refused"
    mail: int | None  # m-…; None when it was refused at the door
    ticket: Ticket | None
    out: str  # "sent (pl)", "no: " and the guard's word, "—"
    why: str
    wrong: tuple[str, ...] = ()  # differences from what the packaged rules make of it


class Play:
    """One performance on a stage that is up."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._run = f"{int(stage.clock.now().timestamp()):x}"
        self._sent: dict[str, tuple[bytes, str]] = {}  # scene -> octets and recipient, to be sent twice
        self._answers: dict[str, Caught] = {}  # scene -> our mail to its author
        self._numbers: dict[str, int] = {}  # scene -> its ticket
        self._counter = itertools.count(1)

    async def scenes(self) -> AsyncIterator[Played]:
        """The whole cast, one after the other: later mails answer earlier ones.

        Raises  TimeoutError  a mail did not come to its end
        """
        for scene in SCENES:
            before = await self._newest()
            reply = await self._send(scene)
            if not reply.startswith("250"):
                yield self._judged(scene, Played(scene.about, scene.way, "refused", None, None, "—", reply))
                continue
            row = await self._ended(before)
            played = await self._shown(scene.about, row)
            if row.ticket is not None:
                self._numbers.setdefault(scene.file, row.ticket)
            yield self._judged(scene, played)

    async def others(self, tempo_s: float) -> AsyncIterator[Played]:
        """For ever: an everyday mail each `tempo_s` seconds of real time, and whatever else comes in meanwhile."""
        seen = await self._newest()
        about = {scene.file: scene for scene in SCENES}
        sender = asyncio.create_task(self._send_for_ever([about[name] for name in EVERYDAY], tempo_s))
        try:
            while not sender.done():
                for row in await self._finished(seen):
                    seen = row.id
                    yield await self._shown(row.subject or "(no subject)", row)
                await asyncio.sleep(_LOOK_S * 10)
            sender.result()
        finally:
            sender.cancel()

    def number_of(self, scene: str) -> int | None:
        """The ticket of a scene that was played; None where it made none."""
        return self._numbers.get(scene)

    async def account(self) -> dict[str, int]:
        """received, pending, and the count of each disposition."""
        return await self._stage.store.read(inbound.account)

    async def _send_for_ever(self, scenes: list[Scene], tempo_s: float) -> None:
        for scene in itertools.cycle(scenes):
            await asyncio.sleep(tempo_s)
            self._sent.pop(scene.file, None)
            await self._send(scene)

    async def _send(self, scene: Scene) -> str:
        """The gateway's reply."""
        if scene.file not in self._sent:
            now, marks = self._stage.clock.now(), self._marks(scene)
            raw = stamped(octets(scene, marks), scene.sender, scene.dmarc, now)
            to = scene.to
            for mark, text in marks.items():
                to = to.replace(f"@{mark}@", text)
            self._sent[scene.file] = raw, to
            (self._stage.sent / f"{scene.file}.eml").write_bytes(raw)
        raw, to = self._sent[scene.file]
        if scene.way == "pipe":
            return await pipe(self._stage.lmtp_socket, scene.sender, to, raw)
        return await send(self._stage.smtp_port, scene.sender, to, raw)

    def _marks(self, scene: Scene) -> Mapping[str, str]:
        marks = {"RUN": f"{self._run}.{next(self._counter)}", "DATE": format_datetime(self._stage.clock.now())}
        answered = self._answers.get(scene.answers)
        if answered is not None:
            marks |= {
                "REPLY_TO": answered.reply_to,
                "REVERSE_PATH": answered.reverse_path,
                "MESSAGE_ID": answered.message_id,
            }
        if scene.answers in self._numbers:
            marks["NUMBER"] = str(self._numbers[scene.answers])
        return marks

    # --- what became of it ---

    async def _newest(self) -> int:
        rows = await self._rows(1)
        return rows[0].id if rows else 0

    async def _rows(self, limit: int) -> list[MailRow]:
        return await self._stage.store.read(lambda c: inbound.mails(c, dispositions=(), since=None, limit=limit))

    async def _finished(self, after: int) -> list[MailRow]:
        """The mails behind this one that have ended, oldest first, up to the first that has not."""
        newer = sorted((row for row in await self._rows(50) if row.id > after), key=lambda row: row.id)
        return list(itertools.takewhile(lambda row: row.disposition is not None, newer))

    async def _ended(self, after: int) -> MailRow:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                if rows := await self._finished(after):
                    return rows[0]
                await asyncio.sleep(_LOOK_S)

    async def _shown(self, about: str, row: MailRow) -> Played:
        letters = await self._letters(row)
        store, number = self._stage.store, row.ticket
        ticket = await store.read(lambda c: tickets.find_ticket(c, number)) if number is not None else None
        text = await store.read(lambda c: inbound.explanation(c, row.key))
        explanation = _explanation.decode(text) if text else None
        out = ", ".join(self._out(letter) for letter in letters) or "—"
        for letter in letters:
            caught = self._stage.catcher.of(letter.message_id)
            scene = next((s for s in SCENES if s.about == about), None)
            if caught is not None and scene is not None:
                self._answers.setdefault(scene.file, caught)
        return Played(about, row.via, row.disposition or "", row.id, ticket, out, _why(row, explanation))

    async def _letters(self, row: MailRow) -> list[OutboxItem]:
        """The mails to customers that this one caused, once each has left or never will."""
        if row.ticket is None:
            return []
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                found = await self._stage.store.read(
                    lambda c: outbox.find_many(c, states=(), ticket=row.ticket, recipient=None, limit=100)
                )
                ours = [
                    item
                    for item in found
                    if item.dedupe_key.endswith(f":{row.key}") and kind_of(item.template).reader == "customer"
                ]
                if all(item.state in FINAL for item in ours):
                    return ours
                await asyncio.sleep(_LOOK_S)

    def _out(self, letter: OutboxItem) -> str:
        if letter.state == "suppressed":
            return f"no: {letter.reason}"
        caught = self._stage.catcher.of(letter.message_id)
        return f"{letter.state} ({caught.language})" if caught is not None else letter.state

    def _judged(self, scene: Scene, played: Played) -> Played:
        wanted, ticket = scene.expected, played.ticket
        differences = [("became", wanted.became, played.became), ("mail out", wanted.out, played.out)]
        if wanted.team and ticket is not None:
            differences += [
                ("team", wanted.team, ticket.team),
                ("priority", wanted.priority, ticket.priority),
                ("tags", " ".join(wanted.tags), " ".join(ticket.tags)),
            ]
        into = self._numbers.get(wanted.into)
        if into is not None:
            differences.append(("ticket", f"#{into}", f"#{ticket.number}" if ticket is not None else "none"))
        wrong = tuple(f"{what}: {found}, expected {want}" for what, want, found in differences if want != found)
        return Played(played.about, played.via, played.became, played.mail, ticket, played.out, played.why, wrong)


def _why(row: MailRow, explanation: Explanation | None) -> str:
    """The shortest true reason: which evidence moved it, what was odd, which rules applied."""
    words = [] if row.disposition in ("ticket", "entry") else [row.reason or ""]
    if explanation is not None:
        if row.disposition in ("ticket", "entry"):
            words += _evidence(row, explanation)
        hits = explanation.rules.hits if explanation.rules is not None else ()
        applied = [hit.rule for hit in hits if hit.outcome == "applied"]
        words += ["rules: " + ", ".join(applied)] if applied else []
    return " · ".join(words)


def _evidence(row: MailRow, explanation: Explanation) -> Iterator[str]:
    match = explanation.match
    if match is not None and row.disposition == "entry":
        yield f"by {match.by}: {match.evidence}"
    elif match is not None and match.refused:
        yield f"not #{match.refused[-1].ticket}: {match.refused[-1].because}"
    if explanation.kind != "person":
        yield f"{explanation.kind}: {explanation.kind_reason}"
    if explanation.defects:
        yield "read around: " + ", ".join(explanation.defects)
