"""Tables, times and texts: what fits, what is cut, what is escaped."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from gateway.cli.logs import configure_logs
from gateway.cli.output import Column, block, columns_of, counted, cut, json_text, octets, printable, span, stamp, table
from gateway.config import Log


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # of a stranger, in one line
        ("Zwrot — račun 2231", "Zwrot — račun 2231"),
        ("a\r\n2026 INFO login ok", "a\\r\\n2026 INFO login ok"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\x9b2J \x7f \x00", "\\x9b2J \\x7f \\x00"),
        ("\u202etxt.exe\u2066 \u200f \ufeff", "\\u202etxt.exe\\u2066 \\u200f \\ufeff"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("👩\u200d👧 \u0928\u200d", "👩\u200d👧 \u0928\u200d"),  # joiners make letters, and steer nothing
        ("x" * 600, "x" * 511 + "…"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_block_keeps_its_lines_and_tabs() -> None:
    assert block("a\r\n\tb\x1b[0m\rc") == "a\n\tb\\x1b[0m\\rc"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        # text, columns, what fits
        ("refund", 6, "refund"),
        ("refund", 5, "refu…"),
        ("理解しました", 12, "理解しました"),
        ("理解しました", 7, "理解し…"),
        ("理解しました", 6, "理解…"),  # half of a wide character is no character
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
    ],
)
def test_cut(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert columns_of(cut(text, width)) <= width


@pytest.mark.parametrize("width", [30, 40, 60, 120])
def test_a_table_is_as_narrow_as_wanted_and_aligned(width: int) -> None:
    columns = (
        Column("#", right=True),
        Column("Subject", least=5),
        Column("Customer", least=5),
        Column("Age", right=True),
    )
    rows = [
        ("1", "Zwrot za zamówienie PL-10442, proszę", "Jan Wiśniewski", "7m"),
        ("12", "理解しました " * 9, "李", "12d"),
    ]
    lines = list(table(columns, rows, width))
    assert all(columns_of(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= width for line in lines)
    assert lines[1].endswith(" 7m")
    assert lines[2].endswith(" 12d")


def test_a_table_never_cuts_what_has_to_be_whole() -> None:
    lines = list(table((Column("Key"), Column("Value", least=3)), [("a-long-name", "a long value")], 10))
    assert lines[1] == "  a-long-name  a …"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (86_399, "23h"), (200_000, "2d")],
)
def test_span(seconds: int, shown: str) -> None:
    assert span(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (5 << 30, "5120.0 MiB")]
)
def test_octets(count: int, shown: str) -> None:
    assert octets(count) == shown


def test_small_words() -> None:
    assert (counted(1, "mail"), counted(2, "mail")) == ("1 mail", "2 mails")
    assert stamp(None) == ""
    assert stamp(datetime(2026, 11, 21, 21, 10, 5, 999, tzinfo=UTC)) == "2026-11-21 21:10:05 UTC"


def test_json_holds_what_was_said_and_steers_nothing() -> None:
    said = "\x1b[2J \x9b \u202e \x7f 理 \\u0041 \r\n"
    text = json_text("x/1", {"said": said})
    assert json.loads(text) == {"schema": "mailwicket.x/1", "said": said}
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("kv", 'level=info logger=intake event="mail\\\\x1b[2J in" helo="a\\\\r\\\\n2026 INFO ok" size=5'),
        ("json", '"event":"mail\\\\x1b[2J in"'),
    ],
)
def test_an_event_is_one_line_whatever_it_says(logged: io.StringIO, format: str, line: str) -> None:
    configure_logs(Log(format=format), logged)  # type: ignore[arg-type]
    structlog.get_logger("intake").info("mail\x1b[2J in", helo="a\r\n2026 INFO ok", size=5)
    text = logged.getvalue()
    assert text.count("\n") == 1
    assert line.replace("\\\\", "\\") in text.replace(", ", ",").replace(": ", ":").replace("\\\\", "\\")
    assert text.rstrip("\n").isprintable()


def test_libraries_are_heard_from_warning_on_and_tracebacks_are_one_line(logged: io.StringIO) -> None:
    configure_logs(Log(level="debug"), logged)
    logging.getLogger("sqlalchemy.engine").info("SELECT secret")
    logging.getLogger("aiosmtpd").warning("odd %s", "\u202epeer")
    try:
        raise ValueError("no\nway")
    except ValueError as e:
        structlog.get_logger("store").error("store.bug", exc_info=e)
    lines = logged.getvalue().splitlines()
    assert len(lines) == 2
    assert "odd" in lines[0]
    assert "\\u202epeer" in lines[0].replace("\\\\", "\\")
    assert "ValueError: no" in lines[1]


def test_the_level_is_that_of_the_settings(logged: io.StringIO) -> None:
    configure_logs(Log(level="warning"), logged)
    structlog.get_logger("work").info("mail.done")
    structlog.get_logger("work").warning("mail.attempt_failed")
    assert [line.partition("event=")[2] for line in logged.getvalue().splitlines()] == ["mail.attempt_failed"]
