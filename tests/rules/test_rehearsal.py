"""A mail that is only tried: the scene as octets, the envelope read off its fields, what would come of it."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway import policy
from gateway.clock import SystemClock
from gateway.config import load_settings, packaged
from gateway.deciding.empty import EmptyView
from gateway.deciding.types import Deps
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.rehearsal import Rehearsal, rehearse
from gateway.rules.load import load_rules
from gateway.rules.selftest import Observed, compare
from gateway.rules.types import RuleSet, Scene
from gateway.scene_mail import NOON, scene_mail
from gateway.staged import happen, play
from gateway.ticket.token import TokenRing
from tests.rules.desk import rules_of

LANGUAGES = ("en", "de", "pl", "cs")
SHIPPED = load_rules(packaged("rules.yaml").read_text("utf-8"), "rules.yaml", 1)


@cache
def stage(own: str = "") -> tuple[Deps, RuleSet]:
    settings = load_settings(None, {"paths": {"rules": Path(own)}} if own else {})
    clock = SystemClock()
    templates = policy.templates_of(settings, clock)
    rules = policy.read_rules(policy.rules_file(settings), templates)
    return policy.deps(settings, rules, TokenRing.of(bytes(32)), templates, clock), rules


def scene(now: datetime | None = None, **mail: Any) -> Scene:
    lists = ("from", "to", "cc", "reply_to")
    return Scene("a scene", 1, {k: (v,) if k in lists else v for k, v in mail.items()}, "", now, {})


def played(given: Scene) -> Rehearsal:
    raw = scene_mail(given, "support@acme.test")
    return play(given, raw, parse(raw, ParseLimits(), languages=LANGUAGES), stage()[0])


def seen(given: Scene, d: Deps) -> Observed:
    """What comes of a scene, with its mail or without one."""
    if given.event is not None and not given.has_mail:
        return happen(given, given.event, d)
    raw = scene_mail(given, "support@acme.test")
    return play(given, raw, parse(raw, ParseLimits(), languages=LANGUAGES), d).observed


@pytest.mark.parametrize("given", SHIPPED.scenes, ids=lambda s: s.name)
def test_the_tests_of_the_shipped_rules_pass(given: Scene) -> None:
    assert compare(given, seen(given, stage()[0])) == ()


def test_every_shipped_rule_is_proved_by_a_scene() -> None:
    assert SHIPPED.warnings == ()


def test_a_scene_becomes_a_mail_that_says_what_it_says() -> None:
    given = scene(
        **{"from": "Zoë Ångström <zoe@x.test>", "cc": "eva@x.test", "reply_to": "office@x.test"},
        subject="Große Frage",
        text="Zeile eins\nZeile zwei",
        headers={"X-Two": ("one", "two"), "In-Reply-To": ("<a@x.test>",)},
    )
    raw = scene_mail(given, "support@acme.test")
    message = parse(raw, ParseLimits(), languages=LANGUAGES)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert str(message.author) == "Zoë Ångström <zoe@x.test>"
    assert [m.address for m in (*message.to, *message.cc, *message.reply_to)] == [
        "support@acme.test", "eva@x.test", "office@x.test",
    ]  # fmt: skip
    assert (message.subject, message.text) == ("Große Frage", "Zeile eins\nZeile zwei")
    assert (message.values("X-Two"), message.in_reply_to, message.date) == (("one", "two"), ("<a@x.test>",), NOON)
    assert message.defects == ()


def test_a_scene_with_html_has_both_texts() -> None:
    raw = scene_mail(scene(**{"from": "a@x.test"}, text="plain words", html="<p>plain <b>words</b></p>"), "s@acme.test")
    message = parse(raw, ParseLimits(), languages=LANGUAGES)
    assert message.text == "plain words"
    assert message.html is not None
    assert "<b>words</b>" in message.html


def test_a_line_end_in_a_scene_makes_no_second_field() -> None:
    raw = scene_mail(scene(**{"from": "a@x.test"}, subject="one\nX-Evil: yes"), "s@acme.test")
    assert parse(raw, ParseLimits(), languages=LANGUAGES).value("X-Evil") is None


@pytest.mark.parametrize(("auth", "dmarc", "sent"), [
    # what the scene says of authentication, the verdict, what goes out
    (None, "none", ("auto_ack.en",)),                   # nobody here knows any verdict
    ({"dmarc": "pass"}, "pass", ("auto_ack.en",)),
    ({"dmarc": "fail", "spf": "pass"}, "fail", ()),
    ({"spf": "pass"}, "none", ()),                      # verdicts exist, and none is for the author
])  # fmt: skip
def test_a_scene_has_the_verdicts_it_names_and_no_others(auth: Any, dmarc: str, sent: tuple[str, ...]) -> None:
    mail = {"from": "Mia <mia@hotel.test>", "subject": "A question", "text": "Do you have the green one in 42?"}
    seen = played(scene(**mail, **({"auth": auth} if auth else {})))
    assert (seen.plan.auth.dmarc, seen.observed.sent) == (dmarc, sent)


@pytest.mark.parametrize(("fields", "reverse_path", "forward_paths"), [
    # fields, the reverse-path, our recipients
    ("From: a@x.test\nTo: billing@acme.test\n", "a@x.test", ("billing@acme.test",)),
    ("From: a@x.test\nTo: b@x.test\nCc: Billing@ACME.test, support@acme.test\n", "a@x.test",
     ("billing@acme.test", "support@acme.test")),
    ("From: a@x.test\nTo: b@x.test\n", "a@x.test", ("support@acme.test",)),             # nobody: the default team
    ("Return-Path: <list@x.test>\nFrom: a@x.test\n", "list@x.test", ("support@acme.test",)),
    ("Return-Path: <>\nFrom: a@x.test\n", None, ("support@acme.test",)),
    ("Delivered-To: billing@acme.test\nFrom: a@x.test\nTo: list@x.test\n", "a@x.test", ("billing@acme.test",)),
    ("From: a@x.test\nTo: support+t4812.XYZ@acme.test\n", "a@x.test", ("support+t4812.xyz@acme.test",)),
    ("Subject: nobody wrote this\n", None, ("support@acme.test",)),
])  # fmt: skip
def test_the_envelope_is_read_off_the_fields(
    fields: str, reverse_path: str | None, forward_paths: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("gateway.rehearsal.decide", lambda inbound, *_, **__: seen.append(inbound.envelope) or 1 / 0)
    raw = (fields + "\nwords\n").encode()
    with pytest.raises(ZeroDivisionError):
        rehearse(raw, parse(raw, ParseLimits(), languages=LANGUAGES), stage()[0], EmptyView(), NOON)
    assert [(e.reverse_path, e.forward_paths) for e in seen] == [(reverse_path, forward_paths)]


def test_a_mail_that_opens_no_ticket_is_told_with_its_reason(tmp_path: Path) -> None:
    own = tmp_path / "rules.yaml"
    own.write_text(
        "version: 1\ndefaults: {team: support}\nteams: {support: {address: support@acme.test}}\n"
        "rules:\n  - {id: noise, on: received, when: {subject: noise}, do: [{drop: {reason: only noise}}]}\n"
    )
    d, _ = stage(str(own))
    raw = scene_mail(scene(**{"from": "a@x.test"}, subject="Noise"), "support@acme.test")
    found = rehearse(raw, parse(raw, ParseLimits(), languages=LANGUAGES), d, EmptyView(), NOON)
    assert (found.observed.ticket, found.observed.drop, found.observed.quarantine) == ("none", "only noise", None)
    assert found.ticket is None
    assert found.notices == ()


def test_the_time_of_a_scene_is_frozen() -> None:
    now = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
    given = scene(now, **{"from": "a@x.test"}, subject="x")
    assert played(given).message.date == now
    assert played(replace(given, now=None)).message.date == NOON


REPLIES = """
rules:
  - {id: vip, on: [new, reply], when: {customer.tier: gold}, do: [{tag: [vip]}]}
  - {id: old, on: reply, when: {ticket.age: {gt: 30d}, ticket.idle: {lt: 2d}}, do: [{set: {priority: urgent}}]}
  - {id: known, on: new, when: {customer.known: true}, do: [{set: {responsible: ana}}]}
