"""`mailwicket ticket new | reply | note | file | accept`: words in a ticket, for the customer or for our own people."""

from pathlib import Path

import click

from gateway.cli.change import Asked, asking, attached, edited, pair, words
from gateway.cli.database import reading
from gateway.cli.declare import ENTRY, TICKET, Command, Invocation, pass_invocation
from gateway.cli.failure import NOT_FOUND, USAGE, CommandError
from gateway.cli.output import block, printable, stamp, write_octets
from gateway.operations.answers import Answer, Note
from gateway.operations.canned import Use
from gateway.operations.held_entries import Accept
from gateway.operations.tickets import NewTicket
from gateway.store.kept_files import kept
from gateway.store.tickets import entries, find_entry, find_ticket

file_option = click.option(
    "-F", "--file", type=click.Path(path_type=Path), metavar="FILE", help="The words are in a file."
)
attach_option = click.option(
    "--attach", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="A file that goes along."
)


@click.command(
    "new",
    cls=Command,
    examples=(
        "mailwicket ticket new --from jan@bigbank.test --subject 'Refund' < call.txt",
        "mailwicket ticket new --from jan@bigbank.test --subject Refund 'He called.' --as ana",
    ),
)
@click.argument("text", required=False)
@click.option("--from", "author", required=True, metavar="ADDR", help="Address of the customer.")
@click.option("--name", default="", metavar="NAME", help="Name of the customer.")
@click.option("--subject", required=True, metavar="S", help="What it is about.")
@click.option("--team", metavar="T", help="The team whose ticket it is; else that of the defaults.")
@file_option
@asking
def new(
    asked: Asked, text: str | None, author: str, name: str, subject: str, team: str | None, file: Path | None
) -> None:
    """Open a ticket for somebody who called, or came by; no mail is sent.

    The words are TEXT, a file, or what comes on stdin.
    """
    wanted = NewTicket(author, subject, words(text, file), name, team, asked.by)
    asked.have_done("ticket.new", wanted)


@click.command(
    "reply",
    cls=Command,
    examples=(
        "mailwicket ticket reply 4812 'The refund was ordered today.' --attach invoice.pdf --status solved",
        "mailwicket ticket reply 4812 --macro refund-ok --with amount=129.50 --as ana",
    ),
)
@click.argument("number", type=TICKET)
@click.argument("text", required=False)
@click.option("--status", metavar="S", help="The status afterwards; else “after_reply” of the rules.")
@click.option("--note", is_flag=True, help="For our own people, as “ticket note”.")
@click.option("--edit", is_flag=True, help="Write in $EDITOR, the customer's words below.")
@attach_option
@click.option("--macro", multiple=True, metavar="NAME", help="A canned reply: a snippet, or a whole answer.")
@click.option("--with", "given", multiple=True, metavar="NAME=VALUE", help="A value for the canned reply.")
@click.option("--use", multiple=True, metavar="KB-12", help="A knowledge article.")
@file_option
@asking
def reply(
    asked: Asked,
    number: int,
    text: str | None,
    status: str | None,
    *,
    note: bool,
    edit: bool,
    attach: tuple[Path, ...],
    macro: tuple[str, ...],
    given: tuple[str, ...],
    use: tuple[str, ...],
    file: Path | None,
) -> None:
    """Answer the customer: a mail to everybody who takes part, each into his own thread.

    The words are TEXT, a file, what comes on stdin, or what an editor saves; with --macro or --use there need be
    none, else a snippet or an article stands above them and a whole answer below. --dry-run tells to whom they go.
    """
    if note and (status or macro):
        raise CommandError("a note takes no canned reply and sets no status", hint="leave --note out", exit_code=USAGE)
    articles = tuple(Use(id, kind="article") for id in use)
    canned = (*(Use(name, tuple(map(pair, given))) for name in macro), *articles)
    files = attached(attach)
    if edit:
        begun = words(text, file) if text or file else ""
        said = edited(begun, _last_words(asked, number))
    else:
        said = words(text, file) if text is not None or file or not canned else ""
    if note:
        asked.have_done("ticket.note", Note(number, said, asked.by, files, articles=articles))
    else:
        asked.have_done("ticket.answer", Answer(number, said, status, asked.by, files, canned))


def _last_words(asked: Asked, number: int) -> str:
    """What the customer wrote last, as a remark."""
    with reading(asked.invocation) as c:
        ticket, mails = find_ticket(c, number), [e for e in entries(c, number) if e.kind == "mail" and not e.held]
    if ticket is None:
        raise CommandError(f"there is no ticket {number}", hint="mailwicket ticket list", exit_code=NOT_FOUND)
    heading = f"#{number} {printable(ticket.subject)}"
    last = mails[-1] if mails else None
    who = f"{stamp(last.at)} {printable(str(last.author or 'somebody'))}:" if last else ""
    lines = (heading, who, "", *(block(last.text).splitlines() if last else ()))
    return "\n".join(f"# {line}".rstrip() for line in lines)


@click.command(
    "note",
    cls=Command,
    examples=(
        "mailwicket ticket note 4812 'Called back, no answer.' --as ana",
        "mailwicket ticket note 4812 'What the bank wrote.' --attach letter.pdf",
    ),
)
@click.argument("number", type=TICKET)
@click.argument("text", required=False)
@attach_option
@file_option
@asking
def note(asked: Asked, number: int, text: str | None, attach: tuple[Path, ...], file: Path | None) -> None:
    """Write something down that no customer sees.

    The words are TEXT, a file, or what comes on stdin. Files are kept with it (“ticket file”) and go to nobody.
    """
    asked.have_done("ticket.note", Note(number, words(text, file), asked.by, attached(attach)))


@click.command(
    "file",
    cls=Command,
    examples=("mailwicket ticket file e-17 > letter.pdf", "mailwicket ticket file e-17 letter.pdf > letter.pdf"),
)
@click.argument("entry", type=ENTRY)
@click.argument("name", required=False)
@pass_invocation
def file_command(invocation: Invocation, entry: int, name: str | None) -> None:
    """Print the octets of a file that goes with a note; NAME where it has several.

    On a terminal control characters are escaped; into a file or a pipe every byte is exact.
    """
    with reading(invocation) as c:
        found = find_entry(c, entry)
        if found is None:
            raise CommandError(
                f"there is no entry e-{entry}", hint="mailwicket ticket show NUMBER", exit_code=NOT_FOUND
            )
        files = [each for each in found.attachments if name in (None, each.name, each.part)]
        if len(files) != 1:
            known = ", ".join(printable(each.name) for each in found.attachments) or "no file"
            raise CommandError(f"e-{entry} has {known}", hint="name one of its files", exit_code=NOT_FOUND)
        octets = kept(c, files[0].sha256) if found.kind == "note" else None
    if octets is None:
        hint = "mailwicket mail raw m-… or mailwicket queue show --raw q-…"
        raise CommandError(f"the file is in the mail of e-{entry}", hint=hint, exit_code=NOT_FOUND)
    write_octets((octets,))


@click.command(
    "accept",
    cls=Command,
    examples=("mailwicket ticket accept 4790", "mailwicket ticket accept 4790 --entry e-17 --as ana"),
)
@click.argument("number", type=TICKET)
@click.option("--entry", type=ENTRY, metavar="E", help="Which one, where several are held.")
@asking
def accept(asked: Asked, number: int, entry: int | None) -> None:
    """Take a held entry into its ticket; its writer takes part from then on.

    Held are the words of somebody who used the reply address that was made for somebody else.
    """
    asked.have_done("ticket.accept", Accept(number, entry, asked.by))
