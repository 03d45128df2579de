"""What a template may not do: get out, call, take time, fill memory (acceptance G-02, G-03)."""

import pytest

from gateway.outgoing.phrases import Phrases
from gateway.outgoing.sandbox import FAILURES, Budget, Sandbox, plain, run
from gateway.outgoing.templates import said
from tests.outgoing.letters import NOW, VALUES

ENGLISH = Phrases("en", NOW)

ESCAPES = [
    # ways out of a sandbox, as they are known
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ site['__init__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ [''].__class__.__base__ }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ joiner }}",
    "{{ namespace() }}",
    "{{ dict(a=1) }}",
    "{{ range.__class__ }}",
    "{{ button.__globals__ }}",
    "{{ _budget }}",
    "{{ _inserted }}",
    "{{ site.keys() }}",
    "{{ site.footer.append(1) }}",
    "{{ site.update({}) }}",
    "{{ 'x'.format(1) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '%s'|format(1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ {'a': 1}|xmlattr }}",
    "{{ [1]|map('string')|list }}",
    "{{ [{'a': 1}]|map(attribute='a')|list }}",
    "{{ [1]|selectattr('x')|list }}",
    "{{ [1]|groupby('x') }}",
    "{{ [{'a': 1}]|sort(attribute='a') }}",
    "{{ [1]|sum(start=[]) }}",
    "{{ '<b>'|safe }}",
    "{{ '<b>'|e }}",
    "{{ 'http://x'|urlize }}",
    "{{ site|tojson }}",
    "{{ site|pprint }}",
    "{{ 1|string }}",
    "{{ 1|plural(one='a', other='b') }}",  # here of no language
    "{{ 1|when(x=1) }}",
    "{{ 'tomorrow'|when }}",
    "{{ '2026-11-23T08:00:00'|when }}",
    "{{ [[]]|hours }}",
    "{{ 1|money('x') if false else [1]|money('EUR') }}",
    "{{ _phrases.language }}",
    "{{ 'a' ~ 'b' }}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{% endmacro %}",
    "{% call button('x', command='#x') %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}a{% endset %}",
    "{% set ns.x = 1 %}",
    "{% autoescape false %}{% endautoescape %}",
    "{% with a = 1 %}{% endwith %}",
    "{% for a in [[1]] recursive %}{{ loop(a) }}{% endfor %}",
    "{{ loop.cycle('a') }}",
    "{{ (1).__add__(1) }}",
    "{{ button(**site) }}",
    "{% for b in [button] %}{{ b('x', command='#x') }}{% endfor %}",
    "{{ nope }}",
    "{{ nope.more }}",
    "{% if nope %}{% endif %}",
    "{{ site.nope }}",
    "{{ none }}",
    "{{ true }}",
    "{{ site }}",
    "{{ range }}",
    "{{ button }}",
]
BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ [0] * 10**9 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 2 * 3 }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 'x'|center(999999999) }}",
    "{{ 'x'|indent(999999999) }}",
    "{{ 'x'|wordwrap(1) }}",
    "{{ 'aa'|replace('a', 'b') }}",
    "{{ [1]|batch(999999999, 0)|list }}",
    "{{ range(10**7) }}",
    "{{ range(0, 999999999) | list }}",
    "{{ range(1001) }}",
    "{% for i in range(999) %}{% for k in range(999) %}xxxx{% endfor %}{% endfor %}",
    "{% for i in range(999) %}{% for k in range(999) %}{% for l in range(999) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in x %}{% for b in x %}{% for c in x %}{% for d in x %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "{% set a = x %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 'x' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "-" * 20_000 + "1 }}",
    "x" * 70_000,
]


class Watch:
    """A clock that moves on by a millisecond each time somebody looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def written(source: str, watch: Watch | None = None, **values: object) -> str:
    template = Sandbox(said).compile(source, "t")
    return run(template, {**plain(VALUES), **values}, Budget(watch or Watch(), 1.0, 2000), ENGLISH)


@pytest.mark.parametrize("source", ESCAPES)
def test_g03_no_way_out(source) -> None:
    with pytest.raises(FAILURES):
        written(source, button=lambda text, command: text)


@pytest.mark.parametrize("source", BOMBS, ids=lambda s: s[:40])
def test_g03_no_bomb(source) -> None:
    watch = Watch()
    with pytest.raises(FAILURES):
        written(source, watch, x=list(range(100)))
    assert watch.now < 1.1  # a loop that prints nothing is watched too


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("#{{ ticket.number }}", "#4812"),
        ("{{ site['name']|upper }}", "ACME"),
        ("{% for l in site.footer %}{{ loop.index }}{{ l|length }} {% endfor %}", "115 217 "),
        ("{% for l in site.footer %}{% if not loop.last %},{% endif %}{% else %}none{% endfor %}", ","),
        ("{% if ticket.number > 4000 and site.name is defined %}old{% else %}new{% endif %}", "old"),
        ("{% set n = ticket.number - 2 %}{{ n + 1 }}", "4811"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
        ("{{ [3, 1, 2]|sort|join('-') }} {{ 'a' + 'b' }}", "1-2-3 ab"),
        ("{{ 'x' if site.nope is defined else 'y' }}", "y"),
        ("{{ site.nope|default('z') }}", "z"),
        ("{# a remark #}{{ 7 // 2 }}", "3"),
        ("{{ '2026-11-23T08:00:00+00:00'|when }}, {{ 5400|duration }}", "by Monday 23 November, 08:00, 1 h 30 min"),
    ],
)
def test_what_a_template_may_say(source, text) -> None:
    assert written(source) == text


def test_mail_text_is_never_a_template() -> None:
    assert written("{{ v }}", v="{{ 7 + 7 }}{% raw %}") == "{{ 7 + 7 }}{% raw %}"


DEEP: object = 1
for _ in range(10):
    DEEP = [DEEP]


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, [print], b"x", Budget(Watch(), 1, 1), DEEP])
def test_a_template_gets_plain_values_only(value) -> None:
    with pytest.raises(TypeError):
        plain(value)


def test_plain_values_are_new_and_clean() -> None:
    given = {"a": ("x\r\ny\x00\ud800", 1, 1.5, True, None), 1: []}
    assert plain(given) == {"a": ["x\ny  ", 1, 1.5, True, None], "1": []}
