"""Whether a mail speaks for an agent: who he is, by which token of ours, and what is missing where it does not.

Sources  agents-by-mail.md §1 (A1 … A4), acceptance D-01, D-03, D-11, D-14. All of it is judged when the mail is
         processed, against the agents and keys of that moment. A token stands in the address that a mail came to; where
         sub-addresses do not come back, in the Message-ID of the mail that it answers (mails-out.md §2). A number in a
         subject, other References, a body token and a display name prove nothing here.
Not here  whether the agent may do what he asks for (visibility.py), what follows from it (agents/), how tokens are
          made (token.py), what a trusted host found out (message/auth.py).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.message.address import normal
from gateway.message.types import Auth, Classification, Envelope, Message
from gateway.rules.types import Agent
from gateway.ticket.answered import reply_tokens
from gateway.ticket.token import TokenRing
from gateway.ticket.token_forms import ReplyToken

Proof = Literal["dmarc", "token"]
Standing = Literal["proven", "without-token", "no-proof", "spoofed", "other-author", "no-right", "automatic"]
OF_AGENTS = ("t", "n", "c", "h")  # purposes; of a customer's, t alone is among them, and names no revision
MOST_TOKENS = 8  # of one mail: each is compared with every agent


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that has to do with an agent, and what it proves.

    standing  proven           everything holds
              without-token    he is who he says, but came with none of his own tokens
              no-proof         the token is his and so is the From; nobody vouches for the origin
              spoofed          the origin is false
              other-author     his token, in the hands of somebody else
              no-right         a token of somebody who is no agent any more
              automatic        a machine wrote it: his out-of-office, or a mail with his token
    """

    standing: Standing
    agent: Agent | None  # who wrote it, or says so; for other-author whose token it is; None for no-right
    tokens: tuple[ReplyToken, ...]  # that were made for the agent, and hold

    @property
    def by(self) -> str:
        """Where they stand, for people."""
        addressed = not self.tokens or any(token.message is None for token in self.tokens)
        return "reply address" if addressed else "Message-ID"


@dataclass(frozen=True, slots=True)
class Agents:
    """Who works on tickets, as claims are judged by."""

    agents: Sequence[Agent]
    ring: TokenRing
    delimiter: str
    generation: Callable[[str], int]  # of an agent's tokens, by his address in normal form
    proof: Proof = "dmarc"

    def writing_as(self, address: str) -> Agent | None:
        """The agent with this address, in normal form; None when it is nobody's."""
        return next((a for a in self.agents if address in map(normal, (a.email, *a.also))), None)

    def held_by(self, agent: Agent, tokens: Iterable[ReplyToken]) -> tuple[ReplyToken, ...]:
        """Those of the tokens that were made for him, and not withdrawn."""
        generation = self.generation(normal(agent.email))
        return tuple(t for t in tokens if self.ring.holder(t, (agent.email,), generation) is not None)

    def proves(self, auth: Auth) -> bool:
        """Whether the origin is vouched for; `token` does without, as long as nobody says that it is false."""
        if auth.dmarc == "fail":
            return False
        return auth.dmarc == "pass" or auth.aligned or self.proof == "token"


def claimed(message: Message, envelope: Envelope, verdict: Classification, auth: Auth, agents: Agents) -> Claim | None:
    """What a mail claims and proves; None when no agent has to do with it, or nothing but the From says so."""
    tokens = tuple(_of_agents(reply_tokens(message, envelope, agents.delimiter)))[:MOST_TOKENS]
    author = normal(message.author.address) if message.author is not None else None
    agent = agents.writing_as(author) if author is not None else None
    if agent is None:
        return _of_others(tokens, author, verdict, agents)
    held = agents.held_by(agent, tokens)
    if auth.dmarc == "fail":
        return Claim("spoofed", agent, held)
    if verdict.kind != "person":
        return Claim("automatic", agent, held)
    if not held:
        return Claim("without-token", agent, ()) if auth.dmarc == "pass" or auth.aligned else None
    return Claim("proven" if agents.proves(auth) else "no-proof", agent, held)


def _of_others(
    tokens: Sequence[ReplyToken], author: str | None, verdict: Classification, agents: Agents
) -> Claim | None:
    """A mail whose author is no agent: it may have the token of one, or be from one that was."""
    for agent in agents.agents if tokens else ():
        if held := agents.held_by(agent, tokens):
            return Claim("other-author" if verdict.kind == "person" else "automatic", agent, held)
    if author is not None and (gone := tuple(t for t in tokens if agents.ring.holder(t, (author,)) is not None)):
        return Claim("no-right", None, gone)
    return None


def _of_agents(tokens: Iterable[ReplyToken]) -> Iterator[ReplyToken]:
    """Those that an agent may have: a customer's `t` never names what he has seen."""
    yield from (t for t in tokens if t.purpose in OF_AGENTS and (t.purpose != "t" or t.revision is not None))
