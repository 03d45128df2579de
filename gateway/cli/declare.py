"""How a command is declared: the global options, the classes of nouns and verbs, the options that many have.

The global options are taken before the noun and behind the verb alike; they are shown by `mailwicket --help` alone.
Not here what they lead to (context.py): reading settings is slow, and `--help` should not wait for it.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from gateway.cli.late import late
from gateway.clock import Clock, SystemClock

_WIDTH = 120  # where there is no terminal


@dataclass(slots=True)
class Invocation:
    """One call of the command line, as the global options have it."""

    config: Path | None = None
    rules: Path | None = None
    quiet: bool = False
    verbose: int = 0
    color: bool | None = None  # None: as the terminal can
    width: int = 0  # columns; 0 is the terminal's
    clock: Clock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        """Aware UTC."""
        return self.clock.now()

    def columns(self) -> int:
        """How wide a table may be."""
        return self.width or shutil.get_terminal_size((_WIDTH, 24)).columns

    def note(self, text: str) -> None:
        """Tell a person what is no result: to stderr, unless -q."""
        if not self.quiet:
            click.echo(text, err=True)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; its first key names its schema.")
dry_run_option = click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")
as_option = click.option(
    "--as", "by", envvar="MAILWICKET_AGENT", metavar="AGENT", help="In the name of this agent (MAILWICKET_AGENT)."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, metavar="N", help="At most so many."
)


class Number(click.ParamType[int]):
    """A number with the mark that people write before it: #4812 or 4812."""

    name = "number"

    def __init__(self, noun: str, example: str) -> None:
        self._noun, self._example = noun, example
        self._mark = example.rstrip("0123456789")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Without its mark."""
        digits = str(value).removeprefix(self._mark)
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
            shown = str(value) if str(value).isprintable() else ascii(value)[1:-1]
            self.fail(f"“{shown[:40]}” is no {self._noun}, such as {self._example}.", param, ctx)
        return int(digits)


TICKET, LETTER, ENTRY = Number("ticket number", "#4812"), Number("outgoing mail", "q-912"), Number("entry", "e-17")


class Exemplified(click.Command):
    """A help that ends with real examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, one a line, as they are typed."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"  {example}\n")


class _Common(Exemplified):
    """Global options in any place."""

    hides_global_options = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(hidden=self.hides_global_options))


class Command(_Common):
    """A verb."""


class Group(_Common, click.Group):
    """A noun with its verbs.

    made_at  name -> `module:name` of verbs that are imported when they are called
    """

    command_class = Command

    def __init__(self, *args: Any, made_at: Mapping[str, str] = MappingProxyType({}), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made_at = made_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted((*self.commands, *self._made_at))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; None when there is none of this name."""
        if cmd_name not in self._made_at:
            return super().get_command(ctx, cmd_name)
        command: click.Command = late(self._made_at[cmd_name])
        return command


def global_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that every command takes; one given behind the verb wins over one before the noun."""

    def option(*names: str, **kwargs: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_keep, hidden=hidden, **kwargs)

    file = click.Path(path_type=Path)
    variables = (None,) * 3 if hidden else ("MAILWICKET_CONFIG", "MAILWICKET_RULES", "NO_COLOR")
    return [
        option("-c", "--config", type=file, envvar=variables[0], metavar="FILE", help="mailwicket.toml to use."),
        option("--rules", type=file, envvar=variables[1], metavar="FILE", help="rules.yaml to use."),
        option("-q", "--quiet", is_flag=True, help="Results and errors alone."),
        option("-v", "--verbose", count=True, help="More words; -vv shows tracebacks."),
        option("--no-color", flag_value="1", envvar=variables[2], help="No colours on a terminal (also NO_COLOR=1)."),
        option("--width", type=click.IntRange(40, 10_000), metavar="N", help="Columns of a table."),
    ]


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    name = param.name or ""
    if ctx.get_parameter_source(name) in (None, click.core.ParameterSource.DEFAULT):
        return
    if name == "no_color":
        ctx.color = ctx.ensure_object(Invocation).color = False  # contexts of commands inherit it
    else:
        setattr(ctx.ensure_object(Invocation), name, value)
