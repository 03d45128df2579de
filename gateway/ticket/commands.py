"""What an agent's mail says: commands and text, or why it is held.

Sources  agents-by-mail.md §3, §5 (the reasons). Commands are the first lines of the new words of the plain text, each
         on a line of its own. Whatever could have been meant as a command and is none is never taken for words: the
         mail is held, and its writer decides.
         Nothing raises, whatever the mail holds; the time grows with its length alone.
Not here  which commands there are (command_table.py), what stands behind them (command_arguments.py), whether the
          writer is an agent, what they do (operations/).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from gateway.message.reply_html import split_html
from gateway.message.types import Message
from gateway.ticket.command_table import COMMANDS, MARK, CommandInfo, Vocabulary, squeezed
from gateway.ticket.command_values import Given, Value, Writer, Wrong, WrongValueError
from gateway.ticket.meant import meant

MOST = 20  # commands in a mail
_LONGEST = 1000  # characters of a command
_MOST_BELOW = 50  # known words of commands below a text that are read; more are no accident
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LOOKS_SO = re.compile(r"#[^\W\d_]")
_COMMAND = re.compile(r"#([^\W\d_][\w-]{0,63}\??)(?:[.!:,;…]*|[.!:,;…]*\s(.*))", re.DOTALL)
_AT_THE_END = re.compile(r"(?<=[^\s.!:,;…])[.!:,;…]+\Z")
_WITH_ANOTHER = ("merge", "link", "unlink", "relates", "causedby", "blocks")  # the last number is the other ticket
_NUMBER = "#?[1-9][0-9]{0,8}"
_AND = "&|and|und|oraz|i|a|e|и"
_NUMBERS = re.compile(
    rf"{_NUMBER}(?![^\s,;:])(?:(?:\s*[,;]\s*|\s+)(?:(?:{_AND})\s+)?{_NUMBER}(?![^\s,;:]))*[\s,;:]*", re.IGNORECASE
)

Code = Literal["unknown-command", "bad-value", "position", "html-only", "differs"]


@dataclass(frozen=True, slots=True)
class Written:
    """The new words of a mail, in both forms."""

    plain: str | None  # None: the mail has no plain text
    rich: str | None = None  # the new words of its HTML; None: it has none
    subject: str = ""  # read where the mail is about no ticket and says nothing else


def written_in(message: Message) -> Written:
    """What an agent wrote in a mail: above a forwarded mail, where there is one."""
    text = message.forward.comment if message.forward is not None else message.text
    if message.text_of_html:
        return Written(None, text, message.subject)
    rich = split_html(message.html).new if message.html and message.forward is None else None
    return Written(text, rich or None, message.subject)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do. `numbers` are the tickets that it names itself; empty is the one that the mail is about."""

    name: str  # of the command that is carried out
    value: Value
    line: int  # of the new words, from 1
    written: str  # as it stands there
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Orders:
    """All is understood: what is to be done, in order, and the words for whoever reads the ticket."""

    commands: tuple[Command, ...]
    text: str

    def has(self, name: str) -> bool:
        """Whether a command is among them."""
        return any(command.name == name for command in self.commands)


@dataclass(frozen=True, slots=True)
class Refused:
    """The mail is held: nothing in it is done, nothing of it is sent."""

    code: Code
    line: int  # of the new words, from 1
    written: str  # as it stands there
    wrong: Wrong
    maybe: str | None = None  # the line as it was perhaps meant
    corrected: str | None = None  # all new words as they were perhaps meant, to be read again; None: nobody can know
    below: str = ""  # what stands behind a command for words, and belongs to them


@dataclass(frozen=True, slots=True)
class _Line:
    number: int  # from 1
    text: str  # stripped


def read_commands(
    mail: Written, writer: Writer, vocabulary: Vocabulary, *, about_ticket: bool, queries_only: bool = False
) -> Orders | Refused:
    """What the mail says.

    about_ticket  whether it came to an address of one ticket; else commands name theirs
    queries_only  whether nothing may be changed by it
    """
    if mail.plain is None:
        return _rich_alone(mail.rich or "", vocabulary)
    text = mail.plain
    if not about_ticket and not text.strip() and _looks_so(mail.subject):
        text = mail.subject
    lines = _lines(text)
    top, end = _top(lines)
    if mail.rich is not None and text is mail.plain and (odd := _difference(top, mail.rich)) is not None:
        return Refused("differs", odd.number, odd.text, Wrong("differs"), corrected=text)
    below = "\n".join(text.split("\n")[end:]).strip("\n")
    if len(top) > MOST:
        return Refused("bad-value", top[MOST].number, top[MOST].text, Wrong("many", (("most", str(MOST)),)))
    reader = _Reader(writer, vocabulary, about_ticket=about_ticket, queries_only=queries_only)
    commands: list[Command] = []
    for line in top:
        found = reader.read(line, first=line is top[0])
        if isinstance(found, Refused):
            return replace(found, corrected=_corrected(text, found, end))
        commands.append(found)
    if (clash := _two_statuses(commands)) is not None:
        return clash
    return _misplaced(text, lines, end, reader) or Orders(tuple(commands), below)


