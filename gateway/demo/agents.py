"""Two agents work on one ticket with nothing but their mail programs: an answer, a note, handing over, solving.

Each answers the newest mail that he was sent about the ticket, by its reply button or by its link for notes, and quotes
all of it, as most programs do.
Not here  sending (customers.py), what the gateway makes of it (agents/), what is printed (cli/demo.py).
"""

import asyncio
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote

from sqlalchemy import Connection

from gateway.demo.catcher import Caught
from gateway.demo.customers import send, stamped
from gateway.demo.stage import Stage
from gateway.store import inbound, outbox, tickets

_LOOK_S = 0.02
_PATIENCE_S = 30.0  # for one mail, of real time
_NOTE = re.compile(r'href="mailto:([^"?]+)')
_FOR_US = "late with the rent"  # of the note: the customer never reads it


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of them does."""

    who: str
    words: str
    to_notes: bool = False


TURNS = (
    Turn("piotr@acme.test", "Poštovani, račun provjeravamo još danas."),
    Turn("piotr@acme.test", f"Careful: this hotel was {_FOR_US} in summer.", to_notes=True),
    Turn("piotr@acme.test", "#assign ana"),
    Turn("ana@acme.test", "#solved\r\n\r\nIspravljen račun je na putu."),
)


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of it."""

    ticket: int
    status: str
    owner: str
    kinds: tuple[str, ...]  # of the entries
    answers: int  # that the customer got
    kept: bool  # whether the words of the note stayed here

    @property
    def is_good(self) -> bool:
        """Whether all of it became what the packaged rules make of it."""
        kinds = ("mail", "answer", "note", "answer")
        return (self.status, self.owner, self.kinds, self.answers, self.kept) == ("solved", "ana", kinds, 2, True)


async def worked_on(stage: Stage, number: int) -> Worked | None:
    """All turns, one after the other; None where somebody was not told of the ticket.

    Raises  TimeoutError  a mail did not come to its end
    """
    for turn in TURNS:
        try:
            notice = await _notice(stage, turn.who, number)
        except TimeoutError:
            return None
        await _sent(stage, turn, notice)
    ticket, entries = await stage.store.read(lambda c: (tickets.find_ticket(c, number), tickets.entries(c, number)))
    if ticket is None:
        raise ValueError("tickets are never deleted")
    customer = ticket.requester.address if ticket.requester is not None else ""
    got = [caught for caught in stage.catcher.mails if caught.forward_path == customer]
    answers = [caught for caught in got if _read(caught)["X-Mailwicket-Mail"] == "answer"]
    kept = not any(_FOR_US in _text(caught) for caught in got)
    return Worked(number, ticket.status, ticket.assignee or "", tuple(e.kind for e in entries), len(answers), kept)


async def _notice(stage: Stage, who: str, number: int) -> Caught:
    """The newest mail to an agent about the ticket, waited for."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            found = [caught for caught in stage.catcher.mails if caught.forward_path == who]
            if about := [caught for caught in found if _read(caught)["X-Mailwicket-Ticket"] == str(number)]:
                return about[-1]
            await asyncio.sleep(_LOOK_S)


async def _sent(stage: Stage, turn: Turn, notice: Caught) -> None:
    """The answer to a mail went in, and all that follows from it has left."""
    mail, now = _read(notice), stage.clock.now()
    to = _notes_of(mail) if turn.to_notes else notice.reply_to
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = turn.who, to, f"Re: {mail['Subject']}"
    made["Date"], made["In-Reply-To"], made["References"] = format_datetime(now), notice.message_id, notice.message_id
    quoted = "\n".join(f"> {line}" for line in _text(notice).splitlines())
    above = f"On {now:%d %b %Y, at %H:%M}, {mail['From']} wrote:"
    made.set_content(f"{turn.words}\n\n{above}\n{quoted}\n", charset="utf-8", cte="quoted-printable")
    raw = stamped(made.as_bytes(policy=email.policy.SMTP), turn.who, "pass", now)
    await send(stage.smtp_port, turn.who, to, raw)
    async with asyncio.timeout(_PATIENCE_S):
        while await stage.store.read(_under_way):  # noqa: ASYNC110  nothing tells when a mail has left
            await asyncio.sleep(_LOOK_S)


def _under_way(c: Connection) -> bool:
    return bool(inbound.account(c)["pending"] or outbox.counts(c).keys() & {"queued", "leased"})


def _notes_of(mail: EmailMessage) -> str:
    """The address of the link for notes."""
    body = mail.get_body(("html",))
    links = map(unquote, _NOTE.findall(str(body.get_content()))) if body is not None else ()
    return next(link for link in links if "+n" in link)


def _read(caught: Caught) -> EmailMessage:
    return email.message_from_bytes(caught.raw, policy=email.policy.default)


def _text(caught: Caught) -> str:
    body = _read(caught).get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
