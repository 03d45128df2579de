"""All operations by name, as the control socket and the commands ask for them."""

from collections.abc import Mapping

from gateway.operations import (
    agents,
    answers,
    asking,
    backups,
    customers,
    held_entries,
    held_mails,
    mailboxes,
    mails,
    merges,
    own,
    people,
    promises,
    retention,
    revisions,
    tickets,
    undoing,
    webhooks,
)
from gateway.operations.types import Operation

OPERATIONS: Mapping[str, Operation] = {
    **mails.OPERATIONS,
    **tickets.OPERATIONS,
    **answers.OPERATIONS,
    **merges.OPERATIONS,
    **undoing.OPERATIONS,
    **asking.OPERATIONS,
    **backups.OPERATIONS,
    **own.OPERATIONS,
    **people.OPERATIONS,
    **customers.OPERATIONS,
    **promises.OPERATIONS,
    **retention.OPERATIONS,
    **revisions.OPERATIONS,
    **mailboxes.OPERATIONS,
    **webhooks.OPERATIONS,
    **held_entries.OPERATIONS,
    **held_mails.OPERATIONS,
    **agents.OPERATIONS,
}
