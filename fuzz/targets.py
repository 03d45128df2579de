"""What is fuzzed: readings of octets from outside, each with what must hold of its result.

Sources  acceptance §5.8: T1 smtp, T2 header, T3 mime, T4 words and html, T5 filename, T6 token, T7 imap, T8 report,
         T9 commands, T10 rules.
         A reading raises when something does not hold, and only then.
Not here  time and memory (oracles.py), where inputs come from (seeds.py), the engine (engine.py).
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir
from zoneinfo import ZoneInfo

from fuzz import words
from fuzz.imap import talk
from fuzz.oracles import demand, demand_clean, demand_sound
from gateway.config import packaged
from gateway.errors import ConfigError, PermanentError
from gateway.intake.commands import client_name, mail_command, rcpt_command
from gateway.intake.data import read_data
from gateway.message.address import author, mailboxes, normal, path_address
from gateway.message.charset import clean, clean_line
from gateway.message.classify import OwnMail, classify
from gateway.message.filename import MAX_NAME_OCTETS, clean_name
from gateway.message.forward import forwarded
from gateway.message.header import decode_words, parameters, raw_text
from gateway.message.html import html_text, sanitised, too_hard
from gateway.message.language import language_of
from gateway.message.limits import ParseLimits, first_field, header_block
from gateway.message.parse import message_ids, parse
from gateway.message.reply import split_reply
from gateway.message.reply_html import split_html
from gateway.message.types import Envelope
from gateway.outgoing.header import mailbox_field, text_field
from gateway.outgoing.render import Templates
from gateway.outgoing.templates import read_templates
from gateway.rules.load import load_rules
from gateway.ticket.command_table import Vocabulary
from gateway.ticket.command_values import Writer
from gateway.ticket.commands import MOST, Orders, Written, read_commands
from gateway.ticket.token import TokenRing
from gateway.ticket.token_forms import (
    find_body_tokens,
    find_subject_numbers,
    read_message_id,
    read_reply,
    subject_tag,
)

LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
_LIMITS = ParseLimits()
_TOKENS = TokenRing.of(bytes(range(32)))
_OWN = OwnMail(frozenset({"support@desk.test"}), _TOKENS.is_loop_mark)
_RECEIVED_AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
_FIELD = re.compile(rb"[!-9;-~]+:(?: [ -~]*\r\n)+")
_WORD = re.compile(r"\w+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # a command may be broken by them
_MAX_DATA = 4096
_AGENTS = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana, email: ana@desk.test}
  piotr: {name: Piotr, email: piotr@desk.test, role: lead}
teams: {support: {address: support@desk.test, members: [ana], lead: piotr}}
fields: {order: {type: text, pattern: "[A-Z]{2}-[0-9]{5}"}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A reading, and the words that lead a fuzzer into it."""

    reading: Callable[[bytes], None]
    words: tuple[bytes, ...]


def _smtp(data: bytes) -> None:
    """DATA cut anywhere is what an all-at-once reader reads; a command is understood or refused."""
    cut = (data[0] if data else 0) or 1
    found, rest = asyncio.run(_fed(data[1:], cut))
    whole = _unstuffed(data[1:])
    if found is None:
        demand(whole is None or len(data) > 2 * _MAX_DATA, "an end of DATA was missed")
    elif whole is not None and found[1]:
        raw, after = whole
        demand(found[0] in (raw, None), f"other octets: {found[0]!r}")
        demand(found[0] is not None or len(raw) > _MAX_DATA, "octets thrown away within the limit")
        demand(rest == after, f"what follows is another: {rest!r}")
    for line in data[:4096].split(b"\n")[:5]:
        _command(line.decode("utf-8", "surrogateescape"))


async def _fed(data: bytes, cut: int) -> tuple[tuple[bytes | None, bool] | None, bytes]:
    """(octets, complete) as read from a stream that got `cut` octets at a time, and what follows; None: it ended."""
    reader = asyncio.StreamReader(limit=512)
    for at in range(0, len(data), cut):
        reader.feed_data(data[at : at + cut])
    reader.feed_eof()
    try:
        read = await read_data(reader, _MAX_DATA, Path(gettempdir()))
    except asyncio.IncompleteReadError:
        return None, b""
    return (read.raw.read() if read.raw else None, read.complete), await reader.read()


