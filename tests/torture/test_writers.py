"""Three gateways write into the same tickets of one PostgreSQL at once: no change is lost, the history is a line."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.config import audit_key
from gateway.store import audit, tickets
from gateway.store.audit_verify import verify
from gateway.store.opening import open_store
from tests.conftest import own_database, settings_in

pytestmark = [pytest.mark.p0, pytest.mark.push, pytest.mark.postgres]
_NAMES, _ROUNDS = ("one", "two", "three"), 6  # a ticket has 20 tags at most


@pytest.mark.timeout(600)
def test_no_change_of_several_gateways_is_lost(postgres: str, tmp_path: Path) -> None:
    for url in own_database(postgres):
        _write(tmp_path, url, ("furnish",))
        _write(tmp_path, url, _NAMES)
        settings = settings_in(tmp_path, url)
        store, key = open_store(settings), audit_key(settings, create=False)
        try:
            ticket, other = (store.read_now(lambda c, n=n: tickets.find_ticket(c, n)) for n in (1, 2))  # type: ignore[misc]
            entries = store.read_now(lambda c: tickets.entries(c, 1))
            tags = store.read_now(lambda c: audit.find_rows(c, ticket=1, action="set.tags"))
            verdict = store.read_now(lambda c, k=key: verify(c, k, [], None))  # type: ignore[misc]
        finally:
            store.close()
        assert verdict.findings == ()
        assert ticket is not None
        assert other is not None
        wanted = len(_NAMES) * _ROUNDS
        assert set(ticket.tags) == {f"{name}-{number}" for name in _NAMES for number in range(_ROUNDS)}
        written = Counter(
            word for entry in entries for word in entry.text.split() if word in ("writes", "notes", "answers")
        )
        assert written == {"writes": wanted, "notes": wanted, "answers": wanted}
        assert ticket.messages == 1 + 2 * wanted
        assert (other.merged_into, other.messages) == (None, 1)
        before, after = zip(*((row.detail or "").split(" -> ") for row in tags), strict=True)
        assert before[1:] == after[:-1]  # each change is made to what the one before left


def _write(folder: Path, url: str, names: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.torture.writers"]
    running = [
        subprocess.Popen([*command, str(folder / name), url, name, str(_ROUNDS)], stderr=subprocess.PIPE)
        for name in names
    ]
    for process in running:
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told.decode()[-3000:]
