"""What deciding looks up, in the database as it is now."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.cli.database import reading
from gateway.cli.declare import Invocation
from gateway.store.view import StoreView


@contextmanager
def viewing(invocation: Invocation) -> Iterator[StoreView]:
    """In a transaction that can change nothing.

    Raises  as `reading`
    """
    with reading(invocation) as c:
        yield StoreView(c)
