"""Which statuses there are, and the type of each: what it means for the clock and for replies.

Sources  tickets-and-sla.md §1, rules.md §3 `statuses`. All logic rests on the types; the names are for people.
Not here  what a rule file adds (sections.py), when a status changes (ticket/apply.py).
"""

from collections.abc import Mapping
from typing import Literal, get_args

StatusType = Literal["new", "open", "waiting_customer", "waiting_third", "solved", "closed"]

TYPES: tuple[StatusType, ...] = get_args(StatusType)
BUILT_IN: Mapping[str, StatusType] = {
    "new": "new",
    "open": "open",
    "pending": "waiting_customer",
    "on_hold": "waiting_third",
    "snoozed": "waiting_third",
    "solved": "solved",
    "closed": "closed",
    "merged": "closed",
    "spam": "closed",
}
OF_COMMANDS = ("snoozed", "merged", "spam")  # set by commands of their own only
