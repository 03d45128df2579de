"""All operations by name, as the control socket and the commands ask for them."""

from collections.abc import Mapping

from gateway.operations import answers, customers, mails, merges, promises, revisions, tickets
from gateway.operations.types import Operation

OPERATIONS: Mapping[str, Operation] = {
    **mails.OPERATIONS,
    **tickets.OPERATIONS,
    **answers.OPERATIONS,
    **merges.OPERATIONS,
    **customers.OPERATIONS,
    **promises.OPERATIONS,
    **revisions.OPERATIONS,
}
