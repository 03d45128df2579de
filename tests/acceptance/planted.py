"""Start a gateway in which faults are planted; the gateway itself knows of none.

usage   python -m tests.acceptance.planted CONFIG FAULT...
Faults  hostile   a child that does what the mail tells it (tests/parsing/hostile.py)
        fatal     a mail about “fatal” ends the process while it is processed
        K8        killed after the commit of a mail, before its 250
        K10       killed when mails are claimed, their attempts counted
        K11       killed while a child reads a mail
        K12       killed in the transaction of a mail, all rows written
        K13       killed after that commit, before anything is sent
Sources acceptance §5.3
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from gateway import daemon, work
from gateway.cli.logs import configure_logs
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.daemon import serve
from gateway.intake.accept import Door
from gateway.message.types import Accepted, Message
from gateway.parsing.pool import ParserPool
from gateway.store.store import Store

HOSTILE = (sys.executable, "-I", str(Path(__file__).parents[1] / "parsing" / "hostile.py"))


class HostilePool(ParserPool):
    """Its children are those of tests/parsing/hostile.py."""

    def __init__(self, *limits: Any) -> None:
        super().__init__(*limits, command=HOSTILE)


def die(*_: object) -> None:
    """As kill -9 from outside, at just this point."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Any) -> Any:
    """The coroutine function, and death when it has returned something."""

    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if result := await function(*arguments, **named):
            die()
        return result

    return wrapped


def fatal(inbound: Accepted, message: Message, *rest: Any) -> Any:
    """`process`, but for the mail that kills us."""
    if message.subject == "fatal":
        die()
    return _process(inbound, message, *rest)


def processed_and_dead(*arguments: Any) -> Any:
    """`process`, and never its commit."""
    _process(*arguments)
    die()


def plant(fault: str) -> None:
    """Change the gateway of this process."""
    match fault:
        case "hostile":
            daemon.ParserPool = HostilePool  # type: ignore[misc]
        case "fatal":
            work.received = fatal
        case "K8":
            Door.accept = after(Door.accept)  # type: ignore[method-assign]
        case "K10":
            Store.claim = after(Store.claim)  # type: ignore[method-assign]
        case "K11":
            ParserPool._exchange = die  # type: ignore[method-assign,assignment]
        case "K12":
            work.received = processed_and_dead
        case "K13":
            work.Worker._tell = die  # type: ignore[method-assign,assignment]
        case _:
            raise SystemExit(f"no fault {fault}")


_process = work.received
if __name__ == "__main__":
    for name in sys.argv[2:]:
        plant(name)
    settings = load_settings(Path(sys.argv[1]))
    configure_logs(settings.log)
    asyncio.run(serve(settings, SystemClock(), {}))
