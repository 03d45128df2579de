"""What deciding looks up, in the database as it is now."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.cli.database import reading
from gateway.cli.declare import Invocation
from gateway.store.revisions import newest_revision
from gateway.store.view import StoreView


@contextmanager
def viewing(invocation: Invocation) -> Iterator[StoreView]:
    """In a transaction that can change nothing.

    Raises  as `reading`
    """
    with reading(invocation) as c:
        yield StoreView(c)


def revision_of(invocation: Invocation, sha256: str) -> int | None:
    """The number of the rules in force, where they are this text; None where they are another one.

    Raises  as `reading`
    """
    with reading(invocation) as c:
        force = newest_revision(c)
    return force.number if force is not None and force.written.sha256 == sha256 else None
