"""G-06: rules are read and compiled in memory, then swapped; what is broken or half written changes nothing."""

import asyncio
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.config import Settings, packaged
from gateway.errors import ConfigError
from gateway.policy import RuleFile
from gateway.trial import tried
from tests.conftest import settings_in
from tests.processing import mail
from tests.running import RULES, Gateway

pytestmark = pytest.mark.p1
SHIPPED = packaged("rules.yaml").read_text("utf-8")


async def metric(gateway: Gateway, name: str) -> str:
    host, _, port = gateway.daemon.addresses["metrics"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return next(line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("end", ["defaults:", "billing: {address:", "any: [{subject:", "- name: An ordinary question"])
def test_G06_a_half_written_file_is_refused(end: str, tmp_path: Path) -> None:
    text = SHIPPED[: SHIPPED.index(end) + len(end)]
    with pytest.raises(ConfigError):
        tried(settings_in(tmp_path), RuleFile("rules.yaml", text, tmp_path), SystemClock(), tests=True)


def test_G06_a_template_that_names_what_nobody_says_is_refused(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    folder = tmp_path / "templates"
    (folder / "auto_ack").mkdir(parents=True)
    (folder / "auto_ack" / "en.md.j2").write_text('---\nsubject: "Hello"\npreheader: "x"\n---\n{{ nobody }}\n')
    settings = settings.model_copy(update={"paths": settings.paths.model_copy(update={"templates": folder})})
    with pytest.raises(ConfigError, match="nobody"):
        tried(settings, RuleFile("rules.yaml", SHIPPED, tmp_path), SystemClock(), tests=True)


def test_G06_an_article_that_is_wrong_is_refused_at_a_reload_and_left_out_at_a_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for name, text in (("KB-1", "---\ntitle: X\nvisibility: public\n---\nx"), ("KB-2", "---\ntitle: X\n---\nx")):
        (tmp_path / "kb" / name).mkdir(parents=True)
        (tmp_path / "kb" / name / "en.md").write_text(text)
    settings = settings.model_copy(update={"paths": settings.paths.model_copy(update={"kb": tmp_path / "kb"})})
    file = RuleFile("rules.yaml", SHIPPED, tmp_path)
    with pytest.raises(ConfigError, match=r"KB-2/en\.md:1: error C010: visibility: one of"):
        tried(settings, file, SystemClock(), tests=True)
    _, templates = tried(settings, file, SystemClock(), tests=False)
    assert templates.articles.ids == ("KB-1",)


async def test_G06_a_bad_reload_keeps_the_old_and_says_so_until_a_good_one(tmp_path: Path) -> None:
    settings: Settings = settings_in(tmp_path)
    http = settings.http.model_copy(update={"metrics_listen": "127.0.0.1:0"})
    async with Gateway(settings.model_copy(update={"http": http})) as gateway:
        file = tmp_path / "rules.yaml"
        file.write_text(RULES.replace("team: support", "team: suport"))
        assert await gateway.daemon.reload() is not None
        assert (gateway.daemon.revision, await metric(gateway, "mailwicket_config_stale")) == (1, "1.0")
        await gateway.send(mail("Jan <jan@bigbank.test>", "Zwrot"))
        await gateway.quiet()
        assert (gateway.tickets()[0].team, await metric(gateway, "mailwicket_mail_received_total")) == (
            "support",
            "1.0",
        )
        file.write_text(RULES)
        assert await gateway.daemon.reload() is None
        assert await metric(gateway, "mailwicket_config_stale") == "0.0"
