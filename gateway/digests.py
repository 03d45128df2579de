"""What an agent has on the desk, in one mail: what is overdue, what is due today, what nobody owns, what waits.

Sources      tickets-and-sla.md §2, mails-out.md §4. Nothing to say, no mail.
Transaction  the caller's: the mail is queued in it.
Not here     when it is sent (due.py), the words (templates/digest).
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.outgoing.compose import address_in_list
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Agent, RuleSet
from gateway.store import agent_keys, held_mail, sla_lists
from gateway.store.sla_lists import Pile
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.types import Ticket
from gateway.ticket.visibility import answers

_MOST_ROWS, _MOST_FREE = 40, 20  # all of them together are a mail that no program cuts off
_HELD_SINCE = timedelta(days=1)
DIGEST = "digest"


def send_digest(
    c: Connection, agent: Agent, d: Deps, now: datetime, *, key: str, about: Collection[int] | None = None
) -> bool:
    """Queue the digest of an agent; False when there is nothing to say, or it was sent under this key before.

    about  tickets of which he would be told one by one: it tells of nothing else; None: what falls due until midnight,
           with what nobody owns, what waits, what was held
    """
    zone = zone_of(agent, d.rules)
    local = now.astimezone(zone)
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    teams = tuple(team for team in d.rules.teams.values() if team.has(agent))
    of_day, nobodys = about is None, Pile(teams=tuple(team.id for team in teams), before=tomorrow)
    own = Pile(agent.id, before=tomorrow) if about is None else Pile(numbers=tuple(about))
    overdue, today, later = sla_lists.sizes(c, own, now, tomorrow)
    unassigned = sum(sla_lists.sizes(c, nobodys, now, tomorrow)) if of_day else 0
    held = held_mail.ended_by_itself(c, agent.id, now - _HELD_SINCE) if of_day else ()
    if not overdue + today + later + unassigned and not held:
        return False
    to_answer = _addresses(c, agent, d)
    listed = sla_lists.most_urgent(c, own, _MOST_ROWS)
    free = sla_lists.most_urgent(c, nobodys, _MOST_FREE) if unassigned else ()
    waiting, oldest = sla_lists.waiting(c, agent.id) if of_day else (0, None)
    values = {
        "day": now.isoformat(),
        "overdue": _rows((t for t in listed if t.next_due is not None and t.next_due < now), to_answer),
        "today": _rows((t for t in listed if t.next_due is not None and now <= t.next_due < tomorrow), to_answer),
        "later": _rows((t for t in listed if t.next_due is None or tomorrow <= t.next_due), to_answer),
        "unassigned": _rows(free, to_answer),
        "counts": {"overdue": overdue, "today": today, "later": later, "unassigned": unassigned},
        "more": overdue + today + later + unassigned - len(listed) - len(free),
        "waiting": waiting,
        "held": tuple(
            {"number": h.ticket or f"h-{h.id}", "reason": h.code.replace("-", "_"), "at": h.at.isoformat()}
            for h in held
        ),
        "oldest": {"number": oldest[0], "since": int((now - oldest[1]).total_seconds())} if oldest else None,
    }
    team = teams[0].id if teams else None
    notice = to_agent(agent, DIGEST, values, d.rules, key=f"{DIGEST}:{agent.id}:{key}", cause="agent.digest", team=team)
    return enqueue(replace(notice, zone=str(zone)), d.desk, c, now) is not None


def digest_day(agent: Agent, d: Deps, since: datetime, now: datetime) -> str | None:
    """The date whose digest an agent is to get now, on his own clock; None when it is not the time, or he is not there.

    since  when this was asked last
    """
    if agent.digest is None:
        return None
    local = now.astimezone(zone_of(agent, d.rules))
    hour, minute = map(int, agent.digest.split(":"))
    at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    hours = d.promises.calendars.get(agent.calendar or d.rules.defaults.calendar or "")
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    there = hours is None or bool(hours.between(midnight, midnight + timedelta(days=1)))
    return f"{local:%Y-%m-%d}" if since < at <= now and there else None


def zone_of(agent: Agent, rules: RuleSet) -> ZoneInfo:
    """Where the clock of an agent hangs: his own, else that of his calendar, else that of the desk."""
    return ZoneInfo(agent.timezone) if agent.timezone else zone_of_desk(rules, agent.calendar)


def zone_of_desk(rules: RuleSet, calendar: str | None = None) -> ZoneInfo:
    """Where the clock of a calendar hangs, else that of the desk."""
    found = rules.calendars.get(calendar or rules.defaults.calendar or "")
    return ZoneInfo(found.timezone if found is not None else "UTC")


def _addresses(c: Connection, agent: Agent, d: Deps) -> Callable[[Ticket], str | None]:
    """Where the agent answers each ticket of his list, or writes a note where he may do no more."""
    generation = agent_keys.generation(c, normal(agent.email))
    return lambda ticket: address_in_list(d.desk, ticket, "t" if answers(agent) else "n", agent.email, generation)


def _rows(tickets: Iterable[Ticket], to_answer: Callable[[Ticket], str | None]) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "number": ticket.number,
            "subject": ticket.subject,
            "customer": (ticket.requester.name or ticket.requester.address) if ticket.requester else "—",
            "due": ticket.next_due.isoformat() if ticket.next_due else None,
            "reply_to": to_answer(ticket),
        }
        for ticket in tickets
    )
