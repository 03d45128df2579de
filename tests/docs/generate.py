"""The pages that are made from the code: docs/cli.md, docs/settings.md, docs/rules.md, docs/lints.md, docs/commands.md.

Written anew by `pytest tests/docs --update-golden`; the diff is read.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise

import click
from pydantic import BaseModel

from gateway.cli.main import main
from gateway.config import ENV_PREFIX, OAuth, default_in, default_of, known_keys, model_of, packaged
from gateway.outgoing.render import Templates
from gateway.outgoing.sandbox import Budget as RenderBudget
from gateway.outgoing.templates import read_templates
from gateway.rules import reference
from gateway.ticket.command_table import COMMANDS

WIDTH = 100
_EXIT_CODES = (
    # code, meaning: spec of the command line
    (0, "done"),
    (1, "findings: errors in rules, failed tests, a database that is not as it should be; or the answer was no"),
    (2, "wrong use of the command line"),
    (3, "warnings alone, with `--strict`"),
    (4, "there is nothing of this name"),
    (5, "it is in a state that does not allow it, or somebody else was faster"),
    (6, "a daemon is needed, and there is none for this user"),
    (70, "an error of the program: report it"),
    (75, "not now: the same again in a moment"),
    (78, "the configuration, or the state of the database, forbids it: nothing will change by waiting"),
    (130, "interrupted"),
)


def cli_page() -> str:
    """docs/cli.md."""
    return "\n".join(_cli_lines()) + "\n"


def settings_page() -> str:
    """docs/settings.md."""
    return "\n".join(_settings_lines()) + "\n"


def rules_page() -> str:
    """docs/rules.md."""
    return "\n".join(reference.page()) + "\n"


def lints_page() -> str:
    """docs/lints.md."""
    return "\n".join(reference.lints_page()) + "\n"


def commands_page() -> str:
    """docs/commands.md."""
    return "\n".join(_command_lines()) + "\n"


_ON_COMMANDS = """\
Made from the code. Commands are the first lines of the new words of a mail, in plain text, each on a line of
its own, at most 20; the first other line begins the text. Case, accents and `. ! , ; :` at the end do not
matter. A command behind a list mark or in quotes is asked about.
Names are ids, addresses, or beginnings that only one has; times are `2d`, `3h`, `tomorrow`, `mon
9:00`, `2026-12-01 09:00`, by the clock of whoever writes; a day without a time begins at nine. Where a mail
is about no ticket, the numbers stand behind the command: `#solved 4812, 4809`. One mistake, and nothing is
done or sent: the mail waits, and its writer is asked. `#dry` in the first line tells what would happen.
Where `site.plus_addressing` is false a note is a reply that begins with `#note`.
"""
_ON_WORDS = """\
The text below them reaches the customer as it was set: bold and italic words, lists, headings, quotations,
small tables, links and pictures, as long as the HTML of the mail says what its plain part says; else, and in
notes, it is plain.
"""
_WHERE = {
    "reply": "in a reply to a ticket",
    "ticket": "in a reply; elsewhere with numbers",
    "any": "anywhere",
}


def _command_lines() -> Iterator[str]:
    templates = Templates(read_templates(packaged("templates")), {}, "en", lambda: RenderBudget(lambda: 0.0, 1, 1))
    languages = sorted(path.stem for path in (packaged("templates") / "_strings").iterdir())
    yield "# Commands by mail"
    yield ""
    for paragraph in (_ON_COMMANDS, _ON_WORDS):
        yield from textwrap.wrap(paragraph, 118, break_on_hyphens=False)
        yield ""
    yield "| command | other words | what | where | who |"
    yield "|---|---|---|---|---|"
    for info in COMMANDS.values():
        own = [templates.words(language).get(f"command_{info.name}", info.name) for language in languages]
        others = [word for word in dict.fromkeys((*info.aliases, *own)) if word != info.name]
        cells = (
            f"`{info.shape}`",
            " ".join(others),
            info.about(templates.words("en")),
            _WHERE[info.where],
            _who(info.roles),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _who(roles: tuple[str, ...]) -> str:
    more = [f"{role}s" if role == "auditor" else "light agents" for role in roles if role in ("light", "auditor")]
    return ", ".join(("agents", *more))


def commands(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, click.Context]]:
    """(full name, context) of a command and of all below it."""
    context = click.Context(
        command, parent, name, terminal_width=WIDTH, max_content_width=WIDTH, **command.context_settings
    )
    yield context.command_path, context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            child = command.get_command(context, below)
            assert child is not None
            yield from commands(child, context, below)


def _cli_lines() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "Made from the help of the commands. Results go to stdout, everything else to stderr. The options of"
    yield "`mailwicket` itself may stand before the noun or behind the verb. `--json` prints one object whose first key"
    yield "names its schema; within a number of a schema, keys are only added. Control characters of mail are escaped."
    yield ""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in _EXIT_CODES)
    yield ""
    yield "`deliver` has exit codes of its own: its help."
    for name, context in commands(main, None, "mailwicket"):
        yield ""
        yield f"{'#' * min(3, 1 + len(name.split()))} {name}"
        yield ""
        yield "```"
        yield context.get_help()
        yield "```"


@cache
def _classes(module: str) -> dict[str, list[ast.stmt]]:
    """Name -> what stands in it, of the classes of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}


def _help(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each key of a section in the code."""
    written = _classes(model.__module__)
    bodies = [written[made.__name__] for made in reversed(model.__mro__) if made.__module__ == model.__module__]
    return {
        key.target.id: " ".join(text.value.value.split())
        for body in bodies
        for key, text in pairwise(body)
        if isinstance(key, ast.AnnAssign) and isinstance(key.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _settings_lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Made from the code. What holds comes, later winning, from: the defaults below; `mailwicket.toml`;"
    yield f"`mailwicket.toml.d/*.toml`; variables `{ENV_PREFIX}<SECTION>__<KEY>`; options of the command line."
    yield "`mailwicket config show --origin` prints where each value comes from. A quantity carries its unit"
    yield '(`"25 MiB"`, `"60s"`). An unknown key is an error. A change needs a restart.'
    yield ""
    yield "A secret stands neither in the file nor in a variable, but where it is named:"
    yield '`{credential = "smtp-password"}` is a systemd credential, `{file = "/run/secrets/smtp-password"}` a file of'
    yield "mode 0600 or 0400 that belongs to the user of the daemon."
    yield from _section_lines(known_keys(), "## [{}]")
    yield from _section_lines(known_keys(repeated=True), "## [[{}]], as often as you like")


def _section_lines(known: Iterator[tuple[str, str]], head: str) -> Iterator[str]:
    for section, keys in groupby(known, key=lambda pair: pair[0]):
        yield ""
        yield head.format(section)
        yield ""
        yield "| key | default | what |"
        yield "|---|---|---|"
        for _, name in keys:
            yield _key_line(name, default_of(section, name), _help(model_of(section))[name])
            if (section, name) == ("imap", "oauth"):
                for below, text in _help(OAuth).items():
                    yield _key_line(f"{name}.{below}", default_in(OAuth, below), text)


def _key_line(name: str, default: str, text: str) -> str:
    shown = f"`{default}`" if default else "empty"
    return f"| `{name}` | {shown} | {text.replace('|', chr(92) + '|')} |"