def _unstuffed(data: bytes) -> tuple[bytes, bytes] | None:
    """RFC 5321 §4.5.2 over the whole stream: the content and what follows; None without an end."""
    stream = b"\r\n" + data
    end = stream.find(b"\r\n.\r\n")
    if end < 0:
        return None
    return stream[: end + 2].replace(b"\r\n.", b"\r\n")[2:], stream[end + 5 :]


def _command(line: str) -> None:
    for read in (
        partial(mail_command, extended=True),
        partial(rcpt_command, smtputf8=True, domain="desk.test"),
        partial(path_address, smtputf8=True),
        client_name,
    ):
        try:
            demand("\n" not in str(read(line)), "a line end in a command")
        except PermanentError as refused:
            demand(refused.status, "refused without a status")


def _header(data: bytes) -> None:
    """The pre-scan keeps to its limits; what it lets through is read, and can be written as one safe field."""
    found = header_block(data, first_field(data), len(data), _LIMITS)
    demand(found.end <= len(data) and len(found.fields) <= _LIMITS.header_fields, "beyond the limits")
    demand_clean([clean_line(d.detail) for d in found.defects])
    for name, value in found.fields[:20]:
        demand(b"\n" not in value and re.fullmatch(r"[!-9;-~]{1,100}", name), f"no field: {name!r}")
        text = raw_text(value)
        shown = clean_line(decode_words(text))
        who = mailboxes((text,), _LIMITS.header_addresses)
        whose, ambiguous = author((text,))
        demand(whose is None or not ambiguous, "an author, and ambiguous")
        demand_clean(shown, who, whose, message_ids((text,), 10))
        for one in who:
            demand(normal(normal(one.address)) == normal(one.address), "not the same twice")
            demand(_FIELD.fullmatch(mailbox_field("To", one.name, one.address).encode()), "an unsafe field")
        demand(_FIELD.fullmatch(text_field("Subject", shown).encode()) or not shown, "an unsafe field")
        for value_of in parameters(value, _LIMITS.header_params).params.values():
            demand_clean(clean_line(value_of))


def _mime(data: bytes) -> None:
    """Any octets are a Message; every fourth is read without its HTML, as after a killed child."""
    found = parse(data, _LIMITS, languages=LANGUAGES, without_html=len(data) % 4 == 0)
    demand_sound(found)
    demand(len(found.attachments) <= 2 * _LIMITS.mime_parts, "more parts than are read")


def _words(data: bytes) -> None:
    """Folding loses no word; what is forwarded and in which language is found in any text."""
    text = clean(data.decode("utf-8", "replace"))
    reply, forward = split_reply(text), forwarded(text)
    demand_clean(reply, forward)
    lost = Counter(_WORD.findall(text)) - Counter(_WORD.findall("\n".join((reply.new, reply.quoted, reply.signature))))
    demand(not lost, f"words were lost: {list(lost)[:10]}")
    language = language_of(None, reply.new, LANGUAGES)
    demand(0 <= language.confidence <= 1, f"confidence {language.confidence}")


def _html(data: bytes) -> None:
    """HTML made harmless stays as it is when it is made harmless again; its text is clean."""
    html = clean(data.decode("utf-8", "replace"))
    if too_hard(html):
        return
    safe = sanitised(html)
    demand(not re.search(r"<(?:script|style|iframe|object|embed|svg|math|form|base|meta|link)\b", safe), "not harmless")
    demand_clean(clean(safe), clean(html_text(safe)), split_html(safe))


def _filename(data: bytes) -> None:
    """A name is one step of a path, the same when it is cleaned again."""
    name = clean_name(data.decode("utf-8", "surrogateescape"), part="1.2", media_type="text/plain")
    demand_clean(name)
    demand(name and len(name.encode()) <= MAX_NAME_OCTETS and not re.search(r"[/\\\x00-\x1f]", name), f"{name!r}")
    demand(name not in (".", "..") and not name.startswith("."), f"{name!r}")
    demand(clean_name(name, part="1.2", media_type="text/plain") == name, f"another name the second time: {name!r}")


