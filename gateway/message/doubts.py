"""What in the identity of a mail should make a person look twice. It decides nothing; agents see it as flags.

Sources  RFC 5322 §3.6.2 (From, Sender, Reply-To), RFC 3834 §4, RFC 5890 §2.3.2.1 (A-labels), UTS 39 §5 (mixed scripts).
Not here  who the author is (address.py), what DMARC says (auth.py), what an author may do (ticket/thread.py).
"""

import re
import unicodedata
from collections.abc import Iterator

from gateway.message.address import domain_of, normal
from gateway.message.types import Auth, Mailbox, Message

_CONFUSED = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")  # scripts whose letters look like each other's
_WORD = re.compile(r"[^\W\d_]+")
_HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_MAX_NAME = 500


def doubts(message: Message, auth: Auth, agents: frozenset[str], agent_names: frozenset[str]) -> tuple[str, ...]:
    """The codes, in order, each once; empty for most mail.

    agents       their addresses, in normal form.  agent_names  as `shown_name` spells them
    """
    return tuple(dict.fromkeys(_doubts(message, auth, agents, agent_names)))


def shown_name(name: str) -> str:
    """A display name as the eye takes it: without case, width and characters that nobody sees."""
    return " ".join(_HIDDEN.sub("", unicodedata.normalize("NFKC", name[:_MAX_NAME])).casefold().split())


def _doubts(message: Message, auth: Auth, agents: frozenset[str], agent_names: frozenset[str]) -> Iterator[str]:
    if message.ambiguous_author:
        yield "ambiguous-author"
    if auth.dmarc == "fail":
        yield "dmarc-fail"
    author = message.author
    if author is None:
        return
    if normal(author.address) in agents:
        if not (auth.dmarc == "pass" or auth.aligned):
            yield "claims-agent"
    elif shown_name(author.name) in agent_names:
        yield "agent-name"
    yield from _of_spelling(author)
    if len(message.reply_to) > 1 or any(not _same_site(m, author) for m in message.reply_to):
        yield "reply-to-differs"
    if message.sender is not None and not _same_site(message.sender, author):
        yield "sender-differs"


def _of_spelling(author: Mailbox) -> Iterator[str]:
    local, _, domain = normal(author.address).rpartition("@")
    if "@" in author.name and normal(author.address) not in shown_name(author.name):
        yield "address-in-name"
    if _HIDDEN.search(author.name):
        yield "hidden-characters"
    labels = [_readable(label) for label in domain.split(".")]
    if labels != domain.split("."):
        yield "foreign-domain"
    if any(map(_mixed, [author.name[:_MAX_NAME], local, *labels])):
        yield "mixed-script"


def _same_site(other: Mailbox, author: Mailbox) -> bool:
    """Whether one domain is the other or lies in it."""
    one, two = domain_of(other.address), domain_of(author.address)
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")


def _readable(label: str) -> str:
    """An A-label as letters."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode().decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _mixed(text: str) -> bool:
    """Whether one word has letters of two scripts that look alike."""
    return any(len({s for c in word if (s := _script(c)) in _CONFUSED}) > 1 for word in _WORD.findall(text))


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
