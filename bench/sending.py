"""What a mail of ours costs: said and put together, and sent to smtp-sink, each row durable before and after.

Sources  the bounds are 1.5 ms of CPU for a mail, and 200 mails a second sent on two cores with connections kept.
"""

import asyncio
import logging
import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, exists, literal, select

from gateway import policy
from gateway.clock import SystemClock
from gateway.config import Outbound, Settings
from gateway.message.types import Mailbox
from gateway.outgoing.compose import Desk, compose
from gateway.outgoing.fixtures import fixture
from gateway.outgoing.outbox import Sender
from gateway.outgoing.relay import relay_of
from gateway.store import outbox
from gateway.store.opening import open_store
from gateway.store.schema import outbox as rows
from gateway.ticket.types import Notification

SINK = shutil.which("smtp-sink", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
_MAILS = ("auto_ack", "agent_notice", "answer", "digest")
_ROUNDS, _WARM = 300, 20
_LEASED = rows.c.state == literal("leased", literal_execute=True)


def measured(settings: Settings, count: int) -> Iterator[tuple[str, str]]:
    """(figure, its text): CPU of a mail for each of some kinds; mails sent in a second, and CPU of one."""
    desk = policy.deps_of(settings, SystemClock(), dict).desk
    for mail in _MAILS:
        yield f"render and compose, {mail}", f"{_composed(mail, desk):.2f} ms CPU a mail"
    if SINK is None:
        yield "sent", "smtp-sink is not there: apt-get install postfix"
        return
    seconds, cpu = asyncio.run(_sent(settings, desk, count))
    yield "sent to smtp-sink", f"{count / seconds:.0f} mails/s, {cpu / count * 1000:.2f} ms CPU a mail"


def _composed(mail: str, desk: Desk) -> float:
    """Milliseconds of CPU; each mail has a customer and words of its own."""
    begun = 0.0
    for n in range(_WARM + _ROUNDS):
        if n == _WARM:
            begun = time.process_time()
        compose(_notice(mail, n), n + 1, desk)
    return (time.process_time() - begun) / _ROUNDS * 1000


def _notice(mail: str, n: int) -> Notification:
    values = fixture(mail)
    values["ticket"] = {**values["ticket"], "number": n + 1, "customer": f"Jan {n} <jan{n}@bigbank.test>"}
    if "words" in values:
        values["words"] = (*values["words"], f"Nr {n}")
    return Notification(
        recipient=Mailbox(f"Jan {n}", f"jan{n}@bigbank.test"),
        template=mail,
        variant=None,
        language="pl",
        ticket=n + 1,
        team="support",
        subject=f"Zwrot {n}",
        in_reply_to=f"<{n}@bigbank.test>",
        references=(f"<{n}@bigbank.test>",),
        auto_submitted="auto-replied",
        dedupe_key=f"{mail}:{n}",
        cause="bench",
        values=values,
    )


async def _sent(settings: Settings, desk: Desk, count: int) -> tuple[float, float]:
    """Seconds by the clock and of our CPU, from the first lease to the last mail settled."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ("-u", "nobody") if os.getuid() == 0 else ()
    sink = await asyncio.create_subprocess_exec(str(SINK), *user, f"127.0.0.1:{port}", "100")
    to = settings.outbound.model_copy(
        update={"relay": f"127.0.0.1:{port}", "tls": "none", "concurrency": Outbound().concurrency}
    )
    settings = settings.model_copy(update={"outbound": to})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    store, now = open_store(settings), datetime.now(UTC)
    sender = Sender(store, to, relay_of(settings), SystemClock())
    try:
        for first in range(0, count, 200):
            await store.write(lambda c, f=first: _queue(c, desk, f, min(f + 200, count), now))  # type: ignore[misc]
        used, begun = _cpu(), time.monotonic()
        working = asyncio.create_task(sender.run())
        while await store.read(_unsettled):  # noqa: ASYNC110  measured from outside, by indexes alone
            await asyncio.sleep(0.05)
        seconds, cpu = time.monotonic() - begun, _cpu() - used
        assert (await store.read(outbox.counts)).get("sent", 0) == count
        sender.stop()
        await working
    finally:
        store.close()
        sink.kill()
        await sink.wait()
    return seconds, cpu


def _queue(c: Connection, desk: Desk, first: int, end: int, now: datetime) -> None:
    for n in range(first, end):
        notice = _notice("auto_ack", n)
        (id,) = outbox.enqueue(c, (notice,), now)
        assert id is not None
        made = compose(notice, id, desk)
        outbox.attach(c, (outbox.Written(id, made.message_id, made.reverse_path, made.raw, now),))


def _unsettled(c: Connection) -> bool:
    """Whether a mail waits, or is under way."""
    return c.execute(select(exists().where(outbox.waits()) | exists().where(_LEASED))).scalar_one()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
