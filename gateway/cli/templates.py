"""`mailwicket templates`: the mails we write, looked at, checked, tried and made one's own."""

import asyncio
import difflib
import webbrowser
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import click

from gateway import policy
from gateway.cli.change import pair
from gateway.cli.context import settings_of
from gateway.cli.declare import TICKET, Group, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, TEMPORARY, USAGE, CommandError
from gateway.cli.output import Column, block, counted, print_json, print_lines, printable, table
from gateway.cli.template_letter import Wanted, canned_files, letter_of, unknown_template
from gateway.config import Settings, packaged
from gateway.errors import PermanentError
from gateway.message.address import path_address
from gateway.outgoing.compose import Letter
from gateway.outgoing.kinds import KINDS, kind_of
from gateway.outgoing.lint import findings
from gateway.outgoing.relay import relay_of
from gateway.outgoing.smtp import Connection, Delivered, deliver
from gateway.outgoing.templates import read_templates

_COLUMNS = (Column("Mail"), Column("To"), Column("Languages", least=12), Column("Own files", least=8))

language_option = click.option("--lang", metavar="L", help="In this language; else in that of the site.")
fixture_option = click.option("--fixture", default="plain", show_default=True, metavar="F", help="Made-up values.")
name_argument = click.argument("name", metavar="NAME")


@click.group(cls=Group, examples=("mailwicket templates list", "mailwicket templates preview auto_ack --lang pl"))
def templates() -> None:
    """Look at the mails we write; check them, try them, make them your own."""


@templates.command("list", examples=("mailwicket templates list", "mailwicket templates list --json"))
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, as_json: bool) -> None:
    """List all mails: to whom, in which languages, and which files of your own are in front of the packaged ones."""
    settings = settings_of(invocation)
    all_, own = policy.templates_of(settings, invocation.clock), _own(settings)
    rows: list[dict[str, Any]] = []
    for name, languages in sorted(all_.written.items()):
        mail = name.partition("/")[0]
        mine = sorted(path for path in own if path.startswith(f"{mail}/"))
        rows.append({"mail": name, "to": kind_of(mail).reader, "languages": sorted(languages), "own": mine})
    for name, tags in sorted(canned_files(all_.canned).items()):
        files = [f"{name}/{tag}.md" for tag in tags]
        rows.append({"mail": name, "to": "customer", "languages": tags, "own": files})
    if as_json:
        print_json("templates-list/1", {"templates": rows})
        return
    shown = ((r["mail"], r["to"], " ".join(r["languages"]), " ".join(r["own"]) or "—") for r in rows)
    print_lines(table(_COLUMNS, shown, invocation.columns()))


@templates.command("check", examples=("mailwicket templates check", "mailwicket templates check --lang pl"))
@click.option("--lang", metavar="L", help="One language; else all of the site.")
@json_option
@pass_invocation
def check(invocation: Invocation, lang: str | None, *, as_json: bool) -> None:
    """Render every mail with all made-up values, and say what is wrong with it; findings end with 1."""
    settings = settings_of(invocation)
    languages = (lang,) if lang else settings.site.languages
    found = list(findings(policy.templates_of(settings, invocation.clock), languages))
    if as_json:
        rows = [{"file": f.file, "fixture": f.fixture or None, "text": f.text} for f in found]
        print_json("templates-check/1", {"findings": rows})
    else:
        print_lines(f"✗ {printable(str(f), 400)}" for f in found)
        if not found:
            print_lines([f"✓ {counted(len(KINDS), 'mail')}, {lang or 'all languages'}: nothing is wrong"])
    if found:
        raise click.exceptions.Exit(FINDINGS)