def _token(data: bytes) -> None:
    """Nobody guesses a token; what we make we read, for the address it was made for alone."""
    text = data.decode("utf-8", "replace")
    recipient, number = text[:64].strip() or "a", len(data) + 1
    demand(_TOKENS.read_bounce(text) is None, "a bounce address that we never made")
    for found in (read_reply(text), read_message_id(text), *find_body_tokens(text)):
        demand(found is None or _TOKENS.holder(found, ("nobody@x.test",)) is None, "a token that we never made")
    demand(find_subject_numbers(subject_tag(number)) == (number,), "a tag that we do not read")
    find_subject_numbers(text, "Acme")
    address = _TOKENS.reply_address("support@desk.test", "+", "t", number, 7, recipient)
    made = read_reply(address.partition("+")[2].rpartition("@")[0].upper())
    demand(made and (made.ticket, made.revision) == (number, 7), "our own address is unread")
    demand(made and _TOKENS.holder(made, ("nobody@x.test", recipient)) is not None, "our own token is refused")
    bounce = _TOKENS.bounce(number, "bounce@desk.test").partition("+")[2].rpartition("@")[0]
    demand(_TOKENS.read_bounce(bounce) == number, "our own bounce address is unread")


def _report(data: bytes) -> None:
    """A report is read from any octets, and what it says of a recipient has the forms of RFC 3463."""
    found = parse(data, _LIMITS, languages=LANGUAGES)
    demand_sound(found)
    for reverse_path in (None, "ann@customer.test"):
        envelope = Envelope(reverse_path, ("support@desk.test",), "mx", "192.0.2.1", "smtp", _RECEIVED_AT)
        verdict = classify(found, envelope, _OWN)
        demand_clean(verdict)
        demand(verdict.may_respond is (verdict.no_response_code is None), "may it be answered?")
        demand(verdict.kind != "report" or not verdict.may_respond, "a report would be answered")
        for one in verdict.report.recipients if verdict.report else ():
            demand(one.address, "a recipient without address")
            demand(one.status is None or re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", one.status), f"status {one.status}")


@cache
def _desk() -> tuple[Vocabulary, tuple[Writer, ...]]:
    rules = load_rules(_AGENTS, "rules.yaml", 1)
    templates = Templates(read_templates(packaged("templates")), {}, "en", lambda: None)
    vocabulary = Vocabulary({language: templates.words(language) for language in LANGUAGES}, rules.statuses)
    ours, zone = ("support@desk.test",), ZoneInfo("Europe/Zagreb")
    return vocabulary, tuple(Writer(who, rules, _RECEIVED_AT, zone, LANGUAGES, ours) for who in rules.agents.values())


def _commands(data: bytes) -> None:
    """A mail of an agent is orders and words, none of them lost, or it is held; HTML that differs holds it."""
    flags, text = (data[0] if data else 0), _UNSEEN.sub("", clean(data[1:].decode("utf-8", "replace")))
    vocabulary, writers = _desk()
    writer, about_ticket = writers[flags % len(writers)], bool(flags & 2)
    found = read_commands(Written(text), writer, vocabulary, about_ticket=about_ticket)
    demand_clean(text)
    if not isinstance(found, Orders):
        demand(1 <= found.line <= text.count("\n") + 1, f"held for line {found.line}")
        return
    demand(len(found.commands) <= MOST, "more commands than are read")
    kept = "\n".join((*(command.written for command in found.commands), found.text))
    lost = Counter(_WORD.findall(text)) - Counter(_WORD.findall(kept))
    demand(not lost, f"words were lost: {list(lost)[:10]}")
    unlike = read_commands(Written(text, f"x {text}"), writer, vocabulary, about_ticket=about_ticket)
    demand(not found.commands or not isinstance(unlike, Orders), "HTML that begins with other words is no order")


def _rules(data: bytes) -> None:
    """Rules load, or every problem has its place."""
    try:
        load_rules(data.decode("utf-8", "replace"), "rules.yaml", 1)
    except ConfigError as refused:
        demand(str(refused), "refused without a word")


TARGETS: Mapping[str, Target] = {
    "smtp": Target(_smtp, words.SMTP),
    "header": Target(_header, words.HEADER),
    "mime": Target(_mime, words.MIME),
    "words": Target(_words, words.TEXT),
    "html": Target(_html, words.HTML),
    "filename": Target(_filename, words.FILENAME),
    "token": Target(_token, words.TOKEN),
    "report": Target(_report, words.REPORT),
    "commands": Target(_commands, words.COMMANDS),
    "imap": Target(talk, words.IMAP),
    "rules": Target(_rules, words.RULES),
}
READING = ("mime", "report", "words", "html", "header", "filename", "token", "commands")
