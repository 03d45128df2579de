"""Each text that was in force is a revision; the same text twice in a row is one."""

from datetime import UTC, datetime

import pytest

from gateway.rules.written import RuleText
from gateway.store import audit
from gateway.store.revisions import find_revision, keep_revision, newest_revision, revisions
from gateway.store.store import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def keep(store: Store, sha256: str, author: str = "system", message: str = "") -> int:
    text = RuleText(sha256, f"text of {sha256}", {"rules.d/a.yaml": "rules: []"}, {"vip.txt": "00ff"})
    return await store.write(lambda c: keep_revision(c, text, author=author, message=message, now=NOW), durable=True)


@pytest.mark.parametrize(("loaded", "numbers"), [
    # the texts in the order in which they are loaded, the numbers they get
    (("a", "a"),      (1, 1)),     # a restart is no revision
    (("a", "b", "a"), (1, 2, 3)),  # what comes back is one: history tells what was in force when
])  # fmt: skip
async def test_a_text_gets_a_number_when_it_comes_into_force(
    store: Store, loaded: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    assert tuple([await keep(store, sha256) for sha256 in loaded]) == numbers


async def test_a_revision_holds_all_that_makes_it(store: Store) -> None:
    await keep(store, "a")
    number = await keep(store, "b", "ana", "Storno goes to billing")
    found = await store.read(newest_revision)
    assert found is not None
    assert found == await store.read(lambda c: find_revision(c, number))
    assert (found.author, found.message, found.loaded_at) == ("ana", "Storno goes to billing", NOW)
    assert found.written == RuleText("b", "text of b", {"rules.d/a.yaml": "rules: []"}, {"vip.txt": "00ff"})
    assert [r.number for r in await store.read(lambda c: revisions(c, 1))] == [number]
    assert await store.read(lambda c: find_revision(c, 9)) is None


async def test_who_loaded_it_is_in_the_audit(store: Store) -> None:
    await keep(store, "a")
    await keep(store, "b", "ana", "Storno goes to billing")
    rows = await store.read(audit.find_rows)
    assert [(r.actor, r.basis, r.object, r.detail) for r in rows] == [
        ("system", None, "rules:1", "sha256 a"),
        ("operator", "local", "rules:2", "sha256 b · by ana · Storno goes to billing"),
    ]
