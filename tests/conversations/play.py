"""Play conversations through the real decision, on a real store, and count what was right.

usage   python -m tests.conversations.play [--count 5000] [--seed 1] [--database URL]
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from gateway.store.opening import open_store
from gateway.ticket.types import Outcome
from tests.conftest import settings_in
from tests.conversations.stories import STORIES, Mail, Teller, Telling
from tests.processing import RULES, START, Desk

_AT_ONCE = 25  # stories that are told at the same time
RULES_WITHOUT_BUDGETS = f"""{RULES}limits:
  ack: 1000000 per 1s
  auto_per_thread: 1000000 per 1s
  auto_per_recipient: 1000000 per 1s
  auto_per_domain: 1000000 per 1s
  auto_per_ticket: 1000000 per 1s
  auto_total: 1000000 per 1s
"""


@dataclass(slots=True)
class Score:
    """What became of all mails."""

    mails: int = 0
    threaded: int = 0  # mails that belong to a ticket that is there
    right: int = 0  # of them, those that came into it
    wrong: list[str] = field(
        default_factory=list
    )  # words in a ticket that they do not belong to, or shown as another's
    missed: Counter[str] = field(default_factory=Counter)  # a ticket of its own instead
    unnamed: Counter[str] = field(default_factory=Counter)  # new tickets that do not name the one they speak of

    @property
    def rate(self) -> float:
        """Right threads in percent."""
        return 100 * self.right / max(self.threaded, 1)

    def __str__(self) -> str:
        missed = ", ".join(f"{count} x {what}" for what, count in self.missed.most_common(5)) or "nothing"
        return (
            f"{self.mails} mails, {self.threaded} of them in a thread: right thread {self.rate:.2f} %, "
            f"wrong merges {len(self.wrong)}, missed {missed}, mentions left out {self.unnamed.total()}"
        )


def play(desk: Desk, count: int, seed: int) -> Score:
    """Tell so many stories, many at the same time, and score each mail."""
    chance, score = Random(seed), Score()
    weights, kinds = zip(*STORIES, strict=True)
    waiting = [(n, kind) for n, kind in enumerate(chance.choices(kinds, weights, k=count))]
    told: list[tuple[Telling, Mail]] = []
    while waiting or told:
        while waiting and len(told) < _AT_ONCE:
            n, kind = waiting.pop()
            story = kind(Teller(desk, n, Random(f"{seed}.{n}"), START + timedelta(minutes=n)))
            told.append((story, next(story)))
        at = chance.randrange(len(told))
        story, mail = told[at]
        outcome = desk.take(mail.raw, to=mail.to, at=mail.at, sender=mail.sender)
        _score(desk, mail, outcome, score)
        try:
            told[at] = story, story.send(outcome)
        except StopIteration:
            del told[at]
    return score


def _score(desk: Desk, mail: Mail, outcome: Outcome, score: Score) -> None:
    score.mails += 1
    score.threaded += mail.ticket is not None
    opened = outcome.disposition == "ticket"
    if outcome.disposition not in ("ticket", "entry") or outcome.ticket is None:
        score.missed[f"{mail.what}: {outcome.disposition}"] += 1
    elif opened and mail.ticket is not None:
        score.missed[mail.what] += 1
    elif not opened and outcome.ticket != mail.ticket:
        score.wrong.append(f"{mail.what}: #{outcome.ticket} instead of {mail.ticket}")
    elif not opened and desk.entries(outcome.ticket)[-1].public is not (mail.trust == "own" and not _automatic(mail)):
        score.wrong.append(f"{mail.what}: in #{outcome.ticket}, but not {mail.trust}")
    elif mail.ticket is not None:
        score.right += 1
    if opened and mail.mentions is not None and mail.mentions not in desk.mentions(outcome.ticket or 0):
        score.unnamed[mail.what] += 1


def _automatic(mail: Mail) -> bool:
    return b"\r\nAuto-Submitted:" in mail.raw


def main() -> None:
    """Print the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder), options.database)
        store = open_store(settings)
        score = play(Desk(store, settings, RULES_WITHOUT_BUDGETS), options.count, options.seed)
        store.close()
    print(score)  # noqa: T201 -- what it is for
    for line in score.wrong[:20]:
        print("  wrong:", line)  # noqa: T201
    for what, count in score.unnamed.most_common(10):
        print("  not named:", count, "x", what)  # noqa: T201


if __name__ == "__main__":
    main()
