"""G-02: whatever a mail says in subject, body, name, file name or a captured field, it stays words."""

from email import message_from_bytes
from email.policy import default

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
RULES = """version: 1
defaults: {team: support}
agents: {ana: {name: Ana, email: ana@agents.test}}
teams: {support: {address: support@gw.test, members: [ana], lead: ana}}
fields: {said: {type: text}}
rules:
  - id: tells
    on: new
    when: {subject: {matches: '(?P<said>.+)'}}
    do:
      - {set: {field.said: "{{ captures.said }}"}}
      - {note: "It says {{ captures.said }}"}
      - {notify: {to: [team.lead], template: agent_notice}}
"""


@pytest.mark.parametrize("words", [
    "{{7*7}}", "{{ 7*7 }}", "${7*7}", "#{7*7}", "{{ config }}", "{% for x in ().__class__.__base__.__subclasses__() %}",
    "{{ captures.said }}", "<%= 7*7 %>",
])  # fmt: skip
def test_G02_words_of_a_mail_are_words_in_ticket_note_and_mails(store: Store, settings: Settings, words: str) -> None:
    desk = Desk(store, settings, RULES)
    desk.take(mail(f'"{words}" <jan@bigbank.test>', words, f"Look: {words}"))
    ticket = desk.ticket(1)
    assert (ticket.subject, dict(ticket.fields)["said"]) == (words, words)
    assert ticket.requester is not None
    assert ticket.requester.name == words
    written = [entry.text for entry in desk.entries(1)]
    assert f"Look: {words}" in written[0]
    assert written[1] == f"It says {words}"
    assert not [m for m in desk.outbox() if m.state == "held"]
    sent = {m.forward_path: message_from_bytes(m.raw, policy=default) for m in desk.mails()}
    assert set(sent) == {"jan@bigbank.test", "ana@agents.test"}
    told = sent["ana@agents.test"].get_body(("plain",))
    assert told is not None
    assert words in told.get_content()