@templates.command(
    "preview",
    examples=("mailwicket templates preview hold --lang de", "mailwicket templates preview digest --fixture items-22"),
)
@name_argument
@language_option
@fixture_option
@click.option("--ticket", type=TICKET, metavar="N", help="With what this ticket is about.")
@click.option("--with", "given", multiple=True, metavar="NAME=VALUE", help="A value for a canned reply.")
@click.option("--open", "form", flag_value="open", help="The HTML, in the browser.")
@click.option("--text", "form", flag_value="text", default=True, help="The text (also without any of these).")
@click.option("--headers", "form", flag_value="headers", help="The header.")
@click.option("--eml", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The mail, into a file.")
@pass_invocation
def preview(
    invocation: Invocation,
    name: str,
    lang: str | None,
    fixture: str,
    ticket: int | None,
    given: tuple[str, ...],
    form: str,
    eml: Path | None,
) -> None:
    """Print a mail as it would be sent; nothing is sent. A canned reply is snippets/NAME or answers/NAME."""
    wanted = Wanted(name, lang, fixture, ticket, dict(map(pair, given)))
    letter = letter_of(invocation, wanted)
    if eml is not None:
        eml.write_bytes(letter.raw)
        invocation.note(f"  {printable(str(eml), 4096)}")
    elif form == "headers":
        print_lines(block(letter.raw.partition(b"\r\n\r\n")[0].decode()).splitlines())
    elif form == "open":
        _open(_part(letter, "html"))
    else:
        subject = message_from_bytes(letter.raw, policy=SMTP)["Subject"]
        print_lines([f"Subject: {printable(str(subject), 400)}", ""])
        print_lines(block(_part(letter, "plain")).splitlines())


@templates.command(
    "send",
    examples=(
        "mailwicket templates send auto_ack --to me@acme.test --lang pl",
        "mailwicket templates send digest --to me@acme.test --fixture items-22",
    ),
)
@name_argument
@click.option("--to", "recipient", required=True, metavar="ADDR", help="Who gets it.")
@language_option
@fixture_option
@pass_invocation
def send(invocation: Invocation, name: str, recipient: str, lang: str | None, fixture: str) -> None:
    """Send one mail now, past the queue, with made-up values and “TEST” in its subject."""
    try:
        address = path_address(recipient, smtputf8=True)
    except PermanentError as e:
        raise CommandError(f"“{printable(recipient, 100)}” is no address", exit_code=USAGE) from e
    letter = letter_of(invocation, Wanted(name, lang, fixture, recipient=address), to_be_sent=True)
    connection = Connection(relay_of(settings_of(invocation)), invocation.clock)

    async def sent() -> Any:
        try:
            return await deliver(_Test(address, letter), connection, _yes)
        finally:
            await connection.close()

    result = asyncio.run(sent())
    if not isinstance(result, Delivered):
        raise CommandError("it was not sent", str(result), exit_code=TEMPORARY)
    print_lines([f"✓ sent to {printable(address)}: {printable(result.reply, 200)}"])


@templates.command("eject", examples=("mailwicket templates eject auto_ack", "mailwicket templates eject _strings"))
@name_argument
@pass_invocation
def eject(invocation: Invocation, name: str) -> None:
    """Copy the packaged files of a mail, `_strings` or `_layout` into your own folder; nothing there is overwritten."""
    folder = settings_of(invocation).paths.templates
    if folder is None:
        hint = "paths.templates in mailwicket.toml"
        raise CommandError("there is no folder of your own", hint=hint, exit_code=NOT_FOUND)
    files = {p: s for p, s in read_templates(packaged("templates")).items() if p.startswith((f"{name}/", f"{name}."))}
    if not files:
        raise unknown_template(name, read_templates(packaged("templates")))
    for path, source in files.items():
        target = folder / path
        if target.exists():
            invocation.note(f"  {path} is there already")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, "utf-8")
        print_lines([f"✓ {printable(str(target), 4096)}"])


@templates.command("diff", examples=("mailwicket templates diff", "mailwicket templates diff | less"))
@pass_invocation
def diff(invocation: Invocation) -> None:
    """Print how your own files differ from the packaged ones; those without a packaged one are named."""
    ours = read_templates(packaged("templates"))
    for path, source in _own(settings_of(invocation)).items():
        if path not in ours:
            print_lines([f"only yours: {path}"])
            continue
        before, after = ours[path].splitlines(), source.splitlines()
        lines = difflib.unified_diff(before, after, f"packaged/{path}", path, lineterm="")
        print_lines(printable(line, 400) for line in lines)


@templates.command("strings", examples=("mailwicket templates strings", "mailwicket templates strings --missing"))
@click.option("--missing", is_flag=True, help="Only what a language has not got.")
@json_option
@pass_invocation
def strings(invocation: Invocation, *, missing: bool, as_json: bool) -> None:
    """List the shared words of the mails, by language."""
    settings = settings_of(invocation)
    all_ = policy.templates_of(settings, invocation.clock)
    words = {
        language: dict.fromkeys(all_.missing_words(language), "") if missing else dict(all_.words(language))
        for language in settings.site.languages
    }
    if as_json:
        print_json("templates-strings/1", {"strings": words})
        return
    rows = ((language, word, text) for language, found in words.items() for word, text in found.items())
    print_lines(table((Column("Language"), Column("Word"), Column("Text", least=12)), rows, invocation.columns()))


class _Test:
    """A letter on its way past the queue; a report about it has nobody to tell."""

    reverse_path = None

    def __init__(self, forward_path: str, letter: Letter) -> None:
        self.forward_path, self.raw = forward_path, letter.raw


async def _yes() -> bool:
    return True


def _part(letter: Letter, kind: str) -> str:
    """One of the parts that every letter has."""
    part = message_from_bytes(letter.raw, policy=SMTP).get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _own(settings: Settings) -> dict[str, str]:
    """The files of the site."""
    return read_templates(settings.paths.templates) if settings.paths.templates else {}


def _open(html: str) -> None:
    with NamedTemporaryFile("w", suffix=".html", delete=False, encoding="utf-8") as file:
        file.write(html)
    webbrowser.open(Path(file.name).as_uri())
