"""Which of the processes that share a database leads: what happens by the clock is its work.

Sources  PostgreSQL §9.28.10: a session holds an advisory lock until it ends, however it ends. SQLite has one process.
Not here what makes a second leader harmless: unique keys and locked rows (sla.py, delayed.py).
"""

from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

_LEADER = 0x6D776C64
_TAKE = text(f"SELECT pg_try_advisory_lock({_LEADER})")
_ALIVE = text("SELECT 1")


class Leading:
    """Asked before each job; holds one connection of the engine while it leads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None
        self._asked = Lock()  # jobs ask in threads of their own, a connection is for one at a time

    def leads(self) -> bool:
        """Whether this process leads now; it takes the lead when nobody has it."""
        if self._engine.dialect.name == "sqlite":
            return True
        with self._asked:
            try:
                return self._holds() or self._takes()
            except SQLAlchemyError:
                self._let_go()
                return False

    def end(self) -> None:
        """Somebody else may lead."""
        with self._asked:
            self._let_go()

    def _holds(self) -> bool:
        if self._held is not None:
            self._held.execute(_ALIVE)
        return self._held is not None

    def _takes(self) -> bool:
        found = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            if found.execute(_TAKE).scalar_one():
                self._held = found
        finally:
            if self._held is not found:
                found.close()
        return self._held is not None

    def _let_go(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            held.invalidate()  # the session ends, and with it the lock
            held.close()
