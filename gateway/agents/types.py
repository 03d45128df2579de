"""A mail that speaks for an agent, with all that it is processed with.

Not here  what it proves (ticket/authority.py), what is done with it (the other modules).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.types import Accepted, Auth, Message
from gateway.operations.types import Duty
from gateway.pipeline import ended
from gateway.rules.types import Agent
from gateway.ticket.authority import Claim
from gateway.ticket.types import Disposition, Outcome, ThreadMatch

HELD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AgentMail:
    """One mail in its transaction."""

    inbound: Accepted
    message: Message
    auth: Auth
    claim: Claim
    agent: Agent
    d: Deps
    c: Connection
    now: datetime

    @property
    def duty(self) -> Duty:
        """When what it asks for is done, and what is in force then."""
        return Duty(self.now, lambda: self.d, self.basis)

    @property
    def basis(self) -> str:
        """What the agent's right rests on, for the audit."""
        said = "dmarc" if self.auth.dmarc == "pass" else "aligned" if self.auth.aligned else "token alone"
        return f"mail: {self.claim.by}, {said}"

    def end(
        self, disposition: Disposition, reason: str, ticket: int | None = None, entry: int | None = None
    ) -> Outcome:
        """How the mail ended, stored with its reasons."""
        words = f"{self.claim.by} made for {self.agent.id}"
        match = ThreadMatch(ticket, "token", "proven", words) if ticket is not None and self.claim.tokens else None
        outcome = Outcome(self.inbound.key, disposition, reason, ticket, entry)
        return ended(outcome, self.inbound, self.message, self.d, self.c, self.now, auth=self.auth, match=match)
