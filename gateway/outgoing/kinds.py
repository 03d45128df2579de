"""Which mails there are: for each who writes to whom, how an answer comes back, and what its template is told.

Sources  mails-out.md §3 (the header table), RFC 3834 §3.1 (Auto-Submitted), RFC 2919 (List-Id).
         Whoever sends a mail gives the values that stand here by name. Those with a default may be left out, so that a
         template asks for a name that is always there.
Not here  the fields of the header themselves (compose.py), what the mails say (templates/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Reader = Literal["customer", "agent"]
Submitted = Literal["no", "auto-replied", "auto-generated"]
Writer = Literal["team", "person", "customer", "gateway"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of mails."""

    reader: Reader
    writer: Writer  # who stands in From
    purpose: str = "t"  # of the token in Reply-To
    submitted: Submitted | None = "auto-generated"  # None: as whoever sends it says
    why: str = "why_agent"  # the word in the strings that says why somebody gets it
    is_list: bool = False  # whether it carries List-Id
    may_be_left: bool = False  # whether the reader can end it by List-Unsubscribe
    variants: tuple[str, ...] = ()  # that its template tells apart by `mail.variant`; others are files
    values: Mapping[str, str] = field(default_factory=dict)  # name -> what it is
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def automatic(self) -> bool:
        """Whether nobody wrote it. What a person writes is never replaced by a fixed sentence, and no rule sends it."""
        return self.submitted != "no"

    @property
    def names_recipient(self) -> bool:
        """Whether To repeats the display name, which strangers choose."""
        return self.reader == "agent" or not self.automatic


def _agent(purpose: str = "t", **more: Any) -> Kind:
    return Kind("agent", "gateway", purpose, is_list=True, **more)


