"""Which of the processes that share a database leads: what happens by the clock is its work.

Sources  PostgreSQL §9.28.10: a session holds an advisory lock until it ends, however it ends. SQLite has one process.
Not here what makes a second leader harmless: unique keys and locked rows (sla.py, delayed.py).
"""

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

    def leads(self) -> bool:
        """Whether this process leads now; it takes the lead when nobody has it."""
        if self._engine.dialect.name == "sqlite":
            return True
        try:
            if self._held is not None:
                self._held.execute(_ALIVE)
                return True
            found = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if found.execute(_TAKE).scalar_one():
                self._held = found
                return True
            found.close()
        except SQLAlchemyError:
            self.end()
        return False

    def end(self) -> None:
        """Somebody else may lead."""
        if self._held is not None:
            held, self._held = self._held, None
            held.invalidate()  # the session ends, and with it the lock
            held.close()