def of_one_ticket(orders: Orders) -> tuple[int, str] | None:
    """The one ticket that the commands of a mail name themselves, and its words as they would stand in a reply to it.

    None where they name several, or none.
    """
    numbers = {number for command in orders.commands for number in command.numbers}
    if len(numbers) != 1:
        return None
    return numbers.pop(), "\n".join((*map(_unnumbered, orders.commands), "", orders.text))


def _unnumbered(command: Command) -> str:
    """As it would be written where its mail names the ticket."""
    word, _, rest = command.written.partition(" ")
    found = _NUMBERS.match(rest) if command.numbers else None
    if found is None:
        return command.written
    named = _numbers_in(found[0])[-1:] if command.name in _WITH_ANOTHER else []
    return " ".join((word, *named, rest[found.end() :])).strip()


def is_only_tried(mail: Written, vocabulary: Vocabulary) -> bool:
    """Whether nothing is to happen, whatever else stands there: the first line that says anything is `#dry` alone."""
    for line in _lines(mail.plain or "")[:1]:
        found = _COMMAND.fullmatch(line.text)
        info = vocabulary.find(found[1]) if found is not None and not (found[2] or "").strip() else None
        return info is not None and info.name == "dry"
    return False


def looks_like_a_command(text: str) -> bool:
    """Whether the first line that says anything begins as commands do."""
    return any(_looks_so(line.text) for line in _lines(text)[:1])


def _rich_alone(rich: str, vocabulary: Vocabulary) -> Orders | Refused:
    """HTML gives no commands: what looks like one is shown to its writer first."""
    lines = _lines(rich)
    for place, line in enumerate(lines):
        found = _COMMAND.fullmatch(line.text) if _looks_so(line.text) else None
        info = vocabulary.find(found[1]) if found is not None else None
        alone = found is not None and not (found[2] or "").strip()
        known = info is not None and (alone or info.argument or info.name == "note")
        if (place == 0 and _looks_so(line.text)) or known:
            return Refused("html-only", line.number, line.text, Wrong("html"), corrected=rich)
    return Orders((), rich.strip("\n"))


def _lines(text: str) -> list[_Line]:
    """The lines that say anything; blanks of every kind are one kind, and what nobody sees is not there."""
    seen = ((n, " ".join(_UNSEEN.sub("", line).split())) for n, line in enumerate(text.split("\n"), 1))
    return [_Line(n, line) for n, line in seen if line]


def _looks_so(text: str) -> bool:
    return _LOOKS_SO.match(" ".join(_UNSEEN.sub("", text).split())) is not None


def _top(lines: Sequence[_Line]) -> tuple[list[_Line], int]:
    """The lines of the block of commands, and how many lines of the text it takes."""
    count = next((i for i, line in enumerate(lines) if not _looks_so(line.text)), len(lines))
    return list(lines[:count]), lines[count - 1].number if count else 0


def _difference(top: Sequence[_Line], rich: str) -> _Line | None:
    """The first command that one form of the mail has and the other has not; None when both say the same."""
    other, _ = _top(_lines(rich))
    for n in range(max(len(top), len(other))):
        one, two = top[n] if n < len(top) else None, other[n] if n < len(other) else None
        if one is None or two is None or one.text.casefold() != two.text.casefold():
            return one or two
    return None


def _two_statuses(commands: Sequence[Command]) -> Refused | None:
    """Two words for the status of one ticket."""
    setting = [command for command in commands if _sets_status(command)]
    for one, two in combinations(setting, 2):
        if one.numbers == two.numbers or set(one.numbers) & set(two.numbers):
            places = (("first", one.written), ("second", two.written))
            return Refused("bad-value", two.line, two.written, Wrong("two", places))
    return None


def _sets_status(command: Command) -> bool:
    return command.name == "status" or (command.name in COMMANDS and COMMANDS[command.name].status)


def _corrected(text: str, refused: Refused, end: int) -> str | None:
    """With the line as it was perhaps meant; `end` is how many lines the commands take."""
    if refused.maybe is None or (refused.wrong.word == "extra" and not refused.below):
        return None  # what else stands in the line would be lost
    lines = text.split("\n")
    lines[refused.line - 1] = refused.maybe
    return "\n".join((*lines[:end], *((refused.below,) if refused.below else ()), *lines[end:]))


def _misplaced(text: str, lines: Sequence[_Line], end: int, reader: "_Reader") -> Refused | None:
    """A command that stands below the words: it was meant, so it must not be sent as words."""
    below = [line for line in lines if line.number > end and _looks_so(line.text) and reader.knows(line)]
    found = [line for line in below[:_MOST_BELOW] if reader.understands(line)]
    wrong = [line for line in below[:_MOST_BELOW] if line not in found and not reader.may_be_words(line)]
    if wrong:  # `#note he lies`, `#assign bobby`: no customer is to read it
        return Refused("position", wrong[0].number, wrong[0].text, Wrong("position"))
    if len(below) > _MOST_BELOW:
        return Refused("position", below[_MOST_BELOW].number, below[_MOST_BELOW].text, Wrong("position"))
    if not found:
        return None
    moved = {line.number for line in found}
    rest = [line for n, line in enumerate(text.split("\n"), 1) if n > end and n not in moved]
    above = [*text.split("\n")[:end], *(line.text for line in found)]
    return Refused(
        "position", found[0].number, found[0].text, Wrong("position"),
        corrected="\n".join((*above, "", *rest)),
    )  # fmt: skip


