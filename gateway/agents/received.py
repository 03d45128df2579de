"""Every accepted mail: one that speaks for an agent does what he may, all others go their way.

Sources      agents-by-mail.md §1: what a mail that lacks something of its proof ends as. Nothing of it is sent, nothing
             is done, and people see it.
Transaction  T1, that of the mail.
Not here     what is proven (ticket/authority.py), what a proven one does (answering.py, forwarding.py, choosing.py).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from gateway.agents.absent import is_there, seems_away
from gateway.agents.answering import Wanted, about_ticket, is_addressed, without_ticket
from gateway.agents.asked import answer_of_asked
from gateway.agents.choosing import choose
from gateway.agents.forwarding import open_forwarded
from gateway.agents.holding import Why, hold
from gateway.agents.ordering import opens_with_orders
from gateway.agents.overtaken import overtaken
from gateway.agents.reading import kept, vocabulary, writer_of
from gateway.agents.telling import note_refused, tell_of, unseen
from gateway.agents.types import AgentMail
from gateway.agents.warning import warn_of_commands, warn_of_other_author, warn_of_spoofing
from gateway.arrived import note_arrived
from gateway.deciding.decide import authenticated, without_our_words
from gateway.deciding.types import Deps
from gateway.message.address import normal, sub_address
from gateway.message.classify import classify
from gateway.message.forward import forwarded
from gateway.message.subject import is_answer
from gateway.message.types import Accepted, Auth, Classification, Forward, Message
from gateway.operations.answers import recipients_of
from gateway.operations.types import Duty
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.oversize import too_large
from gateway.pipeline import ended, same_as_before
from gateway.returned import received as by_anybody
from gateway.store import agent_keys, held_mail, tickets
from gateway.store.held_mail import Proposal
from gateway.store.view import StoreView
from gateway.ticket.answered import addressed_tokens, answered_ids, is_forward
from gateway.ticket.authority import Agents, Claim, claimed
from gateway.ticket.commands import Orders, begins_with_a_command, looks_like_a_command, read_commands, written_in
from gateway.ticket.thread import thread
from gateway.ticket.token_forms import is_ours
from gateway.ticket.types import Outcome, ThreadMatch, Ticket
from gateway.ticket.visibility import UNSEEN, notes, sees

_SETTLED_ELSEWHERE = ("loop", "report")
_MAY_SAY = ("entry", "record")  # in a ticket that was there; a record: by his word about what was held


def received(inbound: Accepted, message: Message, d: Deps, c: Connection) -> Outcome:
    """What became of one accepted mail, and of what was to leave after it. [T1]"""
    outcome = _received(inbound, message, d, c)
    if outcome.disposition in _MAY_SAY and outcome.ticket is not None and inbound.imported is None:
        overtaken(c, Duty(d.now(), lambda: d), outcome.ticket)
    return outcome


def _received(inbound: Accepted, message: Message, d: Deps, c: Connection) -> Outcome:
    if inbound.whole_octets is not None and not inbound.released:
        return too_large(inbound, inbound.whole_octets, message, d, c)
    if inbound.imported is None:
        note_arrived(inbound, message, d, c)
    verdict, auth = classify(message, inbound.envelope, d.own), authenticated(inbound, message, d)
    if verdict.kind in _SETTLED_ELSEWHERE or inbound.stub is not None or inbound.imported is not None:
        return by_anybody(inbound, message, d, c)
    agents = Agents(
        tuple(d.rules.agents.values()),
        d.desk.ring,
        d.desk.delimiter,
        lambda address: agent_keys.generation(c, address),
        d.proof,
    )
    claim = claimed(message, inbound.envelope, verdict, auth, agents)
    if claim is None:
        asked = answer_of_asked(inbound, message, verdict, auth, d, c) or _commands_without_proof(
            inbound, message, verdict, auth, agents, d, c
        )
        return asked if asked is not None else by_anybody(inbound, message, d, c)
    for digest in (None, *_of_orders(message, claim)):
        if (duplicate := same_as_before(inbound, message, d, c, d.now(), digest)) is not None:
            return duplicate
    return _claimed(inbound, message, auth, claim, d, c)


def _commands_without_proof(
    inbound: Accepted, message: Message, verdict: Classification, auth: Auth, agents: Agents, d: Deps, c: Connection
) -> Outcome | None:
    """What became of commands in the name of an agent that nobody vouches for; None: it is no such mail."""
    agent = agents.writing_as(normal(message.author.address)) if message.author is not None else None
    if agent is None or verdict.kind != "person" or inbound.released or not _is_of_commands(inbound, d):
        return None
    mail = AgentMail(inbound, message, auth, Claim("no-proof", agent, ()), agent, d, c, d.now())
    warn_of_commands(mail)
    return mail.end("quarantine", f"no-proof: commands of {agent.id}")


def _is_of_commands(inbound: Accepted, d: Deps) -> bool:
    """Whether it came to TEAM+cmd."""
    return any(sub_address(path, d.desk.delimiter)[1] == "cmd" for path in inbound.envelope.forward_paths)


def _of_orders(message: Message, claim: Claim) -> Iterator[str]:
    """By what a mail that may order something is known again under another Message-ID, which nobody signs for sure
    (acceptance D-10): its author, its date, what it is about, and its body."""
    if claim.standing == "proven" and claim.agent is not None and message.date is not None:
        about = sorted(f"{t.purpose}{t.ticket}" for t in claim.tokens)
        parts = ("orders", claim.agent.id, message.date.isoformat(), *about, message.body_sha256)
        yield hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _claimed(inbound: Accepted, message: Message, auth: Auth, claim: Claim, d: Deps, c: Connection) -> Outcome:
    if claim.agent is None:
        return _no_right(inbound, message, auth, claim, d, c)
    mail = AgentMail(inbound, message, auth, claim, claim.agent, d, c, d.now())
    match claim.standing:
        case "proven":
            is_there(mail)
            return _proven(mail)
        case "no-proof":
            return _without_proof(mail)
        case "spoofed":
            warn_of_spoofing(mail)
            outcome = _as_third_party(mail, "who fails DMARC")
            why = f"spoofed-agent: From {mail.agent.email}, who fails DMARC"
            note_refused(mail.c, mail.inbound, why, outcome.ticket, mail.now)
            return outcome
        case "other-author":
            return _of_another(mail)
        case "automatic":
            return _by_machine(mail)
        case _:
            return _without_token(mail)


def _proven(mail: AgentMail) -> Outcome:
    """A hold mail that is answered decides; else the ticket that all his tokens name, or nothing that is sure."""
    tokens = mail.claim.tokens
    if (held := next((t.ticket for t in tokens if t.purpose == "h" and t.ticket is not None), None)) is not None:
        return by_anybody(mail.inbound, mail.message, mail.d, mail.c) if mail.inbound.released else choose(mail, held)
    named = [t for t in tokens if t.purpose in ("t", "n") and t.ticket is not None]
    forward = mail.message.forward if is_forward(mail.message) else None
    if forward is not None and not named:  # no commands stand in what somebody else wrote
        return open_forwarded(mail, forward, _named(mail)) if notes(mail.agent) else _reads_only(mail)
    if not named:  # it is about commands alone
        return _of_commands(mail)
    found = {ticket.number: ticket for t in named if (ticket := tickets.goes_on_in(mail.c, t.ticket or 0)) is not None}
    seen = [ticket for ticket in found.values() if sees(mail.agent, ticket, mail.d.rules)]
    if not notes(mail.agent):
        return _reads_only(mail)
    if not seen:
        return _about_unseen(mail, next(iter(found.values()), None))
    if forward is not None and mail.inbound.released:  # asked whom it was for, he wants a new ticket
        return open_forwarded(mail, forward, tuple(ticket.number for ticket in seen))
    sure = len(seen) == 1 and is_addressed(mail, seen[0], named)
    if not sure and mail.inbound.released:  # he wants a new ticket
        return by_anybody(mail.inbound, mail.message, mail.d, mail.c)
    if not sure:
        several = ", ".join(f"#{each.number}" for each in seen) if len(seen) > 1 else ""
        why = _which(mail, "several", numbers=several) if several else Why("which")
        return hold(mail, seen[0], why, kept(mail, mail.message, seen[0].revision))
    ticket = tickets.find_ticket(mail.c, seen[0].number, lock=True)
    return about_ticket(mail, ticket or seen[0], named)


def _about_unseen(mail: AgentMail, ticket: Ticket | None) -> Outcome:
    """He sees none of the tickets that his tokens name: what is about none of them, as `#undo`, he may order."""
    wanted = _commands(mail)
    orders = read_commands(wanted.written, writer_of(mail), vocabulary(mail.d), about_ticket=False)
    if isinstance(orders, Orders) and orders.has("undo"):
        return without_ticket(mail, wanted)
    return unseen(mail, ticket) if ticket is not None else _no_right_of(mail)


def _of_commands(mail: AgentMail) -> Outcome:
    """An address for commands: words there may be meant for the ticket that the answered mail is about."""
    said, subject = mail.message.text, mail.message.subject
    if said.strip() and not begins_with_a_command(said, vocabulary(mail.d)) and not looks_like_a_command(subject):
        if mail.inbound.released:  # he wants a new ticket
            return by_anybody(mail.inbound, mail.message, mail.d, mail.c)
        if (ticket := _perhaps_meant(mail)) is not None and notes(mail.agent):
            message = without_our_words(mail.message, ticket.number, mail.d.languages, StoreView(mail.c))
            return hold(mail, ticket, _which(mail, "commands"), kept(mail, message, ticket.revision))
    return without_ticket(mail, _commands(mail))


def _without_proof(mail: AgentMail) -> Outcome:
    """Kept, and told to the address that we know: whoever wrote it, only the agent can let it go on."""
    if (held := next((t.ticket for t in mail.claim.tokens if t.purpose == "h"), None)) is not None:
        why = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))["held_no_proof"]
        tell_of(mail, None, "cannot", item=f"h-{held}", word=why)
        return mail.end("quarantine", f"no-proof: h-{held} waits")
    if all(t.purpose == "c" for t in mail.claim.tokens):  # it is about commands alone
        says = mail.message.text.strip() or not looks_like_a_command(mail.message.subject)
        message = mail.message if says else replace(mail.message, text=mail.message.subject)
        return hold(mail, None, Why("no-proof"), kept(mail, message))
    ticket = _ticket(mail)
    if ticket is None or not sees(mail.agent, ticket, mail.d.rules) or not notes(mail.agent):
        return _no_right_of(mail)
    message = without_our_words(mail.message, ticket.number, mail.d.languages, StoreView(mail.c))
    seen = next((t.revision or 0 for t in mail.claim.tokens if t.ticket == ticket.number), 0)
    return hold(mail, ticket, Why("no-proof"), kept(mail, message, seen))


def _of_another(mail: AgentMail) -> Outcome:
    """The token of an agent in the hands of somebody else; who takes part in the ticket anyway just answered all."""
    ticket, author = _ticket(mail), mail.message.author
    known = author is not None and mail.auth.dmarc != "fail"
    people = tickets.participants(mail.c, ticket.number) if ticket is not None and known else ()
    if ticket is not None and author is not None and normal(author.address) in people:
        words = "a participant who answered an agent's mail to all"
        return _as(mail, ThreadMatch(ticket.number, "token", "participant", words))
    who = normal(author.address) if author is not None else "somebody who cannot be known for sure"
    reason = f"unverified-reply: {who} used the {mail.claim.by} of {mail.agent.id}"
    if ticket is None:  # commands that are about none, or a choice
        warn_of_other_author(mail, None)
        return mail.end("quarantine", reason)
    outcome = _as_third_party(mail, "else")
    warn_of_other_author(mail, _ticket(mail))
    note_refused(mail.c, mail.inbound, reason, outcome.ticket, mail.now)
    return outcome


def _by_machine(mail: AgentMail) -> Outcome:
    """An event in the ticket, of which its lead hears alone; without one, nothing but a record."""
    ticket = _ticket(mail)
    seems_away(mail)
    if ticket is None:
        return mail.end("record", f"automatic mail of {mail.agent.id}")
    words = f"the {mail.claim.by} of {mail.agent.id}, used by a machine"
    match = ThreadMatch(ticket.number, "token", "participant", words)
    return by_anybody(mail.inbound, mail.message, mail.d, mail.c, found=match, by_machine_of=mail.agent.id)


def _without_token(mail: AgentMail) -> Outcome:
    """He is who he says. Where something names a ticket he has to say whether he means it; else it is a new matter."""
    forward = mail.message.forward
    if _is_of_commands(mail.inbound, mail.d) and (forward is None or not is_forward(mail.message)):
        return without_ticket(mail, _commands(mail), queries_only=True)
    addressed = addressed_tokens(mail.message, mail.inbound.envelope, mail.d.desk.delimiter)
    if not mail.inbound.released and any(token.purpose in ("c", "h") for token in addressed):
        tell_of(mail, None, "not_yours")
        return mail.end("record", f"no address of {mail.agent.id}")
    if not notes(mail.agent):
        asks = forward is None and all(map(looks_like_a_command, filter(str.strip, mail.message.text.splitlines())))
        return without_ticket(mail, _commands(mail), queries_only=True) if asks else _reads_only(mail)
    if forward is not None:
        return open_forwarded(mail, forward, _named(mail))
    if (below := _passed_on_below(mail)) is not None:
        return open_forwarded(replace(mail, message=replace(mail.message, forward=below)), below, _named(mail))
    if not mail.inbound.released and (ticket := _perhaps_meant(mail)) is not None:
        message = without_our_words(mail.message, ticket.number, mail.d.languages, StoreView(mail.c))
        people = {normal(who.address) for who in recipients_of(mail.c, ticket, mail.d)}
        proposal = kept(mail, message, ticket.revision)  # nobody knows what he had seen
        have_it = tuple(who for who in (*message.to, *message.cc) if normal(who.address) in people)
        another = any(token.purpose in ("t", "n") for token in addressed)
        return hold(
            mail, ticket, _which(mail, "another") if another else Why("which"), replace(proposal, beside=have_it)
        )
    if mail.inbound.released and (named := _named(mail)):  # he wants a new ticket
        return _as(mail, ThreadMatch(None, "none", "stranger", f"as {mail.agent.id} wants it", named))
    if _threaded(mail).ticket is None and (ordered := opens_with_orders(mail, _commands(mail))) is not None:
        return ordered
    return by_anybody(mail.inbound, mail.message, mail.d, mail.c)


def _which(mail: AgentMail, why: str, **places: str) -> Why:
    """Why it is unclear which ticket is meant; else it came to no reply address."""
    strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    return Why("which", told=strings[f"told_which_{why}"].format_map(places))


def _passed_on_below(mail: AgentMail) -> Forward | None:
    """The mail whose header stands below an agent's words in a new mail, whatever its subject says.

    Outlook writes the same header above what it answers and what it forwards: here nothing of ours is answered.
    """
    message = mail.message
    if not message.quoted or is_answer(message.subject) or any(map(is_ours, answered_ids(message))):
        return None
    found = forwarded(f"{message.text}\n\n{message.quoted}", f"Fwd: {message.subject}")
    if found is None or not (found.date or found.to) or (found.author is None and not found.subject):
        return None
    return replace(found, comment=message.text)


def _commands(mail: AgentMail) -> Wanted:
    return Wanted(written_in(mail.message), Proposal(mail.message.text), 0)


def _perhaps_meant(mail: AgentMail) -> Ticket | None:
    """The ticket that the mail names without proof, where its writer sees it; None where it is his own, or none."""
    named = (tickets.goes_on_in(mail.c, number) for number in _named(mail))
    return next((t for t in named if t is not None and sees(mail.agent, t, mail.d.rules)), None)


def _named(mail: AgentMail) -> tuple[int, ...]:
    """The tickets that the mail names without proof; none where it belongs to one as any participant's does."""
    match = _threaded(mail)
    if match.ticket is not None and match.trust == "third-party":  # by what a customer was given
        return (match.ticket,)
    return match.mentions if match.ticket is None else ()


