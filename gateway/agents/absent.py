"""An agent's own out-of-office: for a day he gets no new tickets. A mail of his ends that, an answer every absence.

Sources      agents-by-mail.md §9: a machine of his says so, nobody asked him, so it never lasts. What he or a lead said
             holds instead. Only what somebody vouches for counts: a forger could keep tickets from him.
             §7: an own answer ends what was said of him; he is asked whether he is away all the same.
Transaction  that of the mail.
Not here     what absence means for tickets (ticket/assign.py), the event in the ticket (received.py).
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from gateway.agents.types import AgentMail
from gateway.digests import zone_of
from gateway.message.address import normal
from gateway.message.classify import classify
from gateway.operations.agents import Back, back
from gateway.operations.order_mails import told
from gateway.operations.order_types import Asker
from gateway.store import restraint
from gateway.store.absences import absent, end_absence, put_away
from gateway.ticket.assign import OUT_OF_OFFICE, OUT_OF_REACH, Absence

_LASTS = timedelta(hours=24)


def seems_away(mail: AgentMail) -> None:
    """He is, for a day from the last such mail, where his program says so."""
    author, agent = mail.message.author, mail.agent
    own = author is not None and normal(author.address) in map(normal, (agent.email, *agent.also))
    proven = mail.auth.dmarc == "pass" or mail.auth.aligned
    kind = classify(mail.message, mail.inbound.envelope, mail.d.own).kind
    if not (mail.d.away_on_ooo and own and proven and kind == "auto-reply"):
        return
    restraint.lives(mail.c, normal(agent.email))  # his program got ours
    _end(mail, OUT_OF_REACH)
    known = absent(mail.c, mail.now).get(agent.id)
    if known is None or known.by == OUT_OF_OFFICE:
        since = known.since if known is not None else mail.now
        put_away(mail.c, Absence(agent.id, since, mail.now + _LASTS, by=OUT_OF_OFFICE), mail.now)


def is_there(mail: AgentMail) -> None:
    """He writes himself: what his program said is over, and mail reaches him again."""
    restraint.lives(mail.c, normal(mail.agent.email))
    _end(mail, OUT_OF_OFFICE, OUT_OF_REACH)


def _end(mail: AgentMail, *said_by: str) -> None:
    """His absence is over, where nobody but these said so."""
    known = absent(mail.c, mail.now).get(mail.agent.id)
    if known is not None and known.by in said_by:
        end_absence(mail.c, mail.agent.id, f"agent:{mail.agent.id}", mail.now)


def back_by_answer(mail: AgentMail) -> None:
    """He answered a customer while he was said to be away: he is back, and one command puts him away again."""
    agent, known = mail.agent, absent(mail.c, mail.now).get(mail.agent.id)
    if known is None or known.since == mail.now:  # what the same mail says of him holds
        return
    back(mail.c, Back(agent.id, agent.id), mail.duty)
    words = mail.d.desk.templates.words(mail.d.rules.language_of(agent))
    again = words["told_back_again"].format(command=_command(known, zone_of(agent, mail.d.rules)))
    told(mail.c, words["told_back"], (again,), Asker(agent, None), mail.duty, f"{mail.inbound.key}:back")


def _command(known: Absence, zone: ZoneInfo) -> str:
    """What he would write to be away as he was."""
    until = f" until {known.until.astimezone(zone):%Y-%m-%d %H:%M}" if known.until is not None else ""
    return f"#away{until}{f' cover {known.cover}' if known.cover else ''}"
