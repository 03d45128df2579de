"""Which commands there are: the words for each, what stands behind it, who may give it, where it may stand.

Sources  agents-by-mail.md §4 (commands and aliases), §9 (light agents). English words stand here; those of the other
         languages are `command_NAME` of templates/_strings. Every word works in every mail, whatever its language.
Not here  what an argument may be (command_arguments.py), what a command does (operations/).
"""

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
    about: str
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


def _status(name: str, about: str, *aliases: str, sets: str = "") -> CommandInfo:
    return CommandInfo(name, "", _fixed(sets or name), about, aliases, status=True, does="status")


def _priority(name: str) -> CommandInfo:
    return CommandInfo(name, "", _fixed(name), f"priority {name}", does="priority")


def _query(name: str, argument: str, take: Take, about: str, *aliases: str, where: Where = "ticket") -> CommandInfo:
    return CommandInfo(name, argument, take, about, aliases, where, _ALL, query=True)


_TABLE = (
    _status("open", "status open", "reopen"),
    _status("pending", "status pending: the customer has to answer", "wait"),
    _status("hold", "status on_hold: somebody else has to do something", "onhold", sets="on_hold"),
    CommandInfo(
        "solved", "[REASON]", values.some_words,
        "status solved; the answer says so in its last line, without one the customer gets a notice",
        ("solve", "done", "resolved", "fixed"), status=True,
    ),
    CommandInfo("closed", "", values.nothing, "status closed; nobody is told", ("close",), status=True),
    CommandInfo("silent", "", values.nothing, "no automatic notice to the customer for this mail", ("quiet",)),
    CommandInfo("spam", "", values.nothing, "it is spam: no reply opens it again", ("junk",), status=True),
    CommandInfo("ham", "", values.nothing, "it is no spam: open again", ("notspam",), status=True),
    CommandInfo(
        "note", "", values.nothing, "the text is a note that no customer sees", ("n",), "reply", _WITH_LIGHT
    ),
    CommandInfo("assign", "WHO", values.agent_or_nobody, "make somebody the owner; `none` takes him away", ("owner",)),
    CommandInfo("mine", "", values.nothing, "make yourself the owner", ("take", "me")),
    CommandInfo("responsible", "WHO", values.agent_or_nobody, "who answers for it", ("resp",)),
    CommandInfo("team", "NAME", values.team, "give it to another team", ("move", "queue")),
    CommandInfo(
        "escalate", "[WHY]", values.some_words, "raise it one level, to whom its team escalates; the lead hears of it",
        ("esc",),
    ),
    CommandInfo("priority", "LEVEL", values.priority, "low, normal, high or urgent", ("prio", "p")),
    *map(_priority, ("urgent", "high", "normal", "low")),
    CommandInfo("tag", "a b", values.tags, "add tags; -b takes one away", ("tags",)),
    CommandInfo("untag", "a", values.tags_away, "take tags away", does="tag"),
    CommandInfo("set", "NAME=VALUE", values.fields, "set custom fields; `none` empties one", ("field",)),
    CommandInfo("due", "TIME", values.moment_or_nobody, "a due time set by hand; `none` takes it away"),
    CommandInfo(
        "snooze", "TIME", values.moment, "put it aside until then; a reply wakes it", ("until", "postpone", "defer"),
        status=True,
    ),
    CommandInfo("remind", "TIME [TEXT]", values.reminder, "a mail to yourself at that time"),
    CommandInfo("cc", "ADDR…", values.addresses, "let people take part", ("addcc",)),
    CommandInfo("uncc", "ADDR…", values.addresses, "they take part no longer", ("removecc",)),
    CommandInfo("follow", "", values.nothing, "hear of everything in it", ("watch",), roles=_WITH_LIGHT),
    CommandInfo("unfollow", "", values.nothing, "hear of it no longer", ("unwatch",), roles=_WITH_LIGHT),
    CommandInfo("customer", "ADDR", values.address, "change the customer; the old one goes on taking part",
                ("requester",)),
    CommandInfo("lang", "CODE", values.language, "language of mails to the customer", ("language",)),
    CommandInfo("macro", "NAME k=v", values.snippet, "insert a canned text here", ("canned",), "reply"),
    CommandInfo("use", "KB-12", values.article, "insert an article here", (), "reply"),
    CommandInfo("macro?", "NAME k=v", values.snippet, "mail yourself what it would be; nothing changes", ("preview",),
                "reply", query=True),
    CommandInfo("answer", "NAME k=v", values.snippet, "send a long canned answer with its files", (), "reply"),
    CommandInfo("merge", "N", values.ticket, "this ticket goes into N, once you confirmed", ("mergeinto",)),
    CommandInfo("split", "[e-17]", values.entry, "a mail of it (the newest) becomes a ticket of its own"),
    CommandInfo("link", "N [KIND]", values.related, "both belong together"),
    CommandInfo("relates", "N", values.related_as("related"), "both are related", does="link"),
    CommandInfo("causedby", "N", values.related_as("cause"), "N is its cause", does="link"),
    CommandInfo("blocks", "N", values.related_as("blocks"), "it blocks N", does="link"),
    CommandInfo("unlink", "N", values.related, "they do not belong together"),
    CommandInfo("internal", "TEAM", values.team, "the text becomes a ticket for that team, unseen by the customer", (),
                "reply"),
    CommandInfo("ask", "ADDR", values.address, "the text goes to that person; the answer comes back as a note", (),
                "reply"),
    CommandInfo("accept", "[e-17]", values.entry, "take a held message of somebody else into the ticket"),
    CommandInfo("reject", "[e-17]", values.entry, "refuse it: only agents ever see it"),
    CommandInfo("undo", "[u-318]", values.receipt, "take back your last commands, or those of a receipt; 24 hours", (),
                "any"),
    CommandInfo("dry", "", values.nothing, "in the first line: nothing happens, you are told what would", ("test",),
                "any", _ALL),
    CommandInfo("send", "[text|short|long]", values.sending, "send what was held; `in 10m`: send an answer later",
                ("yes",), "reply"),
    CommandInfo("discard", "", values.nothing, "do not send what was held", ("drop", "no"), "reply", _WITH_LIGHT),
    CommandInfo("confirm", "", values.nothing, "do what you were asked about", (), "reply"),
    _query("why", "[N]", values.some_ticket, "the stored reasons"),
    _query("history", "[N]", values.some_ticket, "who changed what, and when"),
    CommandInfo("original", "[N]", values.some_ticket, "the mail as it came, as a file", ("raw",), roles=_WITH_AUDITORS,
                query=True),
    _query("show", "[N]", values.some_ticket, "the ticket with all that was written"),
    _query("list", "[mine|team|breach|waiting|QUERY]", values.some_words, "tickets, with what can be done to each",
           "ls", where="any"),
    _query("search", "WORDS", values.words, "tickets of your teams with these words", "find", where="any"),
    CommandInfo("stats", "", values.nothing, "counts of today", (), "any", _WITH_AUDITORS, query=True),
    CommandInfo("away", "[until TIME] [cover WHO]", values.absence, "no new tickets for you until then", ("ooo",),
                "any"),
    CommandInfo("back", "", values.nothing, "you are there again", (), "any"),
    CommandInfo("digest", "on|off|HH:MM", values.on_or_at, "when your daily summary comes", (), "any", _ALL),
    CommandInfo("receipts", "all|failures", values.receipts, "which of your commands are answered", (), "any", _ALL),
    _query("help", "[COMMAND]", values.some_words, "this table", "commands", where="any"),
)  # fmt: skip
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
                own = replace(COMMANDS["open"], name=name, take=_fixed(name), about=f"status {name}", aliases=())
                found.setdefault(squeezed(name), own)
        self._found = found

    def find(self, word: str) -> CommandInfo | None:
        """What the word means, without its mark; None when it means nothing."""
        return self._found.get(squeezed(word))

    @property
    def words(self) -> Collection[str]:
        """All of them, squeezed."""
        return self._found.keys()
