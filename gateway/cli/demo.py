"""`mailwicket demo`: a dozen and a half mails through a real gateway on this machine, and what became of each and why.

Nothing leaves the machine: what the gateway sends is caught. Everything made is in ./var/demo.
"""

import asyncio
import itertools
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from gateway.cli.context import config_file, settings_of
from gateway.cli.declare import Command, Invocation, pass_invocation
from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.logs import configure_logs
from gateway.cli.output import columns_of, cut, printable
from gateway.config import Log
from gateway.demo.agents import Worked, worked_on
from gateway.demo.cast import OF_AGENTS, SCENES
from gateway.demo.play import Play, Played
from gateway.demo.stage import FOLDER, Stage, clear, forbid

_SMTP_PORT = 2525
_WIDTH = 100  # columns of the table, on whatever terminal
_MAIL, _VIA, _BECAME, _WHERE, _OUT = 42, 4, 12, 16, 20
_IN_USE = 75
_TONE = {"ticket": "green", "entry": "cyan", "quarantine": "red", "refused": "red"}


class Seconds(click.ParamType[float]):
    """`6s`, `500ms`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        text = str(value)
        try:
            return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))
        except ValueError:
            self.fail(f"“{text}” is no time, such as 6s.", param, ctx)


@click.command("demo", cls=Command, examples=("mailwicket demo --once", "mailwicket demo --tempo 2s --smtp-port 2526"))
@click.option("--once", is_flag=True, help="Print the table and stop; exit 1 when a mail became something else.")
@click.option("--reset", is_flag=True, help="Forget what earlier demos left in ./var/demo.")
@click.option("--speed", type=click.FloatRange(1, 3600), default=60, show_default=True, help="Of the demo's clock.")
@click.option("--tempo", type=Seconds(), default="6s", show_default=True, help="Between two sample mails, later on.")
@click.option(
    "--smtp-port", type=click.IntRange(0, 65_535), help=f"On 127.0.0.1; {_SMTP_PORT}, with --once any free one."
)
@pass_invocation
def demo(invocation: Invocation, *, once: bool, reset: bool, speed: float, tempo: float, smtp_port: int | None) -> None:
    """Play a whole gateway on this machine: real SMTP, real mails, nothing leaves."""
    forbid(settings_of(invocation), config_file(invocation))
    if reset and not clear(FOLDER):
        raise CommandError(f"{FOLDER} is no folder of a demo", hint="remove it yourself", exit_code=FINDINGS)
    port = smtp_port if smtp_port is not None else 0 if once else _SMTP_PORT
    _check_port(port)
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (FOLDER / "gateway.log").open("a", encoding="utf-8") as log:
        configure_logs(Log(), log)  # the screen belongs to the table
        try:
            good = asyncio.run(_run(Stage(FOLDER, speed, port), once=once, tempo_s=tempo))
        except KeyboardInterrupt:
            click.echo(f"\n  Stopped. What was made stays in {FOLDER}; --reset forgets it.")
            good = True
    if not good:
        raise click.exceptions.Exit(FINDINGS)


async def _run(stage: Stage, *, once: bool, tempo_s: float) -> bool:
    """Whether everything became what it should; with rules of somebody's own, whatever became is right."""
    began = time.monotonic()
    async with stage:
        _print(_opening(stage, time.monotonic() - began))
        play, wrong = Play(stage), 0
        _print(_heading())
        async for played in play.scenes():
            wrong += bool(played.wrong)
            _print(_lines(played))
        number = play.number_of(OF_AGENTS)
        worked = await worked_on(stage, number) if number is not None else None
        wrong += worked is None or not worked.is_good
        _print(_closing(stage, await play.account(), worked, wrong))
        if once:
            return wrong == 0 or stage.own_rules
        click.echo(f"\n  Running. Write to 127.0.0.1:{stage.smtp_port}, or watch; a sample comes each {tempo_s:g} s.")
        click.echo("  Stop: Ctrl+C\n")
        async for played in play.others(tempo_s):
            _print(_lines(played))
    return True


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as e:
            other = port + 1 if port < 65_535 else 2526
            hint = f"mailwicket demo --smtp-port {other}, or: make demo SMTP_PORT={other}"
            raise CommandError(f"port {port} is used by another program", hint=hint, exit_code=_IN_USE) from e


