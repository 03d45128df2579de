"""Which words of the rule language nothing carries out yet: the one list of them.

`check` reads such a word, with all that stands below it, and says that it is not available: a rule that silently did
nothing would be worse than one that is refused. Whoever brings a word to life takes it away here.
"""

SECTIONS = ("retention",)
KEYS = (
    "defaults.forward_ack",
    "agents.skills", "agents.max_open", "agents.notify",
    "agents.receipts",
    "teams.assign", "teams.language_match",
    "teams.unlock_after", "teams.max_waiting",
    "rules.cron", "rules.each",
)  # fmt: skip
EVENTS = (
    "schedule",
)  # fmt: skip
FIELDS = (
    "ticket.waiting",
)  # fmt: skip

NOT_YET = frozenset(
    f"{kind} {word}"
    for kind, words in (
        ("section", SECTIONS),
        ("key", KEYS),
        ("event", EVENTS),
        ("field", FIELDS),
    )
    for word in words
)
