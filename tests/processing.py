"""A desk without a daemon: mails go straight through the pipeline, one after another, on a real store, at any time."""

import hashlib
import io
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select

from gateway.agents.received import received
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.intake.accept import arrival_hash, new_key
from gateway.message.address import normal
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope
from gateway.parsing.pool import parse_limits
from gateway.pipeline import quarantine
from gateway.policy import deps, read_rules, templates_of
from gateway.rules.statuses import StatusType
from gateway.store import changes, customers, inbound, merges, outbox, tickets
from gateway.store.inbound import Arriving
from gateway.store.listing import find_tickets
from gateway.store.outbox import OutboxItem
from gateway.store.schema import customer_address
from gateway.store.schema import outbox as rows
from gateway.store.store import Store
from gateway.ticket.query import Query
from gateway.ticket.token import RingKey, TokenRing
from gateway.ticket.types import Change, Entry, Explanation, Outcome, SetField, SetStatus, Ticket

_explanations = msgspec.json.Decoder(Explanation)
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, notify: none}
  bob: {name: Bob, email: bob@agents.test, notify: none}
teams:
  support: {address: support@gw.test, members: [ann, bob]}
  billing: {address: billing@gw.test}
"""
BOUNDARY = "Received: from relay.test by mx.gw.test; Sat, 21 Nov 2026 09:00:00 +0000\r\n"


class Desk:
    """Each `take` is one mail and one transaction; times are those of `at`, or a minute after the mail before."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        rules: str = RULES,
        *,
        first_id: int = 1,
        key: bytes = b"k" * 64,
        unauthenticated: Literal["auto", "all"] = "all",
    ) -> None:
        path = Path(settings.paths.state).parent / "rules.yaml"
        path.write_text(rules, "utf-8")
        site = settings.site.model_copy(update={"domain": "gw.test", "subject_aliases": (r"\[OLD-(\d+)\]",)})
        auth = settings.auth.model_copy(update={"trusted_authserv_ids": ("mx.gw.test",)})
        acknowledge = settings.acknowledge.model_copy(update={"unauthenticated": unauthenticated})
        self.settings = settings.model_copy(update={"site": site, "auth": auth, "acknowledge": acknowledge})
        self.store, self.now, self._ids = store, START, itertools.count(first_id)
        clock = FakeClock(START)
        templates = templates_of(self.settings, clock)
        self.ring = TokenRing((RingKey("a", key, START - timedelta(days=500)),), lambda: self.now)
        made = deps(self.settings, read_rules(path, templates), self.ring, templates, clock)
        composing = replace(made.desk, now=lambda: self.now)
        self.deps: Deps = replace(made, desk=composing, now=lambda: self.now)

    def take(
        self,
        raw: bytes,
        *,
        to: str | tuple[str, ...] = "support@gw.test",
        sender: str | None = "",
        at: datetime | None = None,
        envelope: Mapping[str, str] | None = None,
        retried: bool = False,
        imported: str | None = None,
        whole_octets: int | None = None,
    ) -> Outcome:
        """What became of a mail.

        sender    the reverse-path; empty is the author
        envelope  what is different in it: via, peer
        retried   whether it was put into quarantine first
        imported  the status that an archive brings it with; then `at` is its own time, and the clock stands
        whole_octets  of the mail that it is the beginning of
        """
        if imported is None:
            self.now = self.now + timedelta(minutes=1) if at is None else at
        message = parse(raw, parse_limits(self.settings), languages=self.settings.site.languages)
        if sender == "":
            sender = message.author.address if message.author else "unknown@x.test"
        paths = tuple(map(normal, (to,) if isinstance(to, str) else to))
        said = replace(Envelope(sender, paths, "mx.gw.test", "unix", "lmtp", self.now), **(envelope or {}))
        if imported is not None:
            said = replace(said, via="import", received_at=at or self.now)
        id = next(self._ids)
        digest, key = hashlib.sha256(raw).hexdigest(), new_key(self.now, id.to_bytes(10))
        hashes = tuple(arrival_hash(f"{digest}{key}", said.reverse_path, p) for p in paths)
        arriving = Arriving(key, said, len(raw), digest, hashes, io.BytesIO(raw), imported, self.now)

        def taken(c: Connection) -> Outcome:
            inbound.insert_batch(c, [arriving])
            accepted = Accepted(id, key, said, len(raw), digest, 1, imported=imported, whole_octets=whole_octets)
            if retried:
                accepted = replace(accepted, stub=quarantine(accepted, "unreadable", self.deps, c).ticket)
                inbound.reopen(c, key, released=False)
            return received(accepted, message, self.deps, c)

        return self.write(taken)

    def write(self, work):  # type: ignore[no-untyped-def]
        """What `work` returns, after its commit."""
        return self.store.submit(work, durable=False).result()

    def change(self, number: int, *made: Change) -> None:
        """Change a ticket, as a person would."""
        self.write(
            lambda c: changes.save(
                c,
                made,
                ticket_before=tickets.find_ticket(c, number),
                source=None,
                actor="ann",
                now=self.now,
                promises=self.deps.promises,
            )
        )

    def set_status(self, number: int, status: str, kind: StatusType) -> None:
        """As an agent sets it, now."""
        self.change(number, SetStatus(status, kind, self.now, "ann"))

    def move(self, number: int, team: str) -> None:
        """To another team."""
        self.change(number, SetField("team", team, "ann"))

    def merge(self, number: int, into: int) -> None:
        """All that the first names goes on in the second."""
        source, target = self.ticket(number), self.ticket(into)
        self.write(lambda c: merges.merge(c, source, target, actor="ann", now=self.now))

    def add_address(self, who: str, other: str) -> None:
        """A person of ours found out that a customer has another address."""
        with self.reading() as c:
            found = customers.find_customer(c, who)
        assert found is not None
        self.write(lambda c: c.execute(insert(customer_address), {"address": other, "customer": found.id}))

    # --- what is there ---

    def reply_address(self, who: str, number: int) -> str:
        """The address that `who` was given to answer in this ticket."""
        return self.ring.reply_address("support@gw.test", "+", "t", number, None, who)

    def our_id(self, who: str, number: int, nonce: str = "abcdefgh") -> str:
        """The Message-ID of a mail that `who` was sent in this ticket."""
        return self.ring.message_id(number, who, nonce, "gw.test")

    def tickets(self) -> list[Ticket]:
        """All, by number."""
        with self.reading() as c:
            return sorted(find_tickets(c, Query(), 100_000), key=lambda t: t.number)

    def ticket(self, number: int) -> Ticket:
        """The one of this number."""
        with self.reading() as c:
            found = tickets.find_ticket(c, number)
        assert found is not None
        return found

    def tickets_of(self, who: str) -> list[Ticket]:
        """Of a customer, newest first; none of somebody who is none."""
        with self.reading() as c:
            found = customers.find_customer(c, who)
            return tickets.of_customer(c, found.id, 100) if found is not None else []

    def entries(self, number: int) -> list[Entry]:
        """Of a ticket, oldest first."""
        with self.reading() as c:
            return tickets.entries(c, number)

    def participants(self, number: int) -> set[str]:
        """The addresses of those who take part."""
        with self.reading() as c:
            return set(tickets.participants(c, number))

    def mentions(self, number: int) -> list[int]:
        """The tickets that this one mentions, or goes on from."""
        with self.reading() as c:
            return [other for kind, other in tickets.links(c, number) if kind in ("mentions", "continues")]

    def why(self, outcome: Outcome) -> Explanation:
        """The stored reasons of a mail."""
        with self.reading() as c:
            text = inbound.explanation(c, outcome.key)
        assert text is not None
        return _explanations.decode(text)

    def mails(self) -> list[OutboxItem]:
        """Every outgoing mail that was not suppressed, oldest first."""
        return [item for item in self.outbox() if item.state != "suppressed"]

    def outbox(self) -> list[OutboxItem]:
        """Every outgoing mail, oldest first."""
        with self.reading() as c:
            listed = outbox.find_many(c, states=(), ticket=None, recipient=None, limit=100_000)
            raws = {row.id: row.raw for row in c.execute(select(rows.c.id, rows.c.raw))}
        return [replace(item, raw=bytes(raws[item.id] or b"")) for item in reversed(listed)]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees what is committed."""
        with self.store._readers.connect() as connection, connection.begin():
            yield connection


def mail(
    author: str = "Jan <jan@bigbank.test>", subject: str = "Zwrot", body: str = "Proszę o zwrot.", **fields: str
) -> bytes:
    """A plain mail; `fields` replace or add, with `_` for `-`, before all others where they say who it is from."""
    head = {"From": author, "To": "support@gw.test", "Subject": subject, "Content-Type": "text/plain; charset=utf-8"}
    head |= {name.replace("_", "-"): value for name, value in fields.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in head.items()) + f"\r\n{body}\r\n").encode()


def verdict(dmarc: str, raw: bytes) -> bytes:
    """The mail as our own boundary hands it over, with its word about DMARC."""
    return f"Authentication-Results: mx.gw.test; dmarc={dmarc}\r\n{BOUNDARY}".encode() + raw


REPORT = """From: Mail Delivery System <MAILER-DAEMON@relay.test>
To: {to}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; {who}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b--
"""


def report(to: str, who: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """What a relay says of a mail of ours to somebody.

    to  the reverse-path of that mail
    """
    return REPORT.format(to=to, status=status, action=action, who=who).replace("\n", "\r\n").encode()
