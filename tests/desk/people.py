"""Who works at the desk of this day, who writes to it, with which programs; and the rules of the desk."""

from dataclasses import dataclass

from tests.agents.programs import SIGNATURES


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox."""

    name: str
    shown: str
    address: str
    language: str
    program: str
    signature: str = ""

    def __str__(self) -> str:
        return f"{self.shown} <{self.address}>"


_EVERYBODY = (
    # agents
    Person("ana", "Ana Kovač", "ana@acme.test", "hr", "Outlook", SIGNATURES["hr"].replace("Ann Agent", "Ana Kovač")),
    Person("piotr", "Piotr Zieliński", "piotr@acme.test", "pl", "Gmail", "Piotr\nwewn. 4711, kom. +48 600 100 200"),
    Person("lia", "Lia Malá", "lia@acme.test", "cs", "iPhone"),
    # customers
    Person("jan", "Jan Wiśniewski", "jan@bigbank.test", "pl", "Gmail"),
    Person("basia", "Barbara Nowak", "basia@kwiaty.test", "pl", "Thunderbird"),
    Person("max", "Max Brandt", "max@werk.test", "de", "Outlook"),
    Person("grete", "Grete Sommer", "grete@garten.test", "de", "iPhone"),
    Person("uwe", "Uwe Kranz", "uwe@werft.test", "de", "Thunderbird"),
    Person("eliska", "Eliška Dvořák", "eliska@posta.test", "cs", "Outlook web"),
    Person("petr", "Petr Beneš", "petr@pivo.test", "cs", "K-9"),
    Person("ines", "Inês Duarte", "ines@azulejo.test", "pt", "Outlook phone"),
    Person("rui", "Rui Lobo", "rui@cortica.test", "pt", "Gmail"),
    Person("luka", "Luka Jurić", "luka@jadran.test", "hr", "Apple Mail"),
    Person("maja", "Maja Babić", "maja@otok.test", "hr", "iPhone"),
    Person("ivan", "Иван Петров", "ivan@pochta.test", "ru", "Thunderbird"),
    Person("olga", "Ольга Белова", "olga@ladoga.test", "ru", "K-9"),
    Person("helen", "Helen Marsh", "helen@hospital.test", "en", "Outlook"),
    Person("tom", "Tom Field", "tom@garden.test", "en", "Apple Mail"),
    Person("mia", "Mia Stone", "mia@hotel.test", "en", "Gmail"),
    Person("ben", "Ben Wood", "ben@workshop.test", "en", "Outlook web"),
    Person("cora", "Cora Lane", "cora@bakery.test", "en", "iPhone"),
    Person("dan", "Dan Price", "dan@studio.test", "en", "Outlook phone"),
    Person("chef", "Ewa Szef", "ewa@bigbank.test", "pl", "Gmail"),  # Jan's
    # others
    Person("expert", "Ed Expert", "ed@lab.test", "en", "Thunderbird"),
    Person("forger", "Mallory", "mallory@evil.test", "en", "Gmail"),
)
AGENTS = {"ana", "piotr", "lia"}
PEOPLE = {person.name: person for person in _EVERYBODY}
RULES = """version: 1
defaults: {team: support, language: en, calendar: office}
agents:
  ana: {name: Ana Kovač, email: ana@acme.test, role: lead, languages: [hr, en, de], timezone: UTC, digest: "17:00"}
  piotr: {name: Piotr Zieliński, email: piotr@acme.test, languages: [pl, en], timezone: UTC, digest: "17:00"}
  lia: {name: Lia Malá, email: lia@acme.test, role: light, languages: [cs], timezone: UTC}
teams:
  support: {address: support@acme.test, members: [ana, piotr, lia], lead: ana, signature: Acme Support}
  billing: {address: billing@acme.test, members: [piotr], lead: ana, signature: Acme Billing}
calendars:
  office: {timezone: UTC, hours: {mon-fri: "08:00-18:00"}}
fields:
  order: {type: text, pattern: '[A-Z]{2}-\\d{5}'}
rules:
  - id: refunds
    on: new
    when: {body.new_text: {contains: [zwrot, refund, Rückerstattung]}}
    do: [{route: billing}, {tag: [refund]}]
  - id: tell
    on: [new, reply]
    do: [{notify: {to: [team], template: agent_notice}}]
"""


def rules_without(agent: str) -> str:
    """The rules of the desk after somebody left it; of nobody: as they are."""
    lines = [line for line in RULES.splitlines(keepends=True) if not line.startswith(f"  {agent}: ")]
    return "".join(lines).replace(f", {agent}]", "]")
