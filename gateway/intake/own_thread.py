"""A thread that makes blocking calls for a task, one after the other."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OwnThread:
    """Lives until `end`. It keeps no process from ending: a call may hang for as long as a server does."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def do(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the call returns or raises. Who is cancelled meanwhile does not end the call."""
        result: Future[T] = Future()
        self._calls.put((partial(call, *args, **kwargs), result))
        return await asyncio.wrap_future(result)

    def end(self) -> None:
        """After the calls that wait."""
        self._calls.put(None)

    def _run(self) -> None:
        while (waiting := self._calls.get()) is not None:
            call, result = waiting
            if not result.set_running_or_notify_cancel():
                continue
            try:
                result.set_result(call())
            except BaseException as e:  # noqa: BLE001 - the outermost frame of this thread: whoever waits gets it
                result.set_exception(e)
