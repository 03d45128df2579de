"""What an agent's mail says: the commands on its top, its text, and what holds it (agents-by-mail.md §3, §4)."""

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import packaged
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.outgoing.render import Templates
from gateway.outgoing.templates import read_templates
from gateway.rules.load import load_rules
from gateway.rules.types import RuleSet
from gateway.ticket.command_table import COMMANDS, CommandInfo, Vocabulary, squeezed
from gateway.ticket.command_times import time_to_come
from gateway.ticket.command_values import Absence, Related, Reminder, Snippet, Tags, Value, Writer
from gateway.ticket.commands import Command, Orders, Refused, Written, looks_like_a_command, read_commands, written_in
from gateway.ticket.meant import meant

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)  # a Saturday; 22:10 in Zagreb
ZAGREB = ZoneInfo("Europe/Zagreb")
LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
RULES = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana Kovač, email: ana@acme.test, also: [ana@home.test]}
  anton: {name: Anton Dvořák, email: anton@acme.test}
  piotr: {name: Piotr Zieliński, email: piotr@acme.test, role: lead}
  jana: {name: Jana Malá, email: jana@acme.test, role: light}
  otto: {name: Otto Audit, email: otto@acme.test, role: auditor}
teams:
  support: {address: support@acme.test, members: [ana, anton, jana], lead: piotr}
  billing: {address: billing@acme.test, members: [piotr]}
statuses:
  waiting_parts: {type: waiting_third}
fields:
  order: {type: text, pattern: "[A-Z]{2}-[0-9]{5}", label: {en: Order number, pl: Zamówienie}}
  kind: {type: enum, values: [refund, question]}
