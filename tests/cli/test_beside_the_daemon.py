"""Commands beside a running gateway, on each database: they read what it does, and it does what they ask."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.logs import configure_logs
from gateway.cli.main import run
from gateway.clock import SystemClock
from gateway.config import Log, Settings
from tests.cli.desk import RULES, write_config
from tests.running import Gateway, mail


@pytest.fixture(autouse=True)
def _log_apart(logged: io.StringIO) -> None:
    """The gateway runs in this process; what it logs is no output of a command."""
    configure_logs(Log(), logged)


@pytest.fixture
def config(tmp_path: Path, settings: Settings) -> Path:
    return write_config(tmp_path, settings)


async def command(config: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Sequence[str]:
    """The lines that a command prints."""
    capsys.readouterr()
    invocation = Invocation(config=config, width=120, clock=SystemClock())
    assert await asyncio.to_thread(run, list(words), invocation) == code
    return capsys.readouterr().out.splitlines()


async def test_a_dropped_mail_is_released_and_becomes_a_ticket(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Gateway(settings, RULES) as gateway:
        await gateway.send(mail("Offers", List_Id="News <news.list.test>", Message_ID="<n1@list.test>"))
        assert await gateway.quiet() == {"received": 1, "pending": 0, "record": 1}
        assert await command(config, capsys, "mail", "release", "m-1") == [
            "✓ m-1  goes through: no rule of “received” is asked again; it was record (newsletter)"
        ]
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}
        account = json.loads("\n".join(await command(config, capsys, "account", "--json")))
        assert (account["received"], account["ticket"], account["record"]) == (1, 1, 0)
        shown = "\n".join(await command(config, capsys, "why", "1"))
        assert "keep-newsletters" not in shown.partition("other events")[0]
        (said,) = await command(config, capsys, "mail", "replay", "m-1", code=5)
        assert said == "✗ m-1  it made an entry in ticket 1 already, and one mail makes one entry"


async def test_a_replayed_mail_is_judged_by_the_rules_of_today(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Gateway(settings, RULES) as gateway:
        await gateway.send(mail("Offers", List_Id="News <news.list.test>", Message_ID="<n1@list.test>"))
        await gateway.quiet()
        rules = Path(settings.paths.state).parent / "rules.yaml"
        rules.write_text(RULES.replace("record: newsletter", "quarantine: newsletter"), "utf-8")
        await gateway.daemon.reload()
        await command(config, capsys, "mail", "replay", "m-1")
        numbers = await gateway.quiet()
        assert numbers["quarantine"] == 1
        lines = await command(config, capsys, "mail", "list", "--needs-attention")
        assert [line.split()[0] for line in lines] == ["ID", "m-1"]


async def test_a_replayed_record_is_threaded_again(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = RULES + "  - {id: keep-machines, on: received, when: {mail.is_auto_reply: true}, do: [{record: machine}]}\n"
    async with Gateway(settings, rules) as gateway:
        await gateway.send(mail(Message_ID="<a1@bigbank.test>"))
        await gateway.quiet()
        (sent,) = gateway.outbox()
        absent = mail("Away", Auto_Submitted="auto-replied", In_Reply_To=sent.message_id)
        await gateway.send(absent)
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 1, "record": 1}
        assert gateway.mails()[1].ticket == 1  # filed with the ticket it is about; that ticket is not its stub
        await command(config, capsys, "mail", "replay", "m-2")
        await gateway.quiet()
        shown = "\n".join(await command(config, capsys, "why", "m-2"))
        assert "references: a token made for jan@bigbank.test → ticket 1, trust: proven" in shown


async def test_a_failed_mail_is_sent_when_a_person_says_so(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["550 5.7.1 not today", "250 2.0.0 ok"]

    async def answer(*_arguments: object) -> str:
        return answers.pop(0)

    async with Gateway(settings, RULES) as gateway:
        monkeypatch.setattr(gateway.relay, "handle_DATA", answer)
        await gateway.send(mail("A question", "How do I get to the station from here, please?"))
        await gateway.quiet()
        lines = await command(config, capsys, "queue", "list", "--failed")
        assert "550 5.7.1 not today" in lines[1]
        assert await command(config, capsys, "queue", "retry", "q-1") == ["✓ q-1  is due now; it was failed"]
        await gateway.quiet()
        assert answers == []
        (said,) = await command(config, capsys, "queue", "drop", "-y", "q-1", code=5)
        assert said == "✗ q-1  it was sent already"
