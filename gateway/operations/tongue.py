"""In which words a reader of ours is told something: an agent in his own, the command line in English.

Not here  the phrases (templates/_strings), putting them together (ticket/saying.py).
"""

from datetime import datetime

from gateway.deciding.types import Deps
from gateway.digests import zone_of
from gateway.operations.types import Done, Duty, Told
from gateway.outgoing.phrases import Phrases
from gateway.rules.types import Agent
from gateway.ticket.saying import Tongue, worded


def told(done: Done, duty: Duty) -> Told:
    """What became of it, for the command line."""
    plain = isinstance(done.said, str)  # of operations that may do without the rules
    said = str(done.said) if plain else worded(done.said, duty.deps.desk.templates.english)
    return Told(done.name, done.outcome, said, done.undo, done.warns)


def tongue_of(agent: Agent, d: Deps, now: datetime) -> Tongue:
    """His language, and times by his clock."""
    language = d.rules.language_of(agent)
    phrases = Phrases(language.partition("-")[0], now, str(zone_of(agent, d.rules)))
    return Tongue(d.desk.templates.words(language), lambda at: phrases.moment(at.isoformat()))
