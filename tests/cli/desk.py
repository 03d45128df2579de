"""A desk made by really processing own mails, with a clock that stands and a key that is known: the same every time."""

import asyncio
import hashlib
import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.intake.accept import arrival_hash, new_key
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope
from gateway.outgoing.compose import Desk as Composing
from gateway.parsing.pool import parse_limits
from gateway.pipeline import process, quarantine
from gateway.policy import deps, read_rules, templates_of
from gateway.store.inbound import Arriving
from gateway.store.outbox import State
from gateway.store.store import Store
from gateway.ticket.token import TokenRing
from gateway.ticket.types import Outcome

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
MAILS = Path(__file__).parent / "mails"
RULES = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana, email: ana@acme.test, notify: none}
teams:
  support: {address: support@acme.test, members: [ana]}
  billing: {address: billing@acme.test, auto_ack: false}
rules:
  - id: keep-newsletters
    on: received
    when: {mail.is_list: true}
    do: [{record: newsletter}, {stop: true}]
  - id: refunds-to-billing
    on: new
    when: {any: [{subject: {contains: zwrot}}, {body.new_text: {contains: refund}}]}
    do: [{route: billing}, {tag: [refund]}, {set: {priority: high}}]
  - id: acknowledge
    on: new
    when: {none: [{customer.muted: true}]}
    do: [{reply: auto_ack}]
"""


class Desk:
    """Mails in, decisions made; nothing listens and nothing is sent."""

    def __init__(self, store: Store, settings: Settings, rules: Path) -> None:
        self.store, self.clock = store, FakeClock(NOW)
        self.settings = settings
        templates = templates_of(settings, self.clock)
        ring = TokenRing.of(b"k" * 64)
        made = deps(settings, read_rules(rules, templates, 41), ring, templates, self.clock)
        composing: Composing = replace(made.desk, nonce=lambda: "nonce234")
        self.deps: Deps = replace(made, desk=composing, new_budget=lambda: None)  # type: ignore[arg-type,return-value]
        self._count = 0

    async def accept(self, raw: bytes, *, to: str, sender: str | None) -> Accepted | None:
        """The mail, claimed; None for a duplicate."""
        now = self.clock.now()
        digest = hashlib.sha256(raw).hexdigest()
        envelope = Envelope(sender, (to,), "client.test", "192.0.2.1", "smtp", now)
        self._count += 1
        key = new_key(now, self._count.to_bytes(10))
        arriving = Arriving(key, envelope, len(raw), digest, (arrival_hash(digest, sender, to),), io.BytesIO(raw))
        await self.store.accept(arriving)
        claimed = await self.store.claim(now=now, limit=1, suspicious_after=9)
        return claimed[0] if claimed else None

    async def take(
        self, name: str, *, to: str = "support@acme.test", sender: str | None = "jan@bigbank.test"
    ) -> Outcome | None:
        """What became of the mail of this name in mails/, a minute after the one before; None for a duplicate."""
        return await self.take_raw(octets_of(name), to=to, sender=sender)

    async def take_raw(
        self, raw: bytes, *, to: str = "support@acme.test", sender: str | None = "jan@bigbank.test"
    ) -> Outcome | None:
        """What became of this mail, as `take`."""
        mail = await self.accept(raw, to=to, sender=sender)
        if mail is None:
            return None
        message = parse(raw, parse_limits(self.settings), languages=self.settings.site.languages)
        outcome = await self.store.write(lambda c: process(mail, message, self.deps, c))
        await self.clock.advance(60)
        return outcome

    async def poison(self, raw: bytes, reason: str) -> Outcome:
        """A mail that ended in quarantine."""
        mail = await self.accept(raw, to="support@acme.test", sender="jan@bigbank.test")
        assert mail is not None
        outcome = await self.store.write(lambda c: quarantine(mail, reason, self.deps, c))
        await self.clock.advance(60)
        return outcome

    async def settle(self, state: State, reply: str, *, reason: str = "") -> None:
        """The next mail that is due was tried, and this came of it."""
        now = self.clock.now()
        (item,) = await self.store.lease_outbox(now, 1)
        due = now if state == "deferred" else None
        await self.store.settle(item, state, now=now, next_attempt_at=due, reply=reply, reason=reason)


async def furnish(desk: Desk) -> None:
    """A few of everything: see golden/ for what becomes of them."""
    await desk.take("refund.eml")
    await desk.settle("deferred", "451 4.7.1 Greylisted")
    await desk.take("follow_up.eml")
    await desk.take("stranger.eml", sender="eva@x.test")
    await desk.take("newsletter.eml", sender="news@list.test")
    await desk.take("absent.eml", sender=None)
    await desk.take("hostile.eml", sender="evil@x.test")
    await desk.poison(b"Subject: bomb\r\n\r\n...\r\n", "parser: memory")
    await desk.take("refund.eml")  # the very same bytes again


def octets_of(name: str) -> bytes:
    """A mail of mails/ as it comes over the wire."""
    return (MAILS / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def write_config(folder: Path, settings: Settings) -> Path:
    """A configuration file for commands on the store of a test."""
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    path = folder / "mailwicket.toml"
    path.write_text(
        f'[site]\ndomain = "acme.test"\nname = "Acme Support"\n'
        f'[paths]\nstate = "{settings.paths.state}"\nruntime = "{settings.paths.runtime}"\n'
        f'rules = "{folder / "rules.yaml"}"\n'
        f'[database]\nurl = "{settings.database.url}"\n[lmtp]\nlisten = "off"\n',
        "utf-8",
    )
    return path


def mailwicket(config: Path, *arguments: str, clock: FakeClock | None = None) -> int:
    """The exit code of a command; what it prints is captured by the test."""
    return run(list(arguments), Invocation(config=config, clock=clock or FakeClock(NOW), width=120))


async def mailwicket_beside(config: Path, *arguments: str, clock: FakeClock | None = None) -> int:
    """As `mailwicket`, while the loop of the test goes on."""
    return await asyncio.to_thread(mailwicket, config, *arguments, clock=clock)


async def printed(commands: Iterable[str], desk: Desk, config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What each of these commands prints; all of them succeed."""
    shown = []
    for command in commands:
        assert await mailwicket_beside(config, *command.split(), clock=desk.clock) == 0, command
        shown.append(f"$ mailwicket {command}\n{capsys.readouterr().out}\n")
    return "".join(shown)
