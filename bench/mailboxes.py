"""What fetching costs, from a Dovecot of its own: delivery to ticket by IDLE, a backlog, twenty mailboxes at rest."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from gateway.config import load_settings, write_secret
from gateway.store import mailboxes
from gateway.store.inbound import account
from gateway.store.version import open_reader
from tests.imap.dovecot import PASSWORD, Dovecot

_PUSHED = 30
MAILBOXES = 20
_REST_S = 20.0


def config_with(config: Path, dovecot: Dovecot, count: int) -> Path:
    """The configuration of a gateway, and so many mailboxes more; the first one is `support`."""
    password = config.parent / "imap-password"
    write_secret(password, PASSWORD)
    names = ("support", *(f"box{number:02}" for number in range(count - 1)))
    boxes = (
        f'[[imap]]\nname = "{name}"\naddress = "support@bench.test"\nhost = "127.0.0.1"\nport = {dovecot.port}\n'
        f'tls = "none"\nuser = "{name}"\npassword = {{file = "{password}"}}\n'
        for name in names
    )
    config.write_text(config.read_text() + "".join(boxes))
    return config


def met(config: Path, count: int) -> None:
    """Wait until so many mailboxes were looked at for the first time."""
    _until(lambda: _read(config, lambda c: len(mailboxes.folders(c))) >= count)


def push(config: Path, dovecot: Dovecot) -> Iterator[tuple[str, str]]:
    """(name, figure): from the end of a delivery to the commit of the ticket."""
    took = []
    done = _read(config, lambda c: account(c).get("ticket", 0))
    for number in range(_PUSHED):
        began = time.perf_counter()
        dovecot.put([mail(f"push{number}")])
        _until(lambda: _read(config, lambda c: account(c).get("ticket", 0)) > done + number)  # noqa: B023
        took.append(time.perf_counter() - began)
        time.sleep(0.3)  # the next one comes into a mailbox at rest
    middle, most = statistics.median(took), max(took)
    yield "imap.push", f"{middle:.2f} s median from delivery to ticket (bound: 1 s), {most:.2f} s at most"


def deliver(config: Path, dovecot: Dovecot, count: int) -> int:
    """So many mails while nobody fetches; how many are ours when they are."""
    mails = [mail(f"backlog{number}") for number in range(count)]
    for start in range(0, count, 500):
        dovecot.put(mails[start : start + 500])
    return _read(config, lambda c: account(c)["received"]) + count


def backlog(config: Path, count: int, goal: int, cpu_s: Callable[[], float]) -> Iterator[tuple[str, str]]:
    """(name, figure): from the first of them that is ours to the last; they are processed meanwhile."""
    _until(lambda: _read(config, lambda c: account(c)["received"]) > goal - count)
    began, cpu, left = time.perf_counter(), cpu_s(), goal - _read(config, lambda c: account(c)["received"])
    _until(lambda: _read(config, lambda c: account(c)["received"]) >= goal, every_s=0.25)  # it takes the processor, too
    took, each = time.perf_counter() - began, (cpu_s() - cpu) / left * 1e3
    yield "imap.backlog", f"{left / took:.0f} mails/s accepted (bound: 150), {each:.1f} ms CPU a mail in the daemon"


def rest(cpu_s: Callable[[], float], memory: Callable[[], int], without: int) -> Iterator[tuple[str, str]]:
    """(name, figure): what mailboxes cost in which nothing happens."""
    cpu = cpu_s()
    time.sleep(_REST_S)
    share = (cpu_s() - cpu) / _REST_S
    more = (memory() - without) / (1 << 20)
    said = f"{share:.2%} CPU (bound: 1 %), {more:.0f} MiB more than none (bound: 60 MiB)"
    yield "imap.rest", f"{MAILBOXES} mailboxes: {said}"


def _until(done: Callable[[], bool], every_s: float = 0.005) -> None:
    while not done():
        time.sleep(every_s)


def _read(config: Path, query: Callable[[Connection], int]) -> int:
    engine = open_reader(load_settings(config))
    try:
        with engine.connect() as c:
            return query(c)
    finally:
        engine.dispose()


def mail(name: str) -> bytes:
    """One of many, from an author of its own."""
    return (
        f"Return-Path: <{name}@customers.test>\r\nFrom: {name}@customers.test\r\nTo: support@bench.test\r\n"
        f"Subject: order {name}\r\nMessage-ID: <{name}@customers.test>\r\n\r\n" + "words and words\r\n" * 100
    ).encode()