def _threaded(mail: AgentMail) -> ThreadMatch:
    """The ticket that the mail belongs to as anybody's does."""
    verdict = classify(mail.message, mail.inbound.envelope, mail.d.own)
    view, policy = StoreView(mail.c), mail.d.threading
    return thread(mail.message, mail.inbound.envelope, verdict, mail.auth, view, policy, mail.now)


def _as_third_party(mail: AgentMail, who: str) -> Outcome:
    """Kept in the ticket that it answers, seen by agents alone; else a ticket of its own."""
    ticket = _ticket(mail)
    if ticket is None:
        return by_anybody(mail.inbound, mail.message, mail.d, mail.c)
    words = f"the {mail.claim.by} of {mail.agent.id}, used by somebody {who}"
    return _as(mail, ThreadMatch(ticket.number, "token", "third-party", words))


def _as(mail: AgentMail, match: ThreadMatch) -> Outcome:
    return by_anybody(mail.inbound, mail.message, mail.d, mail.c, found=match)


def _reads_only(mail: AgentMail) -> Outcome:
    """An auditor's mail, whatever it wants: kept, and he is told."""
    reason, number = f"no-right: {mail.agent.id} only reads", _number(_ticket(mail))
    note_refused(mail.c, mail.inbound, reason, number, mail.now)
    tell_of(mail, None, "reads_only")
    return mail.end("quarantine", reason, number)