"""


@cache
def rules() -> RuleSet:
    return load_rules(RULES, "rules.yaml", 1)


@cache
def templates() -> Templates:
    return Templates(read_templates(packaged("templates")), {}, "en", lambda: None)  # type: ignore[arg-type,return-value]


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary({language: templates().words(language) for language in LANGUAGES}, rules().statuses)


def writer(who: str = "ana") -> Writer:
    return Writer(rules().agents[who], rules(), NOW, ZAGREB, LANGUAGES, ("support@acme.test", "ana@acme.test"))


def read(text: str, who: str = "ana", *, about_ticket: bool = True, **more: Any) -> Orders | Refused:
    return read_commands(Written(text), writer(who), vocabulary(), about_ticket=about_ticket, **more)


def ordered(text: str, who: str = "ana", *, about_ticket: bool = True) -> Orders:
    found = read(text, who, about_ticket=about_ticket)
    assert isinstance(found, Orders), found
    return found


def refused(text: str, who: str = "ana", **more: Any) -> Refused:
    found = read(text, who, **more)
    assert isinstance(found, Refused), found
    return found


@pytest.mark.parametrize(("text", "commands", "words"), [
    # new words, commands, text
    ("Hello", (), "Hello"),
    ("", (), ""),
    ("#solved", ("solved",), ""),
    ("#solved\nDone.", ("solved",), "Done."),
    ("\n\n#solved\n\n\n#mine\n\nDone.\n\nAna", ("solved", "mine"), "Done.\n\nAna"),  # blank lines between them are fine
    ("#SOLVED!", ("solved",), ""),
    ("#Gelöst.", ("solved",), ""),
    ("#GELOST", ("solved",), ""),
    ("\u00a0#assign\u00a0ana\u00a0", ("assign",), ""),
    ("\ufeff#solved", ("solved",), ""),
    ("\u200b#so\u00adlved", ("solved",), ""),
    ("#on-hold", ("status",), ""),
    ("#waiting-parts", ("status",), ""),
    ("#4812 is broken", (), "#4812 is broken"),
    ("# list", (), "# list"),
    ("Hi,\n#4812 is broken\n#", (), "Hi,\n#4812 is broken\n#"),
    ("Hi,\n#solved problems are no problems here", (), None),  # reads as a command with a reason: held
    ("Hi,\n#urgent things first", (), "Hi,\n#urgent things first"),  # takes nothing, so these are words
    ("#note\n> quoted by hand", ("note",), "> quoted by hand"),
    ("#решено\nГотово", ("solved",), "Готово"),
    ("#solved,\nDone.", ("solved",), "Done."),
    ("#solved;\n#high…\n#mine:\nDone.", ("solved", "priority", "mine"), "Done."),
])  # fmt: skip
def test_the_first_lines_are_commands_and_the_rest_is_text(
    text: str, commands: tuple[str, ...], words: str | None
) -> None:
    found = read(text)
    if words is None:
        assert isinstance(found, Refused)
    else:
        assert isinstance(found, Orders)
        assert (tuple(c.name for c in found.commands), found.text) == (commands, words)


AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("line", "name", "value"), [
    # as written, what is carried out, with which value
    ("#open", "status", "open"),
    ("#reopen", "status", "open"),
    ("#pending", "status", "pending"),
    ("#hold", "status", "on_hold"),
    ("#solved", "solved", ""),
    ("#solved refund  sent", "solved", "refund sent"),
    ("#closed", "closed", None),
    ("#silent", "silent", None),
    ("#spam", "spam", None),
    ("#notspam", "ham", None),
    ("#n", "note", None),
    ("#assign ana", "assign", "ana"),
    ("#assign ANA@home.test", "assign", "ana"),
    ("#assign Kovač", "assign", "ana"),
    ("#assign „Anton Dvorak“", "assign", "anton"),
    ("#assign ‘Anton Dvorak’", "assign", "anton"),
    ("#assign ‚Anton Dvorak‘", "assign", "anton"),
    ("#assign ›Anton Dvorak‹", "assign", "anton"),
    ("#assign ″Anton Dvorak″", "assign", "anton"),
    ("#assign ana,", "assign", "ana"),
    ("#assign pio", "assign", "piotr"),
    ("#assign p", "assign", "piotr"),
    ("#assign none", "assign", None),
    ("#take", "mine", None),
    ("#responsible piotr", "responsible", "piotr"),
    ("#team billing@acme.test", "team", "billing"),
    ("#move bill", "team", "billing"),
    ("#escalate he is angry", "escalate", "he is angry"),
    ("#priority HIGH", "priority", "high"),
    ("#p u", "priority", "urgent"),
    ("#low", "priority", "low"),
    ("#tag a b", "tag", Tags(("a", "b"))),
    ("#tags +a -b", "tag", Tags(("a",), ("b",))),
    ("#tag +a –b", "tag", Tags(("a",), ("b",))),  # a program made a dash of the hyphen
    ("#tag —b −c", "tag", Tags((), ("b", "c"))),
    ("#tag a, b;", "tag", Tags(("a", "b"))),
    ("#untag a", "tag", Tags((), ("a",))),
    ("#untag –a", "tag", Tags((), ("a",))),
    ("#set order=PL-10442 kind=refund", "set", (("field.order", "PL-10442"), ("field.kind", "refund"))),
    ('#set "Zamówienie"=none', "set", None),
    ("#set Zamowienie=PL-10442", "set", (("field.order", "PL-10442"),)),
    ("#set order=PL–10442", "set", (("field.order", "PL-10442"),)),
    ("#set kind=“refund”, order=‘PL-10442’", "set", (("field.kind", "refund"), ("field.order", "PL-10442"))),
    ("#set order=none", "set", (("field.order", "none"),)),
    ("#due mon 9:00", "due", AT),
    ("#due none", "due", None),
    ("#due 2026–11–23 09:00", "due", AT),
    ("#due mon 9:00…", "due", AT),
    ("#until mon", "snooze", AT),
    ("#remind mon 9:00 call him", "remind", Reminder(AT, "call him")),
    ("#remind 2d", "remind", Reminder(NOW + timedelta(days=2), "")),
    ("#cc <Jan@bigbank.test>, eva@x.test", "cc", ("Jan@bigbank.test", "eva@x.test")),
    ("#uncc eva@x.test", "uncc", ("eva@x.test",)),
    ("#watch", "follow", None),
    ("#unfollow", "unfollow", None),
    ("#customer jan@bigbank.test", "customer", "jan@bigbank.test"),
    ("#lang hr", "lang", "hr"),
    ('#macro refund-ok order=PL-1 name="Jan W"', "macro", Snippet("refund-ok", (("order", "PL-1"), ("name", "Jan W")))),
    ("#use kb-12", "use", "KB-12"),
    ("#use KB–12", "use", "KB-12"),
    ("#use? kb3", "use?", "KB-3"),
    ("#use ../KB-3", "use", "../KB-3"),  # no id: it finds nothing
    ("#use KB-03", "use", "KB-03"),
    ("#macro? refund-ok", "macro?", Snippet("refund-ok")),
    ("#answer guide", "answer", Snippet("guide")),
    ("#merge #4790", "merge", 4790),
    ("#split", "split", None),
    ("#split e-17", "split", 17),
    ("#split e–17", "split", 17),
    ("#link 4790 dup", "link", Related(4790, "duplicate")),
    ("#relates 4790", "link", Related(4790, "related")),
    ("#causedby 4790", "link", Related(4790, "cause")),
    ("#blocks 4790", "link", Related(4790, "blocks")),
    ("#unlink 4790", "unlink", Related(4790, None)),
    ("#internal billing", "internal", "billing"),
    ("#ask expert@lab.test", "ask", "expert@lab.test"),
    ("#accept", "accept", None),
    ("#reject e-17", "reject", 17),
    ("#undo", "undo", None),
    ("#undo u-318", "undo", "u-318"),
    ("#undo u–318", "undo", "u-318"),
    ("#dry", "dry", None),
    ("#send", "send", None),
    ("#send short", "send", "short"),
    ("#send in 10m", "send", timedelta(minutes=10)),
    ("#no", "discard", None),
    ("#confirm", "confirm", None),
    ("#why", "why", None),
    ("#history 4790", "history", 4790),
    ("#raw", "original", None),
    ("#show #4790", "show", 4790),
    ("#ls is:open team:billing", "list", "is:open team:billing"),
    ("#find two words", "search", "two words"),
    ("#stats", "stats", None),
    ("#away", "away", Absence(None, None, None)),
    ("#away until mon 9:00 cover anton", "away", Absence(AT, "anton", None)),
    ("#ooo cover=anton who=ana until mon", "away", Absence(AT, "anton", "ana")),
    ("#back", "back", None),
    ("#digest 8:30", "digest", "08:30"),
    ("#digest off", "digest", "off"),
    ("#receipts all", "receipts", "all"),
    ("#help", "help", ""),
    ("#help assign", "help", "assign"),
])  # fmt: skip
def test_each_command_has_a_typed_value(line: str, name: str, value: Value) -> None:
    if line.startswith('#set "'):  # a name in quotes is no name=value
        assert refused(line).wrong.word in ("pair", "quote")
        return
    (found,) = ordered(line).commands
    assert (found.name, found.value) == (name, value)


def test_the_table_above_has_every_command() -> None:
    marks = [m for m in test_each_command_has_a_typed_value.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    lines = [row[0] for row in marks[0].args[1]]
    tried = {vocabulary().find(line[1:].split()[0]) for line in lines}
    missing = {info.name for info in COMMANDS.values()} - {info.name for info in tried if info}
    assert missing <= {"urgent", "high", "normal"}  # as low


@pytest.mark.parametrize(("text", "code", "line", "word", "maybe"), [
    # new words, reason, line, what is wrong, what was perhaps meant
    ("#solvd\nDone.", "unknown-command", 1, "unknown", "#solved"),
    ("#mine\n#asign ana", "unknown-command", 2, "unknown", "#assign ana"),
    ("#sol", "unknown-command", 1, "unknown", "#solved"),
    ("#xyzzyxyzzy", "unknown-command", 1, "unknown", None),
    ("#rozwiazan", "unknown-command", 1, "unknown", "#solved"),
    ("#assign", "bad-value", 1, "missing", None),
    ("#assign nobody-at-all", "bad-value", 1, "agent", None),
    ("#assign an", "bad-value", 1, "ambiguous", None),
    ("#assign antno", "bad-value", 1, "agent", "#assign anton"),
    ("#team suport", "bad-value", 1, "team", "#team support"),
    ("#priority top", "bad-value", 1, "choice", None),
    ("#closed now", "bad-value", 1, "extra", "#closed"),
    ("#tag 'a'", "bad-value", 1, "tag", None),
    ('#tag "a', "bad-value", 1, "quote", None),
    ("#set colour=red", "bad-value", 1, "field", None),
    ("#set order=12", "bad-value", 1, "value", None),
    ("#set kind=refnd", "bad-value", 1, "value", "#set kind=refund"),
    ("#set order", "bad-value", 1, "pair", None),
    ("#snooze yesterday", "bad-value", 1, "time", None),
    ("#snooze 2020-01-01", "bad-value", 1, "past", None),
    ("#snooze today 9:00", "bad-value", 1, "past", None),
    ("#due 3y", "bad-value", 1, "far", None),
    ("#send in 400d", "bad-value", 1, "far", None),
    ("#remind soon", "bad-value", 1, "time", None),
    ("#cc jan", "bad-value", 1, "address", None),
    ("#cc support@acme.test", "bad-value", 1, "own", None),
    ("#lang xx", "bad-value", 1, "choice", None),
    ("#merge me", "bad-value", 1, "number", None),
    ("#link 4790 friend", "bad-value", 1, "choice", None),
    ("#split 17", "bad-value", 1, "choice", None),
    ("#undo 318", "bad-value", 1, "choice", None),
    ("#digest often", "bad-value", 1, "choice", None),
    ("#away soon", "bad-value", 1, "choice", None),
    ("#away until", "bad-value", 1, "missing", None),
    ("#mine\n#dry", "bad-value", 2, "dry", None),
    ("#solved #mine", "bad-value", 1, "line", "#solved\n#mine"),
    ("#solved\n#pending", "bad-value", 2, "two", None),
    ("#solved\n#snooze 2d", "bad-value", 2, "two", None),
    ("#spam\n#closed", "bad-value", 2, "two", None),
    ("#mine\n" * 21, "bad-value", 21, "many", None),
    ("#solved " + "x" * 1000, "bad-value", 1, "long", None),
    ("Hello Jan,\n#solved", "position", 2, "position", None),
    ("Hello Jan,\n\nDone.\n\n#gelöst!", "position", 5, "position", None),
    ("#mine\nDone.\n#solved", "position", 3, "position", None),
    ("Hello Jan,\n#note he is a known liar", "position", 2, "position", "#note"),  # for our people alone
    ("Hello Jan,\nDone.\n#assign bobby", "position", 3, "position", None),
])  # fmt: skip
def test_one_mistake_holds_the_mail(text: str, code: str, line: int, word: str, maybe: str | None) -> None:
    found = refused(text)
    assert (found.code, found.line, found.wrong.word, found.maybe) == (code, line, word, maybe)


HE = "he is nasty"


@pytest.mark.p0
@pytest.mark.parametrize(("text", "commands", "words"), [
    # the new words of a mail that is held, as they are read when its writer says: send with the command
    (f"• #note\n{HE}", ("note",), HE),
    (f"   - #note\n{HE}", ("note",), HE),
    (f"·    #note\n{HE}", ("note",), HE),
    (f"o  #note\n{HE}", ("note",), HE),
    (f"* #note\n{HE}", ("note",), HE),
    (f"1. #note\n{HE}", ("note",), HE),
    (f"1) #note\n{HE}", ("note",), HE),
    (f"1 #note\n{HE}", ("note",), HE),
    (f"a) #note\n{HE}", ("note",), HE),
    (f"“#note”\n{HE}", ("note",), HE),
    (f"„#notiz“\n{HE}", ("note",), HE),
    (f"»#note«\n{HE}", ("note",), HE),
    (f"'#note'\n{HE}", ("note",), HE),
    (f'"#note"\n{HE}', ("note",), HE),
    (f"[#note]\n{HE}", ("note",), HE),
    (f"(#note)\n{HE}", ("note",), HE),
    (f"##note\n{HE}", ("note",), HE),
    (f"# #note\n{HE}", ("note",), HE),
    (f"＃note\n{HE}", ("note",), HE),
    (f"＃ｎｏｔｅ\n{HE}", ("note",), HE),
    (f"﹟note\n{HE}", ("note",), HE),
    (f"#\ufe0f\u20e3note\n{HE}", ("note",), HE),
    (f"*#note*\n{HE}", ("note",), HE),
    (f"**#note**\n{HE}", ("note",), HE),
    (f"_#note_\n{HE}", ("note",), HE),
    (f"~#note~\n{HE}", ("note",), HE),
    (f"`#note`\n{HE}", ("note",), HE),
    (f"\\#note\n{HE}", ("note",), HE),
    (f"#*note*\n{HE}", ("note",), HE),
    (f"#\u2009note\n{HE}", ("note",), HE),
    (f"#\u00a0note\n{HE}", ("note",), HE),
    (f"#\tnote\n{HE}", ("note",), HE),
    (f"\u2066#\u2069note\n{HE}", ("note",), HE),
    (f"• #note {HE}", ("note",), HE),
    (f"• #note\n• #mine\n{HE}", ("note", "mine"), HE),
    (f"#mine\n• #note\n{HE}", ("mine", "note"), HE),
    (f"• #assign “Anton Dvorak”\n{HE}", ("assign",), HE),
    (f"“#assign ana”\n{HE}", ("assign",), HE),
    (f"• #priority=high\n{HE}", ("priority",), HE),
    (f"{HE}\n＃solved", ("solved",), HE),
    (f"{HE}\n  - #gelöst\n- #urgent", ("solved", "priority"), HE),
    (f"{HE}\n#note:take care", ("note",), f"{HE}\ntake care"),
    (f"Hello,\n#note {HE}", ("note",), f"Hello,\n{HE}"),
])  # fmt: skip
def test_a_command_within_what_programs_put_around_it_is_asked_about(
    text: str, commands: tuple[str, ...], words: str
) -> None:
    found = refused(text)
    assert (found.code, found.wrong.word) == ("position", "position")
    again = ordered(found.corrected or "")
    assert (tuple(c.name for c in again.commands), again.text) == (commands, words)


@pytest.mark.parametrize("text", [
    "# list", "## list", "#4812 is broken", "• #4812 is broken", "- # list", "• #urgent things first", "1. #1 of all",
    "• #vat and #tax", "“#urgent, as they say, is nothing”", "> #note", "Re: #note", "It is a #note", "C#", "a #list",
    "2026 #note", "• ", "#", "• list", "“#sloved”",
])  # fmt: skip
def test_what_merely_looks_a_little_so_is_text(text: str) -> None:
    for words in (text, f"{text}\nHello", f"Hello\n{text}"):
        assert read(words) == Orders((), words)
        assert isinstance(read_commands(Written(None, words), writer(), vocabulary(), about_ticket=True), Orders)


@pytest.mark.parametrize(("text", "maybe", "commands"), [
    # new words, the first line that is told as it was perhaps meant, what is read of all of it when that is chosen
    ("#solved; #high", "#solved\n#high", ("solved", "priority")),
    ("#solved,#high", "#solved\n#high", ("solved", "priority")),
    ("#mine and #solved", "#mine\n#solved", ("mine", "solved")),
    ("#mine / #solved refund / #high", "#mine\n#solved refund\n#high", ("mine", "solved", "priority")),
    ("#mine #solvd", "#mine\n#solved", ("mine", "solved")),
    ("#mine #solved #vat", None, None),
    ("#so lved", "#solved", ("solved",)),
    ("#ass ign ana", "#assign ana", ("assign",)),
    ("#priority=high", "#priority high", ("priority",)),
    ("#priority:hgih", "#priority high", ("priority",)),
    ("#priorty=high", "#priority high", ("priority",)),
    ("#asign antno", "#assign anton", ("assign",)),
    ("#asign bobby", "#assign bobby", None),
    ("#solved)", "#solved", ("solved",)),
    ("#solved(refund)", "#solved refund)", ("solved",)),
    ("#set kind=Refund", "#set kind=refund", ("set",)),
    ("#set order=PL-10442 kind=Refund", "#set order=PL-10442 kind=refund", ("set",)),
    ("#set ordr=PL-10442 kind=refnd", "#set order=PL-10442 kind=refund", ("set",)),
    ("#away until mon cover antn", "#away until mon cover anton", ("away",)),
    ("#link 4790 duplicat3", "#link 4790 duplicate", ("link",)),
    ("#solvd\n#asign antno\n#mine", "#solved", ("solved", "assign", "mine")),
    ("#solvd\n#assign bobby", "#solved", None),
    ("#solvd\n#pending", "#solved", None),  # then two contradict each other
    ("#solvd\nHello\n• #mine", "#solved", ("solved", "mine")),
    ("#mine I take it", "#mine", None),  # the words would be lost
    ("#xyzzyxyzzy", None, None),
])  # fmt: skip
def test_what_is_offered_would_be_done(text: str, maybe: str | None, commands: tuple[str, ...] | None) -> None:
    found = refused(text)
    assert found.maybe == maybe
    again = ordered(found.corrected) if found.corrected is not None else None
    assert (tuple(c.name for c in again.commands) if again is not None else None) == commands


@pytest.mark.parametrize(("text", "maybe", "commands"), [
    # a mail to an address for commands, as it was perhaps meant, what is read when that is chosen: name, tickets
    ("#assign 6, 7 antno", "#assign 6, 7 anton", (("assign", (6, 7)),)),
    ("#urgent 6; #mine 7", "#urgent 6\n#mine 7", (("priority", (6,)), ("mine", (7,)))),
    ("• #urgent 6, 7", "#urgent 6, 7", (("priority", (6, 7)),)),
    ("#closed 6 now", "#closed 6", None),
])  # fmt: skip
def test_what_is_offered_names_the_tickets(text: str, maybe: str, commands: object) -> None:
    found = refused(text, about_ticket=False)
    assert found.maybe == maybe
    again = ordered(found.corrected, about_ticket=False) if found.corrected is not None else None
    assert (tuple((c.name, c.numbers) for c in again.commands) if again is not None else None) == commands


@pytest.mark.parametrize(("text", "code", "told"), [
    # new words, reason, line and what is wrong of each mistake
    ("#solvd\n#assign bobby\nHello\n• #mine", "bad-value", [(1, "unknown"), (2, "agent"), (4, "position")]),
    ("#solvd\n#hihg", "unknown-command", [(1, "unknown"), (2, "unknown")]),
    ("#due 2020-01-01\n#due yesterday", "bad-value", [(1, "past"), (2, "time")]),
    ("#solved\n#pending\n#nosuchword", "bad-value", [(3, "unknown"), (2, "two")]),
])  # fmt: skip
def test_all_mistakes_are_told_at_once(text: str, code: str, told: list[tuple[int, str]]) -> None:
    found = refused(text)
    assert found.code == code
    assert [(each.line, each.wrong.word) for each in (found, *found.others)] == told


@pytest.mark.parametrize(("text", "commands", "words"), [
    # held, as it is read when its writer says: send with the command
    ("#solvd\nDone.", ("solved",), "Done."),
    ("Hello,\n\nDone.\n#solved\nAna", ("solved",), "Hello,\n\nDone.\nAna"),
    ("#mine\nDone.\n#assign ana", ("mine", "assign"), "Done."),
])  # fmt: skip
def test_what_was_perhaps_meant_can_be_read_again(text: str, commands: tuple[str, ...], words: str) -> None:
    again = ordered(refused(text).corrected or "")
    assert (tuple(c.name for c in again.commands), again.text) == (commands, words)


def test_every_refusal_has_words_in_every_language() -> None:
    for text in ("#solvd", "#assign x", "#due 3y", "#set kind=x", "a\n#solved"):
        wrong = refused(text).wrong
        said = {wrong.said(templates().words(language)) for language in LANGUAGES}
        assert len(said) == len(LANGUAGES)
        assert not any("{" in each for each in said)


def test_what_a_person_wrote_is_no_place_in_our_words() -> None:
    assert "{known}" in refused("#assign {known}").wrong.said(templates().words("en"))


@pytest.mark.parametrize(("plain", "rich", "code"), [
    # new words of the plain text, those of HTML, reason
    (None, "#solved\nDone.", "html-only"),
    (None, "#anything", "html-only"),
    (None, "Done.\n#solved", "html-only"),
    (None, "Done.\n#assign anton", "html-only"),
    (None, "Done.\n#note he is a known liar", "html-only"),
    (None, "Done.\n#1 of all", None),
    (None, "Done.\n#urgent things first", None),
    ("#solved\nDone.", "#SOLVED\n\nDone.", None),
    ("#solved\nDone.", "Done.", "differs"),
    ("Done.", "#spam\nDone.", "differs"),
    ("#assign ana", "#assign anton", "differs"),
    (None, "• #note\nhe is nasty", "html-only"),
    ("*#note*\nhe is nasty", "#note\nhe is nasty", "position"),
    ("   - #note\nhe is nasty", "• #note\nhe is nasty", "position"),
    ("Done.", "• #spam\nDone.", "differs"),
    ("*#note*\nhe is nasty", "he is nasty", "differs"),
])  # fmt: skip
def test_html_gives_no_commands(plain: str | None, rich: str, code: str | None) -> None:
    found = read_commands(Written(plain, rich), writer(), vocabulary(), about_ticket=True)
    assert (found.code if isinstance(found, Refused) else None) == code


@pytest.mark.parametrize(("body", "code", "names"), [
    # content of the mail, reason, commands
    ("Content-Type: text/plain\n\n#solved\nOK\n> #spam\n", None, ("solved",)),
    ("Content-Type: text/html\n\n<p>#solved</p><p>OK</p>", "html-only", ()),
    ("Content-Type: text/plain\n\nOK\n\nOn 2 Nov 2026 at 09:12, Jan <jan@bigbank.test> wrote:\n> #close\n", None, ()),
    (('Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nOK, as you like it\n--b\n'
     'Content-Type: text/html\n\n<div>#spam</div><div>OK, as you like it</div>\n--b--\n'), "differs", ()),
    (("Content-Type: text/plain\n\nFYI\n\n---------- Forwarded message ---------\nFrom: Jan <jan@bigbank.test>\n"
     "Date: Sat, 21 Nov 2026\nSubject: x\nTo: <ana@acme.test>\n\n#close\n"), None, ()),
])  # fmt: skip
def test_commands_are_read_in_the_writer_s_own_plain_words_alone(
    body: str, code: str | None, names: tuple[str, ...]
) -> None:
    raw = f"From: ana@acme.test\nSubject: #close\nMIME-Version: 1.0\n{body}".replace("\n", "\r\n").encode()
    mail = parse(raw, ParseLimits(), languages=("en",))
    found = read_commands(written_in(mail), writer(), vocabulary(), about_ticket=True)
    if isinstance(found, Refused):
        assert (found.code, ()) == (code, names)
    else:
        assert (None, tuple(c.name for c in found.commands)) == (code, names)


@pytest.mark.parametrize(("text", "subject", "found"), [
    # new words, subject, what is done with which tickets
    ("#solved 4812 4809", "", (("solved", "", (4812, 4809)),)),
    ("#assign #4812 ana", "", (("assign", "ana", (4812,)),)),
    ("#merge 4812 4790", "", (("merge", 4790, (4812,)),)),
    ("#link 4812 4790 dup", "", (("link", Related(4790, "duplicate"), (4812,)),)),
    ("#solved 4812\n#pending 4809", "", (("solved", "", (4812,)), ("status", "pending", (4809,)))),
    ("#urgent 6, 7", "", (("priority", "urgent", (6, 7)),)),
    ("#urgent 6,7", "", (("priority", "urgent", (6, 7)),)),
    ("#urgent #6, #7", "", (("priority", "urgent", (6, 7)),)),
    ("#urgent 6;7.", "", (("priority", "urgent", (6, 7)),)),
    ("#urgent 6 , 7; 8", "", (("priority", "urgent", (6, 7, 8)),)),
    ("#urgent 6 and 7", "", (("priority", "urgent", (6, 7)),)),
    ("#urgent 6, 7 und 8", "", (("priority", "urgent", (6, 7, 8)),)),
    ("#решено 6 и 7", "", (("solved", "", (6, 7)),)),
    ("#assign 6, 7, ana", "", (("assign", "ana", (6, 7)),)),
    ("#solved 6, 7: refund sent", "", (("solved", "refund sent", (6, 7)),)),
    ("#solved 6 and a refund", "", (("solved", "and a refund", (6,)),)),
    ("#remind 6, 7 2d", "", (("remind", Reminder(NOW + timedelta(days=2), ""), (6, 7)),)),
    ("#merge 4812, 4790", "", (("merge", 4790, (4812,)),)),
    ("#why 4812", "", (("why", 4812, ()),)),
    ("", "#list mine", (("list", "mine", ()),)),
    ("#stats", "#list mine", (("stats", None, ()),)),
    ("", "hello", ()),
])  # fmt: skip
def test_where_a_mail_is_about_no_ticket_commands_name_theirs(text: str, subject: str, found: object) -> None:
    orders = read_commands(Written(text, None, subject), writer(), vocabulary(), about_ticket=False)
    assert isinstance(orders, Orders)
    assert tuple((c.name, c.value, c.numbers) for c in orders.commands) == found


@pytest.mark.parametrize(("text", "word"), [
    ("#solved", "ticket"),
    ("#merge 4812", "ticket"),
    ("#why", "ticket"),
    ("#note", "reply"),
    ("#solved 4812\n#pending 4809 4812", "two"),
])  # fmt: skip
def test_what_cannot_be_said_without_a_ticket(text: str, word: str) -> None:
    assert refused(text, about_ticket=False).wrong.word == word


def test_the_hint_shows_where_the_number_stands() -> None:
    found = refused("#assign bob 4812", about_ticket=False)
    assert dict(found.wrong.places) == {"command": "#assign 4812 WHO"}


def test_where_one_can_only_ask_nothing_is_changed() -> None:
    for info in COMMANDS.values():
        if info.where == "any":
            found = read(f"{info.shown} all", about_ticket=False, queries_only=True)
            assert info.query or (isinstance(found, Refused) and found.wrong.word == "queries")


# agents-by-mail.md §9
LIGHT = "note follow unfollow why history show list search help receipts digest"


def test_light_agents_note_and_ask() -> None:
    may = {info.name for info in COMMANDS.values() if "light" in info.roles}
    assert may == {*LIGHT.split(), "dry", "discard"}  # which change nothing either
    assert refused("#solved", "jana").wrong.said(templates().words("en")) == "#solved is not for the role “light”."


def test_auditors_change_nothing() -> None:
    own_settings = {"digest", "receipts", "dry"}
    assert {i.name for i in COMMANDS.values() if "auditor" in i.roles and not i.query} == own_settings


def test_no_word_is_a_word_of_two_commands() -> None:
    """agents-by-mail.md §11.11: in all languages at once, because every word works in every mail."""
    meanings: dict[str, set[str]] = {}
    for info in COMMANDS.values():
        own = [(info.name, *info.aliases)]
        own += [tuple(templates().words(lang).get(f"command_{info.name}", info.name).split(",")) for lang in LANGUAGES]
        for word in (word for words in own for word in words):
            meanings.setdefault(squeezed(word), set()).add(info.name)
    assert {word: names for word, names in meanings.items() if len(names) > 1} == {}


def test_words_of_languages_are_of_commands_that_there_are() -> None:
    words = {word for language in LANGUAGES for word in templates().words(language) if word.startswith("command_")}
    assert words <= {f"command_{name}" for name in COMMANDS}


def test_every_command_is_explained_in_every_language() -> None:
    for language in LANGUAGES:
        words = templates().words(language)
        assert [info.name for info in COMMANDS.values() if f"help_{info.name.replace('?', '_try')}" not in words] == []
    assert Vocabulary({}, rules().statuses).find("waiting-parts").about({}) == "status waiting_parts"  # type: ignore[union-attr]


def test_a_word_of_the_site_takes_none_away() -> None:
    made = Vocabulary({"de": {"command_spam": "solved, müll"}}, ("solved", "mine"))
    found = [made.find(word) for word in ("solved", "Muell", "mull", "mine")]
    assert [info.name if info else None for info in found] == ["solved", None, "spam", "mine"]
    assert isinstance(found[3], CommandInfo)
    assert found[3].status is False


@pytest.mark.parametrize(("text", "local"), [
    # as written on Saturday 21 November 2026 at 22:10 in Zagreb, local time
    ("2d", "2026-11-23 22:10"),
    ("in 3 h", "2026-11-22 01:10"),
    ("90m", "2026-11-21 23:40"),
    ("1mo", "2026-12-21 22:10"),
    ("tomorrow", "2026-11-22 09:00"),
    ("Tomorrow 7:30", "2026-11-22 07:30"),
    ("mon", "2026-11-23 09:00"),
    ("monday 9:00", "2026-11-23 09:00"),
    ("sat", "2026-11-28 09:00"),  # nine is over today
    ("sat 23:00", "2026-11-21 23:00"),
    ("9:00", "2026-11-22 09:00"),
    ("23:00", "2026-11-21 23:00"),
    ("2026-12-01", "2026-12-01 09:00"),
    ("2026-12-01 18:00", "2026-12-01 18:00"),
    ("2026-12-01T18:00", "2026-12-01 18:00"),
    ("2027-03-28 02:30", "2027-03-28 03:30"),  # does not exist: the next that does
    ("2026-10-25 02:30", "2026-10-25 02:30"),
    ("today 9:00", "2026-11-21 09:00"),  # over, which is for the caller to say
    ("mo", None), ("someday", None), ("25:00", None), ("2026-13-01", None), ("999999999y", None), ("", None),
    ("9999-12-31 23:59", "9999-12-31 23:59"), ("9:5", None), ("12", None),
])  # fmt: skip
def test_a_time_is_that_of_the_writer(text: str, local: str | None) -> None:
    found = time_to_come(text, NOW, ZAGREB)
    assert (f"{found.astimezone(ZAGREB):%Y-%m-%d %H:%M}" if found else None) == local


@pytest.mark.parametrize(("word", "found"), [
    ("solvd", ("solved",)),
    ("sovled", ("solved",)),  # two letters changed places
    ("sol", ("solved",)),
    ("solve", ("solve", "solved")),
    ("soooolved", ()),
    ("no", ()),  # two slips would leave nothing of it
    ("", ()),
    ("x" * 1000, ()),
])  # fmt: skip
def test_a_near_word_is_meant(word: str, found: tuple[str, ...]) -> None:
    assert meant(word, ("solved", "solve") if word == "solve" else ("solved", "me")) == found


WORDS = st.sampled_from(
    [info.shown for info in COMMANDS.values()]
    + ["#solvd", "ana", "4812", "2d", "x=1", '"', "„", "\n", "• ", "＃note", "#assgin antno", ";", "\n\n- #"]
)


@settings(max_examples=60)
@given(st.one_of(st.text(max_size=400), st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=30).map(" ".join)))
def test_nothing_that_a_mail_holds_raises(text: str) -> None:
    for about_ticket in (True, False):
        found = read_commands(Written(text, text[::-1]), writer(), vocabulary(), about_ticket=about_ticket)
        again = read(text, about_ticket=about_ticket)
        assert isinstance(found, Orders | Refused)
        assert isinstance(again, Refused) or all(isinstance(c, Command) for c in again.commands)
        if isinstance(again, Refused) and again.corrected is not None:  # what is offered is done
            assert isinstance(read(again.corrected, about_ticket=about_ticket), Orders)
    assert looks_like_a_command(text) in (True, False)


@pytest.mark.parametrize("text", [
    "#" * 100_000, "#a" * 50_000, "#solvd\n" * 20_000, "x\n" + "#assign nobody\n" * 20_000, "x\n#z\n" * 20_000,
    "#set " + "a=" * 50_000, "#tag " + '"' * 50_000, "#solved " + "." * 100_000, "\u200b" * 100_000 + "#solved",
    "x\n" + "#remind " + "mon " * 50_000, "x\n" + "• #assign nobody\n" * 20_000, " " * 100_000 + "#", "_" * 100_000,
    "#solved " + "#high " * 150, "#a #b " * 150, "• " * 50_000 + "#note", "#asign antno\n" * 20,
])  # fmt: skip
def test_the_time_is_bounded(text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 2.0


def test_the_strings_stand_beside_the_templates() -> None:
    assert {path.stem for path in (Path(packaged("templates")) / "_strings").iterdir()} == set(LANGUAGES)
