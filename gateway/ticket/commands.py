"""What an agent's mail says: commands and text, or why it is held.

Sources  agents-by-mail.md §3, §5 (the reasons). Commands are the first lines of the new words of the plain text, each
         on a line of its own. Whatever could have been meant as a command and is none is never taken for words: the
         mail is held, and its writer decides.
         Nothing raises, whatever the mail holds; the time grows with its length alone.
Not here  which commands there are (command_table.py), what stands behind them (command_arguments.py), what programs
          put around them (decorated.py), whether the writer is an agent, what they do (operations/).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from gateway.message.reply_html import split_html
from gateway.message.types import Message
from gateway.ticket.command_table import COMMANDS, LINE, MARK, CommandInfo, Vocabulary, squeezed
from gateway.ticket.command_values import Given, Value, Writer, Wrong, WrongValueError
from gateway.ticket.decorated import undecorated
from gateway.ticket.meant import meant

MOST = 20  # commands in a mail
_LONGEST = 1000  # characters of a command
_MOST_BELOW = 50  # known words of commands below a text that are read; more are no accident
_MOST_ROUNDS = 4  # of what was perhaps meant: that may be wrong again
_MOST_PIECES = 3  # of a word that blanks stand in
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LOOKS_SO = re.compile(r"#[^\W\d_]")
_AT_THE_END = re.compile(r"(?<=[^\s.!:,;…])[.!:,;…]+\Z")
_WITH_ANOTHER = ("merge", "link", "unlink", "relates", "causedby", "blocks")  # the last number is the other ticket
_NUMBER = "#?[1-9][0-9]{0,8}"
_AND = "&|and|und|oraz|i|a|e|и"
_JOINTS = ",;/+…"  # what else stands between two commands
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
    maybe: str | None = None  # the line as it was perhaps meant, be it as several
    corrected: str | None = None  # all new words as they would be done; None: nobody can know
    below: str = ""  # what stands behind a command for words, and belongs to them
    others: tuple["Refused", ...] = ()  # what else is wrong


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
    reader = _Reader(writer, vocabulary, about_ticket=about_ticket, queries_only=queries_only)
    found: Orders | Refused
    if mail.plain is None:
        found = _rich_alone(mail.rich or "", reader)
    else:
        text = mail.plain
        if not about_ticket and not text.strip() and _looks_so(mail.subject):
            text = mail.subject
        found = _differing(text, mail.rich if text is mail.plain else None, reader) or _read(text, reader)
    if isinstance(found, Orders):
        return found
    if found.code in ("html-only", "differs") and isinstance(more := _read(found.corrected or "", reader), Refused):
        found = replace(found, others=(replace(more, others=()), *more.others))
    return replace(found, corrected=_passing(found.corrected, reader))


def _passing(text: str | None, reader: "_Reader") -> str | None:
    """The words, or what is made of them, if all of them would be done: only that is offered."""
    for _ in range(_MOST_ROUNDS):
        found = _read(text, reader) if text is not None else None
        if not isinstance(found, Refused):
            return text
        text = found.corrected
    return None


def _read(text: str, reader: "_Reader") -> Orders | Refused:
    """What the words say; everything that is wrong with them is told at once."""
    lines = _lines(text)
    top, end = _top(lines)
    if len(top) > MOST:
        return Refused("bad-value", top[MOST].number, top[MOST].text, Wrong("many", (("most", str(MOST)),)))
    found = [reader.mended(line, first=line is top[0]) for line in top]
    commands = tuple(each for each in found if isinstance(each, Command))
    mistakes = [each for each in found if isinstance(each, Refused)]
    clash = _two_statuses(commands)
    above, rest, misplaced = _misplaced(text, lines, end, reader)
    wrong: tuple[Refused, ...] = (*mistakes, *((clash,) if clash is not None else ()), *misplaced)
    if not wrong:
        return Orders(commands, "\n".join(text.split("\n")[end:]).strip("\n"))
    code: Code = next((each.code for each in wrong if each.code == "bad-value"), wrong[0].code)
    sure = clash is None and above is not None and all(each.corrected is not None for each in mistakes)
    corrected = "\n".join((*_mended_top(text, end, mistakes), *(above or ()), *rest)) if sure else None
    return replace(wrong[0], code=code, corrected=corrected, others=wrong[1:])


def _mended_top(text: str, end: int, mistakes: Sequence[Refused]) -> Iterator[str]:
    """The block of commands as it was perhaps meant, and the words that stood behind a command."""
    meant_so = {each.line: each.corrected or "" for each in mistakes}
    for n, line in enumerate(text.split("\n")[:end], 1):
        yield meant_so.get(n, line)
    yield from (each.below for each in mistakes if each.below)


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
        found, info = LINE.fullmatch(line.text), vocabulary.named(line.text)
        return found is not None and not found[2] and info is not None and info.name == "dry"
    return False


def looks_like_a_command(text: str) -> bool:
    """Whether the first line that says anything begins as commands do."""
    return any(_looks_so(line.text) for line in _lines(text)[:1])


def begins_with_a_command(text: str, vocabulary: Vocabulary) -> bool:
    """Whether the first line that says anything may be meant as a command, whatever a program put around it."""
    first = next((line for line in text.split("\n") if _seen(line)), "")
    return _looks_so(first) or _bare(first, vocabulary) is not None


def _rich_alone(rich: str, reader: "_Reader") -> Orders | Refused:
    """HTML gives no commands: what looks like one is shown to its writer first."""
    raw = rich.split("\n")
    for place, line in enumerate(_lines(rich)):
        if (place == 0 and _looks_so(line.text)) or reader.may_be_meant(raw[line.number - 1]):
            return Refused("html-only", line.number, line.text, Wrong("html"), corrected=rich)
    return Orders((), rich.strip("\n"))


def _differing(text: str, rich: str | None, reader: "_Reader") -> Refused | None:
    """The first command that one form of the mail has and the other has not; None when both say the same."""
    if rich is None:
        return None
    one, other = (_ordering(each, reader) for each in (text, rich))
    for n in range(max(len(one), len(other))):
        two = one[n] if n < len(one) else None, other[n] if n < len(other) else None
        if two[0] is None or two[1] is None or two[0].text.casefold() != two[1].text.casefold():
            odd = two[0] or two[1]
            return None if odd is None else Refused("differs", odd.number, odd.text, Wrong("differs"), corrected=text)
    return None


def _ordering(text: str, reader: "_Reader") -> list[_Line]:
    """The first lines that may be meant as commands, without what is around them."""
    raw, found = text.split("\n"), []
    for line in _lines(text):
        plain = line.text if _looks_so(line.text) else reader.plainly(raw[line.number - 1])
        if plain is None:
            break
        found.append(_Line(line.number, plain))
    return found


def _lines(text: str) -> list[_Line]:
    """The lines that say anything; blanks of every kind are one kind, and what nobody sees is not there."""
    return [_Line(n, seen) for n, line in enumerate(text.split("\n"), 1) if (seen := _seen(line))]


def _seen(line: str) -> str:
    return " ".join(_UNSEEN.sub("", line).split())


def _looks_so(text: str) -> bool:
    return _LOOKS_SO.match(_seen(text)) is not None


def _top(lines: Sequence[_Line]) -> tuple[list[_Line], int]:
    """The lines of the block of commands, and how many lines of the text it takes."""
    count = next((i for i, line in enumerate(lines) if not _looks_so(line.text)), len(lines))
    return list(lines[:count]), lines[count - 1].number if count else 0


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


def _misplaced(
    text: str, lines: Sequence[_Line], end: int, reader: "_Reader"
) -> tuple[list[str] | None, list[str], list[Refused]]:
    """Commands that stand below the words, or within what programs put around them: they are meant, and no words.

    Returns  (them as they stand in the first lines, None: nobody can know; the lines that are left; what is told)
    """
    raw = text.split("\n")
    below = [line for line in lines if line.number > end and reader.may_be_meant(raw[line.number - 1])]
    if len(below) > _MOST_BELOW:
        odd = below[_MOST_BELOW]
        return None, [], [Refused("position", odd.number, odd.text, Wrong("position"))]
    above: list[str] | None = []
    rest, told = {n: line for n, line in enumerate(raw, 1) if n > end}, []
    for line in below:
        plain = _Line(line.number, reader.plainly(raw[line.number - 1]) or line.text)
        found = reader.mended(plain, first=True)
        maybe = plain.text if plain.text != line.text else None
        if isinstance(found, Refused):
            maybe, right = found.maybe or maybe, found.corrected
            rest[line.number] = found.below
        else:
            right = plain.text
            del rest[line.number]
        above = [*above, right] if above is not None and right is not None else None
        told.append(Refused("position", line.number, line.text, Wrong("position"), maybe))
    return above, ["", *rest.values()] if above else list(rest.values()), told


class _Reader:
    """Reads one line after the other."""

    def __init__(self, writer: Writer, vocabulary: Vocabulary, *, about_ticket: bool, queries_only: bool) -> None:
        self._writer, self._vocabulary = writer, vocabulary
        self._about_ticket, self._queries_only = about_ticket, queries_only

    def plainly(self, raw: str) -> str | None:
        """A line that begins with the word of a command, without what is around it; None: it does not."""
        return _bare(raw, self._vocabulary)

    def may_be_meant(self, raw: str) -> bool:
        """Whether a line is a command, wherever it stands, and not how people write: `#urgent things first`."""
        plain = self.plainly(raw)
        info = self._vocabulary.named(plain or "")
        if plain is None or info is None:
            return False
        if " " not in plain or info.argument or info.name == "note":  # `#note he lies`, `#assign bobby`
            return True
        return isinstance(self.read(_Line(1, plain), first=True), Command)

    def mended(self, line: _Line, *, first: bool) -> Command | Refused:
        """As `read`; what is wrong with it has the lines that would be done in its place, where they are known."""
        found = self.read(line, first=first)
        if isinstance(found, Command):
            return found
        right = self._right(found, _MOST_ROUNDS, first=first)
        if right is not None:
            return replace(found, maybe=right, corrected=right)
        return replace(found, maybe=None) if found.maybe is not None and "\n" in found.maybe else found

    def _right(self, refused: Refused, rounds: int, *, first: bool) -> str | None:
        """The line as it was perhaps meant, be it as several, where it would be done; None: it would not."""
        loses_words = refused.wrong.word == "extra" and not refused.below
        if refused.maybe is None or loses_words or not rounds:
            return None
        right: list[str] = []
        for each in refused.maybe.split("\n"):
            leads = first and not right
            found = self.read(_Line(refused.line, each), first=leads)
            wrong = found if isinstance(found, Refused) and not found.below else None
            again = self._right(wrong, rounds - 1, first=leads) if wrong is not None else None
            if isinstance(found, Refused) and again is None:
                return None
            right.append(each if again is None else again)
        return "\n".join(right)

    def read(self, line: _Line, *, first: bool) -> Command | Refused:
        """The command of a line; `first`: whether it is the first of its mail."""
        found = LINE.fullmatch(line.text)
        info = self._vocabulary.named(line.text)
        if len(line.text) > _LONGEST:
            return Refused("bad-value", line.number, line.text[:60], Wrong("long", (("most", str(_LONGEST)),)))
        if found is None or info is None:
            return self._unknown(line)
        if (wrong := self._against(info, first=first)) is not None:
            return Refused("bad-value", line.number, line.text, wrong)
        rest = behind = _AT_THE_END.sub("", (found[2] or "").strip())
        try:
            numbers, rest = self._numbers(info, rest)
            _check_single(rest, info)
            value = info.take(Given(info.shown, info.argument, rest, self._writer))
        except WrongValueError as e:
            maybe = _apart(line.text) if e.wrong.word == "line" else _maybe(info, behind, rest, e)
            below = rest if info.name == "note" and e.wrong.word == "extra" else ""
            return Refused("bad-value", line.number, line.text, e.wrong, maybe, below=below)
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
        word = re.split(r"[\s.!:,;=…]", line.text[1:65], maxsplit=1)[0]
        wrong = Wrong("unknown", (("word", MARK + word),))
        maybe = next(self._perhaps(line.text, word), None) if len(line.text) <= _LONGEST else None
        return Refused("unknown-command", line.number, line.text[:_LONGEST], wrong, maybe)

    def _perhaps(self, text: str, word: str) -> Iterator[str]:
        """The line with a word that there is: behind another sign, of two pieces, near to what stands there."""
        if (plain := self.plainly(text)) is not None and plain != text:
            yield plain
        pieces = text[1:65].split(" ")
        for count in range(2, 1 + min(len(pieces), _MOST_PIECES)):
            if (info := self._vocabulary.find("".join(pieces[:count]))) is not None:
                yield " ".join((info.shown, *text[1:].split(" ")[count:]))
        for near in meant(squeezed(word), self._vocabulary.words):
            if (info := self._vocabulary.find(near)) is not None:
                yield f"{info.shown} {text[1 + len(word) :].lstrip(' .!:,;=…')}".strip()


def _bare(raw: str, vocabulary: Vocabulary) -> str | None:
    """A line that begins with the word of a command, without what is around it; None: it does not."""
    seen = _seen(raw)
    if vocabulary.named(seen) is not None:
        return seen
    plain = undecorated(raw)
    return plain if plain is not None and vocabulary.named(plain) is not None else None


def _numbers_in(text: str) -> list[str]:
    return re.findall("[0-9]+", text)


def _check_single(rest: str, info: CommandInfo) -> None:
    """One command a line.

    Raises  WrongValueError  another one stands behind it
    """
    if re.search(r"(?:\A|\s)#[^\W\d_]", rest):
        raise WrongValueError(Wrong("line", (("command", info.shown),)))


def _apart(text: str) -> str:
    """The commands of a line, each on a line of its own."""
    pieces = re.split(r"\s(?=#[^\W\d_])", text)
    return "\n".join(map(_without_joint, pieces))


def _without_joint(piece: str) -> str:
    words = piece.split(" ")
    while len(words) > 1 and (not words[-1].strip(_JOINTS) or words[-1].casefold() in _AND.split("|")):
        words.pop()
    return " ".join(words).rstrip(f"{_JOINTS} ")


def _maybe(info: CommandInfo, behind: str, rest: str, e: WrongValueError) -> str | None:
    """The line with the one value that can have been meant.

    behind  all that stands behind the command
    rest    that without the numbers of tickets
    """
    if len(e.candidates) != 1:
        return None
    (candidate,), numbers = e.candidates, behind[: len(behind) - len(rest)]
    if candidate.startswith(MARK):
        return f"{candidate} {numbers}".strip()
    word = dict(e.wrong.places).get("word", "")
    whole = re.compile(rf"(?<![^\s=]){re.escape(word)}(?!\S)")
    if "=" in candidate or len(whole.findall(rest)) != 1:
        return f"{info.shown} {numbers}{candidate}"
    return f"{info.shown} {numbers}{whole.sub(lambda _: candidate, rest)}"
