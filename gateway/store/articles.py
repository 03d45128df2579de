"""What becomes of articles: how often each was offered, suggested, inserted, and was enough.

One row for each article, kind and day; nothing in it is about a person, so that it is kept for good.
Transaction  the caller's.
Not here     the articles (outgoing/articles.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, func, select, update

from gateway.store.schema import article_use
from gateway.store.upsert import inserted

# by an acknowledgement, to agents, by an agent, for a customer
Happened = Literal["offered", "suggested", "inserted", "solved"]


@dataclass(frozen=True, slots=True)
class Uses:
    """How often each happened, and when an agent or a customer last made use of it (None: never)."""

    offered: int = 0
    suggested: int = 0
    inserted: int = 0
    solved: int = 0
    last: date | None = None


def note_articles(c: Connection, happened: Happened, articles: Iterable[str], now: datetime) -> None:
    """Count it for each of these articles, by the day in UTC."""
    for article in sorted(set(articles)):  # in one order, whoever else counts
        names = {"article": article, "happened": happened, "day": f"{now:%Y-%m-%d}"}
        if not inserted(c, article_use, {**names, "count": 1}):
            this = (article_use.c[name] == value for name, value in names.items())
            c.execute(update(article_use).where(*this).values(count=article_use.c.count + 1))


def uses(c: Connection) -> Mapping[str, Uses]:
    """Of all articles that something ever happened to."""
    found = dict[str, Uses]()
    for row in c.execute(_USES):
        before = found.get(row.article, Uses())
        last = date.fromisoformat(row.last) if row.happened in ("inserted", "solved") else None
        days = [day for day in (before.last, last) if day is not None]
        found[row.article] = replace(before, **{row.happened: int(row.times)}, last=max(days, default=None))
    return found


_USES = select(
    article_use.c.article,
    article_use.c.happened,
    func.sum(article_use.c.count).label("times"),
    func.max(article_use.c.day).label("last"),
).group_by(article_use.c.article, article_use.c.happened)
