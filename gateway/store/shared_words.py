"""Words that all tickets of a block have: there, a word that is left out need not be looked for.

Which tickets lack a word that nearly all have takes long to find out: no index lists what is not there. So sixteen
tickets that follow each other are a block, and for each block the words are kept that its tickets have in common.
Transaction  whoever takes words from a ticket forgets its block in the same one; more words change nothing. The tickets
             of a block are locked while their words are gathered, so that no other process takes some meanwhile.
Not here     the words of each ticket (search.py), what a query does with blocks (listing.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, Connection, Select, bindparam, delete, false, func, or_, select, text

from gateway.store.schema import shared_words, ticket
from gateway.store.upsert import insert_new

BLOCK_BITS = 4
_SIZE = 1 << BLOCK_BITS
_SLICE = 20  # blocks: what waits for the writer meanwhile waits for a moment


def forget(c: Connection, number: int) -> None:
    """Words of this ticket go away: what its block had in common is not known any more."""
    c.execute(_LOCK_ONE, {"number": number})
    c.execute(_FORGET, {"block": number >> BLOCK_BITS})


def missing(c: Connection) -> list[Sequence[int]]:
    """Blocks that are full and not gathered yet, the newest first, in slices for `gather`."""
    first, last = c.execute(_ENDS).one()
    if last is None:
        return []
    known = set(c.execute(select(shared_words.c.block)).scalars())
    blocks = [each for each in range((last + 1 >> BLOCK_BITS) - 1, (first >> BLOCK_BITS) - 1, -1) if each not in known]
    return [blocks[start : start + _SLICE] for start in range(0, len(blocks), _SLICE)]


def gather(c: Connection, blocks: Iterable[int]) -> None:
    """What the tickets of each block have in common: nothing where one is missing; one that is changing has to wait."""
    for block in blocks:
        ends = {"first": block << BLOCK_BITS, "last": (block + 1 << BLOCK_BITS) - 1}
        if len(c.execute(_LOCK, ends).all()) == c.execute(_COUNT, ends).scalar_one():
            words = f" {' '.join(sorted(_in_common(c, ends)))} "
            c.execute(insert_new(c.dialect.name, shared_words), {"block": block, "words": words})


def having(phrases: Iterable[Sequence[str]], *, prefix: bool) -> Select[tuple[int]]:
    """The blocks whose tickets all have one of these words; of a run of words nothing is known.

    prefix  whether a word may go on
    """
    words = (phrase[0] for phrase in phrases if len(phrase) == 1)
    has = (shared_words.c.words.contains(f" {word}{'' if prefix else ' '}", autoescape=True) for word in words)
    return select(shared_words.c.block).where(or_(false(), *has))


def blocks(c: Connection) -> set[int]:
    """All blocks, that of the newest ticket among them."""
    return set(range(((c.execute(_ENDS).one()[1] or 0) >> BLOCK_BITS) + 1))


def numbers_in(some: Iterable[int]) -> list[int]:
    """The numbers that tickets of these blocks may have."""
    return [number for block in some for number in range(block << BLOCK_BITS, block + 1 << BLOCK_BITS)]


def _in_common(c: Connection, ends: dict[str, int]) -> set[str]:
    words = defaultdict[int, set[str]](set)
    for number, some in c.execute(_WORDS[c.dialect.name], ends):
        words[number].update(some.split(" "))
    return set.intersection(*words.values()) if len(words) == _SIZE else set()


_ENDS = select(func.min(ticket.c.number), func.max(ticket.c.number))
_LOCK_ONE = select(ticket.c.number).where(ticket.c.number == bindparam("number")).with_for_update()
_IN_BLOCK = ticket.c.number.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
_LOCK = select(ticket.c.number).where(_IN_BLOCK).with_for_update(skip_locked=True)
_COUNT = select(func.count()).select_from(ticket).where(_IN_BLOCK)
_FORGET = delete(shared_words).where(shared_words.c.block == bindparam("block"))
_WORDS = {
    "sqlite": text("SELECT rowid >> 36, words FROM search WHERE rowid >= :first << 36 AND rowid < (:last + 1) << 36"),
    "postgresql": text(
        "SELECT ticket, array_to_string(tsvector_to_array(words), ' ')"
        " FROM search WHERE ticket >= :first AND ticket <= :last"
    ),
}
