"""`mailwicket ticket new | reply | note | accept`: words in a ticket, for the customer or for our own people."""

from pathlib import Path

import click

from gateway.cli.change import Asked, asking, words
from gateway.cli.declare import ENTRY, TICKET, Command
from gateway.operations.answers import Answer, Note
from gateway.operations.tickets import Accept, NewTicket

file_option = click.option(
    "-F", "--file", type=click.Path(path_type=Path), metavar="FILE", help="The words are in a file."
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
        "mailwicket ticket reply 4812 'The refund was ordered today.' --as ana",
        "mailwicket ticket reply 4812 --status solved --file answer.txt",
    ),
)
@click.argument("number", type=TICKET)
@click.argument("text", required=False)
@click.option("--status", metavar="S", help="The status afterwards; else “after_reply” of the rules.")
@click.option("--note", is_flag=True, help="For our own people, as “ticket note”.")
@file_option
@asking
def reply(asked: Asked, number: int, text: str | None, status: str | None, *, note: bool, file: Path | None) -> None:
    """Answer the customer: a mail to everybody who takes part, each into his own thread.

    The words are TEXT, a file, or what comes on stdin. --dry-run tells to whom they would go.
    """
    if note:
        asked.have_done("ticket.note", Note(number, words(text, file), asked.by))
    else:
        asked.have_done("ticket.answer", Answer(number, words(text, file), status, asked.by))


@click.command(
    "note",
    cls=Command,
    examples=(
        "mailwicket ticket note 4812 'Called back, no answer.' --as ana",
        "mailwicket ticket note 4812 < log.txt",
    ),
)
@click.argument("number", type=TICKET)
@click.argument("text", required=False)
@file_option
@asking
def note(asked: Asked, number: int, text: str | None, file: Path | None) -> None:
    """Write something down that no customer sees.

    The words are TEXT, a file, or what comes on stdin.
    """
    asked.have_done("ticket.note", Note(number, words(text, file), asked.by))


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
