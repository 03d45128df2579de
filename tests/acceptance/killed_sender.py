"""A process that sends what is due and can be killed at any moment: made ready once, and forked for each time.

usage   python -m tests.acceptance.killed_sender FOLDER PORT      one line of stdin is one life; its number is printed
Not here who kills it, and what must be true then (test_F04_crash_of_the_sender.py).
"""

import asyncio
import os
import sys
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config import Outbound
from gateway.outgoing.outbox import Sender
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.outgoing.peers import relay


async def send(folder: Path, port: int) -> None:
    """As a daemon does after its start, until it is killed."""
    clock, store = SystemClock(), open_store(settings_in(folder))
    await store.recover_outbox(clock.now())
    await Sender(store, Outbound(tls="none", concurrency=2), relay(port), clock).run()


def say(line: str) -> None:
    """To whoever kills."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork, say who it is, wait for its end, say so."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its log is no answer of ours
            asyncio.run(send(folder, port))
            os._exit(0)
        say(str(child))
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
