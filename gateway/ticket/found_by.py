"""Which words a ticket is found by: one folded column for the ticket itself and one for each entry.

What a query can ask for by a name (subject, author, tag) stands in the same column once more, each word with a mark
that no word of a text can have; `GAP` parts what does not belong together, so that no phrase reaches across.
Held words of third parties count like all others: agents are to find them.
Not here  how the words are stored and looked up (store/search.py), what may be asked (query.py).
"""

from collections.abc import Iterable, Sequence

from gateway.message.fold import words
from gateway.message.types import Attachment, Mailbox

SUBJECT, AUTHOR, TAG = "s_", "f_", "t_"
ATTACHMENT = "has_attachment"
GAP = "_"
_CHARACTERS = 64 * 1024  # of an entry; the same bound as the rules have


def words_of_ticket(number: int, subject: str, tags: Iterable[str], fields: Iterable[tuple[str, str]]) -> list[str]:
    """What the ticket is found by, whatever its entries say."""
    heading = words(subject)
    values = (word for _, value in fields for word in (*words(value), GAP))
    return [str(number), GAP, *heading, GAP, *marked(SUBJECT, heading), GAP, *map(tag_word, tags), GAP, *values]


def words_of_entry(
    author: Mailbox | None, texts: Sequence[str], attachments: Sequence[Attachment], *, by_customer: bool
) -> list[str]:
    """What an entry makes its ticket found by.

    by_customer  whether the author is one that `from:` asks for
    """
    found: list[str] = []
    if author is not None and by_customer:
        who = words(f"{author.name[:500]} {author.address}")
        found += [*who, GAP, *marked(AUTHOR, who), GAP]
    room = _CHARACTERS
    for text in texts:
        found += [*words(text[:room]), GAP]
        room -= len(text[:room])
    for part in attachments:
        found += [*words(part.name[:500]), GAP]
    return [*found, ATTACHMENT] if attachments else found


def marked(mark: str, plain: Iterable[str]) -> list[str]:
    """The words as a query by name asks for them."""
    return [mark + word for word in plain]


def tag_word(tag: str) -> str:
    """The one word of a tag: `vip-customer` is not found by `vip`."""
    return TAG + "_".join(words(tag))
