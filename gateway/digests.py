"""What an agent has on the desk, in one mail: what is due or to be done, what nobody owns, what waits, who said thanks.

Sources      tickets-and-sla.md §2, mails-out.md §4, agents-by-mail.md §10. Nothing to say, no mail. Thanks alone are
             worth one: it takes the place of a mail for each of them, comes at an hour that its reader chose, and on a
             desk where nothing falls due he would read them nowhere else.
Transaction  the caller's: the mail is queued in it.
Not here     when it is sent (due.py), the words (templates/digest).
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.outgoing.compose import address_in_list
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Agent, RuleSet
from gateway.store import agent_keys, held_mail, own_settings, sla_lists, thanks, tickets
from gateway.store.sla_lists import Pile
from gateway.store.thanks import Thanks
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.colleagues import thanked
from gateway.ticket.goes_to import and_others, beside
from gateway.ticket.notices import name_of
from gateway.ticket.types import Ticket
from gateway.ticket.visibility import answers, sees

_MOST_ROWS, _MOST_FREE = 40, 20  # all of them together are a mail that no program cuts off
_HELD_SINCE = timedelta(days=1)
_MOST_THANKS, _LOOKED_AT = 10, 200  # listed, and read at all
_THANKS_SINCE = timedelta(days=7)  # at most, and where no digest came before
_SETTLED = timedelta(minutes=1)  # what was filed then is stored, whichever gateway did it, and however its clock goes
_LINE = 80  # characters of the words of one
DIGEST = "digest"
_CAUSE, _OF_CROWD = "agent.digest", "sla.digest"


def send_digest(
    c: Connection, agent: Agent, d: Deps, now: datetime, *, key: str, about: Collection[int] | None = None
) -> bool:
    """Queue the digest of an agent; False when there is nothing to say, or it was sent under this key before.

    about  tickets of which he would be told one by one: it tells of nothing else; None: what is to be done or falls due
           until midnight, with what nobody owns, what waits, what was held, and thanks since the last one
    """
    zone = zone_of(agent, d.rules)
    local = now.astimezone(zone)
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    teams = tuple(team for team in d.rules.teams.values() if team.has(agent))
    of_day, nobodys = about is None, Pile(teams=tuple(team.id for team in teams), before=tomorrow)
    own = Pile(agent.id, before=tomorrow) if about is None else Pile(numbers=tuple(about))
    overdue, today, later = sla_lists.sizes(c, own, now, tomorrow)
    nobodys_sizes = sla_lists.sizes(c, nobodys, now, tomorrow) if of_day else (0, 0, 0)
    unassigned = sum(nobodys_sizes)
    held = held_mail.ended_by_itself(c, agent.id, now - _HELD_SINCE) if of_day else ()
    grateful = _thanks(c, agent, d, now) if of_day else []
    waiting, oldest = sla_lists.waiting(c, agent.id) if of_day else (0, None)
    busy = bool(overdue + today + later + unassigned + waiting or held)
    if not busy and not grateful:
        return False
    listed = sla_lists.most_urgent(c, own, _MOST_ROWS)
    free = sla_lists.most_urgent(c, nobodys, _MOST_FREE) if unassigned else ()
    row = _rows_of(c, agent, (*listed, *free), d, now)
    values = {
        "day": now.isoformat(),
        "overdue": tuple(row(t) for t in listed if t.next_due is not None and t.next_due < now),
        "today": tuple(row(t) for t in listed if t.next_due is not None and now <= t.next_due < tomorrow),
        "later": tuple(row(t) for t in listed if t.next_due is None or tomorrow <= t.next_due),
        "unassigned": tuple(map(row, free)),
        "counts": {  # his own and nobody's: all that the lists show as late or due today
            "overdue": overdue + nobodys_sizes[0],
            "today": today + nobodys_sizes[1],
            "later": later,
            "unassigned": unassigned,
        },
        "more": overdue + today + later + unassigned - len(listed) - len(free),
        "waiting": waiting,
        "held": tuple(
            {
                "number": h.ticket or f"h-{h.id}",
                "reason": h.code.replace("-", "_"),
                "at": h.at.isoformat(),
                "noted": h.state == "noted",
            }
            for h in held
        ),
        "thanks": tuple(
            {
                "number": each.ticket.number,
                "subject": each.ticket.told_subject,
                "who": _called(each.who, agent),
                "words": _line(each.text),
            }
            for each in grateful[:_MOST_THANKS]
        ),
        "only_thanks": not busy,
        "thanks_more": max(0, len(grateful) - _MOST_THANKS),
        "oldest": {"number": oldest[0], "since": int((now - oldest[1]).total_seconds())} if oldest else None,
    }
    team = teams[0].id if teams else None
    notice = to_agent(
        agent,
        DIGEST,
        values,
        d.rules,
        key=f"{DIGEST}:{agent.id}:{key}",
        cause=_CAUSE if of_day else _OF_CROWD,
        team=team,
    )
    return enqueue(replace(notice, zone=str(zone)), d.desk, c, now) is not None


def _thanks(c: Connection, agent: Agent, d: Deps, now: datetime) -> list[Thanks]:
    """The thanks that are for him and that he has not read yet, newest first."""
    address = normal(agent.email)
    oldest, until = now - _THANKS_SINCE, now - _SETTLED
    since = (thanks.last_digest(c, address, _CAUSE, oldest) or oldest) - _SETTLED
    found = thanks.untold(c, agent.id, address, d.rules.agents.keys(), since, until, _LOOKED_AT)
    settled = own_settings.of_all(c) if found else {}
    agents = (own_settings.as_settled(each, settled.get(each.id, {})) for each in d.rules.agents.values())
    digests = {each.id for each in agents if each.digest is not None}
    his = (each for each in found if agent.id in thanked(each.ticket, each.answered_by, d.rules, digests))
    return [each for each in his if sees(agent, each.ticket, d.rules)]


def _line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LINE else f"{words[:_LINE]}…"


def _called(who: Mailbox | None, agent: Agent) -> str:
    """How a list names somebody; to who may not write to customers without their addresses."""
    if who is None:
        return "—"
    return who.name or (who.address if answers(agent) else name_of(who) or "—")


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


def _rows_of(
    c: Connection, agent: Agent, found: Collection[Ticket], d: Deps, now: datetime
) -> Callable[[Ticket], dict[str, object]]:
    """The row of each of these tickets: whom an answer by its link reaches, and where the agent answers, or writes a
    note where he may do no more."""
    generation, purpose = agent_keys.generation(c, normal(agent.email)), "t" if answers(agent) else "n"
    people = tickets.people_of(c, {ticket.number for ticket in found}) if purpose == "t" else {}
    ours = d.notifying.own_addresses

    def row(ticket: Ticket) -> dict[str, object]:
        others = (Mailbox(person.name, person.address) for person in people.get(ticket.number, ()))
        reached = beside(ticket.requester, others, ours) if purpose == "t" else 0
        return {
            "number": ticket.number,
            "subject": ticket.told_subject,
            "customer": and_others(_called(ticket.requester, agent), reached),
            "due": ticket.next_due.isoformat() if ticket.next_due else None,
            "late": ticket.next_due is not None and ticket.next_due < now,
            "reply_to": address_in_list(d.desk, ticket, purpose, agent.email, generation),
        }

    return row
