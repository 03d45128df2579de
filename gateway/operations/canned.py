"""Canned replies and articles in the hands of a person: what one says in a ticket, and what it sets there.

Sources  mails-out.md §10: a snippet stands where it is asked for, above the writer's own words; an answer replaces the
         wording, and what he writes besides goes above it. A value that is missing, and nothing is sent.
Not here the replies themselves (outgoing/canned.py), how an answer goes out (answers.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.deciding.types import Deps
from gateway.outgoing.canned import Kind, Spoken
from gateway.ticket.canned import told_of
from gateway.ticket.command_values import Snippet
from gateway.ticket.commands import Orders
from gateway.ticket.saying import Saying, saying
from gateway.ticket.types import Ticket

_MOST_CHARACTERS = 100_000
_MOST_LINES = 2000  # a template takes 4096 values


@dataclass(frozen=True, slots=True)
class Use:
    """A canned reply by its name, with the values of its variables; an article by its id."""

    name: str
    values: tuple[tuple[str, str], ...] = ()
    kind: Kind | None = None  # None takes snippets and answers


def uses_in(orders: Orders) -> Iterator[Use]:
    """The canned replies and articles that an answer or a note begins with."""
    for command in orders.commands:
        match command.name, command.value:
            case (("macro" | "answer"), Snippet(name, values)):
                yield Use(name, values)
            case "use", str(id):
                yield Use(id, kind="article")


@dataclass(frozen=True, slots=True)
class Draft:
    """The words of an answer, put together."""

    inserted: str  # plain: snippets and articles
    written: str  # plain: what the writer wrote below them
    answer: Spoken | None  # the canned answer below them
    used: tuple[Spoken, ...]  # everything canned that it is made of

    @property
    def above(self) -> str:
        """What stands above the canned answer."""
        return "\n\n".join(filter(None, (self.inserted, self.written)))

    @property
    def text(self) -> str:
        """All of it as plain text, as the ticket keeps it."""
        return "\n\n".join(filter(None, (self.above, self.answer.words.text if self.answer else "")))

    @property
    def articles(self) -> tuple[str, ...]:
        """The ids of those in it."""
        return tuple(each.canned.name for each in self.used if each.canned.kind == "article")

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


def spoken(ticket: Ticket, use: Use, by: str | None, deps: Deps, *, public: bool) -> Spoken | Saying:
    """What is said in the language of a ticket; why, where it says nothing.

    by      whose words these become: those of an agent by id; None is the operator
    public  whether the customer reads it; an article that he does not read is in the language of the agent
    """
    agent = deps.rules.agents[by] if by is not None else None
    values = {**told_of(ticket, agent.name if agent is not None else None), **dict(use.values)}
    language, templates = ticket.language or deps.rules.defaults.language, deps.desk.templates
    if use.kind != "article":
        return templates.canned.spoken(use.name, language, values, use.kind)
    if agent is not None and not public:
        language = deps.rules.language_of(agent)
    return templates.articles.inserted(use.name, language, values, public=public)


def drafted(
    ticket: Ticket, text: str, uses: Sequence[Use], by: str | None, deps: Deps, *, public: bool
) -> Draft | Saying:
    """The answer, or the note, that these words, canned replies and articles make; why, where they make none."""
    used = list[Spoken]()
    for use in uses:
        said = spoken(ticket, use, by, deps, public=public)
        if isinstance(said, Saying):
            return said
        used.append(said)
    answers = [each for each in used if each.canned.kind == "answer"]
    if len(answers) > 1:
        return saying("done_two_answers", first=answers[0].canned.name, second=answers[1].canned.name)
    above = (each.words.text for each in used if each.canned.kind != "answer")
    draft = Draft("\n\n".join(filter(None, above)), text, answers[0] if answers else None, tuple(used))
    if len(draft.text) > _MOST_CHARACTERS or draft.text.count("\n") >= _MOST_LINES:
        return saying("done_too_long", characters=_MOST_CHARACTERS, lines=_MOST_LINES)
    return draft