class _Reader:
    """Reads one line after the other."""

    def __init__(self, writer: Writer, vocabulary: Vocabulary, *, about_ticket: bool, queries_only: bool) -> None:
        self._writer, self._vocabulary = writer, vocabulary
        self._about_ticket, self._queries_only = about_ticket, queries_only

    def knows(self, line: _Line) -> bool:
        """Whether it begins with the word of a command."""
        found = _COMMAND.fullmatch(line.text)
        return found is not None and self._vocabulary.find(found[1]) is not None

    def understands(self, line: _Line) -> bool:
        """Whether the line is a command and nothing else, wherever it stands."""
        return isinstance(self.read(line, first=True), Command)

    def may_be_words(self, line: _Line) -> bool:
        """Whether a line that begins with a command, and is none, is how people write: `#urgent things first`."""
        found = _COMMAND.fullmatch(line.text)
        info = self._vocabulary.find(found[1]) if found is not None else None
        return info is None or (info.name != "note" and not info.argument)

    def read(self, line: _Line, *, first: bool) -> Command | Refused:
        """The command of a line; `first`: whether it is the first of its mail."""
        found = _COMMAND.fullmatch(line.text)
        info = self._vocabulary.find(found[1]) if found is not None else None
        if len(line.text) > _LONGEST:
            return Refused("bad-value", line.number, line.text[:60], Wrong("long", (("most", str(_LONGEST)),)))
        if found is None or info is None:
            return self._unknown(line)
        if (wrong := self._against(info, first=first)) is not None:
            return Refused("bad-value", line.number, line.text, wrong)
        rest = _AT_THE_END.sub("", (found[2] or "").strip())
        try:
            numbers, rest = self._numbers(info, rest)
            _check_single(rest, info)
            value = info.take(Given(info.shown, info.argument, rest, self._writer))
        except WrongValueError as e:
            maybe = _maybe(info, e.candidates)
            return Refused(
                "bad-value", line.number, line.text, e.wrong, maybe, below=rest if info.name == "note" else ""
            )
        return Command(info.does or info.name, value, line.number, line.text, numbers)

    def _against(self, info: CommandInfo, *, first: bool) -> Wrong | None:
        """Why this command may not stand here at all."""
        command = (("command", info.shown),)
        if self._writer.agent.role not in info.roles:
            return Wrong("role", (*command, ("role", self._writer.agent.role)))
        if self._queries_only and not info.query:
            return Wrong("queries", command)
        if info.where == "reply" and not self._about_ticket:
            return Wrong("reply", command)
        if info.name == "dry" and not first:
            return Wrong("dry", command)
        return None

    def _numbers(self, info: CommandInfo, rest: str) -> tuple[tuple[int, ...], str]:
        """The tickets that a command names itself, where its mail names none, and what stands behind them.

        Raises  WrongValueError  there are none
        """
        if self._about_ticket or info.where != "ticket":
            return (), rest
        found = _NUMBERS.match(rest)
        named = _numbers_in(found[0]) if found is not None else []
        behind = rest[found.end() :] if found is not None else rest
        if info.name in _WITH_ANOTHER and named:
            behind = f"{named.pop()} {behind}".strip()
        if not named and info.name == "remind":  # of whatever he likes
            return (), rest
        if not named:
            raise WrongValueError(Wrong("ticket", (("command", f"{info.shown} 4812 {info.argument}".strip()),)))
        return ((), rest) if info.query else (tuple(dict.fromkeys(map(int, named))), behind)

    def _unknown(self, line: _Line) -> Refused:
        word = re.split(r"[\s.!:,]", line.text[1:65], maxsplit=1)[0]
        near = [self._vocabulary.find(each) for each in meant(squeezed(word), self._vocabulary.words)]
        infos = list(dict.fromkeys(info.shown for info in near if info is not None))
        rest = line.text[1 + len(word) :].strip()
        wrong = Wrong("unknown", (("word", MARK + word),))
        maybe = f"{infos[0]} {rest}".strip() if infos and len(line.text) <= _LONGEST else None
        return Refused("unknown-command", line.number, line.text[:_LONGEST], wrong, maybe)


def _numbers_in(text: str) -> list[str]:
    return re.findall("[0-9]+", text)


def _check_single(rest: str, info: CommandInfo) -> None:
    """One command a line.

    Raises  WrongValueError  another one stands behind it
    """
    if re.search(r"(?:\A|\s)#[^\W\d_]", rest):
        raise WrongValueError(Wrong("line", (("command", info.shown),)))


def _maybe(info: CommandInfo, candidates: tuple[str, ...]) -> str | None:
    """The line with the one value that can have been meant."""
    if len(candidates) != 1:
        return None
    return candidates[0] if candidates[0].startswith(MARK) else f"{info.shown} {candidates[0]}"
