"""Which commands there are: the words for each, what stands behind it, who may give it, where it may stand.

Sources  agents-by-mail.md §4 (commands and aliases), §9 (light agents). English words stand here; those of the other
         languages are `command_NAME` of templates/_strings, and what each does is `help_NAME`. Every word works in
         every mail, whatever its language.
Not here  what an argument may be (command_arguments.py), what a command does (operations/).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.message.fold import folded
from gateway.rules.statuses import OF_COMMANDS
from gateway.ticket import command_arguments as values
from gateway.ticket.command_arguments import Take
from gateway.ticket.command_values import Given, Value

Role = Literal["agent", "lead", "admin", "light", "auditor"]
Where = Literal["reply", "ticket", "any"]
MARK = "#"
LINE = re.compile(r"#([^\W\d_][\w-]{0,63}\??)(?:[.!:,;…]*|[.!:,;…]*\s(.*))", re.DOTALL)  # the word; what stands behind
INSERT = ("macro", "answer", "use")  # they say something that was written before
_WORKERS: tuple[Role, ...] = ("agent", "lead", "admin")
_WITH_LIGHT: tuple[Role, ...] = (*_WORKERS, "light")
_WITH_AUDITORS: tuple[Role, ...] = (*_WORKERS, "auditor")
_ALL: tuple[Role, ...] = (*_WITH_LIGHT, "auditor")


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """One command.

    where  reply: needs the mail that it stands in; ticket: is about a ticket, whose number it takes where a mail has
           none; any: is about no ticket
    """

    name: str
    argument: str  # as people read it; empty: nothing
    take: Take
    aliases: tuple[str, ...] = ()
    where: Where = "ticket"
    roles: tuple[Role, ...] = _WORKERS
    query: bool = False  # changes nothing, and is always answered
    status: bool = False  # sets the status: two of them contradict each other
    does: str = field(default="")  # the command that is carried out; empty is itself

    @property
    def shown(self) -> str:
        """As people write it."""
        return MARK + self.name

    def about(self, words: Mapping[str, str]) -> str:
        """What it does, in the strings of a language; a status of the site's own says it by its name."""
        return words.get(f"help_{self.name.replace('?', '_try')}", f"status {self.name}")

    @property
    def shape(self) -> str:
        """As people write it, with what stands behind it."""
        return f"{self.shown} {self.argument}".strip()


def _fixed(value: str) -> Take:
    """A command that says all by itself."""

    def take(given: Given) -> Value:
        values.nothing(given)
        return value

    return take


def _status(name: str, *aliases: str, sets: str = "") -> CommandInfo:
    return CommandInfo(name, "", _fixed(sets or name), aliases, status=True, does="status")


def _priority(name: str) -> CommandInfo:
    return CommandInfo(name, "", _fixed(name), does="priority")


def _query(name: str, argument: str, take: Take, *aliases: str, where: Where = "ticket") -> CommandInfo:
    return CommandInfo(name, argument, take, aliases, where, _ALL, query=True)