KINDS: Mapping[str, Kind] = {
    # --- to customers ---
    "auto_ack": Kind(
        "customer",
        "team",
        submitted="auto-replied",
        why="why_sent",
        variants=("after_hours",),
        values={
            "due": "time until which we answer, or none",
            "calendar": "opening hours of each weekday, Monday first, or none",
            "articles": "knowledge articles: title, paragraphs (lists of lines), command (it was enough)",
        },
        defaults={"due": None, "calendar": None, "articles": ()},
    ),
    "answer": Kind(
        "customer",
        "person",
        submitted="no",
        why="why_answered",
        values={"answer": "paragraphs and signature, each a list of paragraphs, which are lists of lines"},
    ),
    "canned": Kind("customer", "team", submitted=None, why="why_sent"),
    "status_notice": Kind(
        "customer",
        "team",
        why="why_sent",
        values={
            "happened": "solved, reopened, merged, continued or split",
            "reason": "in the words of a person, or none",
            "other": "the number of the other ticket, or none",
            "due": "time until which we answer, or none",
        },
        defaults={"happened": "solved", "reason": None, "other": None, "due": None},
    ),
    "nudge": Kind(
        "customer",
        "team",
        why="why_sent",
        values={
            "asked": "lines of our last answer",
            "closes": "time at which the ticket is solved without an answer, or none",
        },
        defaults={"asked": (), "closes": None},
    ),
    "too_large": Kind(
        "customer",
        "team",
        why="why_sent",
        values={"size": "of the mail, such as 41 MB", "limit": "that it may have"},
    ),
    "customer_status": Kind(
        "customer",
        "team",
        why="why_asked",
        values={"tickets": "number, subject, status (a word of the strings), answered (time or none), due (or none)"},
    ),
    "csat": Kind("customer", "team", "k", why="why_sent"),
    # --- to agents ---
    "agent_notice": Kind(
        "agent",
        "customer",
        is_list=True,
        why="why_because",
        values={
            "happened": "new, reply, note, assigned, advice, linked_solved, reopened, team or escalated",
            "ticket": "number, subject, team, status, priority, assignee, customer, tags",
            "because": "why its reader: a word of the strings, because_WORD, or none",
            "why": "the same in words: the reason; with `because` rule, which one; with given, who gave it",
            "due": "time of the next promise, or none",
            "policy": "the name of the SLA policy, or none",
            "facts": "name, value: custom fields",
            "attachments": "name, size",
            "writer": "who wrote the words",
            "said_at": "time of them, or none",
            "words": "their lines",
            "hidden": "whether a code that stands there is hidden",
            "passed_on": "by, lines: who forwarded the mail, his note, its header; or none",
            "warnings": "what to look at twice: words of the strings, warn_WORD",
            "mentioned": "lines about tickets that it names without belonging to them",
            "continued": "lines about a ticket that was over and goes on in it",
            "earlier": "lines about what was before",
            "suggested": "text, command, article (its id, or none)",
            "note_to": "the address for notes, or none",
            "may_change": "whether its reader may do more than take notes",
            "owns": "whether the ticket is his",
            "colleague": "whom he could give it to, or none",
        },
        defaults={
            "happened": "new",
            "because": None,
            "due": None,
            "policy": None,
            "facts": (),
            "warnings": (),
            "mentioned": (),
            "continued": (),
            "attachments": (),
            "writer": "",
            "said_at": None,
            "words": (),
            "hidden": False,
            "passed_on": None,
            "earlier": (),
            "suggested": (),
            "note_to": None,
            "may_change": True,
            "owns": False,
            "colleague": None,
        },
    ),
    "hold": _agent(
        "h",
        submitted="auto-replied",
        why="why_wrote",
        values={
            "reason": "a word of the strings: held_REASON",
            "to": "who would get the text, or none",
            "everybody": "all of them, where `to` has no room for them",
            "told": "what is wrong, in words of the reader's language, or none",
            "line": "the line of the mail that it is about, or none",
            "maybe": "the command that was perhaps meant, or none",
            "mistakes": "line, told, maybe: what else is wrong with it",
            "since": "at, who, words, hidden (whether a code in them is): what happened since",
            "show_to": "the address of commands, where a code in them is hidden, or none",
            "words": "lines of the text that was held",
            "longer": "where it is unsure where the text ends: lines of the longer one, or none",
            "choices": "word (of the strings: choice_WORD), command",
            "expires": "time, or none",
            "becomes_note": "whether the text is a note after that",
        },
        defaults={
            "to": None,
            "everybody": (),
            "told": None,
            "line": None,
            "maybe": None,
            "mistakes": (),
            "since": (),
            "show_to": None,
            "words": (),
            "longer": (),
            "expires": None,
            "becomes_note": False,
        },
    ),
    "receipt": _agent(
        "c",
        submitted="auto-replied",
        why="why_wrote",
        values={
            "lines": "state (ok, sent, failed or would), what, detail",
            "summary": "of them, for the subject",
            "opened_for": "address, name, whole: of a forwarded mail the customer of its new ticket; or none",
            "is_dry": "whether nothing happened",
            "letters": "that would go out: to, lines",
            "undo": "command, or none",
            "undo_until": "time, or none",
        },
        defaults={"opened_for": None, "is_dry": False, "letters": (), "undo": None, "undo_until": None},
    ),
    "command_result": _agent(
        "c",
        why="why_wrote",
        values={
            "title": "of the answer",
            "lines": "of text",
            "heads": "of the columns",
            "rows": "cells, and actions: text, command, to (none: the address for commands)",
        },
        defaults={"lines": (), "heads": (), "rows": ()},
    ),
    "confirm": _agent(
        "h",
        why="why_wrote",
        values={
            "questions": "doing (merge, customer, spam, many or far), tickets (number, subject, customer), detail",
            "reaches": "who would get the text: addresses, none where it goes to nobody",
            "words": "its lines",
            "expires": "time",
        },
        defaults={"reaches": (), "words": ()},
    ),
    "sla_warning": _agent(
        values={
            "metric": "first_response, next_response, update or resolution",
            "customer": "who waits",
            "due": "time of the promise",
            "left": "seconds of working time",
            "policy": "its name, or none",
            "target": "seconds of working time promised, or none",
            "used": "seconds of them that are over, or none",
            "words": "lines of the last message",
            "hidden": "whether a code that stands there is hidden",
            "said_at": "time of it, or none",
        },
        defaults={"policy": None, "target": None, "used": None, "words": (), "hidden": False, "said_at": None},
    ),
    "sla_breached": _agent(
        values={
            "metric": "as in sla_warning",
            "customer": "who waits",
            "due": "time that is over",
            "spent": "who, known (whether that is a word of the strings: spent_WHO), seconds",
            "told": "names of those who get this mail",
            "words": "lines of the last message",
            "hidden": "whether a code that stands there is hidden",
            "said_at": "time of it, or none",
        },
        defaults={"spent": (), "told": (), "words": (), "hidden": False, "said_at": None},
    ),
    "digest": _agent(
        "c",
        why="why_digest",
        may_be_left=True,
        values={
            "day": "time of it",
            "overdue": "number, subject, customer, due, late (whether that is over), reply_to (or none)",
            "today": "the same",
            "later": "the same",
            "unassigned": "the same, of the team",
            "counts": "how many there are: overdue and today with nobody's, later, unassigned",
            "more": "how many of them are not listed",
            "waiting": "how many wait for customers",
            "oldest": "number, since (seconds) of the one that waits longest, or none",
            "held": "number, reason (a word of the strings: held_REASON), at, noted",
            "thanks": "number, subject, who, words (a line) of thanks that opened nothing again",
            "thanks_more": "how many of them are not listed",
            "only_thanks": "whether there is nothing else to tell",
        },
        defaults={
            "overdue": (),
            "today": (),
            "later": (),
            "unassigned": (),
            "more": 0,
            "waiting": 0,
            "oldest": None,
            "held": (),
            "thanks": (),
            "thanks_more": 0,
            "only_thanks": False,
        },
    ),
    "delivery_failed": _agent(
        values={
            "happened": "failed or delayed",
            "automatic": "whether it was an automatic mail of ours, not an answer",
            "to": "the address",
            "who": "the name of the customer, or the address",
            "sent_at": "time of our answer",
            "said": "what the other side said",
            "until": "time until which we try, or none",
        },
        defaults={"happened": "failed", "automatic": False, "until": None},
    ),
    # --- to leads and admins ---
    "attention": _agent(
        "c",
        why="why_leads",
        values={
            "day": "time of it",
            "items": "id, lane, what, at, look (what shows it: a command by mail, or of the command line)",
            "more": "whether there are more of them",
            "suppressed": "code, count",
            "undelivered": "how many",
            "pending_since": "time of the oldest mail that is not processed, or none",
            "older": "how many waited already a day ago",
        },
        defaults={"items": (), "more": False, "suppressed": (), "undelivered": 0, "pending_since": None, "older": 0},
    ),
    "weekly_report": _agent(
        "c",
        why="why_leads",
        may_be_left=True,
        values={
            "of_team": "its name",
            "since": "time",
            "until": "time",
            "counts": "word (of the strings: count_WORD), now, before",
            "first_response": "median in seconds of working time, or none",
            "people": "name, answered, solved, open",
        },
        defaults={"first_response": None, "people": ()},
    ),
    "alarm": _agent(
        "c",
        why="why_leads",
        values={
            "about": "a word of the strings: alarm_ABOUT",
            "lines": "of detail",
            "since": "time",
            "count": "how often since then",
        },
        defaults={"lines": (), "count": 1},
    ),
}
CARRY_CANNED = ("answer", "canned")  # their templates say where the words of a canned reply stand
OF_PERSONS = frozenset(name for name, kind in KINDS.items() if not kind.automatic)  # no rule sends these


def kind_of(template: str) -> Kind:
    """The row of a mail; one that only the site has is an automatic answer to the requester."""
    return KINDS.get(template, _OWN)


_OWN = Kind("customer", "team", submitted=None, why="why_sent")
