"""Who of our people hears of what is said in a ticket: whoever owns it, answers for it or watches it, and who wants to.

Sources  agents-by-mail.md §2, §7: of a ticket that nobody owns, in a team that gives nothing away, its members hear;
         of one whose owner is away, whoever covers for him.
         `agents.notify` of the rules: who follows a ticket hears of it whatever it says.
Not here  what rules tell agents of (notify.py), who may see a ticket (visibility.py), a ticket that is given away
          (events.py). Of a note they hear because they work on it: no budget of automatic mail is asked.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.rules.types import Decision, Hold, Notify, RuleSet, Team
from gateway.ticket.assign import Absence, distributes, put_aside, unowned
from gateway.ticket.guard import Arrived, Happened, NotifyPolicy
from gateway.ticket.notices import agents_facts, agents_of, to_agents, what_was_said
from gateway.ticket.types import AGENT_NOTICE, Entry, Notification, Saved, Ticket
from gateway.ticket.visibility import sees

_CHOICES = ("#accept", "#reject")
_NAMES = re.compile(r"(?<![\w@.+-])@(\w(?:[\w.-]{0,60}\w)?)")


def named_in(note: str, rules: RuleSet) -> tuple[str, ...]:
    """The ids of agents whom a note calls by `@id`."""
    known = {id.casefold(): id for id in rules.agents}
    return tuple(dict.fromkeys(known[name] for word in _NAMES.findall(note) if (name := word.casefold()) in known))


def of_note(ticket: Ticket, note: Entry, by: str | None, policy: NotifyPolicy) -> Iterator[Notification]:
    """The mails about a note, each with its words.

    ticket  as it is with the note.  by  the id of its writer; None is no agent
    """
    concerned = {id: why for id, why in _concerned(ticket, policy.rules).items() if id != by}
    yield from _told(concerned, "note", ticket, note, policy)


def of_work(ticket: Ticket, note: Entry, by: str | None, policy: NotifyPolicy) -> Iterator[Notification]:
    """The mails about a ticket that somebody of ours opened for another team.

    note  what is to be done.  by  the id of its writer; None is no agent
    """
    members = {id: "team" for id in policy.rules.teams[ticket.team].members if id != by}
    yield from _told(members, "new", ticket, note, policy)


def _told(
    who: Mapping[str, str], happened: str, ticket: Ticket, note: Entry, policy: NotifyPolicy
) -> Iterator[Notification]:
    """who  id of each, with the reason"""
    if not who:
        return
    key, writer = f"{happened}:{note.id}", note.author or Mailbox("", "")
    facts = agents_facts(ticket, Happened(key, None), happened, policy)
    told = {**facts, **what_was_said(note.text, None, note.at), "writer": writer.name or writer.address}
    for agent, why in who.items():
        yield from to_agents((agent,), AGENT_NOTICE, happened, {**told, "because": why}, ticket, key, policy)


def of_mail(
    saved: Saved,
    mail: Arrived,
    decision: Decision,
    policy: NotifyPolicy,
    *,
    waits: bool,
    away: Callable[[], Mapping[str, Absence]],
    later: str | None = None,
) -> Iterator[Notification]:
    """The mails about one that came, to those whom no rule tells of it; the guard has not seen them yet.

    waits  whether its writer does not take part: his words wait for one of ours, and whoever leads hears of them where
           nobody works on the ticket
    away   looks up who is not there, by id
    later  the id of whom a digest tells of it, who hears at once only where he wants to hear of everything
    """
    ticket, rules = saved.ticket, policy.rules
    if ticket is None or saved.entry is None or mail.flood:
        return
    if mail.by_machine_of is not None:
        yield from _of_machine(ticket, mail, mail.by_machine_of, policy)
        return
    author = normal(mail.message.author.address) if mail.message.author is not None else ""
    notices = [action for action in decision.actions if isinstance(action, Notify) and action.template == AGENT_NOTICE]
    told_already = {id for notice in notices for id in agents_of(notice.to, ticket, rules)}
    held = next((action.reason for action in decision.actions if isinstance(action, Hold)), None)
    members = {} if told_already or waits else members_of(ticket, rules, away)  # a rule has chosen who hears
    concerned = {**members, **_of_team(ticket, rules), **_covering(ticket, rules, away), **_concerned(ticket, rules)}
    hear = {
        agent: why
        for agent, why in (concerned or (_lead(ticket, rules) if waits else {})).items()
        if agent not in told_already
        and (agent != later or _hears_all(agent, ticket, rules))
        and author not in map(normal, rules.agents[agent].addresses)
    }
    if not hear:
        return
    happened = "new" if saved.opened else "third_party" if waits else "reopened" if mail.reopened else "reply"
    told = agents_facts(ticket, mail, happened, policy)
    if waits:
        told["suggested"] = tuple({"text": command, "command": command, "article": None} for command in _CHOICES)
    for agent, why in hear.items():
        said = {**told, "because": why}
        for notice in to_agents((agent,), AGENT_NOTICE, happened, said, ticket, mail.key, policy):
            yield replace(notice, held=held)


def _of_machine(ticket: Ticket, mail: Arrived, agent: str, policy: NotifyPolicy) -> Iterator[Notification]:
    """That a program answers for one of ours is for whoever leads to know, once a day; nobody has to answer it."""
    told = {**agents_facts(ticket, mail, "advice", policy), "because": "lead", "suggested": ()}
    key = f"{agent}:{mail.inbound.envelope.received_at:%Y-%m-%d}"
    for lead in _lead(ticket, policy.rules):
        if lead != agent:
            for notice in to_agents((lead,), AGENT_NOTICE, "machine", told, ticket, key, policy):
                yield replace(notice, values={**notice.values, "may_change": False}, purpose="n")


def thanked(ticket: Ticket, answered_by: str | None, rules: RuleSet, digests: Collection[str]) -> tuple[str, ...]:
    """The ids of the agents whom thanks are for: who owns the ticket; else, of those who see it and hear of them at
    all, whoever answered in it last, who answers for it, who follow it, or who leads the team. None where nobody is.

    answered_by  an address; None where nobody answered.  digests  the ids of those to whom one comes
    """
    if ticket.assignee is not None and ticket.assignee in rules.agents:
        return (ticket.assignee,)
    hear, last = {*digests, *_concerned(ticket, rules)}, normal(answered_by or "")
    answered = (agent.id for agent in rules.agents.values() if last in map(normal, agent.addresses))
    for some in (answered, (ticket.responsible,), ticket.followers, _lead(ticket, rules)):
        agents = (rules.agents[id] for id in some if id in hear and id in rules.agents)
        if found := tuple(agent.id for agent in agents if sees(agent, ticket, rules)):
            return found
    return ()


def of_new(ticket: Ticket, rules: RuleSet, away: Callable[[], Mapping[str, Absence]]) -> dict[str, str]:
    """Who hears of a ticket that one of ours opened for a customer, as of one that came by mail; with the reasons."""
    return {**members_of(ticket, rules, away), **_of_team(ticket, rules)}


def of_moved(ticket: Ticket, rules: RuleSet, away: Callable[[], Mapping[str, Absence]]) -> dict[str, str]:
    """Who of its new team hears of a ticket; with the reasons.

    Of what is put aside a team that gives its tickets away has found no owner: whoever leads it hears.
    """
    team = rules.teams.get(ticket.team)
    if not put_aside(ticket, rules):
        return members_of(ticket, rules, away)
    return (_lead(ticket, rules) if distributes(team) else {}) or _there(team, rules, away)


def members_of(ticket: Ticket, rules: RuleSet, away: Callable[[], Mapping[str, Absence]]) -> dict[str, str]:
    """Those of whom one has to take the ticket himself; nobody where it has an owner, gets one, or is done."""
    team = rules.teams.get(ticket.team)
    return {} if distributes(team) or not unowned(ticket, rules) else _there(team, rules, away)


def _there(team: Team | None, rules: RuleSet, away: Callable[[], Mapping[str, Absence]]) -> dict[str, str]:
    if team is None:
        return {}
    gone = away()
    there = (id for id in team.members if id in rules.agents and id not in gone)
    return {id: "team" for id in there if rules.agents[id].notify != "none"}


def comes_to_team(before: Ticket, after: Ticket, rules: RuleSet) -> bool:
    """Whether a change of a ticket leaves it to a team that has to look after it, and did not before."""
    given_back = before.assignee in rules.agents and after.assignee not in rules.agents
    return before.team != after.team or given_back


def _concerned(ticket: Ticket, rules: RuleSet) -> dict[str, str]:
    """The ids of those who have to do with the ticket themselves, each with the reason."""
    has = {id: "follows" for id in ticket.followers if id in rules.agents}
    for role in ("responsible", "assignee"):
        agent = rules.agents.get(getattr(ticket, role) or "")
        if agent is not None and agent.notify != "none":
            has[agent.id] = role
    return has


def _covering(ticket: Ticket, rules: RuleSet, away: Callable[[], Mapping[str, Absence]]) -> dict[str, str]:
    """Whoever looks after the tickets of its owner while he is away."""
    absence = away().get(ticket.assignee) if ticket.assignee is not None else None
    cover = rules.agents.get(absence.cover or "") if absence is not None else None
    return {cover.id: "cover"} if cover is not None else {}


def _lead(ticket: Ticket, rules: RuleSet) -> dict[str, str]:
    team = rules.teams.get(ticket.team)
    lead = rules.agents.get(team.lead or "") if team is not None else None
    return {lead.id: "lead"} if lead is not None else {}


def _hears_all(agent: str, ticket: Ticket, rules: RuleSet) -> bool:
    return agent in ticket.followers or rules.agents[agent].notify == "all"


def _of_team(ticket: Ticket, rules: RuleSet) -> dict[str, str]:
    """Who wants to hear of all that comes to his team."""
    team = rules.teams.get(ticket.team)
    people = (*team.members, team.lead or "") if team is not None else ()
    return {id: "all" for id in people if id in rules.agents and rules.agents[id].notify == "all"}
