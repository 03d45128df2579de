"""Words and phrases that all tickets of a block have: there, what is left out need not be looked for.

Which tickets lack a word that nearly all have takes long to find out: no index lists what is not there. So sixteen
tickets that follow each other are a block, and for each block the runs of words are kept that its tickets have in
common, as long as they are, parted by a gap that no phrase reaches across.
Sources      PostgreSQL §8.11.1: places in a tsvector end at 16383, and there are 256 of a word at most.
Transaction  whoever takes words from a ticket forgets its block in the same one; more words change nothing. The tickets
             of a block are locked while their words are gathered, so that no other process takes some meanwhile.
Not here     the words of each ticket (search.py), what a query does with blocks (listing.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import BigInteger, Connection, Select, bindparam, delete, false, func, or_, select, text

from gateway.store.schema import shared_words, ticket
from gateway.store.upsert import insert_new
from gateway.ticket.found_by import GAP

BLOCK_BITS = 4
_SIZE = 1 << BLOCK_BITS
_SLICE = 20  # blocks: what waits for the writer meanwhile waits for a moment
_MOST_WORDS = 2000  # of a ticket are looked at; what is not known to be in common is looked for


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
            words = f" {f' {GAP} '.join(_in_common(c, ends))} "
            c.execute(insert_new(c.dialect.name, shared_words), {"block": block, "words": words})


def having(phrases: Iterable[Sequence[str]], *, prefix: bool) -> Select[tuple[int]]:
    """The blocks whose tickets all have one of these phrases.

    prefix  whether the last word of a phrase may go on
    """
    texts = (f" {' '.join(phrase)}{'' if prefix else ' '}" for phrase in phrases)
    has = (shared_words.c.words.contains(text, autoescape=True) for text in texts)
    return select(shared_words.c.block).where(or_(false(), *has))


def blocks(c: Connection) -> set[int]:
    """All blocks, that of the newest ticket among them."""
    return set(range(((c.execute(_ENDS).one()[1] or 0) >> BLOCK_BITS) + 1))


def numbers_in(some: Iterable[int]) -> list[int]:
    """The numbers that tickets of these blocks may have."""
    return [number for block in some for number in range(block << BLOCK_BITS, block + 1 << BLOCK_BITS)]


def runs_in_common(texts: Iterable[str]) -> Iterator[str]:
    """The longest runs of words that all texts have, each once; a word of all stands in one at least."""
    shortest, *others = sorted((f" {text} " for text in texts), key=len)
    words = shortest.split()[:_MOST_WORDS]
    common = set(words).intersection(*(other.split() for other in others)) - {GAP}
    end, found = 0, set[str]()
    for start in range(len(words)):
        known = end = max(start, end)
        while end < len(words) and words[end] in common:
            longer = f" {' '.join(words[start : end + 1])} "
            if not all(longer in other for other in others):
                break
            end += 1
        run = " ".join(words[start:end])
        if end > known and run not in found:  # else it is a part of the run before
            found.add(run)
            yield run


def _in_common(c: Connection, ends: dict[str, int]) -> Iterator[str]:
    texts = defaultdict[int, list[str]](list)
    for number, words in c.execute(_WORDS[c.dialect.name], ends):
        texts[number].append(words)
    return runs_in_common(f" {GAP} ".join(parts) for parts in texts.values()) if len(texts) == _SIZE else iter(())


_ENDS = select(func.min(ticket.c.number), func.max(ticket.c.number))
_LOCK_ONE = select(ticket.c.number).where(ticket.c.number == bindparam("number")).with_for_update()
_IN_BLOCK = ticket.c.number.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
_LOCK = select(ticket.c.number).where(_IN_BLOCK).with_for_update(skip_locked=True)
_COUNT = select(func.count()).select_from(ticket).where(_IN_BLOCK)
_FORGET = delete(shared_words).where(shared_words.c.block == bindparam("block"))
_WORDS = {
    "sqlite": text("SELECT rowid >> 36, words FROM search WHERE rowid >= :first << 36 AND rowid < (:last + 1) << 36"),
    "postgresql": text("""
SELECT ticket, (
    SELECT coalesce(string_agg(CASE WHEN place = before + 1 THEN word ELSE '_ ' || word END, ' ' ORDER BY place), '')
    FROM (
        SELECT lexeme AS word, place, lag(place) OVER (ORDER BY place) AS before
        FROM unnest(words) AS words_of (lexeme, positions, weights), unnest(positions) AS place
        WHERE place < 16383
    ) AS placed
) FROM search WHERE ticket >= :first AND ticket <= :last
"""),
}
