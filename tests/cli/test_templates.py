"""`mailwicket templates`: what it prints, what it writes, how it ends."""

import asyncio
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.outgoing.kinds import KINDS
from tests.outgoing.letters import mail_of
from tests.outgoing.peers import peer


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration with a template of its own."""
    (tmp_path / "tpl" / "auto_ack").mkdir(parents=True)
    (tmp_path / "tpl" / "auto_ack" / "en.md.j2").write_text(
        mail_of("Our own words", "Own {{ ticket.number }}"), "utf-8"
    )
    (tmp_path / "gw.toml").write_text(f'[paths]\nstate = "{tmp_path}"\ntemplates = "{tmp_path}/tpl"\n', "utf-8")
    return tmp_path


def called(site: Path, command: str) -> int:
    return run(["templates", *command.split()], Invocation(config=site / "gw.toml", width=120))


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("list", 0, "cs de en hr pl pt ru  auto_ack/en.md.j2"),
        ("check --lang pl", 0, "✓ 20 mails, pl: nothing is wrong"),
        ("preview auto_ack", 0, "Subject: Own 4812\n\n— Please reply above this line —\n\nOur own words\n"),
        ("preview hold --lang de --fixture items-1", 0, "Ihre Antwort an Jan Wiśniewski wurde nicht gesendet"),
        ("preview hold --headers", 0, "X-Mailwicket-Mail: hold"),
        ("preview holt", 4, "did you mean “hold”?"),
        ("preview hold --fixture none", 4, "there are: plain, long-name"),
        ("send hold --to nobody", 2, "“nobody” is no address"),
        ("eject holt", 4, "there is no template “holt”"),
        ("diff", 0, "+Our own words"),
        ("strings", 0, "why_sent"),
    ],
)
def test_what_it_says(site, command, code, says, capsys) -> None:
    assert called(site, command) == code
    out, err = capsys.readouterr()
    assert says in out + err


CANNED = "---\ntitle: Refund\nvars: {amount: number}\n---\nWe sent **[[amount]]** back for #[[ticket.number]].\n"


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("list", 0, "snippets/refund-ok    customer  en                    snippets/refund-ok/en.md"),
        ("preview snippets/refund-ok", 0, "\n\nWe sent 129.50 back for #4812."),
        ("preview snippets/refund-ok --with amount=7", 0, "We sent 7 back for #4812."),
        ("preview snippets/refund-ok --with amount=x", 2, "“x” does not fit [[amount]]. Expected: 129.50"),
        ("preview snippets/refund", 4, "did you mean “snippets/refund-ok”?"),
        ("preview auto_ack --with amount=7", 2, "“auto_ack” is no canned reply"),
        ("check --lang en", 0, "nothing is wrong"),
        ("check --lang pl", 1, "✗ snippets/refund-ok/pl.md: the reply is not written in this language"),
    ],
)
def test_canned_replies_are_listed_looked_at_and_checked(site, command, code, says, capsys) -> None:
    (site / "tpl/snippets/refund-ok").mkdir(parents=True)
    (site / "tpl/snippets/refund-ok/en.md").write_text(CANNED, "utf-8")
    assert called(site, command) == code
    out, err = capsys.readouterr()
    assert says in out + err


def test_a_preview_needs_no_key(site, capsys) -> None:
    with (site / "gw.toml").open("a", encoding="utf-8") as f:
        f.write('[outbound]\ndkim_selector = "mw1"\n')
    assert called(site, "preview auto_ack --headers") == 0
    assert "DKIM-Signature" not in capsys.readouterr().out
    assert called(site, "send auto_ack --to me@acme.test") == 78  # what leaves is signed


def test_what_is_wrong_ends_with_1(site, capsys) -> None:
    (site / "tpl" / "auto_ack" / "en.md.j2").write_text(mail_of("{{ nope }}"), "utf-8")
    assert called(site, "check --lang en") == 1
    assert "✗ auto_ack/en.md.j2 (plain): " in capsys.readouterr().out


def test_eject_overwrites_nothing(site) -> None:
    assert called(site, "eject auto_ack") == 0
    files = sorted(path.name for path in (site / "tpl" / "auto_ack").iterdir())
    languages = ("cs", "de", "en", "hr", "pl", "pt", "ru")
    assert files == [f"{language}.md.j2" for language in languages]
    assert "Our own words" in (site / "tpl" / "auto_ack" / "en.md.j2").read_text("utf-8")


def test_every_mail_can_be_previewed_into_a_file(site, tmp_path) -> None:
    for mail in KINDS:
        assert called(site, f"preview {mail} --eml {tmp_path}/x.eml") == 0
        assert message_from_bytes((tmp_path / "x.eml").read_bytes())["X-Mailwicket-Mail"] == mail


async def test_send_is_a_test_and_says_so(site, capsys) -> None:
    async with peer() as server:
        with (site / "gw.toml").open("a", encoding="utf-8") as f:
            f.write(f'[outbound]\nrelay = "127.0.0.1:{server.port}"\ntls = "none"\n')
        assert await asyncio.to_thread(called, site, "send auto_ack --to me@acme.test") == 0
    (mail,) = (message_from_bytes(raw, policy=SMTP) for raw in server.mails)
    assert (mail["Subject"], mail["To"]) == ("TEST Own 4812", "me@acme.test")
    assert "✓ sent to me@acme.test" in capsys.readouterr().out