def _no_right_of(mail: AgentMail) -> Outcome:
    reason, number = f"no-right: {mail.agent.id}, {UNSEEN}", _number(_ticket(mail))
    note_refused(mail.c, mail.inbound, reason, number, mail.now)
    raise_alarm(mail.c, "no_right", mail.agent.id, f"{mail.agent.id}: {UNSEEN}", mail.d.desk, mail.now, enqueue)
    return mail.end("quarantine", reason, number)


def _no_right(inbound: Accepted, message: Message, auth: Auth, claim: Claim, d: Deps, c: Connection) -> Outcome:
    """Somebody who is no agent any more."""
    now, who = d.now(), normal(message.author.address) if message.author is not None else ""
    raise_alarm(c, "no_right", who, f"{who} is no agent any more", d.desk, now, enqueue)
    found = next((t.ticket for t in claim.tokens if t.purpose in ("t", "n")), None)
    ticket = tickets.goes_on_in(c, found) if found is not None else None
    reason = f"no-right: {who} is no agent any more"
    number = _number(ticket)
    note_refused(c, inbound, reason, number, now)
    outcome = Outcome(inbound.key, "quarantine", reason, number, None)
    return ended(outcome, inbound, message, d, c, now, auth=auth)


def _ticket(mail: AgentMail) -> Ticket | None:
    """That a token of the agent names; of a hold mail's, that of the held item."""
    named = next((t.ticket for t in mail.claim.tokens if t.purpose in ("t", "n")), None)
    item = next((t.ticket for t in mail.claim.tokens if t.purpose == "h"), None)
    if named is None and item is not None and (held := held_mail.find(mail.c, item)) is not None:
        named = held.ticket
    return tickets.goes_on_in(mail.c, named) if named is not None else None


def _number(ticket: Ticket | None) -> int | None:
    return ticket.number if ticket is not None else None
