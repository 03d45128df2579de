"""Canned replies in the hands of a person: what one says in a ticket, and what it sets there.

Sources  mails-out.md §10: a snippet stands where it is asked for, above the writer's own words; an answer replaces the
         wording, and what he writes besides goes above it. A value that is missing, and nothing is sent.
Not here the replies themselves (outgoing/canned.py), how an answer goes out (answers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.deciding.types import Deps
from gateway.outgoing.canned import Kind, Spoken
from gateway.ticket.canned import told_of
from gateway.ticket.saying import Saying, saying
from gateway.ticket.types import Ticket


@dataclass(frozen=True, slots=True)
class Use:
    """A canned reply by its name, with the values of its variables."""

    name: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The words of an answer, put together."""

    above: str  # plain: snippets, and what the writer wrote
    answer: Spoken | None  # the canned answer below them
    used: tuple[Spoken, ...]  # everything canned that it is made of

    @property
    def text(self) -> str:
        """All of it as plain text, as the ticket keeps it."""
        return "\n\n".join(filter(None, (self.above, self.answer.words.text if self.answer else "")))

    @property
    def status(self) -> str | None:
        """The status that the replies ask for, the last one's; None is none."""
        return next((value for each in reversed(self.used) for name, value in each.sets if name == "status"), None)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What they set beside it."""
        return tuple(pair for each in self.used for pair in each.sets if pair[0] != "status")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that they add."""
        return tuple(tag for each in self.used for tag in each.canned.tags)


def spoken(ticket: Ticket, use: Use, by: str | None, deps: Deps, kind: Kind | None = None) -> Spoken | Saying:
    """What a canned reply says to the customer of a ticket, in his language; why, where it says nothing.

    by    whose answer it is: an agent by id; None is the operator
    kind  None takes both
    """
    agent = deps.rules.agents[by].name if by is not None else None
    values = {**told_of(ticket, agent), **dict(use.values)}
    language = ticket.language or deps.rules.defaults.language
    return deps.desk.templates.canned.spoken(use.name, language, values, kind)


def drafted(ticket: Ticket, text: str, uses: Sequence[Use], by: str | None, deps: Deps) -> Draft | Saying:
    """The answer that these words and canned replies make; why, where they make none."""
    used = list[Spoken]()
    for use in uses:
        said = spoken(ticket, use, by, deps)
        if isinstance(said, Saying):
            return said
        used.append(said)
    answers = [each for each in used if each.canned.kind == "answer"]
    if len(answers) > 1:
        return saying("done_two_answers", first=answers[0].canned.name, second=answers[1].canned.name)
    snippets = (each.words.text for each in used if each.canned.kind == "snippet")
    return Draft("\n\n".join(filter(None, (*snippets, text))), answers[0] if answers else None, tuple(used))
