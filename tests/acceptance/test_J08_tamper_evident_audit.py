"""J-08: whoever changes the record of changes by SQL is found, and the first row he touched is named."""

import asyncio
import hmac
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from gateway.config import Settings
from gateway.errors import TransientError
from gateway.store.audit import Anchor, add_audit, chain_end, find_rows
from gateway.store.audit_verify import Verdict, verify
from gateway.store.engine import database_url as url_of
from gateway.store.engine import open_engine
from gateway.store.store import Store

pytestmark = pytest.mark.p1

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
KEY = b"k" * 64
ROWS = 40


def note(c: Connection, number: int) -> None:
    add_audit(c, at=NOW, actor="customer", basis="proven", action="entry.added", ticket=number, detail=f"mail {number}")


async def written(store: Store) -> Anchor:
    """Rows in several transactions, some of them shared; the end of the chain."""
    await asyncio.gather(*(store.write(lambda c, n=n: note(c, n)) for n in range(1, ROWS + 1)))
    end = store.read_now(chain_end)
    assert end is not None
    assert end.seq == ROWS
    return end


_OFF = {
    "sqlite": ("DROP TRIGGER audit_is_not_changed", "DROP TRIGGER audit_is_not_deleted"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER ALL",),
}


def tampered(settings: Settings, *statements: str) -> None:
    """What somebody with the database, and without our key, does: first he takes the triggers away."""
    engine = open_engine(url_of(settings), connections=1)
    with engine.begin() as connection:
        for statement in (*_OFF[engine.dialect.name], *statements):
            connection.execute(text(statement))
    engine.dispose()


def verdict(store: Store, *anchors: Anchor, since: Anchor | None = None) -> Verdict:
    return store.read_now(lambda c: verify(c, KEY, anchors, since))


_COPIED = "at, actor, action, ticket, source, customer, basis, object, detail, salt, commitment, prev, hash"
_COPY = f"INSERT INTO audit (seq, {_COPIED}) SELECT {{to}}, {_COPIED} FROM audit WHERE seq = {{of}}"  # noqa: S608
_SWAP = (
    "UPDATE audit SET seq = 1000 WHERE seq = 7",
    "UPDATE audit SET seq = 7 WHERE seq = 30",
    "UPDATE audit SET seq = 30 WHERE seq = 1000",
)
_SHIFT = (
    "UPDATE audit SET seq = seq + 1000 WHERE seq >= 7",
    "UPDATE audit SET seq = seq - 999 WHERE seq >= 1000",
)


_TAMPERINGS = [
    # what was done by SQL, the first row that is named, what is said of it
    (["UPDATE audit SET actor = 'operator' WHERE seq = 7"], 7, "changed"),
    (["UPDATE audit SET ticket = NULL WHERE seq = 7"], 7, "changed"),
    (["UPDATE audit SET at = at + 1 WHERE seq = 7"], 7, "changed"),
    (["UPDATE audit SET detail = 'mail 8' WHERE seq = 7"], 7, "changed"),
    (["UPDATE audit SET detail = 'x' WHERE seq = 40"], 40, "changed"),
    (["UPDATE audit SET actor = 'operator' WHERE seq = 40"], 40, "changed"),
    (["DELETE FROM audit WHERE seq = 7"], 7, "deleted"),
    (["DELETE FROM audit WHERE seq BETWEEN 1 AND 3"], 1, "deleted"),
    (["DELETE FROM audit WHERE seq = 7", "UPDATE audit SET seq = 7 WHERE seq = 40"], 7, "moved"),
    (
        [_COPY.format(of=40, to=41)],
        41,
        "moved",
    ),  # a copy of the last row behind it
    ([*_SHIFT, _COPY.format(of=3, to=7)], 7, "moved"),
    (
        [*_SHIFT, "INSERT INTO audit (seq, at, actor, action, detail) VALUES (7, 1, 'a', 'b', 'c')"],
        7,
        "inserted",
    ),
    (["INSERT INTO audit (seq, at, actor, action, detail) VALUES (41, 1, 'a', 'b', 'c')"], 41, "inserted"),
    (list(_SWAP), 7, "moved"),
    (["UPDATE audit SET hash = prev WHERE seq = 7"], 7, "changed"),
    (["UPDATE audit SET hash = NULL WHERE seq <= 7"], 8, "rewritten"),
]


async def test_the_first_row_is_named(store: Store, settings: Settings) -> None:
    await written(store)
    assert verdict(store).findings == ()
    engine = open_engine(url_of(settings), connections=1)
    found = []
    with engine.connect() as connection:
        for done, _, _ in _TAMPERINGS:
            with connection.begin() as transaction:
                for statement in (*_OFF[engine.dialect.name], *done):
                    connection.execute(text(statement))
                first = verify(connection, KEY, ()).findings[0]
                found.append((done, first.seq, first.kind))
                transaction.rollback()
    engine.dispose()
    assert found == _TAMPERINGS


async def test_of_rows_that_were_swapped_both_are_named_and_no_others(store: Store, settings: Settings) -> None:
    await written(store)
    tampered(settings, *_SWAP)
    said = [(f.seq, f.kind, f.said) for f in verdict(store).findings]
    assert said == [(7, "moved", "was written as row 30"), (30, "moved", "was written as row 7")]


async def test_a_tail_that_was_cut_is_found_by_an_anchor(store: Store, settings: Settings) -> None:
    end = await written(store)
    tampered(settings, "DELETE FROM audit WHERE seq > 35")
    assert verdict(store).findings == ()
    found = verdict(store, end).findings
    assert [(f.seq, f.kind, f.said) for f in found] == [
        (36, "cut", "rows 36 to 40 are missing: an anchor names row 40")
    ]


async def test_a_chain_made_anew_without_the_key_holds_nowhere(store: Store, settings: Settings) -> None:
    await written(store)
    tampered(settings, "UPDATE audit SET hash = prev WHERE seq >= 7")
    assert verdict(store).findings[0].seq == 7


async def test_a_chain_made_anew_with_the_key_is_found_by_an_anchor(store: Store) -> None:
    await written(store)
    other = Anchor(20, hmac.digest(KEY, b"as it was told outside", "sha256"))
    assert [(f.seq, f.kind) for f in verdict(store, other).findings] == [(20, "rewritten")]


async def test_rows_before_an_anchor_are_not_looked_at_again(store: Store, settings: Settings) -> None:
    await written(store)
    anchor = store.read_now(lambda c: Anchor(20, c.execute(text("SELECT hash FROM audit WHERE seq = 20")).scalar_one()))
    tampered(settings, "UPDATE audit SET actor = 'operator' WHERE seq = 7")
    assert verdict(store, since=anchor).findings == ()
    assert verdict(store, since=anchor).rows == 20
    assert verdict(store).findings[0].seq == 7


async def test_an_erased_detail_leaves_the_chain_whole(store: Store) -> None:
    await written(store)
    erase = text("UPDATE audit SET detail = '', salt = NULL WHERE seq = 7")
    await store.write(lambda c: c.execute(erase).rowcount)  # no trigger minds
    assert verdict(store).findings == ()
    assert verdict(store).erased == 1
    assert [row.detail for row in store.read_now(lambda c: find_rows(c, ticket=7))] == [None]


async def test_nothing_of_it_is_changed_by_the_program(store: Store) -> None:
    await written(store)
    for statement in (
        "UPDATE audit SET actor = 'operator' WHERE seq = 7",
        "UPDATE audit SET detail = '' WHERE seq = 7",
        "UPDATE audit SET detail = '', salt = NULL, hash = NULL WHERE seq = 7",
        "DELETE FROM audit WHERE seq = 7",
    ):
        with pytest.raises(TransientError):
            await store.write(lambda c, done=statement: c.execute(text(done)))
    assert verdict(store).findings == ()


async def test_a_change_that_fails_leaves_no_row(store: Store) -> None:
    def fails(c: Connection) -> None:
        note(c, 1)
        raise ValueError("a bug")

    done = await asyncio.gather(
        *(store.write(work) for work in (lambda c: note(c, 2), fails, lambda c: note(c, 3))), return_exceptions=True
    )
    assert [type(result) for result in done] == [type(None), ValueError, type(None)]
    assert [row.ticket for row in store.read_now(find_rows)] == [2, 3]
    assert verdict(store).findings == ()
