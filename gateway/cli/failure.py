"""How a command ends: exit codes, and errors as one sentence what, one why, one next step.

Sources  operations: 0 ok, 1 findings, 2 usage, 3 warnings, 4 not found, 5 conflict, 6 daemon needed, 70 internal,
         75 temporary, 78 the configuration or the database forbids it; 130 interrupted (128 + SIGINT).
"""

import sys
import traceback

import click

from gateway.cli.output import block, printable
from gateway.errors import ConfigError, GatewayError, TransientError

FINDINGS, USAGE, NOT_FOUND, CONFLICT, INTERNAL, TEMPORARY, INTERRUPTED = 1, 2, 4, 5, 70, 75, 130


class CommandError(GatewayError):
    """A command cannot do what was asked."""

    def __init__(self, what: str, why: str = "", hint: str = "", *, exit_code: int) -> None:
        super().__init__(what)
        self.why, self.hint, self.exit_code = why, hint, exit_code


def exit_code_of(error: BaseException) -> int:
    """The exit code that a failure ends the command with."""
    match error:
        case click.exceptions.Exit() | click.ClickException():
            return error.exit_code
        case GatewayError():
            return error.exit_code
        case KeyboardInterrupt():
            return INTERRUPTED
        case click.Abort():
            return INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else FINDINGS
        case _:
            return INTERNAL


def tell(error: BaseException, verbose: int, color: bool | None) -> None:  # noqa: FBT001 -- None is a third word
    """Say on stderr what went wrong; verbose 1 adds the causes, 2 the traceback; color None is as the terminal can."""
    match error:
        case click.exceptions.Exit():
            return
        case click.ClickException():
            error.show(sys.stderr)
            return
        case KeyboardInterrupt() | click.Abort():
            click.echo("nothing more was done", err=True)
            return
        case ConfigError():
            for problem in error.problems:
                click.echo(block(str(problem)), err=True)
        case GatewayError():
            _three(error.text, *_why_and_hint(error), color)
        case _:
            words = f"internal error, {type(error).__name__}: {error}"
            _three(words, "", "the same command with -vv, and a report with its output", color)
    if verbose:
        _causes(error)
    if verbose > 1:
        click.echo(block("".join(traceback.format_exception(error))), err=True)


def _why_and_hint(error: GatewayError) -> tuple[str, str]:
    match error:
        case CommandError():
            return error.why, error.hint
        case TransientError():
            return "", "the same again in a moment; “mailwicket db status” tells of the store"
        case _:
            return "", ""


def _three(what: str, why: str, hint: str, color: bool | None) -> None:  # noqa: FBT001 -- as `tell`
    click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(what)}", err=True, color=color)
    if why:
        click.echo(f"  because {printable(why)}", err=True)
    if hint:
        click.echo(f"  next: {printable(hint)}", err=True)


def _causes(error: BaseException) -> None:
    cause = error.__cause__
    while cause is not None:
        first = str(getattr(cause, "orig", None) or cause).partition("\n")[0]
        click.echo(f"  caused by {type(cause).__name__}: {printable(first)}", err=True)
        cause = cause.__cause__
