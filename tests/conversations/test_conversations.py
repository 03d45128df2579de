"""No word comes into a ticket that it does not belong to, and nearly every word into the one that it does."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.conversations.play import RULES_WITHOUT_BUDGETS, play
from tests.processing import Desk


def _played(store: Store, settings: Settings, count: int, seed: int) -> None:
    score = play(Desk(store, settings, RULES_WITHOUT_BUDGETS), count, seed)
    print(score)  # noqa: T201 -- the figures, for whoever runs it with -s
    assert score.wrong == []
    assert score.threaded - score.right <= max(1, score.threaded // 200), score  # 99.5 %, or one of few
    assert score.unnamed.total() <= score.mails // 2000, score.unnamed  # where the last evidence was lost as well


def test_some_conversations(store: Store, settings: Settings) -> None:
    _played(store, settings, 40, seed=1)


@pytest.mark.push
def test_more_conversations(store: Store, settings: Settings) -> None:
    _played(store, settings, 500 if settings.database_url.startswith("sqlite") else 150, seed=2)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_five_thousand_conversations(store: Store, settings: Settings) -> None:
    _played(store, settings, 5000, seed=2)
