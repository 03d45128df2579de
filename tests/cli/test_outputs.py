"""What commands print: golden files, JSON with its schema, and nothing that could steer a terminal (J-02)."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import known_keys
from tests.cli.desk import Desk, mailwicket_beside

Furnished = tuple[Path, Desk]
_RAW_CONTROL = re.compile(r"(?!\n)[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_PRINTED = [
    # golden file, command
    ("account.txt", "account"),
    ("ticket_list.txt", "ticket list"),
    ("ticket_list_open_support.txt", "ticket list --status open --status new --team support"),
    ("ticket_list_query.txt", "ticket list is:open subject:zwrot -- -from:max"),
    ("ticket_show.txt", "ticket show 1"),
    ("ticket_show_thread.txt", "ticket show 1 --thread --events"),
    ("ticket_show_raw.txt", "ticket show #1 --raw"),
    ("ticket_show_hostile.txt", "ticket show 4"),
    ("ticket_show_stub.txt", "ticket show 5"),
    ("mail_list.txt", "mail list"),
    ("mail_list_narrow.txt", "mail list --width 80"),
    ("mail_list_dropped.txt", "mail list --dropped"),
    ("mail_list_quarantine.txt", "mail list --quarantine --since 2h"),
    ("mail_list_attention.txt", "mail list --needs-attention"),
    ("mail_show.txt", "mail show m-1"),
    ("mail_show_duplicate.txt", "mail show m-8"),
    ("mail_show_headers.txt", "mail show m-6 --headers"),
    ("mail_show_parts.txt", "mail show m-1 --parts"),
    ("mail_show_parts_none.txt", "mail show m-7 --parts"),
    ("mail_show_text.txt", "mail show m-2 --text"),
    ("mail_show_trace.txt", "mail show m-4 --trace"),
    ("queue_list.txt", "queue list"),
    ("queue_list_suppressed.txt", "queue list --suppressed"),
    ("queue_show.txt", "queue show q-1"),
    ("why_ticket.txt", "why 1"),
    ("why_stranger.txt", "why 2"),
    ("why_quarantined.txt", "why m-7"),
    ("why_duplicate.txt", "why m-8"),
    ("why_second.txt", "why 1 --message 2"),
    ("queue_list_due.txt", "queue list --due --to bigbank"),
    ("config_path.txt", "config path"),
    ("config_get.txt", "config get intake.max_size"),
    ("config_check.txt", "config check"),
    ("audit_list.txt", "audit list --ticket 1"),
    ("audit_verify.txt", "audit verify"),
    ("db_check.txt", "db check"),
    ("db_upgrade.txt", "db upgrade"),
    ("serve_check.txt", "serve --check"),
]


async def test_printed(
    furnished: Furnished, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    (config.parent / "state" / "hmac-key").touch(0o600)
    (config.parent / "state" / "hmac-key").write_text("k" * 64)
    for name, command in _PRINTED:
        code = await mailwicket_beside(config, *command.split(), clock=desk.clock)
        out, err = capsys.readouterr()
        golden(name, f"$ mailwicket {command}\n{out}{err}")
        assert code == 0, command


_JSON = [
    # command, schema, keys beside it
    ("account", "account/1", "received ticket entry report duplicate record quarantine pending oldest_pending_at"),
    ("ticket list", "ticket-list/1", "tickets total"),
    ("ticket show 1", "ticket/1", "ticket participants links entries promises later mails outbox events"),
    ("mail list", "mail-list/1", "mails"),
    ("mail show m-6", "mail/1", "mail"),
    ("mail show m-6 --headers", "mail/1", "mail header"),
    ("mail show m-6 --parts", "mail/1", "mail parts"),
    ("mail show m-6 --text", "mail/1", "mail text"),
    ("mail show m-6 --trace", "mail/1", "mail explanation"),
    ("queue list", "queue-list/1", "outbox states"),
    ("queue show q-1", "queue/1", "outbox"),
    ("why 3", "why/1", "mails happenings"),
    ("audit list --actor customer", "audit-list/1", "rows"),
    ("audit show 1", "audit/1", "seq at actor basis action ticket customer object source detail"),
    (
        "audit verify",
        "audit-verify/1",
        "whole first last rows older erased anchors findings",
    ),
    ("config show", "config/1", "settings"),
    ("config check", "config-check/1", "file keys secrets warnings"),
    ("config get intake.max_size", "config-value/1", "key value origin"),
    ("db status", "db-status/1", "url server schema_of_database size"),
    ("db check", "db-check/1", "problems"),
    ("version", "version/1", "mailwicket schema_of_database python libraries"),
]


async def test_json(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    for command, schema, keys in _JSON:
        assert await mailwicket_beside(config, *command.split(), "--json", clock=desk.clock) == 0, command
        out = capsys.readouterr().out
        assert not _RAW_CONTROL.search(out), command
        values = json.loads(out)
        assert list(values) == ["schema", *keys.split()], command
        assert values["schema"] == f"mailwicket.{schema}"


async def test_times_and_numbers_of_json(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    await mailwicket_beside(config, "ticket", "show", "1", "--json", clock=desk.clock)
    values = json.loads(capsys.readouterr().out)
    assert values["ticket"]["created_at"] == "2026-11-21T21:10:00Z"
    assert values["ticket"]["number"] == 1
    assert values["ticket"]["requester"] == {"name": "Jan Wiśniewski", "address": "jan@bigbank.test"}
    assert [entry["mail"] for entry in values["entries"]] == ["m-1", "m-2"]
    await mailwicket_beside(config, "config", "get", "intake.max_size", "--json", clock=desk.clock)
    assert json.loads(capsys.readouterr().out)["value"] == 25 * 1024 * 1024


async def test_every_setting_is_shown_with_its_origin(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, _ = furnished
    assert await mailwicket_beside(config, "config", "show", "--origin", "--rules", "other.yaml") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines[1:]] == [f"{section}.{name}" for section, name in known_keys()]
    origins = {line[0]: line[-1] for line in lines}
    assert origins["intake.max_size"] == "default"
    assert origins["site.domain"] == f"{config}:2"
    assert origins["paths.rules"] == "--rules"


async def test_no_output_can_steer_a_terminal(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    for command in (
        "ticket list", "ticket show 4 --raw --thread --events", "mail list", "mail show m-6", "mail show m-6 --headers",
        "mail show m-6 --text", "mail show m-6 --parts", "mail show m-6 --trace", "why 4", "queue list --to evil",
        "queue show q-1", "mail show \x1b[2J", "why \u202e", "config get \x9b1m", "ticket show \x1b",
    ):  # fmt: skip
        await mailwicket_beside(config, *command.split(" "), clock=desk.clock)
        out, err = capsys.readouterr()
        assert not _RAW_CONTROL.search((out + err).replace("\t", "")), command


async def test_raw_is_byte_for_byte(furnished: Furnished, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    config, desk = furnished
    raw = bytes(range(256)) * 9000  # more than one piece
    mail = await desk.accept(raw, to="support@acme.test", sender=None)
    assert mail is not None
    assert await mailwicket_beside(config, "mail", "raw", mail.key[:20]) == 4  # begins several keys of the same moment
    capfdbinary.readouterr()
    assert await mailwicket_beside(config, "mail", "raw", mail.key) == 0
    assert capfdbinary.readouterr().out == raw


async def test_raw_is_escaped_on_a_terminal(
    furnished: Furnished, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, desk = furnished
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert await mailwicket_beside(config, "--no-color", "mail", "raw", "m-6", clock=desk.clock) == 0
    out = capsys.readouterr().out
    assert "Steer \\x1b[2J the terminal" in out
    assert not _RAW_CONTROL.search(out)
