"""A few words to an agent about his own mail, where what it came to is not what he may think.

Sources      agents-by-mail.md: every refusal is answered.
Transaction  that of the mail.
Not here     mails that wait for his word (holding.py), mail of others in his name (warning.py), receipts (operations/).
"""

from gateway.agents.types import AgentMail
from gateway.operations.order_mails import told
from gateway.operations.order_types import Asker
from gateway.ticket.notices import lines_of_words


def tell_of(mail: AgentMail, number: int | None, what: str, **places: str) -> None:
    """Queue a mail to the address that we know: `told_WHAT` of the strings, and his own words, so that he has them.

    number  of the ticket that it is about
    places  what stands in the places of the words
    """
    words = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    title = words[f"told_{what}"].format_map(places)
    asker = Asker(mail.agent, number)
    told(mail.c, title, lines_of_words(mail.message.text), asker, mail.duty, f"{mail.inbound.key}:{what}")
