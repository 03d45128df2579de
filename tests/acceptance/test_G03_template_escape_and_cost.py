"""G-03: a template neither leaves its sandbox nor costs more than a second: the packaged words go out instead."""

import time

import pytest

from gateway.outgoing.sandbox import Budget
from gateway.store import alarms
from gateway.store.store import Store
from tests.outgoing.letters import VALUES, mail_of, templates
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ticket.__init__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['x']|map(attribute='__class__')|list }}",
    "{{ '%s'|format(ticket) }}",
    "{{ '{0.__class__}'.format(ticket) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(ticket) }}",  # CVE-2024-56326
    "{{ {'a': 1}|xmlattr }}",
    "{{ ticket.pop('number') }}",
    "{{ t.delete() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "{% import 'os' as os %}",
    "{% include '/etc/passwd' %}",
    "{% extends '_layout.html.j2' %}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__ }}",
    "{{ namespace() }}",
    "{{ canned.__globals__ }}",
    "{{ button.__globals__ }}",
    "{{ config }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{{ ticket|pprint }}",
    "{{ ''|safe }}",
)
COSTLY = (
    "{{ 'a' * 10**8 }}",
    "{% set x = 9**9**6 %}x",
    "{{ ''|center(100000000) }}",
    "{% for a in range(3000) %}x{% endfor %}",
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}xxxxxxxxxx{% endfor %}{% endfor %}",
)


@pytest.mark.parametrize("body", ESCAPES)
def test_G03_nothing_leads_out_of_the_sandbox(body: str) -> None:
    said = templates({"auto_ack/en.md.j2": mail_of(body)}).render("auto_ack", None, "en", VALUES)
    assert (len(said.trouble), "Thank you for your message" in said.text) == (1, True)  # the packaged words


@pytest.mark.parametrize("body", COSTLY)
def test_G03_what_costs_too_much_is_stopped(body: str) -> None:
    own = templates({"auto_ack/en.md.j2": mail_of(body)})
    own._budget = lambda: Budget(time.process_time, 1.0, 256 * 1024)
    begun = time.process_time()
    said = own.render("auto_ack", None, "en", VALUES)
    assert time.process_time() - begun < 3
    assert (len(said.trouble), "Thank you for your message" in said.text) == (1, True)


def test_G03_the_ticket_is_untouched_and_one_alarm_is_raised(store: Store, settings, tmp_path) -> None:
    (tmp_path / "own" / "auto_ack").mkdir(parents=True)
    for language in ("en", "pl"):
        (tmp_path / "own" / "auto_ack" / f"{language}.md.j2").write_text(mail_of("{{ ''.__class__ }}"), "utf-8")
    paths = settings.paths.model_copy(update={"templates": tmp_path / "own"})
    desk = Desk(store, settings.model_copy(update={"paths": paths}))
    for n in range(3):
        desk.take(mail(f"p{n}@person{n}.test", f"Sprawa {n}"))
    assert [item.state for item in desk.mails()] == ["queued"] * 3
    assert [ticket.status for ticket in desk.tickets()] == ["new"] * 3
    found = desk.write(lambda c: [(a.about, a.count) for a in alarms.since(c, desk.now.replace(hour=0))])
    assert found == [("template", 3)]