_TABLE = (
    _status("open", "reopen"),
    _status("pending", "wait"),
    _status("hold", "onhold", sets="on_hold"),
    CommandInfo("solved", "[REASON]", values.some_words, ("solve", "done", "resolved", "fixed"), status=True),
    CommandInfo("closed", "", values.nothing, ("close",), status=True),
    CommandInfo("silent", "", values.nothing, ("quiet",)),
    CommandInfo("spam", "", values.nothing, ("junk",), status=True),
    CommandInfo("ham", "", values.nothing, ("notspam",), status=True),
    CommandInfo("note", "", values.nothing, ("n",), "reply", _WITH_LIGHT),
    CommandInfo("assign", "WHO", values.agent_or_nobody, ("owner",)),
    CommandInfo("mine", "", values.nothing, ("take", "me")),
    CommandInfo("responsible", "WHO", values.agent_or_nobody, ("resp",)),
    CommandInfo("team", "NAME", values.team, ("move", "queue")),
    CommandInfo(
        "escalate",
        "[WHY]",
        values.some_words,
        ("esc",),
    ),
    CommandInfo("priority", "LEVEL", values.priority, ("prio", "p")),
    *map(_priority, ("urgent", "high", "normal", "low")),
    CommandInfo("tag", "a b", values.tags, ("tags",)),
    CommandInfo("untag", "a", values.tags_away, does="tag"),
    CommandInfo("set", "NAME=VALUE", values.fields, ("field",)),
    CommandInfo("due", "TIME", values.moment_or_nobody),
    CommandInfo(
        "snooze",
        "TIME",
        values.moment,
        ("until", "postpone", "defer"),
        status=True,
    ),
    CommandInfo("remind", "TIME [TEXT]", values.reminder),
    CommandInfo("cc", "ADDR…", values.addresses, ("addcc",)),
    CommandInfo("uncc", "ADDR…", values.addresses, ("removecc",)),
    CommandInfo("follow", "", values.nothing, ("watch",), roles=_WITH_LIGHT),
    CommandInfo("unfollow", "", values.nothing, ("unwatch",), roles=_WITH_LIGHT),
    CommandInfo("customer", "ADDR", values.address, ("requester",)),
    CommandInfo("lang", "CODE", values.language, ("language",)),
    CommandInfo("macro", "NAME k=v", values.snippet, ("canned",), "reply"),
    CommandInfo("use", "KB-12", values.article, where="reply"),
    CommandInfo("use?", "KB-12", values.article, where="reply", query=True),
    CommandInfo("macro?", "NAME k=v", values.snippet, ("preview",), "reply", query=True),
    CommandInfo("answer", "NAME k=v", values.snippet, where="reply"),
    CommandInfo("merge", "N", values.ticket, ("mergeinto",)),
    CommandInfo("split", "[e-17]", values.entry),
    CommandInfo("link", "N [KIND]", values.related),
    CommandInfo("relates", "N", values.related_as("related"), does="link"),
    CommandInfo("causedby", "N", values.related_as("cause"), does="link"),
    CommandInfo("blocks", "N", values.related_as("blocks"), does="link"),
    CommandInfo("unlink", "N", values.related),
    CommandInfo("internal", "TEAM", values.team, where="reply"),
    CommandInfo("ask", "ADDR", values.address, where="reply"),
    CommandInfo("accept", "[e-17]", values.entry),
    CommandInfo("reject", "[e-17]", values.entry),
    CommandInfo("undo", "[u-318]", values.receipt, where="any"),
    CommandInfo("dry", "", values.nothing, ("test",), "any", _ALL),
    CommandInfo("send", "[text|short|long]", values.sending, ("yes",), "reply"),
    CommandInfo("discard", "", values.nothing, ("drop", "no"), "reply", _WITH_LIGHT),
    CommandInfo("confirm", "", values.nothing, where="reply"),
    _query("why", "[N]", values.some_ticket),
    _query("history", "[N]", values.some_ticket),
    CommandInfo("original", "[N]", values.some_ticket, ("raw",), roles=_WITH_AUDITORS, query=True),
    _query("show", "[N]", values.some_ticket),
    _query("list", "[mine|team|breach|waiting|QUERY]", values.some_words, "ls", where="any"),
    _query("search", "WORDS", values.words, "find", where="any"),
    CommandInfo("stats", "", values.nothing, (), "any", _WITH_AUDITORS, query=True),
    CommandInfo("away", "[until TIME] [cover WHO]", values.absence, ("ooo",), "any"),
    CommandInfo("back", "[who=WHO]", values.presence, (), "any"),
    CommandInfo("digest", "on|off|HH:MM", values.on_or_at, (), "any", _ALL),
    CommandInfo("receipts", "all|failures", values.receipts, (), "any", _ALL),
    _query("help", "[COMMAND]", values.some_words, "commands", where="any"),
)
COMMANDS: Mapping[str, CommandInfo] = {info.name: info for info in _TABLE}


def squeezed(word: str) -> str:
    """A word as commands are compared: without case, accents, hyphens."""
    return folded(word).replace("-", "").replace("_", "")


class Vocabulary:
    """What each word means at a desk; the table's own words come first, so that no language takes one away."""

    def __init__(self, strings: Mapping[str, Mapping[str, str]], statuses: Collection[str]) -> None:
        """`strings`: the words of each language; `statuses`: the names that tickets of this desk can have."""
        found: dict[str, CommandInfo] = {}
        for info in _TABLE:
            for word in (info.name, *info.aliases):
                found.setdefault(squeezed(word), info)
        for words in strings.values():
            for info in _TABLE:
                for word in words.get(f"command_{info.name}", "").split(","):
                    found.setdefault(squeezed(word.strip()) or squeezed(info.name), info)
        for name in statuses:
            if name not in OF_COMMANDS:
                own = replace(COMMANDS["open"], name=name, take=_fixed(name), aliases=())
                found.setdefault(squeezed(name), own)
        self._found = found

    def find(self, word: str) -> CommandInfo | None:
        """What the word means, without its mark; None when it means nothing."""
        return self._found.get(squeezed(word))

    def named(self, line: str) -> CommandInfo | None:
        """The command that a line begins with; None where it begins with none."""
        found = LINE.fullmatch(" ".join(line.split()))
        return self.find(found[1]) if found is not None else None

    @property
    def words(self) -> Collection[str]:
        """All of them, squeezed."""
        return self._found.keys()
