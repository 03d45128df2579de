"""A desk with tickets, and agents who give orders as their mails do: read, carried out, in one transaction."""

from datetime import timedelta
from typing import Literal

from gateway.config import Settings
from gateway.digests import zone_of
from gateway.operations.order_types import Asker, Carried
from gateway.operations.orders import carried_out
from gateway.operations.types import Duty
from gateway.store.store import Store
from gateway.ticket.command_table import Vocabulary
from gateway.ticket.command_values import Writer
from gateway.ticket.commands import Refused, Written, read_commands
from gateway.ticket.saying import english, worded
from gateway.ticket.types import File
from tests.processing import Desk, mail, verdict

RULES = """version: 1
defaults: {team: support, calendar: office}
calendars: {office: {timezone: Europe/Zagreb, hours: {mon-fri: "08:00-17:00"}}}
agents:
  ana: {name: Ana Kovač, email: ana@agents.test, notify: none, languages: [en]}
  bob: {name: Bob, email: bob@agents.test, role: lead, languages: [de]}
  eve: {name: Eve, email: eve@agents.test, notify: none}
  jana: {name: Jana, email: jana@agents.test, role: light, notify: none}
  otto: {name: Otto, email: otto@agents.test, role: auditor, notify: none}
teams:
  support: {address: support@gw.test, members: [ana, jana], lead: bob, escalates_to: second}
  second: {address: second@gw.test, members: [bob], lead: bob, visibility: all}
  secret: {address: secret@gw.test, members: [eve], lead: eve}
statuses: {waiting_parts: {type: waiting_third}}
fields:
  order: {type: text, pattern: "[A-Z]{2}-[0-9]{5}"}
limits: {cc_max: 3}
rules:
  - id: urgent-is-tagged
    on: agent-reply
    when: {ticket.priority: urgent}
    do: [{tag: [hot]}]
"""
JAN, EVA = "jan@bigbank.test", "eva@x.test"


class Agents(Desk):
    """Tickets 1 (Jan) and 2 (Eva) of support, and 3, of a team that only Eve sees."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(store, settings, RULES)
        self.take(verdict("pass", mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot.")))
        self.take(verdict("pass", mail(f"Eva <{EVA}>", "Account", "Please open an account for me.")))
        self.take(verdict("pass", mail("Mole <mole@x.test>", "Secret", "Psst.")), to="secret@gw.test")
        self.words = self.deps.desk.templates.words("en")
        self.english = english(self.words)
        languages = self.settings.site.languages
        self.vocabulary = Vocabulary(
            {each: self.deps.desk.templates.words(each) for each in languages}, self.deps.rules.statuses
        )

    @property
    def duty(self) -> Duty:
        return Duty(self.now, lambda: self.deps, "mail")

    def orders(
        self,
        text: str,
        who: str = "ana",
        *,
        number: int | None = 1,
        speaks: Literal["answer", "note", "nothing"] = "answer",
        confirmed: bool = False,
        files: tuple[File, ...] = (),
    ) -> Carried:
        """What came of the new words of a mail of an agent, a minute later."""
        self.now += timedelta(minutes=1)
        agent = self.deps.rules.agents[who]
        zone = zone_of(agent, self.deps.rules)
        writer = Writer(agent, self.deps.rules, self.now, zone, self.deps.languages, self.deps.takes_no_part)
        read = read_commands(Written(text), writer, self.vocabulary, about_ticket=number is not None)
        if isinstance(read, Refused):
            return Carried(refused=read)
        asker = Asker(agent, number, speaks if number is not None else "nothing", files, confirmed)
        done: Carried = self.write(lambda c: carried_out(c, read, asker, self.duty))
        return done

    def said(self, text: str, who: str = "ana", **more: object) -> list[str]:
        """The lines of the receipt: state and detail; or what is wrong, in English."""
        found = self.orders(text, who, **more)  # type: ignore[arg-type]
        if found.refused is not None:
            return [f"{found.refused.code}: {found.refused.wrong.said(self.words)}"]
        if found.questions:
            return [f"{each.doing}? {', '.join(f'#{t.number}' for t in each.tickets)}" for each in found.questions]
        return [f"{line.state}: {worded(line.detail, self.english)}" for line in found.lines]

    def sent(self) -> list[str]:
        """Templates and recipients of the mails that were queued, oldest first; acknowledgements left out."""
        return [f"{m.template} {m.forward_path}" for m in self.mails() if m.template != "auto_ack"]
