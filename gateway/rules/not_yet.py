"""Which words of the rule language nothing carries out yet: the one list of them.

`check` reads such a word, with all that stands below it, and says that it is not available: a rule that silently did
nothing would be worse than one that is refused. Whoever brings a word to life takes it away here.
"""

SECTIONS = ()
KEYS = ("defaults.forward_ack", "agents.notify", "agents.receipts")

NOT_YET = frozenset(f"{kind} {word}" for kind, words in (("section", SECTIONS), ("key", KEYS)) for word in words)