"""


@pytest.mark.parametrize(("scene", "applied", "expect"), [
    # what a scene sets beside its mail, which rules apply, what comes out
    ("customer: {tier: gold}", "vip, known", "ticket: new, tags: [vip]"),
    ("customer: {muted: true}", "known", "sent: []"),
    ("ticket: {status: pending, tags: [a]}", "", "ticket: 1, status: open, tags: [a], team: support"),
    ("ticket: {number: 4812, team: billing, age: 40d, idle: 1d}", "old", "ticket: 4812, priority: urgent"),
    ("ticket: {fields: {order: PL-10442}}, customer: {tier: gold}", "vip", "fields: {order: PL-10442}, tags: [vip]"),
    ("event: reply, customer: {tier: gold}", "vip", "tags: [vip]"),
])  # fmt: skip
def test_a_scene_may_set_a_ticket_a_customer_and_an_event(scene: str, applied: str, expect: str) -> None:
    test = (
        f"tests:\n  - {{name: t, mail: {{from: a@x.test, subject: Hi}}, {scene}, "
        f"expect: {{rules: [{applied}], {expect}}}}}\n"
    )
    rules = rules_of(REPLIES + test)
    deps = replace(stage()[0], rules=rules)
    (only,) = rules.scenes
    assert compare(only, seen(only, deps)) == ()