def _opening(stage: Stage, seconds: float) -> Iterator[str]:
    ours = "yours, changed from the packaged ones" if stage.own_rules else "a copy of the packaged ones"
    yield ""
    yield click.style("  Mailwicket demo", bold=True) + " — nothing leaves this machine: every outgoing mail is caught."
    yield f"  gateway   up after {seconds:.1f} s, SMTP on 127.0.0.1:{stage.smtp_port}, database {FOLDER}/mailwicket.db"
    yield f"  rules     {FOLDER}/rules.yaml, {ours}"
    yield ""


def _heading() -> Iterator[str]:
    titles = (("Mail", _MAIL), ("Via", _VIA), ("Became", _BECAME), ("Team, priority", _WHERE), ("Mail out", _OUT))
    yield click.style("  " + " ".join(_fit(title, width) for title, width in titles).rstrip(), bold=True)
    yield "  " + "─" * (_WIDTH - 2)


def _lines(played: Played) -> Iterator[str]:
    """Two lines a mail: what became of it, and why."""
    ticket = played.ticket
    became = f"{played.became} #{ticket.number}" if ticket is not None else played.became
    where = f"{ticket.team}, {ticket.priority}" if ticket is not None else ""
    cells = (
        _fit(printable(played.about), _MAIL),
        _fit(played.via, _VIA),
        click.style(_fit(became, _BECAME), fg=_TONE.get(played.became)),
        _fit(where, _WHERE),
        click.style(cut(played.out, _OUT), fg="yellow" if played.out.startswith("no:") else None),
    )
    yield "  " + " ".join(cells)
    tags = f"  [{', '.join(ticket.tags)}]" if ticket is not None and ticket.tags else ""
    why = cut(printable(played.why), _WIDTH - 6 - len(tags))
    yield click.style(f"    └ {why}", dim=True) + click.style(tags, fg="magenta")
    for difference in played.wrong:
        yield click.style(f"    ! {printable(difference)}", fg="red")


def _closing(stage: Stage, account: Mapping[str, int], worked: Worked | None, wrong: int) -> Iterator[str]:
    ended = {name: number for name, number in account.items() if name not in ("received", "pending")}
    total = sum(ended.values()) + account["pending"]
    sign = "=" if total == account["received"] else "≠"
    if account["pending"]:
        ended["pending"] = account["pending"]
    parts = " + ".join(f"{number} {name}" for name, number in sorted(ended.items(), key=lambda e: -e[1]))
    yield "  " + "─" * (_WIDTH - 2)
    yield from _of_agents(worked)
    yield f"  Account   {account['received']} mails {sign} {parts}"
    yield f"  Caught    {len(stage.catcher.mails)} mails out, in {FOLDER}/caught/; what came in is in {FOLDER}/sent/"
    if wrong and stage.own_rules:
        yield f"  Rules     with yours, {wrong} of {len(SCENES)} mails became something else than with ours"
    elif wrong:
        yield click.style(f"  ✗ {wrong} of {len(SCENES)} mails became something else than they should", fg="red")
    command = f"{_program()} -c {FOLDER}/mailwicket.toml"
    tries = (
        ("why 1", "why Jan's refund is where it is"),
        ("ticket list", "what the desk has to do"),
        ("mail list", "every accepted mail, and how it ended"),
        ("queue list --suppressed", "whom the guard did not answer"),
        (f"rules explain {FOLDER}/sent/stranger.eml", ""),
    )
    yield ""
    yield click.style("  Try next", bold=True)
    wide = max(len(verb) for verb, what in tries if what)
    yield from (f"  {command} {verb:<{wide}}  {what and '# ' + what}".rstrip() for verb, what in tries)
    yield f"  Or change {FOLDER}/rules.yaml, and play again."


def _of_agents(worked: Worked | None) -> Iterator[str]:
    """What two agents did with a ticket, by mail."""
    if worked is None:
        yield "  Agents    were not told of the ticket that they were to work on"
        return
    number, kept = f"#{worked.ticket}", "none" if worked.kept else "some"
    yield f"  Agents    Piotr answered {number} by mail, made a note, wrote “#assign ana”; Ana answered with “#solved”"
    yield f"    └ {number} is {worked.status}, its customer got {worked.answers} answers and {kept} of the note's words"


def _program() -> str:
    """How this program is called from here."""
    called = Path(sys.argv[0])
    if (found := shutil.which("mailwicket")) is not None and Path(found).resolve() == called.resolve():
        return "mailwicket"
    here = Path.cwd()
    return str(called.relative_to(here)) if called.is_absolute() and called.is_relative_to(here) else str(called)


def _fit(text: str, width: int) -> str:
    shown = cut(text, width)
    return shown + " " * (width - columns_of(shown))


def _print(lines: Iterator[str]) -> None:
    for line in itertools.chain(lines):
        click.echo(line)
