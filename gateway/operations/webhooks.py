"""Events that an endpoint did not take, told once more.

Transaction  the caller's.
Not here     when an endpoint is told nothing more (webhooks.py beside the daemon).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operations.types import Done, Duty, Operation
from gateway.store import webhooks
from gateway.store.audit import add_audit


@dataclass(frozen=True, slots=True)
class RetryEndpoint:
    """The endpoint that takes events again."""

    name: str


def _retry(c: Connection, wanted: RetryEndpoint, duty: Duty) -> tuple[Done, ...]:
    there = {endpoint.name: endpoint for endpoint in webhooks.endpoints(c, ())}
    if wanted.name not in there:
        return (Done(wanted.name[:60], "not-found", "this endpoint was never told anything"),)
    was_off, count = there[wanted.name].off, webhooks.again(c, wanted.name, duty.now)
    detail = f"{wanted.name}, {count} events"
    add_audit(c, at=duty.now, actor="operator", basis="local", action="webhook.retried", ticket=None, detail=detail)
    turned = "it is on again; " if was_off else ""
    return (Done(wanted.name, "done", f"{turned}{count} failed events are told once more"),)


OPERATIONS: Mapping[str, Operation] = {"webhooks.retry": Operation(RetryEndpoint, _retry)}
