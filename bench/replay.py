"""Mails that were decided, in a store: what a backtest asks again."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert

from gateway import policy
from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.deciding.decide import decide
from gateway.deciding.empty import EmptyView
from gateway.deciding.kept import packed
from gateway.deciding.types import Deps
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope
from gateway.rules.written import written
from gateway.store.opening import open_store
from gateway.store.revisions import SYSTEM, keep_revision
from gateway.store.schema import inbound, situation
from gateway.ticket.token import TokenRing

_SLICE = 1000


def keep_mails(settings: Settings, raws: Sequence[bytes], count: int) -> None:
    """So many mails of the last days, each under revision 1; the same ones again and again where there are fewer."""
    clock = SystemClock()
    templates = policy.templates_of(settings, clock)
    rules = policy.read_rules(policy.rules_file(settings), templates)
    deps = policy.deps(settings, rules, TokenRing.of(bytes(32)), templates, clock)
    now = datetime.now(UTC)
    kept = [_situation(raw, deps, now - timedelta(days=1)) for raw in raws]
    store = open_store(settings)

    def keep(c: Connection) -> None:
        keep_revision(c, written(rules), author=SYSTEM, message="", now=now)
        for first in range(1, count + 1, _SLICE):
            numbers = range(first, min(first + _SLICE, count + 1))
            c.execute(insert(inbound), [_row(number, now) for number in numbers])
            c.execute(insert(situation), [{"mail": n, "at": now, "octets": kept[n % len(kept)]} for n in numbers])

    asyncio.run(store.write(keep, durable=True))
    store.close()


def _situation(raw: bytes, deps: Deps, now: datetime) -> bytes:
    message = parse(raw, ParseLimits(), languages=deps.languages)
    sender = message.author.address if message.author else None
    envelope = Envelope(sender, ("support@bench.test",), "mx", "unix", "lmtp", now)
    accepted = Accepted(0, "0" * 32, envelope, len(raw), hashlib.sha256(raw).hexdigest(), 1)
    situation = decide(accepted, message, deps, EmptyView(), now).situation
    if situation is None:
        raise ValueError("a mail of the generator is settled before the rules")
    return packed(situation)


def _row(number: int, now: datetime) -> dict[str, object]:
    return {
        "id": number, "key": f"{number:032x}", "received_at": now, "via": "lmtp", "forward_paths": "[]", "helo": "",
        "peer": "", "size": 1, "sha256": "", "state": "done", "disposition": "ticket", "ticket": number,
    }  # fmt: skip
