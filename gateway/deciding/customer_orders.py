"""What customers may order in the first line of a reply: that it is solved, no automatic mail, another language.

Sources  agents-by-mail.md §10. Only in a ticket that they take part in, by their own token, or with a DMARC pass.
         Anything else behind a `#` is text: customers are never told about commands that they mistyped.
         tickets-and-sla.md §4: `#solved KB-12` says which article was enough.
Not here  what agents order (ticket/commands.py), who asks for his tickets (status_asked.py).
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from gateway.deciding.types import Deps, Situation
from gateway.message.types import Message
from gateway.rules.types import Decision, Notify, Reply
from gateway.ticket.command_table import Vocabulary, squeezed
from gateway.ticket.guard import CUSTOMER_SOLVED, MUTED
from gateway.ticket.life import FINISHED, bare_thanks
from gateway.ticket.types import Change, SetField, SetStatus, ThreadMatch, Ticket

_CUSTOMER = "customer"
_LINE = re.compile(r"#([^\W\d_]{2,20})(?:[ \t]+([A-Za-z0-9-]{2,9}))?[ \t.!]*")
_ARTICLE = re.compile("kb-[1-9][0-9]{0,5}")


def with_own_orders(
    s: Situation, ticket: Ticket, match: ThreadMatch, decision: Decision, changes: tuple[Change, ...], d: Deps
) -> tuple[Decision, tuple[Change, ...]]:
    """What the rules decided and what changes, with what the customer ordered himself."""
    known = match.trust == "proven" or (match.trust == "participant" and s.auth.dmarc == "pass")
    if not known or s.verdict.kind != "person":
        return decision, changes
    kept = tuple(c for c in changes if not (isinstance(c, SetStatus) and c.cause == "reply"))
    match _ordered(s.message, d):
        case "solved", article:
            if ticket.status_type in FINISHED:  # a button that is tapped twice; with words below, they count
                return decision, changes if _says_more(s.message) else kept
            solved = SetStatus("solved", "solved", s.inbound.envelope.received_at, _CUSTOMER, article or None)
            told = Reply(CUSTOMER_SOLVED, "status_notice", values=(("happened", "solved"),))
            return replace(decision, actions=(*decision.actions, told)), (*kept, solved)
        case ("mute" | "unmute") as word, _:
            flags = tuple(flag for flag in ticket.flags if flag != MUTED)
            wanted = SetField("flags", (*flags, MUTED) if word == "mute" else flags, _CUSTOMER)
        case "lang", code if code in d.languages:
            wanted = SetField("language", code, _CUSTOMER)
        case _:
            return decision, changes
    if _says_more(s.message):
        return decision, (*changes, wanted)
    unheard = tuple(action for action in decision.actions if not isinstance(action, Notify))
    return replace(decision, actions=unheard), (*kept, wanted)


def only_sets(message: Message, changes: Iterable[Change]) -> bool:
    """Whether the mail does no more than say how its writer wants our mails: no agent has to hear of it."""
    sets = any(isinstance(each, SetField) and each.cause == _CUSTOMER for each in changes)
    return sets and not _says_more(message)


def _says_more(message: Message) -> bool:
    """Whether there are words below the first line, and not thanks alone."""
    below = message.text.strip().partition("\n")[2].strip()
    return bool(below) and not bare_thanks(replace(message, text=below))


def solved_by(changes: Iterable[Change]) -> str | None:
    """The article that was enough for a customer, by his own word; None: none was."""
    ends = (each for each in changes if isinstance(each, SetStatus) and each.cause == _CUSTOMER)
    return next((each.reason for each in ends if each.reason is not None), None)


def _ordered(message: Message, d: Deps) -> tuple[str, str]:
    """The order of the first line that says anything, and what stands behind it; empty: none."""
    first = next((line.strip() for line in message.text.splitlines() if line.strip()), "")
    found = _LINE.fullmatch(first) if first.startswith("#") else None
    if found is None or message.begins_hidden:  # what he did not see is no order of his
        return "", ""
    word, behind = squeezed(found[1]), (found[2] or "").lower()
    if word in ("mute", "unmute"):
        return ("", "") if behind else (word, "")
    templates = d.desk.templates
    info = Vocabulary({each: templates.words(each) for each in d.languages}, ()).find(word)
    if info is not None and info.name == "solved" and (not behind or _ARTICLE.fullmatch(behind)):
        return "solved", behind.upper() if templates.articles.is_public(behind.upper()) else ""
    return ("lang", behind) if info is not None and info.name == "lang" else ("", "")
