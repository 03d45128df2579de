"""Who of our people hears of a note: whoever owns the ticket, answers for it or watches it, but not its writer.

Sources  agents-by-mail.md §2. They are told because they work on it, so that no budget of automatic mail is asked.
Not here  what rules tell agents of (notify.py), who may see a ticket (visibility.py).
"""

from collections.abc import Iterator

from gateway.message.types import Mailbox
from gateway.ticket.notify import AGENT_NOTICE, Happened, NotifyPolicy, agents_facts, lines_of_words, to_agents
from gateway.ticket.types import Entry, Notification, Ticket


def of_note(ticket: Ticket, note: Entry, by: str | None, policy: NotifyPolicy) -> Iterator[Notification]:
    """The mails about a note, each with its words.

    ticket  as it is with the note.  by  the id of its writer; None is no agent
    """
    concerned = (ticket.assignee, ticket.responsible, *ticket.followers)
    who = tuple(dict.fromkeys(id for id in concerned if id is not None and id != by and id in policy.rules.agents))
    if not who:
        return
    key, writer = f"note:{note.id}", note.author or Mailbox("", "")
    told = {
        **agents_facts(ticket, Happened(key, None), "note", policy),
        "words": lines_of_words(note.text),
        "writer": writer.name or writer.address,
        "said_at": note.at.isoformat(),
    }
    yield from to_agents(who, AGENT_NOTICE, "note", told, ticket, key, policy)
